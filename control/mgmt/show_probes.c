/* SPDX-License-Identifier: BSD-2-Clause */
/* show probes: round-trip times to egresses, and what was answered to others. */
#include "mgmt/request.h"

static void put_ms(json_t *object, const char *key, double seconds)
{
	if (seconds >= 0)
		answer_number(object, key, seconds * 1000);
}

void rtt_put(json_t *object, const struct ingress_site_view *site)
{
	static const char *const words[] = { [INGRESS_RTT_UNKNOWN] = "unknown",
					     [INGRESS_RTT_CONFIGURED] = "configured",
					     [INGRESS_RTT_MEASURED] = "measured",
					     [INGRESS_RTT_HANDSHAKE] = "handshake" };

	if (site->rtt.source != INGRESS_RTT_UNKNOWN)
		put_ms(object, "rtt-ms", site->rtt.rtt_s);
	answer_text(object, "rtt-source", words[site->rtt.source]);
}

static void put_probe(json_t *object, const struct prober_view *view)
{
	char egress[ADDR_STRLEN];

	answer_text(object, "egress", addr_format(&view->egress, egress));
	put_ms(object, "rtt-ms", view->rtt_s);
	put_ms(object, "median-ms", view->median_s);
	put_ms(object, "least-ms", view->least_s);
	if (view->median_s >= 0)
		answer_number(object, "age", (double)view->age_ms / 1000);
	answer_number(object, "loss", view->loss);
	answer_count(object, "sent", view->sent);
	answer_count(object, "answered", view->answered);
	answer_count(object, "lost", view->lost);
	answer_count(object, "strays", view->strays);
	answer_count(object, "refused", view->refused);
	answer_text(object, "fault", view->fault);
}

static void put_reflector(json_t *object, const struct reflector *reflector)
{
	struct reflector_counts counts = { 0 };

	if (reflector)
		reflector_counts(reflector, &counts);
	answer_flag(object, "at-work", reflector);
	answer_count(object, "reflected", counts.reflected);
	answer_count(object, "malformed", counts.malformed);
	answer_count(object, "refused", counts.refused);
	answer_count(object, "limited", counts.limited);
	answer_count(object, "unsent", counts.unsent);
}

json_t *show_probes(const struct request *request)
{
	json_t *answer = json_object(), *probes = answer_array(answer, "probes");
	const struct mgmt_context *context = request->context;
	struct prober_view view;

	answer_flag(answer, "sender", context->prober);
	for (size_t i = 0; context->prober && prober_view(context->prober, i, &view); i++)
		put_probe(answer_append(probes), &view);
	put_reflector(answer_object(answer, "reflector"), context->reflector);
	return answer;
}
