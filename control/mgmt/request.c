/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: {"verb":"show","object":"services","service":"web"}: verb and object choose a row of the
 * table below, the row says who may ask and with which arguments; only then is the handler called.
 * A member that no row knows is refused: a misspelt key must not be taken for a default.
 */
#include "mgmt/request.h"

#include "base/util.h"
#include "mgmt/nearest.h"
#include "mgmt/version.h"

#include <string.h>

enum argument_kind { ARGUMENT_TEXT = 1, ARGUMENT_NUMBER, ARGUMENT_FLAG, ARGUMENT_TEXTS };

struct argument {
	const char *name;
	enum argument_kind kind;
	bool needed;
};

static const struct argument none[] = { { 0 } };
static const struct argument service_maybe[] = { { "service", ARGUMENT_TEXT, false }, { 0 } };
static const struct argument service_needed[] = { { "service", ARGUMENT_TEXT, true }, { 0 } };
static const struct argument pins[] = { { "all", ARGUMENT_FLAG, false }, { 0 } };
static const struct argument routes[] = { { "destination", ARGUMENT_TEXT, false },
					  { "neighbor", ARGUMENT_TEXT, false },
					  { "at", ARGUMENT_NUMBER, false },
					  { 0 } };
static const struct argument explain[] = { { "service", ARGUMENT_TEXT, true },
					   { "from", ARGUMENT_TEXT, false },
					   { 0 } };
static const struct argument announce[] = {
	{ "name", ARGUMENT_TEXT, true },        { "address", ARGUMENT_TEXT, false },
	{ "protocol", ARGUMENT_TEXT, false },   { "port", ARGUMENT_NUMBER, false },
	{ "instances", ARGUMENT_TEXTS, false }, { "slots", ARGUMENT_NUMBER, false },
	{ "capacity", ARGUMENT_NUMBER, false }, { "service-time-ms", ARGUMENT_NUMBER, false },
	{ "transient", ARGUMENT_FLAG, false },  { 0 }
};
static const struct argument name_and_reason[] = { { "name", ARGUMENT_TEXT, true },
						   { "reason", ARGUMENT_TEXT, false },
						   { 0 } };
static const struct argument name_maybe[] = { { "name", ARGUMENT_TEXT, false }, { 0 } };
static const struct argument name_needed[] = { { "name", ARGUMENT_TEXT, true }, { 0 } };
static const struct argument metric[] = { { "name", ARGUMENT_TEXT, true },
					  { "capacity", ARGUMENT_NUMBER, false },
					  { "service-time-ms", ARGUMENT_NUMBER, false },
					  { "arrival-rate", ARGUMENT_NUMBER, false },
					  { "in-flight", ARGUMENT_NUMBER, false },
					  { "utilisation", ARGUMENT_NUMBER, false },
					  { "window", ARGUMENT_NUMBER, false },
					  { "score", ARGUMENT_NUMBER, false },
					  { "preference", ARGUMENT_NUMBER, false },
					  { "availability", ARGUMENT_NUMBER, false },
					  { "delay-index", ARGUMENT_NUMBER, false },
					  { "drain", ARGUMENT_FLAG, false },
					  { 0 } };
static const struct argument record[] = { { "service", ARGUMENT_TEXT, false },
					  { "recorder", ARGUMENT_NUMBER, false },
					  { "most", ARGUMENT_NUMBER, false },
					  { "end", ARGUMENT_FLAG, false },
					  { 0 } };
static const struct argument file[] = { { "file", ARGUMENT_TEXT, false }, { 0 } };
static const struct argument file_needed[] = { { "file", ARGUMENT_TEXT, true }, { 0 } };

static json_t *show_version(const struct request *request)
{
	return json_pack("{s:s, s:s}", "version", MGMT_VERSION, "abi", MG_ABI_VERSION);
}

static const struct verb {
	const char *verb, *object; /* object "": there is none */
	bool writes;
	const struct argument *arguments;
	request_handler *handle;
} verbs[] = {
	{ "show", "services", false, service_maybe, show_services },
	{ "show", "sites", false, none, show_sites },
	{ "show", "members", false, service_maybe, show_members },
	{ "show", "slots", false, service_needed, show_slots },
	{ "show", "pins", false, pins, show_pins },
	{ "show", "interfaces", false, none, show_interfaces },
	{ "show", "counters", false, none, show_counters },
	{ "show", "maps", false, none, show_maps },
	{ "show", "clusters", false, none, show_clusters },
	{ "show", "collectors", false, none, show_collectors },
	{ "show", "probes", false, none, show_probes },
	{ "show", "scores", false, none, show_scores },
	{ "show", "endpoints", false, none, show_endpoints },
	{ "show", "names", false, none, show_names },
	{ "show", "bgp", false, none, show_bgp_neighbors },
	{ "show", "bgp-routes", false, routes, show_bgp_routes },
	{ "show", "bmp", false, none, show_bmp },
	{ "show", "igp", false, none, show_igp },
	{ "show", "mrt", false, none, show_mrt },
	{ "mrt", "dump", true, name_maybe, change_mrt_dump },
	{ "explain", "", false, explain, explain_service },
	{ "record", "", false, record, record_decisions },
	{ "announce", "", true, announce, change_announce },
	{ "withdraw", "", true, name_needed, change_withdraw },
	{ "metric", "", true, metric, change_metric },
	{ "drain", "", true, name_needed, change_drain },
	{ "undrain", "", true, name_needed, change_undrain },
	{ "shutdown", "", true, name_and_reason, change_shutdown },
	{ "enable", "", true, name_needed, change_enable },
	{ "reset", "", true, name_and_reason, change_reset },
	{ "refresh", "", true, name_needed, change_refresh },
	{ "check", "", false, file_needed, config_verb_check },
	{ "reload", "", true, file, config_verb_reload },
	{ "version", "", false, none, show_version },
};

const char *request_text(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->body, name));
}

double request_number(const struct request *request, const char *name)
{
	return json_number_value(json_object_get(request->body, name));
}

bool request_flag(const struct request *request, const char *name)
{
	return json_is_true(json_object_get(request->body, name));
}

static bool texts_only(const json_t *array)
{
	size_t i;
	const json_t *item;

	json_array_foreach(array, i, item) if (!json_is_string(item)) return false;
	return json_is_array(array);
}

static bool argument_fits(const struct argument *argument, const json_t *value)
{
	switch (argument->kind) {
	case ARGUMENT_TEXT:
		return json_is_string(value) && *json_string_value(value);
	case ARGUMENT_NUMBER:
		return json_is_number(value);
	case ARGUMENT_FLAG:
		return json_is_boolean(value);
	case ARGUMENT_TEXTS:
		return texts_only(value);
	}
	return false;
}

static const char *argument_words(enum argument_kind kind)
{
	static const char *const words[] = { [ARGUMENT_TEXT] = "a text",
					     [ARGUMENT_NUMBER] = "a number",
					     [ARGUMENT_FLAG] = "true or false",
					     [ARGUMENT_TEXTS] = "a list of texts" };

	return words[kind];
}

static const struct argument *argument_find(const struct verb *verb, const char *name)
{
	for (const struct argument *a = verb->arguments; a->name; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

static json_t *argument_check(const struct verb *verb, const char *name, const json_t *value)
{
	const struct argument *argument = argument_find(verb, name);
	struct nearest nearest = { .wrong = name };
	char hint[64] = "";

	if (argument && argument_fits(argument, value))
		return NULL;
	if (argument)
		return answer_error(ANSWER_BAD_ARGUMENT, name, NULL, "'%s' must be %s", name,
				    argument_words(argument->kind));
	for (const struct argument *a = verb->arguments; a->name; a++)
		nearest_offer(&nearest, a->name);
	if (nearest.best)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest.best);
	return answer_error(ANSWER_UNKNOWN_ARGUMENT, name, hint, "%s takes no '%.60s'", verb->verb,
			    name);
}

/* NULL: all is well. */
static json_t *arguments_check(const struct verb *verb, json_t *body)
{
	const char *name;
	json_t *value;

	json_object_foreach(body, name, value)
	{
		json_t *error = NULL;

		if (strcmp(name, "verb") != 0 && strcmp(name, "object") != 0)
			error = argument_check(verb, name, value);
		if (error)
			return error;
	}
	for (const struct argument *a = verb->arguments; a->name; a++)
		if (a->needed && !json_object_get(body, a->name))
			return answer_error(ANSWER_MISSING_ARGUMENT, a->name, NULL, "%s needs '%s'",
					    verb->verb, a->name);
	return NULL;
}

static const struct verb *verb_find(const json_t *body)
{
	const char *verb = json_string_value(json_object_get(body, "verb"));
	const char *object = json_string_value(json_object_get(body, "object"));

	for (size_t i = 0; verb && i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].verb, verb) == 0 &&
		    strcmp(verbs[i].object, object ? object : "") == 0)
			return &verbs[i];
	return NULL;
}

static json_t *body_answer(struct request *request, bool may_write, json_t *body)
{
	const struct verb *verb = verb_find(body);
	json_t *error;

	if (!json_is_object(body))
		return answer_error(ANSWER_BAD_REQUEST, NULL, NULL, "a request is one JSON object");
	if (!verb)
		return answer_error(ANSWER_UNKNOWN_VERB, "verb",
				    "margay and margayd may be of different versions",
				    "there is no such verb and object");
	if (verb->writes && !may_write)
		return answer_error(ANSWER_FORBIDDEN, NULL,
				    "be root, or of the group that owns the control socket",
				    "%s changes things, and you may only look", verb->verb);
	error = arguments_check(verb, body);
	if (error)
		return error;
	request->body = body;
	return verb->handle(request);
}

json_t *request_answer(struct request *request, bool may_write, const char *line, size_t len)
{
	json_error_t error;
	json_t *body = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error), *answer;

	if (!body)
		return answer_error(ANSWER_BAD_REQUEST, NULL, NULL, "not JSON: %s, column %d",
				    error.text, error.column);
	answer = body_answer(request, may_write, body);
	request->body = NULL;
	json_decref(body);
	return answer;
}
