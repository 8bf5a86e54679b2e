/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the data planes and the map writer in control/ agree on: table layouts, verdicts, limits. A
 * change here is an ABI change: it takes a new MG_ABI_VERSION, which is part of the maps' pin path.
 *
 * Addresses are octet arrays, so that bpftool prints them; IPv4 stands as ::ffff:a.b.c.d. An entry
 * of all zeros is an empty one in every table; unused octets are zero, for keys are hashed as
 * bytes.
 */
#pragma once
#include <linux/types.h>

#define MG_INLINE inline __attribute__((always_inline))

#define MG_ABI_VERSION       "v2" /* PIN_DIR/v2/mg_slots */
#define MG_PINS_PER_SET      8
#define MG_SITE_NEXTHOPS     8
#define MG_EXTENSIONS_MAX    4 /* IPv6 extension headers of one IP header */
#define MG_REDRAWS           4 /* further slots tried where a slot's now and next are both down */
#define MG_SLOTS_MAX         (1 << 24) /* a pin names its slot in 24 bits */
#define MG_RANGE_MAX         (1 << 20) /* slots of a service: a power of two; hash bits 0-19 */
#define MG_MEMBERS_MAX       1024      /* members of one service, numbered from 1 */
#define MG_MEMBER_NONE       0
#define MG_SERVICES_PER_SET  8
#define MG_SERVICE_GONE      0xffffffff /* mg_service_ref.place of one that was removed */
#define MG_FRAGMENT_SETS     4096       /* a power of two */
#define MG_FRAGMENTS_PER_SET 8
#define MG_RECENT_SETS       8192 /* a power of two */
#define MG_RECENTS_PER_SET   8
#define MG_SEGMENTS_MAX      6  /* of an SRv6 path: the first, and those in its SRH */
#define MG_TAGS_MAX          2  /* VLAN tags of one frame */
#define MG_SERVER_ID_MAX     12 /* octets of a server ID in a QUIC connection ID */
#define MG_VRFS_MAX          127

/* One tick of a pin's clock, 2^32 ns (4.29 s): an age of up to 255 ticks is 18 minutes. */
#define MG_TICK_SHIFT 32

/* Where every packet ends: names its counter, its text in margay and its edge in dataplane/dpdk. */
#define MG_VERDICTS(X)                                                        \
	X(FORWARD, "sent to a site")                                          \
	X(DELIVERED, "stripped and handed to an instance")                    \
	X(NOT_OURS, "no service and no endpoint at this address")             \
	X(TRUNCATED, "a header runs past the packet")                         \
	X(MALFORMED, "a header contradicts itself")                           \
	X(FRAGMENT, "later fragment, whose first one was not seen")           \
	X(TTL_EXPIRED, "TTL or hop limit used up")                            \
	X(NO_SERVICE, "out of a tunnel, for no service of this site")         \
	X(NO_MEMBER, "the service has no usable site or instance")            \
	X(NO_NEXTHOP, "the way to the site is not resolved")                  \
	X(NO_PORT, "the next hop's interface is not one of ours")             \
	X(TOO_BIG, "larger than the path to the site takes")                  \
	X(NO_HEADROOM, "the driver left no room for the outer header")        \
	X(NOT_TUNNEL, "to a tunnel endpoint, but not in its encapsulation")   \
	X(CONGESTED, "marked in the tunnel, and its flow cannot be told")     \
	X(TUNNEL_FRAGMENT, "fragment of a tunnel's own packet")               \
	X(QUOTE, "ICMP error that does not show which flow it is about")      \
	X(TOO_BIG_TOLD, "larger than the path takes; its sender was told")    \
	X(TOO_BIG_QUIET, "larger than the path takes; told too many already") \
	X(UNREACHABLE, "no usable site or instance; its sender was told")     \
	X(UNREACHABLE_QUIET, "no usable site; told too many already")         \
	X(LAST_RESORT, "no usable site or instance: by the kernel's routes")  \
	X(CONNECTED, "stripped and handed to a SID's own next hop")           \
	X(ROUTED, "stripped, for no service: by the kernel's routes")         \
	X(WRONG_FAMILY, "out of a tunnel, of a family that its SID refuses")

#define MG_VERDICT_ENUM(name, text) MG_##name,
enum mg_verdict { MG_VERDICTS(MG_VERDICT_ENUM) MG_VERDICT_COUNT };

/* What happened beside the verdict. */
#define MG_EVENTS(X)                                                           \
	X(PIN_INSERTED, "flows pinned while their slot moved")                 \
	X(PIN_EVICTED, "pins pushed out of a full set")                        \
	X(PIN_RACED, "pins given up because another CPU wrote first")          \
	X(PIN_REPLACED, "pins moved: site down, or another flow now")          \
	X(NEXT_CHOICE, "packets sent to the next choice: site down")           \
	X(FRAGMENT_EVICTED, "first fragments forgotten: set full")             \
	X(FRAGMENT_RACED, "first fragments not kept: another CPU wrote first") \
	X(PIN_LIMITED, "flows not pinned: too many new ones a second")         \
	X(SERVER_ID, "packets sent by the server ID in their connection ID")   \
	X(MSS_CLAMPED, "TCP starts whose MSS was lowered")                     \
	X(TRACE_LOST, "trace records lost: the ring was full")                 \
	X(PIN_FULL, "starts kept at their first choice: no room for a pin")

#define MG_EVENT_ENUM(name, text) MG_EVENT_##name,
enum mg_event { MG_EVENTS(MG_EVENT_ENUM) MG_EVENT_COUNT };

enum mg_scope {
	MG_SCOPE_INGRESS = 0, /* from a client: members are sites */
	MG_SCOPE_EGRESS = 1,  /* out of a tunnel: members are this site's instances */
};

/*
 * The entry (address, port 0, IPPROTO_ICMP or IPPROTO_ICMPV6) takes echo requests to a service
 * address, and tells that the address has services at all: without it, what is for the address but
 * cannot be told to be for one of its services goes to the kernel. Control copies one of the
 * address's services there, with MG_AFFINITY_CLIENT.
 */
struct mg_service_key {
	__u8 addr[16];
	__u16 port;     /* host order, so that bpftool prints it; 0: any */
	__u8 proto;     /* IPPROTO_TCP, ...; 0: any */
	__u8 scope : 1; /* enum mg_scope */
	__u8 vrf : 7;   /* whose address it is, 1..MG_VRFS_MAX; 0: in no VRF */
};
_Static_assert(sizeof(struct mg_service_key) == 20, "control/ writes this as bytes: no padding");

/* One 64-bit word, stored and loaded whole (service.h). */
struct mg_service_ref {
	__u32 tag;   /* of the key's hash */
	__u32 place; /* in mg_services; 0: nothing, nor in the rest of the set */
} __attribute__((aligned(8)));

struct mg_service_set {
	struct mg_service_ref ref[MG_SERVICES_PER_SET];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct mg_service_set) == 64, "one cache line");

enum mg_affinity {
	MG_AFFINITY_FLOW = 0,   /* 5-tuple */
	MG_AFFINITY_CLIENT = 1, /* source address, as many bits of it as prefix_v4, prefix_v6 say */
	MG_AFFINITY_QUIC =
		2, /* server ID in the connection ID, where it names a member; else 5-tuple */
};

/* Where packets of a service go that has no usable member. */
enum mg_last_resort {
	MG_LAST_DROP = 0,
	MG_LAST_UNREACHABLE =
		1,          /* dropped, and the sender is told, no more often than settings say */
	MG_LAST_KERNEL = 2, /* on by the kernel's routes, as if Margay were not there */
};

/* How flows are placed that begin; those under way keep their site in each case. */
enum mg_placement {
	MG_PLACEMENT_SLOT = 0, /* by their slot; where that is STABLE no pin is looked at */
	MG_PLACEMENT_TWO_CHOICE =
		1, /* by the better of two slots (start.h); pins are always looked at */
	MG_PLACEMENT_FIRST = 2, /* by the first of these, while the counts tell nothing; pins as
				   there */
};

/* Never changed once a word of mg_service_sets leads to it: a changed service is another entry. */
struct mg_service {
	struct mg_service_key key;
	__u32 index; /* into mg_counters_service: of packets that reached no member; not 0 */
	__u32 slot_base;
	__u32 slot_mask;   /* range size - 1; size is a power of two <= MG_RANGE_MAX */
	__u32 member_base; /* member m is mg_members[member_base + m], m = 1..member_count */
	__u32 member_count;
	enum mg_affinity affinity;
	enum mg_last_resort last_resort;
	__u8 prefix_v4, prefix_v6; /* MG_AFFINITY_CLIENT: bits of the source that count; 0: all */
	__u8 quic_config; /* MG_AFFINITY_QUIC: top three bits of the first octet of an ID of ours,
			     0..6 */
	__u8 quic_id_len; /* octets of the server ID behind it, 1..MG_SERVER_ID_MAX */
	__u16 mss_v4, mss_v6; /* TCP MSS of a start at most, octets; 0: as it came */
	__u8 observe;         /* 1: its flows are counted in mg_loads */
	__u8 placement;       /* enum mg_placement; other than SLOT: with observe, scope ingress */
	__u8 zero[6];
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct mg_service) == 64, "one cache line");

/* Which member a server ID means (draft-ietf-quic-load-balancers, plaintext form). */
struct mg_server_key {
	__u32 service;             /* mg_service.index */
	__u8 id[MG_SERVER_ID_MAX]; /* as in the connection ID; behind its length zeros */
};
_Static_assert(sizeof(struct mg_server_key) == 16, "hashed as bytes: no padding");

struct mg_server {
	__u32 member; /* number of the service's member */
};

enum mg_slot_state { MG_SLOT_STABLE = 0, MG_SLOT_MOVING = 1, MG_SLOT_PINNED = 2 };

/* One 64-bit word, stored and loaded whole (slot.h). */
struct mg_slot {
	__u16 now, prev; /* members */
	__u16 next;  /* member that takes over while now is down; MG_MEMBER_NONE: there is none */
	__u16 state; /* enum mg_slot_state */
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct mg_slot) == 8, "one word");

/* One 64-bit word, changed by compare-and-swap only. member MG_MEMBER_NONE: free. */
struct mg_pin {
	__u64 slot : 24;        /* index into mg_slots */
	__u64 fingerprint : 16; /* of the flow */
	__u64 member : 16;
	__u64 tick : 8; /* last seen: time in units of 2^MG_TICK_SHIFT ns of CLOCK_MONOTONIC */
};
_Static_assert(sizeof(struct mg_pin) == 8, "one word");

struct mg_pin_set {
	struct mg_pin pin[MG_PINS_PER_SET];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct mg_pin_set) == 64, "one cache line");

/* Which pins there may be in eight sets, an octet a set: where a flow's bit is off it has no pin
 * (pin.h). One 64-bit word, changed by atomic operations only. */
#define MG_MARKS_PER_WORD 8
#define MG_MARK_BITS      7    /* of an octet: one of them by the fingerprint */
#define MG_MARK_NEW       0x80 /* marked since the sweep began to look at the set */
#define MG_MARKS_OLD      0x7f7f7f7f7f7f7f7full

struct mg_pin_marks {
	__u8 set[MG_MARKS_PER_WORD];
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct mg_pin_marks) == 8, "one word");

/* One 64-bit word, changed by compare-and-swap only: what the first fragment of a packet said.
 * proto 0: free. */
struct mg_fragment {
	__u64 port : 16; /* destination */
	__u64 sport : 16;
	__u64 proto : 8;
	__u64 tick : 6;         /* of the pins' clock */
	__u64 fingerprint : 18; /* of the packet */
};
_Static_assert(sizeof(struct mg_fragment) == 8, "one word");

struct mg_fragment_set {
	struct mg_fragment fragment[MG_FRAGMENTS_PER_SET];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct mg_fragment_set) == 64, "one cache line");

enum mg_state {
	MG_EMPTY = 0,
	MG_UP = 1,
	MG_DOWN = 2, /* takes no packet: its flows go to the next choice at once */
};

struct mg_member {
	__u32 site;   /* index into mg_sites */
	__u32 weight; /* share of new flows in 1/65536: for two choices, and for show */
	enum mg_state state;
	__u32 zero;
};
_Static_assert(sizeof(struct mg_member) == 16, "control/ writes this as bytes: no padding");

/* What this router sees of a member's flows (observe.h), in services that are observed; same index
 * as mg_members. Changed by atomic operations only; all but in_flight only grow. */
struct mg_load {
	__u32 in_flight; /* flows, in units of 1 / MG_LOAD_FLOW; at most MG_LOAD_MAX */
	__u32 zero;
	__u64 starts;       /* flows begun: TCP SYN, QUIC Initial; with placement other than SLOT
			       also UDP flows that get a pin */
	__u64 ends;         /* of these, flows whose first FIN or RST of the client was seen */
	__u64 seconds;      /* of the starts: by their second choice */
	__u64 handshakes;   /* TCP, of which the time was taken: a sample of one flow in sixteen */
	__u64 handshake_us; /* their sum: from the SYN to the client's next packet, as seen here */
	__u64 timed;        /* of the ends: flows whose start was still remembered */
	__u64 flow_us;      /* the sum of their times, from start to end, as seen here */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct mg_load) == 64, "one cache line: members do not share it");

#define MG_LOAD_FLOW 256u
#define MG_LOAD_MAX  (1u << 31)

/* One 64-bit word, changed by compare-and-swap only: what was counted of a flow of late. */
enum mg_recent_state {
	MG_RECENT_NONE = 0,    /* free */
	MG_RECENT_STARTED = 1, /* its handshake is under way */
	MG_RECENT_RUNNING = 2, /* answered, or begun more than once: there is no time to take */
	MG_RECENT_ENDED = 3,   /* its end was counted */
};

struct mg_recent {
	__u64 fingerprint : 20; /* of the flow */
	__u64 member : 11;      /* lowest bits of its index in mg_members */
	__u64 state : 2;        /* enum mg_recent_state */
	__u64 time : 31;        /* of its last start or end: units of 2^MG_RECENT_SHIFT ns of
				   CLOCK_MONOTONIC,        modulo 2.4 hours */
};
_Static_assert(sizeof(struct mg_recent) == 8, "one word");

#define MG_RECENT_SHIFT 12

struct mg_recent_set {
	struct mg_recent recent[MG_RECENTS_PER_SET];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct mg_recent_set) == 64, "one cache line");

enum mg_encap {
	MG_ENCAP_NONE = 0, /* direct: next hop only */
	MG_ENCAP_IPIP = 1, /* RFC 2003, 2473, 4213; families by outer and inner address */
	MG_ENCAP_SRV6 =
		2,        /* RFC 8986 H.Encaps.Red: with one segment no SRH, outer_dst is the SID */
	MG_ENCAP_GRE = 3, /* RFC 2784, without checksum and key */
	MG_ENCAP_VXLAN = 4, /* RFC 7348 */
	MG_ENCAP_LOCAL =
		5, /* the site behind this router: to one of its instances, by MG_SCOPE_EGRESS */
};

/* mg_site.flags, mg_endpoint.flags */
#define MG_UNIFORM \
	1 /* TTL and DSCP outside are those inside, both ways: RFC 2983 section 3, RFC 3443 */
#define MG_DSCP   2 /* mg_site: the outer DSCP is .dscp; else that of the packet inside */
#define MG_KERNEL 4 /* mg_endpoint: what no service takes goes by the kernel's routes */

struct mg_site {
	enum mg_encap encap;
	enum mg_state state;
	__u32 mtu;           /* largest IP packet that may leave, outer headers included; octets */
	__u32 nexthop_count; /* 0: not resolved */
	__u8 outer_src[16];
	__u8 outer_dst[16]; /* SRv6: the first segment, or container of compressed ones (RFC 9800)
			     */
	__u32 flags;
	__u32 vni;          /* VXLAN network, 24 bits */
	__u8 dscp;          /* 0..63 */
	__u8 segment_count; /* further segments, in the SRH; 0: no SRH */
	__u8 zero[6];
	__u32 nexthop[MG_SITE_NEXTHOPS]; /* indexes into mg_nexthops, chosen by flow hash */
	__u8 inner_dst[6], inner_src[6]; /* VXLAN: MAC addresses of the frame inside */
	__u8 zero2[4];
	__u8 segment[MG_SEGMENTS_MAX - 1][16]; /* in the order of travel: the last one is the SID */
};
_Static_assert(sizeof(struct mg_site) == 192, "control/ writes this as bytes: no padding");

/* mg_nexthop.flags */
#define MG_KEEP_TAGS \
	1 /* the frame leaves with the tags that it came with, vlan and outer_vlan unused */

struct mg_nexthop {
	__u32 ifindex; /* 0: empty */
	__u8 dst_mac[6], src_mac[6];
	__u16 vlan;       /* tag to push, TCI; 0: none */
	__u16 outer_vlan; /* a second one in front of it; 0: none. Not without the first */
	__u16 outer_type; /* its TPID, 0x88a8 (802.1ad) or 0x8100, host order */
	__u16 flags;
};
_Static_assert(sizeof(struct mg_nexthop) == 24, "control/ writes this as bytes: no padding");

struct mg_endpoint_key {
	__u8 addr[16]; /* a tunnel address or SID of ours */
};

/* RFC 8986 section 4; DT46 also stands for the end of any other tunnel. */
enum mg_behavior {
	MG_END_DT46 = 0, /* both families, to the instances of their service */
	MG_END_DT4 = 1,
	MG_END_DT6 = 2,
	MG_END_DX4 = 3, /* to the next hops of .site, whatever the service */
	MG_END_DX6 = 4,
};

struct mg_endpoint {
	__u32 strip; /* what may arrive there: bits 1 << enum mg_encap */
	enum mg_behavior behavior;
	__u32 site;  /* MG_END_DX4, DX6: index into mg_sites, of one with MG_ENCAP_NONE */
	__u32 flags; /* MG_UNIFORM, MG_KERNEL */
	__u32 vni;   /* VXLAN: network of what is taken */
	__u32 vrf;   /* whose services the packets inside are for; 0: in no VRF */
};
_Static_assert(sizeof(struct mg_endpoint) == 24, "control/ writes this as bytes: no padding");

/* An interface that packets may leave by, and whose clients are behind it. It stands in one of
 * MG_PORT_PROBES places, from its index modulo MG_PORTS on: an array, because a look into the
 * kernel's hash map costs 35 ns. */
#define MG_PORTS                      256
#define MG_PORT_PROBES                4
#define MG_PORT_PLACE(ifindex, probe) (((ifindex) + (probe)) % MG_PORTS)
struct mg_port {
	__u32 ifindex; /* 0: free */
	__u32 vrf;     /* of what comes in by it from clients; 0: none */
};
_Static_assert(sizeof(struct mg_port) == 8, "control/ writes this as bytes: no padding");

/* A limit as times in ns (a bucket of tokens): a token a clock, and a burst of advance / clock.
 * clock 0: no limit. */
struct mg_limit {
	__u64 clock_ns, advance_ns;
};

struct mg_settings {
	__u64 hash_seed;        /* the same on every ingress of a domain: a client keeps its site */
	__u32 pin_set_mask;     /* sets in mg_pins - 1 */
	__u32 service_set_mask; /* sets in mg_service_sets - 1 */
	struct mg_limit limit[2]; /* by enum mg_guard, per CPU */
	__u32 vrf_ports;          /* ports that are in a VRF; 0: none has to be asked */
	__u32 members; /* entries of mg_members, and of mg_counters_member for each CPU */
};
_Static_assert(sizeof(struct mg_settings) == 56, "control/ writes this as bytes: no padding");

enum mg_guard {
	MG_GUARD_ANSWERS, /* ICMP errors of our own */
	MG_GUARD_PINS, /* new pins: a flood of new flows must not push out those that are needed */
	MG_GUARD_COUNT
};
_Static_assert(MG_GUARD_COUNT == 2, "as many limits as mg_settings has");

/* Values of the per-CPU arrays mg_counters_verdict, _service. */
struct mg_counter {
	__u64 packets, bytes; /* bytes: of the packet as it came, Ethernet included */
	__u64 starts;         /* TCP SYN and QUIC Initial packets; 0 in mg_counters_verdict */
};

/* mg_counters_member[CPU * mg_settings.members + index in mg_members], written by that CPU alone.
 * No per-CPU array of the kernel's, which looks up a pointer for each entry: a further line to
 * miss. */
struct mg_member_counter {
	__u64 packets, bytes, starts; /* as in mg_counter */
	__u64 zero;
} __attribute__((aligned(32)));
_Static_assert(sizeof(struct mg_member_counter) == 32, "half a cache line");

/* Value of the per-CPU array mg_buckets, by enum mg_guard: the time of the next token, which may
 * lie ahead by as much as a burst takes. */
struct mg_bucket {
	__u64 next_ns; /* CLOCK_MONOTONIC */
};

struct mg_event_counter {
	__u64 count;
};
