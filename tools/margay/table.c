/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include "base/utf8.h"
#include "base/util.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static void print_bytes(FILE *out, double octets)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t i = 0;

	while (octets >= 1024 && i + 1 < ARRAY_SIZE(units)) {
		octets /= 1024;
		i++;
	}
	fprintf(out, i ? "%.1f %s" : "%.0f %s", octets, units[i]);
}

static void print_age(FILE *out, double seconds)
{
	long s = lround(seconds);

	if (seconds < 60)
		fprintf(out, "%.1f s", seconds);
	else if (s < 3600)
		fprintf(out, "%ldm%02lds", s / 60, s % 60);
	else if (s < 86400)
		fprintf(out, "%ldh%02ldm", s / 3600, s / 60 % 60);
	else
		fprintf(out, "%ldd%02ldh", s / 86400, s / 3600 % 24);
}

/* Three digits that matter, and no exponent. */
static void print_number(FILE *out, double value)
{
	double size = fabs(value);

	fprintf(out, "%.*f", size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 || !size ? 2 : 3, value);
}

/* What neighbours and sites say of themselves reaches the terminal here. */
static void print_text(FILE *out, const char *text)
{
	const uint8_t *octets = (const uint8_t *)text;
	size_t len = strlen(text);

	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		uint32_t c = 0;

		n = utf8_next(octets + i, len - i, &c);
		if (!n || utf8_steers(c))
			fputc('?', out);
		else
			fwrite(text + i, 1, n, out);
	}
}

/* Lists are shown as "a, b". */
static void print_list(FILE *out, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (i)
			fputs(", ", out);
		if (json_is_string(item))
			print_text(out, json_string_value(item));
	}
}

static void print_cell(FILE *out, const json_t *value, enum cell_format format)
{
	double number = json_number_value(value);

	if (json_is_string(value)) {
		print_text(out, json_string_value(value));
	} else if (json_is_array(value)) {
		print_list(out, value);
	} else if (json_is_boolean(value)) {
		fputs(json_is_true(value) ? "yes" : "", out);
	} else if (json_is_number(value)) {
		switch (format) {
		case CELL_BYTES:
			print_bytes(out, number);
			break;
		case CELL_PERCENT:
			fprintf(out, "%.1f %%", 100 * number);
			break;
		case CELL_MS:
			print_number(out, number);
			fputs(" ms", out);
			break;
		case CELL_AGE:
			print_age(out, number);
			break;
		case CELL_COUNT:
			fprintf(out, "%.0f", number);
			break;
		default:
			print_number(out, number);
		}
	}
}

char *cell_format(const json_t *value, enum cell_format format)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	print_cell(out, value, format);
	fclose(out);
	return text;
}

size_t cell_width(const char *cell)
{
	size_t n = 0;

	for (; *cell; cell++)
		n += (*cell & 0xc0) != 0x80; /* all but UTF-8 continuation bytes */
	return n;
}

static bool to_the_right(enum cell_format format)
{
	return format != CELL_TEXT && format != CELL_FLAG;
}

static void print_padded(FILE *out, const char *cell, size_t width, bool right, bool last)
{
	size_t have = cell_width(cell);
	int pad = width > have ? (int)(width - have) : 0;

	if (right)
		fprintf(out, "%*s%s", pad, "", cell);
	else
		fprintf(out, "%s%*s", cell, last ? 0 : pad, "");
}

/* cells: rows x count, in one block; header in row 0. */
static void print_row(FILE *out, char *const *cells, const struct column *columns,
		      const size_t *widths, size_t count, int indent)
{
	size_t last = 0;

	for (size_t c = 0; c < count; c++)
		last = widths[c] && cells[c] && *cells[c] ? c : last;
	fprintf(out, "%*s", indent, "");
	for (size_t c = 0, shown = 0; c <= last; c++) {
		if (!widths[c])
			continue;
		fprintf(out, "%s", shown++ ? "  " : "");
		print_padded(out, cells[c] ? cells[c] : "", widths[c],
			     to_the_right(columns[c].format), c == last);
	}
	fputc('\n', out);
}

static void cells_fill(char **cells, const json_t *rows, const struct column *columns, size_t count)
{
	const json_t *row;
	size_t i;

	for (size_t c = 0; c < count; c++)
		cells[c] = strdup(columns[c].header);
	json_array_foreach(rows, i, row) for (size_t c = 0; c < count; c++)
		cells[(i + 1) * count + c] =
			cell_format(json_object_get(row, columns[c].key), columns[c].format);
}

static void widths_fill(size_t *widths, char *const *cells, size_t lines, size_t count)
{
	for (size_t i = count; i < lines * count; i++) {
		size_t width = cells[i] ? cell_width(cells[i]) : 0;

		if (width > widths[i % count])
			widths[i % count] = width;
	}
	for (size_t c = 0; c < count; c++) {
		size_t header = cells[c] ? cell_width(cells[c]) : 0;

		if (widths[c] && header > widths[c])
			widths[c] = header;
	}
}

void table_print(FILE *out, const json_t *rows, const struct column *columns, size_t count,
		 int indent)
{
	size_t lines = json_array_size(rows) + 1;
	_cleanup_(freep) char **cells = calloc(lines * count, sizeof(*cells));
	_cleanup_(freep) size_t *widths = calloc(count, sizeof(*widths));

	if (!cells || !widths)
		return;
	cells_fill(cells, rows, columns, count);
	widths_fill(widths, cells, lines, count);
	for (size_t i = 0; lines > 1 && i < lines; i++)
		print_row(out, cells + i * count, columns, widths, count, indent);
	for (size_t i = 0; i < lines * count; i++)
		free(cells[i]);
}
