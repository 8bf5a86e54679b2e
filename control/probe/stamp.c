/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe/stamp.h"

#include "base/cursor.h"
#include "base/writer.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define NTP_EPOCH 2208988800u /* of 1970, in seconds since 1900 */

#define HMAC_COVERS 96
#define HMAC_LEN    16

#define TLV_HEADER       4
#define TLV_UNRECOGNIZED 0x80 /* U */
#define TLV_MALFORMED    0x40 /* M */
#define TLV_PADDING      1    /* RFC 8972 section 4.1: extra padding */

/* Where the fields are: authenticated packets have each part in a block of sixteen octets. */
struct layout {
	size_t len;
	size_t sent, ssid;                                                      /* both ways */
	size_t received, request_seq, request_sent, request_error, request_ttl; /* of a reply */
};

static const struct layout layouts[] = {
	{ STAMP_LEN, 4, 14, 16, 24, 28, 36, 40 },
	{ STAMP_AUTH_LEN, 16, 26, 32, 48, 64, 72, 80 },
};

static const struct layout *layout_of(const struct stamp_key *key)
{
	return &layouts[key->len > 0];
}

static struct writer at(uint8_t *octets, size_t offset)
{
	return writer_of(octets + offset, STAMP_AUTH_LEN - offset);
}

static struct cursor from(const uint8_t *octets, size_t len, size_t offset)
{
	struct cursor c = cursor_of(octets, len);

	cursor_take(&c, offset);
	return c;
}

static void hmac(const uint8_t *octets, const struct stamp_key *key, uint8_t ret[HMAC_LEN])
{
	uint8_t whole[EVP_MAX_MD_SIZE] = { 0 };

	HMAC(EVP_sha256(), key->octet, (int)key->len, octets, HMAC_COVERS, whole, NULL);
	memcpy(ret, whole, HMAC_LEN);
}

static int verify(const uint8_t *octets, size_t len, const struct stamp_key *key)
{
	uint8_t want[HMAC_LEN];

	if (len < layout_of(key)->len || len > STAMP_LEN_MAX)
		return -EBADMSG;
	if (!key->len)
		return 0;
	hmac(octets, key, want);
	return CRYPTO_memcmp(want, octets + HMAC_COVERS, HMAC_LEN) ? -EACCES : 0;
}

static bool error_is_good(uint16_t error)
{
	return error & 0xff; /* RFC 4656 section 4.1.2: a multiplier of 0 is to be discarded */
}

size_t stamp_request_encode(const struct stamp_request *request, const struct stamp_key *key,
			    uint8_t ret[STAMP_AUTH_LEN])
{
	const struct layout *layout = layout_of(key);
	struct writer w = at(ret, 0);

	memset(ret, 0, STAMP_AUTH_LEN);
	writer_u32(&w, request->seq);
	w = at(ret, layout->sent);
	writer_uint(&w, request->sent, 8);
	writer_u16(&w, request->error);
	writer_u16(&w, request->ssid);
	if (key->len)
		hmac(ret, key, ret + HMAC_COVERS);
	return layout->len;
}

int stamp_request_decode(const uint8_t *octets, size_t len, const struct stamp_key *key,
			 struct stamp_request *ret)
{
	struct stamp_request request;
	struct cursor c = from(octets, len, 0);
	int r = verify(octets, len, key);

	if (r < 0)
		return r;
	request.seq = cursor_u32(&c);
	c = from(octets, len, layout_of(key)->sent);
	request.sent = cursor_uint(&c, 8);
	request.error = cursor_u16(&c);
	request.ssid = cursor_u16(&c);
	if (!error_is_good(request.error))
		return -EBADMSG;
	*ret = request;
	return 0;
}

int stamp_reply_decode(const uint8_t *octets, size_t len, const struct stamp_key *key,
		       struct stamp_reply *ret)
{
	const struct layout *layout = layout_of(key);
	struct stamp_request sent;
	struct stamp_reply reply = { 0 };
	struct cursor c;
	int r = stamp_request_decode(octets, len, key, &sent);

	if (r < 0)
		return r;
	reply.seq = sent.seq;
	reply.sent = sent.sent;
	reply.error = sent.error;
	reply.ssid = sent.ssid;
	c = from(octets, len, layout->received);
	reply.received = cursor_uint(&c, 8);
	c = from(octets, len, layout->request_seq);
	reply.request.seq = cursor_u32(&c);
	c = from(octets, len, layout->request_sent);
	reply.request.sent = cursor_uint(&c, 8);
	reply.request.error = cursor_u16(&c);
	c = from(octets, len, layout->request_ttl);
	reply.ttl = cursor_u8(&c);
	*ret = reply;
	return 0;
}

/* The flags are the TLV's first octet, its second the type (RFC 8972 section 4). */
static void flag_tlvs(uint8_t *octets, size_t len)
{
	while (len) {
		size_t value = len < TLV_HEADER ? 0 : (size_t)octets[2] << 8 | octets[3];

		octets[0] &= (uint8_t) ~(TLV_UNRECOGNIZED | TLV_MALFORMED);
		if (len < TLV_HEADER || value > len - TLV_HEADER) {
			octets[0] |= TLV_MALFORMED; /* and all behind it */
			return;
		}
		if (octets[1] != TLV_PADDING)
			octets[0] |= TLV_UNRECOGNIZED;
		octets += TLV_HEADER + value;
		len -= TLV_HEADER + value;
	}
}

void stamp_reflect(uint8_t *octets, size_t len, const struct stamp_key *key,
		   const struct stamp_reply *reply)
{
	const struct layout *layout = layout_of(key);
	struct writer w = at(octets, 0);

	memset(octets, 0, layout->len);
	writer_u32(&w, reply->seq);
	w = at(octets, layout->sent);
	writer_uint(&w, reply->sent, 8);
	writer_u16(&w, reply->error);
	writer_u16(&w, reply->ssid);
	w = at(octets, layout->received);
	writer_uint(&w, reply->received, 8);
	w = at(octets, layout->request_seq);
	writer_u32(&w, reply->request.seq);
	w = at(octets, layout->request_sent);
	writer_uint(&w, reply->request.sent, 8);
	writer_u16(&w, reply->request.error);
	w = at(octets, layout->request_ttl);
	writer_u8(&w, reply->ttl);
	if (key->len)
		hmac(octets, key, octets + HMAC_COVERS);
	flag_tlvs(octets + layout->len, len - layout->len);
}

uint64_t stamp_time(const struct timespec *time)
{
	uint64_t seconds = (uint32_t)((uint64_t)time->tv_sec + NTP_EPOCH);

	return seconds << 32 | ((uint64_t)time->tv_nsec << 32) / 1000000000;
}

double stamp_between(uint64_t from_time, uint64_t to_time, uint16_t error)
{
	int32_t seconds;

	if (!(error & STAMP_ERROR_PTP))
		return (double)(int64_t)(to_time - from_time) / 4294967296.0;
	seconds = (int32_t)((uint32_t)(to_time >> 32) - (uint32_t)(from_time >> 32));
	return seconds + ((double)(uint32_t)to_time - (double)(uint32_t)from_time) / 1e9;
}
