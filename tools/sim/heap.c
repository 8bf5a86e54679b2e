/* SPDX-License-Identifier: BSD-2-Clause */
#include "heap.h"

#include <stdlib.h>

#define CHILDREN 4

void heap_clear(struct heap *heap)
{
	free(heap->event);
	*heap = (struct heap){ 0 };
}

bool heap_push(struct heap *heap, struct event event)
{
	size_t at = heap->count;

	if (heap->count == heap->room) {
		size_t room = heap->room ? heap->room * 2 : 1024;
		struct event *grown = reallocarray(heap->event, room, sizeof(*grown));

		if (!grown)
			return false;
		heap->event = grown;
		heap->room = room;
	}
	heap->count++;
	while (at && heap->event[(at - 1) / CHILDREN].at_s > event.at_s) {
		heap->event[at] = heap->event[(at - 1) / CHILDREN];
		at = (at - 1) / CHILDREN;
	}
	heap->event[at] = event;
	return true;
}

static size_t heap_least_child(const struct heap *heap, size_t at)
{
	size_t first = at * CHILDREN + 1, least = first;

	for (size_t child = first + 1; child < first + CHILDREN && child < heap->count; child++)
		if (heap->event[child].at_s < heap->event[least].at_s)
			least = child;
	return least;
}

struct event heap_pop(struct heap *heap)
{
	struct event top = heap->event[0], last = heap->event[--heap->count];
	size_t at = 0;

	while (at * CHILDREN + 1 < heap->count) {
		size_t child = heap_least_child(heap, at);

		if (heap->event[child].at_s >= last.at_s)
			break;
		heap->event[at] = heap->event[child];
		at = child;
	}
	heap->event[at] = last;
	return top;
}
