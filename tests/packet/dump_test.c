/* SPDX-License-Identifier: BSD-2-Clause */
/* An operator's view: bpftool prints names and values for every map, never a raw hex dump. */
#include "base/util.h"
#include "loaded.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PIN_DIR "/sys/fs/bpf/margay-dump-test"

static const struct {
	const char *map, *field;
} dumps[] = {
	{ "mg_services", "\"slot_mask\":" },
	{ "mg_service_sets", "\"place\":" },
	{ "mg_slots", "\"now\":" },
	{ "mg_pins", "\"fingerprint\":" },
	{ "mg_pin_marks", "\"set\":" },
	{ "mg_fragments", "\"sport\":" },
	{ "mg_loads", "\"handshake_us\":" },
	{ "mg_recent", "\"fingerprint\":" },
	{ "mg_members", "\"state\": \"MG_UP\"" },
	{ "mg_sites", "\"encap\": \"MG_ENCAP_SRV6\"" },
	{ "mg_nexthops", "\"src_mac\":" },
	{ "mg_endpoints", "\"strip\":" },
	{ "mg_ports", "\"ifindex\":" },
	{ "mg_settings", "\"hash_seed\":" },
	{ "mg_server_ids", "\"member\":" },
	{ "mg_buckets", "\"next_ns\":" },
	{ "mg_counters_verdict", "\"packets\":" },
	{ "mg_counters_service", "\"starts\":" },
	{ "mg_counters_member", "\"bytes\":" },
	{ "mg_counters_event", "\"count\":" },
	{ "mg_trace_filter", "\"until_ns\":" },
	{ "mg_trace_scratch", "\"verdict\":" },
};

/* Reads on to the end even when found, so that bpftool does not die of a closed pipe. */
static bool dump_has(const char *map, const char *field)
{
	char line[512], command[512];
	bool found = false;
	FILE *out;

	snprintf(command, sizeof(command),
		 "PATH=$PATH:/usr/sbin bpftool map dump pinned " PIN_DIR "/%s 2>&1", map);
	out = popen(command, "r");
	if (!out)
		return false;
	while (fgets(line, sizeof(line), out))
		found |= strstr(line, field) != NULL;
	return !pclose(out) && found;
}

Test(dump, has_names)
{
	_cleanup_(loaded_free) struct loaded *loaded = NULL;
	int r = loaded_new(&loaded);

	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(eq(int, r, 0));
	r = loaded_pin(loaded, PIN_DIR);
	if (r == -EPERM || r == -ENOENT || r == -EINVAL)
		cr_skip("no bpffs at /sys/fs/bpf");
	cr_assert(eq(int, r, 0));
	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++)
		cr_expect(dump_has(dumps[i].map, dumps[i].field), "%s", dumps[i].map);
	cr_expect(eq(int, loaded_unpin(loaded, PIN_DIR), 0));
}
