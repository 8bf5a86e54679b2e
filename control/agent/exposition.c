/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/exposition.h"

#include "base/cursor.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 64   /* octets of a value or a time */
#define TIME_MAX_S 1e11 /* year 5138 */

/* A line under work: labels lie unescaped in text. */
struct sample_line {
	struct exposition_label label[EXPOSITION_LABELS_MAX];
	size_t label_count, text_len;
	char text[EXPOSITION_LINE_MAX];
};

static int peek(const struct cursor *c)
{
	return cursor_left(c) ? *c->at : -1;
}

static bool take_char(struct cursor *c, char wanted)
{
	return peek(c) == wanted && cursor_take(c, 1);
}

static void skip_blanks(struct cursor *c)
{
	while (take_char(c, ' ') || take_char(c, '\t'))
		;
}

static bool is_name(int c, bool first, bool colon)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (colon && c == ':') || (!first && c >= '0' && c <= '9');
}

/* Returns how many octets there are; 0: no name begins here. */
static size_t take_name(struct cursor *c, bool colon, const char **ret)
{
	size_t n = 0;

	*ret = (const char *)c->at;
	while (is_name(peek(c), !n, colon) && cursor_take(c, 1))
		n++;
	return n;
}

static size_t take_word(struct cursor *c, const char **ret)
{
	size_t n = 0;

	*ret = (const char *)c->at;
	while (peek(c) >= 0 && peek(c) != ' ' && peek(c) != '\t' && cursor_take(c, 1))
		n++;
	return n;
}

static bool take_number(struct cursor *c, double *ret)
{
	char text[NUMBER_MAX + 1], *end;
	const char *word;
	size_t len = take_word(c, &word);

	/* strtod() takes parentheses behind "nan", and blanks, which are no part of a word. */
	if (!len || len > NUMBER_MAX || memchr(word, '(', len) || memchr(word, '\0', len))
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	*ret = strtod(text, &end);
	return end == text + len && !strchr("\v\f\r\n", *text);
}

/* Behind the opening quote. False: no closing one, or an escape that is none. */
static bool take_quoted(struct cursor *c, struct sample_line *line, struct exposition_label *ret)
{
	ret->value = line->text + line->text_len;
	while (peek(c) >= 0 && !take_char(c, '"')) {
		char octet = (char)*cursor_take(c, 1);

		if (octet == '\\') {
			if (take_char(c, 'n'))
				octet = '\n';
			else if (take_char(c, '"'))
				octet = '"';
			else if (!take_char(c, '\\'))
				return false;
		}
		line->text[line->text_len++] = octet; /* never more than the line has */
	}
	ret->value_len = (size_t)(line->text + line->text_len - ret->value);
	return c->at[-1] == '"';
}

static bool label_known(const struct sample_line *line, const struct exposition_label *label)
{
	for (size_t i = 0; i < line->label_count; i++)
		if (line->label[i].name_len == label->name_len &&
		    !memcmp(line->label[i].name, label->name, label->name_len))
			return true;
	return false;
}

static const char *take_label(struct cursor *c, struct sample_line *line)
{
	struct exposition_label label = { 0 };

	label.name_len = take_name(c, false, &label.name);
	if (!label.name_len)
		return "a label has no name";
	skip_blanks(c);
	if (!take_char(c, '='))
		return "a label has no value";
	skip_blanks(c);
	if (!take_char(c, '"') || !take_quoted(c, line, &label))
		return "the value of a label is not quoted as it should be";
	if (!utf8_valid((const uint8_t *)label.value, label.value_len))
		return "the value of a label is no UTF-8";
	if (label_known(line, &label))
		return "a label is there twice";
	if (line->label_count == EXPOSITION_LABELS_MAX)
		return "more than 64 labels";
	line->label[line->label_count++] = label;
	return NULL;
}

/* Behind the opening brace. */
static const char *take_labels(struct cursor *c, struct sample_line *line)
{
	for (;;) {
		const char *fault;

		skip_blanks(c);
		if (take_char(c, '}'))
			return NULL;
		fault = take_label(c, line);
		if (fault)
			return fault;
		skip_blanks(c);
		if (!take_char(c, ',') && peek(c) != '}')
			return "the labels do not end";
	}
}

static const char *take_time(const struct exposition *e, struct cursor *c,
			     struct exposition_sample *sample)
{
	double time;

	skip_blanks(c);
	if (peek(c) < 0 || (e->openmetrics && peek(c) == '#'))
		return NULL;
	if (!take_number(c, &time) || !isfinite(time))
		return "the time is no number";
	if (e->openmetrics)
		time *= 1000;
	else if (floor(time) != time)
		return "the time is no whole number";
	if (fabs(time) > TIME_MAX_S * 1000)
		return "the time is out of range";
	sample->has_time = true;
	sample->time_ms = llround(time);
	return NULL;
}

/* Behind the name: labels, value, time; in OpenMetrics an exemplar, which nobody wants. */
static const char *take_sample(struct exposition *e, struct cursor *c,
			       struct exposition_sample *sample)
{
	struct sample_line line;
	const char *fault = NULL;

	line.label_count = line.text_len = 0;
	skip_blanks(c);
	if (take_char(c, '{'))
		fault = take_labels(c, &line);
	if (fault)
		return fault;
	skip_blanks(c);
	if (!take_number(c, &sample->value))
		return "the value is no number";
	fault = take_time(e, c, sample);
	if (fault)
		return fault;
	skip_blanks(c);
	if (peek(c) >= 0 && !(e->openmetrics && peek(c) == '#'))
		return "there is more behind the value and the time";
	sample->label = line.label;
	sample->label_count = line.label_count;
	return e->ops->sample(e->user, sample);
}

static const char *read_line(struct exposition *e, const void *text, size_t len)
{
	struct cursor c = cursor_of(text, len);
	struct exposition_sample sample = { 0 };

	e->line++;
	if (len && c.end[-1] == '\r')
		c.end--;
	if (e->ended)
		return "there is more behind '# EOF'";
	e->ended = e->openmetrics && cursor_left(&c) == 5 && !memcmp(c.at, "# EOF", 5);
	skip_blanks(&c);
	if (peek(&c) < 0 || peek(&c) == '#')
		return NULL;
	sample.name_len = take_name(&c, true, &sample.name);
	if (!sample.name_len || (peek(&c) != '{' && peek(&c) != ' ' && peek(&c) != '\t'))
		return "no metric's name, or nothing behind it";
	if (!e->ops->wanted(e->user, sample.name, sample.name_len))
		return NULL;
	return take_sample(e, &c, &sample);
}

/* A piece that ends in a newline or not: kept, or read together with what was kept. */
static const char *read_piece(struct exposition *e, const uint8_t *piece, size_t len, bool whole)
{
	size_t kept = e->len;

	if (len > EXPOSITION_LINE_MAX - kept) {
		e->line++;
		return "a line is longer than 16384 octets";
	}
	if (whole && !kept)
		return read_line(e, piece, len);
	memcpy(e->part + kept, piece, len);
	e->len = whole ? 0 : kept + len;
	return whole ? read_line(e, e->part, kept + len) : NULL;
}

void exposition_start(struct exposition *e, bool openmetrics, const struct exposition_ops *ops,
		      void *user)
{
	e->ops = ops;
	e->user = user;
	e->openmetrics = openmetrics;
	e->ended = false;
	e->fault = NULL;
	e->line = 0;
	e->len = 0;
}

const char *exposition_feed(struct exposition *e, const void *bytes, size_t len)
{
	struct cursor c = cursor_of(bytes, len);

	while (!e->fault && cursor_left(&c)) {
		const uint8_t *newline = memchr(c.at, '\n', cursor_left(&c)), *piece = c.at;
		size_t n = newline ? (size_t)(newline - c.at) : cursor_left(&c);

		cursor_take(&c, n + !!newline);
		e->fault = read_piece(e, piece, n, newline);
	}
	return e->fault;
}

const char *exposition_end(struct exposition *e)
{
	if (e->fault)
		return e->fault;
	e->line++;
	if (e->len)
		e->fault = "the last line is cut off";
	else if (e->openmetrics && !e->ended)
		e->fault = "the text has no '# EOF', so it is cut off";
	return e->fault;
}
