/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Sends standard error to a file of its own until heard() reads it back. */
static FILE *listen_to_log(void)
{
	FILE *file = tmpfile();

	fflush(stderr);
	cr_assert(dup2(fileno(file), STDERR_FILENO) >= 0);
	unsetenv("JOURNAL_STREAM");
	return file;
}

static const char *heard(FILE *file)
{
	static char text[4096];
	size_t n;

	rewind(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = 0;
	ftruncate(fileno(file), 0);
	rewind(file);
	return text;
}

Test(log, appends_the_error_and_returns_it)
{
	FILE *log = listen_to_log();

	cr_expect(eq(int, log_err(-ENOENT, "%s: cannot open", "x"), -ENOENT));
	cr_expect(eq(str, (char *)heard(log), "x: cannot open: No such file or directory\n"));
	cr_expect(eq(int, log_warn(0, "no error"), 0));
	cr_expect(eq(str, (char *)heard(log), "no error\n"));
}

Test(log, keeps_back_what_is_less_urgent)
{
	FILE *log = listen_to_log();

	log_debug("unheard by default");
	log_info("heard");
	cr_expect(eq(str, (char *)heard(log), "heard\n"));
	log_level_set(LOG_LEVEL_WARN);
	log_info("unheard");
	cr_expect(eq(int, log_warn(-EPERM, "heard"), -EPERM));
	cr_expect(eq(str, (char *)heard(log), "heard: Operation not permitted\n"));
	log_level_set(LOG_LEVEL_DEBUG);
	log_debug("heard");
	cr_expect(eq(str, (char *)heard(log), "heard\n"));
}

Test(log, marks_the_level_for_the_journal)
{
	FILE *log = listen_to_log();

	setenv("JOURNAL_STREAM", "8:1", 1);
	log_warn(0, "warn");
	log_err(0, "err");
	log_info("info");
	cr_expect(eq(str, (char *)heard(log), "<4>warn\n<3>err\n<6>info\n"));
}

/* What peers and files say is quoted in the log; it must not end a line and begin another. */
Test(log, one_call_is_one_line)
{
	FILE *log = listen_to_log();

	log_info("service %s", "a\n<0>forged\x1b[2J\x7f\t\xc3\xa9");
	cr_expect(eq(str, (char *)heard(log), "service a?<0>forged?[2J??\xc3\xa9\n"));
}

Test(log, a_long_line_is_cut)
{
	_cleanup_(freep) char *text = malloc(5001);
	FILE *log = listen_to_log();

	memset(text, 'x', 5000);
	text[5000] = 0;
	log_info("%s", text);
	cr_expect(eq(sz, strlen(heard(log)), 1024));
}

Test(log, die_ends_with_its_status, .exit_code = 70)
{
	die("our own bug: %d", 1);
}
