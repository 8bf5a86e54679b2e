/* SPDX-License-Identifier: BSD-2-Clause */
/* Random frames with structure, for the addresses and ports of fixture.h: see model_random.c. */
#pragma once
#include "random.h"
#include "vectors.h"

#define RANDOM_FRAME_MAX 1600

struct random_frame {
	enum vector_program program;
	size_t len;
	uint8_t octets[RANDOM_FRAME_MAX];
};

/* A vector with up to four octets changed; one in four cut or lengthened. */
void random_vector(struct random *random, struct random_frame *ret);

/* Tag, headers, options, extension headers, fragments, errors with quotes, QUIC, tunnels: each
 * drawn by itself, most of them whole. */
void random_packet(struct random *random, struct random_frame *ret);
