/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace_line.h"

#include "base/addr.h"
#include "base/util.h"
#include "mgmt/answer.h"
#include "table.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000ull

static const struct {
	uint32_t flag;
	const char *word;
} flags[] = {
	{ MG_TRACE_START, "start" },       { MG_TRACE_FRAGMENT, "fragment" },
	{ MG_TRACE_HEADLESS, "later" },    { MG_TRACE_QUOTED, "quoted" },
	{ MG_TRACE_PORTLESS, "portless" },
};

static void put_time(json_t *object, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / SECOND_NS);
	char date[32], text[48];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	snprintf(text, sizeof(text), "%s.%09uZ", date, (unsigned int)(wall_ns % SECOND_NS));
	answer_text(object, "time", text);
}

static void put_address(json_t *object, const char *key, const uint8_t octet[16])
{
	char text[ADDR_STRLEN];
	struct addr addr;

	memcpy(addr.octet, octet, sizeof(addr.octet));
	answer_text(object, key, addr_format(&addr, text));
}

/* Nothing of it is known where the frame was not read as far. */
static void put_flow(json_t *object, const struct mg_trace_record *r)
{
	static const uint8_t none[16];
	char name[NAME_LEN];

	if (memcmp(r->src, none, 16) == 0 && memcmp(r->dst, none, 16) == 0)
		return;
	put_address(object, "client", r->src);
	if (r->sport)
		answer_count(object, "client-port", r->sport);
	put_address(object, "to", r->dst);
	if (r->dport)
		answer_count(object, "port", r->dport);
	answer_text(object, "protocol", protocol_name(r->proto, name));
}

/* The name where it is known, the number always. */
static void put_place(json_t *object, const struct mg_trace_record *r, const struct names *names)
{
	if (r->service) {
		answer_text(object, "service", names_service(names, r->service));
		answer_count(object, "service-index", r->service);
	}
	if (!r->member)
		return;
	answer_text(object, "site", names_member(names, r->member));
	answer_count(object, "member-index", r->member);
	answer_count(object, "site-index", r->site);
}

static void put_flags(json_t *object, uint32_t set)
{
	json_t *array = answer_array(object, "flags");

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (set & flags[i].flag)
			json_array_append_new(array, json_string(flags[i].word));
}

json_t *trace_json(const struct mg_trace_record *r, const struct names *names, uint64_t wall_ns)
{
	json_t *object = json_object();
	enum mg_verdict verdict = (enum mg_verdict)r->verdict;
	enum mg_trace_program program = (enum mg_trace_program)r->program;
	char name[NAME_LEN];

	put_time(object, r->time_ns + wall_ns);
	answer_text(object, "program", program_name(program));
	answer_text(object, "verdict", verdict_name(verdict, name));
	answer_text(object, "meaning", verdict_meaning(verdict));
	answer_flag(object, "dropped", trace_drops(program, verdict));
	put_flow(object, r);
	put_place(object, r, names);
	answer_text(object, "interface", interface_name(r->ifindex, name));
	if (r->out_ifindex)
		answer_text(object, "out-interface", interface_name(r->out_ifindex, name));
	answer_count(object, "length", r->len);
	put_flags(object, r->flags);
	return object;
}

/* --- a line ----------------------------------------------------------------------------------- */
static const char *text_of(const json_t *packet, const char *key)
{
	return json_string_value(json_object_get(packet, key));
}

/* "192.0.2.1:443", "[2001:db8::1]:443", and without the port where there is none. */
static void print_end(FILE *out, const json_t *packet, const char *address_key,
		      const char *port_key)
{
	const char *address = text_of(packet, address_key);
	json_int_t port = json_integer_value(json_object_get(packet, port_key));
	bool brackets = port && strchr(address, ':');

	fprintf(out, "%s%s%s", brackets ? "[" : "", address, brackets ? "]" : "");
	if (port)
		fprintf(out, ":%" JSON_INTEGER_FORMAT, port);
}

static void print_flow(FILE *out, const json_t *packet)
{
	if (!text_of(packet, "client"))
		return;
	print_end(out, packet, "client", "client-port");
	fputs(" > ", out);
	print_end(out, packet, "to", "port");
}

/* The name, else "#12". */
static void print_place(FILE *out, const json_t *packet, const char *name, const char *index)
{
	_cleanup_(freep) char *cell = cell_format(json_object_get(packet, name), CELL_TEXT);
	const json_t *number = json_object_get(packet, index);

	if (cell && *cell)
		fputs(cell, out);
	else if (number)
		fprintf(out, "#%" JSON_INTEGER_FORMAT, json_integer_value(number));
}

static void print_way(FILE *out, const json_t *packet)
{
	const char *in = text_of(packet, "interface"), *to = text_of(packet, "out-interface");

	fprintf(out, "%s%s%s", in ? in : "", to ? " > " : "", to ? to : "");
}

/* Of the time of day, in UTC as in JSON, without the date: 09:12:33.123456. */
static void print_time(FILE *out, const json_t *packet)
{
	const char *time = text_of(packet, "time");

	if (time && strlen(time) > 26)
		fprintf(out, "%.15s", time + 11);
}

static void print_flags(FILE *out, const json_t *packet)
{
	_cleanup_(freep) char *cell = cell_format(json_object_get(packet, "flags"), CELL_TEXT);
	const char *meaning = text_of(packet, "meaning");

	fputs(cell ? cell : "", out);
	if (json_is_true(json_object_get(packet, "dropped")))
		fprintf(out, "%s%s", cell && *cell ? "; " : "", meaning ? meaning : "");
}

static void print_column(FILE *out, const json_t *packet, size_t column)
{
	static const char *const texts[] = { [1] = "program", [2] = "verdict", [4] = "protocol" };

	switch (column) {
	case 0:
		print_time(out, packet);
		break;
	case 3:
		print_flow(out, packet);
		break;
	case 5:
		fprintf(out, "%" JSON_INTEGER_FORMAT,
			json_integer_value(json_object_get(packet, "length")));
		break;
	case 6:
		print_place(out, packet, "service", "service-index");
		break;
	case 7:
		print_place(out, packet, "site", "member-index");
		break;
	case 8:
		print_way(out, packet);
		break;
	default:
		fputs(text_of(packet, texts[column]) ? text_of(packet, texts[column]) : "", out);
	}
}

static char *cell_of(const json_t *packet, size_t column)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	print_column(out, packet, column);
	fclose(out);
	return text;
}

static void print_cell(FILE *out, const char *cell, size_t *width)
{
	size_t have = cell_width(cell);

	*width = have > *width ? have : *width;
	fprintf(out, "%s%*s  ", cell, (int)(*width - have), "");
}

/* Cuts the blanks that stand for columns with nothing in them. */
static char *line_end(char *line)
{
	size_t len = line ? strlen(line) : 0;

	while (len && line[len - 1] == ' ')
		line[--len] = '\0';
	return line;
}

char *trace_header(struct trace_widths *widths)
{
	static const char *const headers[TRACE_COLUMNS] = {
		"TIME (UTC)     ", "PROGRAM", "VERDICT    ", "FLOW                               ",
		"PROTO",           "LEN ",    "SERVICE ",    "SITE    ",
		"BY             "
	};
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		return NULL;
	for (size_t c = 0; c < TRACE_COLUMNS; c++)
		print_cell(out, headers[c], &widths->width[c]);
	fputs("NOTES", out);
	fclose(out);
	return line;
}

char *trace_line(const json_t *packet, struct trace_widths *widths)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		return NULL;
	for (size_t c = 0; c < TRACE_COLUMNS; c++) {
		_cleanup_(freep) char *cell = cell_of(packet, c);

		print_cell(out, cell && *cell ? cell : "-", &widths->width[c]);
	}
	print_flags(out, packet);
	fclose(out);
	return line_end(line);
}

/* --- a comment -------------------------------------------------------------------------------- */
static void comment_place(FILE *out, const char *word, const char *name, uint32_t index)
{
	if (index && name)
		fprintf(out, "%s %s", word, name);
	else if (index)
		fprintf(out, "%s #%u", word, index);
}

char *trace_comment(const struct mg_trace_record *r, const struct names *names)
{
	enum mg_verdict verdict = (enum mg_verdict)r->verdict;
	char name[NAME_LEN], *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	verdict_name(verdict, name);
	for (char *c = name; *c; c++)
		fputc(*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, out);
	fprintf(out, ": %s", verdict_meaning(verdict));
	if (r->service)
		fputs("; ", out);
	comment_place(out, "service", names_service(names, r->service), r->service);
	if (r->service && r->member)
		fputs(", ", out);
	comment_place(out, "site", names_member(names, r->member), r->member);
	fclose(out);
	return text;
}
