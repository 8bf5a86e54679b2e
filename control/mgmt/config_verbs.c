/* SPDX-License-Identifier: BSD-2-Clause */
/* check FILE, reload [FILE]. */
#include "base/util.h"
#include "mgmt/config_answer.h"
#include "mgmt/request.h"

#include <errno.h>
#include <string.h>

json_t *config_verb_check(const struct request *request)
{
	return config_answer(request_text(request, "file"), NULL);
}

/* Checked here first, so that the faults come with their lines. */
json_t *config_verb_reload(const struct request *request)
{
	const struct mgmt_context *context = request->context;
	const char *file = request_text(request, "file");
	_cleanup_(freep) char *error = NULL;
	json_t *checked = file ? config_answer(file, NULL) : NULL;
	int r;

	if (answer_status(checked))
		return checked;
	json_decref(checked);
	r = context->reload(context->user, file, &error);
	if (r >= 0)
		return answer_done();
	return answer_error(r == -EINVAL ? ANSWER_CONFIG_INVALID : ANSWER_REFUSED, NULL,
			    "margayd's log names each fault", "%s", error ? error : strerror(-r));
}
