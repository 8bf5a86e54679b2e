/* SPDX-License-Identifier: BSD-2-Clause */
#include "router.h"

#include "base/log.h"
#include "ground.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void config_margay(FILE *file, const char *dir, unsigned int clients, uint16_t hold_s)
{
	fprintf(file,
		"router: {name: rr, router-id: " GROUND_ROUTER ", as: 65000,\n"
		"  control-socket: %s/margayd.sock, state-directory: %s, "
		"pin-directory: " GROUND_PINS "}\n"
		"bgp:\n  listen: " GROUND_ROUTER "\n  neighbors:\n",
		dir, dir);
	for (unsigned int i = 0; i < clients; i++)
		fprintf(file,
			"    - {address: 10.99.0.%u, as: 65000, client: true, passive: true, "
			"hold-time: "
			"%u, add-path: none}\n",
			2 + i, hold_s);
}

static void config_bird(FILE *file, const char *dir, unsigned int clients, uint16_t hold_s)
{
	fprintf(file, "router id " GROUND_ROUTER ";\n"
		      "protocol device {}\n"
		      "protocol direct { ipv4; ipv6; }\n");
	for (unsigned int i = 0; i < clients; i++)
		fprintf(file,
			"protocol bgp {\n"
			"\tlocal " GROUND_ROUTER " as 65000;\n"
			"\tneighbor 10.99.0.%u as 65000;\n"
			"\tpassive; rr client; hold time %u;\n"
			"\tipv4 { import all; export where source = RTS_BGP; };\n"
			"\tipv6 { import all; export where source = RTS_BGP; };\n"
			"}\n",
			2 + i, hold_s);
}

static void config_gobgp(FILE *file, const char *dir, unsigned int clients, uint16_t hold_s)
{
	fprintf(file, "[global.config]\n"
		      "  as = 65000\n"
		      "  router-id = \"" GROUND_ROUTER "\"\n"
		      "  local-address-list = [\"" GROUND_ROUTER "\"]\n");
	for (unsigned int i = 0; i < clients; i++)
		fprintf(file,
			"[[neighbors]]\n"
			"  [neighbors.config]\n"
			"    neighbor-address = \"10.99.0.%u\"\n"
			"    peer-as = 65000\n"
			"  [neighbors.transport.config]\n"
			"    passive-mode = true\n"
			"  [neighbors.timers.config]\n"
			"    hold-time = %u\n"
			"  [neighbors.route-reflector.config]\n"
			"    route-reflector-client = true\n"
			"    route-reflector-cluster-id = \"" GROUND_ROUTER "\"\n"
			"  [[neighbors.afi-safis]]\n"
			"    [neighbors.afi-safis.config]\n"
			"      afi-safi-name = \"ipv4-unicast\"\n"
			"  [[neighbors.afi-safis]]\n"
			"    [neighbors.afi-safis.config]\n"
			"      afi-safi-name = \"ipv6-unicast\"\n",
			2 + i, hold_s);
}

static const struct {
	const char *name, *program;
	void (*config)(FILE *file, const char *dir, unsigned int clients, uint16_t hold_s);
} routers[ROUTER_COUNT] = {
	[ROUTER_MARGAY] = { "margay", NULL, config_margay },
	[ROUTER_BIRD] = { "bird", "/usr/sbin/bird", config_bird },
	[ROUTER_GOBGP] = { "gobgp", "/usr/bin/gobgpd", config_gobgp },
};

const char *router_name(enum router router)
{
	return routers[router].name;
}

bool router_installed(enum router router)
{
	return !routers[router].program || access(routers[router].program, X_OK) == 0;
}

/* The daemon of the build directory that this program is in. */
static int margayd_path(char *ret, size_t size)
{
	char self[400];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return log_err(-errno, "/proc/self/exe");
	self[n] = '\0';
	snprintf(ret, size, "%s/../../../control/margayd", dirname(self));
	return access(ret, X_OK) == 0
		       ? 0
		       : log_err(-errno, "%s: not built: ninja -C build control/margayd", ret);
}

int router_start_margay(const char *dir, const char *config, struct process *ret)
{
	char path[512];
	char *const argv[] = { path, (char *)"-c", (char *)config, NULL };
	int r = margayd_path(path, sizeof(path));

	if (r == 0)
		r = ground_run("rm -rf " GROUND_PINS);
	return r < 0 ? r : process_start(ret, dir, "margay", argv);
}

static int router_spawn(enum router router, const char *dir, char *config, struct process *ret)
{
	char socket[100], pid[100];
	char *const bird[] = { (char *)routers[router].program,
			       (char *)"-f",
			       (char *)"-c",
			       config,
			       (char *)"-s",
			       socket,
			       (char *)"-P",
			       pid,
			       NULL };
	char *const gobgp[] = { (char *)routers[router].program,
				(char *)"-f",
				config,
				(char *)"--api-hosts",
				(char *)"127.0.0.1:50051",
				(char *)"--pprof-disable",
				NULL };

	if (router == ROUTER_MARGAY)
		return router_start_margay(dir, config, ret);
	snprintf(socket, sizeof(socket), "%s/bird.ctl", dir);
	snprintf(pid, sizeof(pid), "%s/bird.pid", dir);
	return process_start(ret, dir, router_name(router), router == ROUTER_BIRD ? bird : gobgp);
}

int router_start(enum router router, const char *dir, unsigned int clients, uint16_t hold_s,
		 struct process *ret)
{
	char config[100];
	FILE *file;

	snprintf(config, sizeof(config), "%s/%s.conf", dir, router_name(router));
	file = fopen(config, "we");
	if (!file)
		return log_err(-errno, "%s", config);
	routers[router].config(file, dir, clients, hold_s);
	if (fclose(file) != 0)
		return log_err(-errno, "%s", config);
	return router_spawn(router, dir, config, ret);
}
