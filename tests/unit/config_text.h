/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations as text, read by way of a file; and words that they begin with. */
#pragma once
#include "mgmt/config.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Writes text to a file of its own; *ret is its name. */
static inline void file_of(const char *text, size_t len, char ret[32])
{
	_cleanup_(closep) int fd = -1;

	strcpy(ret, "/tmp/config_test.XXXXXX");
	fd = mkstemp(ret);
	cr_assert(fd >= 0);
	cr_assert(write(fd, text, len) == (ssize_t)len);
}

static inline int check_bytes(const char *text, size_t len, struct config **ret,
			      struct fault_list *faults)
{
	char file[32];
	int r;

	file_of(text, len, file);
	r = config_inspect(file, ret, faults);
	unlink(file);
	return r;
}

static inline int check(const char *text, struct config **ret, struct fault_list *faults)
{
	return check_bytes(text, strlen(text), ret, faults);
}

#define ROUTER "router: {name: r, router-id: 10.0.0.1, as: 65000}\n"
#define TUNNEL "tunnel: {source-v4: 10.0.0.1}\n"
#define CLUSTER                                                                                \
	"clusters: [{name: k, url: 'http://a', namespaces: [g], prefixes: [198.51.100.0/24], " \
	"max-services: 4"
#define SITE                                                                                     \
	"site: {name: e, encapsulation: srv6, endpoint: '2001:db8::1', next-hop-v4: 10.0.0.1}\n" \
	"bgp: {}\n"
#define VXLAN                                                                             \
	"site: {name: e, encapsulation: vxlan, vni: 5, endpoint: 10.0.0.2, next-hop-v4: " \
	"10.0.0.1}\n"
#define WEB         "services: [{name: web, addresses: [198.51.100.80], protocol: tcp, port: 80, "
#define QUIC        "services: [{name: q, addresses: [198.51.100.80], protocol: udp, port: 443, "
#define RED         "vrfs: [{name: red, id: 3, rd: '65000:1', "
#define SITE_OF(of) ROUTER "site: {name: e, " of "}\n"

static inline void parse_file(const char *file, struct config **ret)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	int r = config_inspect(file, ret, &faults);

	cr_assert(eq(int, r, 0), "%s: %s", file, faults.count ? faults.at->message : "");
}
