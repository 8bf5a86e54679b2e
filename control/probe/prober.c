/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: one timer walks round the paths and sends to one after the other, so that probes are spread
 * over the interval. An answer belongs to a probe under way by its sender, sequence number and the
 * timestamp that it brings back, which whoever is not on the path does not know.
 *
 * A round-trip time is (T4 - T1) - (T3 - T2): T1 and T4 are the kernel's where it has them, T2 and
 * T3 of the reflector's clock, which need not be ours.
 */
#include "probe/prober.h"

#include "base/log.h"
#include "base/util.h"
#include "probe/port.h"
#include "probe/rtt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FLIGHTS       64 /* probes of one path whose answer may still come */
#define TIMEOUT_MS    3000
#define TICK_MIN_MS   10
#define BURST         16   /* probes of one tick, after the loop was held up */
#define DEPARTURE_S   0.05 /* a transmit time that is further from the packet's own is another's */
#define CLOCK_SLACK_S 0.002

struct flight {
	bool open;
	bool departed; /* left is known */
	uint32_t seq, tag;
	uint64_t time;             /* as in the packet */
	uint64_t left;             /* the kernel's; the same until it is known */
	uint64_t sent_ns, sent_ms; /* CLOCK_MONOTONIC */
};

struct path {
	struct addr to;
	uint16_t ssid;
	uint32_t seq; /* of the next probe */
	struct rtt rtt;
	struct flight flight[FLIGHTS];
	uint64_t sent, answered, lost, strays, refused;
	char fault[96];
	bool kept; /* prober_targets()'s own */
};

struct prober {
	uv_loop_t *loop;
	struct prober_config config;
	const struct prober_ops *ops;
	void *user;
	struct port *port[2]; /* IPv4, IPv6; NULL: the host has none */
	uv_timer_t *timer;    /* its own block: closed asynchronously by the loop */
	struct path **path;   /* sorted by address */
	size_t count, next;   /* next: whose turn it is */
	uint64_t turn_us;     /* time of the next probe, of uv_hrtime() / 1000 */
	uint16_t ssid;
};

static int path_order(const void *a, const void *b)
{
	const struct path *const *x = a, *const *y = b;

	return memcmp(&(*x)->to, &(*y)->to, sizeof((*x)->to));
}

static struct path *prober_path(const struct prober *prober, const struct addr *to)
{
	struct path key = { .to = *to }, *at = &key;
	struct path **found = prober->count ? bsearch(&at, prober->path, prober->count,
						      sizeof(*prober->path), path_order)
					    : NULL;

	return found ? *found : NULL;
}

/* --- sending ---------------------------------------------------------------------------------- */
static void path_expire(struct path *path, uint64_t now_ms)
{
	for (size_t i = 0; i < FLIGHTS; i++) {
		struct flight *flight = &path->flight[i];

		if (!flight->open || now_ms - flight->sent_ms < TIMEOUT_MS)
			continue;
		flight->open = false;
		path->lost++;
		rtt_lost(&path->rtt);
		snprintf(path->fault, sizeof(path->fault), "no answer in %d s", TIMEOUT_MS / 1000);
	}
}

/* What was measured too long ago says nothing of today's path. */
static void path_age(struct prober *prober, struct path *path, uint64_t now_ms)
{
	if (!path->rtt.samples || now_ms - path->rtt.answered_ms <= prober->config.max_age_ms)
		return;
	rtt_forget(&path->rtt);
	prober->ops->measured(prober->user, &path->to, -1);
}

static struct flight *path_flight(struct path *path)
{
	struct flight *flight = &path->flight[path->seq % FLIGHTS];

	if (flight->open) {
		path->lost++;
		rtt_lost(&path->rtt);
	}
	return flight;
}

static void path_probe(struct prober *prober, struct path *path)
{
	struct port *port = prober->port[!addr_is_v4(&path->to)];
	const struct addr *local =
		addr_is_v4(&path->to) ? &prober->config.source_v4 : &prober->config.source_v6;
	struct stamp_request request = { .seq = path->seq,
					 .error = STAMP_ERROR_OURS,
					 .ssid = path->ssid };
	struct flight *flight = path_flight(path);
	uint8_t octets[STAMP_AUTH_LEN];
	struct timespec now;
	size_t len;
	int r;

	*flight = (struct flight){ .seq = path->seq++, .sent_ms = uv_now(prober->loop) };
	clock_gettime(CLOCK_REALTIME, &now);
	flight->sent_ns = uv_hrtime();
	flight->time = flight->left = request.sent = stamp_time(&now);
	len = stamp_request_encode(&request, &prober->config.key, octets);
	r = port ? port_send(port, local, &path->to, prober->config.port, octets, len, &flight->tag)
		 : -EAFNOSUPPORT;
	flight->open = r == 0;
	path->sent += r == 0;
	if (r < 0)
		snprintf(path->fault, sizeof(path->fault), "cannot send: %s", strerror(-r));
}

/* Between two probes, whomever they go to. */
static uint64_t prober_gap_us(const struct prober *prober)
{
	uint64_t spread = prober->count ? prober->config.interval_ms * 1000ull / prober->count : 0;
	uint64_t least = 1000000 / prober->config.rate_max;

	return spread > least ? spread : least;
}

static void on_tick(uv_timer_t *timer)
{
	struct prober *prober = timer->data;
	uint64_t now_us = uv_hrtime() / 1000, now_ms = uv_now(prober->loop);

	for (int i = 0; i < BURST && prober->count && prober->turn_us <= now_us; i++) {
		struct path *path = prober->path[prober->next++ % prober->count];

		path_expire(path, now_ms);
		path_age(prober, path, now_ms);
		path_probe(prober, path);
		prober->turn_us += prober_gap_us(prober);
	}
	if (prober->turn_us < now_us) /* held up: what was missed is not made up for */
		prober->turn_us = now_us;
}

static void prober_pace(struct prober *prober)
{
	uint64_t tick_ms = prober_gap_us(prober) / 1000;

	if (!prober->count) {
		uv_timer_stop(prober->timer);
		return;
	}
	if (!uv_is_active((uv_handle_t *)prober->timer))
		prober->turn_us = uv_hrtime() / 1000;
	tick_ms = tick_ms < TICK_MIN_MS ? TICK_MIN_MS : tick_ms;
	uv_timer_start(prober->timer, on_tick, TICK_MIN_MS, tick_ms);
}

/* --- receiving -------------------------------------------------------------------------------- */
static struct flight *path_awaits(struct path *path, const struct stamp_request *request)
{
	struct flight *flight = &path->flight[request->seq % FLIGHTS];

	return flight->open && flight->seq == request->seq && flight->time == request->sent &&
			       request->error == STAMP_ERROR_OURS
		       ? flight
		       : NULL;
}

static void path_refuse(struct path *path, const char *why)
{
	path->refused++;
	snprintf(path->fault, sizeof(path->fault), "%s", why);
}

/* The round-trip time in *ret, or words for what cannot be. */
static const char *flight_time(const struct flight *flight, const struct stamp_reply *reply,
			       const struct timespec *received, double *ret)
{
	double whole = stamp_between(flight->left, stamp_time(received), STAMP_ERROR_OURS);
	double there = stamp_between(reply->received, reply->sent, reply->error);
	double steady = (double)(uv_hrtime() - flight->sent_ns) / 1e9;

	/* Our own clock was set meanwhile? The steady one has run longer: until now. */
	if (whole < 0 || whole > steady + CLOCK_SLACK_S)
		return "the clock of this host was set";
	if (there < 0 || there > whole)
		return "the reflector's times cannot be: was its clock set?";
	*ret = whole - there;
	return NULL;
}

static void path_answer(struct prober *prober, struct path *path, const struct stamp_reply *reply,
			const struct port_packet *packet)
{
	struct flight *flight = path_awaits(path, &reply->request);
	const char *fault;
	double rtt_s;

	if (!flight) {
		path->strays++;
		return;
	}
	fault = flight_time(flight, reply, &packet->received, &rtt_s);
	flight->open = false;
	if (fault) {
		path_refuse(path, fault);
		return;
	}
	path->answered++;
	path->fault[0] = 0;
	if (rtt_add(&path->rtt, rtt_s, uv_now(prober->loop)))
		prober->ops->measured(prober->user, &path->to, path->rtt.published);
}

static void on_received(void *user, struct port_packet *packet)
{
	struct prober *prober = user;
	struct path *path = prober_path(prober, &packet->from);
	struct stamp_reply reply;
	int r;

	if (!path || packet->from_port != prober->config.port)
		return; /* nobody whom we asked */
	r = stamp_reply_decode(packet->octets, packet->len, &prober->config.key, &reply);
	if (r == -EACCES)
		path_refuse(path, "the HMAC of its answer is wrong: have both the same key?");
	else if (r < 0)
		path_refuse(path, prober->config.key.len ? "malformed answer: does it authenticate?"
							 : "malformed answer");
	else
		path_answer(prober, path, &reply, packet);
}

static void path_left(struct path *path, uint32_t tag, uint64_t left)
{
	for (size_t i = 0; i < FLIGHTS; i++) {
		struct flight *flight = &path->flight[i];
		double late = stamp_between(flight->time, left, STAMP_ERROR_OURS);

		if (flight->open && !flight->departed && flight->tag == tag && late >= 0 &&
		    late < DEPARTURE_S) {
			flight->left = left;
			flight->departed = true;
		}
	}
}

/* Seldom more than one probe is on its way out: the one before whose turn it is. */
static void prober_left(struct prober *prober, bool v4, uint32_t tag, const struct timespec *at)
{
	for (size_t i = 0; i < prober->count && i < BURST; i++) {
		size_t back = (prober->next + prober->count - 1 - i % prober->count);
		struct path *path = prober->path[back % prober->count];

		if (addr_is_v4(&path->to) == v4)
			path_left(path, tag, stamp_time(at));
	}
}

static void on_left_v4(void *user, uint32_t tag, const struct timespec *at)
{
	prober_left(user, true, tag, at);
}

static void on_left_v6(void *user, uint32_t tag, const struct timespec *at)
{
	prober_left(user, false, tag, at);
}

/* --- the prober ------------------------------------------------------------------------------- */
static int prober_open(struct prober *prober)
{
	static const struct port_ops ops[] = { { on_received, on_left_v4 },
					       { on_received, on_left_v6 } };
	static const uint8_t any_v4[4];
	struct port_config config[2] = { { .local = addr_of_v4(any_v4),
					   .dscp = prober->config.dscp },
					 { .dscp = prober->config.dscp } };

	for (size_t i = 0; i < ARRAY_SIZE(config); i++) {
		int r = port_open(prober->loop, &config[i], &ops[i], prober, &prober->port[i]);

		if (r < 0 && r != -EAFNOSUPPORT)
			return log_err(r, "STAMP sender: socket");
	}
	return 0;
}

int prober_new(uv_loop_t *loop, const struct prober_config *config, const struct prober_ops *ops,
	       void *user, struct prober **ret)
{
	_cleanup_(prober_free) struct prober *prober = calloc(1, sizeof(*prober));
	int r;

	if (!prober)
		return -ENOMEM;
	prober->loop = loop;
	prober->config = *config;
	prober->ops = ops;
	prober->user = user;
	prober->timer = malloc(sizeof(*prober->timer));
	if (!prober->timer)
		return -ENOMEM;
	uv_timer_init(loop, prober->timer);
	prober->timer->data = prober;
	r = prober_open(prober);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(prober);
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

void prober_free(struct prober **prober)
{
	struct prober *p = *prober;

	if (!p)
		return;
	if (p->timer)
		uv_close((uv_handle_t *)p->timer, on_timer_closed);
	port_close(&p->port[0]);
	port_close(&p->port[1]);
	for (size_t i = 0; i < p->count; i++)
		free(p->path[i]);
	free(p->path);
	freep(prober);
}

static struct path *path_new(struct prober *prober, const struct addr *to)
{
	struct path *path = calloc(1, sizeof(*path));

	if (!path)
		return NULL;
	path->to = *to;
	path->ssid = ++prober->ssid ? prober->ssid : ++prober->ssid; /* 0 means none */
	rtt_init(&path->rtt);
	return path;
}

static int addr_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

/* Sorted and without repetition, in *ret_count places. NULL: out of memory. */
static struct addr *addrs_sorted(const struct addr *list, size_t count, size_t *ret_count)
{
	struct addr *sorted = calloc(count + 1, sizeof(*sorted));
	size_t kept = 0;

	if (!sorted)
		return NULL;
	if (count)
		memcpy(sorted, list, count * sizeof(*list));
	qsort(sorted, count, sizeof(*sorted), addr_order);
	for (size_t i = 0; i < count; i++)
		if (!kept || !addr_equal(&sorted[kept - 1], &sorted[i]))
			sorted[kept++] = sorted[i];
	*ret_count = kept;
	return sorted;
}

static void paths_drop(struct prober *prober)
{
	for (size_t i = 0; i < prober->count; i++) {
		struct path *path = prober->path[i];

		if (path->kept)
			continue;
		if (path->rtt.samples)
			prober->ops->measured(prober->user, &path->to, -1);
		free(path);
	}
}

int prober_targets(struct prober *prober, const struct addr *egress, size_t count)
{
	size_t want = 0, made = 0;
	_cleanup_(freep) struct addr *to = addrs_sorted(egress, count, &want);
	_cleanup_(freep) struct path **next = calloc(want + 1, sizeof(*next));

	if (!to || !next)
		return -ENOMEM;
	for (size_t i = 0; i < prober->count; i++)
		prober->path[i]->kept = false;
	for (; made < want; made++) {
		struct path *old = prober_path(prober, &to[made]);

		next[made] = old ? old : path_new(prober, &to[made]);
		if (!next[made])
			break;
		next[made]->kept = old;
	}
	if (made < want) {
		while (made--)
			if (!next[made]->kept)
				free(next[made]);
		return -ENOMEM;
	}
	paths_drop(prober);
	free(prober->path);
	prober->path = TAKE_PTR(next);
	prober->count = want;
	prober_pace(prober);
	return 0;
}

bool prober_view(const struct prober *prober, size_t index, struct prober_view *ret)
{
	const struct path *path;

	if (index >= prober->count)
		return false;
	path = prober->path[index];
	*ret = (struct prober_view){
		.egress = path->to,
		.rtt_s = path->rtt.published,
		.median_s = rtt_median(&path->rtt),
		.least_s = rtt_least(&path->rtt),
		.loss = rtt_loss(&path->rtt),
		.age_ms = path->rtt.samples ? uv_now(prober->loop) - path->rtt.answered_ms : 0,
		.sent = path->sent,
		.answered = path->answered,
		.lost = path->lost,
		.strays = path->strays,
		.refused = path->refused,
		.fault = path->fault,
	};
	return true;
}
