/* SPDX-License-Identifier: BSD-2-Clause */
#include "fleet.h"

#include "base/log.h"
#include "base/util.h"
#include "bgp/update.h"
#include "clock.h"
#include "ground.h"
#include "router.h"
#include "speak.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HOLD_S      90
#define OPEN_MS     180000 /* a busy machine reads 10,000 services for long */
#define OPEN_NS     UINT64_C(5000000)
#define MESSAGE_LEN 512 /* more than an UPDATE of ours takes */
#define SITE_FIRST  10  /* the first one's egress is 10.98.0.10 */
#define CAPACITY    8   /* worker slots, of each service at each site */
#define SERVICE_S   0.05
#define WINDOW_S    5
#define EVEN_RATE   80 /* requests a second: half of what the slots can take */
#define EVEN_FLIGHT 4
#define SITES_TABLE 64
#define REST_NS     UINT64_C(10000000)
#define PRIORITY    10
#define PERIOD_NS   UINT64_C(1000000)

/* <linux/sched.h>, which cannot be included beside <sched.h> */
#define SCHED_DEADLINE 6
#define RESET_ON_FORK  1
#define MEMBERS_EACH   32

struct addr fleet_service_addr(uint32_t service)
{
	return addr_of_v4((uint8_t[]){ 198, (uint8_t)(18 + (service >> 16)),
				       (uint8_t)(service >> 8), (uint8_t)service });
}

struct addr fleet_site_addr(uint32_t site)
{
	return addr_of_v4((uint8_t[]){ 10, 98, 0, (uint8_t)(SITE_FIRST + site) });
}

uint16_t fleet_site_id(uint32_t site)
{
	return (uint16_t)(site + 1);
}

static void config_head(const struct fleet *f, FILE *file)
{
	fprintf(file,
		"router: {name: bench, router-id: " GROUND_ROUTER ", as: 65000,\n"
		"  control-socket: %s/" FLEET_SOCKET ", state-directory: %s, "
		"pin-directory: " GROUND_PINS "}\n"
		"tables: {services: %u, slots: %u, members: %u, sites: %u, pin-sets: 1024}\n"
		"tunnel: {source-v4: " GROUND_ROUTER "}\n"
		"bgp:\n  listen: " GROUND_ROUTER "\n  neighbors:\n",
		f->dir, f->dir, f->services + 16, f->services * FLEET_SLOTS,
		f->services * MEMBERS_EACH, SITES_TABLE);
	for (unsigned int i = 0; i < f->sessions; i++) {
		struct addr addr = ground_peer(i);
		char text[ADDR_STRLEN];

		fprintf(file, "    - {address: %s, as: 65000, passive: true, hold-time: %u}\n",
			addr_format(&addr, text), HOLD_S);
	}
}

/* A configuration may have 1 MiB: 10,000 services get a short line each. */
static void config_service(const struct fleet *f, FILE *file, uint32_t service)
{
	struct addr addr = fleet_service_addr(service);
	char text[ADDR_STRLEN];

	fprintf(file, " - {name: s%u, addresses: [%s], protocol: tcp, port: 80, steer: {slots: %u",
		service, addr_format(&addr, text), FLEET_SLOTS);
	if (f->period_s)
		fprintf(file, ", report-period: %u, max-age: %u", f->period_s, 10 * f->period_s);
	fprintf(file, "}}\n");
}

static int config_write(const struct fleet *f, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return log_err(-errno, "%s", path);
	config_head(f, file);
	fprintf(file, "services:\n");
	for (uint32_t i = 0; i < f->services; i++)
		config_service(f, file, i);
	return fclose(file) == 0 ? 0 : log_err(-errno, "%s", path);
}

/* The sites' next hops are known at once: who answers for them is none of the bench's questions. */
static int neighbors_add(void)
{
	char words[200];

	snprintf(words, sizeof(words),
		 "i=%u; while [ $i -lt %u ]; do ip neigh replace 10.98.0.$i lladdr "
		 "02:00:00:00:00:02 dev core nud permanent; i=$((i + 1)); done",
		 SITE_FIRST, SITE_FIRST + FLEET_SITES);
	return ground_run(words);
}

/* margayd has no routes but ours. */
static int on_update(void *user, struct peer *peer, struct cursor body)
{
	return 0;
}

void fleet_init(struct fleet *f, const char *dir, uint32_t services, unsigned int sessions)
{
	*f = (struct fleet){ .dir = dir, .services = services, .sessions = sessions };
	for (unsigned int i = 0; i < FLEET_SESSIONS_MAX; i++)
		f->session[i].peer =
			(struct peer){ .fd = -1, .update = on_update, .codec = speak_codec(true) };
}

/* As soon as margayd listens; not, once it has ended. */
static int session_open(struct fleet *f, unsigned int session)
{
	struct peer_config config = speak_config(session, HOLD_S, true);
	uint64_t until = clock_ns() + UINT64_C(1000000) * OPEN_MS;
	int r;

	while (peer_early(r = peer_open(&f->session[session].peer, &config, OPEN_MS))) {
		struct process_state state;

		if (process_state(&f->process, &state) < 0)
			return -ESRCH;
		if (clock_ns() > until)
			return log_err(r, "margayd takes no session");
		fleet_wait_until(clock_ns() + OPEN_NS);
	}
	return r;
}

int fleet_start(struct fleet *f)
{
	char path[100];
	int r;

	snprintf(path, sizeof(path), "%s/fleet.yaml", f->dir);
	r = config_write(f, path);
	if (r == 0)
		r = neighbors_add();
	f->started_ns = clock_ns();
	if (r == 0)
		r = router_start_margay(f->dir, path, &f->process);
	for (unsigned int i = 0; i < f->sessions && r == 0; i++)
		r = session_open(f, i);
	return r;
}

void fleet_close(struct fleet *f)
{
	const struct sched_param param = { 0 };

	sched_setscheduler(0, SCHED_OTHER, &param);
	for (unsigned int i = 0; i < f->sessions; i++) {
		peer_close(&f->session[i].peer);
		freep(&f->session[i].stream);
	}
	process_stop(&f->process);
}

/* --- what is told ----------------------------------------------------------------------------- */
static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

struct fleet_report fleet_report_even(void)
{
	return (struct fleet_report){ .arrival_rate = EVEN_RATE, .in_flight = EVEN_FLIGHT };
}

static struct bgp_path offer_path(uint32_t site, const struct fleet_report *report)
{
	return (struct bgp_path){
		.has = BGP_HAS_LOCAL_PREF | BGP_HAS_REPORT | BGP_HAS_SITE_ID,
		.local_pref = 100,
		.site_id = fleet_site_id(site),
		.next_hop = fleet_site_addr(site),
		.report = { .has = REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE |
				   REPORT_WINDOW | REPORT_IN_FLIGHT | REPORT_SAMPLED,
			    .capacity = CAPACITY,
			    .service_time_s = SERVICE_S,
			    .arrival_rate = report->arrival_rate,
			    .window_s = WINDOW_S,
			    .in_flight = report->in_flight,
			    .sampled_ms = report->sampled_ms ? report->sampled_ms : wall_ms() },
	};
}

static int stream_reserve(struct fleet_session *s)
{
	size_t size = s->size * 2 + 65536;
	uint8_t *grown;

	if (s->size - s->len >= MESSAGE_LEN)
		return 0;
	grown = realloc(s->stream, size);
	if (!grown)
		return log_err(-ENOMEM, "the stream");
	s->stream = grown;
	s->size = size;
	return 0;
}

static struct bgp_nlri offer_nlri(uint32_t service, uint32_t site)
{
	struct addr addr = fleet_service_addr(service);

	return (struct bgp_nlri){ .dst.prefix = prefix_of_host(&addr),
				  .path_id = fleet_site_id(site) };
}

int fleet_announce(struct fleet *f, unsigned int session, uint32_t service, uint32_t site,
		   const struct fleet_report *report)
{
	struct fleet_session *s = &f->session[session];
	struct bgp_nlri nlri = offer_nlri(service, site);
	struct bgp_path path = offer_path(site, report);
	struct writer w;

	if (stream_reserve(s) < 0)
		return -ENOMEM;
	w = writer_of(s->stream + s->len, s->size - s->len);
	if (!update_encode(&s->peer.codec, &path, &nlri, 1, &w))
		return log_err(-ENOBUFS, "cannot write an UPDATE");
	s->len += writer_len(&w);
	return 0;
}

int fleet_withdraw(struct fleet *f, unsigned int session, uint32_t service, uint32_t site)
{
	struct fleet_session *s = &f->session[session];
	struct bgp_nlri nlri = offer_nlri(service, site);
	struct writer w;

	if (stream_reserve(s) < 0)
		return -ENOMEM;
	w = writer_of(s->stream + s->len, s->size - s->len);
	if (!update_encode_withdraw(&s->peer.codec, &nlri, 1, &w))
		return log_err(-ENOBUFS, "cannot write an UPDATE");
	s->len += writer_len(&w);
	return 0;
}

static int fleet_end_of_rib(struct fleet_session *s)
{
	for (int family = 0; family <= BGP_IPV6_UNICAST; family++) {
		struct writer w;

		if (stream_reserve(s) < 0)
			return -ENOMEM;
		w = writer_of(s->stream + s->len, s->size - s->len);
		update_encode_end_of_rib(family, &w);
		s->len += writer_len(&w);
	}
	return 0;
}

int fleet_announce_all(struct fleet *f, unsigned int session, uint32_t from, uint32_t to)
{
	struct fleet_report report = fleet_report_even();
	int r = 0;

	report.sampled_ms = wall_ms(); /* of all of them: no site is ahead of another */
	for (uint32_t site = from; site < to; site++)
		for (uint32_t i = 0; i < f->services && r == 0; i++)
			r = fleet_announce(f, session, i, site, &report);
	return r < 0 ? r : fleet_end_of_rib(&f->session[session]);
}

int fleet_send(struct fleet *f, unsigned int session, uint64_t timeout_ns)
{
	struct fleet_session *s = &f->session[session];
	uint64_t until = clock_ns() + timeout_ns;
	int r = 0;

	peer_send(&s->peer, s->stream, s->len);
	s->len = 0;
	while (r == 0 && !peer_sent(&s->peer)) {
		struct pollfd ready = { s->peer.fd, peer_events(&s->peer), 0 };

		poll(&ready, 1, 100);
		r = peer_pump(&s->peer);
		if (r == 0 && clock_ns() > until)
			r = log_err(-ETIMEDOUT, "margayd does not take what it is told");
	}
	return r;
}

void fleet_wait_until(uint64_t when_ns)
{
	const struct timespec when = { .tv_sec = (time_t)(when_ns / 1000000000),
				       .tv_nsec = (long)(when_ns % 1000000000) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

int fleet_rest(struct fleet *f, unsigned int session, uint64_t for_ns)
{
	uint64_t until = clock_ns() + for_ns;
	int r = 0;

	while (r == 0 && clock_ns() < until) {
		uint64_t next = clock_ns() + REST_NS;

		fleet_wait_until(next < until ? next : until);
		for (unsigned int i = session; i < f->sessions && r == 0; i++)
			r = peer_pump(&f->session[i].peer);
	}
	return r;
}

/* Not by priority: the kernel stops who never rests for 50 ms in each second. */
static int deadline_set(pid_t pid)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime_ns, deadline_ns, period_ns;
	} attr = { .size = sizeof(attr),
		   .policy = SCHED_DEADLINE,
		   .flags = RESET_ON_FORK,
		   .runtime_ns = PERIOD_NS * 9 / 10,
		   .deadline_ns = PERIOD_NS,
		   .period_ns = PERIOD_NS };

	return syscall(SYS_sched_setattr, pid, &attr, 0) < 0 ? -errno : 0;
}

/* The kernel carries on what is sent here on the sender's CPU, by a thread that would wait for
 * margayd where that has the same CPU: the bench and what it forks stay on the last one. */
static int keep_apart(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)sysconf(_SC_NPROCESSORS_ONLN) - 1, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) < 0 ? -errno : 0;
}

void fleet_hurry(const struct fleet *f)
{
	const struct sched_param param = { .sched_priority = PRIORITY };
	int r = deadline_set(f->process.pid);

	if (r == 0 && sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) < 0)
		r = -errno;
	if (r == 0)
		r = keep_apart();
	if (r < 0)
		log_warn(r, "no real time to be had: times have others' work in them");
}

void fleet_blink(void)
{
	const struct timespec blink = { .tv_nsec = 5000 };

	nanosleep(&blink, NULL);
}
