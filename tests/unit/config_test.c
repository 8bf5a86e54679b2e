/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config.h"

#include "base/util.h"
#include "config_text.h"
#include "mgmt/nearest.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define CLASSED                                                \
	"sites: [{name: a, egress: 192.0.2.9, class: edge},\n" \
	"{name: b, egress: 192.0.2.8, class: [cloud, gpu], cost: 1.5}]\n"

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
	{ "share above one", TUNNEL WEB "steer: {distrust: 1.1}}]\n", 2, "bad-value",
	  "from 0 to 1" },
	{ "most below least", TUNNEL WEB "steer: {minimum-share: 0.3, maximum-share: 0.2}}]\n", 2,
	  "must", "minimum-share" },
	{ "nothing may move", TUNNEL WEB "steer: {maximum-move: 0}}]\n", 2, "must", "above 0" },
	{ "pinned to an unknown site", TUNNEL WEB "steer: {pinned-sites: [x]}}]\n", 2, "must",
	  "add it to 'sites'" },
	{ "an unknown site excluded", TUNNEL WEB "steer: {excluded-sites: [x]}}]\n", 2, "must",
	  "add it to 'sites'" },
	{ "cost of a policy that does not weigh it",
	  TUNNEL WEB "steer: {policy: nearest,\ncost-weight-ms: 5}}]\n", 3, "must",
	  "compute-aware" },
	{ "cost below zero", "sites: [{name: a, egress: 192.0.2.9, cost: -1}]\n", 1, "bad-value",
	  "0 to 1000000" },
	{ "class of no site", TUNNEL WEB "steer: {\nallowed-classes: [edge]}}]\n", 3, "bad-value",
	  "give it to a site" },
	{ "class misspelt", TUNNEL CLASSED WEB "steer: {\nexcluded-classes: clod}}]\n", 5,
	  "bad-value", "did you mean 'cloud'?" },
	{ "second class misspelt", TUNNEL CLASSED WEB "steer: {tiers: [cloud,\nedeg]}}]\n", 5,
	  "bad-value", "did you mean 'edge'?" },
	{ "class allowed and excluded",
	  TUNNEL CLASSED WEB "steer: {allowed-classes: edge,\nexcluded-classes: edge}}]\n", 5,
	  "must", "leave it out" },
	{ "tier of an excluded class",
	  TUNNEL CLASSED WEB "steer: {excluded-classes: edge,\ntiers: [edge]}}]\n", 5, "must",
	  "no tier" },
	{ "class twice", "sites: [{name: a, egress: 192.0.2.9, class: [a,\na]}]\n", 2, "duplicate",
	  "" },
	{ "five classes of a site",
	  "sites: [{name: a, egress: 192.0.2.9, class: [a, b, c, d, e]}]\n", 1, "too-many", "4" },
	{ "handshakes that are not timed", TUNNEL WEB "steer: {\nhandshake-rtt: true}}]\n", 3,
	  "must", "set 'observe'" },
	{ "handshakes of clients that stay",
	  TUNNEL WEB "steer: {observe: true, affinity: client,\nhandshake-rtt: true}}]\n", 3,
	  "must", "affinity" },
	{ "handshakes of UDP",
	  TUNNEL "services: [{name: a, addresses: [198.51.100.80], protocol: udp, "
		 "steer: {observe: true,\nhandshake-rtt: true}}]\n",
	  3, "must", "no handshake" },
	{ "tier too high", "sites: [{name: a, egress: 192.0.2.9, tier: 8}]\n", 1, "bad-value",
	  "0 to 7" },
	{ "feeds without BGP", ROUTER "feeds: {bmp: [{name: a, address: 192.0.2.1}]}\n", 2, "must",
	  "add a 'bgp' group" },
	{ "station without address", ROUTER "bgp:\nfeeds:\n  bmp:\n  - {name: a}\n", 5,
	  "missing-key", "address" },
	{ "station that monitors nothing known",
	  ROUTER "bgp:\nfeeds:\n  bmp:\n  - {name: a, address: 192.0.2.1, monitor: [all]}\n", 5,
	  "bad-value", "pre-policy" },
	{ "station of too large a buffer",
	  ROUTER "bgp:\nfeeds:\n  bmp:\n  - {name: a, address: 192.0.2.1, buffer: 1025}\n", 5,
	  "bad-value", "1024 MiB" },
	{ "MRT files nowhere", ROUTER "bgp:\nfeeds:\n  mrt: {table-interval: 60}\n", 4,
	  "missing-key", "directory" },
	{ "MRT tables too often",
	  ROUTER "bgp:\nfeeds:\n  mrt: {directory: /var/mrt, table-interval: 59}\n", 4, "bad-value",
	  "from 60 to 604800" },
	{ "interior routes without BGP", ROUTER "igp: {default-route: true}\n", 2, "must",
	  "add a 'bgp' group" },
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
	{ "a collector without a source", "collectors: [{name: a, mapping: m}]\n", 1, "must",
	  "needs one of 'prometheus'" },
	{ "a collector of two sources",
	  "collectors: [{name: a, local: {}, orca: {url: 'http://a/'}}]\n", 1, "must",
	  "needs one of 'prometheus'" },
	{ "metrics without a mapping", "collectors: [{name: a, prometheus: {url: 'http://a/'}}]\n",
	  1, "must", "needs a 'mapping'" },
	{ "a mapping that is nowhere",
	  "router: {mapping-directory: /nonexistent}\n"
	  "collectors: [{name: a, mapping: m, local: {}}]\n",
	  2, "bad-mapping", "/nonexistent/m.yaml" },
	{ "a mapping file that is none",
	  "router: {mapping-directory: " SOURCE_ROOT "/docs/examples}\n"
	  "collectors: [{name: a, mapping: border, local: {}}]\n",
	  2, "bad-mapping", "only 'mappings' may stand in a mapping file" },
	{ "no protocol that we speak", "collectors: [{name: a, orca: {url: 'ftp://a/'}}]\n", 1,
	  "bad-value", "must begin with http" },
	{ "a password in the url", "collectors: [{name: a, orca: {url: 'http://u:p@a/'}}]\n", 1,
	  "bad-value", "without spaces and passwords" },
	{ "no Kubernetes name",
	  "collectors: [{name: a, kubernetes: {url: 'http://a', service: 'w/b'}}]\n", 1,
	  "bad-value", "no name of Kubernetes" },
	{ "no url", "collectors: [{name: a, orca: }]\n", 1, "missing-key", "'url' is missing" },
	{ "a certificate without its key",
	  "collectors: [{name: a, orca: {url: 'http://a/', certificate-file: /c}}]\n", 1, "must",
	  "needs its 'key-file'" },
	{ "values that are old at once", "collectors: [{name: a, max-age: 5, local: {}}]\n", 1,
	  "must", "three times" },
	{ "asked too often", "collectors: [{name: a, interval: 0.01, local: {}}]\n", 1, "bad-value",
	  "0.1 to 3600" },
	{ "a cluster without namespaces",
	  ROUTER SITE "clusters: [{name: k, url: 'http://a', prefixes: [198.51.100.0/24], "
		      "max-services: 4, nodes: [10.1.0.1]}]\n",
	  4, "missing-key", "'namespaces'" },
	{ "a cluster without prefixes",
	  ROUTER SITE "clusters: [{name: k, url: 'http://a', namespaces: [g], max-services: 4, "
		      "nodes: [10.1.0.1]}]\n",
	  4, "missing-key", "'prefixes'" },
	{ "a cluster of any number of services",
	  ROUTER SITE "clusters: [{name: k, url: 'http://a', namespaces: [g], prefixes: "
		      "[198.51.100.0/24], nodes: [10.1.0.1]}]\n",
	  4, "missing-key", "'max-services' is missing" },
	{ "a cluster without a site", ROUTER "bgp: {}\n" CLUSTER ", nodes: [10.1.0.1]}]\n", 3,
	  "must", "needs a top-level 'site'" },
	{ "a cluster that leads nowhere", ROUTER SITE CLUSTER "}]\n", 4, "must",
	  "needs 'endpoints'" },
	{ "a cluster that leads two ways",
	  ROUTER SITE CLUSTER ", nodes: [10.1.0.1], endpoints: [10.0.0.0/8]}]\n", 4, "must",
	  "keep one" },
	{ "too many Services of a cluster",
	  ROUTER SITE "clusters: [{name: k, url: 'http://a', namespaces: [g], prefixes: "
		      "[198.51.100.0/24], max-services: 65, nodes: [10.1.0.1]}]\n",
	  4, "bad-value", "from 1 to 64" },
	{ "a cluster of a family without a next hop",
	  ROUTER SITE "clusters: [{name: k, url: 'http://a', namespaces: [g], prefixes: "
		      "['2001:db8::/32'], max-services: 4, nodes: [10.1.0.1]}]\n",
	  2, "missing-key", "cluster 'k' may announce 2001:db8::/32" },
	{ "a value of no terms", "mappings: [{name: m, values: [{name: x}]}]\n", 1, "must",
	  "add 'of'" },
	{ "a mapping of no values", "mappings: [{name: m}]\n", 1, "must", "has no 'values'" },
	{ "a term without metrics", "mappings: [{name: m, values: [{name: x, of: [{name: a}]}]}]\n",
	  1, "missing-key", "'metrics' is missing" },
	{ "no metric's name",
	  "mappings: [{name: m, values: [{name: x, of: [{name: a, metrics: [a-b]}]}]}]\n", 1,
	  "bad-value", "no metric's name" },
	{ "a value that samples have themselves",
	  "mappings: [{name: m, values: [{name: time, of: [{name: a, metrics: [a]}]}]}]\n", 1,
	  "must", "the samples themselves" },
	{ "a label that says nothing",
	  "mappings: [{name: m, values: [{name: x, of: [{name: a, metrics: [a], labels: "
	  "[{name: l}]}]}]}]\n",
	  1, "must", "needs 'is' or 'is-not'" },
	{ "a scale of nothing",
	  "mappings: [{name: m, values: [{name: x, scale: 0, of: [{name: a, metrics: [a]}]}]}]\n",
	  1, "must", "all values 0" },
	{ "a service of no collector",
	  ROUTER SITE WEB "announce: {instances: [10.1.0.1], collectors: [x]}}]\n", 4, "must",
	  "there is no such collector" },
	{ "probes too seldom for their age", "probe:\n  sender:\n    interval-ms: 5000\n", 2,
	  "must", "more than three times" },
	{ "probes too often", "probe: {sender: {interval-ms: 99}}\n", 1, "bad-value",
	  "100 to 60000" },
	{ "no probe at all", "probe: {sender: {rate: 0}}\n", 1, "bad-value", "1 to 10000" },
	{ "key that is not there", ROUTER "probe: {reflector: {key-file: /nonexistent}}\n", 2,
	  "bad-secret", "key-file: /nonexistent" },
	{ "score of what nobody knows",
	  "scores:\n  metrics:\n  - {name: fan-speed, worst: 1, best: 0}\n", 3, "missing-key",
	  "set 'category'" },
	{ "score without ends", "scores:\n  metrics:\n  - {name: token-rate}\n", 3, "missing-key",
	  "set 'worst' and 'best'" },
	{ "score with one end", "scores: {metrics: [{name: utilisation, worst: 1}]}\n", 1, "must",
	  "needs 'best'" },
	{ "score with the other end", "scores: {metrics: [{name: utilisation, best: 1}]}\n", 1,
	  "must", "needs 'worst'" },
	{ "score that is always the same",
	  "scores: {metrics: [{name: utilisation, worst: 1, best: 1}]}\n", 1, "must",
	  "not be the same" },
	{ "sigmoid without a middle",
	  "scores: {metrics: [{name: rtt, normalisation: sigmoid, steepness: -9}]}\n", 1, "must",
	  "needs 'middle' and 'steepness'" },
	{ "sigmoid that is flat",
	  "scores: {metrics: [{name: rtt, normalisation: sigmoid, middle: 1, steepness: 0}]}\n", 1,
	  "must", "must not be 0" },
	{ "sigmoid with ends",
	  "scores: {metrics: [{name: rtt, normalisation: sigmoid, middle: 1, steepness: 1, "
	  "worst: 1, best: 0}]}\n",
	  1, "must", "is for normalisation min-max" },
	{ "min-max with a middle", "scores: {metrics: [{name: utilisation, middle: 1}]}\n", 1,
	  "must", "is for normalisation sigmoid" },
	{ "score of a bad name", "scores: {metrics: [{name: CPU}]}\n", 1, "bad-value",
	  "must begin with a letter" },
	{ "score of one metric twice",
	  "scores:\n  metrics:\n  - {name: utilisation}\n  - {name: utilisation}\n", 4, "duplicate",
	  "first in line 3" },
	{ "no such aggregation", "scores: {aggregation: median}\n", 1, "bad-value", "mean" },
	{ "no such category", "scores: {categories: [{name: cpu}]}\n", 1, "bad-value",
	  "computing" },
	{ "weight that does not count", "scores: {categories: [{name: service, weight: 2}]}\n", 1,
	  "must", "counts only where" },
	{ "VRF without an id", "vrfs: [{name: red, rd: '65000:1'}]\n", 1, "missing-key",
	  "'id' is missing" },
	{ "VRF without an RD", "vrfs: [{name: red, id: 1}]\n", 1, "missing-key",
	  "'rd' is missing" },
	{ "VRF's id 0", "vrfs: [{name: red, id: 0, rd: '65000:1'}]\n", 1, "bad-value",
	  "from 1 to 127" },
	{ "VRF's id 128", "vrfs: [{name: red, id: 128, rd: '65000:1'}]\n", 1, "bad-value",
	  "from 1 to 127" },
	{ "RD without a number", "vrfs: [{name: red, id: 1, rd: '65000'}]\n", 1, "bad-value",
	  "AS:NUMBER or IPV4:NUMBER" },
	{ "route target too large", RED "import: ['65000:1',\n'65536:65536']}]\n", 2, "bad-value",
	  "'65536:65536' is no such number" },
	{ "route target a word", RED "export: [all]}]\n", 1, "bad-value",
	  "'all' is no such number" },
	{ "route target twice", RED "export: ['65000:1', '65000:1']}]\n", 1, "duplicate",
	  "first in line 1" },
	{ "VRF twice", RED "},\n{name: red, id: 4, rd: '65000:2'}]\n", 2, "duplicate",
	  "'red' stands here twice" },
	{ "two VRFs, one id", RED "},\n{name: blue, id: 3, rd: '65000:2'}]\n", 2, "duplicate",
	  "id 3 of vrf 'blue' belongs to vrf 'red' (line 1)" },
	{ "two VRFs, one RD in two words", RED "},\n{name: blue, id: 4, rd: '0:65000:1'}]\n", 2,
	  "duplicate", "rd 0:65000:1 of vrf 'blue' belongs to vrf 'red'" },
	{ "two VRFs, one endpoint",
	  ROUTER SITE RED "endpoint: '2001:db8::2'},\n"
			  "{name: blue, id: 4, rd: '65000:2', endpoint: '2001:DB8::2'}]\n",
	  5, "duplicate", "belongs to vrf 'red' (line 4)" },
	{ "a VRF's endpoint is the site's", ROUTER SITE RED "endpoint: '2001:db8::1'}]\n", 4,
	  "duplicate", "is that of site (line 2)" },
	{ "a VRF's endpoint without a site", RED "endpoint: '2001:db8::2'}]\n", 1, "must",
	  "set 'site'" },
	{ "two VRFs, one network",
	  ROUTER VXLAN RED "endpoint: 10.0.0.3, vni: 9},\n"
			   "{name: blue, id: 4, rd: '65000:2', endpoint: 10.0.0.4, vni: 9}]\n",
	  4, "duplicate", "vni 9 of vrf 'blue' belongs to vrf 'red' (line 3)" },
	{ "a VRF's network is the site's", ROUTER VXLAN RED "endpoint: 10.0.0.3,\nvni: 5}]\n", 4,
	  "duplicate", "is that of site (line 2)" },
	{ "a VRF's network without VXLAN", ROUTER SITE RED "endpoint: '2001:db8::2',\nvni: 5}]\n",
	  5, "must", "is vxlan" },
	{ "a VRF's network without an endpoint", ROUTER VXLAN RED "vni: 9}]\n", 3, "must",
	  "set 'endpoint'" },
	{ "a VRF's network 0", ROUTER VXLAN RED "endpoint: 10.0.0.3,\nvni: 0}]\n", 4, "bad-value",
	  "from 1 to 16777215" },
	{ "a port in no VRF there is", RED "}]\ninterfaces: [{name: a, role: access, vrf: rad}]\n",
	  2, "must", "no such VRF" },
	{ "a core port in a VRF", RED "}]\ninterfaces: [{name: a, role: core, vrf: red}]\n", 2,
	  "must", "'access' and 'edge' only" },
	{ "a service in no VRF there is",
	  TUNNEL RED "}]\nservices: [{name: a, vrf: rad, addresses: [192.0.2.1], steer: }]\n", 3,
	  "must", "no such VRF" },
	{ "a site's service in a VRF without an endpoint",
	  ROUTER SITE RED "}]\nservices: [{name: a, vrf: red, addresses: [192.0.2.1], announce: "
			  "{instances: [10.1.0.1]}}]\n",
	  5, "must", "needs an 'endpoint'" },
	{ "duplicate address in a VRF",
	  TUNNEL RED "}]\n" WEB "vrf: red, steer: },\n{name: b, vrf: red, addresses: "
		     "[198.51.100.80], protocol: tcp, port: 80, steer: }]\n",
	  4, "duplicate", "belongs to service 'web' (line 3)" },
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
	{ "way to attach", "interfaces: [{name: a, role: core, attach: dispacher}]\n", 1,
	  "bad-value", "did you mean 'dispatcher'?" },
	{ "priority", "interfaces: [{name: a, role: core, priority: 65536}]\n", 1, "bad-value",
	  "65535" },
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
	{ "long life without graceful restart",
	  ROUTER "bgp: {neighbors: [{address: 10.0.0.2, as: 1, graceful-restart: disabled, "
		 "long-lived-stale-time: 1}]}\n",
	  2, "must", "long-lived stale routes need" },
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
	{ "stale-age against max-age", TUNNEL WEB "steer: {\n  stale-age: 60,\n  max-age: 60}}]\n",
	  4, "must", "stale-age" },
	{ "no such policy of freshness", TUNNEL WEB "steer: {\n  when-stale: ignore}}]\n", 3,
	  "bad-value", "hold" },
	{ "type of a sub-TLV of the draft", ROUTER "bgp: {edge-metadata: {report-type: 7}}\n", 2,
	  "bad-value", "from 8 to 65534" },
	{ "more than all of a site",
	  ROUTER
	  "bgp: {}\nsite: {name: a, encapsulation: ipip, endpoint: 10.0.0.1,\n  availability: "
	  "101}\n",
	  4, "bad-value", "from 0 to 100" },
	{ "no such domain", ROUTER "bgp: {neighbors: [{address: 10.0.0.2, as: 1, domain: both}]}\n",
	  2, "bad-value", "inside" },
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
	{ "pin rate", "tables: {pin-rate: 100000001}\n", 1, "bad-value", "0 to 100000000" },
	{ "ICMP burst", "tables: {icmp-burst: -1}\n", 1, "bad-value", "0 to 100000000" },
	{ "tag out of range",
	  "interfaces: [{name: a, role: core, tags: {mode: set, inner: 4095}}]\n", 1, "bad-value",
	  "from 1 to 4094" },
	{ "tags without a word of how", "interfaces: [{name: a, role: core, tags: {inner: 7}}]\n",
	  1, "must", "'mode: set'" },
	{ "tags set to nothing", "interfaces: [{name: a, role: core, tags: {mode: set}}]\n", 1,
	  "must", "set 'inner'" },
	{ "type of no tag",
	  "interfaces: [{name: a, role: core, tags: {mode: set, inner: 7, outer-type: 802.1q}}]\n",
	  1, "must", "'outer'" },
	{ "tag mode", "interfaces: [{name: a, role: core, tags: {mode: keeps}}]\n", 1, "bad-value",
	  "did you mean 'keep'?" },
	{ "DSCP", "tunnel: {dscp: 64}\n", 1, "bad-value", "from 0 to 63" },
	{ "DSCP of a uniform tunnel", "tunnel: {\n dscp: 8,\n mode: uniform}\n", 3, "must",
	  "as well" },
	{ "DSCP of a uniform site",
	  "sites: [{name: a, egress: 10.0.0.1, dscp: 8,\n mode: uniform}]\n", 2, "must",
	  "as well" },
	{ "mode", "tunnel: {mode: pipes}\n", 1, "bad-value", "did you mean 'pipe'?" },
	{ "waypoint of IPv4", "sites: [{name: a, egress: '::1',\n segments: [10.0.0.1]}]\n", 2,
	  "bad-value", "IPv6 address" },
	{ "six waypoints",
	  "sites: [{name: a, egress: '::1',\n segments: ['::1', '::2', '::3', '::4', '::5', "
	  "'::6']}]\n",
	  2, "too-many", "5" },
	{ "packing nothing", "sites: [{name: a, egress: '::1',\n compress: {}}]\n", 2, "must",
	  "set 'segments'" },
	{ "block length",
	  "sites: [{name: a, egress: '::1', segments: '::2', compress: {\n"
	  "block-length: 47}}]\n",
	  2, "bad-value", "whole octets" },
	{ "CSID length",
	  "sites: [{name: a, egress: '::1', segments: '::2', compress: {\n"
	  "csid-length: 72}}]\n",
	  2, "bad-value", "8 to 64" },
	{ "block and CSID",
	  "sites: [{name: a, egress: '::1', segments: '::2',\n compress: {"
	  "block-length: 112, csid-length: 24}}]\n",
	  2, "must", "no room" },
	{ "server ID of a digit", "sites: [{name: a, egress: '::1',\n server-ids: [abc]}]\n", 2,
	  "bad-value", "hexadecimal" },
	{ "server ID too long",
	  "sites: [{name: a, egress: '::1',\n server-ids: ['00112233445566778899aabbcc']}]\n", 2,
	  "bad-value", "1 to 12 octets" },
	{ "two sites of one server ID",
	  "sites:\n- {name: a, egress: '::1', server-ids: ['0A']}\n"
	  "- {name: b, egress: '::2', server-ids: ['0a']}\n",
	  3, "duplicate", "belongs to site 'a' (line 2)" },
	{ "VXLAN without VNI", SITE_OF("encapsulation: vxlan, endpoint: 10.0.0.1"), 2, "must",
	  "set 'vni'" },
	{ "VNI of another tunnel", SITE_OF("encapsulation: gre, vni: 7, endpoint: 10.0.0.1"), 2,
	  "must", "for encapsulation vxlan" },
	{ "VNI", SITE_OF("encapsulation: vxlan, vni: 16777216, endpoint: 10.0.0.1"), 2, "bad-value",
	  "1 to 16777215" },
	{ "MAC address",
	  SITE_OF("encapsulation: vxlan, vni: 7, endpoint: 10.0.0.1, inner-mac: '02:00'"), 2,
	  "bad-value", "no MAC address" },
	{ "MAC address of a group",
	  SITE_OF("encapsulation: vxlan, vni: 7, endpoint: 10.0.0.1, inner-mac: "
		  "'03:00:00:00:00:01'"),
	  2, "bad-value", "of a single host" },
	{ "MAC address of another tunnel",
	  SITE_OF("encapsulation: ipip, endpoint: 10.0.0.1, inner-mac: '02:00:00:00:00:01'"), 2,
	  "must", "for encapsulation vxlan" },
	{ "behavior without a SID",
	  SITE_OF("encapsulation: gre, endpoint: 10.0.0.1, behavior: end-dt4"), 2, "must",
	  "need encapsulation srv6" },
	{ "cross-connect to nobody",
	  SITE_OF("encapsulation: srv6, endpoint: '2001:db8::1', behavior: end-dx4"), 2, "must",
	  "set 'cross-connect'" },
	{ "cross-connect of the other family",
	  SITE_OF("encapsulation: srv6, endpoint: '2001:db8::1', behavior: end-dx4, "
		  "cross-connect: '2001:db8::2'"),
	  2, "must", "end-dx4 (IPv4)" },
	{ "cross-connect of a table",
	  SITE_OF("encapsulation: srv6, endpoint: '2001:db8::1', cross-connect: 10.1.0.1"), 2,
	  "must", "no other behavior" },
	{ "IPv6 service behind End.DT4",
	  ROUTER "bgp:\nsite: {name: e, encapsulation: srv6, endpoint: '2001:db8::1', behavior: "
		 "end-dt4, next-hop-v6: '2001:db8::2'}\nservices: [{name: a, addresses: "
		 "['2001:db8::80'], announce: {instances: [10.1.0.1]}}]\n",
	  4, "must", "behavior end-dt4" },
	{ "what is unknown", SITE_OF("encapsulation: gre, endpoint: 10.0.0.1, unknown: pass"), 2,
	  "bad-value", "drop" },
	{ "QUIC over TCP",
	  TUNNEL WEB "steer: {\naffinity: quic,\n quic-lb: {server-id-length: 2}}}]\n", 3, "must",
	  "carried by UDP" },
	{ "QUIC without quic-lb", TUNNEL QUIC "steer: {\naffinity: quic}}]\n", 3, "must",
	  "set 'quic-lb'" },
	{ "quic-lb without QUIC", TUNNEL QUIC "steer: {\nquic-lb: {server-id-length: 2}}}]\n", 3,
	  "must", "for affinity quic" },
	{ "quic-lb without a length", TUNNEL QUIC "steer: {affinity: quic,\nquic-lb: {}}}]\n", 3,
	  "missing-key", "server-id-length" },
	{ "server ID length",
	  TUNNEL QUIC "steer: {affinity: quic,\nquic-lb: {server-id-length: 13}}}]\n", 3,
	  "bad-value", "1 to 12" },
	{ "config ID",
	  TUNNEL QUIC "steer: {affinity: quic,\nquic-lb: {config-id: 7, server-id-length: 2}}}]\n",
	  3, "bad-value", "0 to 6" },
	{ "prefix of IPv4 clients",
	  TUNNEL WEB "steer: {affinity: client,\nclient-prefix-v4: 33}}]\n", 3, "bad-value",
	  "1 to 32" },
	{ "prefix of IPv6 clients",
	  TUNNEL WEB "steer: {affinity: client,\nclient-prefix-v6: 129}}]\n", 3, "bad-value",
	  "1 to 128" },
	{ "prefix of no clients", TUNNEL WEB "steer: {\nclient-prefix-v4: 24}}]\n", 3, "must",
	  "for affinity client" },
	{ "last resort", TUNNEL WEB "steer: {\nlast-resort: kernels}}]\n", 3, "bad-value",
	  "did you mean 'kernel'?" },
	{ "placement", TUNNEL WEB "steer: {\nplacement: three}}]\n", 3, "bad-value", "placement" },
	{ "MSS of IPv4", TUNNEL WEB "steer: {\nmss-clamp-v4: 535}}]\n", 3, "bad-value", "536" },
	{ "MSS of IPv6", TUNNEL WEB "steer: {\nmss-clamp-v6: 1219}}]\n", 3, "bad-value", "1220" },
	{ "MSS found and given", TUNNEL WEB "steer: {\nmss-clamp: auto, mss-clamp-v6: 1220}}]\n", 3,
	  "must", "leave 'mss-clamp-v4'" },
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
	{ "every kind of tunnel: GRE", SITE_OF("encapsulation: gre, endpoint: 10.0.0.1") },
	{ "VXLAN", SITE_OF("encapsulation: vxlan, vni: 7, endpoint: 10.0.0.1") },
	{ "direct", SITE_OF("encapsulation: direct, endpoint: 10.0.0.1, unknown: kernel") },
	{ "tags",
	  "interfaces: [{name: a, role: core, tags: {mode: set, inner: 7, outer: 8}},\n"
	  " {name: b, role: core, tags: {mode: keep}}, {name: c, role: core, tags: {}}]\n" },
	{ "no limits", "tables: {pin-rate: 0, icmp-rate: 0}\n" },
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

#define SITES "sites: [{name: a, egress: 192.0.2.9, tier: 7}, {name: b, egress: 192.0.2.8}]\n"

Test(config, reads_classes_and_costs)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *c = NULL;
	int r = check(TUNNEL CLASSED WEB
		      "steer: {cost-weight-ms: 2.5, allowed-classes: [gpu, edge], "
		      "excluded-classes: [cloud], tiers: [gpu, edge]}}]\n",
		      &c, &faults);
	const struct class_rules *rules;

	cr_assert(eq(int, r, 0), "%s", faults.count ? faults.at->message : "");
	cr_expect(not(c->steer[0].handshake_rtt));
	cr_assert(eq(sz, c->class_count, 3));
	cr_expect(eq(str, c->class_name[2], (char *)"gpu"));
	cr_expect(eq(u64, c->site[0].classes, 1));
	cr_expect(eq(u64, c->site[1].classes, 2 | 4));
	cr_expect(eq(dbl, c->site[1].cost, 1.5));
	cr_expect(eq(dbl, c->site[0].cost, 0));
	cr_expect(epsilon_eq(dbl, c->steer[0].weights.limits.cost_weight_s, 0.0025, 1e-12));
	rules = &c->steer[0].classes;
	cr_expect(eq(u64, rules->allowed, 1 | 4));
	cr_expect(eq(u64, rules->excluded, 2));
	cr_assert(eq(u8, rules->tier_count, 2));
	cr_expect(eq(u64, rules->tier[0], 4));
	cr_expect(eq(u64, rules->tier[1], 1));
}

/* The 65th different one is named, with its line. */
Test(config, bounds_classes)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *c = NULL;
	char text[8192] = "sites:\n";

	for (int i = 0; i <= CLASSES_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "- {name: s%d, egress: 192.0.2.%d, class: c%d}\n", i, i + 1, i);
	cr_assert(eq(int, check(text, &c, &faults), -EINVAL));
	cr_assert(eq(sz, faults.count, 1));
	cr_expect(eq(str, (char *)faults.at->code, (char *)"too-many"));
	cr_expect(eq(u32, faults.at->mark.line, CLASSES_MAX + 2));
}

Test(config, reads_what_operators_wish)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *c = NULL, *plain = NULL;
	int r = check(TUNNEL SITES WEB
		      "steer: {policy: greedy, minimum-share: 0.05, maximum-share: 0.5, "
		      "maximum-move: 0.2, "
		      "maximum-rtt-ms: 30, minimum-score: 2.5, overflow-ms: 250, distrust: 0.4, "
		      "pinned-sites: [a], excluded-sites: [b, a]}}]\n",
		      &c, &faults);
	const struct ingress_service_config *s;

	cr_assert(eq(int, r, 0), "%s", faults.count ? faults.at->message : "");
	s = &c->steer[0];
	cr_expect(eq(int, s->weights.policy, POLICY_GREEDY));
	cr_expect(epsilon_eq(dbl, s->weights.limits.share_min, 0.05, 1e-9));
	cr_expect(epsilon_eq(dbl, s->weights.limits.share_max, 0.5, 1e-9));
	cr_expect(epsilon_eq(dbl, s->weights.limits.move_max, 0.2, 1e-9));
	cr_expect(epsilon_eq(dbl, s->weights.limits.rtt_max_s, 0.03, 1e-9));
	cr_expect(epsilon_eq(dbl, s->weights.limits.score_min, 2.5, 1e-9));
	cr_expect(epsilon_eq(dbl, s->weights.limits.overflow_s, 0.25, 1e-9));
	cr_expect(epsilon_eq(dbl, s->weights.limits.distrust, 0.4, 1e-9));
	cr_assert(eq(sz, s->wish_count, 3));
	cr_expect(eq(str, (char *)s->wish[0].site, "a"));
	cr_expect(s->wish[0].pinned && !s->wish[1].pinned && !s->wish[2].pinned);
	cr_expect(eq(str, (char *)s->wish[1].site, "b"));
	cr_expect(eq(u8, c->site[0].tier, 7));
	cr_expect(eq(u8, c->site[1].tier, 0));

	cr_assert(eq(int, check(TUNNEL WEB "steer: }]\n", &plain, &faults), 0));
	s = &plain->steer[0];
	cr_expect(eq(dbl, s->weights.limits.share_max, 1));
	cr_expect(eq(dbl, s->weights.limits.share_min, 0));
	cr_expect(eq(dbl, s->weights.limits.rtt_max_s, 0));
	cr_expect(eq(dbl, s->weights.limits.distrust, 0));
	cr_expect(eq(sz, s->wish_count, 0));
}

Test(config, reads_tags)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *c = NULL;
	int r = check("interfaces:\n- {name: a, role: core, tags: {mode: keep}}\n"
		      "- {name: b, role: core}\n- {name: c, role: core, tags: {}}\n"
		      "- {name: d, role: core, tags: {mode: set, inner: 7, outer: 8}}\n"
		      "- {name: e, role: core, tags: {mode: set, inner: 9, outer: 8,"
		      " outer-type: 802.1q}}\n",
		      &c, &faults);
	const struct interface_tags *tags;

	cr_assert(eq(int, r, 0), "%s", faults.count ? faults.at->message : "");
	tags = c->tables.tags;
	cr_assert(eq(sz, c->tables.tags_count, 3));
	cr_expect(eq(str, (char *)tags[0].interface, (char *)"a"));
	cr_expect(eq(int, tags[0].mode, TAGS_KEEP));
	cr_expect(eq(str, (char *)tags[1].interface, (char *)"d"));
	cr_expect(eq(int, tags[1].mode, TAGS_SET));
	cr_expect(eq(u16, tags[1].inner, 7));
	cr_expect(eq(u16, tags[1].outer, 8));
	cr_expect(eq(u16, tags[1].outer_type, 0x88a8));
	cr_expect(eq(u16, tags[2].inner, 9));
	cr_expect(eq(u16, tags[2].outer_type, 0x8100));
}

Test(config, reads_feeds)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	_cleanup_(config_free) struct config *c = NULL;
	int r = check(ROUTER
		      "bgp:\nfeeds:\n  bmp:\n  - {name: a, address: 192.0.2.1}\n"
		      "  - {name: b, address: '2001:db8::1', port: 5000, local-address: '::1',"
		      " monitor: [post-policy], statistics-interval: 0,"
		      " mirror-malformed: true, buffer: 2}\n"
		      "  mrt: {directory: /var/mrt, table-interval: 7200, updates-interval: 900,"
		      " updates-size: 1}\n",
		      &c, &faults);
	const struct feed_station_config *a, *b;
	char text[ADDR_STRLEN];

	cr_assert(eq(int, r, 0), "%s", faults.count ? faults.at->message : "");
	cr_assert(c->has_feeds);
	cr_assert(eq(sz, c->feeds.station_count, 2));
	cr_expect(eq(str, c->feeds.name, (char *)"r"));
	cr_expect(eq(str, c->feeds.mrt.directory, (char *)"/var/mrt"));
	cr_expect(eq(u32, c->feeds.mrt.table_s, 7200));
	cr_expect(eq(u32, c->feeds.mrt.tables_kept, 12));
	cr_expect(eq(u32, c->feeds.mrt.updates_s, 900));
	cr_expect(eq(u32, c->feeds.mrt.updates_kept, 96));
	cr_expect(eq(sz, c->feeds.mrt.updates_size, 1 << 20));
	a = &c->feeds.station[0];
	b = &c->feeds.station[1];
	cr_expect(eq(str, (char *)addr_format(&a->address, text), (char *)"192.0.2.1"));
	cr_expect(eq(u16, a->port, 1790));
	cr_expect(eq(u32, a->monitor, FEED_PRE_POLICY | FEED_POST_POLICY));
	cr_expect(eq(u32, a->report_s, 60));
	cr_expect(eq(sz, a->buffer, 16 << 20));
	cr_expect(not(a->mirror));
	cr_expect(eq(u16, b->port, 5000));
	cr_expect(eq(u8, b->local.octet[15], 1));
	cr_expect(eq(u32, b->monitor, FEED_POST_POLICY));
	cr_expect(eq(u32, b->report_s, 0));
	cr_expect(b->mirror);
	cr_expect(eq(sz, b->buffer, 2 << 20));
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

static struct config *checked(const char *text)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	struct config *config = NULL;

	cr_assert(eq(int, check(text, &config, &faults), 0), "%s",
		  faults.count ? faults.at->message : "");
	return config;
}

Test(config, reads_probes)
{
	_cleanup_(config_free) struct config *config = NULL;
	char key[32], text[256];

	file_of("a key\n", 6, key);
	snprintf(text, sizeof(text),
		 ROUTER "probe:\n  sender: {interval-ms: 250, dscp: 46, source: [192.0.2.1]}\n"
			"  reflector: {key-file: %s}\n",
		 key);
	config = checked(text);
	unlink(key);
	cr_expect(config->has_prober && config->has_reflector);
	cr_expect(eq(u32, config->prober.interval_ms, 250));
	cr_expect(eq(u32, config->prober.max_age_ms, 15000));
	cr_expect(eq(u32, config->prober.rate_max, 200));
	cr_expect(eq(u8, config->prober.dscp, 46));
	cr_expect(eq(u8, config->prober.source_v4.octet[15], 1));
	cr_expect(addr_is_zero(&config->prober.source_v6));
	cr_expect(eq(sz, config->prober.key.len, 0));
	cr_expect(eq(u16, config->reflector.port, 862));
	cr_expect(eq(u32, config->reflector.rate_max, 2000));
	cr_expect(eq(sz, config->reflector.key.len, 5));
	cr_expect(memcmp(config->reflector.key.octet, "a key", 5) == 0);
}

Test(config, nothing_is_probed_unasked)
{
	_cleanup_(config_free) struct config *config = checked(ROUTER);

	cr_expect(config->has_prober == false);
	cr_expect(config->has_reflector == false);
}

Test(config, reads_scores)
{
	_cleanup_(config_free) struct config *config = checked(
		"scores:\n"
		"  aggregation: weighted\n"
		"  categories: [{name: computing, aggregation: min, weight: 3}]\n"
		"  metrics:\n"
		"  - {name: cpu-utilisation}\n"
		"  - {name: memory-utilisation, worst: 0.95, best: 0.5, category: service}\n"
		"  - {name: rtt, normalisation: sigmoid, middle: 0.05, steepness: -100, weight: "
		"2}\n"
		"  - {name: fan-speed, category: composed, worst: 9000, best: -1.5}\n");
	const struct scores *s = &config->scores;
	char name[SCORES_NAME_MAX];
	size_t index;

	cr_expect(eq(ptr, (void *)scores_validate(s, &index), NULL));
	cr_expect(eq(str, (char *)scores_name(s, name),
		     "weighted(computing: min(cpu-utilisation), communication: mean(rtt), service: "
		     "mean(memory-utilisation), composed: mean(fan-speed))"));
	cr_expect(eq(dbl, s->category[KIND_COMPUTING].weight, 3));
	cr_expect(eq(dbl, s->category[KIND_SERVICE].weight, 1));
	cr_assert(eq(sz, s->count, 4));
	cr_expect(eq(dbl, s->metric[0].worst, 1), "as is known of it");
	cr_expect(eq(dbl, s->metric[0].best, 0));
	cr_expect(eq(int, s->metric[1].category, KIND_SERVICE));
	cr_expect(eq(dbl, s->metric[1].worst, 0.95));
	cr_expect(eq(int, s->metric[2].normalisation, SCORES_SIGMOID));
	cr_expect(eq(dbl, s->metric[2].middle, 0.05));
	cr_expect(eq(dbl, s->metric[2].steepness, -100));
	cr_expect(eq(dbl, s->metric[2].weight, 2));
	cr_expect(eq(dbl, s->metric[3].best, -1.5));
}

Test(config, scores_unless_told_otherwise)
{
	_cleanup_(config_free) struct config *config = checked(ROUTER);
	_cleanup_(config_free) struct config *mean = checked("scores: {aggregation: min}\n");

	cr_expect(eq(u32, scores_fingerprint(&config->scores), scores_fingerprint(NULL)));
	cr_expect(eq(int, mean->scores.aggregation, SCORES_MIN));
	cr_expect(eq(sz, mean->scores.count, 1));
}
