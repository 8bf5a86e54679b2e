/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of attribute 40, and the label whose bits may belong to its SID: the first three octets.
 */
#include "again.h"
#include "bgp/prefix_sid.h"

static uint32_t label;

static bool read_write(struct cursor *c, struct writer *w)
{
	struct prefix_sid sid = { 0 };
	struct bgp_tunnel tunnel;

	if (prefix_sid_decode(c, &sid) < 0)
		return false;
	if (sid.moved > 20 || sid.moved + sid.moved_at > 128)
		impossible("more bits moved than there are");
	tunnel = prefix_sid_tunnel(&sid, label);
	if (tunnel.kind == BGP_TUNNEL_NONE)
		return false;
	if (tunnel.kind != BGP_TUNNEL_SRV6 || !prefix_sid_usable(&tunnel))
		impossible("a tunnel that is none of ours");
	prefix_sid_encode(&tunnel, w);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);

	label = (uint32_t)cursor_uint(&c, 3);
	if (!c.bad)
		check_again(c, read_write);
	return 0;
}
