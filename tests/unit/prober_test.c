/* SPDX-License-Identifier: BSD-2-Clause */
/* Sender and reflector on a real loop, with real packets over the loopback interface. */
#include "base/util.h"
#include "probe/port.h"
#include "probe/prober.h"
#include "probe/reflector.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <sys/socket.h>

#define PATIENCE_MS 8000
#define PORT_FROM   20000 /* a reflector of each test has one of its own */

struct bench {
	uv_loop_t loop;
	uv_timer_t tick;
	struct prober *prober;
	struct reflector *reflector;
	uint16_t port;
	unsigned int news, losses;
	double rtt_s;
	struct addr of;
	bool (*done)(void);
	uint64_t until_ms;
};

static struct bench b; /* one a test: Criterion gives each a process of its own */
static uint32_t sender_rate = 1000;

static void on_measured(void *user, const struct addr *egress, double rtt_s)
{
	if (rtt_s < 0)
		b.losses++;
	else
		b.news++;
	b.rtt_s = rtt_s;
	b.of = *egress;
}

static const struct prober_ops ops = { on_measured };

static void on_tick(uv_timer_t *timer)
{
	if (b.done() || uv_now(&b.loop) > b.until_ms)
		uv_stop(&b.loop);
}

/* False: patience has ended. */
static bool wait_for(bool (*done)(void), uint64_t ms)
{
	b.done = done;
	uv_update_time(&b.loop);
	b.until_ms = uv_now(&b.loop) + ms;
	uv_timer_start(&b.tick, on_tick, 5, 5);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	uv_timer_stop(&b.tick);
	return done();
}

static struct addr addr_of(const char *text)
{
	struct addr addr = { 0 };

	cr_assert(eq(int, addr_parse(text, &addr), 0));
	return addr;
}

static void set_up(const struct stamp_key *ours, const struct stamp_key *theirs, uint32_t rate)
{
	struct prober_config config = { .interval_ms = 100,
					.rate_max = sender_rate,
					.max_age_ms = 500 };
	struct reflector_config reflector = { .rate_max = rate };
	int r = -1;

	uv_loop_init(&b.loop);
	uv_timer_init(&b.loop, &b.tick);
	if (ours)
		config.key = *ours;
	if (theirs)
		reflector.key = *theirs;
	for (uint16_t i = 0; i < 64 && r < 0; i++) {
		reflector.port = (uint16_t)(PORT_FROM + getpid() % 20000 + i);
		r = reflector_new(&b.loop, &reflector, &b.reflector);
	}
	cr_assert(eq(int, r, 0));
	config.port = b.port = reflector.port;
	cr_assert(eq(int, prober_new(&b.loop, &config, &ops, NULL, &b.prober), 0));
}

static void tear_down(void)
{
	prober_free(&b.prober);
	reflector_free(&b.reflector);
	uv_close((uv_handle_t *)&b.tick, NULL);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	cr_expect(eq(int, uv_loop_close(&b.loop), 0));
}

static struct prober_view view_of(size_t index)
{
	struct prober_view view = { 0 };

	cr_assert(prober_view(b.prober, index, &view));
	return view;
}

static bool answered_ten(void)
{
	struct prober_view v = view_of(0);

	return v.answered >= 10;
}

static void measures(const char *egress, const struct stamp_key *key)
{
	struct addr to = addr_of(egress);
	struct reflector_counts counts;
	struct prober_view v;

	set_up(key, key, 1000);
	cr_assert(eq(int, prober_targets(b.prober, &to, 1), 0));
	cr_assert(wait_for(answered_ten, PATIENCE_MS), "ten answers");
	v = view_of(0);
	reflector_counts(b.reflector, &counts);
	cr_expect(v.rtt_s > 0 && v.median_s > 0 && v.least_s > 0 && v.least_s <= v.median_s);
	cr_expect(v.median_s < 0.05, "%g s over the loopback", v.median_s);
	cr_expect(eq(u64, v.refused, 0), "%s", v.fault);
	cr_expect(counts.reflected >= v.answered && !counts.refused && !counts.malformed);
	cr_expect(addr_equal(&b.of, &to) && b.news);
	tear_down();
}

Test(prober, measures_ipv4)
{
	measures("127.0.0.1", NULL);
}

Test(prober, measures_ipv6)
{
	measures("::1", NULL);
}

/* The answer has to come from the address that was asked. */
Test(prober, measures_another_address_of_the_host)
{
	measures("127.0.0.77", NULL);
}

static const struct stamp_key key = { "secret", 6 }, other = { "Secret", 6 };

Test(prober, measures_with_authentication)
{
	measures("127.0.0.1", &key);
}

static bool sent_five(void)
{
	return view_of(0).sent >= 5;
}

static void refused(const struct stamp_key *ours, const struct stamp_key *theirs, bool malformed)
{
	struct addr to = addr_of("127.0.0.1");
	struct reflector_counts counts;

	set_up(ours, theirs, 1000);
	cr_assert(eq(int, prober_targets(b.prober, &to, 1), 0));
	cr_assert(wait_for(sent_five, PATIENCE_MS));
	reflector_counts(b.reflector, &counts);
	cr_expect(eq(u64, counts.reflected, 0));
	cr_expect(malformed ? counts.malformed > 0 : counts.refused > 0);
	cr_expect(eq(u64, view_of(0).answered, 0));
	cr_expect(eq(uint, b.news, 0));
	tear_down();
}

Test(prober, wrong_key_measures_nothing)
{
	refused(&key, &other, false);
}

Test(prober, no_key_measures_nothing)
{
	refused(NULL, &key, true);
}

static bool has_forgotten(void)
{
	return b.losses > 0;
}

/* When the reflector goes, the time is used for max_age_ms, and then is none. */
Test(prober, forgets_what_is_too_old)
{
	struct addr to = addr_of("127.0.0.1");

	set_up(NULL, NULL, 1000);
	cr_assert(eq(int, prober_targets(b.prober, &to, 1), 0));
	cr_assert(wait_for(answered_ten, PATIENCE_MS));
	reflector_free(&b.reflector);
	cr_assert(wait_for(has_forgotten, PATIENCE_MS));
	cr_expect(b.rtt_s < 0 && view_of(0).rtt_s < 0 && view_of(0).median_s < 0);
	tear_down();
}

static bool limits(void)
{
	struct reflector_counts counts;

	reflector_counts(b.reflector, &counts);
	return counts.limited > 0;
}

#define MANY 50

static void many_targets(struct addr to[MANY])
{
	for (size_t i = 0; i < MANY; i++) {
		to[i] = addr_of("127.0.0.1");
		to[i].octet[15] = (uint8_t)(i + 1);
	}
}

static uint64_t sent_in_all(void)
{
	struct prober_view view;
	uint64_t sent = 0;

	for (size_t i = 0; prober_view(b.prober, i, &view); i++)
		sent += view.sent;
	return sent;
}

static bool sent_forty(void)
{
	return sent_in_all() >= 40;
}

/* By their interval it would be 500 a second. */
Test(prober, sender_keeps_its_rate)
{
	struct addr to[MANY];
	uint64_t begun = uv_hrtime();

	many_targets(to);
	sender_rate = 50;
	set_up(NULL, NULL, 1000);
	cr_assert(eq(int, prober_targets(b.prober, to, MANY), 0));
	cr_assert(wait_for(sent_forty, PATIENCE_MS));
	cr_expect(sent_in_all() <= 1 + (uv_hrtime() - begun) / 20000000, "%llu",
		  (unsigned long long)sent_in_all());
	tear_down();
}

Test(prober, reflector_keeps_its_rate)
{
	struct addr to[MANY];
	struct reflector_counts counts;
	uint64_t begun;

	many_targets(to);
	set_up(NULL, NULL, 50);
	begun = uv_hrtime();
	cr_assert(eq(int, prober_targets(b.prober, to, ARRAY_SIZE(to)), 0));
	cr_assert(wait_for(limits, PATIENCE_MS));
	reflector_counts(b.reflector, &counts);
	cr_expect(counts.reflected <= 51 + (uv_hrtime() - begun) / 20000000, "%lu",
		  (unsigned long)counts.reflected);
	tear_down();
}

/* Those that stay keep what was measured, in whatever order the list names them. */
Test(prober, targets_come_and_go)
{
	struct addr two[] = { addr_of("127.0.0.2"), addr_of("127.0.0.1"), addr_of("127.0.0.2") };
	struct prober_view v;

	set_up(NULL, NULL, 1000);
	cr_assert(eq(int, prober_targets(b.prober, &two[1], 1), 0));
	cr_assert(wait_for(answered_ten, PATIENCE_MS));
	cr_assert(eq(int, prober_targets(b.prober, two, 3), 0));
	v = view_of(0);
	cr_expect(addr_equal(&v.egress, &two[1]) && v.answered >= 10 && v.rtt_s > 0);
	v = view_of(1);
	cr_expect(addr_equal(&v.egress, &two[0]) && v.answered == 0 && v.rtt_s < 0);
	cr_expect(not(prober_view(b.prober, 2, &v)));
	cr_assert(eq(int, prober_targets(b.prober, two, 1), 0));
	cr_expect(eq(uint, b.losses, 1), "who had a time and went is not known any more");
	cr_assert(eq(int, prober_targets(b.prober, NULL, 0), 0));
	cr_expect(not(prober_view(b.prober, 0, &v)));
	tear_down();
}

/* --- against forged and strange packets --------------------------------------------------------
 */
static struct stamp_request last;
static unsigned int probes;
static struct port *fake, *via; /* via: that it answers by */
static struct stamp_reply forged;
static unsigned int copies;
static const struct stamp_key no_key;
static const struct stamp_key *asked_with = &no_key, *answered_with = &no_key;

static void on_probe(void *user, struct port_packet *packet)
{
	struct stamp_reply reply = forged;

	if (stamp_request_decode(packet->octets, packet->len, asked_with, &last) < 0)
		return;
	probes++;
	reply.request = (struct stamp_request){ .seq = last.seq + forged.request.seq,
						.sent = last.sent + forged.request.sent,
						.error = last.error };
	stamp_reflect(packet->octets, packet->len, answered_with, &reply);
	for (unsigned int i = 0; i < copies; i++)
		port_send(via, &packet->to, &packet->from, packet->from_port, packet->octets,
			  packet->len, NULL);
}

static const struct port_ops fake_ops = { .received = on_probe };

static bool probed_five(void)
{
	return probes >= 5 && view_of(0).sent >= 6;
}

static void against(const struct stamp_reply *reply, unsigned int times)
{
	struct addr to = addr_of("127.0.0.1");
	struct port_config config = { .local = to };

	set_up(asked_with, NULL, 1000);
	reflector_free(&b.reflector);
	uv_run(&b.loop, UV_RUN_NOWAIT);
	forged = *reply;
	copies = times;
	config.port = b.port;
	cr_assert(eq(int, port_open(&b.loop, &config, &fake_ops, NULL, &fake), 0));
	if (!via)
		via = fake;
	cr_assert(eq(int, prober_targets(b.prober, &to, 1), 0));
	cr_assert(wait_for(probed_five, PATIENCE_MS));
}

static const struct stamp_reply honest = { .error = STAMP_ERROR_OURS };

Test(prober, an_answer_counts_once)
{
	against(&honest, 3);
	cr_expect(view_of(0).answered >= 4);
	cr_expect(view_of(0).strays >= 8);
	port_close(&fake);
	tear_down();
}

Test(prober, answers_to_what_was_not_asked_are_strays)
{
	struct stamp_reply reply = honest;

	reply.request.sent = 1;
	against(&reply, 1);
	cr_expect(eq(u64, view_of(0).answered, 0));
	cr_expect(view_of(0).strays >= 4);
	port_close(&fake);
	tear_down();
}

/* Whoever hears what is asked on the way could answer by a port of his own. */
Test(prober, answers_by_another_port_are_nobodys)
{
	static const struct port_ops deaf = { 0 };
	struct port_config config = { .local = addr_of("127.0.0.1") };
	uv_loop_t loop;
	struct port *elsewhere = NULL;

	uv_loop_init(&loop);
	cr_assert(eq(int, port_open(&loop, &config, &deaf, NULL, &elsewhere), 0));
	via = elsewhere;
	against(&honest, 1);
	cr_expect(eq(u64, view_of(0).answered, 0));
	cr_expect(eq(u64, view_of(0).refused + view_of(0).strays, 0));
	port_close(&fake);
	port_close(&elsewhere);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	tear_down();
}

Test(prober, answers_without_the_right_proof_are_refused)
{
	asked_with = &key;
	answered_with = &other;
	against(&honest, 1);
	cr_expect(eq(u64, view_of(0).answered, 0));
	cr_expect(view_of(0).refused >= 4);
	cr_expect(strstr(view_of(0).fault, "HMAC") != NULL);
	port_close(&fake);
	tear_down();
}

/* Longer at the reflector than the whole way took, or for less than no time. */
static void impossible(uint64_t received, uint64_t sent)
{
	struct stamp_reply reply = honest;

	reply.received = received;
	reply.sent = sent;
	against(&reply, 1);
	cr_expect(eq(u64, view_of(0).answered, 0));
	cr_expect(view_of(0).refused >= 4);
	port_close(&fake);
	tear_down();
}

Test(prober, times_that_are_too_long_are_refused)
{
	impossible(0, 1ull << 33);
}

Test(prober, times_that_run_backwards_are_refused)
{
	impossible(1ull << 20, 0);
}
