/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only code that touches maps, XDP links and the kernel's neighbour and route tables. Loads or
 * adopts what is pinned below the pin directory; after tables_close() packets flow by the last
 * tables. Owned by the event loop; no call here is safe from another thread.
 */
#pragma once
#include "base/addr.h"

#include <abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct tables;

struct tables_config {
	const char *pin_dir; /* below a mounted bpffs, e.g. /sys/fs/bpf/margay */
	uint32_t services;   /* map sizes, in entries */
	uint32_t slots;
	uint32_t pin_sets; /* a power of two */
	uint32_t members;
	uint32_t sites;
	uint64_t hash_seed;
	struct tables_limit { /* per CPU; per_second 0: no limit */
		uint32_t per_second, burst;
	} limit[MG_GUARD_COUNT];      /* by enum mg_guard */
	const struct interface_tags { /* of those that differ from TAGS_NEXT_HOP; copied */
		char interface[16];
		enum {
			TAGS_NEXT_HOP, /* as the kernel's VLAN devices say */
			TAGS_KEEP,     /* as the frame came */
			TAGS_SET
		} mode;
		uint16_t inner, outer; /* TAGS_SET: VLANs; outer 0: one tag */
		uint16_t outer_type;   /* TPID */
	} * tags;
	size_t tags_count;
};

/* Loads the programs and maps, or adopts the pinned maps that a former run left (same ABI version
 * and sizes; else -EEXIST with a remedy in the log). The pin directory is locked meanwhile
 * (-EWOULDBLOCK: another daemon has it). On failure *ret is untouched and nothing stays open or
 * pinned that was not pinned before. */
int tables_open(uv_loop_t *loop, const struct tables_config *config, struct tables **ret);
/* Maps, links and programs stay pinned and at work. Event handles close when the loop turns. */
void tables_close(struct tables **tables);
/* The tables of a former run were there: packets went on by them meanwhile. */
bool tables_adopted(const struct tables *tables);
/* Puts other limits in place of those of tables_open(); a packet under way may see either. */
void tables_limits_set(struct tables *tables, const struct tables_limit limit[MG_GUARD_COUNT]);
/* Other tags in place of those: what leaves by these interfaces gets new next hops. 0, -ENOMEM. */
int tables_tags_set(struct tables *tables, const struct interface_tags *tags, size_t count);

/* --- interfaces ------------------------------------------------------------------------------- */
enum port_role {
	PORT_ACCESS /* ingress program */,
	PORT_CORE /* egress program */,
	PORT_EDGE /* the program that is both */,
	PORT_SITE /* no program, only sends */
};
enum port_mode { PORT_NATIVE, PORT_GENERIC };
enum port_attach {
	PORT_LINK,      /* a bpf_link; the program is alone on its interface */
	PORT_DISPATCHER /* libxdp's dispatcher: beside other programs */
};

struct port_spec {
	enum port_role role;
	enum port_attach attach;
	uint16_t priority;    /* DISPATCHER: from 0; programs of a lower one run before ours */
	bool generic_allowed; /* fall back to generic XDP */
	uint8_t vrf;          /* that clients behind it are in, 1..MG_VRFS_MAX; 0: none */
};

/* LINK: attaches by a link pinned as PIN_DIR/links/NAME, or takes over the pinned one and swaps its
 * program in one step. DISPATCHER: attaches a new program and then detaches the former run's;
 * -EOPNOTSUPP where kernel or libxdp cannot, and nothing is changed. *ret says which mode it is.
 * Errors are logged with a remedy; -ENODEV: no such interface; -EBUSY: another program is in the
 * way. One that vanishes later is taken up again when it returns. */
int tables_port_attach(struct tables *tables, const char *interface, const struct port_spec *spec,
		       enum port_mode *ret);
int tables_port_detach(struct tables *tables, const char *interface); /* 0, -ENOENT */

struct port_state {
	char name[16];
	uint32_t ifindex, mtu; /* 0: the interface is gone */
	struct port_spec spec;
	enum port_mode mode;
	bool adopted; /* a former run's program was there */
};
bool tables_port(const struct tables *tables, size_t index, struct port_state *ret);

/* --- sites: where a member leads; shared by services, counted references ---------------------- */
struct site_spec {
	enum mg_encap encap;
	struct addr outer_src, outer_dst; /* SRv6: the first segment, or container. Encap NONE: the
					     neighbour's own link address. LOCAL: unused */
	uint32_t flags;                   /* MG_UNIFORM, MG_DSCP */
	uint8_t dscp;                     /* with MG_DSCP: 0..63 */
	uint8_t segment_count;            /* SRv6: further segments */
	struct addr segment[MG_SEGMENTS_MAX - 1]; /* in the order of travel */
	uint32_t vni;                             /* VXLAN, 24 bits */
	uint8_t inner_dst[6], inner_src[6];       /* VXLAN: MAC addresses of the frame inside */
};
bool site_spec_equal(const struct site_spec *a, const struct site_spec *b);
/* Octets that the encapsulation puts in front of a packet, Ethernet not counted. */
uint32_t site_spec_overhead(const struct site_spec *spec);

/* Finds or makes the site and takes a reference; resolves and keeps its next hops from the kernel's
 * routes and neighbours from then on. A site with MG_ENCAP_LOCAL needs none: it is up. 0, or
 * -ENOSPC with the table's name in the log. */
int tables_site_get(struct tables *tables, const struct site_spec *spec, uint32_t *ret_site);
void tables_site_put(struct tables *tables, uint32_t site);
bool tables_site_reached(const struct tables *tables, uint32_t site); /* it has a next hop */
/* Largest IP packet that may leave for it, outer headers included; 0: not known. */
uint32_t tables_site_mtu(const struct tables *tables, uint32_t site);
/* From then on reached() is called, from the loop, for a site that has got its first next hop or
 * lost its last. It must not get or put sites. */
void tables_listen(struct tables *tables, void (*reached)(void *user, uint32_t site), void *user);

struct site_state {
	uint32_t index, references;
	struct mg_site entry;
	struct mg_nexthop nexthop[MG_SITE_NEXTHOPS];
	const char *fault; /* why nexthop_count is 0, in words; "" if resolved */
};
bool tables_site(const struct tables *tables, size_t index, struct site_state *ret);
/* The one of this number, as tables_site_get() gave it. */
bool tables_site_at(const struct tables *tables, uint32_t site, struct site_state *ret);

/* --- services ------------------------------------------------------------------------------------
 */
struct service_spec {
	struct mg_service_key key;
	uint32_t slots; /* a power of two */
	enum mg_affinity affinity;
	uint8_t prefix_v4, prefix_v6; /* MG_AFFINITY_CLIENT, as in struct mg_service */
	uint32_t idle_s; /* idle timeout of its flows, 1..900; pins are aged in ticks of 4.3 s */
	struct service_options {
		enum mg_last_resort last_resort;
		uint8_t quic_config, quic_id_len; /* as in struct mg_service */
		uint16_t mss_v4, mss_v6;
		bool observe;                /* its flows are counted: tables_member_flows() */
		enum mg_placement placement; /* other than SLOT: they are counted, too */
	} options;
};

struct table_service; /* handle: a key, its slot range, its members */

/* Adopts the entry of a former run with its slots and members where the shape (slots, affinity,
 * prefixes) is the same, so that flows stay where they are; else makes one with empty slots, which
 * packets meet from the first tables_slots_apply() on. -ENOSPC, -EINVAL, -EEXIST (key taken). */
int tables_service_add(struct tables *tables, const struct service_spec *spec,
		       struct table_service **ret);
/* Changes in place what no flow needs to move for. 0; -EINVAL or -ENOSPC, and all is as it was. */
int tables_service_change(struct table_service *service, uint32_t idle_s,
			  const struct service_options *options);
void tables_service_remove(
	struct table_service **service); /* from the map first, then its slots and members */

/* Binds a site to a member number of this service; the same site keeps its number, also over a
 * restart and when it was removed a moment ago, and is bound as often as it was added. A new member
 * is MG_DOWN until tables_member_state(). 0, or -ENOSPC (MG_MEMBERS_MAX). Takes its own reference
 * to the site. */
int tables_member_add(struct table_service *service, uint32_t site, uint16_t *ret_member);
/* Down at once; the number is free for reuse once no slot and no pin names it. */
void tables_member_remove(struct table_service *service, uint16_t member);
void tables_member_state(struct table_service *service, uint16_t member, enum mg_state state,
			 uint32_t weight);

/* MG_AFFINITY_QUIC: this server ID (octets behind its length are zero) means that member, from now
 * on and in place of what it meant. 0, -ENOMEM, or -ENOSPC with the table's name in the log. */
int tables_server_id_set(struct table_service *service, const uint8_t id[MG_SERVER_ID_MAX],
			 uint16_t member);
/* If it means that member, it means nobody any more. All of a service's go with it. */
void tables_server_id_clear(struct table_service *service, const uint8_t id[MG_SERVER_ID_MAX],
			    uint16_t member);

/* Makes the slots lead where now[] says, by the transitions of DESIGN section 3: a slot whose owner
 * changes becomes MOVING (or, where the former owner is down or there was none, leads to the new
 * one at once). now_next[2 * i] and [2 * i + 1] are slot i's member and next choice; a number that
 * is not bound counts as none. Returns slots changed. */
size_t tables_slots_apply(struct table_service *service, const uint16_t *now_next, uint64_t now_ns);

struct service_state {
	struct mg_service_key key;
	struct mg_service entry;
	uint32_t idle_s;
	uint32_t slots_stable, slots_moving, slots_pinned, slots_empty;
	uint32_t pins;             /* live, as of the last sweep */
	struct mg_counter counter; /* what its members took, those since removed included */
};
void tables_service_state(const struct table_service *service, struct service_state *ret);
/* Reads one slot, or one member with its counters summed over the CPUs; false past the end. */
bool tables_slot(const struct table_service *service, uint32_t slot, struct mg_slot *ret);
bool tables_member(const struct table_service *service, uint16_t member, struct mg_member *ret,
		   struct mg_counter *ret_counter, uint32_t *ret_slots);

/*
 * What the data plane has seen of a member's flows here, where the service is observed; else all
 * zero. The counts begin at zero with a new member, survive restarts of margayd, only grow, and do
 * not wrap in practice (64 bits); read one by one, so that they may be apart by what happens
 * meanwhile. A rate is the difference of two readings. Flows are those that this router sent there:
 * other ingress routers have their own.
 */
struct member_flows {
	uint64_t starts;  /* flows begun: TCP SYN, QUIC Initial, and with placement other than SLOT
			     UDP that gets a pin; one sent again counts once */
	uint64_t seconds; /* of these, by their second choice */
	uint64_t ends;    /* TCP flows whose client sent FIN or RST: once a flow. What is not seen
			     (asymmetric ways, hosts that vanish, UDP) never comes to be here */
	double in_flight; /* flows begun and not ended, in steps of 1/256, from 0 to 2^23. Not a
			     difference of the two above: it never falls below zero, and what ended
			     unseen is drained from it */
	uint64_t handshakes;   /* TCP flows whose handshake was timed: one in sixteen, by the
				  client's port, and none whose SYN was sent again */
	uint64_t handshake_us; /* sum of these times, in us, exact to 4: from the SYN to the
				  client's next packet, as they pass here: on to the site, its wait,
				  to the client and back to here */
	uint64_t timed;        /* of the ends: flows whose start was still remembered (mg_recent) */
	uint64_t flow_us; /* sum of their times, in us: from the last SYN to the client's end */
};
/* False past the end. */
bool tables_member_flows(const struct table_service *service, uint16_t member,
			 struct member_flows *ret);
/* So many more, or less, are in flight there than is counted: to the nearest 1/256 of a flow, not
 * below zero. Nothing past the end. */
void tables_flows_adjust(struct table_service *service, uint16_t member, double flows);

/* Egress: what may be stripped here, and where it goes then. */
struct endpoint_spec {
	uint32_t strip; /* bits 1 << enum mg_encap */
	enum mg_behavior behavior;
	uint32_t site;  /* END_DX4, DX6: of tables_site_get(), whose reference is the caller's */
	uint32_t flags; /* MG_UNIFORM, MG_KERNEL */
	uint32_t vni;   /* VXLAN */
	uint8_t vrf;    /* whose services are meant; 0: those in no VRF */
};
int tables_endpoint_add(struct tables *tables, const struct addr *addr,
			const struct endpoint_spec *spec); /* 0, -EEXIST, -ENOSPC, -ENOMEM */
int tables_endpoint_remove(struct tables *tables, const struct addr *addr);

struct endpoint_state {
	struct addr addr;
	struct mg_endpoint entry;
};
bool tables_endpoint(const struct tables *tables, size_t index, struct endpoint_state *ret);

/* One step of the sweep over pins and slots (MOVING -> PINNED -> STABLE, dead pins freed); main
 * calls it on a timer, ten steps make a round. now_ns: CLOCK_MONOTONIC. */
void tables_sweep(struct tables *tables, uint64_t now_ns);
/* What a former run left and nobody has claimed since tables_open() goes: services, members, sites,
 * endpoints, links. */
void tables_claim_end(struct tables *tables);

/* Live pins, index 0.. until false, for `margay show pins`. */
struct pin_state {
	uint32_t slot;
	uint16_t fingerprint, member;
	uint32_t age_s;
	const struct table_service *service; /* NULL: of no service any more */
};
size_t tables_pins(const struct tables *tables, uint64_t now_ns,
		   void (*visit)(void *user, const struct pin_state *pin), void *user);

void tables_verdicts(const struct tables *tables, struct mg_counter ret[MG_VERDICT_COUNT]);
void tables_events(const struct tables *tables, uint64_t ret[MG_EVENT_COUNT]);

/* How full a map is, index 0.. until false, for `margay show maps`. */
struct map_state {
	const char *name, *kind; /* "mg_slots"; "hash", "array", "per-CPU array", "ring" */
	uint64_t size;           /* in entries (pins and fragments: in these, not in sets) */
	bool octets;             /* a ring: size, used and peak are octets */
	bool counted;            /* used says something: entries come and go */
	uint64_t used;           /* what rests after its removal included; pins: last sweep's */
	bool marked;             /* peak says something */
	uint64_t peak;           /* most that was used since tables_open() */
	uint64_t memory;         /* octets of the kernel's; 0: it does not say */
};
bool tables_map(struct tables *tables, size_t index, uint64_t now_ns, struct map_state *ret);
