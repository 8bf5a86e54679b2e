/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * STAMP test packets (RFC 8762 sections 4.2 and 4.3), the session identifier and the TLV flags of
 * RFC 8972. Octets in, values out: no socket, no clock, nothing is allocated.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define STAMP_PORT     862
#define STAMP_LEN      44   /* octets of a packet without authentication, at least */
#define STAMP_AUTH_LEN 112  /* with it */
#define STAMP_LEN_MAX  1472 /* that we reflect: extra padding included */
#define STAMP_KEY_MAX  80   /* octets; RFC 2104: more than 64 are hashed first */

/* A shared key: HMAC-SHA-256, cut to 128 bits, over the first 96 octets (RFC 8762 section 4.4).
 * len 0: no authentication. */
struct stamp_key {
	uint8_t octet[STAMP_KEY_MAX];
	size_t len;
};

/* The clock of a timestamp (RFC 4656 section 4.1.2, RFC 8186): the sixteen bits as they are. The
 * multiplier is never 0. */
#define STAMP_ERROR_SYNCED 0x8000 /* S: by an external source */
#define STAMP_ERROR_PTP                                                           \
	0x4000 /* Z: seconds and nanoseconds; else seconds since 1900 and 2^-32 s \
		*/
#define STAMP_ERROR_OURS \
	0x1d01 /* NTP format, scale 29, multiplier 1: 1/8 s, not said to be synced */

struct stamp_request {
	uint32_t seq;
	uint64_t sent; /* T1, in the format that error names */
	uint16_t error;
	uint16_t ssid; /* RFC 8972 section 3; 0: none */
};

struct stamp_reply {
	uint32_t seq;
	uint64_t sent, received; /* T3 and T2, in the format that error names */
	uint16_t error;
	uint16_t ssid;
	struct stamp_request request; /* as it was sent; request.ssid is not there: 0 */
	uint8_t ttl;                  /* of the request when it came */
};

/* Octets written: STAMP_LEN, or STAMP_AUTH_LEN with a key. */
size_t stamp_request_encode(const struct stamp_request *request, const struct stamp_key *key,
			    uint8_t ret[STAMP_AUTH_LEN]);

/* 0; -EBADMSG: too short, too long, or a multiplier of 0; -EACCES: the HMAC is wrong. *ret is
 * untouched on failure. */
int stamp_request_decode(const uint8_t *octets, size_t len, const struct stamp_key *key,
			 struct stamp_request *ret);
int stamp_reply_decode(const uint8_t *octets, size_t len, const struct stamp_key *key,
		       struct stamp_reply *ret);

/* Turns a request that was decoded into its reply, of the same length: nobody gets more octets than
 * he sent. TLVs (RFC 8972 section 4) come back as they are, those that we do not know flagged U and
 * those that cannot be read M. */
void stamp_reflect(uint8_t *octets, size_t len, const struct stamp_key *key,
		   const struct stamp_reply *reply);

uint64_t stamp_time(const struct timespec *time); /* CLOCK_REALTIME as in RFC 5905 section 6 */
/* Seconds between two timestamps of one clock; negative where `to` is before `from`. */
double stamp_between(uint64_t from, uint64_t to, uint16_t error);
