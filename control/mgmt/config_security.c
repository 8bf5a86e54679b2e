/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_security.h"
#include "mgmt/config_words.h"

#include <errno.h>

static const struct word algorithms[] = { { "aes-128-cmac-96", TCP_AUTH_AES_128_CMAC_96 },
					  { NULL, TCP_AUTH_HMAC_SHA_1_96 } };

static void auth_values(const struct model *model, const struct lyd_node *node,
			struct tcp_auth *ret)
{
	const struct lyd_node *key = model_child(model, node, "tcp-ao-keys");

	if (model_child(model, node, "password-file"))
		*ret = (struct tcp_auth){ .kind = TCP_AUTH_MD5, .count = 1 };
	for (; key && ret->count < TCP_AUTH_KEYS_MAX; key = model_next(key)) {
		ret->kind = TCP_AUTH_AO;
		ret->key[ret->count++] = (struct tcp_auth_key){
			.send_id = (uint8_t)model_uint(key, "send-id"),
			.receive_id = (uint8_t)model_uint(key, "receive-id"),
			.algorithm = (uint8_t)word_value(algorithms, model_text(key, "algorithm")),
		};
	}
}

void security_values(const struct model *model, const struct lyd_node *node, bool external,
		     struct socket_options *ret)
{
	uint8_t hops = (uint8_t)model_uint(node, "ttl-security-hops");
	uint8_t multihop = (uint8_t)model_uint(node, "multihop");

	*ret = (struct socket_options){ .ttl = hops       ? SOCKET_TTL_MAX
					       : multihop ? multihop
							  : external,
					.ttl_min = hops ? SOCKET_TTL_MAX + 1 - hops : 0 };
	text_copy(ret->interface, sizeof(ret->interface), model_text(node, "interface"));
	auth_values(model, node, &ret->auth);
}

void secret_value(const struct model *model, const struct lyd_node *leaf, uint8_t ret[SECRET_MAX],
		  size_t *ret_len, struct fault_list *faults)
{
	const char *path = lyd_get_value(leaf);
	enum secret_fault fault = secret_read(path, ret, ret_len);
	bool unreadable = fault == SECRET_UNREADABLE;

	if (fault)
		fault_list_add(faults, model_mark(model, leaf), "bad-secret", model_path(leaf),
			       secret_remedy(fault), "%s: %s %s%s%s", LYD_NAME(leaf), path,
			       secret_text(fault), unreadable ? ": " : "",
			       unreadable ? strerror(errno) : "");
}

static void secret_into(const struct model *model, const struct lyd_node *leaf,
			struct tcp_auth_key *key, struct fault_list *faults)
{
	size_t len = 0;

	secret_value(model, leaf, key->octet, &len, faults);
	key->len = (uint8_t)len;
}

static void auth_secrets(const struct model *model, const struct lyd_node *node,
			 struct tcp_auth *auth, struct fault_list *faults)
{
	const struct lyd_node *password = model_child(model, node, "password-file");
	const struct lyd_node *key = model_child(model, node, "tcp-ao-keys");

	if (password)
		secret_into(model, password, &auth->key[0], faults);
	for (size_t i = 0; key && i < auth->count; i++) {
		secret_into(model, model_child(model, key, "key-file"), &auth->key[i], faults);
		key = model_next(key);
	}
}

/* The settings of the i-th neighbour, or range. */
static struct socket_options *neighbor_socket(struct config *config, size_t i)
{
	return &config->neighbor[i].socket;
}

static struct socket_options *range_socket(struct config *config, size_t i)
{
	return &config->range[i].neighbor.socket;
}

static void list_secrets(const struct model *model, struct config *config, const char *name,
			 struct socket_options *(*socket)(struct config *config, size_t i),
			 struct fault_list *faults)
{
	const struct lyd_node *bgp = model_child(model, NULL, "bgp");
	const struct lyd_node *node = bgp ? model_child(model, bgp, name) : NULL;

	for (size_t i = 0; node; i++) {
		auth_secrets(model, node, &socket(config, i)->auth, faults);
		node = model_next(node);
	}
}

void secrets_read(const struct model *model, struct config *config, struct fault_list *faults)
{
	list_secrets(model, config, "neighbors", neighbor_socket, faults);
	list_secrets(model, config, "neighbor-ranges", range_socket, faults);
}

void secrets_forget(struct config *config)
{
	for (size_t i = 0; i < config->neighbor_count; i++)
		explicit_bzero(neighbor_socket(config, i), sizeof(struct socket_options));
	for (size_t i = 0; i < config->range_count; i++)
		explicit_bzero(range_socket(config, i), sizeof(struct socket_options));
}

static bool range_covers(const struct prefix *range, const struct prefix *other)
{
	return range->len <= other->len && prefix_covers(range, &other->addr);
}

/* The kernel wants of all addresses of a range what the range has keys for. */
static void check_within(const struct model *model, const struct config *config,
			 const struct lyd_node *node, const struct prefix *prefix,
			 const struct tcp_auth *auth, struct fault_list *faults)
{
	char text[PREFIX_STRLEN];

	for (size_t i = 0; i < config->range_count; i++) {
		const struct bgp_range_config *range = &config->range[i];
		const struct tcp_auth *around = &range->neighbor.socket.auth;

		if (!around->kind || around->kind == auth->kind ||
		    !range_covers(&range->prefix, prefix))
			continue;
		fault_list_add(faults, model_mark(model, node), "must", model_path(node),
			       around->kind == TCP_AUTH_MD5 ? "give it a 'password-file', too"
							    : "give it 'tcp-ao-keys', too",
			       "it is in the neighbor range %s, whose sessions are signed by %s",
			       prefix_format(&range->prefix, text),
			       around->kind == TCP_AUTH_MD5 ? "TCP MD5" : "TCP-AO");
		return;
	}
}

static void check_as(const struct model *model, const struct lyd_node *node,
		     const struct bgp_range_config *range, struct fault_list *faults)
{
	uint32_t min = range->neighbor.remote_as, max = range->neighbor.remote_as_max;

	if (min <= max && max < UINT32_MAX)
		return;
	fault_list_add(faults, model_mark(model, node), "bad-value", model_path(node),
		       "from 1 to 4294967294, the lesser one first",
		       "as '%s' is no range of AS numbers", model_text(node, "as"));
}

void security_check(const struct model *model, const struct config *config,
		    struct fault_list *faults)
{
	const struct lyd_node *bgp = model_child(model, NULL, "bgp"), *node;
	size_t i = 0;

	node = bgp ? model_child(model, bgp, "neighbors") : NULL;
	for (; node; node = model_next(node)) {
		const struct bgp_neighbor_config *neighbor = &config->neighbor[i++];
		struct prefix host = prefix_of_host(&neighbor->remote);

		check_within(model, config, node, &host, &neighbor->socket.auth, faults);
	}
	node = bgp ? model_child(model, bgp, "neighbor-ranges") : NULL;
	for (i = 0; node; node = model_next(node)) {
		const struct bgp_range_config *range = &config->range[i++];

		check_within(model, config, node, &range->prefix, &range->neighbor.socket.auth,
			     faults);
		check_as(model, node, range, faults);
	}
}
