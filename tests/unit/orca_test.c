/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/orca.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static char said[1024];

static const char *sample(void *user, const struct exposition_sample *s)
{
	size_t n = strlen(said);

	snprintf(said + n, sizeof(said) - n, "%.*s%s%.*s %g;", (int)s->name_len, s->name,
		 s->label_count ? "." : "", s->label_count ? (int)s->label[0].value_len : 0,
		 s->label_count ? s->label[0].value : "", s->value);
	return strstr(said, "eps 99") ? "a sample is there twice" : NULL;
}

#define CPU "cpu_utilization 0.3;"

static const struct {
	const char *name, *value, *said, *reason; /* reason NULL: good */
	bool json;
} vectors[] = {
	{ "text", "TEXT cpu_utilization=0.3,mem_utilization=0.8", CPU "mem_utilization 0.8;", NULL,
	  false },
	{ "Envoy's", "cpu_utilization:0.3, named_metrics.queue:12", CPU "named_metrics.queue 12;",
	  NULL, false },
	{ "an empty pair", " TEXT  cpu_utilization = 0.3 , ", CPU,
	  "a name without a value: ", false },
	{ "blanks inside", "TEXT  cpu_utilization = 0.3 ,eps\t=\t1", CPU "eps 1;", NULL, false },
	{ "all fields",
	  "TEXT application_utilization=1.5,rps_fractional=10.5,eps=0.1,utilization.gpu=0.9,"
	  "request_cost.tokens=7",
	  "application_utilization 1.5;rps_fractional 10.5;eps 0.1;utilization.gpu 0.9;"
	  "request_cost.tokens 7;",
	  NULL, false },
	{ "a colon in a name", "TEXT named_metrics.vllm:queue=3", "named_metrics.vllm:queue 3;",
	  NULL, false },
	{ "unknown fields", "TEXT later=1,cpu_utilization=0.3,named_metrics.=5", CPU, NULL, false },
	{ "nothing", "", "", NULL, false },
	{ "JSON", "JSON {\"cpu_utilization\":0.3,\"named_metrics\":{\"q\":3},\"x\":[]}",
	  CPU "named_metrics.q 3;", NULL, false },
	{ "JSON of protobuf", "JSON {\"cpuUtilization\":0.3,\"rpsFractional\":2}",
	  CPU "rps_fractional 2;", NULL, false },
	{ "JSON header", "{\"cpu_utilization\":0.3}", CPU, NULL, true },

	{ "a word", "TEXT cpu_utilization=high", "", "no number: cpu_utilization", false },
	{ "nothing behind", "TEXT cpu_utilization=", "", "a name or a value is empty: ", false },
	{ "no name", "TEXT =1", "", "a name or a value is empty: =1", false },
	{ "no sign", "TEXT cpu_utilization", "", "a name without a value: cpu_utilization", false },
	{ "NaN", "TEXT cpu_utilization=nan", "", "no number: cpu_utilization", false },
	{ "infinity", "TEXT cpu_utilization=inf", "", "no number: cpu_utilization", false },
	{ "overflow", "TEXT cpu_utilization=1e999", "", "no number: cpu_utilization", false },
	{ "rubbish behind", "TEXT cpu_utilization=0.3x", "", "no number: cpu_utilization", false },
	{ "twice", "TEXT eps=99", "eps 99;", "a sample is there twice: eps", false },
	{ "binary", "BIN AAAA", "", "in binary, though TEXT or JSON was asked for: ", false },
	{ "JSON cut", "JSON {\"cpu_utilization\":0.3", "", "no JSON object: ", false },
	{ "JSON list", "JSON [1]", "", "no JSON object: ", false },
	{ "JSON text", "JSON {\"eps\":\"1\"}", "", "no number: eps", false },
	{ "JSON map", "JSON {\"named_metrics\":3}", "", "no map of numbers: named_metrics", false },
	{ "JSON map of text", "JSON {\"named_metrics\":{\"a\":\"b\"}}", "",
	  "no number: named_metrics", false },
	{ "JSON twice", "JSON {\"eps\":1,\"eps\":2}", "", "no JSON object: ", false },
};

/* On a heap copy of exact size. */
static int read_copy(const char *value, bool json, char reason[160])
{
	_cleanup_(freep) char *copy = strdup(value);

	said[0] = reason[0] = '\0';
	return orca_read(copy, json, sample, NULL, reason);
}

Test(orca, reads_and_refuses)
{
	static const char prefix[] = "load report: ";
	char reason[160];

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const char *want = vectors[i].reason;
		int r = read_copy(vectors[i].value, vectors[i].json, reason);

		cr_expect(eq(int, r, want ? -EBADMSG : 0), "%s: %s", vectors[i].name, reason);
		cr_expect(eq(str, said, (char *)vectors[i].said), "%s", vectors[i].name);
		if (want)
			cr_expect(eq(int, strncmp(reason + sizeof(prefix) - 1, want, strlen(want)),
				     0),
				  "%s: %s", vectors[i].name, reason);
	}
}

Test(orca, bounds_its_length)
{
	_cleanup_(freep) char *text = malloc(ORCA_VALUE_MAX + 2);
	char reason[160];

	memset(text, ' ', ORCA_VALUE_MAX + 1);
	memcpy(text, "TEXT eps=1", 10);
	text[ORCA_VALUE_MAX] = '\0';
	cr_expect(eq(int, read_copy(text, false, reason), 0));
	text[ORCA_VALUE_MAX] = ' ';
	text[ORCA_VALUE_MAX + 1] = '\0';
	cr_expect(eq(int, read_copy(text, false, reason), -EBADMSG));
}
