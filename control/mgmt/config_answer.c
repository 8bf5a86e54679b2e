/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_answer.h"

#include "base/util.h"

static json_t *good(const char *file, const struct config *config)
{
	json_t *answer = json_object();

	answer_text(answer, "result", "good");
	answer_text(answer, "file", file);
	answer_count(answer, "interfaces", config->interface_count);
	answer_count(answer, "neighbors", config->neighbor_count);
	answer_count(answer, "steered", config->steer_count);
	answer_count(answer, "announced", config->announce_count);
	answer_count(answer, "clusters", config->guest_count);
	return answer;
}

static void put_fault(json_t *object, const char *file, const struct config_fault *fault)
{
	answer_text(object, "file", file);
	if (fault->mark.line) {
		answer_count(object, "line", fault->mark.line);
		answer_count(object, "column", fault->mark.column);
	}
	answer_text(object, "code", fault->code);
	answer_text(object, "path", fault->path);
	answer_text(object, "message", fault->message);
	answer_text(object, "hint", fault->hint);
}

static json_t *bad(const char *file, const struct fault_list *faults)
{
	json_t *answer = answer_error(ANSWER_CONFIG_INVALID, NULL, NULL, "%s: %zu%s fault%s", file,
				      faults->count, faults->more ? " or more" : "",
				      faults->count == 1 && !faults->more ? "" : "s");
	json_t *array = answer_array(json_object_get(answer, "error"), "faults");

	for (size_t i = 0; i < faults->count; i++)
		put_fault(answer_append(array), file, &faults->at[i]);
	return answer;
}

json_t *config_answer(const char *file, struct config **ret_config)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *config = NULL;
	json_t *answer;

	if (config_inspect(file, &config, &faults) < 0)
		return bad(file, &faults);
	answer = good(file, config);
	if (ret_config)
		*ret_config = TAKE_PTR(config);
	return answer;
}
