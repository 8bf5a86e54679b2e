/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of a fleet's margayd as they are mapped, so that the bench sees a member or a slot
 * change when the data plane does, and the owners that slots must have. Owned by the caller; one
 * thread.
 */
#pragma once
#include "fleet.h"

#include <abi.h>

struct slots_map {
	const void *at;
	size_t len;
};

struct slots_service {
	uint32_t slot_base, member_base, member_count;
	bool known;                   /* slots_look() has found it */
	uint16_t member[FLEET_SITES]; /* of each site; 0: it has none */
};

struct slots {
	const struct fleet *fleet; /* borrowed */
	struct slots_map services, slots, members, sites;
	struct slots_service *service;
	uint8_t *even; /* of each service and slot the site that owns it when all are alike */
};

int slots_open(const struct fleet *fleet, struct slots *ret); /* 0 or -ENOMEM, logged */
void slots_close(struct slots *slots);

/* Finds the services. 0; -EAGAIN: not all of them are there; or negative errno, logged. */
int slots_look(struct slots *slots);
/* Finds the members of one that was found. */
void slots_look_at(struct slots *slots, uint32_t service);

/* The site that owns the slot now; FLEET_SITES: none does. */
uint32_t slots_owner(const struct slots *slots, uint32_t service, uint32_t slot);
uint32_t slots_count(const struct slots *slots, uint32_t service, uint32_t site);

/* Every slot of the service is where it must be, with all sites alike. */
bool slots_are_even(const struct slots *slots, uint32_t service);
/* Waits until this holds of all services, which are found then with their members. 0, or negative
 * errno, logged. */
int slots_await_even(struct slots *slots, struct fleet *fleet, uint64_t timeout_ns);

/* Starts margayd, tells it of all sites (each session of a part of them, the last one of the last
 * site), and waits until that stands in the slots. 0, or negative errno, logged. */
int fleet_load(struct fleet *fleet, struct slots *slots, uint64_t timeout_ns);

/* Whether the owners are those of the shares that margayd says it has decided on, for all services.
 * 0, or negative errno, logged. */
int slots_check(struct slots *slots, struct fleet *fleet);

static inline struct mg_slot slots_word(const struct slots *slots, uint32_t service, uint32_t slot)
{
	const uint64_t *at =
		(const uint64_t *)slots->slots.at + slots->service[service].slot_base + slot;
	uint64_t word = __atomic_load_n(at, __ATOMIC_ACQUIRE);
	struct mg_slot is;

	__builtin_memcpy(&is, &word, sizeof(is));
	return is;
}

/* Takes packets. */
static inline bool slots_member_up(const struct slots *slots, uint32_t service, uint16_t member)
{
	const struct mg_member *at = slots->members.at;

	at += slots->service[service].member_base + member;
	return __atomic_load_n(&at->state, __ATOMIC_ACQUIRE) == MG_UP;
}
