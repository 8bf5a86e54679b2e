/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long the queue of a site with several worker slots gets: Sakasegawa's approximation of M/M/c,
 * its slope, and the slope's inverse. Only the steepness matters here. Pure; any thread.
 */
#pragma once

struct queue {
	double power;                /* sqrt(2 (c + 1)) */
	double bend;                 /* utilisation above which the length goes on as a parabola */
	double length, slope, curve; /* at the bend */
};

struct queue queue_of(double capacity);

double queue_length(const struct queue *queue, double utilisation); /* 0 for utilisation <= 0 */
double queue_slope(const struct queue *queue, double utilisation);
double queue_curve(const struct queue *queue, double utilisation);

/* The utilisation at which the slope is this. guess: a utilisation near it, 0: none is known. */
double queue_utilisation(const struct queue *queue, double slope, double guess);
