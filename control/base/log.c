/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum log_level threshold = LOG_LEVEL_INFO; /* of the process, as standard error is */

void log_level_set(enum log_level level)
{
	threshold = level;
}

/* What peers, files and commands say is quoted in the log: it must not end the line, nor command
 * the terminal. */
static void log_tame(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void log_line(enum log_level level, int err, const char *format, va_list args)
{
	const char *stream =
		getenv("JOURNAL_STREAM"); /* set by systemd: read there, not by people */
	char text[1024], prefix[8] = "";

	if (level > threshold)
		return;
	if (stream)
		snprintf(prefix, sizeof(prefix), "<%d>", level);
	vsnprintf(text, sizeof(text), format, args);
	log_tame(text);
	/* One call a line: processes that share a terminal or a file do not mix within it. */
	fprintf(stderr, "%s%s%s%s\n", prefix, text, err ? ": " : "", err ? strerror(-err) : "");
}

#define LOG_FORWARD(level, err)             \
	va_list args;                       \
                                            \
	va_start(args, format);             \
	log_line(level, err, format, args); \
	va_end(args)

int log_err(int err, const char *format, ...)
{
	LOG_FORWARD(LOG_LEVEL_ERR, err);
	return err;
}

int log_warn(int err, const char *format, ...)
{
	LOG_FORWARD(LOG_LEVEL_WARN, err);
	return err;
}

void log_info(const char *format, ...)
{
	LOG_FORWARD(LOG_LEVEL_INFO, 0);
}

void log_debug(const char *format, ...)
{
	LOG_FORWARD(LOG_LEVEL_DEBUG, 0);
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_LEVEL_ERR, 0, format, args);
	va_end(args);
	exit(70);
}
