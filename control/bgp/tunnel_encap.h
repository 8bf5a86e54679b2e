/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Tunnel Encapsulation attribute (23, RFC 9012) as far as it names an IP-in-IP, GRE or VXLAN
 * tunnel. Private to the codec.
 */
#pragma once
#include "bgp/attr.h"

/* The first valid tunnel that we can encapsulate for; its endpoint is zero where it is the BGP next
 * hop. ret->kind is BGP_TUNNEL_NONE where there is none. 0 or -EBADMSG. */
int tunnel_encap_decode(struct cursor *c, struct bgp_tunnel *ret);
/* The body: one tunnel, of a kind that RFC 9012 has, to the endpoint; zero: the BGP next hop. */
void tunnel_encap_encode(const struct bgp_tunnel *tunnel, struct writer *w);
