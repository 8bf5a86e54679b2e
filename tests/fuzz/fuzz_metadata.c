/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of attribute 42. */
#include "again.h"
#include "bgp/carriers.h"
#include "bgp/metadata.h"

static const struct metadata_rules rules = { .report_type = 0xff00, .scope_send = true };

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
	/* The standard sub-TLVs are coarser: where both are there, the whole report is written. */
	carriers_join(&(struct carried){ .has_whole = m.has_whole,
					 .whole = m.whole,
					 .has_metadata = true,
					 .metadata = m.report },
		      &path);
	path.has |= BGP_HAS_REPORT;
	path.site_id = m.site_id;
	path.has |= m.site_id ? BGP_HAS_SITE_ID : 0;
	return metadata_encode(&path, 65000, &rules, w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_again(cursor_of(data, size), read_write);
	return 0;
}
