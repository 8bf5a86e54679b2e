/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: two channels, of Services and of EndpointSlices, fill two stores; whenever one has news, all
 * that is to be announced is worked out anew, at most every SETTLE_MS: a Service whose pods come
 * and go makes no more routes than that. EndpointSlices are asked for by the names of the Services
 * that may be announced, so that those of the rest of the cluster cost nothing.
 */
#include "agent/cluster.h"

#include "base/limit.h"
#include "base/log.h"
#include "base/util.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SETTLE_MS 500

struct servers {
	struct servers *next;
	struct addr addr[];
};

struct cluster {
	struct cluster_config config;
	uv_loop_t *loop;
	struct web *web;
	const struct cluster_ops *ops;
	void *user;
	struct channel *channel[CLUSTER_OF_COUNT];
	struct annotated_list *services;
	struct slices *slices;
	uv_timer_t settle;
	uint64_t settled_ms, endpoints_refused;
	bool known;   /* what is to be announced was known once */
	bool waiting; /* for the endpoints of a Service that is new */
	bool spoken;
	struct cluster_offer *offer;
	struct servers *servers; /* of the offers */
	size_t offer_count, offer_room;
	struct limit limit;
};

static void on_settle(uv_timer_t *timer);

static void soon(struct cluster *c)
{
	uint64_t now_ms = uv_now(c->loop), due_ms = c->settled_ms + SETTLE_MS;

	if (!uv_is_active((uv_handle_t *)&c->settle))
		uv_timer_start(&c->settle, on_settle, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void on_news(void *user)
{
	soon(user);
}

static int services_list(void *user, const char *json, size_t len, char reason[160])
{
	struct cluster *c = user;

	return annotated_list(c->services, json, len, reason);
}

static int services_event(void *user, const char *json, size_t len, int *ret_changed,
			  char reason[160])
{
	struct cluster *c = user;

	return annotated_event(c->services, json, len, ret_changed, reason);
}

static const char *services_version(void *user)
{
	struct cluster *c = user;

	return annotated_version(c->services);
}

static void services_forget(void *user)
{
	struct cluster *c = user;

	annotated_forget_version(c->services);
}

static int endpoints_list(void *user, const char *json, size_t len, char reason[160])
{
	struct cluster *c = user;

	return slices_list(c->slices, json, len, reason);
}

static int endpoints_event(void *user, const char *json, size_t len, int *ret_changed,
			   char reason[160])
{
	struct cluster *c = user;

	return slices_event(c->slices, json, len, ret_changed, reason);
}

static const char *endpoints_version(void *user)
{
	struct cluster *c = user;

	return slices_version(c->slices);
}

static void endpoints_forget(void *user)
{
	struct cluster *c = user;

	slices_forget_version(c->slices);
}

static const struct channel_ops channel_ops[CLUSTER_OF_COUNT] = {
	[CLUSTER_SERVICES] = { { services_list, services_event, services_version, services_forget,
				 NULL },
			       on_news },
	[CLUSTER_ENDPOINTS] = { { endpoints_list, endpoints_event, endpoints_version,
				  endpoints_forget, NULL },
				on_news },
};

static void offers_clear(struct cluster *c)
{
	while (c->servers) {
		struct servers *next = c->servers->next;

		free(c->servers);
		c->servers = next;
	}
	c->offer_count = 0;
}

static struct cluster_offer *offer_add(struct cluster *c)
{
	if (c->offer_count == c->offer_room) {
		size_t room = c->offer_room ? 2 * c->offer_room : 16;
		struct cluster_offer *grown = reallocarray(c->offer, room, sizeof(*grown));

		if (!grown)
			return NULL;
		c->offer = grown;
		c->offer_room = room;
	}
	return &c->offer[c->offer_count++];
}

/* What may not be a server is left out. */
static size_t servers_allowed(struct cluster *c, struct addr *addr, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (policy_allows_endpoint(&c->config.policy, &addr[i]))
			addr[kept++] = addr[i];
		else
			c->endpoints_refused++;
	}
	return kept;
}

/* Of one port of a Service; kept until the offers are cleared. NULL: no memory. */
static struct addr *servers_of(struct cluster *c, const struct annotated *a,
			       const struct annotated_port *port, struct slices_servers *ret)
{
	const struct slices_of of = { .namespace = a->namespace,
				      .service = a->name,
				      .port_name = port->name,
				      .protocol = port->protocol,
				      .port = port->port,
				      .any_port = c->config.node_count };
	struct servers *s = malloc(sizeof(*s) + CLUSTER_SERVERS_MAX * sizeof(s->addr[0]));

	if (!s)
		return NULL;
	if (slices_servers(c->slices, &of, s->addr, CLUSTER_SERVERS_MAX, ret) < 0) {
		free(s);
		return NULL;
	}
	s->next = c->servers;
	c->servers = s;
	if (!c->config.node_count) {
		ret->addr_count = servers_allowed(c, s->addr, ret->addr_count);
	} else if (ret->addr_count) {
		ret->addr_count = c->config.node_count;
		memcpy(s->addr, c->config.node, c->config.node_count * sizeof(s->addr[0]));
	}
	return s->addr;
}

_Static_assert(CLUSTER_NODES_MAX <= CLUSTER_SERVERS_MAX, "nodes are servers");

static uint8_t availability_of(const struct slices_count *n)
{
	size_t percent = n->expected ? 100 * n->ready / n->expected : 100;

	if (!n->ready)
		return 0;
	return (uint8_t)(percent > 100 ? 100 : percent ? percent : 1);
}

/* Why nothing of that port can be announced now. */
static void port_fault(struct cluster *c, const struct slices_servers *found, struct annotated *a)
{
	const struct slices_count *n = &found->count;
	char *fault = a->use.fault;

	if (fault[0] || found->addr_count)
		return;
	if (!n->any && found->other_port)
		snprintf(
			fault, sizeof(a->use.fault),
			"its endpoints listen on port %u: packets come as they are; let targetPort "
			"be the port, or name 'nodes'",
			found->other_port);
	else if (n->ready || n->serving)
		snprintf(fault, sizeof(a->use.fault), "its endpoints are not within 'endpoints'");
	else
		snprintf(fault, sizeof(a->use.fault),
			 c->waiting ? "its endpoints are not known yet"
				    : "no endpoint of it is ready");
}

static void port_offer(struct cluster *c, struct annotated *a, const struct annotated_port *port,
		       bool silent)
{
	struct slices_servers found = { 0 };
	struct addr *server = servers_of(c, a, port, &found);
	size_t able = found.count.ready ? found.count.ready : found.count.serving;

	if (silent)
		snprintf(a->use.fault, sizeof(a->use.fault), "its API server is silent");
	else if (server)
		port_fault(c, &found, a);
	a->use.endpoints = found.count.any;
	a->use.ready = found.count.ready;
	for (size_t i = 0; server && i < a->address_count; i++) {
		struct cluster_offer *o = offer_add(c);

		if (!o)
			return;
		*o = (struct cluster_offer){ .address = a->address[i],
					     .port = port->port,
					     .protocol = port->protocol,
					     .capacity = a->capacity * (double)able,
					     .service_time_s = a->service_time_s,
					     .availability = availability_of(&found.count),
					     .drain = !found.count.ready,
					     .absent = silent || !found.addr_count,
					     .server = server,
					     .server_count = silent ? 0 : found.addr_count };
		annotated_name(a, o->name);
		a->use.offers++;
	}
}

static void offers_make(struct cluster *c, bool silent)
{
	struct annotated *a;

	offers_clear(c);
	c->endpoints_refused = 0;
	for (size_t i = 0; (a = annotated_at(c->services, i)); i++) {
		a->use.fault[0] = '\0';
		a->use.offers = a->use.taken = a->use.endpoints = a->use.ready = 0;
		for (size_t p = 0; !a->refused[0] && p < a->port_count; p++)
			port_offer(c, a, &a->port[p], silent);
	}
}

/* What is news of a Service goes to the log, once. */
static void say(struct cluster *c, struct annotated *a)
{
	const char *fault = a->refused[0] ? a->refused : a->use.fault;
	const char *words = fault[0] ? fault : "announced";
	char name[ANNOTATED_NAME_MAX], identity[2 * ANNOTATED_FAULT_MAX];
	uint64_t suppressed;

	if (!strcmp(a->use.said, words) || (c->waiting && a->use.fault[0]))
		return;
	snprintf(a->use.said, sizeof(a->use.said), "%s", words);
	annotated_name(a, name);
	snprintf(identity, sizeof(identity), "%.127s %s", name, words);
	if (!limit_pass(&c->limit, uv_now(c->loop), identity, strlen(identity), &suppressed))
		return;
	if (fault[0])
		log_warn(0, "cluster %s: Service %s is not announced: %s", c->config.name, name,
			 fault);
	else
		log_info("cluster %s: Service %s is announced", c->config.name, name);
}

/* What the listener said of the offers, which stand in the order of their Services. */
static void results_take(struct cluster *c)
{
	struct annotated *a;
	size_t at = 0;

	for (size_t i = 0; (a = annotated_at(c->services, i)); i++) {
		for (size_t end = at + a->use.offers; at < end; at++) {
			int r = c->offer[at].result;

			a->use.taken += r == 0 && !c->offer[at].absent;
			if (r < 0 && !a->use.fault[0])
				snprintf(a->use.fault, sizeof(a->use.fault), "%s",
					 r == -EEXIST ? "its address is that of another service"
						      : strerror(-r));
		}
		say(c, a);
	}
}

/* Percent-encodes what is not unreserved (RFC 3986 section 2.3). */
static void url_put(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out,
			isalnum((unsigned char)*text) || strchr("-._~", *text) ? "%c" : "%%%02X",
			(unsigned char)*text);
}

/* Of one namespace, where only that is allowed: less is to be read then. */
static void path_put(FILE *out, const struct cluster *c, const char *group, const char *plural)
{
	const struct announce_policy *policy = &c->config.policy;

	fprintf(out, "%s/", group);
	if (policy->namespace_count == 1)
		fprintf(out, "namespaces/%s/", policy->namespace[0]);
	fputs(plural, out);
}

/* Each with its query; to be freed; NULL: no memory. */
static char *services_path(const struct cluster *c)
{
	char *path = NULL;
	size_t len;
	FILE *out = open_memstream(&path, &len);

	if (!out)
		return NULL;
	path_put(out, c, "/api/v1", "services");
	if (c->config.selector[0]) {
		fputs("?labelSelector=", out);
		url_put(out, c->config.selector);
	}
	fclose(out);
	return path;
}

static bool name_was_put(struct cluster *c, size_t index)
{
	const struct annotated *a = annotated_at(c->services, index), *other;

	for (size_t i = 0; i < index; i++) {
		other = annotated_at(c->services, i);
		if (!other->refused[0] && !strcmp(other->name, a->name))
			return true;
	}
	return false;
}

/* "" where there is none to ask for. */
static char *endpoints_path(struct cluster *c)
{
	const struct annotated *a;
	char *path = NULL;
	size_t len, n = 0;
	FILE *out = open_memstream(&path, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; (a = annotated_at(c->services, i)); i++) {
		if (a->refused[0] || name_was_put(c, i))
			continue;
		if (!n)
			path_put(out, c, "/apis/discovery.k8s.io/v1", "endpointslices");
		url_put(out, n ? "," : "");
		if (!n) {
			fputs("?labelSelector=", out);
			url_put(out, "kubernetes.io/service-name in (");
		}
		url_put(out, a->name);
		n++;
	}
	if (n)
		url_put(out, ")");
	fclose(out);
	return path;
}

static void want(struct cluster *c, enum cluster_of of, char *path)
{
	if (!path || channel_want(c->channel[of], path) < 0)
		log_err(-ENOMEM, "cluster %s: it is not asked for what it should be",
			c->config.name);
	free(path);
}

static void on_settle(uv_timer_t *timer)
{
	struct cluster *c = timer->data;
	struct channel_view services, endpoints;
	bool silent;

	c->settled_ms = uv_now(c->loop);
	channel_view(c->channel[CLUSTER_SERVICES], &services);
	if (services.good || c->known)
		want(c, CLUSTER_ENDPOINTS, endpoints_path(c));
	channel_view(c->channel[CLUSTER_ENDPOINTS], &endpoints);
	silent = services.silent || (endpoints.wanted && endpoints.silent);
	/* Before both have come nothing is known: what an earlier run announced is not touched. */
	c->known |= silent || (services.good && (endpoints.good || !endpoints.wanted));
	c->waiting = endpoints.wanted && !endpoints.listed;
	if (c->known) {
		offers_make(c, silent);
		c->ops->offered(c->user, c->offer, c->offer_count);
		results_take(c);
		c->spoken |= silent || endpoints.listed || !endpoints.wanted;
	}
	c->spoken |= services.failed || endpoints.failed;
}

void cluster_offer_again(struct cluster *c)
{
	soon(c);
}

bool cluster_has_spoken(const struct cluster *c)
{
	return c->spoken;
}

/* Channels of this configuration, into a list that is empty. */
static int channels_open(struct cluster *c, struct channel *ret[CLUSTER_OF_COUNT])
{
	static const char *const what[CLUSTER_OF_COUNT] = { "Services", "EndpointSlices" };

	for (int i = 0; i < CLUSTER_OF_COUNT; i++) {
		const struct channel_config config = { .cluster = c->config.name,
						       .what = what[i],
						       .timeout_ms = c->config.timeout_ms,
						       .max_age_ms = c->config.max_age_ms,
						       .body_max = c->config.body_max };
		int r = channel_new(c->loop, c->web, &c->config.target, &config, &channel_ops[i], c,
				    &ret[i]);

		if (r < 0) {
			channel_free(&ret[0]);
			return r;
		}
	}
	return 0;
}

int cluster_reconfigure(struct cluster *c, const struct cluster_config *config)
{
	struct channel *next[CLUSTER_OF_COUNT] = { 0 };
	struct cluster_config former = c->config;
	int r;

	c->config = *config;
	r = channels_open(c, next);
	if (r < 0) {
		c->config = former;
		return r;
	}
	for (int i = 0; i < CLUSTER_OF_COUNT; i++) {
		channel_free(&c->channel[i]);
		c->channel[i] = next[i];
	}
	annotated_policy_set(c->services, &config->policy);
	annotated_forget_version(c->services);
	slices_forget_version(c->slices);
	soon(c);
	want(c, CLUSTER_SERVICES, services_path(c));
	return 0;
}

bool cluster_config_equal(const struct cluster_config *a, const struct cluster_config *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void cluster_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void cluster_free(struct cluster **cluster)
{
	struct cluster *c = TAKE_PTR(*cluster);

	if (!c)
		return;
	for (int i = 0; i < CLUSTER_OF_COUNT; i++)
		channel_free(&c->channel[i]);
	annotated_free(&c->services);
	slices_free(&c->slices);
	offers_clear(c);
	freep(&c->offer);
	uv_close((uv_handle_t *)&c->settle, cluster_closed);
}

int cluster_new(uv_loop_t *loop, struct web *web, const struct cluster_config *config,
		const struct cluster_ops *ops, void *user, struct cluster **ret)
{
	struct cluster *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->config = *config;
	c->loop = loop;
	c->web = web;
	c->ops = ops;
	c->user = user;
	c->settle.data = c;
	uv_timer_init(loop, &c->settle);
	c->services = annotated_new(&config->policy);
	c->slices = slices_new();
	if (!c->services || !c->slices || channels_open(c, c->channel) < 0) {
		cluster_free(&c);
		return -ENOMEM;
	}
	want(c, CLUSTER_SERVICES, services_path(c));
	*ret = c;
	return 0;
}

void cluster_view(const struct cluster *c, struct cluster_view *ret)
{
	*ret = (struct cluster_view){ .config = &c->config,
				      .refusals = annotated_refusals(c->services),
				      .endpoints_refused = c->endpoints_refused };
	for (int i = 0; i < CLUSTER_OF_COUNT; i++)
		channel_view(c->channel[i], &ret->channel[i]);
}

const struct annotated *cluster_service(const struct cluster *c, size_t index)
{
	return annotated_at(c->services, index);
}
