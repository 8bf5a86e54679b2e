/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of attribute 42. */
#include "again.h"
#include "bgp/carriers.h"
#include "bgp/metadata.h"
#include "bgp/metadata_report.h"

static const struct metadata_rules rules = { .report_type = 0xff00, .scope_send = true };

/* The whole report before the standard sub-TLVs, as the decoder of an UPDATE has it. */
static void join(const struct metadata *m, struct bgp_path *path)
{
	const struct carried carried = { .has_whole = m->has_whole,
					 .whole = m->whole,
					 .has_metadata = true,
					 .metadata = m->report };

	carriers_join(&carried, path);
	path->has |= BGP_HAS_REPORT;
	if (path->report.drain && !(path->report.has & REPORT_UTILISATION)) {
		path->report.utilisation = 1; /* as it will read: nothing is free */
		path->report.has |= REPORT_UTILISATION;
	}
}

/* Its floats are short: the percents written beside it are those of the rounded ones next time. */
static void round_as_sent(const struct metadata *m, struct bgp_path *path)
{
	struct metadata rounded = *m;
	uint8_t octets[METADATA_REPORT_LEN];
	struct writer w = writer_of(octets, sizeof(octets));
	struct cursor c = cursor_of(octets, sizeof(octets));
	uint32_t ignored = 0;

	if (!path->report.has && !path->report.drain)
		return;
	metadata_report_encode(&path->report, &w);
	rounded.has_whole = metadata_report_decode(&c, &rounded.whole, &ignored);
	if (w.bad || !rounded.has_whole || ignored)
		impossible("our own report is not understood");
	join(&rounded, path);
}

static bool read_write(struct cursor *c, struct writer *w)
{
	struct metadata m = { 0 };
	struct bgp_path path = { .has = BGP_HAS_REPORT };

	if (metadata_decode(c, 65000, &rules, &m) < 0)
		return false;
	if (m.report.availability > 100 || m.report.delay_index > 100)
		impossible("more than all of it");
	if (m.whole.score > 10 || report_validate(&m.whole))
		impossible("a whole report that cannot be");
	join(&m, &path);
	round_as_sent(&m, &path);
	path.site_id = m.site_id;
	path.has |= m.site_id ? BGP_HAS_SITE_ID : 0;
	return metadata_encode(&path, 65000, &rules, w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_again(cursor_of(data, size), read_write);
	return 0;
}
