/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of commands. Rows with the same words stand together; grammar.h says what is what. */
#include "grammar.h"
#include "local.h"
#include "record_commands.h"
#include "routes_command.h"
#include "trace_commands.h"
#include "views.h"

#define NAME(what, from)                                                                           \
	{                                                                                          \
		.name = "name", .kind = ARG_POSITION, .needed = true, .source = from, .help = what \
	}
#define NUMBER(key, what)                                                      \
	{                                                                      \
		.name = key, .kind = ARG_KEY, .type = ARG_NUMBER, .help = what \
	}
#define FLAG(key, what)                                     \
	{                                                   \
		.name = key, .kind = ARG_FLAG, .help = what \
	}

/* clang-format would make a column of it otherwise. */
#define SERVICE(is_needed)                                                        \
	{                                                                         \
		.name = "service", .kind = ARG_POSITION, .needed = is_needed,     \
		.source = SOURCE_SERVICES, .help = "name or address of a service" \
	}

#define OPTION(key, what)                                                         \
	{                                                                         \
		.name = key, .kind = ARG_OPTION, .type = ARG_NUMBER, .help = what \
	}
#define REASON                                                                            \
	{                                                                                 \
		.name = "reason", .kind = ARG_KEY, .help = "words for the other operator" \
	}
#define KEY(key, what)                                     \
	{                                                  \
		.name = key, .kind = ARG_KEY, .help = what \
	}

/* Which packets; what is not said matches all. */
#define PACKETS                                                                                  \
	{ .name = "service",                                                                     \
	  .kind = ARG_KEY,                                                                       \
	  .source = SOURCE_SERVICES,                                                             \
	  .help = "name or address of a service" },                                              \
		{ .name = "verdict",                                                             \
		  .kind = ARG_KEY,                                                               \
		  .type = ARG_TEXTS,                                                             \
		  .source = SOURCE_VERDICTS,                                                     \
		  .help = "where packets end, as in show counters; any of several" },            \
		KEY("client", "source address or prefix"), NUMBER("client-port", "source port"), \
		KEY("to", "destination address or prefix"), NUMBER("port", "destination port"),  \
		KEY("protocol", "tcp, udp, icmp, icmpv6, or a number"),                          \
		{ .name = "interface",                                                           \
		  .kind = ARG_KEY,                                                               \
		  .source = SOURCE_INTERFACES,                                                   \
		  .help = "that a packet came or leaves by" },                                   \
		NUMBER("sample", "one in so many of these, by chance"),                          \
		KEY("pin-directory", "where margayd pins its tables"),                           \
		FLAG("drops", "only packets that end here"),                                     \
		OPTION("count", "end after so many packets")

const struct command commands[] = {
	{ .words = { "show", "services" },
	  .verb = "show",
	  .object = "services",
	  .arg = { SERVICE(false) },
	  .help = "services, their sites and shares; what is announced from here",
	  .render = view_services },
	{ .words = { "show", "sites" },
	  .verb = "show",
	  .object = "sites",
	  .help = "sites, and what each serves",
	  .render = view_sites },
	{ .words = { "show", "members" },
	  .verb = "show",
	  .object = "members",
	  .arg = { SERVICE(false) },
	  .help = "flows of each service at each site, as this router sees them",
	  .render = view_members },
	{ .words = { "show", "slots" },
	  .verb = "show",
	  .object = "slots",
	  .arg = { SERVICE(true) },
	  .help = "each slot of a service: its site, its next choice, its state",
	  .render = view_slots },
	{ .words = { "show", "pins" },
	  .verb = "show",
	  .object = "pins",
	  .arg = { FLAG("all", "list more than 1000") },
	  .help = "flows that are held where their slot no longer leads",
	  .render = view_pins },
	{ .words = { "show", "bgp" },
	  .verb = "show",
	  .object = "bgp",
	  .help = "BGP neighbors",
	  .render = view_neighbors },
	{ .words = { "show", "bgp", "neighbors" },
	  .verb = "show",
	  .object = "bgp",
	  .help = "BGP neighbors, and the last NOTIFICATION to and from each",
	  .render = view_neighbors_whole },
	{ .words = { "show", "bgp", "routes" },
	  .arg = { { .name = "destination",
		     .kind = ARG_POSITION,
		     .help = "an address: routes that lead there; a prefix: routes within" },
		   { .name = "neighbor",
		     .kind = ARG_KEY,
		     .source = SOURCE_NEIGHBORS,
		     .help = "routes of this one; self: our own" },
		   FLAG("all", "more than the first 1000") },
	  .help = "BGP routes as they came, with their metrics",
	  .local = local_routes },
	{ .words = { "show", "bmp" },
	  .verb = "show",
	  .object = "bmp",
	  .help = "BMP stations, and what they have been told",
	  .render = view_stations },
	{ .words = { "show", "igp" },
	  .verb = "show",
	  .object = "igp",
	  .help = "interior routes to BGP next hops",
	  .render = view_next_hops },
	{ .words = { "show", "mrt" },
	  .verb = "show",
	  .object = "mrt",
	  .help = "MRT files: the last table, the log",
	  .render = view_mrt },
	{ .words = { "mrt", "dump" },
	  .verb = "mrt",
	  .object = "dump",
	  .arg = { { .name = "name",
		     .kind = ARG_POSITION,
		     .help = "of the file, in the configured directory" } },
	  .help = "write the BGP routes to an MRT file",
	  .render = view_mrt_dump },
	{ .words = { "show", "interfaces" },
	  .verb = "show",
	  .object = "interfaces",
	  .help = "interfaces and how XDP is attached",
	  .render = view_interfaces },
	{ .words = { "show", "counters" },
	  .verb = "show",
	  .object = "counters",
	  .help = "where packets ended, by verdict; what happened beside",
	  .render = view_counters },
	{ .words = { "show", "maps" },
	  .verb = "show",
	  .object = "maps",
	  .help = "how full each table is, and what memory it takes",
	  .render = view_maps },
	{ .words = { "show", "collectors" },
	  .verb = "show",
	  .object = "collectors",
	  .help = "how the sources of load answer, and what they say",
	  .render = view_collectors },
	{ .words = { "show", "probes" },
	  .verb = "show",
	  .object = "probes",
	  .help = "measured round-trip times to egresses, and answers to others",
	  .render = view_probes },
	{ .words = { "show", "scores" },
	  .verb = "show",
	  .object = "scores",
	  .help = "how raw metrics become one score, and which metrics are known by name",
	  .render = view_scores },
	{ .words = { "show", "endpoints" },
	  .verb = "show",
	  .object = "endpoints",
	  .help = "tunnel addresses and SIDs of this router, and what is done there",
	  .render = view_endpoints },
	{ .words = { "explain" },
	  .verb = "explain",
	  .arg = { SERVICE(true),
		   { .name = "from",
		     .kind = ARG_KEY,
		     .help = "a client: ADDRESS or ADDRESS:PORT, [ADDRESS]:PORT for IPv6" } },
	  .help = "why the traffic of a service goes where it goes",
	  .render = view_explain },
	{ .words = { "trace" },
	  .arg = { PACKETS },
	  .help = "what becomes of packets, one a line, as the data plane decides it",
	  .local = local_trace },
	{ .words = { "capture" },
	  .arg = { PACKETS,
		   OPTION("snaplen", "octets of a packet at most"),
		   FLAG("sent", "packets as they leave, not as they came"),
		   { .name = "write",
		     .letter = 'w',
		     .kind = ARG_OPTION,
		     .type = ARG_FILE,
		     .needed = true,
		     .help = "file for the packets, pcapng; - is standard output" } },
	  .help = "write packets to a file, each with its verdict as a comment",
	  .local = local_capture },
	{ .words = { "record" },
	  .arg = { { .name = "write",
		     .letter = 'w',
		     .kind = ARG_OPTION,
		     .type = ARG_FILE,
		     .help = "file for the record; standard output otherwise" },
		   { .name = "service",
		     .kind = ARG_OPTION,
		     .source = SOURCE_SERVICES,
		     .help = "name or address of a service; all otherwise" },
		   OPTION("count", "end after so many decisions"),
		   OPTION("time", "end after so many seconds"),
		   OPTION("size", "end after so many megabytes (1000)") },
	  .help = "write what services decide, and from what, to a file",
	  .local = local_record },
	{ .words = { "replay" },
	  .arg = { { .name = "file",
		     .kind = ARG_POSITION,
		     .type = ARG_FILE,
		     .needed = true,
		     .help = "a record; - is standard input" },
		   { .name = "policy",
		     .kind = ARG_OPTION,
		     .choices = "compute-aware saw nearest static greedy",
		     .help = "decide by this one, not as recorded" },
		   OPTION("queue-factor", "weight of queueing, not as recorded"),
		   OPTION("hysteresis", "change that is too small, not as recorded"),
		   OPTION("minimum-share", "of a site, not as recorded"),
		   OPTION("maximum-share", "of a site, not as recorded"),
		   OPTION("maximum-move", "share moved in a period, not as recorded"),
		   OPTION("distrust", "of reports, not as recorded"),
		   OPTION("cost-weight-ms", "of a unit of cost, not as recorded"),
		   { .name = "service",
		     .kind = ARG_OPTION,
		     .source = SOURCE_SERVICES,
		     .help = "name of a service; all otherwise" },
		   FLAG("all", "also decisions in which nothing happened"),
		   FLAG("summary", "only the summary"),
		   FLAG("check", "fail where a decision is not exactly as recorded") },
	  .help = "decide again from a record, and compare; needs no daemon",
	  .local = local_replay },
	{ .words = { "announce" },
	  .verb = "announce",
	  .arg = { NAME("name of the service", SOURCE_ANNOUNCED),
		   { .name = "address", .kind = ARG_KEY, .help = "anycast address" },
		   { .name = "protocol",
		     .kind = ARG_KEY,
		     .choices = "any tcp udp",
		     .help = "protocol" },
		   NUMBER("port", "0 to 65535; 0: every port"),
		   { .name = "instances",
		     .kind = ARG_KEY,
		     .type = ARG_TEXTS,
		     .help = "addresses of the servers" },
		   NUMBER("slots", "a power of two"),
		   NUMBER("capacity", "worker slots"),
		   NUMBER("service-time-ms", "mean time of a request"),
		   FLAG("transient", "forget it at the next start of margayd") },
	  .help = "announce a service of this site; kept over a restart",
	  .render = view_done },
	{ .words = { "withdraw" },
	  .verb = "withdraw",
	  .arg = { NAME("name of the service", SOURCE_ANNOUNCED) },
	  .help = "withdraw a service of this site",
	  .render = view_done },
	{ .words = { "metric" },
	  .verb = "metric",
	  .arg = { NAME("name of the service", SOURCE_ANNOUNCED),
		   NUMBER("capacity", "worker slots"),
		   NUMBER("service-time-ms", "mean time of a request"),
		   NUMBER("arrival-rate", "requests per second"),
		   NUMBER("in-flight", "requests running and queued"),
		   NUMBER("utilisation", "busy share of capacity"),
		   NUMBER("window", "seconds that the averages are of"),
		   NUMBER("score", "0 to 10, 10 is best"),
		   NUMBER("preference", "site preference, higher is better"),
		   NUMBER("availability", "0 to 100 percent"),
		   NUMBER("delay-index", "0 to 100, 100 is worst"),
		   FLAG("drain", "no new flows, please") },
	  .help = "report the load of a service of this site",
	  .render = view_done },
	{ .words = { "drain" },
	  .verb = "drain",
	  .arg = { NAME("a site; or a service of this site", SOURCE_SITES) },
	  .help = "send no new flows there; running flows stay",
	  .render = view_done },
	{ .words = { "undrain" },
	  .verb = "undrain",
	  .arg = { NAME("a site; or a service of this site", SOURCE_SITES) },
	  .help = "take it back",
	  .render = view_done },
	{ .words = { "shutdown" },
	  .verb = "shutdown",
	  .arg = { NAME("address of a BGP neighbor, or all", SOURCE_NEIGHBORS), REASON },
	  .help = "end a BGP session for good; the neighbor keeps no routes",
	  .render = view_done },
	{ .words = { "enable" },
	  .verb = "enable",
	  .arg = { NAME("address of a BGP neighbor, or all", SOURCE_NEIGHBORS) },
	  .help = "start BGP sessions that were shut down",
	  .render = view_done },
	{ .words = { "reset" },
	  .verb = "reset",
	  .arg = { NAME("address of a BGP neighbor, or all", SOURCE_NEIGHBORS), REASON },
	  .help = "end a BGP session and start it again",
	  .render = view_done },
	{ .words = { "refresh" },
	  .verb = "refresh",
	  .arg = { NAME("address of a BGP neighbor, or all", SOURCE_NEIGHBORS) },
	  .help = "ask a BGP neighbor for all of its routes again",
	  .render = view_done },
	{ .words = { "check" },
	  .arg = { { .name = "file",
		     .kind = ARG_POSITION,
		     .type = ARG_FILE,
		     .needed = true,
		     .help = "configuration file" } },
	  .help = "check a configuration file; needs no daemon",
	  .local = local_check },
	{ .words = { "reload" },
	  .verb = "reload",
	  .arg = { { .name = "file",
		     .kind = ARG_POSITION,
		     .type = ARG_FILE,
		     .help = "configuration file; else the one margayd was started with" } },
	  .help = "apply a configuration file",
	  .render = view_done },
	{ .words = { "version" },
	  .verb = "version",
	  .help = "version of the daemon",
	  .render = view_version },
	{ .words = { "completion", "bash" },
	  .help = "print a completion script: source <(margay completion bash)",
	  .local = local_completion },
	{ .words = { "help" },
	  .arg = { { .name = "command", .kind = ARG_POSITION, .help = "a command's first word" } },
	  .help = "list the commands",
	  .local = local_help },
	{ .words = { NULL } },
};
