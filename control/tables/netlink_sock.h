/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of struct netlink, for netlink.c (events) and netlink_ask.c (questions). */
#pragma once
#include "tables/netlink.h"

#include <netlink/netlink.h>

struct netlink {
	uv_poll_t poll;
	const struct netlink_ops *ops;
	void *user;
	struct nl_sock *events, *query;
	struct nl_cache *links, *neighbours;
	bool lost; /* events; to be made good once the socket is empty */
};

int netlink_errno(int nle); /* of a negative libnl error */
