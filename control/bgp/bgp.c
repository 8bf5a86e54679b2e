/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: The speaker. Neighbours write into one RIB; each change marks the prefix at every neighbour
 * (adj_out.c), and before the loop waits again each neighbour that has room is sent what is due to
 * it. So changes of one turn go out together, and a neighbour that does not read holds up nobody.
 */
#include "bgp/bgp.h"
#include "base/log.h"
#include "base/util.h"
#include "bgp/neighbor.h"
#include "bgp/speaker.h"

#include <errno.h>
#include <string.h>

#define BACKLOG 128

struct bgp {
	struct speaker speaker;
	struct rib_source own;
	uint32_t last_id;
	uv_tcp_t listener;
	uv_prepare_t flush;
	unsigned int handles; /* of the two above, those that libuv still knows */
};

static void speaker_touch(struct speaker *s, const struct prefix *prefix)
{
	s->unsettled = true;
	for (size_t i = 0; i < s->neighbor_count; i++)
		neighbor_touch(s->neighbors[i], prefix);
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
	struct bgp_route route = { source->neighbor, nlri->prefix, nlri->path_id, path,
				   uv_now(s->loop) };
	int r = rib_announce(s->rib, source, nlri, path, route.received_ms);

	if (r <= 0)
		return r;
	if (is_told(s, source))
		s->ops->announced(s->user, &route);
	observe_changed(s, source, nlri);
	speaker_touch(s, &nlri->prefix);
	return 0;
}

int speaker_withdraw(struct speaker *s, struct rib_source *source, const struct bgp_nlri *nlri)
{
	struct bgp_route route = { source->neighbor, nlri->prefix, nlri->path_id, NULL,
				   uv_now(s->loop) };

	if (!rib_withdraw(s->rib, source, nlri))
		return 0;
	if (is_told(s, source))
		s->ops->withdrawn(s->user, &route);
	observe_changed(s, source, nlri);
	speaker_touch(s, &nlri->prefix);
	return 1;
}

void speaker_settle(struct speaker *s)
{
	if (s->unsettled && s->ops)
		s->ops->settled(s->user);
	if (s->unsettled && s->observer)
		s->observer->settled(s->observer_user);
	s->unsettled = false;
}

static void on_flush(uv_prepare_t *prepare)
{
	struct bgp *bgp = prepare->data;

	speaker_settle(&bgp->speaker); /* a session that ended by its timer */
	for (size_t i = 0; i < bgp->speaker.neighbor_count; i++)
		neighbor_flush(bgp->speaker.neighbors[i]);
}

/* NULL: none. */
static struct neighbor **neighbor_find(const struct bgp *bgp, const struct addr *remote)
{
	for (size_t i = 0; i < bgp->speaker.neighbor_count; i++)
		if (addr_equal(&neighbor_config(bgp->speaker.neighbors[i])->remote, remote))
			return &bgp->speaker.neighbors[i];
	return NULL;
}

static void on_connection(uv_stream_t *listener, int status)
{
	_cleanup_(transport_close) struct transport *transport = NULL;
	struct bgp *bgp = listener->data;
	struct neighbor **neighbor;
	struct addr remote;

	if (status < 0 || transport_accept(listener, &transport) < 0)
		return;
	remote = transport_remote(transport);
	neighbor = neighbor_find(bgp, &remote);
	if (neighbor)
		neighbor_accept(*neighbor, &transport);
}

static int listener_bind(struct bgp *bgp)
{
	struct sockaddr_storage sa;
	int r;

	/* libuv sets SO_REUSEADDR, and clears IPV6_V6ONLY: `::` takes both families. */
	addr_to_sockaddr(&bgp->speaker.config.listen, bgp->speaker.config.port, &sa);
	r = uv_tcp_bind(&bgp->listener, (const struct sockaddr *)&sa, 0);
	if (r < 0)
		return r;
	return uv_listen((uv_stream_t *)&bgp->listener, BACKLOG, on_connection);
}

static int bgp_listen(struct bgp *bgp)
{
	char listen[ADDR_STRLEN];
	int r;

	if (!bgp->speaker.config.port)
		return 0;
	r = uv_tcp_init(bgp->speaker.loop, &bgp->listener);
	if (r < 0)
		return log_err(r, "bgp: no socket to listen on");
	bgp->listener.data = bgp;
	bgp->handles++;
	r = listener_bind(bgp);
	if (r < 0)
		return log_err(r, "bgp: cannot listen on %s, port %u",
			       addr_format(&bgp->speaker.config.listen, listen),
			       bgp->speaker.config.port);
	return 0;
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
	memcpy(bgp->own.router_id, config->router_id, sizeof(bgp->own.router_id));
	r = flush_start(bgp);
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
	rib_free(&s->rib);
	if (!b->handles) {
		free(b);
		return;
	}
	handle_close((uv_handle_t *)&b->flush);
	handle_close((uv_handle_t *)&b->listener);
}

int bgp_neighbor_add(struct bgp *bgp, const struct bgp_neighbor_config *config)
{
	struct speaker *s = &bgp->speaker;
	struct neighbor **grown, *neighbor;

	if (neighbor_find(bgp, &config->remote))
		return -EEXIST;
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

int bgp_neighbor_remove(struct bgp *bgp, const struct addr *remote)
{
	struct speaker *s = &bgp->speaker;
	struct neighbor **found = neighbor_find(bgp, remote);
	size_t after;

	if (!found)
		return -ENOENT;
	neighbor_shut(*found, CEASE_DECONFIGURED, NULL);
	after = s->neighbor_count - (size_t)(found - s->neighbors) - 1;
	neighbor_free(found);
	memmove(found, found + 1, after * sizeof(*found));
	s->neighbor_count--;
	speaker_settle(s);
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

int bgp_neighbor_refresh(struct bgp *bgp, const struct addr *remote)
{
	struct neighbor **found = neighbor_find(bgp, remote);

	return found ? neighbor_refresh(*found) : -ENOENT;
}

int bgp_originate(struct bgp *bgp, const struct prefix *prefix, const struct bgp_path *path)
{
	return speaker_announce(&bgp->speaker, &bgp->own, &(struct bgp_nlri){ .prefix = *prefix },
				path);
}

int bgp_withdraw(struct bgp *bgp, const struct prefix *prefix)
{
	return speaker_withdraw(&bgp->speaker, &bgp->own, &(struct bgp_nlri){ .prefix = *prefix })
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

bool bgp_peer_find(const struct bgp *bgp, uint32_t id, struct bgp_peer *ret)
{
	const struct neighbor *neighbor = neighbor_of_id(bgp, id);

	return neighbor && neighbor_peer(neighbor, ret);
}

static struct bgp_route route_of(const struct rib_route *r)
{
	return (struct bgp_route){ r->key.neighbor, r->key.prefix, r->key.path_id, &r->path->path,
				   r->received_ms };
}

void bgp_peer_routes(const struct bgp *bgp, uint32_t id,
		     void (*visit)(void *user, const struct bgp_route *route), void *user)
{
	const struct neighbor *neighbor = neighbor_of_id(bgp, id);
	const struct rib_route *r = neighbor ? neighbor_source(neighbor)->routes : NULL;

	for (; r; r = r->source_next) {
		struct bgp_route route = route_of(r);

		visit(user, &route);
	}
}

bool bgp_route_find(const struct bgp *bgp, uint32_t neighbor, const struct bgp_nlri *nlri,
		    struct bgp_route *ret)
{
	const struct rib_route *r = rib_route_find(bgp->speaker.rib, neighbor, nlri);

	if (r)
		*ret = route_of(r);
	return r;
}

static void entry_visit(const struct rib_entry *entry,
			void (*visit)(void *user, const struct bgp_route *route), void *user)
{
	for (const struct rib_route *r = entry->routes; r; r = r->next) {
		struct bgp_route route = route_of(r);

		visit(user, &route);
	}
}

void bgp_prefix_routes(const struct bgp *bgp, const struct prefix *prefix,
		       void (*visit)(void *user, const struct bgp_route *route), void *user)
{
	const struct rib_entry *entry = rib_find(bgp->speaker.rib, prefix);

	if (entry)
		entry_visit(entry, visit, user);
}

void bgp_routes(const struct bgp *bgp, void (*visit)(void *user, const struct bgp_route *route),
		void *user)
{
	const struct rib_entry *entry = rib_entries(bgp->speaker.rib);

	for (; entry; entry = entry->hh.next)
		entry_visit(entry, visit, user);
}
