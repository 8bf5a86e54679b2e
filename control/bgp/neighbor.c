/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A neighbour may be connected twice, once by us and once by it. Both sessions run until an
 * OPEN tells who is who; then one of them goes (RFC 4271 section 6.8), and while one is Established
 * the other one rests. Routes belong to the neighbour, not to the session: they are withdrawn when
 * the Established one ends.
 */
#include "bgp/neighbor.h"
#include "base/log.h"
#include "base/util.h"
#include "bgp/adj_out.h"
#include "bgp/limits.h"
#include "bgp/message.h"
#include "bgp/notified.h"
#include "bgp/reason.h"
#include "bgp/session.h"
#include "bgp/speaker.h"
#include "bgp/stale.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AGAIN_MS   3000
#define REFRESH_MS 1000 /* at least between two marks of all routes of a family */

enum { DIALS, IS_DIALLED, SESSIONS };

struct neighbor {
	struct speaker *speaker;
	uint32_t id;
	struct bgp_neighbor_config config;
	struct session *session[SESSIONS];
	struct session *up;         /* the Established one of them, or NULL */
	const struct session *wins; /* a collision, while the other one is being closed */
	struct rib_source source;
	struct adj_out *out;     /* while up */
	struct export_target to; /* while up */
	uint32_t hold_off_ms;
	uint32_t end_of_rib; /* families; of the Established session */
	struct graceful graceful;
	bool hard;           /* the session ends so that no routes are kept */
	uv_timer_t *stale;   /* its own block: closed asynchronously by the loop */
	bool shut;           /* administratively: no session is started */
	bool limit_near;     /* of its routes; it has been said */
	uint64_t restart_ms; /* after a limit has ended the session, in place of the hold-off */
	uint64_t limited, paths_refused;
	uint64_t begun_ms[BGP_FAMILY_COUNT]; /* its last BoRR that counted (RFC 7313) */
	uint64_t down_ms;                    /* since when it is not up, where it is not */
	struct bgp_notified sent, received;
	char name[ADDR_STRLEN], last_error[240];
	uint64_t updates_in, updates_out, established, ignored, out_of_scope;
	uint64_t faults[FAULT_RESET + 1];
};

static struct session *other_session(const struct neighbor *n, const struct session *session)
{
	return n->session[session == n->session[DIALS] ? IS_DIALLED : DIALS];
}

/* Ends a session; where NOTIFICATIONs let routes stay, those that are not to stay are taken along
 * by a Hard Reset (RFC 8538). */
static void session_cease(struct neighbor *n, struct session *session,
			  const struct notification *why)
{
	uint8_t octets[NOTIFICATION_HARD_MAX];
	struct notification hard;

	if (session != n->up || !n->graceful.notification || !graceful_is_hard(why->subcode)) {
		session_stop(session, why);
		return;
	}
	notification_harden(why, octets, &hard);
	session_stop(session, &hard);
}

static void neighbor_stop(struct neighbor *n, uint8_t subcode)
{
	const struct notification why = { .code = NOTIFICATION_CEASE, .subcode = subcode };

	if (n->up)
		session_cease(n, n->up, &why);
}

/* RFC 4271 section 6.8 with RFC 6286 section 2.3: the connection stays that the router with the
 * greater identifier has dialled; of equal identifiers, the one with the greater AS. */
static bool ours_stays(const struct neighbor *n, const struct bgp_open *theirs)
{
	const struct bgp_config *ours = &n->speaker->config;
	int order = memcmp(ours->router_id, theirs->id, sizeof(theirs->id));

	return order ? order > 0 : ours->as > theirs->as;
}

static bool on_opened(void *user, struct session *session)
{
	struct neighbor *n = user;
	struct session *other = other_session(n, session);
	bool stays = ours_stays(n, session_theirs(session)) == (session == n->session[DIALS]);

	switch (session_fsm(other)->state) {
	case FSM_ESTABLISHED:
		return false;
	case FSM_OPEN_CONFIRM:
		n->wins = stays ? session : NULL;
		if (stays)
			session_collide(other);
		n->wins = NULL;
		return stays;
	default:
		return true;
	}
}

static void source_set(struct neighbor *n, const struct session *session)
{
	const struct bgp_open *theirs = session_theirs(session);

	/* Not its routes: some may have stayed. */
	n->source.neighbor = n->id;
	n->source.external = !session_codec(session)->ibgp;
	n->source.client = n->config.client;
	n->source.addr = n->config.remote;
	memcpy(n->source.router_id, theirs->id, sizeof(theirs->id));
}

static struct export_target export_target(const struct neighbor *n, const struct session *session)
{
	static const uint8_t none[4];
	const struct bgp_config *bgp = &n->speaker->config;
	struct export_target to = { .neighbor = n->id,
				    .client = n->config.client,
				    .next_hop_self = n->config.next_hop_self,
				    .local = session_local(session),
				    .codec = *session_codec(session) };
	bool cluster = memcmp(bgp->cluster_id, none, sizeof(none));

	if (to.codec.add_path_out) /* else it makes no difference, nor another update group */
		to.paths_max = n->config.limits.paths_out;
	memcpy(to.cluster_id, cluster ? bgp->cluster_id : bgp->router_id, sizeof(to.cluster_id));
	return to;
}

/* --- for those who watch --- */
static struct bgp_peer peer_of(const struct neighbor *n, const struct session *session)
{
	struct bgp_peer peer = { .neighbor = n->id,
				 .local = n->to.local,
				 .remote = n->config.remote,
				 .codec = &n->to.codec };

	memcpy(peer.router_id, n->source.router_id, sizeof(peer.router_id));
	session_peer(session, &peer);
	return peer;
}

static void observe_up(const struct neighbor *n)
{
	const struct speaker *s = n->speaker;
	struct bgp_peer peer;

	if (!s->observer)
		return;
	peer = peer_of(n, n->up);
	s->observer->up(s->observer_user, &peer);
}

static void observe_down(const struct neighbor *n, const struct session *session)
{
	const struct speaker *s = n->speaker;
	struct bgp_ending ending;
	struct bgp_peer peer;

	if (!s->observer)
		return;
	peer = peer_of(n, session);
	ending = session_ending(session);
	s->observer->down(s->observer_user, &peer, &ending);
}

static void observe_update(const struct neighbor *n, const struct session *session,
			   struct cursor body, enum fault fault)
{
	const struct speaker *s = n->speaker;
	struct cursor message;
	struct bgp_peer peer;

	if (!s->observer)
		return;
	message = cursor_of(body.at - MESSAGE_HEADER_LEN, cursor_left(&body) + MESSAGE_HEADER_LEN);
	peer = peer_of(n, session);
	s->observer->update(s->observer_user, &peer, message, fault);
}

/* --- routes that outlast their session: graceful.c has the rules, stale.c does it --- */
static uint64_t now_ms(const struct neighbor *n)
{
	return uv_now(n->speaker->loop);
}

static void stale_arm(struct neighbor *n);

static void on_stale(uv_timer_t *timer)
{
	struct neighbor *n = timer->data;
	uint32_t gone, prolonged;

	graceful_expire(&n->graceful, now_ms(n), &gone, &prolonged);
	if (gone && n->source.stale_count)
		log_info("neighbor %s: time is up for its %zu stale routes", n->name,
			 n->source.stale_count);
	stale_sweep(n->speaker, &n->source, gone);
	stale_prolong(n->speaker, &n->source, prolonged);
	stale_arm(n);
	speaker_settle(n->speaker);
}

static void stale_arm(struct neighbor *n)
{
	uint64_t next = graceful_next_ms(&n->graceful), now = now_ms(n);

	if (next == GRACEFUL_NEVER)
		uv_timer_stop(n->stale);
	else
		uv_timer_start(n->stale, on_stale, next > now ? next - now : 0, 0);
}

/* Another router at that address, or one that did not go on forwarding, has none of the routes. */
static void stale_return(struct neighbor *n, const struct session *session)
{
	const struct bgp_open *theirs = session_theirs(session);
	uint32_t gone = graceful_up(&n->graceful, &n->config, session_ours(session), theirs,
				    session_codec(session)->families, now_ms(n));

	if (memcmp(n->source.router_id, theirs->id, sizeof(theirs->id)))
		gone = ~0u;
	stale_sweep(n->speaker, &n->source, gone);
	stale_arm(n);
}

static void stale_told(struct neighbor *n, enum bgp_family family)
{
	if (!graceful_told(&n->graceful, family))
		return;
	stale_sweep(n->speaker, &n->source, BIT(family));
	stale_arm(n);
}

static void stale_begin(struct neighbor *n)
{
	uint32_t families = graceful_down(&n->graceful, n->hard, now_ms(n));

	stale_keep(n->speaker, &n->source, families);
	stale_arm(n);
	if (n->source.stale_count)
		log_info("neighbor %s: its %zu routes stay, for %u s at first", n->name,
			 n->source.stale_count, n->graceful.restart_ms / 1000);
}

static void stale_end(struct neighbor *n)
{
	graceful_down(&n->graceful, true, now_ms(n));
	stale_keep(n->speaker, &n->source, 0);
	stale_arm(n);
}

static void on_up(void *user, struct session *session)
{
	const struct notification collision = { NOTIFICATION_CEASE, CEASE_COLLISION, NULL, 0 };
	struct neighbor *n = user;

	session_stop(other_session(n, session), &collision);
	n->up = session;
	if (!strncmp(n->last_error, "connect:", strlen("connect:")))
		*n->last_error = '\0'; /* of a dial before this one, and over */
	n->established++;
	n->hard = false;
	stale_return(n, session);
	source_set(n, session);
	n->to = export_target(n, session);
	log_info("neighbor %s: Established", n->name);
	n->out = adj_out_new(&n->speaker->outs, &n->to);
	observe_up(n);
	if (!n->out)
		neighbor_stop(n, CEASE_RESOURCES);
}

static void sessions_start(struct neighbor *n, uint64_t delay_ms)
{
	if (n->shut)
		return;
	if (!n->config.passive)
		session_start(n->session[DIALS], delay_ms);
	session_start(n->session[IS_DIALLED], delay_ms);
}

static void on_down(void *user, struct session *session, uint64_t established_ms)
{
	struct neighbor *n = user;

	if (session == n->up) {
		log_info("neighbor %s: down, %s", n->name, n->last_error);
		observe_down(n, session);
		n->up = NULL;
		n->down_ms = uv_now(n->speaker->loop);
		n->limit_near = false;
		n->end_of_rib = 0;
		adj_out_free(&n->out);
		stale_begin(n);
	} else if (n->up || n->wins ||
		   session_fsm(other_session(n, session))->state >= FSM_OPEN_CONFIRM) {
		return; /* gave way: on_down() of the other one starts it again */
	}
	n->hold_off_ms = fsm_hold_off_ms(n->hold_off_ms, established_ms);
	sessions_start(n, n->restart_ms ? n->restart_ms : n->hold_off_ms);
	n->restart_ms = 0;
}

static void on_failed(void *user, const char *words)
{
	struct neighbor *n = user;

	snprintf(n->last_error, sizeof(n->last_error), "%s", words);
	log_debug("neighbor %s: %s", n->name, words);
}

static bool is_collision(const struct notification *n)
{
	return n->code == NOTIFICATION_CEASE && n->subcode == CEASE_COLLISION;
}

static bool is_hard_reset(const struct notification *n)
{
	return n->code == NOTIFICATION_CEASE && n->subcode == CEASE_HARD_RESET;
}

/* Of a session that gives way to another one nobody needs to know. */
static void on_notified(void *user, struct session *session, bool sent, bool told,
			const struct notification *notification)
{
	struct neighbor *n = user;

	if (n->up ? n->up != session : is_collision(notification))
		return;
	n->hard = !n->graceful.notification || is_hard_reset(notification);
	notified_keep(sent ? &n->sent : &n->received, notification, told, uv_now(n->speaker->loop));
	if (!sent && *n->received.reason)
		log_info("neighbor %s: %s: %s", n->name, n->received.text, n->received.reason);
}

/* RFC 4271 section 9.1.2, RFC 4456 section 8: what has been here before is not a way out. */
static bool path_loops(const struct neighbor *n, const struct bgp_path *path)
{
	const struct bgp_config *bgp = &n->speaker->config;

	return bgp_path_has_as(path, bgp->as) || bgp_path_has_cluster(path, n->to.cluster_id) ||
	       (path->has & BGP_HAS_ORIGINATOR &&
		!memcmp(path->originator_id, bgp->router_id, sizeof(bgp->router_id)));
}

static void limits_apply(struct neighbor *n, enum bgp_family family)
{
	enum limits_verdict verdict = limits_check(&n->config.limits, &n->source, family);

	if (verdict == LIMITS_NEAR && !n->limit_near)
		log_warn(0, "neighbor %s: %zu routes, near its limit", n->name,
			 n->source.route_count);
	n->limit_near |= verdict == LIMITS_NEAR;
	if (verdict != LIMITS_OVER)
		return;
	n->limited++;
	n->restart_ms = n->config.limits.restart_s * UINT64_C(1000);
	neighbor_stop(n, CEASE_MAX_PREFIXES);
}

static void route_announce(struct neighbor *n, const struct update_item *item)
{
	if (limits_refuse(&n->config.limits, n->speaker->rib, n->id, &item->nlri)) {
		n->paths_refused++;
		return;
	}
	if (speaker_announce(n->speaker, &n->source, &item->nlri, item->path) < 0)
		neighbor_stop(n, CEASE_RESOURCES);
	else
		limits_apply(n, item->family);
}

static void update_apply(struct neighbor *n, const struct session *session)
{
	struct update_item item;

	while (n->up == session && update_next(&n->speaker->update, &item)) {
		bool loops = item.path && path_loops(n, item.path);

		if (!(n->to.codec.families & BIT(item.family)))
			continue; /* RFC 4760 section 6 */
		n->ignored += loops;
		if (!item.path || loops)
			speaker_withdraw(n->speaker, &n->source, &item.nlri);
		else
			route_announce(n, &item);
	}
}

static void end_of_rib_note(struct neighbor *n, const struct bgp_update *update)
{
	if (!update->end_of_rib)
		return;
	n->end_of_rib |= BIT(update->end_of_rib_family) & n->to.codec.families;
	n->speaker->unsettled = true;
	stale_told(n, update->end_of_rib_family);
}

static void on_update(void *user, struct session *session, struct cursor body)
{
	struct neighbor *n = user;
	struct bgp_update *update = &n->speaker->update;
	enum fault fault = update_decode(session_codec(session), body, update);

	n->updates_in++;
	n->faults[fault]++;
	n->out_of_scope += update->out_of_scope;
	if (fault == FAULT_RESET) {
		observe_update(n, session, body, fault);
		session_fail(session, &update->notification);
		return;
	}
	end_of_rib_note(n, update);
	update_apply(n, session);
	observe_update(n, session, body, fault);
}

/* All routes of the family are marked: a message of 23 octets must not cost that as often as it
 * comes. One that does not count purges nothing by its End. */
static void refresh_begin(struct neighbor *n, enum bgp_family family)
{
	if (n->begun_ms[family] && now_ms(n) - n->begun_ms[family] < REFRESH_MS)
		return;
	n->begun_ms[family] = now_ms(n);
	graceful_refreshed(&n->graceful, family, now_ms(n));
	stale_mark(&n->source, BIT(family));
	stale_arm(n);
}

static void on_refresh(void *user, struct session *session, const struct route_refresh *refresh)
{
	struct neighbor *n = user;

	switch (refresh->kind) {
	case ROUTE_REFRESH_REQUEST:
		if (n->out)
			adj_out_refresh(n->out, refresh->family);
		break;
	case ROUTE_REFRESH_BEGIN:
		refresh_begin(n, refresh->family);
		break;
	case ROUTE_REFRESH_END:
		stale_told(n, refresh->family);
	}
}

static void on_settled(void *user)
{
	struct neighbor *n = user;

	speaker_settle(n->speaker);
}

static const struct session_ops session_ops = {
	.opened = on_opened,
	.up = on_up,
	.update = on_update,
	.refresh = on_refresh,
	.settled = on_settled,
	.down = on_down,
	.failed = on_failed,
	.notified = on_notified,
};

static int sessions_new(struct neighbor *n)
{
	struct session_config config = { .loop = n->speaker->loop,
					 .bgp = &n->speaker->config,
					 .neighbor = &n->config,
					 .self = &n->speaker->self,
					 .ops = &session_ops,
					 .user = n };

	n->stale = malloc(sizeof(*n->stale));
	if (!n->stale)
		return -ENOMEM;
	if (uv_timer_init(n->speaker->loop, n->stale) < 0) {
		freep(&n->stale);
		return -ENOMEM;
	}
	n->stale->data = n;
	for (int i = 0; i < SESSIONS; i++) {
		config.passive = i == IS_DIALLED;
		n->session[i] = session_new(&config);
		if (!n->session[i])
			return -ENOMEM;
	}
	return 0;
}

struct neighbor *neighbor_new(struct speaker *speaker, uint32_t id,
			      const struct bgp_neighbor_config *config)
{
	struct neighbor *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	*n = (struct neighbor){ .speaker = speaker,
				.id = id,
				.config = *config,
				.shut = config->shutdown,
				.down_ms = uv_now(speaker->loop) };
	addr_format(&config->remote, n->name);
	if (sessions_new(n) < 0)
		neighbor_free(&n);
	else
		sessions_start(n, 0);
	return n;
}

/* The words go with a shutdown or a reset only (RFC 9003 section 2). */
static struct notification cease_words(const struct neighbor *n, uint8_t cease, const char *reason,
				       uint8_t ret_words[1 + REASON_MAX])
{
	struct notification why = { .code = NOTIFICATION_CEASE, .subcode = cease };

	if (cease != CEASE_SHUTDOWN && cease != CEASE_RESET)
		return why;
	why.len = reason_encode(reason && *reason ? reason : n->config.reason, ret_words);
	why.data = ret_words;
	return why;
}

void neighbor_shut(struct neighbor *n, uint8_t cease, const char *reason)
{
	uint8_t words[1 + REASON_MAX];
	const struct notification why = cease_words(n, cease, reason, words);

	n->shut = true;
	for (int i = 0; i < SESSIONS; i++)
		session_cease(n, n->session[i], &why);
	stale_end(n); /* those of a session that ended before, too */
}

void neighbor_leave(struct neighbor *n)
{
	const struct notification reset = { .code = NOTIFICATION_CEASE, .subcode = CEASE_RESET };

	n->shut = true;
	if (!n->up || !n->graceful.mutual)
		return;
	if (n->graceful.notification)
		session_stop(n->up, &reset);
	else
		session_lose(n->up, "to restart");
}

void neighbor_enable(struct neighbor *n)
{
	if (!n->shut)
		return;
	n->shut = false;
	n->hold_off_ms = 0;
	sessions_start(n, 0);
}

void neighbor_reset(struct neighbor *n, const char *reason)
{
	uint8_t words[1 + REASON_MAX];
	const struct notification why = cease_words(n, CEASE_RESET, reason, words);

	if (n->up) {
		session_stop(n->up, &why);
		return;
	}
	if (n->shut)
		return;
	for (int i = 0; i < SESSIONS; i++)
		session_stop(n->session[i], &why);
	n->hold_off_ms = 0;
	n->restart_ms = 0;
	sessions_start(n, 0);
}

static void on_timer_closed(uv_handle_t *timer)
{
	free(timer);
}

void neighbor_free(struct neighbor **neighbor)
{
	struct neighbor *n = TAKE_PTR(*neighbor);

	if (!n)
		return;
	for (int i = 0; i < SESSIONS; i++)
		session_free(&n->session[i]);
	if (n->stale)
		uv_close((uv_handle_t *)n->stale, on_timer_closed);
	free(n);
}

void neighbor_accept(struct neighbor *n, struct transport **transport)
{
	/* RFC 4724 section 4.2: who dials again has lost the connection that it had. Not one that
	 * has just come up: this may be the loser of a collision. */
	if (n->up && n->graceful.families && now_ms(n) - session_fsm(n->up)->since_ms >= AGAIN_MS)
		session_lose(n->up, "the neighbor connects again");
	session_accept(n->session[IS_DIALLED], transport);
}

bool neighbor_is_spent(const struct neighbor *n, uint64_t after_ms)
{
	return !n->up && !n->source.route_count &&
	       uv_now(n->speaker->loop) - n->down_ms >= after_ms;
}

void neighbor_rekey(struct neighbor *n, const struct tcp_auth *auth)
{
	int first = 0;

	for (int i = 0; i < SESSIONS; i++) {
		int r = session_rekey(n->session[i], auth);

		first = first < 0 ? first : r;
	}
	n->config.socket.auth = *auth;
	log_info("neighbor %s: has other keys", n->name);
	if (first == 0)
		return;
	log_warn(first, "neighbor %s: its session cannot change to them, and is reset%s", n->name,
		 socket_auth_remedy(first));
	neighbor_reset(n, "other keys");
}

void neighbor_adjust(struct neighbor *n, const struct bgp_neighbor_config *config)
{
	uint8_t paths_out = n->config.limits.paths_out;

	memcpy(n->config.description, config->description, sizeof(n->config.description));
	memcpy(n->config.reason, config->reason, sizeof(n->config.reason));
	if (!memcmp(&n->config.limits, &config->limits, sizeof(n->config.limits)))
		return;
	n->config.limits = config->limits;
	n->config.limits.paths_out = paths_out;
	n->limit_near = false;
	for (int family = 0; family < BGP_FAMILY_COUNT && n->up; family++)
		limits_apply(n, family);
}

void neighbor_send_limit(struct neighbor *n, uint8_t paths_out)
{
	n->config.limits.paths_out = paths_out;
	if (!n->out || !n->to.codec.add_path_out)
		return;
	n->to.paths_max = paths_out;
	if (adj_out_limit(n->out, paths_out) < 0)
		neighbor_stop(n, CEASE_RESOURCES);
}

void neighbor_flush(struct neighbor *n)
{
	_cleanup_(buffer_clear) struct buffer buffer = { 0 };
	int r = 1;

	/* RFC 4724 section 4.1: who has kept our routes is told of them when they are whole. */
	if (n->speaker->self.restarting && n->config.graceful == BGP_GRACEFUL_ENABLED)
		return;
	if (!n->out || !adj_out_due(n->out) || !session_can_send(n->up))
		return;
	while (r > 0 && !buffer.len)
		r = adj_out_flush(n->out, &buffer);
	n->updates_out += buffer.messages;
	if (buffer.len)
		session_send(n->up, &buffer.at, buffer.len);
	if (r < 0)
		neighbor_stop(n, CEASE_RESOURCES);
}

int neighbor_refresh(struct neighbor *n)
{
	if (!n->up)
		return -ENOTCONN;
	if (!n->to.codec.route_refresh)
		return -EOPNOTSUPP;
	for (int family = 0; family < BGP_FAMILY_COUNT; family++)
		if (n->to.codec.families & BIT(family))
			session_refresh(n->up, family);
	return 0;
}

const struct bgp_neighbor_config *neighbor_config(const struct neighbor *n)
{
	return &n->config;
}

/* The one that has come further stands for the neighbour. */
static const struct session *shown_session(const struct neighbor *n)
{
	bool dialled =
		session_fsm(n->session[IS_DIALLED])->state > session_fsm(n->session[DIALS])->state;

	return n->session[dialled ? IS_DIALLED : DIALS];
}

static struct bgp_graceful_state graceful_state(const struct neighbor *n)
{
	const struct graceful *g = &n->graceful;
	uint64_t next = graceful_next_ms(g);

	return (struct bgp_graceful_state){ .mutual = g->mutual,
					    .notification = g->notification,
					    .restarted = n->up && g->restarted,
					    .families = g->families,
					    .restart_s = (uint16_t)(g->restart_ms / 1000),
					    .stale = n->source.stale_count,
					    .long_lived = g->long_lived,
					    .due_ms = next == GRACEFUL_NEVER ? 0 : next };
}

void neighbor_state(const struct neighbor *n, struct bgp_neighbor_state *ret)
{
	const struct fsm *fsm = session_fsm(shown_session(n));

	*ret = (struct bgp_neighbor_state){ .id = n->id,
					    .config = n->config,
					    .state = fsm_state_name(fsm->state),
					    .last_error = n->last_error,
					    .since_ms = fsm->since_ms,
					    .sent = n->sent,
					    .received = n->received,
					    .graceful = graceful_state(n),
					    .shutdown = n->shut,
					    .prefixes_in = n->source.route_count,
					    .updates_in = n->updates_in,
					    .updates_out = n->updates_out,
					    .established = n->established,
					    .ignored = n->ignored,
					    .limited = n->limited,
					    .paths_refused = n->paths_refused,
					    .limit_near = n->limit_near,
					    .faults_reset = n->faults[FAULT_RESET],
					    .faults_withdraw = n->faults[FAULT_WITHDRAW],
					    .faults_discard = n->faults[FAULT_DISCARD] };
	ret->inside = session_inside(&n->config, ret->config.remote_as == n->speaker->config.as);
	explicit_bzero(ret->config.socket.auth.key, sizeof(ret->config.socket.auth.key));
	ret->out_of_scope = n->out_of_scope;
	if (!n->up)
		return;
	session_signing(n->up, &ret->signing);
	ret->config.remote_as = session_theirs(n->up)->as; /* one out of several */
	ret->config.remote_as_max = 0;
	ret->inside = n->to.codec.inside;
	memcpy(ret->remote_id, n->source.router_id, sizeof(ret->remote_id));
	ret->hold_s = session_hold_s(n->up);
	ret->families = n->to.codec.families;
	ret->add_path_in = n->to.codec.add_path_in;
	ret->add_path_out = n->to.codec.add_path_out;
	ret->edge_metadata = n->to.codec.edge_metadata;
	ret->enhanced_refresh = n->to.codec.enhanced_refresh;
	ret->extended_messages = n->to.codec.extended_message;
	ret->end_of_rib = n->end_of_rib;
	ret->prefixes_out = n->out ? adj_out_count(n->out) : 0;
	ret->group = n->out ? adj_out_members(n->out) : 0;
}

uint32_t neighbor_id(const struct neighbor *n)
{
	return n->id;
}

const struct rib_source *neighbor_source(const struct neighbor *n)
{
	return &n->source;
}

bool neighbor_peer(const struct neighbor *n, struct bgp_peer *ret)
{
	if (!n->up)
		return false;
	*ret = peer_of(n, n->up);
	return true;
}
