/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/notified.h"
#include "bgp/reason.h"

_Static_assert(sizeof(((struct bgp_notified *)0)->text) == NOTIFICATION_STRLEN,
	       "bgp.h does not include notification.h");
_Static_assert(sizeof(((struct bgp_notified *)0)->reason) == REASON_STRLEN, "nor reason.h");

void notified_keep(struct bgp_notified *ret, const struct notification *notification, bool told,
		   uint64_t now_ms)
{
	ret->at_ms = now_ms;
	ret->code = notification->code;
	ret->subcode = notification->subcode;
	ret->told = told;
	notification_format(notification, ret->text);
	reason_decode(notification, ret->reason);
}
