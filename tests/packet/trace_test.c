/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of packets, from the loaded programs through the pinned maps to margay's reader: what a
 * filter takes and what it leaves, what is in a record, and that nothing is written when it must
 * not be. The frame is the first vector: 192.0.2.1:32769 to 198.51.100.80:8001, TCP SYN.
 */
#include "base/util.h"
#include "fixture.h"
#include "hex.h"
#include "loaded.h"
#include "mgmt/answer.h"
#include "netns.h"
#include "tracer.h"

#include <bpf/bpf.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <sys/stat.h>

#define PIN_DIR "/sys/fs/bpf/margay"
#define ALL     UINT64_MAX

static struct loaded *loaded;

static struct {
	struct mg_trace_record last;
	uint8_t packet[MG_TRACE_SNAP_MAX];
	size_t count, limit; /* limit 0: none */
} taken;

static void load(void)
{
	int r;

	kernel_private();
	r = loaded_new(&loaded);
	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(eq(int, r, 0));
	cr_assert(mkdir(PIN_DIR, 0700) == 0);
	cr_assert(eq(int, loaded_pin(loaded, PIN_DIR "/" MG_ABI_VERSION), 0));
	memset(&taken, 0, sizeof(taken));
}

static void unload(void)
{
	loaded_free(&loaded);
}

static bool take(void *user, const struct mg_trace_record *record, const uint8_t *packet)
{
	taken.last = *record;
	memcpy(taken.packet, packet, record->captured);
	taken.count++;
	return taken.count != taken.limit;
}

static struct mg_trace_filter everything(void)
{
	return (struct mg_trace_filter){ .verdicts = { ALL, ALL, ALL } };
}

static struct tracer *start(struct mg_trace_filter filter)
{
	struct tracer *tracer = NULL;
	json_t *error = NULL;

	taken.count = 0;
	cr_assert(eq(int, tracer_open(PIN_DIR, &filter, take, NULL, &tracer, &error), 0), "%s",
		  error ? json_dumps(error, 0) : "no memory");
	return tracer;
}

/* Runs a vector's frame; its length. */
static size_t run(size_t i)
{
	uint8_t bytes[2048];
	size_t len;
	_cleanup_(freep) uint8_t *in = unhex(vectors[i].in, &len);
	size_t out = len;
	uint32_t action;

	memcpy(bytes, in, len);
	cr_assert(eq(int,
		     loaded_run(loaded, vectors[i].program, bytes, &out, sizeof(bytes), &action),
		     0));
	return len;
}

/* How many records one frame makes under a filter. */
static size_t records(struct mg_trace_filter filter, size_t vector)
{
	_cleanup_(tracer_close) struct tracer *tracer = start(filter);

	run(vector);
	tracer_poll(tracer, 0);
	return taken.count;
}

static size_t vector_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		if (!strcmp(vectors[i].name, name))
			return i;
	cr_assert(false, "no vector '%s'", name);
	return 0;
}

static size_t vector_of(enum vector_program program, enum mg_verdict verdict)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		if (vectors[i].program == program && vectors[i].verdict == verdict)
			return i;
	cr_assert(false, "no vector with verdict %d", verdict);
	return 0;
}

static struct mg_trace_filter current(void)
{
	struct mg_trace_filter filter;
	uint32_t zero = 0;

	cr_assert(eq(int,
		     bpf_map_lookup_elem(loaded_map(loaded, "mg_trace_filter"), &zero, &filter),
		     0));
	return filter;
}

static void put(struct mg_trace_filter filter)
{
	uint32_t zero = 0;

	cr_assert(eq(int,
		     bpf_map_update_elem(loaded_map(loaded, "mg_trace_filter"), &zero, &filter, 0),
		     0));
}

Test(trace, record_says_all, .init = load, .fini = unload)
{
	const uint8_t src[16] = V4(192, 0, 2, 1), dst[16] = WEB_V4;
	const struct mg_trace_record *r = &taken.last;

	cr_assert(eq(sz, records(everything(), 0), 1));
	cr_expect(eq(int, memcmp(r->src, src, 16), 0));
	cr_expect(eq(int, memcmp(r->dst, dst, 16), 0));
	cr_expect(eq(u16, r->sport, 32769));
	cr_expect(eq(u16, r->dport, 8001));
	cr_expect(eq(u8, r->proto, 6));
	cr_expect(eq(u8, r->program, MG_TRACE_INGRESS));
	cr_expect(eq(u8, r->verdict, MG_FORWARD));
	cr_expect(eq(u32, r->flags, MG_TRACE_V4 | MG_TRACE_START));
	cr_expect(eq(u32, r->len, 54));
	cr_expect(eq(u32, r->captured, 0));
	cr_expect(eq(u32, r->service, 1));
	cr_expect(eq(u32, r->member, 1));
	cr_expect(eq(u32, r->site, 1));
	cr_expect(eq(u32, r->ifindex, 1));
	cr_expect(eq(u32, r->out_ifindex, 1));
	cr_expect(r->time_ns > 0 && r->time_ns < uv_hrtime());
}

/* The inner packet is what people ask for; before it is read, the outer one. */
Test(trace, egress_shows_the_inner_packet, .init = load, .fini = unload)
{
	size_t delivered = vector_of(VECTOR_EGRESS, MG_DELIVERED);
	size_t not_tunnel = vector_of(VECTOR_EGRESS, MG_NOT_TUNNEL);

	cr_assert(eq(sz, records(everything(), delivered), 1));
	cr_expect(eq(u8, taken.last.program, MG_TRACE_EGRESS));
	cr_expect(eq(u8, taken.last.verdict, MG_DELIVERED));
	cr_expect(eq(u16, taken.last.dport, 8010), "the service's port");
	cr_assert(eq(sz, records(everything(), not_tunnel), 1));
	cr_expect(eq(u8, taken.last.verdict, MG_NOT_TUNNEL));
	cr_expect(taken.last.dst[15] != 0, "the endpoint");
	cr_expect(eq(u32, taken.last.service, 0));
}

#define MASK(n)                       \
	{                             \
		[0 ...(n) - 1] = 0xff \
	}

static const struct {
	const char *name;
	struct mg_trace_filter match, miss;
} fields[] = {
	{ "client",
	  { .fields = MG_TRACE_BY_CLIENT, .client = V4(192, 0, 2, 1), .client_mask = MASK(16) },
	  { .fields = MG_TRACE_BY_CLIENT, .client = V4(192, 0, 2, 2), .client_mask = MASK(16) } },
	{ "client's net",
	  { .fields = MG_TRACE_BY_CLIENT, .client = V4(192, 0, 2, 0), .client_mask = MASK(15) },
	  { .fields = MG_TRACE_BY_CLIENT, .client = V4(192, 0, 3, 0), .client_mask = MASK(15) } },
	{ "client, upper half",
	  { .fields = MG_TRACE_BY_CLIENT, .client_mask = MASK(8) },
	  { .fields = MG_TRACE_BY_CLIENT, .client = { 0x20, 1 }, .client_mask = MASK(8) } },
	{ "destination",
	  { .fields = MG_TRACE_BY_DESTINATION,
	    .destination = WEB_V4,
	    .destination_mask = MASK(16) },
	  { .fields = MG_TRACE_BY_DESTINATION,
	    .destination = PILE_V4,
	    .destination_mask = MASK(16) } },
	{ "client's port",
	  { .fields = MG_TRACE_BY_SPORT, .sport = 32769 },
	  { .fields = MG_TRACE_BY_SPORT, .sport = 32770 } },
	{ "port",
	  { .fields = MG_TRACE_BY_PORT, .port = 8001 },
	  { .fields = MG_TRACE_BY_PORT, .port = 8002 } },
	{ "protocol",
	  { .fields = MG_TRACE_BY_PROTOCOL, .proto = 6 },
	  { .fields = MG_TRACE_BY_PROTOCOL, .proto = 17 } },
	{ "interface",
	  { .fields = MG_TRACE_BY_INTERFACE, .ifindex = 1 },
	  { .fields = MG_TRACE_BY_INTERFACE, .ifindex = 2 } },
	{ "service",
	  { .fields = MG_TRACE_BY_SERVICE, .service = { [7] = 1 } },
	  { .fields = MG_TRACE_BY_SERVICE, .service = { [7] = 2 } } },
	{ "all of two",
	  { .fields = MG_TRACE_BY_PORT | MG_TRACE_BY_PROTOCOL, .port = 8001, .proto = 6 },
	  { .fields = MG_TRACE_BY_PORT | MG_TRACE_BY_PROTOCOL, .port = 8001, .proto = 17 } },
};

Test(trace, each_field_matches_and_does_not, .init = load, .fini = unload)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		struct mg_trace_filter match = fields[i].match, miss = fields[i].miss;

		memset(match.verdicts, 0xff, sizeof(match.verdicts));
		memset(miss.verdicts, 0xff, sizeof(miss.verdicts));
		cr_expect(eq(sz, records(match, 0), 1), "%s: a match", fields[i].name);
		cr_expect(eq(sz, records(miss, 0), 0), "%s: a miss", fields[i].name);
	}
}

/* By the port that it leaves by, which is another one. */
Test(trace, interface_is_either, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();
	size_t redirected = vector_named("IPv4, no encapsulation");

	filter.fields = MG_TRACE_BY_INTERFACE;
	for (filter.ifindex = 1; filter.ifindex <= 3; filter.ifindex++)
		cr_expect(eq(sz, records(filter, redirected), filter.ifindex < 3), "interface %u",
			  filter.ifindex);
}

/* A service is not known before its lookup: 0 in the record must not match an unused 0. */
Test(trace, no_service_is_no_match, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();
	size_t not_ours = vector_of(VECTOR_INGRESS, MG_NOT_OURS);

	cr_expect(eq(sz, records(filter, not_ours), 1));
	filter.fields = MG_TRACE_BY_SERVICE;
	cr_expect(eq(sz, records(filter, not_ours), 0));
}

/* The program that runs it: in a VRF it is the ingress', too. */
static enum mg_trace_program program_of(const struct vector *v)
{
	return v->program == VECTOR_VRF ? (enum mg_trace_program)VECTOR_INGRESS
					: (enum mg_trace_program)v->program;
}

Test(trace, every_verdict_by_its_bit, .init = load, .fini = unload)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct mg_trace_filter only = { 0 }, but = everything();
		size_t len;
		uint8_t *in = unhex(vectors[i].in, &len);

		free(in);
		if (len < 14) /* the kernel runs nothing on less */
			continue;
		only.verdicts[program_of(&vectors[i])] = 1ull << vectors[i].verdict;
		but.verdicts[program_of(&vectors[i])] = ~only.verdicts[program_of(&vectors[i])];
		cr_expect(eq(sz, records(only, i), 1), "%s", vectors[i].name);
		cr_expect(eq(u8, taken.last.verdict, vectors[i].verdict), "%s", vectors[i].name);
		cr_expect(eq(sz, records(but, i), 0), "%s", vectors[i].name);
	}
}

/* What people are told is a drop is one. */
Test(trace, drops_are_the_programs_drops)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];

		/* At the edge that ends a packet or not, by the side that it came from. */
		if (v->program == VECTOR_EDGE && v->verdict == MG_TTL_EXPIRED)
			continue;
		cr_expect(eq(int, trace_drops(program_of(v), v->verdict), v->action == XDP_DROP),
			  "%s", v->name);
	}
}

Test(trace, off_writes_nothing, .init = load, .fini = unload)
{
	struct mg_trace_filter off = everything();
	struct tracer *tracer = start(everything());

	tracer_close(&tracer);
	cr_expect(eq(u32, current().on, 0), "closing turns it off");
	off.until_ns = UINT64_MAX;
	put(off);
	tracer = start(everything());
	put(off); /* off beneath the reader, which has renewed a moment ago */
	run(0);
	tracer_poll(tracer, 0);
	cr_expect(eq(sz, taken.count, 0));
	tracer_close(&tracer);
}

Test(trace, expires_by_itself, .init = load, .fini = unload)
{
	struct tracer *tracer = start(everything());
	struct mg_trace_filter late = current();

	cr_expect(late.until_ns > uv_hrtime(), "it is alive");
	cr_expect(late.until_ns < uv_hrtime() + 10000000000ull, "and not for ever");
	late.on |= MG_TRACE_CAME;
	late.snaplen = 64;
	late.until_ns = uv_hrtime();
	put(late);
	run(0);
	tracer_poll(tracer, 0);
	cr_expect(eq(sz, taken.count, 0));
	usleep(600000); /* time to renew */
	tracer_poll(tracer, 0);
	cr_expect(current().until_ns > uv_hrtime());
	run(0);
	tracer_poll(tracer, 0);
	cr_expect(eq(sz, taken.count, 1));
	tracer_close(&tracer);
}

/* What a reader that was killed left in the ring is not the next one's. */
Test(trace, old_records_are_not_shown, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();
	struct tracer *tracer;

	filter.on = MG_TRACE_ON;
	filter.until_ns = UINT64_MAX;
	put(filter);
	run(0);
	tracer = start(everything());
	tracer_poll(tracer, 0);
	cr_expect(eq(sz, taken.count, 0));
	tracer_close(&tracer);
}

Test(trace, full_ring_counts_what_is_lost, .init = load, .fini = unload)
{
	struct tracer *tracer = start(everything());
	uint64_t before = loaded_event(loaded, MG_EVENT_TRACE_LOST);
	/* A record of 80 octets takes 88 of the ring. */
	size_t room = (4 << 20) / 88, runs = room + 1000;

	for (size_t i = 0; i < runs; i++)
		run(0);
	cr_expect(tracer_lost(tracer) >= 999 && tracer_lost(tracer) <= 1001, "%lu lost",
		  (unsigned long)tracer_lost(tracer));
	cr_expect(eq(u64, loaded_event(loaded, MG_EVENT_TRACE_LOST) - before, tracer_lost(tracer)));
	tracer_poll(tracer, 0);
	cr_expect(eq(sz, taken.count + tracer_lost(tracer), runs));
	tracer_close(&tracer);
	tracer = start(everything());
	cr_expect(eq(u64, tracer_lost(tracer), 0), "those of the last reader are not ours");
	tracer_close(&tracer);
}

Test(trace, samples, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();
	struct tracer *tracer;

	filter.one_in = 10;
	tracer = start(filter);
	for (int i = 0; i < 10000; i++)
		run(0);
	tracer_poll(tracer, 0);
	/* 1000 expected, standard deviation 30 */
	cr_expect(taken.count > 800 && taken.count < 1200, "%zu records", taken.count);
	tracer_close(&tracer);
}

Test(trace, captures_what_came, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();
	size_t len;
	_cleanup_(freep) uint8_t *frame = unhex(vectors[0].in, &len);

	filter.on = MG_TRACE_CAME;
	filter.snaplen = MG_TRACE_SNAP_MAX;
	cr_assert(eq(sz, records(filter, 0), 1));
	cr_expect(eq(u32, taken.last.captured, len));
	cr_expect(eq(u32, taken.last.len, len));
	cr_expect(eq(int, memcmp(taken.packet, frame, len), 0));
	filter.snaplen = 20;
	cr_assert(eq(sz, records(filter, 0), 1));
	cr_expect(eq(u32, taken.last.captured, 20));
	cr_expect(eq(u32, taken.last.len, len));
	filter.snaplen = 0;
	cr_assert(eq(sz, records(filter, 0), 1));
	cr_expect(eq(u32, taken.last.captured, 0));
}

/* One that does not fit into a page comes in several buffers. */
Test(trace, captures_frames_of_several_buffers, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();
	_cleanup_(freep) uint8_t *frame = calloc(1, 6000), *bytes = malloc(6000);
	size_t len = 6000;
	struct tracer *tracer;
	uint32_t action;

	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i % 251) & 0xfe; /* the first octet: to a single host */
	memcpy(bytes, frame, len);
	filter.on = MG_TRACE_CAME;
	filter.snaplen = MG_TRACE_SNAP_MAX;
	tracer = start(filter);
	cr_assert(eq(int, loaded_run(loaded, VECTOR_INGRESS, bytes, &len, 6000, &action), 0));
	tracer_poll(tracer, 0);
	cr_assert(eq(sz, taken.count, 1));
	cr_expect(eq(u32, taken.last.captured, 6000));
	cr_expect(eq(u32, taken.last.len, 6000));
	cr_expect(eq(int, memcmp(taken.packet, frame, 6000), 0));
	tracer_close(&tracer);
}

Test(trace, captures_what_left, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();
	size_t len;
	_cleanup_(freep) uint8_t *frame = unhex(vectors[0].out, &len);

	filter.on = MG_TRACE_LEFT;
	filter.snaplen = UINT32_MAX;
	cr_assert(eq(sz, records(filter, 0), 1));
	cr_expect(eq(u32, taken.last.captured, len));
	cr_expect(eq(u32, taken.last.len, len));
	cr_expect(eq(int, memcmp(taken.packet, frame, len), 0));
}

/* Octets of one packet must not be taken for the next one's. */
Test(trace, a_trace_after_a_capture_has_no_packet, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();

	filter.on = MG_TRACE_CAME;
	filter.snaplen = 64;
	cr_assert(eq(sz, records(filter, 0), 1));
	cr_assert(eq(sz, records(everything(), 0), 1));
	cr_expect(eq(u32, taken.last.captured, 0));
}

Test(trace, ends_when_it_has_enough, .init = load, .fini = unload)
{
	struct tracer *tracer = start(everything());

	taken.limit = 2;
	for (int i = 0; i < 5; i++)
		run(0);
	cr_expect(eq(int, tracer_poll(tracer, 0), false));
	cr_expect(eq(sz, taken.count, 2));
	cr_expect(eq(int, tracer_poll(tracer, 0), false));
	cr_expect(eq(sz, taken.count, 2));
	tracer_close(&tracer);
}

static const char *error_code(json_t *error)
{
	return json_string_value(json_object_get(json_object_get(error, "error"), "code"));
}

Test(trace, one_at_a_time, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();
	struct tracer *first = start(filter), *second = NULL;
	json_t *error = NULL;

	cr_assert(eq(int, tracer_open(PIN_DIR, &filter, take, NULL, &second, &error), -1));
	cr_expect(eq(str, (char *)error_code(error), "refused"));
	cr_expect(current().on != 0, "the first one goes on");
	run(0);
	tracer_poll(first, 0);
	cr_expect(eq(sz, taken.count, 1));
	tracer_close(&first);
	json_decref(error);
	error = NULL;
	cr_expect(eq(int, tracer_open(PIN_DIR, &filter, take, NULL, &second, &error), 0));
	tracer_close(&second);
}

Test(trace, says_what_is_not_pinned, .init = load, .fini = unload)
{
	struct mg_trace_filter filter = everything();
	struct tracer *tracer = NULL;
	json_t *error = NULL;

	cr_assert(eq(int, tracer_open("/sys/fs/bpf/nobody", &filter, take, NULL, &tracer, &error),
		     -1));
	cr_expect(eq(str, (char *)error_code(error), "not-found"));
	json_decref(error);
}
