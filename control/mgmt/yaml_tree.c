/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: The event interface of libyaml gives every scalar with its place. The tree grows while
 * events come, one call of tree_value() a level; YAML_TREE_DEPTH_MAX bounds the recursion, and the
 * limit on the file's size bounds the rest, as no event stands for more than its own bytes.
 */
#include "mgmt/yaml_tree.h"

#include "base/util.h"

#include <string.h>
#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	const char *text;
	size_t len;
	struct fault_list *faults;
};

static struct mark mark_of(const yaml_mark_t *mark)
{
	return (struct mark){ (unsigned)mark->line + 1, (unsigned)mark->column + 1 };
}

static struct mark mark_at(const struct reader *r, size_t offset)
{
	struct mark mark = { 1, 1 };

	for (size_t i = 0; i < offset && i < r->len; i++) {
		mark.column++;
		if (r->text[i] == '\n')
			mark = (struct mark){ mark.line + 1, 1 };
	}
	return mark;
}

static int reader_fault(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	bool encoding = p->error == YAML_READER_ERROR;
	struct mark mark = encoding ? mark_at(r, p->problem_offset) : mark_of(&p->problem_mark);
	size_t at = p->problem_mark.index;
	const char *hint = "see docs/examples for files that are right";

	if (p->error == YAML_MEMORY_ERROR) {
		r->faults->more = true;
		return -1;
	}
	if (encoding)
		hint = "the file must be UTF-8 text without control characters";
	else if (at < r->len && r->text[at] == '\t')
		hint = "indent with spaces: YAML takes no tabs";
	fault_list_add(r->faults, mark, "syntax", NULL, hint, "not YAML: %s%s%s",
		       p->problem ? p->problem : "unreadable", p->context ? ", " : "",
		       p->context ? p->context : "");
	return -1;
}

static int reader_next(struct reader *r, yaml_event_t *ret)
{
	return yaml_parser_parse(&r->parser, ret) ? 0 : reader_fault(r);
}

static int refuse(struct reader *r, const yaml_event_t *event, const char *what, const char *hint)
{
	fault_list_add(r->faults, mark_of(&event->start_mark), "syntax", NULL, hint, "%s", what);
	return -1;
}

static void tree_clear(struct yaml_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		tree_clear(&tree->child[i]);
	free(tree->child);
	free(tree->text);
	free(tree->key);
}

void yaml_tree_free(struct yaml_tree **tree)
{
	if (*tree)
		tree_clear(*tree);
	freep(tree);
}

/* A new, empty last child; NULL: no memory. Doubles at each power of two. */
static struct yaml_tree *tree_child(struct reader *r, struct yaml_tree *parent)
{
	struct yaml_tree *grown = parent->child;

	if ((parent->count & (parent->count - 1)) == 0)
		grown = reallocarray(parent->child, parent->count ? 2 * parent->count : 1,
				     sizeof(*grown));
	if (!grown) {
		r->faults->more = true;
		return NULL;
	}
	parent->child = grown;
	grown[parent->count] = (struct yaml_tree){ 0 };
	return &grown[parent->count++];
}

static int tree_scalar(struct reader *r, const yaml_event_t *event, char **ret)
{
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) != event->data.scalar.length)
		return refuse(r, event, "a value holds a zero byte", NULL);
	*ret = strdup(text);
	if (*ret)
		return 0;
	r->faults->more = true;
	return -1;
}

static int tree_value(struct reader *r, yaml_event_t *event, unsigned depth, struct yaml_tree *ret);

/* What follows up to the end of a list or map; in a map each value's key comes first. */
static int tree_children(struct reader *r, unsigned depth, struct yaml_tree *ret)
{
	for (;;) {
		_cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
		struct yaml_tree *child;

		if (reader_next(r, &event) < 0)
			return -1;
		if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			return 0;
		child = tree_child(r, ret);
		if (!child)
			return -1;
		if (ret->kind == YAML_TREE_MAP) {
			if (event.type != YAML_SCALAR_EVENT)
				return refuse(r, &event, "a key must be one word", NULL);
			child->key_mark = mark_of(&event.start_mark);
			if (tree_scalar(r, &event, &child->key) < 0)
				return -1;
			yaml_event_delete(&event);
			if (reader_next(r, &event) < 0)
				return -1;
		}
		if (tree_value(r, &event, depth + 1, child) < 0)
			return -1;
	}
}

static int tree_value(struct reader *r, yaml_event_t *event, unsigned depth, struct yaml_tree *ret)
{
	ret->mark = mark_of(&event->start_mark);
	if (depth > YAML_TREE_DEPTH_MAX)
		return refuse(r, event, "nested too deeply", "no value of ours is nested so deep");
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		ret->kind = YAML_TREE_SCALAR;
		ret->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
		return tree_scalar(r, event, &ret->text);
	case YAML_SEQUENCE_START_EVENT:
		ret->kind = YAML_TREE_LIST;
		return tree_children(r, depth, ret);
	case YAML_MAPPING_START_EVENT:
		ret->kind = YAML_TREE_MAP;
		return tree_children(r, depth, ret);
	case YAML_ALIAS_EVENT:
		return refuse(r, event, "aliases ('*name') are not taken",
			      "write the value out in each place");
	default:
		return refuse(r, event, "a value is missing", NULL);
	}
}

/* The events around the one document. */
static int tree_document(struct reader *r, struct yaml_tree *ret)
{
	yaml_event_type_t type = YAML_NO_EVENT;
	bool found = false;

	while (type != YAML_STREAM_END_EVENT) {
		_cleanup_(yaml_event_delete) yaml_event_t event = { 0 };

		if (reader_next(r, &event) < 0)
			return -1;
		type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && found)
			return refuse(r, &event, "a second document begins here",
				      "one file is one document: remove the '---'");
		if (type == YAML_STREAM_START_EVENT || type == YAML_STREAM_END_EVENT ||
		    type == YAML_DOCUMENT_START_EVENT || type == YAML_DOCUMENT_END_EVENT)
			continue;
		found = true;
		if (tree_value(r, &event, 0, ret) < 0)
			return -1;
	}
	if (found)
		return 0;
	fault_list_add(r->faults, (struct mark){ 1, 1 }, "syntax", NULL,
		       "see docs/examples for files that are right", "the file is empty");
	return -1;
}

struct yaml_tree *yaml_tree_parse(const char *text, size_t len, struct fault_list *faults)
{
	_cleanup_(yaml_tree_free) struct yaml_tree *tree = calloc(1, sizeof(*tree));
	struct reader r = { .text = text, .len = len, .faults = faults };
	int failed;

	if (!tree || !yaml_parser_initialize(&r.parser)) {
		faults->more = true;
		return NULL;
	}
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	failed = tree_document(&r, tree);
	yaml_parser_delete(&r.parser);
	return failed ? NULL : TAKE_PTR(tree);
}

const struct yaml_tree *yaml_tree_find(const struct yaml_tree *map, const char *key)
{
	for (size_t i = 0; map->kind == YAML_TREE_MAP && i < map->count; i++)
		if (strcmp(map->child[i].key, key) == 0)
			return &map->child[i];
	return NULL;
}

bool yaml_tree_is_empty(const struct yaml_tree *tree)
{
	return tree->kind == YAML_TREE_SCALAR && !tree->quoted &&
	       (!*tree->text || strcmp(tree->text, "~") == 0 || strcmp(tree->text, "null") == 0);
}
