/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/tcp_counters.h"

#include "base/util.h"

#include <stdio.h>
#include <string.h>

#define TCP_COUNTER_KERNEL(kernel, name, text) [TCP_COUNTER_##name] = #kernel,
static const char *const kernel_names[] = { TCP_COUNTERS(TCP_COUNTER_KERNEL) };

static void counter_set(const char *name, size_t len, const char *number,
			uint64_t ret[TCP_COUNTER_COUNT])
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_names); i++)
		if (strlen(kernel_names[i]) == len && !memcmp(kernel_names[i], name, len))
			ret[i] = strtoull(number, NULL, 10);
}

/* Word by word in both lines, which begin with the same "TcpExt:". */
void tcp_counters_parse(const char *names, const char *numbers, uint64_t ret[TCP_COUNTER_COUNT])
{
	static const char space[] = " \n";

	while (*names && *numbers) {
		size_t name = strcspn(names, space), number = strcspn(numbers, space);

		counter_set(names, name, numbers, ret);
		names += name + strspn(names + name, space);
		numbers += number + strspn(numbers + number, space);
	}
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

void tcp_counters_read(uint64_t ret[TCP_COUNTER_COUNT])
{
	_cleanup_(close_file) FILE *file = fopen("/proc/thread-self/net/netstat", "re");
	_cleanup_(freep) char *names = NULL, *numbers = NULL;
	size_t name_room = 0, number_room = 0;

	memset(ret, 0, TCP_COUNTER_COUNT * sizeof(*ret));
	while (file && getline(&names, &name_room, file) > 0 &&
	       getline(&numbers, &number_room, file) > 0)
		if (strncmp(names, "TcpExt:", 7) == 0)
			tcp_counters_parse(names, numbers, ret);
}
