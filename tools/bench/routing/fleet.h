/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * margayd as an ingress of many services at FLEET_SITES sites: started anew with empty tables, and
 * sessions of ours that tell what the sites offer, an UPDATE an offer. Owned by the caller; one
 * thread. Times are CLOCK_MONOTONIC in ns.
 */
#pragma once
#include "base/addr.h"
#include "peer.h"
#include "process.h"

#define FLEET_SITES        16
#define FLEET_SESSIONS_MAX 2
#define FLEET_SLOTS        256 /* of each service */
#define FLEET_SOCKET       "margayd.sock"

/* What a site tells of a service. Whole numbers below 1024 arrive as they are sent. */
struct fleet_report {
	double arrival_rate, in_flight;
	int64_t sampled_ms; /* Unix time; 0: now */
};

struct fleet_session {
	struct peer peer;
	uint8_t *stream; /* what was made, and not yet sent */
	size_t len, size;
};

struct fleet {
	const char *dir;
	uint32_t services;
	unsigned int sessions;
	unsigned int period_s; /* of reports, as configured; 0: the default */
	struct process process;
	uint64_t started_ns;
	struct fleet_session session[FLEET_SESSIONS_MAX];
};

/* What is announced before fleet_start() is sent after it. */
void fleet_init(struct fleet *fleet, const char *dir, uint32_t services, unsigned int sessions);
/* Starts margayd anew, and opens the sessions. 0, or negative errno, logged. */
int fleet_start(struct fleet *fleet);
void fleet_close(struct fleet *fleet);

struct addr fleet_service_addr(uint32_t service);
struct addr fleet_site_addr(uint32_t site); /* its egress */
uint16_t fleet_site_id(uint32_t site);

/* What all sites tell that are equally loaded. */
struct fleet_report fleet_report_even(void);

/* Add an UPDATE to the session's stream. 0, or negative errno, logged. */
int fleet_announce(struct fleet *fleet, unsigned int session, uint32_t service, uint32_t site,
		   const struct fleet_report *report);
int fleet_withdraw(struct fleet *fleet, unsigned int session, uint32_t service, uint32_t site);
/* All services at sites from `from` to before `to`, equally loaded; and End-of-RIB. */
int fleet_announce_all(struct fleet *fleet, unsigned int session, uint32_t from, uint32_t to);

/* Sends the session's stream, which is empty then. */
int fleet_send(struct fleet *fleet, unsigned int session, uint64_t timeout_ns);
/* Sleeps until then. */
void fleet_wait_until(uint64_t when_ns);
/* Sleeps so long, and keeps the sessions from `session` on. */
int fleet_rest(struct fleet *fleet, unsigned int session, uint64_t for_ns);

/* margayd and the bench in real time, until fleet_close(): what others do on the machine is not
 * what is measured. Where the kernel refuses, that is logged, and times have the others in them. */
void fleet_hurry(const struct fleet *fleet);
/* Between two looks: who spins in real time keeps the kernel from handing over what was sent. */
void fleet_blink(void);
