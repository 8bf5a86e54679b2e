/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/servers.h"

#include "base/log.h"

#include <string.h>

static bool id_equal(const struct ingress_server_id *a, const struct ingress_server_id *b)
{
	return a->len == b->len && !memcmp(a->octet, b->octet, sizeof(a->octet));
}

static bool id_among(const struct ingress_server_id *id, const struct ingress_server_id *list,
		     size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (id_equal(id, &list[i]))
			return true;
	return false;
}

/* Big endian, at the end: site 258 is 00 00 01 02 in a server ID of four octets. False: it has no
 * site id, or one that does not fit. */
static bool id_of_site(uint16_t site_id, uint8_t len, struct ingress_server_id *ret)
{
	*ret = (struct ingress_server_id){ .len = len };
	if (!site_id || (len == 1 && site_id > 0xff))
		return false;
	ret->octet[len - 1] = (uint8_t)site_id;
	if (len > 1)
		ret->octet[len - 2] = (uint8_t)(site_id >> 8);
	return true;
}

static size_t ids_wanted(const struct steering *s, const struct steering_site *site,
			 const struct ingress_site_config *known,
			 struct ingress_server_id ret[INGRESS_SERVER_IDS_MAX])
{
	uint8_t len = s->config.options.quic_id_len;
	size_t count = 0;

	if (s->config.affinity != MG_AFFINITY_QUIC || !len)
		return 0;
	for (size_t i = 0; known && i < known->server_id_count; i++)
		if (known->server_id[i].len == len)
			ret[count++] = known->server_id[i];
	if (count)
		return count;
	return id_of_site(site->site_id, len, &ret[0]) ? 1 : 0;
}

/* Takes out of the tables what is not in the list, unless another site has it now. */
static void servers_keep(struct steering *s, struct steering_site *site,
			 const struct ingress_server_id *wanted, size_t count)
{
	for (size_t i = 0; i < site->server_id_count; i++)
		if (!id_among(&site->server_id[i], wanted, count))
			tables_server_id_clear(s->table, site->server_id[i].octet, site->member);
}

void servers_sync(struct steering *s, struct steering_site *site,
		  const struct ingress_site_config *known)
{
	struct ingress_server_id wanted[INGRESS_SERVER_IDS_MAX];
	size_t count = site->member == MG_MEMBER_NONE ? 0 : ids_wanted(s, site, known, wanted);

	servers_keep(s, site, wanted, count);
	site->server_id_count = 0;
	for (size_t i = 0; i < count; i++) {
		int r = tables_server_id_set(s->table, wanted[i].octet, site->member);

		if (r < 0)
			log_err(r, "service %s: a server ID is left out", s->config.name);
		else
			site->server_id[site->server_id_count++] = wanted[i];
	}
}

void servers_forget(struct steering *s, struct steering_site *site)
{
	servers_keep(s, site, NULL, 0);
	site->server_id_count = 0;
}
