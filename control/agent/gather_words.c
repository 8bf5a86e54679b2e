/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/gather.h"

const char *gather_kind_text(enum gather_kind kind)
{
	static const char *const words[] = { [GATHER_PROMETHEUS] = "prometheus",
					     [GATHER_ORCA] = "orca",
					     [GATHER_LOCAL] = "local",
					     [GATHER_KUBERNETES] = "kubernetes" };

	return words[kind];
}

const char *gather_state_text(enum gather_state state)
{
	static const char *const words[] = { [GATHER_NEW] = "new",
					     [GATHER_GOOD] = "good",
					     [GATHER_FAILING] = "failing",
					     [GATHER_DOWN] = "down" };

	return words[state];
}
