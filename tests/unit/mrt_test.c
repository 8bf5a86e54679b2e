/* SPDX-License-Identifier: BSD-2-Clause */
/* MRT files on a disk that fills up, by a limit of the process; and many of them in one second. */
#include "speakers.h"

#include "feed/feed.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUTES 20000
#define SMALL  65536

struct scene {
	struct speakers all;
	struct speaker_seen *a, *b; /* a announces, b has the feed */
	struct feed_config config;
	struct feed *feed;
	char dir[32];
};

static void files_limit(rlim_t octets)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN); /* write() fails instead */
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = octets;
	cr_assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void scene_open(struct scene *s, uint32_t updates_s, size_t updates_size)
{
	struct bgp_config router = { .as = AS_OURS };

	memset(s, 0, sizeof(*s));
	speakers_open(&s->all);
	log_level_set(LOG_LEVEL_ERR);
	s->a = speaker_add(&s->all, 0);
	s->b = speaker_add(&s->all, 1);
	strcpy(s->dir, "/tmp/mrt_test.XXXXXX");
	cr_assert(mkdtemp(s->dir) != NULL);
	s->config.mrt = (struct feed_mrt_config){ .updates_s = updates_s,
						  .updates_size = updates_size,
						  .tables_kept = 10,
						  .updates_kept = 100 };
	strcpy(s->config.mrt.directory, s->dir);
	cr_assert(feed_new(&s->all.loop, s->b->bgp, &router, &s->config, &s->feed) == 0);
}

static void routes(struct scene *s, unsigned int from, unsigned int to)
{
	struct bgp_path path = path_of("192.0.2.1");

	path.has = BGP_HAS_LOCAL_PREF;
	for (unsigned int i = from; i < to; i++) {
		struct addr addr = addr_of_v4(
			(uint8_t[]){ 20, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i });
		struct bgp_dst dst = { .prefix = prefix_of_host(&addr) };

		path.local_pref = i; /* a message each */
		cr_assert(bgp_originate(s->a->bgp, &dst, &path) == 0);
	}
}

static void connect_both(struct scene *s)
{
	struct bgp_neighbor_config ab = neighbor_of(s->a, 1), ba = neighbor_of(s->b, 0);

	neighbor_put(s->a, &ab);
	neighbor_put(s->b, &ba);
	LOOP_UNTIL(&s->all, is_up(s->a, 0) && is_up(s->b, 0));
}

static struct feed_mrt_view view(const struct scene *s)
{
	struct feed_mrt_view view;

	feed_mrt_view(s->feed, &view);
	return view;
}

struct files {
	unsigned int whole, part;
	uint64_t octets; /* of the whole ones */
};

static struct files files_of(const struct scene *s)
{
	struct files files = { 0 };
	struct dirent *entry;
	DIR *dir = opendir(s->dir);

	while ((entry = readdir(dir))) {
		bool part = strstr(entry->d_name, ".part") != NULL;
		struct stat status;

		if (*entry->d_name == '.' || fstatat(dirfd(dir), entry->d_name, &status, 0) < 0)
			continue;
		files.part += part;
		files.whole += !part;
		files.octets += part ? 0 : (uint64_t)status.st_size;
	}
	closedir(dir);
	return files;
}

static void scene_close(struct scene *s)
{
	struct dirent *entry;
	DIR *dir;

	feed_free(&s->feed);
	speakers_close(&s->all);
	dir = opendir(s->dir);
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(s->dir);
}

Test(mrt, gives_up_a_table_that_the_disk_does_not_take, .timeout = 60)
{
	struct scene s;
	const char *path;

	scene_open(&s, 0, 1 << 20);
	connect_both(&s);
	routes(&s, 0, ROUTES);
	LOOP_UNTIL(&s.all, s.b->announced == ROUTES);
	files_limit(SMALL);
	cr_assert(eq(int, feed_mrt_dump(s.feed, NULL, &path), 0));
	LOOP_UNTIL(&s.all, !view(&s).writing);
	cr_expect(eq(u64, view(&s).failures, 1));
	cr_expect(strstr(view(&s).last_error, strerror(EFBIG)) != NULL, "%s", view(&s).last_error);
	cr_expect(eq(uint, files_of(&s).part + files_of(&s).whole, 0), "nothing of it stays");
	files_limit(RLIM_INFINITY);
	cr_assert(eq(int, feed_mrt_dump(s.feed, "again", &path), 0));
	LOOP_UNTIL(&s.all, !view(&s).writing);
	cr_expect(eq(u64, view(&s).tables, 1));
	cr_expect(eq(uint, files_of(&s).whole, 1));
	scene_close(&s);
}

Test(mrt, logs_again_when_the_disk_has_room, .timeout = 60)
{
	struct scene s;
	uint64_t logged;

	scene_open(&s, 3600, 1 << 30);
	files_limit(SMALL);
	connect_both(&s);
	routes(&s, 0, 3000);
	LOOP_UNTIL(&s.all, *view(&s).last_error);
	cr_expect(strstr(view(&s).last_error, strerror(EFBIG)) != NULL, "%s", view(&s).last_error);
	LOOP_UNTIL(&s.all, s.b->announced == 3000);
	routes(&s, 3000, 3100);
	LOOP_UNTIL(&s.all, s.b->announced == 3100);
	cr_expect(view(&s).dropped > 0, "and counted");
	LOOP_UNTIL(&s.all, files_of(&s).whole == 1);
	cr_expect(eq(u64, files_of(&s).octets, SMALL), "what was written before is kept");
	cr_expect(eq(uint, files_of(&s).part, 0));
	files_limit(RLIM_INFINITY);
	logged = view(&s).logged;
	for (unsigned int i = 0; view(&s).logged == logged; i++) {
		routes(&s, 4000 + i, 4001 + i);
		loop_for(&s.all, 100);
	}
	LOOP_UNTIL(&s.all, files_of(&s).part == 1);
	scene_close(&s);
}

/* Every record is in a file, though they fill many files in no time. */
Test(mrt, loses_nothing_where_files_follow_each_other_fast, .timeout = 60)
{
	struct scene s;
	uint64_t logged, octets = 0;

	scene_open(&s, 3600, 4096);
	connect_both(&s);
	for (unsigned int i = 0; i < 6; i++) {
		routes(&s, 1000 * i, 1000 * i + 1000);
		LOOP_UNTIL(&s.all, s.b->announced == 1000 * i + 1000);
		loop_for(&s.all, 300);
	}
	logged = view(&s).logged;
	octets = view(&s).log_octets;
	LOOP_UNTIL(&s.all, files_of(&s).part <= 1);
	octets += files_of(&s).octets;
	cr_expect(eq(u64, view(&s).dropped, 0));
	cr_expect(files_of(&s).whole > 0);
	cr_expect(octets / logged >= 60, "%ju octets of %ju records", (uintmax_t)octets,
		  (uintmax_t)logged);
	scene_close(&s);
}
