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

/* Reading a large file takes its time, in which nothing else is done: a good one is read once. One
 * that is not is read again for its faults, each with its line. */
json_t *config_verb_reload(const struct request *request)
{
	const struct mgmt_context *context = request->context;
	const char *file = request_text(request, "file");
	_cleanup_(freep) char *error = NULL;
	json_t *checked;
	int r;

	r = context->reload(context->user, file, &error);
	if (r >= 0)
		return answer_done();
	checked = file && r != -EBUSY ? config_answer(file, NULL) : NULL;
	if (answer_status(checked))
		return checked;
	json_decref(checked);
	return answer_error(r == -EINVAL ? ANSWER_CONFIG_INVALID : ANSWER_REFUSED, NULL,
			    r == -EBUSY ? NULL : "margayd's log tells more", "%s",
			    error ? error : strerror(-r));
}
