/* SPDX-License-Identifier: BSD-2-Clause */
#include "stop.h"

#include "base/util.h"

#include <signal.h>

static volatile sig_atomic_t wanted;

static const struct {
	int number;
	bool ends;
} heard[] = { { SIGINT, true }, { SIGTERM, true }, { SIGPIPE, false } };

static struct sigaction before[ARRAY_SIZE(heard)];

static void on_signal(int number)
{
	wanted = 1;
}

void stop_listen(void)
{
	wanted = 0;
	for (size_t i = 0; i < ARRAY_SIZE(heard); i++) {
		struct sigaction action = { .sa_handler = heard[i].ends ? on_signal : SIG_IGN };

		sigaction(heard[i].number, &action, &before[i]);
	}
}

void stop_unlisten(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(heard); i++)
		sigaction(heard[i].number, &before[i], NULL);
}

bool stop_wanted(void)
{
	return wanted;
}
