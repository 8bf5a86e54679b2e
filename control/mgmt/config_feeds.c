/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_feeds.h"

#include "mgmt/config_words.h"
#include "mgmt/version.h"

#define MIB (UINT64_C(1) << 20)

static const struct word policies[] = { { "pre-policy", FEED_PRE_POLICY },
					{ "post-policy", FEED_POST_POLICY },
					{ NULL, 0 } };

static void station_values(const struct model *model, const struct lyd_node *node,
			   struct feed_station_config *ret)
{
	const struct lyd_node *monitor = model_child(model, node, "monitor");

	text_copy(ret->name, sizeof(ret->name), model_text(node, "name"));
	ret->address = model_addr(node, "address");
	ret->local = model_addr(node, "local-address");
	ret->port = (uint16_t)model_uint(node, "port");
	for (; monitor; monitor = model_next(monitor))
		ret->monitor |= (uint32_t)word_value(policies, lyd_get_value(monitor));
	ret->report_s = (uint32_t)model_uint(node, "statistics-interval");
	ret->mirror = model_bool(node, "mirror-malformed");
	ret->buffer = model_uint(node, "buffer") * MIB;
}

static void mrt_values(const struct lyd_node *mrt, struct feed_mrt_config *ret)
{
	if (!mrt)
		return;
	text_copy(ret->directory, sizeof(ret->directory), model_text(mrt, "directory"));
	ret->table_s = (uint32_t)model_uint(mrt, "table-interval");
	ret->tables_kept = (uint32_t)model_uint(mrt, "tables-kept");
	ret->updates_s = (uint32_t)model_uint(mrt, "updates-interval");
	ret->updates_kept = (uint32_t)model_uint(mrt, "updates-kept");
	ret->updates_size = model_uint(mrt, "updates-size") * MIB;
}

void feeds_values(const struct model *model, struct config *config)
{
	const struct lyd_node *feeds = model_child(model, NULL, "feeds");
	const struct lyd_node *station = model_child(model, feeds, "bmp");

	config->has_feeds = feeds;
	if (!feeds)
		return;
	text_copy(config->feeds.name, sizeof(config->feeds.name), config->router_name);
	text_copy(config->feeds.description, sizeof(config->feeds.description),
		  "Margay " MGMT_VERSION);
	mrt_values(model_child(model, feeds, "mrt"), &config->feeds.mrt);
	for (; station; station = model_next(station))
		station_values(model, station,
			       &config->feeds.station[config->feeds.station_count++]);
}
