/* SPDX-License-Identifier: BSD-2-Clause */
/* Extended communities: the report, the tunnel and the bandwidth in them. */
#include "again.h"
#include "bgp/link_bandwidth.h"
#include "bgp/report_community.h"
#include "bgp/tunnel_community.h"

#include <math.h>

static void check_report(const struct report *r)
{
	if ((r->has & REPORT_CAPACITY && !(isfinite(r->capacity) && r->capacity > 0)) ||
	    (r->has & REPORT_SERVICE_TIME &&
	     !(isfinite(r->service_time_s) && r->service_time_s > 0)) ||
	    (r->has & REPORT_WINDOW && !(r->window_s > 0)) || !isfinite(r->arrival_rate) ||
	    r->arrival_rate < 0 || !isfinite(r->in_flight) || r->in_flight < 0 ||
	    !isfinite(r->utilisation) || r->utilisation < 0 || r->sampled_ms < 0 ||
	    r->availability > 100 || r->delay_index > 100 || r->score > 10)
		impossible("a report that cannot be");
}

static bool report_again(struct cursor *c, struct writer *w)
{
	struct bgp_path path = { 0 };

	report_community_decode(c, &path);
	if (!(path.has & BGP_HAS_REPORT))
		return false;
	check_report(&path.report);
	report_community_encode(&path, w);
	return writer_len(w);
}

static bool tunnel_again(struct cursor *c, struct writer *w)
{
	struct bgp_tunnel tunnel = { 0 };

	tunnel_community_decode(c, &tunnel);
	if (tunnel.kind == BGP_TUNNEL_NONE)
		return false;
	tunnel_community_encode(&tunnel, w);
	return true;
}

static bool bandwidth_again(struct cursor *c, struct writer *w)
{
	const struct bgp_codec codec = { .local_as = 65000, .remote_as = 65000, .ibgp = true };
	struct report report = { 0 };

	link_bandwidth_decode(c, &report);
	check_report(&report);
	link_bandwidth_encode(&codec, &report, w);
	return writer_len(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size - size % 8); /* attr.c has seen to the length */

	check_again(c, report_again);
	check_again(c, tunnel_again);
	check_again(c, bandwidth_again);
	return 0;
}
