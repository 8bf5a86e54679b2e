/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one packet costs, by BPF_PROG_TEST_RUN, in nanoseconds with the harness. The kernel feeds a
 * run's result to the next run, so that only a few runs in a row are of the same kind: until the
 * TTL or the headroom is used up. Hence many short series. ARP in a series of the same length says
 * how much of a figure is the harness.
 */
#include "base/util.h"
#include "hex.h"
#include "loaded.h"

#include <stdio.h>

#define SERIES 2000
#define ARP    "0200000000010200000000c10806 00000000000000000000000000000000000000000000"

static const struct {
	const char *name;
	enum vector_program program;
	const char *hex;
	uint32_t repeat;
} rows[] = {
	{ "ARP, in series of 1000 (parse only)", VECTOR_INGRESS, ARP, 1000 },
	{ "ARP, in series of 60", VECTOR_INGRESS, ARP, 60 },
	{ "ARP, in series of 8", VECTOR_INGRESS, ARP, 8 },
	{ "not ours, TCP (parse, three lookups)", VECTOR_INGRESS,
	  "0200000000010200000000c10800 4500002800000000400600000a0000010a000002 "
	  "040000500000000100000002501000000000 0000",
	  1000 },
	{ "IPv4, too big, not told (parse, decide)", VECTOR_INGRESS,
	  "0200000000010200000000c10800 45000051123400004006 0000 7f000001c6336450 "
	  "80001f4900000001000000005010ffffabcd0000"
	  "7878787878787878787878787878787878787878787878787878787878787878787878787878787878",
	  1000 },
	{ "IPv6, too big, not told (parse, decide)", VECTOR_INGRESS,
	  "0200000000010200000000c186dd 6000000000440640 20010db8000c00000000000000000001"
	  "20010db8010000000000000000000080 80001f4900000001000000005010ffffabcd0000"
	  "787878787878787878787878787878787878787878787878787878787878787878787878787878787878"
	  "787878787878",
	  1000 },
	{ "IPv4 to an instance (all but the outer header)", VECTOR_INGRESS,
	  "0200000000010200000000c10800 45000028123400004006 0000 c0000201c6336450 "
	  "80041f4400000001000000005010ffffabcd0000",
	  60 },
	{ "IPv4 into IPv4 (outer headers pile up)", VECTOR_INGRESS,
	  "0200000000010200000000c10800 45000028123400004006 0000 c0000201c633645a "
	  "80041f4400000001000000005010ffffabcd0000",
	  8 },
};

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int time_row(struct loaded *loaded, size_t i)
{
	size_t len;
	_cleanup_(freep) uint8_t *frame = unhex(rows[i].hex, &len);
	uint32_t ns[SERIES];

	for (size_t n = 0; n < SERIES; n++) {
		int r = loaded_time(loaded, rows[i].program, frame, len, rows[i].repeat, &ns[n]);

		if (r < 0)
			return r;
	}
	qsort(ns, SERIES, sizeof(ns[0]), by_value);
	printf("%-48s %5u ns (fastest %u, slowest tenth from %u)\n", rows[i].name, ns[SERIES / 2],
	       ns[0], ns[SERIES * 9 / 10]);
	return 0;
}

int main(void)
{
	_cleanup_(loaded_free) struct loaded *loaded = NULL;
	int r = loaded_new(&loaded);

	for (size_t i = 0; !r && i < ARRAY_SIZE(rows); i++)
		r = time_row(loaded, i);
	if (r < 0)
		fprintf(stderr, "packet_time: %s (it needs root)\n", strerror(-r));
	return r < 0;
}
