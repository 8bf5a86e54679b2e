/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/feed.h"

#include "base/util.h"
#include "bgp/observer.h"
#include "feed/bmp.h"
#include "feed/mrt.h"

#include <errno.h>

struct feed {
	struct bgp *bgp;
	struct bmp *bmp;
	struct mrt *mrt;
	struct bgp_config router;
	uv_prepare_t flush;
};

static void on_up(void *user, const struct bgp_peer *peer)
{
	struct feed *f = user;

	bmp_up(f->bmp, peer);
	mrt_up(f->mrt, peer);
}

static void on_down(void *user, const struct bgp_peer *peer, const struct bgp_ending *ending)
{
	struct feed *f = user;

	bmp_down(f->bmp, peer, ending);
	mrt_down(f->mrt, peer);
}

static void on_update(void *user, const struct bgp_peer *peer, struct cursor message,
		      enum fault fault)
{
	struct feed *f = user;

	bmp_update(f->bmp, peer, message, fault);
	mrt_update(f->mrt, peer, message);
}

static void on_changed(void *user, uint32_t neighbor, const struct bgp_nlri *nlri)
{
	struct feed *f = user;

	bmp_changed(f->bmp, neighbor, nlri);
}

static const struct bgp_observer observer = {
	.up = on_up,
	.down = on_down,
	.update = on_update,
	.changed = on_changed,
};

static void on_flush(uv_prepare_t *prepare)
{
	struct feed *f = prepare->data;

	bmp_flush(f->bmp);
}

int feed_new(uv_loop_t *loop, struct bgp *bgp, const struct bgp_config *router,
	     const struct feed_config *config, struct feed **ret)
{
	struct feed *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->bgp = bgp;
	f->router = *router;
	f->bmp = bmp_new(loop, bgp);
	f->mrt = mrt_new(loop, bgp, &f->router);
	if (!f->bmp || !f->mrt) {
		bmp_free(&f->bmp);
		mrt_free(&f->mrt);
		free(f);
		return -ENOMEM;
	}
	uv_prepare_init(loop, &f->flush);
	f->flush.data = f;
	uv_prepare_start(&f->flush, on_flush);
	uv_unref((uv_handle_t *)&f->flush);
	bgp_observe(bgp, &observer, f);
	r = feed_configure(f, config);
	if (r < 0)
		feed_free(&f);
	else
		*ret = f;
	return r;
}

int feed_configure(struct feed *f, const struct feed_config *config)
{
	mrt_configure(f->mrt, &config->mrt);
	return bmp_configure(f->bmp, config);
}

bool feed_station(const struct feed *f, size_t index, struct feed_station_view *ret)
{
	return bmp_station(f->bmp, index, ret);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void feed_free(struct feed **feed)
{
	struct feed *f = TAKE_PTR(*feed);

	if (!f)
		return;
	bgp_observe(f->bgp, NULL, NULL);
	bmp_free(&f->bmp);
	mrt_free(&f->mrt);
	uv_close((uv_handle_t *)&f->flush, on_closed);
}

int feed_mrt_dump(struct feed *f, const char *name, const char **ret_path)
{
	return mrt_dump(f->mrt, name, ret_path);
}

void feed_mrt_view(const struct feed *f, struct feed_mrt_view *ret)
{
	mrt_view(f->mrt, ret);
}
