/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A BGP speaker without the rest of margayd, for tests against other implementations: neighbours
 * are arguments, routes are lines on standard input, what comes is a line on standard output with
 * the time of its arrival in ms.
 */
#include "base/util.h"
#include "bgp/bgp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <uv.h>

static const char usage[] = "speaker AS ROUTER-ID NEIGHBOR[,WORD...] ...\n"
			    "  WORD: as=N  hold=SECONDS  local=ADDRESS  passive  client\n"
			    "        all (send all paths)  plain (no carriers)\n"
			    "standard input:\n"
			    "  announce PREFIX NEXT-HOP [CAPACITY [ARRIVAL-RATE]]\n"
			    "  withdraw PREFIX | refresh NEIGHBOR | state | quit\n";

#define LINE_MAX_LEN 512

struct program {
	uv_loop_t loop;
	uv_pipe_t input;
	struct bgp *bgp;
	uint32_t as;
	size_t len;
	char line[LINE_MAX_LEN];
};

static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void on_announced(void *user, const struct bgp_route *route)
{
	const struct bgp_path *path = route->path;
	char prefix[PREFIX_STRLEN], next_hop[ADDR_STRLEN];

	printf("%lld announced %s id %u next-hop %s", (long long)wall_ms(),
	       prefix_format(&route->dst.prefix, prefix), route->path_id,
	       addr_format(&path->next_hop, next_hop));
	if (path->has & BGP_HAS_ORIGINATOR)
		printf(" originator %u.%u.%u.%u", path->originator_id[0], path->originator_id[1],
		       path->originator_id[2], path->originator_id[3]);
	if (path->has & BGP_HAS_REPORT)
		printf(" carrier %s capacity %g rate %g",
		       path->carrier == BGP_CARRIER_COMMUNITY ? "community" : "edge-metadata",
		       path->report.has & REPORT_CAPACITY ? path->report.capacity : -1,
		       path->report.has & REPORT_ARRIVAL_RATE ? path->report.arrival_rate : -1);
	putchar('\n');
}

static void on_withdrawn(void *user, const struct bgp_route *route)
{
	char prefix[PREFIX_STRLEN];

	printf("%lld withdrawn %s id %u\n", (long long)wall_ms(),
	       prefix_format(&route->dst.prefix, prefix), route->path_id);
}

static void on_settled(void *user)
{
	fflush(stdout);
}

static int prefix_parse(const char *text, struct prefix *ret)
{
	char address[ADDR_STRLEN];
	const char *slash = strchr(text, '/');
	struct addr addr;

	snprintf(address, sizeof(address), "%.*s",
		 slash ? (int)(slash - text) : (int)sizeof(address) - 1, text);
	if (addr_parse(address, &addr) < 0)
		return -EINVAL;
	*ret = slash ? prefix_of(&addr, (uint8_t)atoi(slash + 1)) : prefix_of_host(&addr);
	return 0;
}

static int announce(struct program *p, char **word, size_t count)
{
	struct bgp_path path = { 0 };
	struct prefix prefix;
	struct bgp_dst dst;

	if (count < 3 || prefix_parse(word[1], &prefix) < 0 ||
	    addr_parse(word[2], &path.next_hop) < 0)
		return -EINVAL;
	if (count > 3) {
		path.has |= BGP_HAS_REPORT;
		path.report.has = REPORT_CAPACITY | REPORT_SAMPLED;
		path.report.capacity = atof(word[3]);
		path.report.sampled_ms = wall_ms();
	}
	if (count > 4) {
		path.report.has |= REPORT_ARRIVAL_RATE;
		path.report.arrival_rate = atof(word[4]);
	}
	printf("%lld originated %s\n", (long long)wall_ms(), word[1]);
	dst = bgp_dst_of(&prefix);
	return bgp_originate(p->bgp, &dst, &path);
}

static int withdraw(struct program *p, char **word, size_t count)
{
	struct prefix prefix;
	struct bgp_dst dst;

	if (count < 2 || prefix_parse(word[1], &prefix) < 0)
		return -EINVAL;
	printf("%lld removed %s\n", (long long)wall_ms(), word[1]);
	dst = bgp_dst_of(&prefix);
	return bgp_withdraw(p->bgp, &dst);
}

static int refresh(struct program *p, char **word, size_t count)
{
	struct addr remote;

	if (count < 2 || addr_parse(word[1], &remote) < 0)
		return -EINVAL;
	return bgp_neighbor_refresh(p->bgp, &remote);
}

static int state(struct program *p, char **word, size_t count)
{
	struct bgp_neighbor_state s;
	char remote[ADDR_STRLEN];

	for (size_t i = 0; bgp_neighbor_state(p->bgp, i, &s); i++)
		printf("%lld neighbor %s %s hold %u add-path %x/%x in %llu out %llu updates "
		       "%llu/%llu established %llu faults %llu/%llu/%llu ignored %llu error %s\n",
		       (long long)wall_ms(), addr_format(&s.config.remote, remote), s.state,
		       s.hold_s, s.add_path_in, s.add_path_out, (unsigned long long)s.prefixes_in,
		       (unsigned long long)s.prefixes_out, (unsigned long long)s.updates_in,
		       (unsigned long long)s.updates_out, (unsigned long long)s.established,
		       (unsigned long long)s.faults_reset, (unsigned long long)s.faults_withdraw,
		       (unsigned long long)s.faults_discard, (unsigned long long)s.ignored,
		       s.last_error);
	return 0;
}

static int quit(struct program *p, char **word, size_t count)
{
	uv_stop(&p->loop);
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(struct program *p, char **word, size_t count);
} commands[] = {
	{ "announce", announce }, { "withdraw", withdraw }, { "refresh", refresh },
	{ "state", state },       { "quit", quit },
};

static void line_run(struct program *p, char *line)
{
	char *word[8], *save = NULL;
	size_t count = 0;
	int r = -EINVAL;

	for (char *w = strtok_r(line, " ", &save); w && count < ARRAY_SIZE(word);
	     w = strtok_r(NULL, " ", &save))
		word[count++] = w;
	for (size_t i = 0; count && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(word[0], commands[i].name))
			r = commands[i].run(p, word, count);
	if (count && r < 0)
		printf("%lld error %s: %s\n", (long long)wall_ms(), word[0], strerror(-r));
	fflush(stdout);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct program *p = handle->data;

	*ret = uv_buf_init(p->line + p->len, (unsigned int)(sizeof(p->line) - p->len - 1));
}

static void on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct program *p = stream->data;
	char *end;

	if (n < 0) {
		uv_stop(&p->loop);
		return;
	}
	p->len += (size_t)n;
	p->line[p->len] = '\0';
	while ((end = strchr(p->line, '\n'))) {
		*end = '\0';
		line_run(p, p->line);
		p->len -= (size_t)(end + 1 - p->line);
		memmove(p->line, end + 1, p->len + 1);
	}
}

static int word_apply(const char *word, struct bgp_neighbor_config *config)
{
	if (!strncmp(word, "as=", 3))
		config->remote_as = (uint32_t)strtoul(word + 3, NULL, 10);
	else if (!strncmp(word, "hold=", 5))
		config->hold_s = (uint16_t)strtoul(word + 5, NULL, 10);
	else if (!strncmp(word, "local=", 6))
		return addr_parse(word + 6, &config->local);
	else if (!strcmp(word, "passive"))
		config->passive = true;
	else if (!strcmp(word, "client"))
		config->client = true;
	else if (!strcmp(word, "all"))
		config->add_path_send = true;
	else if (!strcmp(word, "plain"))
		config->carriers_send = config->carriers_accept = 0;
	else
		return -EINVAL;
	return 0;
}

static int neighbor_add(struct program *p, char *text)
{
	const uint32_t carriers = BGP_CARRIER_COMMUNITY | BGP_CARRIER_EDGE_METADATA;
	struct bgp_neighbor_config config = { .remote_as = p->as,
					      .hold_s = 9,
					      .retry_s = 2,
					      .families = BIT(BGP_FAMILY_COUNT) - 1,
					      .add_path_receive = true,
					      .carriers_send = carriers,
					      .carriers_accept = carriers };
	char *save = NULL, *word = strtok_r(text, ",", &save);
	int r = word ? addr_parse(word, &config.remote) : -EINVAL;

	while (r == 0 && (word = strtok_r(NULL, ",", &save)))
		r = word_apply(word, &config);
	return r < 0 ? r : bgp_neighbor_add(p->bgp, &config);
}

static int program_open(struct program *p, int argc, char **argv)
{
	static const struct bgp_ops ops = { on_announced, on_withdrawn, on_settled };
	struct bgp_config config = { .port = 179 };
	struct addr id;
	int r = argc > 3 ? addr_parse(argv[2], &id) : -EINVAL;

	if (r < 0)
		return r;
	config.as = p->as = (uint32_t)strtoul(argv[1], NULL, 10);
	memcpy(config.router_id, id.octet + 12, sizeof(config.router_id));
	r = bgp_new(&p->loop, &config, &ops, p, &p->bgp);
	for (int i = 3; i < argc && r == 0; i++)
		r = neighbor_add(p, argv[i]);
	return r;
}

int main(int argc, char **argv)
{
	struct program p = { 0 };
	int r;

	uv_loop_init(&p.loop);
	r = program_open(&p, argc, argv);
	if (r == 0) {
		uv_pipe_init(&p.loop, &p.input, 0);
		p.input.data = &p;
		uv_pipe_open(&p.input, STDIN_FILENO);
		uv_read_start((uv_stream_t *)&p.input, on_alloc, on_input);
		uv_run(&p.loop, UV_RUN_DEFAULT);
		uv_close((uv_handle_t *)&p.input, NULL);
	}
	bgp_free(&p.bgp);
	uv_run(&p.loop, UV_RUN_DEFAULT);
	uv_loop_close(&p.loop);
	if (r == -EINVAL)
		fputs(usage, stderr);
	return r == -EINVAL ? EX_USAGE : r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
