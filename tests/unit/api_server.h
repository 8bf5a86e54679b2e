/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts api_server.py, which behaves as a Kubernetes API server, and tells it what to say. */
#pragma once
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#define API_SERVER SOURCE_ROOT "/tests/unit/api_server.py"

static struct {
	FILE *from, *to;
	pid_t pid;
	int port;
} api;

static void serve(int port)
{
	char text[16] = "0";
	int in[2], out[2];

	snprintf(text, sizeof(text), "%d", port);
	signal(SIGPIPE, SIG_IGN);
	cr_assert(pipe(in) == 0 && pipe(out) == 0);
	api.pid = fork();
	if (!api.pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		closep(&in[1]);
		closep(&out[0]);
		execlp("python3", "python3", API_SERVER, text, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	api.to = fdopen(in[1], "w");
	api.from = fdopen(out[0], "r");
	cr_assert(eq(int, fscanf(api.from, "%d", &api.port), 1), "api_server.py did not start");
}

static void server_end(void)
{
	fclose(api.to);
	fclose(api.from);
	waitpid(api.pid, NULL, 0);
}

static void say(const char *command)
{
	fprintf(api.to, "%s\n", command);
	fflush(api.to);
}
