/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What people call the numbers in the data plane's tables, as margayd told once ("show names"); and
 * names of the rest: verdicts, programs, protocols, interfaces. One thread.
 */
#pragma once
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <trace.h>

struct names;

#define NAME_LEN 32 /* of verdicts, protocols and interfaces */

/* answer: margayd's; an error or NULL leaves all names of services and members unknown. NULL: no
 * memory. */
struct names *names_new(const json_t *answer);
void names_free(struct names **names); /* *names may be NULL */

/* NULL: not known. Borrowed. */
const char *names_service(const struct names *names, uint32_t index);
const char *names_member(const struct names *names, uint32_t index);
const char *names_pin_directory(const struct names *names);
/* Numbers of the services of that name, one for each address: how many there are, of which the
 * first max are written. */
size_t names_find(const struct names *names, const char *service, uint32_t *ret, size_t max);

/* All return ret, or a constant. */
const char *verdict_name(enum mg_verdict verdict, char ret[NAME_LEN]); /* "no-member" */
const char *verdict_meaning(enum mg_verdict verdict);             /* "the service has no ..." */
const char *program_name(enum mg_trace_program program);          /* "ingress" */
const char *protocol_name(uint8_t protocol, char ret[NAME_LEN]);  /* "tcp", else the number */
const char *interface_name(uint32_t ifindex, char ret[NAME_LEN]); /* else the number */
int protocol_parse(const char *text); /* its number, also from a number; -EINVAL */
