/* SPDX-License-Identifier: BSD-2-Clause */
/* From the words of margay trace to the filter of the data plane, through the grammar. */
#include "trace_filter.h"

#include "base/util.h"
#include "grammar.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const char answer[] =
	"{\"pin-directory\":\"/p\",\"services\":["
	"{\"index\":7,\"name\":\"web\",\"members\":[{\"index\":40,\"name\":\"east\"}]},"
	"{\"index\":3,\"name\":\"web\",\"members\":[{\"index\":9,\"name\":\"west\"}]},"
	"{\"index\":4,\"name\":\"dns\",\"members\":[]},"
	"{\"index\":11,\"name\":\"many\"},{\"index\":12,\"name\":\"many\"},"
	"{\"index\":13,\"name\":\"many\"},{\"index\":14,\"name\":\"many\"},"
	"{\"index\":15,\"name\":\"many\"},{\"index\":16,\"name\":\"many\"},"
	"{\"index\":17,\"name\":\"many\"},{\"index\":18,\"name\":\"many\"},"
	"{\"index\":19,\"name\":\"many\"}]}";

static int filter_of(const char *line, struct mg_trace_filter *ret, json_t **ret_error)
{
	_cleanup_(freep) char *text = strdup(line);
	json_t *names_json = json_loads(answer, 0, NULL), *request = NULL;
	_cleanup_(names_free) struct names *names = names_new(names_json);
	const struct command *command;
	char *words[24], *rest = text;
	size_t count = 0;
	int r;

	while (rest && count < ARRAY_SIZE(words))
		words[count++] = strsep(&rest, " ");
	*ret_error = NULL;
	r = grammar_parse(words, count, false, &command, &request, ret_error);
	if (!r)
		r = trace_filter_of(request, names, ret, ret_error);
	json_decref(request);
	json_decref(names_json);
	return r;
}

#define ONES(n)                        \
	{                              \
		[0 ...(n) - 1] = 0xff, \
	}
#define V4(a, b, c, d)                        \
	{                                     \
		[10] = 0xff, 0xff, a, b, c, d \
	}

static const struct {
	const char *line;
	struct mg_trace_filter want; /* but for the verdicts, which are all */
} good[] = {
	{ "trace", { .one_in = 1 } },
	{ "trace client 192.0.2.77/24",
	  { .fields = MG_TRACE_BY_CLIENT,
	    .client = V4(192, 0, 2, 0),
	    .client_mask = ONES(15),
	    .one_in = 1 } },
	{ "trace to 192.0.2.77",
	  { .fields = MG_TRACE_BY_DESTINATION,
	    .destination = V4(192, 0, 2, 77),
	    .destination_mask = ONES(16),
	    .one_in = 1 } },
	{ "trace client 2001:db8:ffff::/35",
	  { .fields = MG_TRACE_BY_CLIENT,
	    .client = { 0x20, 1, 0x0d, 0xb8, 0xe0 },
	    .client_mask = { 0xff, 0xff, 0xff, 0xff, 0xe0 },
	    .one_in = 1 } },
	{ "trace client ::/0", { .fields = MG_TRACE_BY_CLIENT, .one_in = 1 } },
	{ "trace client 0.0.0.0/0",
	  { .fields = MG_TRACE_BY_CLIENT,
	    .client = V4(0, 0, 0, 0),
	    .client_mask = ONES(12),
	    .one_in = 1 } },
	{ "trace port 443 client-port 65535 protocol tcp sample 100",
	  { .fields = MG_TRACE_BY_PORT | MG_TRACE_BY_SPORT | MG_TRACE_BY_PROTOCOL,
	    .port = 443,
	    .sport = 65535,
	    .proto = 6,
	    .one_in = 100 } },
	{ "trace protocol 132", { .fields = MG_TRACE_BY_PROTOCOL, .proto = 132, .one_in = 1 } },
	{ "trace interface lo", { .fields = MG_TRACE_BY_INTERFACE, .ifindex = 1, .one_in = 1 } },
	{ "trace interface 4711",
	  { .fields = MG_TRACE_BY_INTERFACE, .ifindex = 4711, .one_in = 1 } },
	{ "trace service dns", { .fields = MG_TRACE_BY_SERVICE, .service = { 4 }, .one_in = 1 } },
	{ "trace service web",
	  { .fields = MG_TRACE_BY_SERVICE, .service = { 3, 7 }, .one_in = 1 } },
	{ "trace service 198.51.100.80 port 443",
	  { .fields = MG_TRACE_BY_DESTINATION | MG_TRACE_BY_PORT,
	    .destination = V4(198, 51, 100, 80),
	    .destination_mask = ONES(16),
	    .port = 443,
	    .one_in = 1 } },
	{ "capture -w - --snaplen 96", { .snaplen = 96, .one_in = 1 } },
	{ "capture --write - --sent", { .on = MG_TRACE_LEFT, .one_in = 1 } },
};

Test(trace_filter, takes_words)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct mg_trace_filter got = { 0 }, want = good[i].want;
		json_t *error;

		cr_expect(eq(int, filter_of(good[i].line, &got, &error), 0), "%s: %s", good[i].line,
			  error ? json_dumps(error, 0) : "");
		for (size_t p = 0; p < MG_TRACE_PROGRAM_COUNT; p++)
			want.verdicts[p] = UINT64_MAX;
		cr_expect(memcmp(&got, &want, sizeof(got)) == 0, "%s", good[i].line);
		json_decref(error);
	}
}

static uint64_t bits(enum mg_trace_program program, bool drops, uint64_t of)
{
	uint64_t ret = 0;

	for (size_t v = 0; v < MG_VERDICT_COUNT; v++)
		if (!drops || trace_drops(program, (enum mg_verdict)v))
			ret |= 1ull << v;
	return ret & of;
}

static const struct {
	const char *line;
	bool drops;
	uint64_t of;
} verdicts[] = {
	{ "trace verdict no-member", false, 1ull << MG_NO_MEMBER },
	{ "trace verdict forward ttl-expired port 80", false,
	  1ull << MG_FORWARD | 1ull << MG_TTL_EXPIRED },
	{ "trace --drops", true, UINT64_MAX },
	{ "trace --drops verdict forward ttl-expired", true,
	  1ull << MG_FORWARD | 1ull << MG_TTL_EXPIRED },
};

Test(trace_filter, takes_verdicts)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		struct mg_trace_filter got = { 0 };
		json_t *error;

		cr_assert(eq(int, filter_of(verdicts[i].line, &got, &error), 0), "%s",
			  verdicts[i].line);
		for (size_t p = 0; p < MG_TRACE_PROGRAM_COUNT; p++)
			cr_expect(eq(u64, got.verdicts[p] & ((1ull << MG_VERDICT_COUNT) - 1),
				     bits((enum mg_trace_program)p, verdicts[i].drops,
					  verdicts[i].of)),
				  "%s, program %zu", verdicts[i].line, p);
	}
	cr_expect(eq(u64, bits(MG_TRACE_INGRESS, true, 1ull << MG_TTL_EXPIRED), 0),
		  "the kernel answers it");
	cr_expect(ne(u64, bits(MG_TRACE_EGRESS, true, 1ull << MG_TTL_EXPIRED), 0));
}

static const struct {
	const char *line, *words; /* of message or hint */
} bad[] = {
	{ "trace client 192.0.2", "192.0.2.0/24" },
	{ "trace client 192.0.2.1/33", "no value for client" },
	{ "trace client 192.0.2.1/", "no value for client" },
	{ "trace client 192.0.2.1/-1", "no value for client" },
	{ "trace client 192.0.2.1/8x", "no value for client" },
	{ "trace to 2001:db8::/129", "no value for to" },
	{ "trace to ::1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/64", "for to" },
	{ "trace port 65536", "0 to 65535" },
	{ "trace port -1", "0 to 65535" },
	{ "trace client-port 1.5", "1.5 is no value" },
	{ "trace protocol tpc", "icmpv6" },
	{ "trace protocol 256", "no value for protocol" },
	{ "trace interface nope0", "no interface 'nope0'" },
	{ "trace sample 0", "1 or more" },
	{ "trace verdict no-menber", "did you mean 'no-member'?" },
	{ "trace verdict xyzzy", "margay show counters" },
	{ "trace verdict forward --drops", "none of these verdicts is a drop" },
	{ "trace service nope", "no service 'nope'" },
	{ "trace service many", "9 addresses" },
	{ "trace service 198.51.100.80 to 198.51.100.81", "leave one" },
	{ "capture -w - --snaplen 9217", "1 to 9216" },
	{ "capture -w - --snaplen 0", "1 to 9216" },
	{ "capture", "write is missing" },
	{ "capture -w", "needs a value" },
	{ "trace -w x", "unknown word" },
	{ "trace --count", "needs a value" },
	{ "trace --count many", "no value for count" },
};

Test(trace_filter, refuses)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mg_trace_filter got = { .port = 4711 };
		const char *message, *hint;
		json_t *error, *body;

		cr_expect(eq(int, filter_of(bad[i].line, &got, &error), -1), "%s", bad[i].line);
		cr_expect(eq(u16, got.port, 4711), "%s: touched", bad[i].line);
		body = json_object_get(error, "error");
		message = json_string_value(json_object_get(body, "message"));
		hint = json_string_value(json_object_get(body, "hint"));
		cr_expect(message && (strstr(message, bad[i].words) ||
				      (hint && strstr(hint, bad[i].words))),
			  "%s: '%s', '%s'", bad[i].line, message, hint ? hint : "");
		json_decref(error);
	}
}
