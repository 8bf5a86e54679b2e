/* SPDX-License-Identifier: BSD-2-Clause */
/* Work of a flow: bounded Pareto, alpha 1.5, largest to least 1000; its variance is ten times the
 * square of its mean. */
#pragma once
double sizes_least(double mean);
double sizes_log_mean(double mean); /* mean of ln work */

/* From a number in [0, 1). */
double sizes_work(double least, double unit);
