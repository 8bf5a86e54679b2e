/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Server IDs of QUIC connection IDs, a list for each service. An entry of the map names its
 * service by index, which rests after the service has gone, as members do: an entry that is left a
 * moment too long leads to nobody.
 */
#include "tables/state.h"

#include "base/log.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct mg_server_key key_of(const struct table_service *s, const uint8_t *id)
{
	struct mg_server_key key = { .service = s->entry.index };

	memcpy(key.id, id, sizeof(key.id));
	return key;
}

static struct server *server_find(const struct table_service *s, const uint8_t *id)
{
	for (size_t i = 0; i < s->server_count; i++)
		if (!memcmp(s->server[i].id, id, sizeof(s->server[i].id)))
			return &s->server[i];
	return NULL;
}

static struct server *server_add(struct table_service *s, const uint8_t *id)
{
	struct server *grown = reallocarray(s->server, s->server_count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	s->server = grown;
	grown[s->server_count] = (struct server){ .member = MG_MEMBER_NONE };
	memcpy(grown[s->server_count].id, id, sizeof(grown->id));
	return &grown[s->server_count++];
}

static void server_remove(struct table_service *s, struct server *server)
{
	const struct mg_server_key key = key_of(s, server->id);

	bpf_map_delete_elem(s->tables->maps.fd[MAP_SERVER_IDS], &key);
	*server = s->server[--s->server_count];
}

int tables_server_id_set(struct table_service *s, const uint8_t id[MG_SERVER_ID_MAX],
			 uint16_t member)
{
	const struct mg_server_key key = key_of(s, id);
	const struct mg_server entry = { .member = member };
	struct server *server = server_find(s, id);

	if (server && server->member == member)
		return 0;
	if (!server)
		server = server_add(s, id);
	if (!server)
		return -ENOMEM;
	if (bpf_map_update_elem(s->tables->maps.fd[MAP_SERVER_IDS], &key, &entry, BPF_ANY) < 0) {
		int r = errno == E2BIG ? -ENOSPC : -errno;

		if (server->member == MG_MEMBER_NONE)
			s->server_count--; /* it was the last */
		return log_err(
			r, "mg_server_ids: a server ID cannot be entered: raise tables.members");
	}
	server->member = member;
	return 0;
}

void tables_server_id_clear(struct table_service *s, const uint8_t id[MG_SERVER_ID_MAX],
			    uint16_t member)
{
	struct server *server = server_find(s, id);

	if (server && server->member == member)
		server_remove(s, server);
}

void servers_clear(struct table_service *s)
{
	while (s->server_count)
		server_remove(s, &s->server[s->server_count - 1]);
	free(s->server);
	s->server = NULL;
}

/* Somebody has asked for it in this run. */
static bool key_claimed(const struct tables *t, const struct mg_server_key *key)
{
	for (size_t i = 0; i < t->service_count; i++)
		if (t->service[i]->entry.index == key->service)
			return server_find(t->service[i], key->id);
	return false;
}

void servers_claim_end(struct tables *t)
{
	int fd = t->maps.fd[MAP_SERVER_IDS];
	struct mg_server_key key, next;
	bool more = bpf_map_get_next_key(fd, NULL, &next) == 0;

	while (more) {
		key = next;
		more = bpf_map_get_next_key(fd, &key, &next) == 0;
		if (!key_claimed(t, &key))
			bpf_map_delete_elem(fd, &key);
	}
}
