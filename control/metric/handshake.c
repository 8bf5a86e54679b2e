/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: where handshakes have the variance v, the mean of n of them has v / n; so each batch's n
 * (mean - mean of all)^2 is v on average, and the mean of that over the batches is an estimate of
 * v. Clients that come in bursts, each with handshakes of its own length, make that larger than the
 * variance within a batch, as they should.
 */
#include "metric/handshake.h"

#include <math.h>

#define BATCH_S     1.0
#define BATCHES_MIN 5
#define COUNT_MIN   30

static void sums_fade(struct handshake_sums *sums, double passed_s)
{
	double keep = exp(-passed_s / HANDSHAKE_WINDOW_S);

	sums->count *= keep;
	sums->time_s *= keep;
	sums->square *= keep;
	sums->batches *= keep;
}

static void sums_add(struct handshake_sums *sums, double count, double time_s)
{
	sums->count += count;
	sums->time_s += time_s;
	sums->square += time_s * time_s / count;
	sums->batches += 1;
}

void handshake_note(struct handshake *h, double now_s, uint64_t count, uint64_t time_us)
{
	double passed_s = now_s - h->at_s;

	if (h->begun && count >= h->count && time_us >= h->time_us && passed_s < BATCH_S)
		return;
	if (!h->begun || count < h->count || time_us < h->time_us) {
		*h = (struct handshake){
			.begun = true, .count = count, .time_us = time_us, .at_s = now_s
		};
		return;
	}
	sums_fade(&h->sums, passed_s);
	if (count > h->count)
		sums_add(&h->sums, (double)(count - h->count),
			 (double)(time_us - h->time_us) / 1e6);
	h->count = count;
	h->time_us = time_us;
	h->at_s = now_s;
}

struct handshake_mean handshake_mean(const struct handshake *h, double now_s)
{
	struct handshake_sums sums = h->sums;
	struct handshake_mean mean = { .error_s = INFINITY };
	double variance;

	if (!h->begun || !(sums.count > 0))
		return mean;
	mean.mean_s = sums.time_s / sums.count;
	sums_fade(&sums, fmax(0, now_s - h->at_s));
	mean.count = sums.count;
	if (sums.count < COUNT_MIN || sums.batches < BATCHES_MIN)
		return mean;
	variance = fmax(0, sums.square - sums.time_s * mean.mean_s) / (sums.batches - 1);
	mean.error_s = sqrt(variance / sums.count);
	return mean;
}
