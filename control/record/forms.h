/* SPDX-License-Identifier: BSD-2-Clause */
/* The structs of a record, member by member. Private to control/record. */
#pragma once
#include "record/form.h"

extern const struct form form_begin;    /* struct record_begin */
extern const struct form form_config;   /* struct weights_config */
extern const struct form form_scores;   /* struct scores without its lists */
extern const struct form form_metric;   /* struct scores_metric */
extern const struct form form_category; /* struct scores_category */
extern const struct form form_memory;   /* struct weights_memory without its lists */
extern const struct form form_kept;     /* struct weights_memory_site without its history */
extern const struct form form_report;   /* struct report */
extern const struct form form_decision; /* struct record_decision without its sites */
extern const struct form form_site;     /* struct record_site: its name */
extern const struct form form_in;       /* struct weights_site without its report */
extern const struct form form_verdict;  /* struct weights_verdict */
extern const struct form form_lost;     /* struct record_line: what is lost */
extern const struct form form_end;      /* struct record_line: of its end */
