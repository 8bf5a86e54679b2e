/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: The speaker. Neighbours write into one RIB; each change marks the prefix at every neighbour
 * (adj_out.c), and before the loop waits again each neighbour that has room is sent what is due to
 * it. So changes of one turn go out together, and a neighbour that does not read holds up nobody.
 */
#include "bgp/bgp.h"
#include "base/log.h"
#include "base/util.h"
#include "bgp/notification.h"
#include "bgp/resolver.h"
#include "bgp/state.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

void speaker_touch(struct speaker *s, const struct bgp_dst *dst)
{
	s->unsettled = true;
	adj_outs_touch(&s->outs, dst);
}

/* The owner's callbacks are about neighbours only: it knows its own routes. */
static bool is_told(const struct speaker *s, const struct rib_source *source)
{
	return s->ops && source->neighbor;
}

static void observe_changed(const struct speaker *s, const struct rib_source *source,
			    const struct bgp_nlri *nlri)
{
	if (s->observer && source->neighbor)
		s->observer->changed(s->observer_user, source->neighbor, nlri);
}

int speaker_announce(struct speaker *s, struct rib_source *source, const struct bgp_nlri *nlri,
		     const struct bgp_path *path)
{
	struct bgp_route route = { .neighbor = source->neighbor,
				   .dst = nlri->dst,
				   .path_id = nlri->path_id,
				   .path = path,
				   .received_ms = uv_now(s->loop) };
	int r = rib_announce(s->rib, source, nlri, path, route.received_ms);

	if (r <= 0)
		return r;
	if (is_told(s, source))
		s->ops->announced(s->user, &route);
	observe_changed(s, source, nlri);
	speaker_touch(s, &nlri->dst);
	return 0;
}

int speaker_withdraw(struct speaker *s, struct rib_source *source, const struct bgp_nlri *nlri)
{
	struct bgp_route route = { .neighbor = source->neighbor,
				   .dst = nlri->dst,
				   .path_id = nlri->path_id,
				   .received_ms = uv_now(s->loop) };

	if (!rib_withdraw(s->rib, source, nlri))
		return 0;
	if (is_told(s, source))
		s->ops->withdrawn(s->user, &route);
	observe_changed(s, source, nlri);
	speaker_touch(s, &nlri->dst);
	return 1;
}

/* *path is its path from then on. */
static struct bgp_route route_of(const struct rib_route *r, struct bgp_path *path)
{
	interned_path(r->path, path);
	return (struct bgp_route){ .neighbor = r->source->neighbor,
				   .dst = r->entry->dst,
				   .path_id = r->path_id,
				   .path = path,
				   .path_serial = r->path->serial,
				   .received_ms = r->received_ms,
				   .stale = r->stale };
}

int speaker_prolong(struct speaker *s, struct rib_route *r)
{
	_cleanup_(bgp_path_clear) struct bgp_path path = { 0 };
	const struct bgp_nlri nlri = { .dst = r->entry->dst, .path_id = r->path_id };
	struct bgp_route route;
	struct bgp_path kept;

	if (r->path->communities & INTERNED_LLGR_STALE)
		return 0; /* it was so when it came */
	interned_path(r->path, &kept);
	if (bgp_path_copy(&kept, &path) < 0 ||
	    bgp_path_add_community(&path, BGP_COMMUNITY_LLGR_STALE) < 0 ||
	    rib_route_change(s->rib, r, &path) < 0)
		return -ENOMEM;
	route = route_of(r, &kept);
	if (is_told(s, r->source))
		s->ops->announced(s->user, &route);
	observe_changed(s, r->source, &nlri);
	speaker_touch(s, &nlri.dst);
	return 0;
}

void speaker_settle(struct speaker *s)
{
	if (s->unsettled && s->ops)
		s->ops->settled(s->user);
	s->unsettled = false;
}

static void on_flush(uv_prepare_t *prepare)
{
	struct bgp *bgp = prepare->data;

	next_hops_settle(bgp);
	speaker_settle(&bgp->speaker); /* a session that ended by its timer */
	for (size_t i = 0; i < bgp->speaker.neighbor_count; i++)
		neighbor_flush(bgp->speaker.neighbors[i]);
}

struct neighbor **neighbor_find(const struct bgp *bgp, const struct addr *remote)
{
	for (size_t i = 0; i < bgp->speaker.neighbor_count; i++)
		if (addr_equal(&neighbor_config(bgp->speaker.neighbors[i])->remote, remote))
			return &bgp->speaker.neighbors[i];
	return NULL;
}

/* What speaks against a connection with this neighbour; BGP_REFUSED_COUNT: nothing. */
static enum bgp_refusal connection_check(struct transport *transport,
					 const struct socket_options *options)
{
	uint32_t scope = transport_scope(transport);

	if (scope && scope != if_nametoindex(options->interface))
		return BGP_REFUSED_INTERFACE;
	return transport_options(transport, options) < 0 ? BGP_REFUSED_OPTIONS : BGP_REFUSED_COUNT;
}

static void on_accepted(void *user, struct transport **transport)
{
	struct bgp *bgp = user;
	struct addr remote = transport_remote(*transport);
	struct neighbor **found = neighbor_find(bgp, &remote);
	enum bgp_refusal refusal = BGP_REFUSED_COUNT;

	if (!found)
		found = dynamic_admit(bgp, &remote, &refusal);
	if (found)
		refusal = connection_check(*transport, &neighbor_config(*found)->socket);
	if (refusal < BGP_REFUSED_COUNT)
		bgp->refused[refusal]++;
	else
		neighbor_accept(*found, transport);
}

static int bgp_listen(struct bgp *bgp)
{
	int r;

	if (!bgp->speaker.config.port)
		return 0;
	r = listener_new(bgp->speaker.loop, &bgp->speaker.config.listen, bgp->speaker.config.port,
			 &bgp->listener);
	if (r == 0)
		listener_start(bgp->listener, on_accepted, bgp);
	return r;
}

static int flush_start(struct bgp *bgp)
{
	int r = uv_prepare_init(bgp->speaker.loop, &bgp->flush);

	if (r < 0)
		return r;
	bgp->flush.data = bgp;
	bgp->handles++;
	uv_prepare_start(&bgp->flush, on_flush);
	uv_unref((uv_handle_t *)&bgp->flush); /* does not keep the loop running by itself */
	return 0;
}

int bgp_new(uv_loop_t *loop, const struct bgp_config *config, const struct bgp_ops *ops, void *user,
	    struct bgp **ret)
{
	_cleanup_(bgp_free) struct bgp *bgp = calloc(1, sizeof(*bgp));
	int r;

	if (!bgp)
		return -ENOMEM;
	bgp->speaker = (struct speaker){
		.loop = loop, .config = *config, .ops = ops, .user = user, .rib = rib_new()
	};
	if (!bgp->speaker.rib)
		return -ENOMEM;
	bgp->speaker.outs.rib = bgp->speaker.rib;
	memcpy(bgp->own.router_id, config->router_id, sizeof(bgp->own.router_id));
	r = flush_start(bgp);
	if (r < 0)
		return r;
	r = dynamic_open(bgp);
	if (r < 0)
		return r;
	r = bgp_listen(bgp);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(bgp);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct bgp *bgp = handle->data;

	if (!--bgp->handles)
		free(bgp);
}

static void handle_close(uv_handle_t *handle)
{
	if (handle->data && !uv_is_closing(handle))
		uv_close(handle, on_closed);
}

void bgp_hold(struct bgp *bgp)
{
	bgp->speaker.self = (struct graceful_self){ .restarting = true, .forwarding = true };
}

void bgp_release(struct bgp *bgp)
{
	bgp->speaker.self = (struct graceful_self){ .forwarding = true };
}

void bgp_leave(struct bgp **bgp)
{
	struct speaker *s = &(*bgp)->speaker;

	s->ops = NULL;
	for (size_t i = 0; i < s->neighbor_count; i++)
		neighbor_leave(s->neighbors[i]);
	bgp_free(bgp);
}

void bgp_free(struct bgp **bgp)
{
	struct bgp *b = TAKE_PTR(*bgp);
	struct speaker *s;

	if (!b)
		return;
	s = &b->speaker;
	s->ops = NULL;
	s->observer = NULL;
	for (size_t i = 0; i < s->neighbor_count; i++)
		neighbor_shut(s->neighbors[i], CEASE_SHUTDOWN, NULL);
	while (s->neighbor_count)
		neighbor_free(&s->neighbors[--s->neighbor_count]);
	free(s->neighbors);
	listener_free(&b->listener);
	dynamic_clear(b);
	free(b->moved);
	rib_free(&s->rib);
	if (!b->handles) {
		free(b);
		return;
	}
	handle_close((uv_handle_t *)&b->flush);
	handle_close((uv_handle_t *)&b->dynamic);
}

int keys_change(struct bgp *bgp, const struct tcp_auth *from, const struct tcp_auth *to,
		const struct prefix *peer)
{
	char text[PREFIX_STRLEN];
	int r = listener_rekey(bgp->listener, from, to, peer);

	if (r < 0)
		log_err(r, "neighbor %s: the kernel refuses %s%s", prefix_format(peer, text),
			to ? tcp_auth_name(to) : "to forget its keys", socket_auth_remedy(r));
	return r;
}

int neighbor_create(struct bgp *bgp, const struct bgp_neighbor_config *config)
{
	struct speaker *s = &bgp->speaker;
	struct neighbor **grown, *neighbor;

	grown = reallocarray(s->neighbors, s->neighbor_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->neighbors = grown;
	neighbor = neighbor_new(s, bgp->last_id + 1, config);
	if (!neighbor)
		return -ENOMEM;
	bgp->last_id++;
	s->neighbors[s->neighbor_count++] = neighbor;
	return 0;
}

void neighbor_drop(struct bgp *bgp, struct neighbor **at, uint8_t cease)
{
	struct speaker *s = &bgp->speaker;
	size_t after = s->neighbor_count - (size_t)(at - s->neighbors) - 1;

	neighbor_shut(*at, cease, NULL);
	neighbor_free(at);
	memmove(at, at + 1, after * sizeof(*at));
	s->neighbor_count--;
	speaker_settle(s);
}

int bgp_neighbor_add(struct bgp *bgp, const struct bgp_neighbor_config *config)
{
	struct neighbor **found = neighbor_find(bgp, &config->remote);
	struct prefix host = prefix_of_host(&config->remote);
	int r;

	if (found && !neighbor_config(*found)->dynamic)
		return -EEXIST;
	if (found)
		dynamic_leave(bgp, found);
	r = keys_change(bgp, NULL, &config->socket.auth, &host);
	if (r < 0)
		return r;
	r = neighbor_create(bgp, config);
	if (r < 0)
		keys_change(bgp, &config->socket.auth, NULL, &host);
	return r;
}

int bgp_neighbor_remove(struct bgp *bgp, const struct addr *remote)
{
	struct neighbor **found = neighbor_find(bgp, remote);
	struct prefix host = prefix_of_host(remote);

	if (!found || neighbor_config(*found)->dynamic)
		return -ENOENT;
	keys_change(bgp, &neighbor_config(*found)->socket.auth, NULL, &host);
	neighbor_drop(bgp, found, CEASE_DECONFIGURED);
	return 0;
}

int bgp_neighbor_shutdown(struct bgp *bgp, const struct addr *remote, const char *reason)
{
	struct neighbor **found = neighbor_find(bgp, remote);

	if (!found)
		return -ENOENT;
	neighbor_shut(*found, CEASE_SHUTDOWN, reason);
	speaker_settle(&bgp->speaker);
	return 0;
}

int bgp_neighbor_enable(struct bgp *bgp, const struct addr *remote)
{
	struct neighbor **found = neighbor_find(bgp, remote);

	if (!found)
		return -ENOENT;
	neighbor_enable(*found);
	return 0;
}

int bgp_neighbor_reset(struct bgp *bgp, const struct addr *remote, const char *reason)
{
	struct neighbor **found = neighbor_find(bgp, remote);

	if (!found)
		return -ENOENT;
	neighbor_reset(*found, reason);
	speaker_settle(&bgp->speaker);
	return 0;
}

int bgp_neighbor_rekey(struct bgp *bgp, const struct addr *remote, const struct tcp_auth *auth)
{
	struct neighbor **found = neighbor_find(bgp, remote);
	const struct tcp_auth *before = found ? &neighbor_config(*found)->socket.auth : NULL;
	struct prefix host = prefix_of_host(remote);
	int r;

	if (!found || neighbor_config(*found)->dynamic)
		return -ENOENT;
	if (before->kind != auth->kind)
		return -EINVAL;
	r = keys_change(bgp, before, auth, &host);
	neighbor_rekey(*found, auth);
	return r;
}

int bgp_neighbor_adjust(struct bgp *bgp, const struct bgp_neighbor_config *config)
{
	struct neighbor **found = neighbor_find(bgp, &config->remote);

	if (!found || neighbor_config(*found)->dynamic)
		return -ENOENT;
	neighbor_adjust(*found, config);
	speaker_settle(&bgp->speaker);
	return 0;
}

int bgp_neighbor_send_limit(struct bgp *bgp, const struct addr *remote, uint8_t paths_out)
{
	struct neighbor **found = neighbor_find(bgp, remote);

	if (!found || neighbor_config(*found)->dynamic)
		return -ENOENT;
	neighbor_send_limit(*found, paths_out);
	return 0;
}

uint64_t bgp_refused(const struct bgp *bgp, enum bgp_refusal refusal)
{
	return bgp->refused[refusal];
}

int bgp_neighbor_refresh(struct bgp *bgp, const struct addr *remote)
{
	struct neighbor **found = neighbor_find(bgp, remote);

	return found ? neighbor_refresh(*found) : -ENOENT;
}

int bgp_originate(struct bgp *bgp, const struct bgp_dst *dst, const struct bgp_path *path)
{
	return speaker_announce(&bgp->speaker, &bgp->own, &(struct bgp_nlri){ .dst = *dst }, path);
}

int bgp_withdraw(struct bgp *bgp, const struct bgp_dst *dst)
{
	return speaker_withdraw(&bgp->speaker, &bgp->own, &(struct bgp_nlri){ .dst = *dst })
		       ? 0
		       : -ENOENT;
}

bool bgp_neighbor_state(const struct bgp *bgp, size_t index, struct bgp_neighbor_state *ret)
{
	if (index >= bgp->speaker.neighbor_count)
		return false;
	neighbor_state(bgp->speaker.neighbors[index], ret);
	return true;
}

void bgp_observe(struct bgp *bgp, const struct bgp_observer *observer, void *user)
{
	bgp->speaker.observer = observer;
	bgp->speaker.observer_user = user;
}

void bgp_peers(const struct bgp *bgp, void (*visit)(void *user, const struct bgp_peer *peer),
	       void *user)
{
	for (size_t i = 0; i < bgp->speaker.neighbor_count; i++) {
		struct bgp_peer peer;

		if (neighbor_peer(bgp->speaker.neighbors[i], &peer))
			visit(user, &peer);
	}
}

static const struct neighbor *neighbor_of_id(const struct bgp *bgp, uint32_t id)
{
	for (size_t i = 0; i < bgp->speaker.neighbor_count; i++)
		if (neighbor_id(bgp->speaker.neighbors[i]) == id)
			return bgp->speaker.neighbors[i];
	return NULL;
}

bool bgp_neighbor_remote(const struct bgp *bgp, uint32_t id, struct addr *ret)
{
	const struct neighbor *neighbor = neighbor_of_id(bgp, id);

	if (neighbor)
		*ret = neighbor_config(neighbor)->remote;
	return neighbor;
}

bool bgp_peer_find(const struct bgp *bgp, uint32_t id, struct bgp_peer *ret)
{
	const struct neighbor *neighbor = neighbor_of_id(bgp, id);

	return neighbor && neighbor_peer(neighbor, ret);
}

void bgp_peer_routes(const struct bgp *bgp, uint32_t id,
		     void (*visit)(void *user, const struct bgp_route *route), void *user)
{
	const struct neighbor *neighbor = neighbor_of_id(bgp, id);
	const struct rib_route *r = neighbor ? neighbor_source(neighbor)->routes : NULL;

	for (; r; r = r->source_next) {
		struct bgp_path path;
		struct bgp_route route = route_of(r, &path);

		visit(user, &route);
	}
}

bool bgp_route_find(const struct bgp *bgp, uint32_t neighbor, const struct bgp_nlri *nlri,
		    struct bgp_route *ret, struct bgp_path *ret_path)
{
	const struct rib_route *r = rib_route_find(bgp->speaker.rib, neighbor, nlri);

	if (r)
		*ret = route_of(r, ret_path);
	return r;
}

static void entry_visit(const struct rib_entry *entry,
			void (*visit)(void *user, const struct bgp_route *route), void *user)
{
	for (const struct rib_route *r = entry->routes; r; r = r->next) {
		struct bgp_path path;
		struct bgp_route route = route_of(r, &path);

		visit(user, &route);
	}
}

void bgp_dst_routes(const struct bgp *bgp, const struct bgp_dst *dst,
		    void (*visit)(void *user, const struct bgp_route *route), void *user)
{
	const struct rib_entry *entry = rib_find(bgp->speaker.rib, dst);

	if (entry)
		entry_visit(entry, visit, user);
}

void bgp_routes(const struct bgp *bgp, void (*visit)(void *user, const struct bgp_route *route),
		void *user)
{
	const struct rib_entry *entry = NULL;

	while ((entry = rib_next(bgp->speaker.rib, entry)))
		entry_visit(entry, visit, user);
}

struct some_routes {
	size_t count;
	void (*visit)(void *user, const struct bgp_route *route);
	void *user;
};

static void entry_visit_some(void *user, const struct rib_entry *entry)
{
	struct some_routes *some = user;

	for (const struct rib_route *r = entry->routes; r; r = r->next)
		some->count++;
	entry_visit(entry, some->visit, some->user);
}

void bgp_routes_some(const struct bgp *bgp, uint64_t *at, size_t most,
		     void (*visit)(void *user, const struct bgp_route *route), void *user)
{
	struct some_routes some = { .visit = visit, .user = user };

	for (size_t buckets = 0; some.count < most && buckets < 64 * most; buckets++) {
		rib_scan(bgp->speaker.rib, at, entry_visit_some, &some);
		if (!*at)
			return;
	}
}

void bgp_resolve(struct bgp *bgp, const struct bgp_resolver *resolver, void *user)
{
	struct intern_table *table = rib_interned(bgp->speaker.rib);

	table->resolver = resolver;
	table->resolver_user = user;
}
