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

static void secret_into(const struct model *model, const struct lyd_node *leaf,
			struct tcp_auth_key *key, struct fault_list *faults)
{
	const char *path = lyd_get_value(leaf);
	size_t len = 0;
	enum secret_fault fault = secret_read(path, key->octet, &len);
	bool unreadable = fault == SECRET_UNREADABLE;

	if (fault)
		fault_list_add(faults, model_mark(model, leaf), "bad-secret", model_path(leaf),
			       secret_remedy(fault), "%s: %s %s%s%s", LYD_NAME(leaf), path,
			       secret_text(fault), unreadable ? ": " : "",
			       unreadable ? strerror(errno) : "");
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

void secrets_read(const struct model *model, struct config *config, struct fault_list *faults)
{
	const struct lyd_node *bgp = model_child(model, NULL, "bgp");
	const struct lyd_node *node = bgp ? model_child(model, bgp, "neighbors") : NULL;

	for (size_t i = 0; node && i < config->neighbor_count; i++) {
		auth_secrets(model, node, &config->neighbor[i].socket.auth, faults);
		node = model_next(node);
	}
}
