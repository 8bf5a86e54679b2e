/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config.h"

#include "base/util.h"
#include "mgmt/nearest.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

/* Writes text to a file of its own; *ret is its name. */
static void file_of(const char *text, size_t len, char ret[32])
{
	_cleanup_(closep) int fd = -1;

	strcpy(ret, "/tmp/config_test.XXXXXX");
	fd = mkstemp(ret);
	cr_assert(fd >= 0);
	cr_assert(write(fd, text, len) == (ssize_t)len);
}

static int check_bytes(const char *text, size_t len, struct config **ret, struct fault_list *faults)
{
	char file[32];
	int r;

	file_of(text, len, file);
	r = config_inspect(file, ret, faults);
	unlink(file);
	return r;
}

static int check(const char *text, struct config **ret, struct fault_list *faults)
{
	return check_bytes(text, strlen(text), ret, faults);
}

#define ROUTER "router: {name: r, router-id: 10.0.0.1, as: 65000}\n"
#define TUNNEL "tunnel: {source-v4: 10.0.0.1}\n"
#define SITE                                                                                     \
	"site: {name: e, encapsulation: srv6, endpoint: '2001:db8::1', next-hop-v4: 10.0.0.1}\n" \
	"bgp: {}\n"
#define WEB "services: [{name: web, addresses: [198.51.100.80], protocol: tcp, port: 80, "

/* One fault each: where it is, its code, and words that must be in the message or the hint. */
static const struct {
	const char *name, *text;
	unsigned line;
	const char *code, *words;
} bad[] = {
	{ "nothing", "", 1, "syntax", "empty" },
	{ "only a comment", "# nothing\n", 1, "syntax", "empty" },
	{ "a list on top", "- a\n", 1, "wrong-kind", "group of keys" },
	{ "a word on top", "router\n", 1, "wrong-kind", "group of keys" },
	{ "tab", "router:\n\tname: r\n", 2, "syntax", "no tabs" },
	{ "bracket left open", "services: [\n", 2, "syntax", "not YAML" },
	{ "alias", "router: &a {name: r}\ntunnel: *a\n", 2, "syntax", "aliases" },
	{ "two documents", ROUTER "---\n" ROUTER, 2, "syntax", "second document" },
	{ "control character", "router: {name: \"a\x01\"}\n", 1, "syntax", "UTF-8" },
	{ "escaped zero byte", "router: {name: \"a\\0b\"}\n", 1, "syntax", "zero byte" },
	{ "list as a key", "{[a, b]: 1}\n", 1, "syntax", "one word" },
	{ "nested too deeply", "a: [[[[[[[[[[[[[[1]]]]]]]]]]]]]]\n", 1, "syntax", "too deeply" },
	{ "unknown key on top", "rooter: {}\n", 1, "unknown-key", "did you mean 'router'?" },
	{ "unknown key far off", "xyzzy: 1\n", 1, "unknown-key", "known here: router, tables" },
	{ "unknown key within", "router:\n  name: r\n  router_id: 10.0.0.1\n", 3, "unknown-key",
	  "did you mean 'router-id'?" },
	{ "swapped letters", "router:\n  naem: r\n", 2, "unknown-key", "'name'" },
	{ "duplicate key", "router:\n  name: r\n  name: s\n", 3, "duplicate", "first in line 2" },
	{ "duplicate group", ROUTER "tunnel: {}\n" ROUTER, 3, "duplicate", "first in line 1" },
	{ "duplicate service",
	  TUNNEL "services:\n- {name: a, addresses: [192.0.2.1], steer: }\n"
		 "- {name: a, addresses: [192.0.2.2], steer: }\n",
	  4, "duplicate", "first in line 3" },
	{ "duplicate neighbour in other words",
	  ROUTER "bgp:\n  neighbors:\n  - {address: '2001:db8::1', as: 1}\n"
		 "  - {address: '2001:DB8:0::1', as: 1}\n",
	  5, "duplicate", "first in line 4" },
	{ "duplicate interface", "interfaces: [{name: a, role: core},\n {name: a, role: site}]\n",
	  2, "duplicate", "'a' stands here twice" },
	{ "duplicate address",
	  TUNNEL WEB "steer: },\n{name: b, addresses: [198.51.100.80], "
		     "protocol: tcp, port: 80, steer: }]\n",
	  3, "duplicate", "belongs to service 'web' (line 2)" },
	{ "one route for two loads",
	  ROUTER SITE WEB "announce: {instances: [10.1.0.1]}},\n{name: b, addresses: "
			  "[198.51.100.80], announce: {instances: [10.1.0.1]}}]\n",
	  5, "duplicate", "load of one service" },
	{ "duplicate instance", ROUTER SITE WEB "announce: {instances: [10.1.0.1, 10.1.0.1]}}]\n",
	  4, "duplicate", "first in line 4" },
	{ "AS out of range", "router: {as: 4294967295}\n", 1, "bad-value", "from 1 to 4294967294" },
	{ "AS a word", "router:\n  as: mine\n", 2, "bad-value", "must be an AS number" },
	{ "router id not IPv4", "router: {router-id: '::1'}\n", 1, "bad-value",
	  "is no IPv4 address" },
	{ "router id of three parts", "router: {router-id: 10.0.1}\n", 1, "bad-value",
	  "is no IPv4 address" },
	{ "value missing", "router:\n  as:\n", 2, "wrong-kind", "one value" },
	{ "list for a value", "router: {as: [1]}\n", 1, "wrong-kind", "one value" },
	{ "value for a list",
	  TUNNEL "services:\n- name: a\n  addresses: {a: 192.0.2.1}\n  steer:\n", 4, "wrong-kind",
	  "write it as [value, value]" },
	{ "value for a group", "router: 5\n", 1, "wrong-kind", "group of keys" },
	{ "entry is a word", "sites: [east]\n", 1, "wrong-kind", "list of entries" },
	{ "group for a list of entries", "sites: {east: 1}\n", 1, "wrong-kind", "a list" },
	{ "entry without a name", "sites: [{egress: 10.0.0.1}]\n", 1, "missing-key", "no 'name'" },
	{ "mandatory", "sites:\n- name: east\n", 2, "missing-key", "'egress' is missing" },
	{ "no address in service", TUNNEL "services: [{name: a, steer: }]\n", 2, "missing-key",
	  "'addresses'" },
	{ "no addresses", TUNNEL "services: [{name: a, addresses: [], steer: }]\n", 2, "wrong-kind",
	  "with a value in it" },
	{ "name with a space", "router: {name: my router}\n", 1, "bad-value", "letters, digits" },
	{ "name too long", "router: {name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\n", 1, "bad-value",
	  "1 to 31" },
	{ "interface too long", "interfaces: [{name: abcdefghijklmnop, role: core}]\n", 1,
	  "bad-value", "1 to 15" },
	{ "role", "interfaces: [{name: a, role: acess}]\n", 1, "bad-value",
	  "did you mean 'access'?" },
	{ "boolean", "interfaces: [{name: a, role: core, allow-generic: yes}]\n", 1, "bad-value",
	  "neither true nor false" },
	{ "address",
	  TUNNEL "services:\n- name: a\n  addresses:\n  - 192.0.2.1\n  - 192.0.2.256\n"
		 "  steer:\n",
	  6, "bad-value", "no IPv4 or IPv6 address" },
	{ "multicast", TUNNEL "services: [{name: a, addresses: [224.0.0.1], steer: }]\n", 2,
	  "bad-value", "unicast" },
	{ "port", "services: [{name: a, addresses: [192.0.2.1], port: 65536}]\n", 1, "bad-value",
	  "from 0 to 65535" },
	{ "slots not a power of two", TUNNEL WEB "\n  steer: {slots: 1000}}]\n", 3, "bad-value",
	  "power of two" },
	{ "slots above", TUNNEL WEB "steer: {slots: 2097152}}]\n", 2, "bad-value", "1048576" },
	{ "idle timeout", TUNNEL WEB "steer: {idle-timeout: 901}}]\n", 2, "bad-value", "900" },
	{ "hold time", ROUTER "bgp: {neighbors: [{address: 10.0.0.2, as: 1, hold-time: 2}]}\n", 2,
	  "bad-value", "RFC 4271" },
	{ "relative path", "router: {pin-directory: bpf}\n", 1, "bad-value", "absolute" },
	{ "socket path too long",
	  "router: {control-socket: "
	  "/0123456789012345678901234567890123456789012345678901234567890123"
	  "45678901234567890123456789012345678901234567890}\n",
	  1, "bad-value", "too long" },
	{ "port without protocol",
	  TUNNEL "services:\n- name: a\n  addresses: [192.0.2.1]\n"
		 "  port: 80\n  steer:\n",
	  5, "must", "set 'protocol'" },
	{ "neither steered nor announced", WEB "}]\n", 1, "must", "neither steered nor announced" },
	{ "no outer source", WEB "\n  steer: }]\n", 2, "must", "'source-v4' or 'source-v6'" },
	{ "max-age against report-period",
	  TUNNEL WEB "steer: {\n  report-period: 20,\n  max-age: 60}}]\n", 4, "must",
	  "three times 'report-period'" },
	{ "report-period against default max-age", TUNNEL WEB "\n  steer: {report-period: 20}}]\n",
	  3, "must", "three times 'report-period'" },
	{ "BGP without AS", "router: {router-id: 10.0.0.1}\nbgp: {}\n", 2, "must", "AS number" },
	{ "BGP without id", "router: {as: 1}\nbgp: {}\n", 2, "must", "router-id" },
	{ "client of another AS",
	  ROUTER "bgp: {neighbors: [{address: 10.0.0.2, as: 1, client: true}]}\n", 2, "must",
	  "RFC 4456" },
	{ "announce without site", ROUTER "bgp: {}\n" WEB "announce: {instances: [10.1.0.1]}}]\n",
	  3, "must", "top-level 'site'" },
	{ "SID is IPv4",
	  "site: {name: e, encapsulation: srv6, endpoint: 10.0.0.1, next-hop-v4: 10.0.0.1}\n", 1,
	  "must", "IPv6" },
	{ "no next hop of the family",
	  ROUTER SITE "services: [{name: a, addresses: ['2001:db8::80'], announce: {instances: "
		      "[10.1.0.1]}}]\n",
	  2, "missing-key", "'next-hop-v6' is missing" },
	{ "collector of both kinds",
	  ROUTER SITE WEB "announce: {instances: [10.1.0.1], collector: {exec: a, file: /b}}}]\n",
	  4, "must", "keep one" },
	{ "collector of no kind",
	  ROUTER SITE WEB "announce: {instances: [10.1.0.1], collector: {timeout: 3}}}]\n", 4,
	  "must", "needs 'exec'" },
	{ "update-min above update-max",
	  ROUTER SITE WEB "announce: {instances: [10.1.0.1], update-min: 6}}]\n", 4, "must",
	  "update-max" },
	{ "two sites in one place",
	  "sites: [{name: a, egress: 10.0.0.1},\n {name: b, egress: 10.0.0.1}]\n", 2, "duplicate",
	  "differ by 'id'" },
	{ "slots table too small", "tables: {slots: 1024}\n" TUNNEL WEB "steer: }]\n", 1,
	  "too-many", "need 4096 slots" },
};

Test(config, faults_have_place_and_remedy)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
		_cleanup_(config_free) struct config *config = NULL;
		int r = check(bad[i].text, &config, &faults);
		const struct config_fault *f = faults.at;

		cr_expect(eq(int, r, -EINVAL), "%s", bad[i].name);
		cr_expect(config == NULL, "%s: *ret is touched", bad[i].name);
		cr_expect(eq(sz, faults.count, 1), "%s: %s / %s", bad[i].name,
			  faults.count ? f[0].message : "", faults.count > 1 ? f[1].message : "");
		if (!faults.count)
			continue;
		cr_expect(eq(uint, f->mark.line, bad[i].line), "%s: %s", bad[i].name, f->message);
		cr_expect(eq(str, (char *)f->code, (char *)bad[i].code), "%s", bad[i].name);
		cr_expect(strstr(f->message, bad[i].words) || strstr(f->hint, bad[i].words),
			  "%s: '%s' ('%s') has no '%s'", bad[i].name, f->message, f->hint,
			  bad[i].words);
	}
}

static const struct {
	const char *name, *text;
} good[] = {
	{ "nothing but a name", "router: {name: r}\n" },
	{ "empty groups", "router:\ninterfaces:\nsites:\nservices:\n" },
	{ "a reflector",
	  ROUTER "bgp: {neighbors: [{address: 10.0.0.2, as: 65000, client: true}]}\n" },
	{ "presence by the name alone", TUNNEL WEB "steer: }]\n" },
	{ "a list of one", TUNNEL "services: [{name: a, addresses: 192.0.2.1, steer: }]\n" },
	{ "quoted values", "router: {name: 'r', as: \"65000\"}\n" },
	{ "anchor without alias", "router: &a {name: r}\n" },
	{ "same address, other port",
	  TUNNEL WEB "steer: }, {name: tls, addresses: [198.51.100.80], protocol: tcp, port: 443, "
		     "steer: }]\n" },
	{ "steered and announced",
	  ROUTER TUNNEL SITE WEB "steer: , announce: {instances: [10.1.0.1]}}]\n" },
};

Test(config, accepts)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
		_cleanup_(config_free) struct config *config = NULL;
		int r = check(good[i].text, &config, &faults);

		cr_expect(eq(int, r, 0), "%s: %s", good[i].name,
			  faults.count ? faults.at->message : "");
		cr_expect(config != NULL, "%s", good[i].name);
	}
}

Test(config, tells_all_faults_in_order)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *config = NULL;
	int r = check("router:\n  nam: r\n  as: x\nservices:\n- name: web\n  port: 99999\n"
		      "  steer: {slots: 3, policy: near}\nsites:\n- name: east\n",
		      &config, &faults);
	static const unsigned lines[] = { 2, 3, 5, 6, 7, 7, 9 };

	cr_expect(eq(int, r, -EINVAL));
	cr_assert(eq(sz, faults.count, ARRAY_SIZE(lines)));
	for (size_t i = 0; i < faults.count; i++)
		cr_expect(eq(uint, faults.at[i].mark.line, lines[i]), "%s", faults.at[i].message);
	cr_expect(eq(str, faults.at[2].path, "/margay:services[name='web']"));
}

/* As many faults as lines: the list stops, and is not taken for clean. */
Test(config, bounds_the_faults)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *config = NULL;
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	for (int i = 0; i < 50000; i++)
		fprintf(f, "key%d: 1\n", i);
	fclose(f);
	cr_expect(eq(int, check(text, &config, &faults), -EINVAL));
	cr_expect(eq(sz, faults.count, FAULT_LIST_MAX));
	cr_expect(faults.more);
}

Test(config, refuses_what_is_no_file_of_ours)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *config = NULL;
	_cleanup_(freep) char *large = malloc((1 << 20) + 1);

	cr_expect(eq(int, config_inspect("/nonexistent", &config, &faults), -ENOENT));
	cr_expect(eq(int, config_inspect("/tmp", &config, &faults), -EISDIR));
	cr_assert(large != NULL);
	memset(large, '#', (1 << 20) + 1);
	cr_expect(eq(int, check_bytes(large, (1 << 20) + 1, &config, &faults), -EFBIG));
	cr_expect(eq(sz, faults.count, 3));
	cr_expect(config == NULL);
}

/* Whatever a good file is cut to, it is taken or refused with a fault, and nothing leaks. */
Test(config, survives_every_truncation)
{
	static const char text[] =
		ROUTER TUNNEL SITE WEB "steer: {slots: 64}, announce: {instances: [10.1.0.1], "
				       "collector: {exec: 'a b'}}}]\n";

	for (size_t len = 0; len < sizeof(text); len++) {
		_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
		_cleanup_(config_free) struct config *config = NULL;
		int r = check_bytes(text, len, &config, &faults);

		cr_expect(eq(int, !r, config != NULL), "%zu octets", len);
		cr_expect(eq(int, !r, fault_list_empty(&faults)), "%zu octets", len);
	}
}

static void parse_file(const char *file, struct config **ret)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	int r = config_inspect(file, ret, &faults);

	cr_assert(eq(int, r, 0), "%s: %s", file, faults.count ? faults.at->message : "");
}

Test(config, reads_the_ingress_example)
{
	_cleanup_(config_free) struct config *c = NULL;
	char text[ADDR_STRLEN];

	parse_file(SOURCE_ROOT "/docs/examples/ingress.yaml", &c);
	cr_expect(eq(str, c->router_name, "pe1"));
	cr_expect(eq(str, c->control_socket, "/run/margay/margayd.sock"));
	cr_expect(eq(str, (char *)c->tables.pin_dir, "/sys/fs/bpf/margay"));
	cr_expect(c->has_bgp && !c->has_egress);
	cr_expect(eq(u32, c->bgp.as, 65000));
	cr_expect(eq(u8, c->bgp.router_id[3], 1));
	cr_expect(eq(u16, c->bgp.port, 179));
	cr_expect(eq(sz, c->interface_count, 2));
	cr_expect(c->interface[0].role == PORT_ACCESS && c->interface[1].role == PORT_CORE);
	cr_assert(eq(sz, c->neighbor_count, 1));
	cr_expect(eq(str, (char *)addr_format(&c->neighbor[0].remote, text), "10.255.0.100"));
	cr_expect(eq(u32, c->neighbor[0].families, 3));
	cr_expect(c->neighbor[0].add_path_send && c->neighbor[0].add_path_receive);
	cr_expect(eq(u32, c->neighbor[0].carriers_send, BGP_CARRIER_COMMUNITY));
	cr_expect(eq(u32, c->neighbor[0].carriers_accept, 3));
	cr_expect(eq(u16, c->neighbor[0].hold_s, 9));
	cr_assert(eq(sz, c->site_count, 4));
	cr_expect(eq(str, c->site[1].name, "east"));
	cr_expect(eq(u8, c->site[1].egress.octet[0], 0x20));
	cr_expect(epsilon_eq(dbl, c->site[0].rtt_s, 0.002, 1e-9));
	cr_expect(epsilon_eq(dbl, c->site[0].service_time_s, 0.05, 1e-9));
	cr_assert(eq(sz, c->steer_count, 2));
	cr_expect(eq(str, c->steer[1].name, "web"));
	cr_expect(eq(u8, c->steer[0].key.proto, IPPROTO_TCP));
	cr_expect(eq(u16, c->steer[0].key.port, 80));
	cr_expect(eq(u8, c->steer[1].key.addr[0], 0x20));
	cr_expect(eq(u32, c->steer[0].slots, 4096));
	cr_expect(epsilon_eq(dbl, c->steer[0].weights.hysteresis, 0.005, 1e-9));
	cr_expect(epsilon_eq(dbl, c->steer[0].weights.queue_factor, 10, 1e-9));
	cr_expect(eq(u32, c->steer[0].max_age_s, 50));
}

Test(config, reads_the_egress_example)
{
	_cleanup_(config_free) struct config *c = NULL;
	char text[ADDR_STRLEN];

	parse_file(SOURCE_ROOT "/docs/examples/egress.yaml", &c);
	cr_expect(c->has_egress);
	cr_expect(eq(u16, c->egress.site_id, 1));
	cr_expect(eq(str, c->egress.site_name, "east"));
	cr_expect(c->egress.tunnel.kind == BGP_TUNNEL_SRV6);
	cr_expect(eq(u16, c->egress.tunnel.behavior, 20)); /* RFC 8986: End.DT46 */
	cr_expect(eq(str, (char *)addr_format(&c->egress.next_hop_v6, text), "2001:db8:ff::11"));
	cr_assert(eq(sz, c->announce_count, 2));
	cr_expect(eq(u8, c->announce[0].key.scope, MG_SCOPE_EGRESS));
	cr_expect(eq(sz, c->announce[0].instance_count, 1));
	cr_expect(eq(str, (char *)addr_format(&c->announce[1].instance[0], text), "10.1.0.2"));
	cr_expect(c->announce[0].collector.kind == AGENT_EXEC);
	cr_expect(eq(u32, c->announce[0].collector.timeout_ms, 3000));
	cr_expect(epsilon_eq(dbl, c->announce[0].update_max_s, 5, 1e-9));
	cr_expect(c->announce[0].announce_without_report);
	cr_expect(epsilon_eq(dbl, c->announce[0].service_time_s, 0.05, 1e-9));
	cr_expect(epsilon_eq(dbl, c->announce[0].capacity, 8, 1e-9));
}

static const struct {
	const char *wrong, *want;
} words[] = {
	{ "service", "services" }, { "sevrices", "services" },
	{ "serv", "services" },    { "nmae", "name" },
	{ "prot", "port" },        { "x", NULL },
	{ "lal", "all" },          { "", NULL },
	{ "completely", NULL },    { "SERVICES-of-mine", NULL },
};

Test(config, finds_the_nearest_word)
{
	static const char *const known[] = { "all", "name", "port", "services", "sites" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct nearest nearest = { .wrong = words[i].wrong };

		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			nearest_offer(&nearest, known[k]);
		cr_expect(eq(int, !nearest.best, !words[i].want), "%s", words[i].wrong);
		if (nearest.best && words[i].want)
			cr_expect(eq(str, (char *)nearest.best, (char *)words[i].want), "%s",
				  words[i].wrong);
	}
}
