/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_collect.h"

#include "base/util.h"
#include "mgmt/config_words.h"
#include "mgmt/file_text.h"
#include "mgmt/version.h"

#include <errno.h>
#include <math.h>

#define KIB UINT64_C(1024)

static const struct word combines[] = { { "mean", MAPPING_MEAN },
					{ "min", MAPPING_MIN },
					{ "max", MAPPING_MAX },
					{ "count", MAPPING_COUNT },
					{ NULL, MAPPING_SUM } };

static void matcher_values(const struct lyd_node *node, struct mapping_matcher *ret)
{
	const char *not = model_text(node, "is-not");

	ret->negate = model_child(NULL, node, "is-not");
	text_copy(ret->label, sizeof(ret->label), model_text(node, "name"));
	text_copy(ret->value, sizeof(ret->value), ret->negate ? not : model_text(node, "is"));
}

static void term_values(const struct model *model, const struct lyd_node *node,
			struct mapping_term *ret)
{
	const struct lyd_node *metric = model_child(model, node, "metrics");
	const struct lyd_node *label = model_child(model, node, "labels");

	for (; metric && ret->metric_count < MAPPING_ALIASES_MAX; metric = model_next(metric))
		text_copy(ret->metric[ret->metric_count++], MAPPING_METRIC_MAX,
			  lyd_get_value(metric));
	for (; label && ret->matcher_count < MAPPING_MATCHERS_MAX; label = model_next(label))
		matcher_values(label, &ret->matcher[ret->matcher_count++]);
	ret->combine = (enum mapping_combine)word_value(combines, model_text(node, "combine"));
	ret->rate = model_bool(node, "rate");
}

static void value_values(const struct model *model, const struct lyd_node *node,
			 struct mapping_value *ret)
{
	const struct lyd_node *of = model_child(model, node, "of");
	const struct lyd_node *per = model_child(model, node, "per");

	text_copy(ret->name, sizeof(ret->name), model_text(node, "name"));
	for (; of && ret->of_count < MAPPING_TERMS_MAX; of = model_next(of))
		term_values(model, of, &ret->of[ret->of_count++]);
	for (; per && ret->per_count < MAPPING_TERMS_MAX; per = model_next(per))
		term_values(model, per, &ret->per[ret->per_count++]);
	ret->scale = model_double(node, "scale");
	ret->complement = model_bool(node, "complement");
	ret->maximum = model_double(node, "maximum");
}

static struct mapping *mapping_of(const struct model *model, const struct lyd_node *node)
{
	const struct lyd_node *value = model_child(model, node, "values");
	struct mapping *m = mapping_new(model_text(node, "name"));

	for (; m && value && m->value_count < MAPPING_VALUES_MAX; value = model_next(value))
		value_values(model, value, &m->value[m->value_count++]);
	return m;
}

/* Adds those mappings of the model whose name is wanted; NULL: all. */
static void mappings_add(const struct model *model, const char *wanted, struct config *config,
			 struct fault_list *faults)
{
	const struct lyd_node *node = model_child(model, NULL, "mappings");

	for (; node; node = model_next(node)) {
		struct mapping **grown, *m;

		if (wanted && strcmp(model_text(node, "name"), wanted) != 0)
			continue;
		m = mapping_of(model, node);
		grown = m ? reallocarray(config->mapping, config->mapping_count + 1,
					 sizeof(struct mapping *))
			  : NULL;
		if (!grown) {
			mapping_unref(&m);
			faults->more = true;
			return;
		}
		config->mapping = grown;
		grown[config->mapping_count++] = m;
	}
}

static struct mapping *mapping_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->mapping_count; i++)
		if (!strcmp(config->mapping[i]->name, name))
			return config->mapping[i];
	return NULL;
}

/* A mapping file holds mappings and nothing else. */
static struct model *file_model(const char *path, struct fault_list *faults)
{
	_cleanup_(yaml_tree_free) struct yaml_tree *yaml = NULL;
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	int r = file_text(path, &text, &len);

	if (r < 0) {
		fault_list_add(faults, (struct mark){ 0 }, "unreadable", NULL, NULL, "%s",
			       strerror(-r));
		return NULL;
	}
	yaml = yaml_tree_parse(text, len, faults);
	if (!yaml)
		return NULL;
	for (size_t i = 0; i < yaml->count; i++)
		if (yaml->kind == YAML_TREE_MAP && strcmp(yaml->child[i].key, "mappings") != 0)
			fault_list_add(faults, yaml->child[i].key_mark, "unknown-key", NULL, NULL,
				       "only 'mappings' may stand in a mapping file, not '%s'",
				       yaml->child[i].key);
	return fault_list_empty(faults) ? model_new(yaml, faults) : NULL;
}

/* What is wrong with the file is told at the collector's place, with the file's own. */
static void file_fault(const struct model *model, const struct lyd_node *node, const char *path,
		       const struct fault_list *of_file, struct fault_list *faults)
{
	const struct config_fault *first = of_file->count ? &of_file->at[0] : NULL;

	fault_list_add(faults, model_mark(model, node), "bad-mapping", model_path(node),
		       "give the mapping here as one of 'mappings', or name a file that is right",
		       "%s:%u: %s", path, first ? first->mark.line : 0,
		       first ? first->message : "cannot be read");
}

static void mapping_load(const struct model *model, const struct lyd_node *node, const char *name,
			 struct config *config, struct fault_list *faults)
{
	const char *dir = model_text(model_child(model, NULL, "router"), "mapping-directory");
	_cleanup_(fault_list_clear) struct fault_list of_file = { 0 };
	_cleanup_(model_free) struct model *file = NULL;
	char path[320];

	snprintf(path, sizeof(path), "%s/%s.yaml", *dir ? dir : MGMT_MAPPINGS, name);
	file = file_model(path, &of_file);
	if (file)
		mappings_add(file, name, config, faults);
	if (file && !mapping_find(config, name))
		fault_list_add(&of_file, (struct mark){ 0 }, "missing-key", NULL, NULL,
			       "there is no mapping '%s' in it", name);
	if (!fault_list_empty(&of_file))
		file_fault(model, node, path, &of_file, faults);
}

void target_values(const struct lyd_node *node, struct fetch_target *ret)
{
	text_copy(ret->url, sizeof(ret->url), model_text(node, "url"));
	text_copy(ret->token_file, sizeof(ret->token_file), model_text(node, "token-file"));
	text_copy(ret->ca_file, sizeof(ret->ca_file), model_text(node, "ca-file"));
	text_copy(ret->certificate_file, sizeof(ret->certificate_file),
		  model_text(node, "certificate-file"));
	text_copy(ret->key_file, sizeof(ret->key_file), model_text(node, "key-file"));
}

static void kind_values(const struct model *model, const struct lyd_node *node,
			struct gather_config *ret)
{
	const struct lyd_node *prometheus = model_child(model, node, "prometheus");
	const struct lyd_node *orca = model_child(model, node, "orca");
	const struct lyd_node *local = model_child(model, node, "local");
	const struct lyd_node *kubernetes = model_child(model, node, "kubernetes");
	const struct lyd_node *asked = prometheus ? prometheus : orca ? orca : kubernetes;

	ret->kind = prometheus   ? GATHER_PROMETHEUS
		    : orca       ? GATHER_ORCA
		    : kubernetes ? GATHER_KUBERNETES
				 : GATHER_LOCAL;
	if (asked)
		target_values(asked, &ret->target);
	text_copy(ret->kubernetes.namespace, sizeof(ret->kubernetes.namespace),
		  model_text(kubernetes, "namespace"));
	text_copy(ret->kubernetes.service, sizeof(ret->kubernetes.service),
		  model_text(kubernetes, "service"));
	ret->orca_json = orca && !strcmp(model_text(orca, "format"), "json");
	text_copy(ret->pressure.psi_dir, sizeof(ret->pressure.psi_dir),
		  model_text(local, "psi-directory"));
	text_copy(ret->pressure.cgroup_dir, sizeof(ret->pressure.cgroup_dir),
		  model_text(local, "cgroup-directory"));
}

static uint32_t milliseconds(const struct lyd_node *node, const char *name)
{
	return (uint32_t)lround(model_double(node, name) * 1000);
}

static void collector_values(const struct model *model, const struct lyd_node *node,
			     struct config *config, struct gather_config *ret,
			     struct fault_list *faults)
{
	const char *mapping = model_text(node, "mapping");

	text_copy(ret->name, sizeof(ret->name), model_text(node, "name"));
	ret->interval_ms = milliseconds(node, "interval");
	ret->timeout_ms = milliseconds(node, "timeout");
	ret->max_age_ms = milliseconds(node, "max-age");
	ret->body_max = model_uint(node, "size-limit") * KIB;
	kind_values(model, node, ret);
	if (!*mapping)
		mapping = gather_kind_text(ret->kind);
	if (!mapping_find(config, mapping))
		mapping_load(model, node, mapping, config, faults);
	ret->mapping = mapping_find(config, mapping);
}

void collect_values(const struct model *model, struct config *config, struct fault_list *faults)
{
	const struct lyd_node *node = model_child(model, NULL, "collectors");
	size_t count = model_count(model, NULL, "collectors");

	mappings_add(model, NULL, config, faults);
	config->gather = count ? calloc(count, sizeof(*config->gather)) : NULL;
	faults->more |= count && !config->gather;
	for (; node && config->gather; node = model_next(node))
		collector_values(model, node, config, &config->gather[config->gather_count++],
				 faults);
}

void collectors_of(const struct model *model, const struct lyd_node *announce,
		   struct agent_config *ret)
{
	const struct lyd_node *leaf = model_child(model, announce, "collectors");
	size_t len = 0;

	for (; leaf && len < sizeof(ret->path); leaf = model_next(leaf)) {
		ret->kind = AGENT_NAMED;
		len += (size_t)snprintf(ret->path + len, sizeof(ret->path) - len, "%s%s",
					len ? " " : "", lyd_get_value(leaf));
	}
}

void collect_forget(struct config *config)
{
	for (size_t i = 0; i < config->mapping_count; i++)
		mapping_unref(&config->mapping[i]);
	free(config->mapping);
	free(config->gather);
}
