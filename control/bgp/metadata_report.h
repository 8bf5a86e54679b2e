/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole report as one experimental sub-TLV of attribute 42, beside the draft's: what the
 * selector wants and the draft has no words for. The layout is ours and stands in README.md.
 * Private to the codec.
 */
#pragma once
#include "base/cursor.h"
#include "base/writer.h"
#include "metric/report.h"

#define METADATA_REPORT_LEN 36

/* Reads the value of the sub-TLV. False: it is none of ours (too short, or of another version) and
 * *ret is untouched. *ignored grows by the fields that were not believed. */
bool metadata_report_decode(struct cursor *value, struct report *ret, uint32_t *ignored);
void metadata_report_encode(const struct report *report, struct writer *w);
