/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: The filter lies in a mapped array, and its first word turns it on: it is written last at the
 * start and cleared first at the end. It expires by itself (LIFE_NS) unless it is renewed, so that
 * a reader that is killed leaves nothing running. Readers exclude each other by flock(2) on the
 * directory of the pins, which the kernel gives up with the process.
 */
#include "tracer.h"

#include "base/util.h"
#include "mgmt/answer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>

#define LIFE_NS  3000000000ull
#define RENEW_NS 500000000ull

struct tracer {
	int lock, events;
	struct mg_trace_filter *filter; /* mapped */
	struct ring_buffer *ring;
	tracer_take *take; /* NULL: what lies in the ring is of a former reader */
	void *user;
	bool done;
	uint32_t on;
	uint64_t renewed_ns, lost_before;
	int cpus;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static json_t *open_error(const char *path, int err)
{
	if (err == EPERM || err == EACCES)
		return answer_error(ANSWER_FORBIDDEN, NULL,
				    "run it as root, or with CAP_BPF and the right to read the "
				    "pins",
				    "%s: you may not open it", path);
	if (err == ENOENT)
		return answer_error(ANSWER_NOT_FOUND, "pin-directory",
				    "start margayd, or name its pin-directory (from its "
				    "configuration) with pin-directory DIRECTORY",
				    "%s: nothing is pinned there", path);
	return answer_error(ANSWER_REFUSED, NULL, NULL, "%s: cannot be opened: %s", path,
			    strerror(err));
}

/* The map's descriptor, or -1. value_size 0: not looked at. */
static int pinned(const char *pin_dir, const char *name, uint32_t value_size, json_t **ret_error)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/" MG_ABI_VERSION "/%s", pin_dir, name);
	fd = bpf_obj_get(path);
	if (fd < 0) {
		*ret_error = open_error(path, errno);
		return -1;
	}
	if (value_size &&
	    (bpf_obj_get_info_by_fd(fd, &info, &len) < 0 || info.value_size != value_size)) {
		*ret_error = answer_error(ANSWER_REFUSED, NULL,
					  "use the margay that came with this margayd",
					  "%s: of another version, its entries have %u octets "
					  "instead of %u",
					  path, info.value_size, value_size);
		closep(&fd);
	}
	return fd;
}

static int lock_take(const char *pin_dir, json_t **ret_error)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/" MG_ABI_VERSION, pin_dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		*ret_error = open_error(path, errno);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	*ret_error = answer_error(ANSWER_REFUSED, NULL,
				  "end the other margay trace or margay capture first",
				  "%s: somebody traces already, and one can at a time", path);
	closep(&fd);
	return -1;
}

static uint64_t lost_count(const struct tracer *t)
{
	_cleanup_(freep) struct mg_event_counter *cpu = calloc((size_t)t->cpus, sizeof(*cpu));
	uint32_t index = MG_EVENT_TRACE_LOST;
	uint64_t sum = 0;

	if (!cpu || bpf_map_lookup_elem(t->events, &index, cpu) < 0)
		return 0;
	for (int i = 0; i < t->cpus; i++)
		sum += cpu[i].count;
	return sum;
}

static int record_take(void *user, void *data, size_t len)
{
	const struct mg_trace_record *record = data;
	struct tracer *t = user;

	if (!t->take || len < sizeof(*record) || len - sizeof(*record) < record->captured)
		return 0;
	if (t->take(t->user, record, (const uint8_t *)(record + 1)))
		return 0;
	t->done = true;
	return -ECANCELED;
}

static void renew(struct tracer *t, uint64_t now)
{
	__atomic_store_n(&t->filter->until_ns, now + LIFE_NS, __ATOMIC_RELEASE);
	__atomic_store_n(&t->filter->on, t->on, __ATOMIC_RELEASE);
	t->renewed_ns = now;
}

/* The maps, opened; nothing is changed yet. */
static int maps_take(struct tracer *t, const char *pin_dir, json_t **ret_error)
{
	int filter = pinned(pin_dir, "mg_trace_filter", sizeof(*t->filter), ret_error), ring;
	void *memory;

	if (filter < 0)
		return -1;
	memory = mmap(NULL, sizeof(*t->filter), PROT_READ | PROT_WRITE, MAP_SHARED, filter, 0);
	closep(&filter);
	if (memory == MAP_FAILED) {
		*ret_error = open_error("mg_trace_filter", errno);
		return -1;
	}
	t->filter = memory;
	t->events =
		pinned(pin_dir, "mg_counters_event", sizeof(struct mg_event_counter), ret_error);
	if (t->events < 0)
		return -1;
	ring = pinned(pin_dir, "mg_trace", 0, ret_error);
	if (ring < 0)
		return -1;
	t->ring = ring_buffer__new(ring, record_take, t, NULL);
	if (!t->ring)
		*ret_error = open_error("mg_trace", errno);
	closep(&ring); /* the mapping stays */
	return t->ring ? 0 : -1;
}

int tracer_open(const char *pin_dir, const struct mg_trace_filter *filter, tracer_take *take,
		void *user, struct tracer **ret, json_t **ret_error)
{
	_cleanup_(tracer_close) struct tracer *t = calloc(1, sizeof(*t));

	if (!t)
		return -1;
	t->lock = t->events = -1;
	t->cpus = libbpf_num_possible_cpus();
	if (t->cpus < 1) {
		*ret_error = open_error("/sys/devices/system/cpu/possible", -t->cpus);
		return -1;
	}
	libbpf_set_print(NULL);
	t->lock = lock_take(pin_dir, ret_error);
	if (t->lock < 0 || maps_take(t, pin_dir, ret_error) < 0)
		return -1;
	/* Off first, should the last reader have been killed; then its records go. */
	__atomic_store_n(&t->filter->on, 0, __ATOMIC_SEQ_CST);
	ring_buffer__consume(t->ring);
	t->lost_before = lost_count(t);
	t->take = take;
	t->user = user;
	t->on = filter->on | MG_TRACE_ON;
	memcpy((char *)t->filter + sizeof(filter->on), (const char *)filter + sizeof(filter->on),
	       sizeof(*filter) - sizeof(filter->on));
	renew(t, now_ns());
	*ret = TAKE_PTR(t);
	return 0;
}

bool tracer_poll(struct tracer *t, int timeout_ms)
{
	uint64_t now = now_ns();

	if (now - t->renewed_ns >= RENEW_NS)
		renew(t, now);
	if (!t->done)
		ring_buffer__poll(t->ring, timeout_ms);
	return !t->done;
}

uint64_t tracer_lost(const struct tracer *t)
{
	return lost_count(t) - t->lost_before;
}

void tracer_close(struct tracer **tracer)
{
	struct tracer *t = TAKE_PTR(*tracer);

	if (!t)
		return;
	if (t->filter && t->renewed_ns) { /* else it is not ours */
		__atomic_store_n(&t->filter->on, 0, __ATOMIC_SEQ_CST);
		t->take = NULL;
		ring_buffer__consume(t->ring); /* what nobody wants any more takes no room */
	}
	if (t->filter)
		munmap(t->filter, sizeof(*t->filter));
	ring_buffer__free(t->ring);
	closep(&t->events);
	closep(&t->lock);
	free(t);
}
