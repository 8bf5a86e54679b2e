/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/retell.h"

#include "bgp/attr.h"
#include "bgp/message.h"
#include "bgp/update.h"

#define RUN_MAX 1024 /* more prefixes than one message holds */

/* As the neighbour speaks to us: what it sends is what we write. */
static struct bgp_codec codec_of(const struct bgp_peer *peer)
{
	struct bgp_codec codec = *peer->codec;

	codec.add_path_out = codec.add_path_in;
	codec.carriers_send = ~0u;
	return codec;
}

/* False: the route is gone. */
static bool route_find(const struct retell *retell, const struct bgp_nlri *nlri,
		       struct bgp_route *ret, struct bgp_path *ret_path)
{
	return bgp_route_find(retell->bgp, retell->peer->neighbor, nlri, ret, ret_path);
}

/* One message for the first of the run; returns how many prefixes it took. */
static size_t message_write(struct retell *retell, const struct bgp_path *path,
			    uint64_t received_ms, const struct bgp_nlri *list, size_t count)
{
	struct bgp_codec codec = codec_of(retell->peer);
	uint8_t octets[MESSAGE_EXT_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	size_t n = path ? update_encode(&codec, path, list, count, &w)
			: update_encode_withdraw(&codec, list, count, &w);

	if (n) {
		retell->write(retell->user, cursor_of(octets, writer_len(&w)), received_ms);
		return n;
	}
	retell->untold++;
	return 1;
}

/* How many of the list have this path, from its beginning, in one family. serial 0: have gone. */
static size_t run_len(const struct retell *retell, uint64_t serial, const struct bgp_nlri *list,
		      size_t count)
{
	enum bgp_family family = nlri_family_of(&list[0].dst);
	size_t n = 1;

	for (; n < count && n < RUN_MAX && nlri_family_of(&list[n].dst) == family; n++) {
		struct bgp_route route = { 0 };
		struct bgp_path path;

		route_find(retell, &list[n], &route, &path);
		if (route.path_serial != serial)
			break;
	}
	return n;
}

void retell_routes(struct retell *retell, const struct bgp_nlri *list, size_t count)
{
	while (count) {
		struct bgp_route route = { 0 };
		struct bgp_path path;
		bool there = route_find(retell, list, &route, &path);
		size_t run = run_len(retell, route.path_serial, list, count);

		count -= run;
		while (run) {
			size_t n = message_write(retell, there ? &path : NULL, route.received_ms,
						 list, run);

			list += n;
			run -= n;
		}
	}
}

void retell_end_of_rib(struct retell *retell, enum bgp_family family)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	update_encode_end_of_rib(family, &w);
	retell->write(retell->user, cursor_of(octets, writer_len(&w)), 0);
}

struct update_look update_look(struct cursor message)
{
	struct update_look look = { .family = BGP_IPV4_UNICAST };
	struct cursor attrs;
	size_t withdrawn;

	cursor_take(&message, MESSAGE_HEADER_LEN);
	withdrawn = cursor_u16(&message);
	cursor_take(&message, withdrawn);
	attrs = cursor_sub(&message, cursor_u16(&message));
	if (message.bad || attrs.bad)
		return look;
	look.end_of_rib = !withdrawn && !cursor_left(&attrs) && !cursor_left(&message);
	while (cursor_left(&attrs)) {
		bool only = !withdrawn && attrs.at == message.at - cursor_left(&attrs);
		uint8_t flags = cursor_u8(&attrs), code = cursor_u8(&attrs);
		size_t len = flags & ATTR_EXT_LEN ? cursor_u16(&attrs) : cursor_u8(&attrs);
		struct cursor body = cursor_sub(&attrs, len);
		uint16_t afi;

		if (code != ATTR_MP_REACH && code != ATTR_MP_UNREACH)
			continue;
		afi = cursor_u16(&body);
		if (nlri_family(afi, cursor_u8(&body), &look.family) < 0 || body.bad)
			look.family = BGP_IPV4_UNICAST;
		look.end_of_rib = only && code == ATTR_MP_UNREACH && !cursor_left(&body) &&
				  !cursor_left(&attrs) && !cursor_left(&message);
		return look;
	}
	return look;
}
