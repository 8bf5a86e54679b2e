/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chain: network namespaces, links, addresses, and the kernel's own answer. All of it is in
 * namespaces of this process alone, the names of the namespaces too, and goes with it, however it
 * ends. One thread.
 *
 *   generator  -- floor  -->  sink        each arrow is a veth pair of one queue
 *              -- margay -->
 *              -- kernel -->
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The two that are compared, and one that only sends on: what the chain itself costs. */
enum router { ROUTER_FLOOR, ROUTER_MARGAY, ROUTER_KERNEL, ROUTER_COUNT };

const char *router_name(enum router router); /* also its namespace's */

/* Device names; distinct on this machine, since the kernel names NAPI threads by them. */
struct topology {
	char source[ROUTER_COUNT][16]; /* in the generator */
	char access[ROUTER_COUNT][16]; /* in the router, where packets come in */
	char core[ROUTER_COUNT][16];   /* in the router, where they leave */
	char sink[ROUTER_COUNT][16];   /* in the sink */
};

/* Makes namespaces and links, and gives the kernel's router its routes: one for each of so many
 * services and each family, to a resilient group of weighted next hops, one for each site.
 * 0, or -errno, logged. */
int topology_new(uint32_t services, struct topology *ret);

/* From then on this thread is in that namespace: "generator", "sink", or a router's name. */
int topology_enter(const char *namespace);

/* Runs a shell command in a namespace. 0, or -EIO, logged. */
int __attribute__((format(printf, 2, 3)))
topology_run(const char *namespace, const char *format, ...);
