/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: margayd: one process, one event loop. This file alone knows every module; it makes them from
 * the configuration, ties BGP's routes to the ingress, and takes them apart in reverse order.
 * Leaving does not touch the data plane: packets go on by the last tables.
 */
#include "base/descriptors.h"
#include "base/log.h"
#include "base/util.h"
#include "bgp/observer.h"
#include "bgp/resolver.h"
#include "mgmt/config.h"
#include "mgmt/mgmt.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define SWEEP_MS   100
#define TARGETS_MS 1000 /* how soon a new egress is measured */

#define EXIT_USAGE   2
#define EXIT_INVALID 5

struct daemon {
	uv_loop_t loop;
	const char *file;
	struct config *config;
	struct tables *tables;
	struct bgp *bgp;
	struct ingress *ingress;
	struct egress *egress;
	struct gatherers *gatherers;
	struct guests *guests; /* NULL: there is no egress */
	struct feed *feed;
	struct prober *prober;
	struct reflector *reflector;
	struct igp *igp;
	struct mgmt *mgmt;
	bool converged;
	uint64_t began_ms; /* uv_now() */
	bool leaves;       /* to come back soon */
	uv_timer_t sweep, converge, targets;
	uv_signal_t stop[2], hangup;
};

static void route_announced(void *user, const struct bgp_route *route)
{
	struct daemon *d = user;

	ingress_announced(d->ingress, route);
}

static void route_withdrawn(void *user, const struct bgp_route *route)
{
	struct daemon *d = user;

	ingress_withdrawn(d->ingress, route);
}

/* Routes of addresses that services have only now; our own are among them. */
static void routes_recall(void *user, const struct bgp_dst *dst,
			  void (*visit)(void *user, const struct bgp_route *route),
			  void *visit_user)
{
	const struct daemon *d = user;

	if (d->bgp && dst)
		bgp_dst_routes(d->bgp, dst, visit, visit_user);
	else if (d->bgp)
		bgp_routes(d->bgp, visit, visit_user);
}

/* What a former run left may now be decided anew, and what nobody has claimed goes. */
static void daemon_converge(struct daemon *d)
{
	if (d->converged)
		return;
	d->converged = true;
	ingress_converged(d->ingress);
	tables_claim_end(d->tables);
	if (d->bgp)
		bgp_release(d->bgp);
}

/* Every neighbour is Established and has told all of its routes (RFC 4724 section 2). One that has
 * begun anew itself may wait for ours (section 4.1): half of the time is for it. Not less, as FRR
 * says that it has for two minutes after its start, and yet tells all. Of a range nobody
 * knows how many are still to come. */
static bool routes_are_back(const struct daemon *d)
{
	bool late = uv_now(&d->loop) - d->began_ms >= d->config->deferral_s * UINT64_C(500);
	struct bgp_neighbor_state state;
	size_t i = 0;

	if (d->config->range_count)
		return false;
	while (bgp_neighbor_state(d->bgp, i, &state)) {
		bool told = (state.end_of_rib & state.families) == state.families;

		if (!state.shutdown &&
		    (!state.families || !(told || (late && state.graceful.restarted))))
			return false;
		i++;
	}
	return i == d->config->neighbor_count;
}

static void routes_settled(void *user)
{
	struct daemon *d = user;

	ingress_settled(d->ingress);
}

/* Looked at with the sweep: what makes it true is not always a route. */
static void daemon_look(struct daemon *d)
{
	if (!d->converged && d->bgp && routes_are_back(d) &&
	    (!d->egress || (egress_whole(d->egress) && guests_whole(d->guests))))
		daemon_converge(d);
}

static void own_routes_settled(void *user)
{
	struct daemon *d = user;

	ingress_settled(d->ingress);
}

static const struct bgp_ops bgp_ops = {
	.announced = route_announced,
	.withdrawn = route_withdrawn,
	.settled = routes_settled,
};

/* This router is an ingress of what its own site serves, too. */
static const struct egress_ops egress_ops = {
	.announced = route_announced,
	.withdrawn = route_withdrawn,
	.settled = own_routes_settled,
};

static int ports_attach(struct daemon *d, const struct config *config)
{
	int first = 0;

	for (size_t i = 0; i < config->interface_count; i++) {
		const struct config_interface *interface = &config->interface[i];
		enum port_mode mode;
		int r = tables_port_attach(d->tables, interface->name, &interface->port, &mode);

		if (r < 0 && !first)
			first = r;
	}
	return first;
}

static bool config_has_interface(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->interface_count; i++)
		if (!strcmp(config->interface[i].name, name))
			return true;
	return false;
}

static void ports_detach(struct daemon *d, const struct config *next)
{
	for (size_t i = 0; i < d->config->interface_count; i++)
		if (!config_has_interface(next, d->config->interface[i].name))
			tables_port_detach(d->tables, d->config->interface[i].name);
}

static const struct bgp_neighbor_config *neighbor_find(const struct config *config,
						       const struct addr *remote)
{
	for (size_t i = 0; config && i < config->neighbor_count; i++)
		if (addr_equal(&config->neighbor[i].remote, remote))
			return &config->neighbor[i];
	return NULL;
}

/* Whether one turns into the other by other keys, words or limits, or by nothing: the session goes
 * on. */
static bool neighbor_stays(const struct bgp_neighbor_config *from,
			   const struct bgp_neighbor_config *to)
{
	struct bgp_neighbor_config changed;

	if (!from || !to || from->socket.auth.kind != to->socket.auth.kind)
		return false;
	memcpy(&changed, from, sizeof(changed)); /* padding, too */
	changed.socket.auth = to->socket.auth;
	changed.limits = to->limits;
	memcpy(changed.description, to->description, sizeof(changed.description));
	memcpy(changed.reason, to->reason, sizeof(changed.reason));
	return !memcmp(&changed, to, sizeof(changed));
}

static int neighbor_configure(struct daemon *d, const struct bgp_neighbor_config *from,
			      const struct bgp_neighbor_config *to)
{
	/* One that could not be added before is not there. */
	if (!neighbor_stays(from, to) || bgp_neighbor_adjust(d->bgp, to) < 0)
		return bgp_neighbor_add(d->bgp, to);
	if (from->limits.paths_out != to->limits.paths_out)
		bgp_neighbor_send_limit(d->bgp, &to->remote, to->limits.paths_out);
	if (!memcmp(&from->socket.auth, &to->socket.auth, sizeof(to->socket.auth)))
		return 0;
	return bgp_neighbor_rekey(d->bgp, &to->remote, &to->socket.auth);
}

static const struct bgp_range_config *range_find(const struct config *config,
						 const struct prefix *prefix)
{
	for (size_t i = 0; config && i < config->range_count; i++)
		if (prefix_equal(&config->range[i].prefix, prefix))
			return &config->range[i];
	return NULL;
}

static bool range_stays(const struct bgp_range_config *from, const struct bgp_range_config *to)
{
	return from && to && from->limit == to->limit && from->hold_down_s == to->hold_down_s &&
	       neighbor_stays(&from->neighbor, &to->neighbor);
}

static int range_configure(struct daemon *d, const struct bgp_range_config *from,
			   const struct bgp_range_config *to)
{
	const struct tcp_auth *auth = &to->neighbor.socket.auth;

	if (!range_stays(from, to) || bgp_range_adjust(d->bgp, to) < 0)
		return bgp_range_add(d->bgp, to);
	if (from->neighbor.limits.paths_out != to->neighbor.limits.paths_out)
		bgp_range_send_limit(d->bgp, &to->prefix, to->neighbor.limits.paths_out);
	if (!memcmp(&from->neighbor.socket.auth, auth, sizeof(*auth)))
		return 0;
	return bgp_range_rekey(d->bgp, &to->prefix, auth);
}

/* Before the neighbours that have a name, which may be within a range. */
static int ranges_configure(struct daemon *d, const struct config *old, const struct config *next)
{
	int first = 0;

	for (size_t i = 0; old && i < old->range_count; i++)
		if (!range_stays(&old->range[i], range_find(next, &old->range[i].prefix)))
			bgp_range_remove(d->bgp, &old->range[i].prefix);
	for (size_t i = 0; i < next->range_count; i++) {
		const struct bgp_range_config *to = &next->range[i];
		int r = range_configure(d, range_find(old, &to->prefix), to);

		first = first < 0 ? first : r;
	}
	return first;
}

/* Sessions whose settings are the same are not touched. `old` is NULL at the start. */
static int neighbors_configure(struct daemon *d, const struct config *old,
			       const struct config *next)
{
	int first = 0;

	for (size_t i = 0; old && i < old->neighbor_count; i++) {
		const struct bgp_neighbor_config *from = &old->neighbor[i];
		const struct bgp_neighbor_config *to = neighbor_find(next, &from->remote);

		if (neighbor_stays(from, to))
			continue;
		if (to && to->shutdown)
			bgp_neighbor_shutdown(d->bgp, &from->remote, to->reason);
		bgp_neighbor_remove(d->bgp, &from->remote);
	}
	first = ranges_configure(d, old, next);
	for (size_t i = 0; i < next->neighbor_count; i++) {
		const struct bgp_neighbor_config *to = &next->neighbor[i];
		int r = neighbor_configure(d, neighbor_find(old, &to->remote), to);

		first = first < 0 ? first : r;
	}
	return first;
}

/* The ingress first: it hears what the egress changes. */
static int vrfs_configure(struct daemon *d, const struct config *config)
{
	int r = ingress_vrfs_set(d->ingress, config->vrf, config->vrf_count);

	if (r < 0)
		return log_err(r, "vrfs");
	return d->egress ? egress_vrfs_set(d->egress, config->vrf, config->vrf_count) : 0;
}

static int services_configure(struct daemon *d, const struct config *config)
{
	int g = gatherers_configure(d->gatherers, config->gather, config->gather_count);
	int r;

	ingress_scores_set(d->ingress, &config->scores);
	if (d->egress)
		egress_scores_set(d->egress, &config->scores);
	r = ingress_configure(d->ingress, config->steer, config->steer_count, config->site,
			      config->site_count);

	if (d->egress) {
		int e = egress_configure(d->egress, config->announce, config->announce_count);

		/* What the command line has told since stays, as long as the file says the same. */
		if (config == d->config ||
		    config->site_availability != d->config->site_availability)
			egress_availability(d->egress, config->site_availability);

		r = r < 0 ? r : e;
		e = guests_configure(d->guests, config->guest, config->guest_count);
		r = r < 0 ? r : e;
	}
	return r < 0 ? r : g;
}

static int feeds_configure(struct daemon *d, const struct config *config)
{
	if (!config->has_feeds) {
		feed_free(&d->feed);
		return 0;
	}
	if (d->feed)
		return feed_configure(d->feed, &config->feeds);
	return feed_new(&d->loop, d->bgp, &config->bgp, &config->feeds, &d->feed);
}

static void rtt_measured(void *user, const struct addr *egress, double rtt_s)
{
	struct daemon *d = user;

	ingress_rtt(d->ingress, egress, rtt_s);
}

static const struct prober_ops prober_ops = { .measured = rtt_measured };

/* Measures anew where the settings changed, or it could not before; `old` is NULL at the start. */
static int probes_configure(struct daemon *d, const struct config *old, const struct config *next)
{
	bool sender = !old || next->has_prober != (d->prober != NULL) ||
		      memcmp(&old->prober, &next->prober, sizeof(next->prober));
	bool reflector = !old || next->has_reflector != (d->reflector != NULL) ||
			 memcmp(&old->reflector, &next->reflector, sizeof(next->reflector));
	int r = 0, first = 0;

	if (sender) {
		prober_free(&d->prober);
		ingress_measures(d->ingress, next->has_prober);
		if (next->has_prober)
			first = prober_new(&d->loop, &next->prober, &prober_ops, d, &d->prober);
	}
	if (reflector) {
		reflector_free(&d->reflector);
		if (next->has_reflector)
			r = reflector_new(&d->loop, &next->reflector, &d->reflector);
	}
	return first < 0 ? first : r;
}

static void on_targets(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct addr *egress = NULL;
	size_t count;
	int r = d->prober ? ingress_egresses(d->ingress, &egress, &count) : 0;

	if (r > 0)
		r = prober_targets(d->prober, egress, count);
	if (r < 0)
		log_err(r, "STAMP sender: the list of egresses stays as it is");
	free(egress);
}

static uint32_t next_hop_cost(const struct igp_route *route)
{
	if (!route)
		return 0; /* not followed */
	return route->reachable ? route->metric : BGP_UNREACHABLE;
}

static uint32_t next_hop_watch(void *user, const struct addr *next_hop)
{
	struct daemon *d = user;

	igp_watch(d->igp, next_hop);
	return next_hop_cost(igp_route(d->igp, next_hop));
}

static void next_hop_unwatch(void *user, const struct addr *next_hop)
{
	struct daemon *d = user;

	igp_unwatch(d->igp, next_hop);
}

static const struct bgp_resolver resolver = { next_hop_watch, next_hop_unwatch };

static const char *egress_cut(const void *user, const struct addr *egress)
{
	const struct daemon *d = user;
	const struct igp_route *route = igp_route(d->igp, egress);

	return route && !route->reachable ? route->fault : NULL;
}

static void next_hop_changed(void *user, const struct addr *addr, const struct igp_route *route)
{
	struct daemon *d = user;

	bgp_next_hop_changed(d->bgp, addr, next_hop_cost(route));
}

static void next_hops_settled(void *user)
{
	struct daemon *d = user;

	ingress_reach_changed(d->ingress);
}

static const struct igp_ops igp_ops = { next_hop_changed, next_hops_settled };

static int igp_open(struct daemon *d)
{
	int r;

	if (!d->config->has_igp)
		return 0;
	r = igp_new(&d->loop, &d->config->igp, &igp_ops, d, &d->igp);
	if (r < 0)
		return r;
	bgp_resolve(d->bgp, &resolver, d);
	ingress_reach_by(d->ingress, egress_cut, d);
	return 0;
}

/* The log has every fault; whoever asked for the reload gets the first. NULL: out of memory. */
static char *invalid_text(const char *file)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *config = NULL;
	const struct config_fault *fault;
	char *text;

	config_inspect(file, &config, &faults);
	fault = faults.count ? &faults.at[0] : NULL;
	if (asprintf(&text, "%s:%u: %s; nothing was changed; `margay check FILE` names each fault",
		     file, fault ? fault->mark.line : 0,
		     fault ? fault->message : "cannot be read") < 0)
		return NULL;
	return text;
}

static struct mgmt_context daemon_context(struct daemon *d);

/* Does all that can be done; the first error. */
static int daemon_apply(struct daemon *d, const struct config *next)
{
	int r, n;

	tables_limits_set(d->tables, next->tables.limit);
	ports_detach(d, next);
	r = tables_tags_set(d->tables, next->tables.tags, next->tables.tags_count);
	n = ports_attach(d, next);
	r = r < 0 ? r : n;
	n = vrfs_configure(d, next);
	r = r < 0 ? r : n;
	n = services_configure(d, next);
	r = r < 0 ? r : n;
	n = feeds_configure(d, next);
	r = r < 0 ? r : n;
	n = probes_configure(d, d->config, next);
	r = r < 0 ? r : n;
	if (d->igp)
		igp_configure(d->igp, &next->igp);
	n = d->bgp ? neighbors_configure(d, d->config, next) : 0;
	return r < 0 ? r : n;
}

static int daemon_reload(void *user, const char *file, char **ret_error)
{
	struct daemon *d = user;
	_cleanup_(config_free) struct config *next = NULL;
	struct mgmt_context context;
	const struct bgp_neighbor_config *unsupported;
	const char *fixed;
	int r = config_read(file ? file : d->file, &next);

	if (r < 0) {
		*ret_error = invalid_text(file ? file : d->file);
		return r;
	}
	fixed = config_fixed(d->config, next);
	if (fixed) {
		if (asprintf(ret_error,
			     "%s cannot change while running: nothing was changed; "
			     "restart margayd, packets keep flowing meanwhile",
			     fixed) < 0)
			*ret_error = NULL;
		return -EBUSY;
	}
	unsupported = config_unsupported(next);
	if (unsupported) {
		*ret_error = config_unsupported_text(unsupported);
		return -EOPNOTSUPP;
	}
	r = daemon_apply(d, next);
	config_free(&d->config);
	d->config = TAKE_PTR(next);
	context = daemon_context(d);
	mgmt_context_set(d->mgmt, &context);
	if (r < 0)
		*ret_error = strdup("applied in part: the log names what was left out");
	return r;
}

static struct mgmt_context daemon_context(struct daemon *d)
{
	return (struct mgmt_context){ .tables = d->tables,
				      .bgp = d->bgp,
				      .ingress = d->ingress,
				      .egress = d->egress,
				      .feed = d->feed,
				      .prober = d->prober,
				      .reflector = d->reflector,
				      .igp = d->igp,
				      .gatherers = d->gatherers,
				      .guests = d->guests,
				      .config = d->config,
				      .reload = daemon_reload,
				      .user = d };
}

static void on_sweep(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	tables_sweep(d->tables, uv_hrtime());
	daemon_look(d);
}

static void on_converged(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	daemon_converge(d);
}

/* SIGTERM: a restart, for all that is known, of which nobody is to notice. SIGINT: for good. */
static void on_stop(uv_signal_t *handle, int signal)
{
	struct daemon *d = handle->data;

	d->leaves = signal == SIGTERM;
	log_info("margayd: %s, leaving; packets keep flowing by the last tables",
		 strsignal(signal));
	uv_stop(handle->loop);
}

static void on_hangup(uv_signal_t *handle, int signal)
{
	_cleanup_(freep) char *error = NULL;
	struct daemon *d = handle->data;
	int r = daemon_reload(d, NULL, &error);

	if (r < 0)
		log_err(r, "reload of %s: %s", d->file, error ? error : "");
	else
		log_info("%s: reloaded", d->file);
}

static void daemon_handles_open(struct daemon *d)
{
	static const int stops[] = { SIGTERM, SIGINT };

	for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
		uv_signal_init(&d->loop, &d->stop[i]);
		d->stop[i].data = d;
		uv_signal_start(&d->stop[i], on_stop, stops[i]);
	}
	uv_signal_init(&d->loop, &d->hangup);
	d->hangup.data = d;
	uv_signal_start(&d->hangup, on_hangup, SIGHUP);
	uv_timer_init(&d->loop, &d->sweep);
	d->sweep.data = d;
	uv_timer_start(&d->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	d->began_ms = uv_now(&d->loop);
	uv_timer_init(&d->loop, &d->targets);
	d->targets.data = d;
	uv_timer_start(&d->targets, on_targets, TARGETS_MS, TARGETS_MS);
	uv_timer_init(&d->loop, &d->converge);
	d->converge.data = d;
	uv_timer_start(&d->converge, on_converged, d->config->deferral_s * 1000u, 0);
}

static int daemon_open(struct daemon *d)
{
	struct mgmt_context context;
	int r = tables_open(&d->loop, &d->config->tables, &d->tables);

	if (r < 0)
		return r;
	r = gatherers_new(&d->loop, &d->gatherers);
	if (r < 0)
		return log_err(r, "collectors");
	r = ports_attach(d, d->config);
	if (r < 0)
		return r;
	r = ingress_new(&d->loop, d->tables, &d->config->ingress, &d->ingress);
	if (r < 0)
		return log_err(r, "ingress");
	ingress_recall_by(d->ingress, routes_recall, d);
	r = ingress_vrfs_set(d->ingress, d->config->vrf, d->config->vrf_count);
	if (r < 0)
		return log_err(r, "vrfs");
	if (d->config->has_bgp) {
		r = bgp_new(&d->loop, &d->config->bgp, &bgp_ops, d, &d->bgp);
		if (r < 0)
			return r;
		if (tables_adopted(d->tables))
			bgp_hold(d->bgp);
		r = igp_open(d);
		if (r < 0)
			return r;
	}
	if (d->config->has_egress) {
		r = egress_new(&d->loop, d->tables, d->bgp, &d->config->egress, &d->egress);
		if (r < 0)
			return r;
		egress_gather_from(d->egress, d->gatherers);
		r = egress_vrfs_set(d->egress, d->config->vrf, d->config->vrf_count);
		if (r == 0)
			r = guests_new(&d->loop, d->egress, d->gatherers, &d->guests);
		if (r < 0)
			return r;
		egress_listen(d->egress, &egress_ops, d);
	}
	r = probes_configure(d, NULL, d->config);
	if (r < 0)
		return r;
	r = services_configure(d, d->config);
	if (r < 0)
		return r;
	r = feeds_configure(d, d->config);
	if (r < 0)
		return r;
	context = daemon_context(d);
	r = mgmt_new(&d->loop, d->config->control_socket, &context, &d->mgmt);
	if (r < 0)
		return r;
	return d->bgp ? neighbors_configure(d, NULL, d->config) : 0;
}

static void handle_close(uv_handle_t *handle, void *user)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void daemon_close(struct daemon *d)
{
	mgmt_free(&d->mgmt);
	prober_free(&d->prober);
	reflector_free(&d->reflector);
	guests_free(&d->guests);
	egress_free(&d->egress);
	gatherers_free(&d->gatherers);
	feed_free(&d->feed);
	if (d->bgp && d->leaves)
		bgp_leave(&d->bgp);
	bgp_free(&d->bgp);
	ingress_free(&d->ingress);
	igp_free(&d->igp);
	tables_close(&d->tables);
	uv_walk(&d->loop, handle_close, NULL);
	uv_run(&d->loop, UV_RUN_DEFAULT); /* closing handles call back once more */
	uv_loop_close(&d->loop);
	config_free(&d->config);
}

static int daemon_run(const char *file)
{
	struct daemon d = { .file = file };
	const struct bgp_neighbor_config *unsupported;
	_cleanup_(freep) char *why = NULL;
	int r = config_read(file, &d.config);

	if (r < 0)
		return EXIT_INVALID;
	unsupported = config_unsupported(d.config);
	if (unsupported) {
		why = config_unsupported_text(unsupported);
		log_err(0, "%s: %s", file, why ? why : "");
		config_free(&d.config);
		return EXIT_INVALID;
	}
	if (uv_loop_init(&d.loop) < 0)
		die("margayd: no event loop");
	signal(SIGPIPE, SIG_IGN);
	descriptors_raise();
	r = daemon_open(&d);
	if (r >= 0) {
		daemon_handles_open(&d);
		log_info("margayd: %s is at work", d.config->router_name);
		uv_run(&d.loop, UV_RUN_DEFAULT);
	}
	daemon_close(&d);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int config_check(const char *file)
{
	_cleanup_(config_free) struct config *config = NULL;

	if (config_read(file, &config) < 0)
		return EXIT_INVALID;
	printf("%s: good: %zu interfaces, %zu neighbors, %zu service addresses steered, %zu "
	       "announced\n",
	       file, config->interface_count, config->neighbor_count, config->steer_count,
	       config->announce_count);
	return EXIT_SUCCESS;
}

static const char usage[] =
	"margayd: the control plane of the Margay compute-aware router\n"
	"\n"
	"  margayd [-c FILE] [-v]    run in the foreground; default FILE /etc/margay/margay.yaml\n"
	"  margayd --check FILE      check a configuration and leave: 0 good, 5 invalid\n"
	"  margayd --version\n"
	"\n"
	"  -c, --config FILE   -v, --verbose   -h, --help\n"
	"  SIGHUP reads the configuration again; SIGTERM leaves, packets keep flowing; SIGINT "
	"leaves\n"
	"  for good: neighbours with graceful restart drop our routes, too.\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", required_argument, NULL, 'C' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *file = "/etc/margay/margay.yaml";
	int c;

	while ((c = getopt_long(argc, argv, "c:vh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			file = optarg;
			break;
		case 'C':
			return config_check(optarg);
		case 'v':
			log_level_set(LOG_LEVEL_DEBUG);
			break;
		case 'V':
			puts("margayd " MARGAY_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "margayd: %s: no such argument\n\n%s", argv[optind], usage);
		return EXIT_USAGE;
	}
	return daemon_run(file);
}
