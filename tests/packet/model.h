/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reference model of the data plane: the tables of abi.h in, a frame in, verdict and frame out.
 * Written from abi.h, the READMEs, DESIGN and the RFCs, apart from dataplane/core, of which it
 * shares abi.h and the hash of flow.h alone. It is slow and plain: octets are read one by one,
 * checksums are summed from scratch, tables are searched from end to end.
 *
 * A model is the caller's, as are the tables in it; one thread.
 */
#pragma once
#include <abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_SERVICES  128
#define MODEL_PINS      64
#define MODEL_RECENT    64
#define MODEL_FRAGMENTS 4096
#define MODEL_FRAME     4096 /* octets of the largest frame */

struct model_fragment {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint8_t vrf;
	uint8_t key_proto, proto; /* IPv6 siblings are told without their protocol: 0 */
	uint16_t sport, dport;
	uint64_t tick;
};

struct model_pin {
	uint32_t slot, set;
	uint16_t fingerprint, member;
	uint64_t tick;
};

/* A flow of a service that is observed, and what was last counted of it. All of them are of late:
 * the tests forget them before they are old. */
struct model_recent {
	uint8_t src[16], dst[16], proto;
	uint16_t sport, dport;
	uint32_t member; /* index */
	enum { RECENT_STARTED, RECENT_RUNNING, RECENT_ENDED } state;
};

struct model {
	struct mg_settings settings;
	struct mg_service service[MODEL_SERVICES];
	size_t services;
	struct mg_slot *slot;
	struct mg_member *member;
	const struct mg_site *site;
	const struct mg_nexthop *nexthop;
	bool (*port)(uint32_t ifindex);
	uint8_t vrf; /* that clients of this port are in */
	/* NULL: nothing at this address. */
	const struct mg_endpoint *(*endpoint)(const uint8_t addr[16]);
	/* Number of a member; 0: the ID is nobody's. */
	uint32_t (*server)(uint32_t service, const uint8_t *id, size_t len);
	uint32_t ifindex; /* that frames come by */
	uint64_t tick;
	bool tokens; /* there are some for messages of our own */
	struct model_fragment fragment[MODEL_FRAGMENTS];
	size_t fragments; /* ever learnt; the newest ones are kept */
	struct model_pin pin[MODEL_PINS];
	size_t pins;
	struct model_recent recent[MODEL_RECENT];
	size_t recents;
	struct mg_load *load; /* by member; times of handshakes are not in it */
};

/* A frame, and what has been learnt of it. Offsets are in the frame. */
struct model_packet {
	const uint8_t *frame;
	size_t link;             /* of what follows Ethernet and tags */
	size_t ip, payload, end; /* of the IP packet, what follows its headers, its last octet */
	bool v4;
	uint8_t src[16], dst[16]; /* of the flow: those of a quoted packet turned around */
	uint16_t sport, dport;
	uint8_t proto;
	uint8_t vrf; /* whose addresses they are; 0: none */
	uint8_t tos, ttl;
	uint8_t ecn; /* to leave with */
	bool fragment, later, start, ends;
	bool unknown; /* its protocol has ports, but they are not to be seen */
	bool error;   /* of ICMP, about a packet that it quotes */
	uint32_t id;
	uint8_t own_dst[16]; /* as in its header, quote or not */
};

/* What is to be counted of a packet, once it has been sent: of its way to a site. */
struct model_count {
	bool observed, begins, again, second;
	uint32_t member; /* index */
};

struct model_way {
	struct model_count count;
	const struct mg_service *service;
	uint32_t member, site, nexthop; /* indexes */
	uint64_t hash;
};

struct model_outcome {
	enum mg_verdict verdict;
	uint32_t action; /* XDP_PASS, ... */
	uint32_t member; /* index into mg_members that the packet is counted for; 0: none */
	uint32_t load;   /* the same into mg_loads; 0: not observed */
	size_t len;
	uint8_t frame[MODEL_FRAME];
};

void model_ingress(struct model *model, const uint8_t *frame, size_t len,
		   struct model_outcome *ret);
void model_egress(struct model *model, const uint8_t *frame, size_t len, struct model_outcome *ret);
/* Client side and core side at once. */
void model_edge(struct model *model, const uint8_t *frame, size_t len, struct model_outcome *ret);

/* The steps: MG_FORWARD means go on, all else is the packet's end. */

/* The frame's headers; what is learnt on the way to another verdict stays in ret. */
enum mg_verdict model_parse(const uint8_t *frame, size_t len, struct model_packet *ret);

/* An IP packet of a family at `at`, with octets up to `limit`. */
enum mg_verdict model_parse_ip(const uint8_t *frame, size_t at, size_t limit, bool v4,
			       struct model_packet *ret);

/* Is there an IP packet of this kind behind tags at *at (of the type field)? *at is then its own
 * offset. NOT_OURS: another type. */
enum mg_verdict model_parse_tags(const uint8_t *frame, size_t len, size_t *at, bool *ret_v4);

/* Parts of that: src and dst; proto and payload behind the extension headers; is this a later
 * fragment of a packet that may have ports? */
void model_addresses(struct model_packet *packet);
enum mg_verdict model_parse_extensions(struct model_packet *packet);
bool model_may_have_ports(const struct model_packet *packet);

/* Makes the flow of an ICMP error that of what it quotes. */
enum mg_verdict model_quote(struct model *model, uint8_t scope, struct model_packet *packet);

/* Finds service, member and site. */
enum mg_verdict model_steer(struct model *model, uint8_t scope, struct model_packet *packet,
			    struct model_way *ret);

/* Where a service is looked for. */
struct model_table {
	uint8_t scope, vrf;
};

/* NULL: none. */
const struct mg_service *model_service(const struct model *model, const struct model_table *table,
				       const uint8_t addr[16], uint8_t proto, uint16_t port);

void model_recall(struct model *model, struct model_packet *packet);
void model_learn(struct model *model, const struct model_packet *packet);

/* A next hop of a site, by bits of the flow hash. */
enum mg_verdict model_nexthop(const struct model *model, struct model_way *way);
uint64_t model_hash(const struct model *model, const struct model_packet *packet,
		    const struct mg_service *service);

/* Member by slot and pin; 0: none that is usable. */
uint32_t model_slot(struct model *model, const struct mg_service *service,
		    const struct model_packet *packet, uint64_t hash, struct model_count *count);
/* Of them: now, or who stands in for it, or a further slot's. */
uint32_t model_stand_in(const struct model *model, const struct mg_service *service, uint64_t hash);

/* Member of a packet that begins a flow which has two choices, with a pin or without. *moved: not
 * the one that its slot says, so that it needs a pin. */
uint32_t model_begin(struct model *model, const struct mg_service *service,
		     const struct model_packet *packet, uint64_t hash, bool asks_recent,
		     struct model_count *count);
/* Does this packet of such a service begin a flow, as far as it has no pin? */
bool model_begins(const struct mg_service *service, const struct model_packet *packet);
void model_observe(struct model *model, const struct model_packet *packet,
		   const struct model_count *count);
bool model_usable(const struct model *model, const struct mg_service *service, uint32_t member);

/* Writes the packet as it leaves; after any other verdict than FORWARD nothing is written. */
enum mg_verdict model_send(const struct model *model, const struct model_packet *packet, size_t len,
			   const struct model_way *way, struct model_outcome *ret);

/* As it leaves for the kernel: without the outer headers, by the link that it came with. */
void model_route(const struct model_packet *packet, size_t len, struct model_outcome *ret);

/* What came out of a tunnel; ret_end: the endpoint, as soon as it is known. */
enum mg_verdict model_strip(const struct model *model, const struct model_packet *outer, size_t len,
			    const struct mg_endpoint **ret_end, struct model_packet *ret);
/* End.DX4, End.DX6: to the endpoint's own next hops. */
enum mg_verdict model_connect(const struct model *model, const struct model_packet *packet,
			      const struct mg_endpoint *end, struct model_way *ret);

/* Outer headers of a site, without Ethernet; their length is model_overhead(). */
void model_encap(uint8_t *at, const struct mg_site *site, const struct model_packet *packet,
		 uint32_t label);

/* Tells the sender; too_big or unreachable. */
enum mg_verdict model_answer(const struct model *model, const struct model_packet *packet,
			     const struct model_way *way, enum mg_verdict verdict,
			     struct model_outcome *ret);
/* May anybody be told about this packet? */
bool model_answerable(const struct model_packet *packet);

uint32_t model_overhead(const struct mg_site *site);

/* Octets (model_octets.c). */
uint32_t read16(const uint8_t *at);
uint32_t read32(const uint8_t *at);
void write16(uint8_t *at, uint32_t value);
void write32(uint8_t *at, uint32_t value);
bool is_v4(const uint8_t addr[16]);
/* RFC 1071: one's complement sum of big-endian words, an odd octet padded; not complemented. */
uint32_t sum_octets(const uint8_t *at, size_t len);
/* RFC 1071 over two parts (the first of even length), as it stands in a header. */
uint32_t checksum_of(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
/* What a checksum has to be after its octets changed from sum `before` to sum `after`: as wrong as
 * it was, so that one that came broken stays broken by the same difference. */
uint32_t checksum_kept(uint32_t checksum, uint32_t before, uint32_t after);
