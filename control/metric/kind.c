/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/kind.h"

#include "base/util.h"

#include <string.h>

static const struct kind kinds[] = {
	{ "utilisation", "ratio", KIND_COMPUTING, 1, 0, "busy share of the capacity" },
	{ "cpu-utilisation", "ratio", KIND_COMPUTING, 1, 0, "busy share of the processors" },
	{ "gpu-utilisation", "ratio", KIND_COMPUTING, 1, 0, "busy share of the GPUs" },
	{ "npu-utilisation", "ratio", KIND_COMPUTING, 1, 0, "busy share of other accelerators" },
	{ "memory-utilisation", "ratio", KIND_COMPUTING, 1, 0, "used share of memory" },
	{ "gpu-memory-utilisation", "ratio", KIND_COMPUTING, 1, 0, "used share of GPU memory" },
	{ "cpu-pressure", "ratio", KIND_COMPUTING, 1, 0,
	  "part of the time in which something waited for a processor (PSI)" },
	{ "memory-pressure", "ratio", KIND_COMPUTING, 1, 0,
	  "part of the time in which something waited for memory (PSI)" },
	{ "io-pressure", "ratio", KIND_COMPUTING, 1, 0,
	  "part of the time in which something waited for storage (PSI)" },
	{ "capacity", "slots", KIND_COMPUTING, 0, 0, "requests that can be worked on at once" },
	{ "busy", "slots", KIND_COMPUTING, 0, 0, "requests that are worked on" },
	{ "availability", "ratio", KIND_COMPUTING, 0, 1, "part of the site that works" },
	{ "rtt", "s", KIND_COMMUNICATION, 0, 0, "round-trip time to the egress" },
	{ "loss", "ratio", KIND_COMMUNICATION, 0, 0, "part of the packets that is lost" },
	{ "link-utilisation", "ratio", KIND_COMMUNICATION, 1, 0, "busy share of the links" },
	{ "service-time", "s", KIND_SERVICE, 0, 0, "time that one request holds a worker slot" },
	{ "arrival-rate", "1/s", KIND_SERVICE, 0, 0, "requests offered, also refused ones" },
	{ "in-flight", "requests", KIND_SERVICE, 0, 0, "requests that run or wait" },
	{ "queue", "requests", KIND_SERVICE, 0, 0, "requests that wait" },
	{ "token-rate", "1/s", KIND_SERVICE, 0, 0, "tokens of a language model" },
	{ "flow-time", "s", KIND_COMPOSED, 0, 0, "how long a flow lasts" },
	{ "handshake-time", "s", KIND_COMPOSED, 0, 0, "from a SYN to the client's first ACK" },
};

const struct kind *kind_find(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].type, type))
			return &kinds[i];
	return NULL;
}

const struct kind *kind_at(size_t index)
{
	return index < ARRAY_SIZE(kinds) ? &kinds[index] : NULL;
}

const char *kind_category_text(enum kind_category category)
{
	static const char *const texts[KIND_CATEGORY_COUNT] = {
		[KIND_COMPUTING] = "computing",
		[KIND_COMMUNICATION] = "communication",
		[KIND_SERVICE] = "service",
		[KIND_COMPOSED] = "composed",
	};

	return category < KIND_CATEGORY_COUNT ? texts[category] : "?";
}
