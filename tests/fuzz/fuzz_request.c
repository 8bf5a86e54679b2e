/* SPDX-License-Identifier: BSD-2-Clause */
/* A line on the control socket: whatever it holds, the answer is one JSON object. */
#include "router_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tables tables = { 0 };
	struct ingress ingress = { .tables = &tables };
	struct bgp bgp = { 0 };
	static struct egress egress; /* large; emptied each time, so that runs can be repeated */
	struct config config = { 0 };
	struct mgmt_context context = { .tables = &tables,
					.bgp = &bgp,
					.ingress = &ingress,
					.egress = &egress,
					.config = &config,
					.reload = router_reload };
	struct durable *durable = NULL;
	struct request request = { .context = &context };
	json_t *answer;

	egress.count = 0;
	request.recorders = recorders_new();
	if (!request.recorders || durable_open("", &durable) < 0)
		return 0;
	request.durable = durable;
	answer = request_answer(&request, true, (const char *)data, size);
	if (!json_is_object(answer))
		__builtin_trap();
	json_decref(answer);
	recorders_free(&request.recorders);
	durable_free(&durable);
	return 0;
}
