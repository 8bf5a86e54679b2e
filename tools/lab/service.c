/* SPDX-License-Identifier: BSD-2-Clause */
#include "service.h"

#include "base/log.h"
#include "base/util.h"
#include "lines.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define BACKLOG     4096 /* a full queue of the kernel would drop SYNs unseen */
#define WORK_MAX_US 3600000000ull

struct client {
	struct lines lines; /* first: the callbacks' argument */
	struct site *site;
	struct job job;
	bool working, gone;
};

static struct client *job_client(struct job *job)
{
	return (void *)job - offsetof(struct client, job);
}

void service_done(void *user, struct job *job)
{
	struct client *client = job_client(job);
	unsigned long long wait_us = (job->started_ns - job->arrived_ns) / 1000,
			   service_us = (job->finish_ns - job->started_ns) / 1000;
	char text[LINES_MAX];

	client->working = false;
	client->site->served++;
	site_ended(client->site);
	load_served(&client->site->load, (double)service_us / 1e6, (double)job->finish_ns / 1e9);
	if (client->gone) {
		free(client);
		return;
	}
	snprintf(text, sizeof(text), "done %llu %llu\n", wait_us, service_us);
	lines_send(&client->lines, text);
}

static void client_line(struct lines *lines, const char *text)
{
	struct client *client = (struct client *)lines;
	unsigned long long work_us;

	if (client->working || sscanf(text, "work %llu", &work_us) != 1 || work_us > WORK_MAX_US) {
		lines_close(lines);
		return;
	}
	if (!work_us) {
		lines_send(lines, "done 0 0\n");
		return;
	}
	client->job = (struct job){ .work_ns = work_us * 1000 };
	client->working = true;
	if (site_take(client->site, &client->job) < 0) {
		client->working = false;
		lines_send(lines, "busy\n");
	}
}

static void client_ended(struct lines *lines, int status)
{
	struct client *client = (struct client *)lines;

	if (client->working && site_give_up(client->site, &client->job))
		client->working = false;
	lines_close(lines);
}

static void client_closed(struct lines *lines)
{
	struct client *client = (struct client *)lines;

	/* A job that has a slot keeps it, client or not; service_done() frees then. */
	client->gone = client->working;
	if (!client->gone)
		free(client);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct site *site = listener->data;
	struct client *client = calloc(1, sizeof(*client));
	char text[LINES_MAX];

	if (!client)
		return;
	client->site = site;
	client->lines.line = client_line;
	client->lines.ended = client_ended;
	client->lines.closed = client_closed;
	uv_tcp_init(site->loop, &client->lines.tcp);
	if (status < 0 || uv_accept(listener, &client->lines.stream) < 0 ||
	    lines_start(&client->lines) < 0) {
		lines_close(&client->lines);
		return;
	}
	uv_tcp_nodelay(&client->lines.tcp, true);
	snprintf(text, sizeof(text), "site %s\n", site->name);
	lines_send(&client->lines, text);
}

static int address_parse(const char *address, unsigned short port, struct sockaddr_storage *ret)
{
	if (uv_ip4_addr(address, port, (struct sockaddr_in *)ret) == 0)
		return 0;
	return uv_ip6_addr(address, port, (struct sockaddr_in6 *)ret);
}

int service_listen(struct site *site, uv_tcp_t *listener, const char *address, unsigned short port)
{
	struct sockaddr_storage to = { 0 };
	int r = address_parse(address, port, &to);

	if (r < 0)
		return log_err(r, "%s is no address", address);
	uv_tcp_init(site->loop, listener);
	listener->data = site;
	r = uv_tcp_bind(listener, (struct sockaddr *)&to,
			to.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
	if (r == 0)
		r = uv_listen((uv_stream_t *)listener, BACKLOG, on_connection);
	return r < 0 ? log_err(r, "cannot listen at %s port %u", address, port) : 0;
}
