/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of an OPEN. What is understood must be the same when it is written and read again. */
#include "base/util.h"
#include "bgp/message.h"
#include "bgp/open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool restarts_same(const struct bgp_open *a, const struct bgp_open *b)
{
	for (int family = 0; family < BGP_FAMILY_COUNT; family++)
		if (a->long_lived_families & BIT(family) &&
		    a->long_lived_s[family] != b->long_lived_s[family])
			return false;
	return a->graceful == b->graceful && a->restarted == b->restarted &&
	       a->graceful_notification == b->graceful_notification &&
	       a->restart_s == b->restart_s && a->graceful_families == b->graceful_families &&
	       a->forwarding == b->forwarding && a->long_lived == b->long_lived &&
	       a->long_lived_families == b->long_lived_families &&
	       a->long_lived_forwarding == b->long_lived_forwarding;
}

static bool open_same(const struct bgp_open *a, const struct bgp_open *b)
{
	return a->as == b->as && a->hold_s == b->hold_s && a->families == b->families &&
	       a->add_path_send == b->add_path_send && a->add_path_receive == b->add_path_receive &&
	       a->edge_metadata == b->edge_metadata &&
	       a->extended_next_hop == b->extended_next_hop &&
	       a->route_refresh == b->route_refresh && a->as4 == b->as4 &&
	       a->enhanced_refresh == b->enhanced_refresh &&
	       a->extended_message == b->extended_message && restarts_same(a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	struct bgp_open open = { 0 }, again = { 0 };
	struct notification fault;
	uint8_t bytes[MESSAGE_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct message m;

	if (open_decode(&c, OPEN_EDGE_METADATA, &open, &fault) < 0) {
		if (fault.code != NOTIFICATION_OPEN)
			__builtin_trap();
		return 0;
	}
	if (!open.families) /* of none of ours: it would read back as IPv4 */
		return 0;
	open_encode(&open, &w);
	c = cursor_of(bytes, writer_len(&w));
	if (w.bad || message_read(&c, &m, &fault) != 1 ||
	    open_decode(&m.body, OPEN_EDGE_METADATA, &again, &fault) < 0 ||
	    !open_same(&open, &again))
		__builtin_trap();
	return 0;
}
