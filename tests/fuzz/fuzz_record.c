/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A record from anywhere: a line that is understood comes back as it was when it is written and
 * read again, and the selector gets shares of 1 in sum out of it, or none. The first octet chooses
 * the policy.
 */
#include "base/util.h"
#include "record_file.h"
#include "replay.h"

#include <math.h>
#include <string.h>

static void check_again(const struct record_line *line)
{
	size_t len = 0, again_len = 0;
	_cleanup_(freep) char *text = record_line_write(line, &len), *again = NULL;
	struct record_line read;
	char why[FORM_FAULT_LEN];

	if (!text || record_line_read(text, len - 1, &read, why) < 0)
		__builtin_trap();
	again = record_line_write(&read, &again_len);
	if (!again || again_len != len || memcmp(again, text, len))
		__builtin_trap();
	record_line_clear(&read);
}

static void check_shares(const struct weights_decision *decision)
{
	double sum = 0;

	for (size_t i = 0; i < decision->count; i++) {
		if (!(decision->site[i].share >= 0 && decision->site[i].share <= 1 + 1e-9))
			__builtin_trap();
		sum += decision->site[i].share;
	}
	if (sum > 1 + 1e-6)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct replay_changes changes = { .queue_factor = NAN,
					  .hysteresis = NAN,
					  .share_min = NAN,
					  .share_max = NAN,
					  .move_max = NAN,
					  .distrust = NAN,
					  .cost_weight_s = NAN };
	_cleanup_(record_file_clear) struct record_file file = { 0 };
	_cleanup_(replay_free) struct replay *replay = NULL;
	char why[FORM_FAULT_LEN];
	struct record_line line;

	if (size < 2)
		return 0;
	changes.policy_set = data[0] & 1;
	changes.policy = data[0] >> 1 & 3;
	replay = replay_new(&changes);
	file.file = fmemopen((void *)(data + 1), size - 1, "r");
	if (!replay || !file.file)
		__builtin_trap();
	while (record_file_next(&file, &line, why) > 0) {
		struct replay_outcome outcome;
		int r;

		check_again(&line);
		r = replay_line(replay, &line, &outcome, why);
		if (r > 0)
			check_shares(outcome.now);
		record_line_clear(&line);
		if (r < 0)
			break;
	}
	fclose(file.file);
	return 0;
}
