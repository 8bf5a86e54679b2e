/* SPDX-License-Identifier: BSD-2-Clause */
#include "topology.h"

#include "base/log.h"
#include "base/util.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NAMES   "/run/netns"
#define GROUPS  100 /* number of the first group of next hops */
#define BUCKETS 256 /* of each */

/* The kernel's router does what is asked and no more: it hashes the 5-tuple as Margay does, checks
 * no reverse path, and looks for no socket of its own before it routes. */
static const char routing[] =
	"net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
	"net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
	"net.ipv4.ip_early_demux=0 net.ipv4.tcp_early_demux=0 net.ipv4.udp_early_demux=0 "
	"net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 "
	"net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1";

const char *router_name(enum router router)
{
	static const char *const name[] = {
		[ROUTER_FLOOR] = "floor",
		[ROUTER_MARGAY] = "margay",
		[ROUTER_KERNEL] = "kernel",
	};

	return name[router];
}

static int run_shell(const char *words)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execlp("sh", "sh", "-ec", words, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return log_err(-errno, "cannot run a shell");
	return status == 0 ? 0 : log_err(-EIO, "%s", words);
}

int topology_run(const char *namespace, const char *format, ...)
{
	char command[1024], words[900];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	snprintf(command, sizeof(command), "ip netns exec %s sh -ec '%s'", namespace, words);
	return run_shell(command);
}

int topology_enter(const char *namespace)
{
	char path[64];
	_cleanup_(closep) int fd = -1;

	snprintf(path, sizeof(path), NAMES "/%s", namespace);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		return log_err(-errno, "%s: cannot enter the namespace", path);
	return 0;
}

/* A mount namespace in which names of network namespaces and pins are ours alone. */
static int names_private(void)
{
	mkdir(NAMES, 0755);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return log_err(-errno, "cannot make namespaces (is this root?)");
	if (mount("none", NAMES, "tmpfs", 0, NULL) < 0)
		return log_err(-errno, NAMES ": cannot mount a file system of our own");
	if (mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) < 0)
		return log_err(-errno, "/sys/fs/bpf: cannot mount a file system of our own");
	return 0;
}

static int link_pair(const char *from, const char *from_name, const char *to, const char *to_name)
{
	return topology_run(from,
			    "ip link add %s numtxqueues 1 numrxqueues 1 type veth peer name %s "
			    "netns %s numtxqueues 1 numrxqueues 1",
			    from_name, to_name, to);
}

/* The MAC address is the one that the generator's packets go to. */
static int chain_links(const struct topology *topology, enum router router)
{
	const char *name = router_name(router), *access = topology->access[router];
	const char *core = topology->core[router], *sink = topology->sink[router];
	int r = link_pair("generator", topology->source[router], name, access);

	if (r == 0)
		r = link_pair(name, core, "sink", sink);
	if (r == 0)
		r = topology_run("generator", "ip link set %s up", topology->source[router]);
	if (r == 0)
		r = topology_run(name,
				 "sysctl -q -w %s; sysctl -q -w net.ipv4.conf.%s.rp_filter=0; "
				 "ip link set %s address 02:00:00:00:00:01 up; ip link set %s up; "
				 "%s ip address add 2001:db8:1::1/64 dev %s nodad",
				 routing, access, access, core, router == ROUTER_FLOOR ? ":" : "",
				 core);
	if (r == 0)
		r = topology_run("sink", "ip link set %s address 02:00:00:00:00:03 up", sink);
	return r;
}

/* The sink answers no questions, so its address is told. */
static int chain_routes(const struct topology *topology, enum router router)
{
	return topology_run(router_name(router),
			    "ip neighbor add 2001:db8:1::2 lladdr 02:00:00:00:00:03 nud permanent "
			    "dev %s; ip route add 2001:db8:5::/48 via 2001:db8:1::2 dev %s",
			    topology->core[router], topology->core[router]);
}

static void write_nexthops(FILE *ip, const char *core)
{
	for (int n = 1; n <= CHAIN_SITES; n++)
		fprintf(ip,
			"nexthop add id %d encap seg6 mode encap.red segs 2001:db8:5:%d:: "
			"via 2001:db8:1::2 dev %s\n",
			n, n, core);
}

/* A service's group is its own, as its slots are in Margay: sites' shares differ by service. */
static void write_service(FILE *ip, uint32_t number)
{
	uint32_t word = TRAFFIC_SERVICE + number, group = GROUPS + number;
	struct in_addr server = { htonl(word) };

	fprintf(ip, "nexthop add id %u group ", group);
	for (int n = 1; n <= CHAIN_SITES; n++)
		fprintf(ip, "%s%d,%d", n > 1 ? "/" : "", n, n);
	fprintf(ip, " type resilient buckets %d\n", BUCKETS);
	fprintf(ip, "route add %s/32 nhid %u\n", inet_ntoa(server), group);
	fprintf(ip, "route add 2001:db8::%x:%x/128 nhid %u\n", word >> 16, word & 0xffff, group);
}

static int kernel_routes(const struct topology *topology, uint32_t services)
{
	FILE *ip;
	int r = topology_run("kernel", "ip sr tunsrc set 2001:db8:1::1");

	if (r < 0)
		return r;
	ip = popen("ip -n kernel -batch -", "w");
	if (!ip)
		return log_err(-errno, "cannot run ip");
	write_nexthops(ip, topology->core[ROUTER_KERNEL]);
	for (uint32_t i = 0; i < services; i++)
		write_service(ip, i);
	if (pclose(ip) != 0)
		return log_err(-EIO, "this kernel or its `ip` takes no SRv6 encapsulation routes "
				     "in a resilient next-hop group (CONFIG_IPV6_SEG6_LWTUNNEL, "
				     "iproute2 6.0)");
	return 0;
}

/* By the process's number: this machine has other namespaces, whose devices may be named alike. */
static void choose_names(struct topology *ret)
{
	for (enum router router = 0; router < ROUTER_COUNT; router++) {
		char letter = router_name(router)[0];

		snprintf(ret->source[router], sizeof(ret->source[router]), "%cg%d", letter,
			 getpid());
		snprintf(ret->access[router], sizeof(ret->access[router]), "%ca%d", letter,
			 getpid());
		snprintf(ret->core[router], sizeof(ret->core[router]), "%cc%d", letter, getpid());
		snprintf(ret->sink[router], sizeof(ret->sink[router]), "%cs%d", letter, getpid());
	}
}

static int make_namespaces(void)
{
	return run_shell("for name in generator floor margay kernel sink; do ip netns add $name; "
			 "ip -n $name link set lo up; done; "
			 "for name in generator floor sink; do ip netns exec $name sysctl -q -w "
			 "net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1; "
			 "done");
}

int topology_new(uint32_t services, struct topology *ret)
{
	struct topology topology;
	int r = names_private();

	choose_names(&topology);
	if (r == 0)
		r = make_namespaces();
	for (enum router router = 0; r == 0 && router < ROUTER_COUNT; router++) {
		r = chain_links(&topology, router);
		if (r == 0 && router != ROUTER_FLOOR)
			r = chain_routes(&topology, router);
	}
	if (r == 0)
		r = kernel_routes(&topology, services);
	if (r == 0)
		*ret = topology;
	return r;
}
