/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon as it is run, with two neighbours on loopback that count what it does to them: what a
 * reload changes, and what it leaves alone.
 */
#include "netns.h"
#include "speakers.h"

#include <abi.h>
#include <signal.h>

#define SETS_PIN "/sys/fs/bpf/margay/" MG_ABI_VERSION "/mg_service_sets"

static struct lab {
	struct speakers all;
	struct speaker_seen *one, *two;
	char dir[64], file[96], log[96];
	pid_t pid;
} lab;

/* What the tests change; the rest of the configuration is always the same. */
struct settings {
	const char *interfaces; /* lines of the list */
	unsigned int hold_two_s;
	const char *services; /* lines of the list, after the one that is always there */
};

#define PLAIN                    \
	{                        \
		.hold_two_s = 90 \
	}

static void configuration(const struct settings *set)
{
	FILE *f = fopen(lab.file, "w");

	cr_assert(f != NULL);
	fprintf(f, "router:\n  name: pe1\n  router-id: 127.0.0.1\n  as: %d\n", AS_OURS);
	fprintf(f, "  control-socket: %s/socket\n", lab.dir);
	fprintf(f, "tables: {services: 16, slots: 4096, pin-sets: 64, members: 1024, sites: 64}\n");
	fprintf(f, "interfaces:\n  - {name: a0, role: core, allow-generic: true}\n%s",
		set->interfaces ? set->interfaces : "");
	fprintf(f, "bgp:\n  listen: 127.0.0.1\n  port: %u\n  neighbors:\n", lab.all.port);
	for (int i = 1; i <= 2; i++)
		fprintf(f,
			"    - {address: 127.0.0.%d, local-address: 127.0.0.1, port: %u, as: %d, "
			"hold-time: %u}\n",
			i + 1, lab.all.port, AS_OURS, i == 2 ? set->hold_two_s : 90);
	fprintf(f, "tunnel: {source-v4: 10.0.0.1}\n");
	fprintf(f, "site: {name: east, id: 1, encapsulation: ipip, endpoint: 10.0.0.1, "
		   "next-hop-v4: 10.0.0.1}\n");
	fprintf(f,
		"services:\n  - name: web\n    addresses: [192.0.2.80]\n    protocol: tcp\n"
		"    port: 80\n    steer: {slots: 64}\n    announce: {instances: [10.1.0.1], "
		"capacity: 8}\n%s",
		set->services ? set->services : "");
	cr_assert(fclose(f) == 0);
}

static void daemon_start(void)
{
	lab.pid = fork();
	cr_assert(lab.pid >= 0);
	if (lab.pid)
		return;
	if (!freopen(lab.log, "a", stderr))
		_exit(1);
	execl(MARGAYD, MARGAYD, "-c", lab.file, NULL);
	_exit(1);
}

static void daemon_stop(void)
{
	int status;

	cr_expect(kill(lab.pid, SIGTERM) == 0);
	cr_assert(waitpid(lab.pid, &status, 0) == lab.pid);
	cr_expect(eq(int, status, 0));
}

/* The words have been logged; waits for them. */
static bool logged(const char *words)
{
	char text[1 << 14];
	size_t len;
	FILE *f = fopen(lab.log, "r");

	if (!f)
		return false;
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	fclose(f);
	return strstr(text, words);
}

static void reload(const struct settings *set, const char *says)
{
	configuration(set);
	cr_assert(truncate(lab.log, 0) == 0);
	cr_assert(kill(lab.pid, SIGHUP) == 0);
	LOOP_UNTIL(&lab.all, logged(says));
	loop_for(&lab.all, 300);
}

static struct speaker_seen *neighbor_add(int number)
{
	struct speaker_seen *seen = speaker_add(&lab.all, number);
	struct bgp_neighbor_config config = neighbor_of(seen, 0);

	config.passive = true;
	config.add_path_send = config.add_path_receive = false;
	neighbor_put(seen, &config);
	return seen;
}

static void lab_up(void)
{
	const struct settings plain = PLAIN;

	kernel_private();
	netns_new();
	for (int i = 0; i < 2; i++)
		sh("ip link add a%d type veth peer name b%d && ip link set a%d up && "
		   "ip link set b%d up",
		   i, i, i, i);
	sh("ip addr add 10.0.0.1/24 dev a0");
	snprintf(lab.dir, sizeof(lab.dir), "/tmp/margayd_test.XXXXXX");
	cr_assert(mkdtemp(lab.dir) != NULL);
	snprintf(lab.file, sizeof(lab.file), "%s/margay.yaml", lab.dir);
	snprintf(lab.log, sizeof(lab.log), "%s/log", lab.dir);
	speakers_open(&lab.all);
	lab.one = neighbor_add(1);
	lab.two = neighbor_add(2);
	configuration(&plain);
	daemon_start();
	LOOP_UNTIL(&lab.all, state_of(lab.one, 0).end_of_rib && state_of(lab.two, 0).end_of_rib);
	LOOP_UNTIL(&lab.all, lab.one->announced == 1 && lab.two->announced == 1);
}

static void lab_down(void)
{
	daemon_stop();
	speakers_close(&lab.all);
	sh("rm -r %s", lab.dir);
}

struct counts {
	uint64_t updates[2], established[2];
};

static struct counts counts(void)
{
	struct bgp_neighbor_state one = state_of(lab.one, 0), two = state_of(lab.two, 0);

	return (struct counts){ { one.updates_in, two.updates_in },
				{ one.established, two.established } };
}

static bool unchanged(struct counts before)
{
	struct counts now = counts();

	return !memcmp(&now, &before, sizeof(now));
}

Test(margayd, reloads_nothing_for_nothing, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	const struct settings plain = PLAIN, bad = { .hold_two_s = 90,
						     .services = "  - name: bad\n    prot: 1\n" };
	struct counts before = counts();

	reload(&plain, "reloaded");
	cr_expect(unchanged(before));
	reload(&bad, "margay.yaml:");
	cr_expect(unchanged(before));
	cr_expect(logged("nothing was changed"));
	reload(&plain, "reloaded");
	cr_expect(unchanged(before));
}

Test(margayd, restarts_a_changed_neighbor_alone, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	const struct settings changed = { .hold_two_s = 60 };
	struct counts before = counts(), after;

	reload(&changed, "reloaded");
	LOOP_UNTIL(&lab.all, is_up(lab.two, 0) && counts().established[1] > before.established[1]);
	after = counts();
	cr_expect(eq(u64, after.established[0], before.established[0]));
	cr_expect(eq(u64, after.updates[0], before.updates[0]));
	cr_expect(eq(u16, state_of(lab.two, 0).hold_s, 60));
}

Test(margayd, follows_services_and_interfaces, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	const struct settings plain = PLAIN,
			      more = { .interfaces = "  - {name: a1, role: access, "
						     "allow-generic: true}\n",
				       .hold_two_s = 90,
				       .services = "  - name: more\n"
						   "    addresses: [192.0.2.81]\n"
						   "    announce: {instances: [10.1.0.2]}\n" };
	struct counts before = counts(), after;

	sh("! ip link show a1 | grep -q xdp");
	reload(&more, "reloaded");
	sh("ip link show a1 | grep -q xdp");
	LOOP_UNTIL(&lab.all, lab.one->announced == 2 && lab.two->announced == 2);
	reload(&plain, "reloaded");
	LOOP_UNTIL(&lab.all, lab.one->withdrawn == 1 && lab.two->withdrawn == 1);
	sh("! ip link show a1 | grep -q xdp");
	sh("ip link show a0 | grep -q xdp");
	after = counts();
	cr_expect(eq(u64, after.updates[0], before.updates[0] + 2), "one in, one out");
}

static bool services_in_map(int count)
{
	char command[192];

	snprintf(command, sizeof(command),
		 "test $(bpftool map dump pinned " SETS_PIN " | grep '\"place\"' | "
		 "grep -cvE ': (0|4294967295)$') = %d",
		 count);
	return system(command) == 0;
}

/* What the next run does not want goes as soon as its neighbours have told all, not by a timer. */
Test(margayd, converges_by_end_of_rib, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	const struct settings plain = PLAIN,
			      more = { .hold_two_s = 90,
				       .services = "  - name: more\n"
						   "    addresses: [192.0.2.81]\n"
						   "    announce: {instances: [10.1.0.2]}\n" };
	uint64_t start;

	reload(&more, "reloaded");
	/* web at the ingress, led to the site behind this router, and at its end; more at its end;
	 * and of each address and scope the entry for echo. */
	cr_assert(services_in_map(6));
	daemon_stop();
	configuration(&plain);
	start = uv_hrtime();
	daemon_start();
	LOOP_UNTIL(&lab.all, services_in_map(4));
	cr_expect(lt(dbl, (double)(uv_hrtime() - start), 9e9));
}
