/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/bpflog.h"

#include "base/log.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

#define KEPT_LINES 8
#define KEPT_CHARS 400 /* of a verifier log, which ends with the reason, the last ones */

/* Of the process: libbpf has one print function, and hands it no context. */
static char kept[KEPT_LINES][KEPT_CHARS];
static unsigned int kept_count;

static int bpflog_line(enum libbpf_print_level level, const char *format, va_list args)
{
	char text[16384];
	size_t len;

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(text, sizeof(text), format, args);
	len = strlen(text);
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	log_debug("%s", text);
	if (level == LIBBPF_WARN)
		snprintf(kept[kept_count++ % KEPT_LINES], KEPT_CHARS, "%s",
			 text + (len < KEPT_CHARS ? 0 : len - KEPT_CHARS + 1));
	return 0;
}

/* Its levels are libbpf's. */
static int bpflog_libxdp(enum libxdp_print_level level, const char *format, va_list args)
{
	return bpflog_line((enum libbpf_print_level)level, format, args);
}

void bpflog_start(void)
{
	libbpf_set_print(bpflog_line);
	libxdp_set_print(bpflog_libxdp);
	kept_count = 0;
}

bool bpflog_kept(const char *words)
{
	for (unsigned int i = 0; i < KEPT_LINES && i < kept_count; i++)
		if (strstr(kept[i], words))
			return true;
	return false;
}

void bpflog_print(void)
{
	unsigned int i = kept_count > KEPT_LINES ? kept_count - KEPT_LINES : 0;

	for (; i < kept_count; i++)
		log_err(0, "%s", kept[i % KEPT_LINES]);
	kept_count = 0;
}
