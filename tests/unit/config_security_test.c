/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a configuration protects sessions: keys in files, hops, interfaces. */
#include "mgmt/config.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD "router: {router-id: 10.0.0.1, as: 65000}\nbgp:\n  neighbors:\n  - {address: "

static char dir[32];

static void path_of(const char *name, char ret[64])
{
	snprintf(ret, 64, "%s/%s", dir, name);
}

static void file_put(const char *name, const char *text, mode_t mode)
{
	char path[64];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "w");
	cr_assert(file != NULL);
	fputs(text, file);
	fclose(file);
	cr_assert(chmod(path, mode) == 0);
}

static void dir_open(void)
{
	strcpy(dir, "/tmp/config_security.XXXXXX");
	cr_assert(mkdtemp(dir) != NULL);
	file_put("password", "correct horse\n", 0600);
	file_put("key", "battery staple\n", 0400);
	file_put("open", "treasure\n", 0644);
	file_put("lines", "treasure\ntrove\n", 0600);
	file_put("empty", "", 0600);
}

static void dir_close(void)
{
	static const char *const names[] = { "password", "key", "open", "lines", "empty", "yaml" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		path_of(names[i], path);
		unlink(path);
	}
	rmdir(dir);
}

/* '@' in the text stands for the directory of the files. */
static int inspect(const char *text, struct config **ret, struct fault_list *faults)
{
	char whole[2048] = "", path[64];
	size_t len = 0;

	for (; *text; text++)
		len += (size_t)(*text == '@'
					? snprintf(whole + len, sizeof(whole) - len, "%s", dir)
					: snprintf(whole + len, sizeof(whole) - len, "%c", *text));
	file_put("yaml", whole, 0600);
	path_of("yaml", path);
	return config_inspect(path, ret, faults);
}

#define AO(keys) "10.0.0.2, as: 1,\n tcp-ao-keys: [" keys "]}\n"

#define RANGES "10.0.0.2, as: 1}\n  neighbor-ranges:\n"
#define KEYS   "tcp-ao-keys: [{send-id: 1, receive-id: 2, key-file: @/key}]"

static const struct {
	const char *name, *text;
	unsigned int line;
	const char *code, *words;
} bad[] = {
	{ "no such file", "10.0.0.2, as: 1,\n password-file: @/nothing}\n", 5, "bad-secret",
	  "cannot be read: No such file" },
	{ "a directory", "10.0.0.2, as: 1,\n password-file: @}\n", 5, "bad-secret",
	  "no regular file" },
	{ "open to others", "10.0.0.2, as: 1,\n password-file: @/open}\n", 5, "bad-secret",
	  "chmod 600" },
	{ "two lines", "10.0.0.2, as: 1,\n password-file: @/lines}\n", 5, "bad-secret",
	  "more than one line" },
	{ "empty", "10.0.0.2, as: 1,\n password-file: @/empty}\n", 5, "bad-secret", "is empty" },
	{ "no absolute path", "10.0.0.2, as: 1,\n password-file: password}\n", 5, "bad-value",
	  "absolute path" },
	{ "password and keys",
	  "10.0.0.2, as: 1, password-file: @/password,\n tcp-ao-keys: [{send-id: 1, receive-id: 2, "
	  "key-file: @/key}]}\n",
	  4, "must", "has that or 'tcp-ao-keys'" },
	{ "key open to others", AO("{send-id: 1, receive-id: 2,\n key-file: @/open}"), 6,
	  "bad-secret", "key-file: " },
	{ "key without a file", AO("{send-id: 1, receive-id: 2}"), 5, "missing-key", "key-file" },
	{ "key without an id", AO("{send-id: 1, key-file: @/key}"), 5, "missing-key",
	  "receive-id" },
	{ "two keys of one send-id",
	  AO("{send-id: 1, receive-id: 1, key-file: @/key},\n {send-id: 1, receive-id: 2, "
	     "key-file: @/key}"),
	  6, "duplicate", "twice" },
	{ "two keys of one receive-id",
	  AO("{send-id: 1, receive-id: 1, key-file: @/key},\n {send-id: 2, receive-id: 1, "
	     "key-file: @/key}"),
	  5, "must", "each key has its own" },
	{ "id of 256", AO("{send-id: 256, receive-id: 1, key-file: @/key}"), 5, "bad-value", "" },
	{ "five keys",
	  AO("{send-id: 1, receive-id: 1, key-file: @/key}, {send-id: 2, receive-id: 2, key-file: "
	     "@/key}, {send-id: 3, receive-id: 3, key-file: @/key}, {send-id: 4, receive-id: 4, "
	     "key-file: @/key}, {send-id: 5, receive-id: 5, key-file: @/key}"),
	  5, "too-many", "4" },
	{ "algorithm", AO("{send-id: 1, receive-id: 1, algorithm: md5, key-file: @/key}"), 5,
	  "bad-value", "hmac-sha-1-96" },
	{ "no hops", "10.0.0.2, as: 1,\n ttl-security-hops: 0}\n", 5, "bad-value", "1 to 254" },
	{ "hops twice", "10.0.0.2, as: 1, multihop: 2,\n ttl-security-hops: 2}\n", 5, "must",
	  "leave 'multihop' out" },
	{ "multihop of none", "10.0.0.2, as: 1,\n multihop: 0}\n", 5, "bad-value", "1 to 255" },
	{ "link-local without an interface", "'fe80::1', as: 1}\n", 4, "must",
	  "needs the 'interface'" },
	{ "two limits of one family",
	  "10.0.0.2, as: 1, prefix-limits: [{family: ipv4-unicast, limit: 1},\n"
	  " {family: ipv4-unicast, limit: 2}]}\n",
	  5, "duplicate", "twice" },
	{ "limit of no family", "10.0.0.2, as: 1, prefix-limits: [{\nfamily: ipv5, limit: 1}]}\n",
	  5, "bad-value", "ipv4-unicast" },
	{ "limit of none",
	  "10.0.0.2, as: 1, prefix-limits: [{family: ipv4-unicast,\n limit: 0}]}\n", 5, "bad-value",
	  "routes" },
	{ "warning beyond the limit", "10.0.0.2, as: 1,\n prefix-warning: 101}\n", 5, "bad-value",
	  "1 to 100" },
	{ "no time", "10.0.0.2, as: 1,\n prefix-restart: 0}\n", 5, "bad-value", "1 to 86400" },
	{ "no paths told", "10.0.0.2, as: 1,\n add-path-send-limit: 0}\n", 5, "bad-value",
	  "must be from 1 to 64 paths" },
	{ "more paths than can be", "10.0.0.2, as: 1,\n add-path-send-limit: 65}\n", 5, "bad-value",
	  "must be from 1 to 64 paths" },
	{ "none are told, but two at most",
	  "10.0.0.2, as: 1, add-path: receive,\n add-path-send-limit: 2}\n", 5, "must",
	  "set 'add-path' to 'send' or 'both'" },
	{ "no paths taken", "10.0.0.2, as: 1,\n add-path-receive-limit: 0}\n", 5, "bad-value",
	  "paths" },
	{ "range of no prefix", RANGES "  - {prefix: 10.0.0.0, as: 1}\n", 6, "bad-value", "" },
	{ "range longer than an address", RANGES "  - {prefix: 10.0.0.0/33, as: 1}\n", 6,
	  "bad-value", "" },
	{ "range twice, in other words",
	  RANGES "  - {prefix: 10.1.0.0/16, as: 1}\n  - {prefix: 10.1.0.1/16, as: 2}\n", 7,
	  "duplicate", "first in line 6" },
	{ "range without an AS", RANGES "  - {prefix: 10.1.0.0/16}\n", 6, "missing-key", "'as'" },
	{ "AS of words", RANGES "  - {prefix: 10.1.0.0/16, as: any}\n", 6, "bad-value",
	  "64512-65534" },
	{ "AS range upside down", RANGES "  - {prefix: 10.1.0.0/16, as: 2-1}\n", 6, "bad-value",
	  "the lesser one first" },
	{ "AS too great", RANGES "  - {prefix: 10.1.0.0/16, as: 1-4294967295}\n", 6, "bad-value",
	  "4294967294" },
	{ "AS far too great", RANGES "  - {prefix: 10.1.0.0/16, as: 9999999999}\n", 6, "bad-value",
	  "4294967294" },
	{ "no limit", RANGES "  - {prefix: 10.1.0.0/16, as: 1,\n limit: 0}\n", 7, "bad-value",
	  "1 to 4096" },
	{ "hold-down of none", RANGES "  - {prefix: 10.1.0.0/16, as: 1,\n hold-down: 0}\n", 7,
	  "bad-value", "1 to 3600" },
	{ "what only a named neighbor can be",
	  RANGES "  - {prefix: 10.1.0.0/16, as: 1,\n passive: true}\n", 7, "unknown-key",
	  "passive" },
	{ "reflector client of another AS",
	  RANGES "  - {prefix: 10.1.0.0/16, as: 65000-65001,\n client: true}\n", 7, "must",
	  "own AS" },
	{ "link-local range without an interface", RANGES "  - {prefix: 'fe80::/64', as: 1}\n", 6,
	  "must", "'interface'" },
	{ "neighbor without the password of its range",
	  RANGES "  - {prefix: 10.0.0.0/24, as: 1, password-file: @/password}\n", 4, "must",
	  "'password-file', too" },
	{ "neighbor with a password in a range with keys",
	  "10.0.0.2, as: 1, password-file: @/password}\n  neighbor-ranges:\n"
	  "  - {prefix: 10.0.0.0/24, as: 1, " KEYS "}\n",
	  4, "must", "'tcp-ao-keys', too" },
	{ "range without the password of the range around it",
	  RANGES "  - {prefix: 10.1.0.0/16, as: 1, password-file: @/password}\n"
		 "  - {prefix: 10.1.2.0/24, as: 1}\n",
	  7, "must", "10.1.0.0/16, whose sessions are signed by TCP MD5" },
	{ "key file of a range",
	  RANGES "  - {prefix: 10.1.0.0/16, as: 1,\n password-file: @/open}\n", 7, "bad-secret",
	  "chmod 600" },
	{ "interface name", "10.0.0.2, as: 1,\n interface: a b}\n", 5, "bad-value",
	  "no interface name" },
};

/* And no fault says a word of what is in a file. */
Test(config_security, faults_have_place_and_remedy, .init = dir_open, .fini = dir_close)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
		_cleanup_(config_free) struct config *config = NULL;
		char text[1024] = HEAD;
		const struct config_fault *f;

		strcat(text, bad[i].text);
		cr_expect(lt(int, inspect(text, &config, &faults), 0), "%s", bad[i].name);
		cr_assert(ge(sz, faults.count, 1), "%s", bad[i].name);
		f = &faults.at[0];
		cr_expect(eq(uint, f->mark.line, bad[i].line), "%s: %s", bad[i].name, f->message);
		cr_expect(eq(str, (char *)f->code, (char *)bad[i].code), "%s: %s", bad[i].name,
			  f->message);
		cr_expect(strstr(f->message, bad[i].words) || strstr(f->hint, bad[i].words),
			  "%s: '%s' ('%s')", bad[i].name, f->message, f->hint);
		for (size_t j = 0; j < faults.count; j++)
			cr_expect(strstr(faults.at[j].message, "treasure") == NULL);
	}
}

static struct config *good(const char *text)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	struct config *config = NULL;
	char whole[1024] = HEAD;

	strcat(whole, text);
	cr_assert(inspect(whole, &config, &faults) == 0, "%s: %s", text,
		  faults.count ? faults.at->message : "");
	return config;
}

Test(config_security, reads_passwords_and_keys, .init = dir_open, .fini = dir_close)
{
	_cleanup_(config_free) struct config *c =
		good("10.0.0.2, as: 1, password-file: @/password}\n"
		     "  - {address: 10.0.0.3, as: 1}\n"
		     "  - {address: 10.0.0.4, as: 1, tcp-ao-keys: [{send-id: 7, receive-id: 8, "
		     "key-file: @/key}, {send-id: 5, receive-id: 6, algorithm: aes-128-cmac-96, "
		     "key-file: @/password}]}\n");
	const struct tcp_auth *auth;

	cr_assert(eq(sz, c->neighbor_count, 3));
	auth = &c->neighbor[0].socket.auth;
	cr_expect(eq(int, auth->kind, TCP_AUTH_MD5));
	cr_expect(eq(int, auth->key[0].len, 13));
	cr_expect(memcmp(auth->key[0].octet, "correct horse", 14) == 0);
	cr_expect(eq(int, c->neighbor[1].socket.auth.kind, TCP_AUTH_NONE));
	auth = &c->neighbor[2].socket.auth;
	cr_expect(eq(int, auth->kind, TCP_AUTH_AO));
	cr_assert(eq(int, auth->count, 2));
	cr_expect(auth->key[0].send_id == 7 && auth->key[0].receive_id == 8);
	cr_expect(eq(int, auth->key[0].algorithm, TCP_AUTH_HMAC_SHA_1_96));
	cr_expect(memcmp(auth->key[0].octet, "battery staple", 15) == 0);
	cr_expect(auth->key[1].send_id == 5 && auth->key[1].receive_id == 6);
	cr_expect(eq(int, auth->key[1].algorithm, TCP_AUTH_AES_128_CMAC_96));
	cr_expect(eq(int, auth->key[1].len, 13));
}

static const struct {
	const char *name, *text;
	uint8_t ttl, ttl_min;
} hops[] = {
	{ "another AS", "10.0.0.2, as: 1}\n", 1, 0 },
	{ "our AS", "10.0.0.2, as: 65000}\n", 0, 0 },
	{ "another AS, farther away", "10.0.0.2, as: 1, multihop: 3}\n", 3, 0 },
	{ "our AS, not so far", "10.0.0.2, as: 65000, multihop: 3}\n", 3, 0 },
	{ "on the link", "10.0.0.2, as: 1, ttl-security-hops: 1}\n", 255, 255 },
	{ "two hops", "10.0.0.2, as: 65000, ttl-security-hops: 2}\n", 255, 254 },
	{ "as far as can be", "10.0.0.2, as: 1, ttl-security-hops: 254}\n", 255, 2 },
};

Test(config_security, reads_hops, .init = dir_open, .fini = dir_close)
{
	for (size_t i = 0; i < ARRAY_SIZE(hops); i++) {
		_cleanup_(config_free) struct config *c = good(hops[i].text);

		cr_expect(eq(int, c->neighbor[0].socket.ttl, hops[i].ttl), "%s", hops[i].name);
		cr_expect(eq(int, c->neighbor[0].socket.ttl_min, hops[i].ttl_min), "%s",
			  hops[i].name);
	}
}

Test(config_security, reads_the_interface, .init = dir_open, .fini = dir_close)
{
	_cleanup_(config_free) struct config *c = good("'FE80::1', as: 1, interface: eth0}\n");

	cr_expect(eq(str, c->neighbor[0].socket.interface, "eth0"));
}

Test(config_security, reads_ranges, .init = dir_open, .fini = dir_close)
{
	_cleanup_(config_free) struct config *c =
		good(RANGES "  - {prefix: 10.1.0.1/16, as: 64512-64999, password-file: @/password, "
			    "limit: 7, hold-time: 30}\n"
			    "  - {prefix: '2001:DB8::/32', as: 65000, client: true, " KEYS "}\n"
			    "  - {prefix: 10.1.2.0/24, as: 65000-65001, password-file: @/key}\n");
	char text[PREFIX_STRLEN];

	cr_assert(eq(sz, c->range_count, 3));
	cr_expect(eq(str, (char *)prefix_format(&c->range[0].prefix, text), "10.1.0.0/16"));
	cr_expect(eq(u32, c->range[0].limit, 7));
	cr_expect(eq(u32, c->range[0].hold_down_s, 30), "by default");
	cr_expect(eq(u32, c->range[0].neighbor.remote_as, 64512));
	cr_expect(eq(u32, c->range[0].neighbor.remote_as_max, 64999));
	cr_expect(eq(u16, c->range[0].neighbor.hold_s, 30));
	cr_expect(eq(int, c->range[0].neighbor.socket.ttl, 1), "ours is not among them");
	cr_expect(eq(int, c->range[0].neighbor.socket.auth.key[0].len, 13));
	cr_expect(eq(str, (char *)prefix_format(&c->range[1].prefix, text), "2001:db8::/32"));
	cr_expect(eq(u32, c->range[1].limit, 64), "by default");
	cr_expect(c->range[1].neighbor.client);
	cr_expect(eq(int, c->range[1].neighbor.socket.auth.kind, TCP_AUTH_AO));
	cr_expect(eq(int, c->range[1].neighbor.socket.auth.key[0].len, 14));
	cr_expect(eq(int, c->range[2].neighbor.socket.ttl, 0), "one of them may be of our AS");
}

Test(config_security, reads_limits, .init = dir_open, .fini = dir_close)
{
	_cleanup_(config_free) struct config *c =
		good("10.0.0.2, as: 1, prefix-limit: 9, prefix-limits: [{family: ipv6-unicast, "
		     "limit: 5}, {family: ipv6-vpn, limit: 6}], prefix-restart: 300, "
		     "add-path-receive-limit: 3, add-path-send-limit: 2}\n");
	const struct bgp_limits *limits = &c->neighbor[0].limits;

	cr_expect(eq(u32, limits->total, 9));
	cr_expect(eq(u32, limits->family[BGP_IPV4_UNICAST], 0));
	cr_expect(eq(u32, limits->family[BGP_IPV6_UNICAST], 5));
	cr_expect(eq(u32, limits->family[BGP_VPN_IPV6], 6));
	cr_expect(eq(u8, limits->warning_pct, 75), "by default");
	cr_expect(eq(u32, limits->restart_s, 300));
	cr_expect(eq(u16, limits->paths_in, 3));
	cr_expect(eq(u8, limits->paths_out, 2));
}
