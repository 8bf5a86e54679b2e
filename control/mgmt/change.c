/* SPDX-License-Identifier: BSD-2-Clause */
/* announce, withdraw, metric, drain, undrain: what a request can change of a running router. */
#include "mgmt/change.h"

#include "base/log.h"
#include "base/util.h"
#include "mgmt/report_json.h"
#include "mgmt/request.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* As margay.yang has it for announcements in the configuration. */
#define SLOTS_DEFAULT 256
#define IDLE_DEFAULT  300

static json_t *no_egress(void)
{
	return answer_error(ANSWER_NOT_CONFIGURED, NULL,
			    "give the configuration a 'site' with its endpoint",
			    "this router announces nothing: it has no site behind it");
}

/* Whole and within min..max; absent: other. Negative: it is not right. */
static double whole(const json_t *body, const char *name, double min, double max, double other)
{
	const json_t *member = json_object_get(body, name);
	double value = member ? json_number_value(member) : other;

	return value >= min && value <= max && value == floor(value) ? value : -1;
}

static int instances_parse(const json_t *list, struct egress_service_config *service)
{
	const json_t *item;
	size_t i;

	if (json_array_size(list) > EGRESS_INSTANCES_MAX)
		return -EINVAL;
	json_array_foreach(list, i,
			   item) if (addr_parse(json_string_value(item),
						&service->instance[service->instance_count++]) <
				     0) return -EINVAL;
	return service->instance_count ? 0 : -EINVAL;
}

static int name_parse(const char *name, char ret[32])
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "._-";

	if (!name || strlen(name) > 31 || strspn(name, good) != strlen(name))
		return -EINVAL;
	strcpy(ret, name);
	return 0;
}

/* NULL and *ret is whole; or the name of the member that is not right. The rules are those of
 * margay.yang. */
const char *announce_parse(const json_t *body, struct egress_service_config *ret)
{
	const char *address = json_string_value(json_object_get(body, "address"));
	const char *protocol = json_string_value(json_object_get(body, "protocol"));
	double port = whole(body, "port", 0, UINT16_MAX, 0);
	double slots = whole(body, "slots", 1, MG_RANGE_MAX, SLOTS_DEFAULT);
	struct report told;
	struct addr addr;

	*ret = (struct egress_service_config){ .key.scope = MG_SCOPE_EGRESS,
					       .idle_s = IDLE_DEFAULT,
					       .announce_without_report = true,
					       .discipline = { .min_s = 1,
							       .max_s = 5,
							       .good_s = 2,
							       .jitter = 0.1,
							       .threshold = 0.15,
							       .quantum = 0.001 } };
	if (name_parse(json_string_value(json_object_get(body, "name")), ret->name) < 0)
		return "name";
	if (!address || addr_parse(address, &addr) < 0 || addr_is_zero(&addr))
		return "address";
	memcpy(ret->key.addr, addr.octet, sizeof(ret->key.addr));
	ret->key.proto = config_protocol(protocol ? protocol : "any");
	if (protocol && !ret->key.proto && strcmp(protocol, "any") != 0)
		return "protocol";
	if (port < 0 || (port > 0 && !ret->key.proto))
		return "port";
	ret->key.port = (__u16)port;
	if (slots < 0 || (uint32_t)slots & ((uint32_t)slots - 1))
		return "slots";
	ret->slots = (uint32_t)slots;
	if (instances_parse(json_object_get(body, "instances"), ret) < 0)
		return "instances";
	if (report_get(body, &told))
		return report_get(body, &told);
	ret->capacity = told.capacity;
	ret->service_time_s = told.service_time_s;
	return NULL;
}

static const char *announce_hint(const char *member)
{
	static const struct {
		const char *member, *hint;
	} hints[] = {
		{ "name", "1 to 31 letters, digits, '.', '_' and '-'" },
		{ "address", "announce NAME address ADDRESS ... instances ADDRESS..." },
		{ "protocol", "any, tcp or udp" },
		{ "port", "0 to 65535; other than 0 only with protocol tcp or udp" },
		{ "slots", "a power of two from 1 to 1048576" },
		{ "instances", "1 to 256 addresses of servers" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (strcmp(hints[i].member, member) == 0)
			return hints[i].hint;
	return NULL;
}

static json_t *answer_of(int r, const char *kind, const char *name)
{
	char what[96];

	snprintf(what, sizeof(what), "%s '%.60s'", kind, name);
	return r < 0 ? answer_errno(r, what) : answer_done();
}

/* Without an address it undoes the withdrawal of a configured service. */
static json_t *announce_again(const struct request *request, const char *name)
{
	struct egress_service_view service;
	int r = -ENOENT;

	for (size_t i = 0; egress_service(request->context->egress, i, &service); i++) {
		if (strcmp(service.config->name, name) == 0) {
			int one = egress_announce(request->context->egress, service.config);

			r = one == 0 || r == -ENOENT ? one : r;
		}
	}
	if (r == -ENOENT)
		return answer_error(ANSWER_MISSING_ARGUMENT, "address", announce_hint("address"),
				    "a new service needs an address and instances");
	return answer_of(r, "service", name);
}

static bool name_is_configured(const struct request *request, const char *name)
{
	struct egress_service_view service;

	for (size_t i = 0; egress_service(request->context->egress, i, &service); i++)
		if (strcmp(service.config->name, name) == 0)
			return true;
	return false;
}

/* Kept first: what a restart would lose must not be announced as if it were kept. */
static json_t *announce_new(const struct request *request,
			    const struct egress_service_config *service)
{
	bool keep = !request_flag(request, "transient");
	int r;

	if (name_is_configured(request, service->name))
		return answer_of(-EEXIST, "service", service->name);
	r = keep ? durable_keep(request->durable, request->body) : 0;
	if (r < 0)
		return answer_error(ANSWER_STATE_NOT_SAVED, NULL,
				    "mend the state directory, or announce with --transient, which "
				    "a restart forgets",
				    "nothing was announced: the state directory: %s", strerror(-r));
	r = egress_announce(request->context->egress, service);
	if (r < 0 && keep)
		durable_forget(request->durable, service->name);
	return answer_of(r, "service", service->name);
}

json_t *change_announce(const struct request *request)
{
	const char *name = request_text(request, "name"), *wrong;
	_cleanup_(freep) struct egress_service_config *service = NULL;

	if (!request->context->egress)
		return no_egress();
	if (!json_object_get(request->body, "address"))
		return announce_again(request, name);
	service = malloc(sizeof(*service));
	if (!service)
		return NULL;
	wrong = announce_parse(request->body, service);
	if (wrong)
		return answer_error(ANSWER_BAD_ARGUMENT, wrong, announce_hint(wrong),
				    "'%s' is missing or not right", wrong);
	return announce_new(request, service);
}

void change_replay(struct durable *durable, struct egress *egress)
{
	_cleanup_(freep) struct egress_service_config *service = malloc(sizeof(*service));
	const json_t *body;
	size_t i;

	json_array_foreach(durable_list(durable), i, body)
	{
		const char *name = json_string_value(json_object_get(body, "name"));
		const char *wrong = service ? announce_parse(body, service) : "memory";
		int r = wrong ? -EINVAL : egress_announce(egress, service);

		if (r < 0)
			log_err(r, "kept announcement '%s': not announced%s%s", name,
				wrong ? " for its " : "", wrong ? wrong : "");
	}
}

json_t *change_withdraw(const struct request *request)
{
	const char *name = request_text(request, "name");
	int r, kept;

	if (!request->context->egress)
		return no_egress();
	r = egress_withdraw(request->context->egress, name);
	kept = durable_forget(request->durable, name);
	if (kept < 0 && kept != -ENOENT)
		return answer_error(ANSWER_STATE_NOT_SAVED, NULL, "mend the state directory",
				    "'%.60s' is withdrawn, but a restart will announce it: the "
				    "state directory: %s",
				    name, strerror(-kept));
	return answer_of(kept == 0 ? 0 : r, "service", name);
}

static int64_t unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Of the whole site: what its services have in common. */
static json_t *site_metric(const struct request *request, const struct report *report)
{
	if (report->has != REPORT_AVAILABILITY || report->drain)
		return answer_error(ANSWER_BAD_ARGUMENT, NULL, "metric SITE availability 50",
				    "of a whole site only the availability can be told");
	return answer_of(egress_availability(request->context->egress, report->availability),
			 "site", request_text(request, "name"));
}

json_t *change_metric(const struct request *request)
{
	const char *name = request_text(request, "name"), *wrong;
	struct report report;

	if (!request->context->egress)
		return no_egress();
	wrong = report_get(request->body, &report);
	if (wrong)
		return answer_error(ANSWER_BAD_ARGUMENT, wrong, NULL, "'%s' is out of range",
				    wrong);
	if (!report.has && !json_object_get(request->body, "drain"))
		return answer_error(ANSWER_MISSING_ARGUMENT, NULL,
				    "metric NAME capacity 8 utilisation 0.5",
				    "metric needs a value to tell");
	if (request->context->config->has_egress &&
	    strcmp(name, request->context->config->egress.site_name) == 0)
		return site_metric(request, &report);
	report.has |= REPORT_SAMPLED;
	report.sampled_ms = unix_ms();
	return answer_of(egress_metric(request->context->egress, name, &report), "service", name);
}

/* NAME is a site elsewhere, for this ingress; or the site behind this router, or one of its
 * services. What is found in both places is drained in both. */
static json_t *drain(const struct request *request, bool on)
{
	const struct mgmt_context *context = request->context;
	const char *name = request_text(request, "name");
	bool own = context->egress && strcmp(context->config->egress.site_name, name) == 0;
	int in = context->ingress ? ingress_drain(context->ingress, name, on) : -ENOENT;
	int out = context->egress ? egress_drain(context->egress, own ? NULL : name, on) : -ENOENT;

	if (in < 0 && in != -ENOENT)
		return answer_of(in, "site", name);
	if (out < 0 && out != -ENOENT)
		return answer_of(out, "service", name);
	if (in == 0 || out == 0)
		return answer_done();
	return answer_error(ANSWER_NOT_FOUND, "name", "margay show sites lists them",
			    "there is no site and no service '%.60s'", name);
}

json_t *change_drain(const struct request *request)
{
	return drain(request, true);
}

json_t *change_undrain(const struct request *request)
{
	return drain(request, false);
}
