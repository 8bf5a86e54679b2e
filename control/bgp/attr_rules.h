/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoders and encoders which the table in attr.c names. A decoder gets the attribute's body
 * and returns 0, -EBADMSG or -ENOBUFS; what it leaves unread is a fault. It commits on success
 * only. An encoder writes a body and returns whether the attribute is to be sent at all.
 */
#pragma once
#include "bgp/attr.h"

/* attr_basic.c: RFC 4271, RFC 6793 */
int decode_origin(struct attr_set *set, struct cursor *c);
int decode_as_path(struct attr_set *set, struct cursor *c);
int decode_next_hop(struct attr_set *set, struct cursor *c);
int decode_med(struct attr_set *set, struct cursor *c);
int decode_local_pref(struct attr_set *set, struct cursor *c);
int decode_atomic_aggregate(struct attr_set *set, struct cursor *c);
int decode_aggregator(struct attr_set *set, struct cursor *c);
int decode_as4_path(struct attr_set *set, struct cursor *c);
int decode_as4_aggregator(struct attr_set *set, struct cursor *c);
int attr_join_as4(struct attr_set *set); /* once all attributes are read */
bool encode_origin(const struct attr_source *source, struct writer *w);
bool encode_as_path(const struct attr_source *source, struct writer *w);
bool encode_next_hop(const struct attr_source *source, struct writer *w);
bool encode_med(const struct attr_source *source, struct writer *w);
bool encode_local_pref(const struct attr_source *source, struct writer *w);
bool encode_atomic_aggregate(const struct attr_source *source, struct writer *w);
bool encode_aggregator(const struct attr_source *source, struct writer *w);
bool encode_as4_path(const struct attr_source *source, struct writer *w);
bool encode_as4_aggregator(const struct attr_source *source, struct writer *w);

/* attr_lists.c: RFC 1997, RFC 4360, RFC 4456 */
int decode_communities(struct attr_set *set, struct cursor *c);
int decode_originator_id(struct attr_set *set, struct cursor *c);
int decode_cluster_list(struct attr_set *set, struct cursor *c);
int decode_ext_communities(struct attr_set *set, struct cursor *c);
bool encode_communities(const struct attr_source *source, struct writer *w);
bool encode_originator_id(const struct attr_source *source, struct writer *w);
bool encode_cluster_list(const struct attr_source *source, struct writer *w);
bool encode_ext_communities(const struct attr_source *source, struct writer *w);

/* attr_mp.c: RFC 4760, RFC 8950. Encoded by update.c, which knows the prefixes. */
int decode_mp_reach(struct attr_set *set, struct cursor *c);
int decode_mp_unreach(struct attr_set *set, struct cursor *c);

/* tunnel_encap.c, prefix_sid.c, metadata.c */
int decode_tunnel_encap(struct attr_set *set, struct cursor *c);
int decode_prefix_sid(struct attr_set *set, struct cursor *c);
int decode_metadata(struct attr_set *set, struct cursor *c);
void attr_join_report(struct attr_set *set); /* metadata.c: once all attributes are read */
bool encode_tunnel_encap(const struct attr_source *source, struct writer *w);
bool encode_prefix_sid(const struct attr_source *source, struct writer *w);
bool encode_metadata(const struct attr_source *source, struct writer *w);
