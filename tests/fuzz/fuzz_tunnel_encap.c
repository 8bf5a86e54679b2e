/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of attribute 23. */
#include "again.h"
#include "bgp/tunnel_encap.h"

static bool read_write(struct cursor *c, struct writer *w)
{
	struct bgp_tunnel tunnel = { 0 };

	if (tunnel_encap_decode(c, &tunnel) < 0 || tunnel.kind == BGP_TUNNEL_NONE)
		return false;
	if (tunnel.kind == BGP_TUNNEL_SRV6 || tunnel.kind == BGP_TUNNEL_DIRECT ||
	    tunnel.kind >= BGP_TUNNEL_COUNT || tunnel.vni > 0xffffff)
		impossible("a tunnel that attribute 23 has no word for");
	tunnel_encap_encode(&tunnel, w);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_again(cursor_of(data, size), read_write);
	return 0;
}
