/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the programs cost to load: instructions that the verifier looked at, and their sizes. They
 * are recorded in sizes.txt, by kernel series, machine and clang's major version; a growth of more
 * than ALLOWED percent fails, so that it is seen and meant. MARGAY_SIZES=update records anew.
 */
#include "base/util.h"
#include "loaded.h"

#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define ALLOWED    10 /* percent */
#define RECORD     SOURCE_ROOT "/tests/packet/sizes.txt"
#define LINES      256
#define KEY_MAX    96 /* octets of "6.18 x86_64 clang-14" and more */
#define FIGURES    3
#define KEY_FORMAT "%95[^:]: %u %u %u"

static const char *const what[FIGURES] = { "instructions verified", "octets xlated",
					   "octets jited" };

struct size_line {
	char key[KEY_MAX]; /* kernel, machine, clang, program */
	unsigned int figure[FIGURES];
};

struct record {
	struct size_line line[LINES];
	size_t lines;
};

static void record_read(struct record *ret)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *file = fopen(RECORD, "re");

	ret->lines = 0;
	cr_assert(ne(ptr, file, NULL), "%s: cannot be read", RECORD);
	while (ret->lines < LINES && getline(&text, &size, file) > 0) {
		struct size_line *line = &ret->line[ret->lines];

		if (text[0] == '#' || text[0] == '\n')
			continue;
		cr_assert(eq(int,
			     sscanf(text, KEY_FORMAT, line->key, &line->figure[0], &line->figure[1],
				    &line->figure[2]),
			     1 + FIGURES),
			  "%s: not a line of a key and three numbers: %s", RECORD, text);
		ret->lines++;
	}
	fclose(file);
}

static struct size_line *record_find(struct record *record, const char *key)
{
	for (size_t i = 0; i < record->lines; i++) {
		if (!strcmp(record->line[i].key, key))
			return &record->line[i];
	}
	return NULL;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct size_line *)a)->key, ((const struct size_line *)b)->key);
}

static void record_write(struct record *record)
{
	FILE *file = fopen(RECORD, "we");

	cr_assert(ne(ptr, file, NULL), "%s: cannot be written", RECORD);
	qsort(record->line, record->lines, sizeof(record->line[0]), by_key);
	fprintf(file, "# kernel, machine, clang, program: %s, %s, %s (tests/README.md)\n", what[0],
		what[1], what[2]);
	for (size_t i = 0; i < record->lines; i++) {
		const struct size_line *line = &record->line[i];

		fprintf(file, "%s: %u %u %u\n", line->key, line->figure[0], line->figure[1],
			line->figure[2]);
	}
	cr_assert(zero(int, fclose(file)), "%s: cannot be written", RECORD);
}

static struct size_line measured(const struct loaded *loaded, enum vector_program program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	struct size_line line;
	struct utsname system;
	int series = 0;

	cr_assert(zero(int, bpf_obj_get_info_by_fd(loaded_program(loaded, program), &info, &len)));
	cr_assert(zero(int, uname(&system)));
	sscanf(system.release, "%*d.%*d%n", &series);
	snprintf(line.key, sizeof(line.key), "%.*s %.30s clang-%d %.15s", series, system.release,
		 system.machine, CLANG_MAJOR, info.name);
	line.figure[0] = info.verified_insns;
	line.figure[1] = info.xlated_prog_len;
	line.figure[2] = info.jited_prog_len;
	return line;
}

static void compare(const struct size_line *is, const struct size_line *was)
{
	for (int i = 0; i < FIGURES; i++) {
		unsigned int most = was->figure[i] + was->figure[i] * ALLOWED / 100;

		cr_log_info("%s: %u %s, recorded %u", is->key, is->figure[i], what[i],
			    was->figure[i]);
		cr_expect(le(uint, is->figure[i], most),
			  "%s: %u %s, more than %d %% above %u: make it smaller, or record it "
			  "with MARGAY_SIZES=update and say why in the commit",
			  is->key, is->figure[i], what[i], ALLOWED, was->figure[i]);
	}
}

static void update(struct record *record, const struct size_line *is)
{
	struct size_line *was = record_find(record, is->key);

	if (!was) {
		cr_assert(lt(sz, record->lines, LINES), "%s: full", RECORD);
		was = &record->line[record->lines++];
	}
	*was = *is;
	record_write(record);
}

Test(size, as_recorded)
{
	_cleanup_(loaded_free) struct loaded *loaded = NULL;
	const char *wish = getenv("MARGAY_SIZES");
	static struct record record;
	int r = loaded_new(&loaded);

	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(zero(int, r));
	record_read(&record);
	for (int program = VECTOR_INGRESS; program < VECTOR_PROGRAMS; program++) {
		struct size_line is = measured(loaded, program);
		const struct size_line *was = record_find(&record, is.key);

		if (wish && !strcmp(wish, "update"))
			update(&record, &is);
		else if (was)
			compare(&is, was);
		else
			cr_skip("sizes.txt has nothing for %s: MARGAY_SIZES=update records it",
				is.key);
	}
}
