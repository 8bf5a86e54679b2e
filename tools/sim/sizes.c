/* SPDX-License-Identifier: BSD-2-Clause */
#include "sizes.h"

#include <math.h>

#define RATIO 1000.0
#define TAIL  3.1622776601683795e-05 /* RATIO to the power of -1.5 */

double sizes_least(double mean)
{
	return mean * (1 - TAIL) / (3 * (1 - 1 / sqrt(RATIO)));
}

double sizes_log_mean(double mean)
{
	return log(sizes_least(mean)) + (2.0 / 3 - TAIL * (log(RATIO) + 2.0 / 3)) / (1 - TAIL);
}

double sizes_work(double least, double unit)
{
	double tail = 1 - unit * (1 - TAIL);

	return least / cbrt(tail * tail);
}
