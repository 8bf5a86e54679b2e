/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of a record: good ones come back as they were, all others are refused and say why. */
#include "record/line.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BEGIN                                                                                \
	"{\"record\":\"begin\",\"format\":2,\"margay\":\"0.1.0\",\"unix-ms\":1795623119233," \
	"\"time\":32151.925559427}"
#define SETTINGS                                                                                 \
	"{\"policy\":\"compute-aware\",\"queue-factor\":10.0,\"hysteresis\":0."                  \
	"0050000000000000001,"                                                                   \
	"\"report-period\":5.0,\"stale-age\":0.0,\"max-age\":50.0,\"when-missing\":\"degrade\"," \
	"\"when-stale\":\"hold\",\"when-expired\":\"exclude\",\"slow-start\":0.0,"               \
	"\"minimum-share\":0.0,\"maximum-share\":1.0,\"maximum-move\":1.0,\"maximum-rtt\":0.0,"  \
	"\"minimum-score\":0.0,\"overflow\":1.0,\"cost-weight\":0.25,\"distrust\":0.0}"
#define KEPT                                                                                      \
	"{\"id\":\"ec0213f007d9b26a\",\"share\":1.0,\"known\":true,\"founder\":true,\"up\":true," \
	"\"drain-since\":\"-inf\",\"remembers\":true,\"last-sampled\":1.5,\"sampled\":1.5,"       \
	"\"window\":5.0,\"own-then\":0.1,\"own-known\":0.2,\"guess\":0.5,"                        \
	"\"last\":{\"capacity\":10.0,\"sampled-ms\":5,\"drain\":true},"                           \
	"\"shares\":[[1.0,0.3],[2.0,1.0]]}"
#define MEMORY                                                                                     \
	"{\"decided\":2.0,\"began\":1.0,\"changed\":\"-inf\",\"own-rate\":\"nan\",\"demand\":200." \
	"0,"                                                                                       \
	"\"demand-observed\":2.0,\"demand-complete\":2.0,\"demand-started\":true,\"level\":0.1,"   \
	"\"time-per-flow-time\":0.5,\"per-flow\":2.0,"                                             \
	"\"budget\":1.0,\"own-rates\":[],\"sites\":[" KEPT "]}"
#define SERVICE                                                                                    \
	"{\"record\":\"service\",\"service\":\"web\",\"settings\":" SETTINGS ",\"memory\":" MEMORY \
	"}"
#define SITE                                                                                      \
	"{\"name\":\"east\",\"in\":{\"id\":\"ec0213f007d9b26a\",\"up\":true,\"unavailable\":0.0," \
	"\"class-barred\":true,\"tier\":0,\"cost\":2.5,\"rtt\":\"inf\",\"up-since\":1.0,"         \
	"\"sampled\":1.5,\"capacity\":0.0,"                                                       \
	"\"service-time\":0.05,\"flow-time\":0.0,\"flow-count\":7.0,"                             \
	"\"handshake\":0.0,\"flows-in-flight\":2.0,\"seen-window\":5.0,\"flow-rate\":1.5,"        \
	"\"seen\":1.75,"                                                                          \
	"\"report\":{\"arrival-rate\":120.25,\"score\":7}},"                                      \
	"\"out\":{\"share\":1.0,\"wanted\":0.9,\"reason\":\"held\",\"freshness\":\"fresh\","      \
	"\"age\":0.1,\"capacity\":10.0,\"service-time\":0.05,\"capacity-by\":\"told\",\"service-" \
	"time-by\":\"other-sites\",\"rate-by\":\"nothing\",\"base\":-1.5,\"own-share-then\":0."   \
	"4,"                                                                                      \
	"\"utilisation\":0.7,\"marginal\":\"inf\",\"rtt\":0.01,\"tier\":1.0,\"cost\":0.5}}"
#define DECISION                                                                       \
	"{\"record\":\"decision\",\"service\":\"web\",\"time\":3.0,\"own-rate\":-1.0," \
	"\"own-rate-smooth\":-1.0,\"total-rate\":300.0,\"level\":0.6,\"sites\":[" SITE "]}"
#define METRIC                                                                                     \
	"{\"type\":\"gpu-utilisation\",\"category\":\"computing\",\"weight\":1.0,"                 \
	"\"normalisation\":\"min-max\",\"worst\":1.0,\"best\":0.0,\"middle\":0.0,\"steepness\":0." \
	"0}"
#define CATEGORY "{\"aggregation\":\"mean\",\"weight\":1.0}"
#define SCORED                                                                                    \
	"{\"record\":\"service\",\"service\":\"web\",\"settings\":" SETTINGS                      \
	",\"scores\":{\"aggregation\":\"min\",\"metrics\":[" METRIC "],\"categories\":[" CATEGORY \
	"," CATEGORY "," CATEGORY "," CATEGORY "]},\"memory\":" MEMORY "}"
#define LOST "{\"record\":\"lost\",\"lost\":3}"
#define END  "{\"record\":\"end\",\"why\":\"signal\",\"decisions\":14,\"lost\":3}"

/* Reads a copy of exactly its length. */
static int read_text(const char *text, size_t len, struct record_line *ret, char *why)
{
	_cleanup_(freep) char *exact = malloc(len + !len);

	memcpy(exact, text, len);
	return record_line_read(exact, len, ret, why);
}

static const char *const good[] = { BEGIN, SERVICE, SCORED, DECISION, LOST, END };

Test(record, comes_back_as_it_was)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(record_line_clear) struct record_line line = { 0 }, again = { 0 };
		_cleanup_(freep) char *text = NULL, *twice = NULL;
		char why[FORM_FAULT_LEN] = "";
		size_t len = 0, twice_len = 0;

		cr_assert(eq(int, read_text(good[i], strlen(good[i]), &line, why), 0), "%s: %s",
			  good[i], why);
		text = record_line_write(&line, &len);
		cr_assert(len > 1, "%zu", len);
		cr_expect(eq(chr, text[len - 1], '\n'));
		cr_assert(eq(int, read_text(text, len - 1, &again, why), 0), "%s", why);
		twice = record_line_write(&again, &twice_len);
		cr_assert(eq(sz, twice_len, len));
		cr_expect(eq(int, memcmp(twice, text, len), 0), "%s", good[i]);
	}
}

Test(record, keeps_every_bit)
{
	_cleanup_(record_line_clear) struct record_line line = { 0 };
	char why[FORM_FAULT_LEN];

	cr_assert(eq(int, read_text(SERVICE, strlen(SERVICE), &line, why), 0));
	cr_expect(eq(dbl, line.config.hysteresis, 0.005));
	cr_expect(eq(int, (int)line.config.on_expired, DISTRUST_EXCLUDE));
	cr_expect(eq(dbl, line.config.limits.cost_weight_s, 0.25));
	cr_expect(eq(sz, line.memory.count, 1));
	cr_expect(eq(u64, line.memory.site[0].id, 0xec0213f007d9b26aull));
	cr_expect(isinf(line.memory.changed_s) && line.memory.changed_s < 0);
	cr_expect(isnan(line.memory.own_rate));
	cr_expect(eq(u32, line.memory.site[0].last.has, REPORT_CAPACITY | REPORT_SAMPLED));
	cr_expect(line.memory.site[0].last.drain);
	cr_expect(eq(sz, line.memory.site[0].shares.count, 2));
	cr_expect(eq(dbl, line.memory.site[0].shares.step[1].value, 1.0));
}

Test(record, tells_a_decision)
{
	_cleanup_(record_line_clear) struct record_line line = { 0 };
	const struct record_site *site;
	char why[FORM_FAULT_LEN];

	cr_assert(eq(int, read_text(DECISION, strlen(DECISION), &line, why), 0));
	cr_assert(eq(sz, line.decision.count, 1));
	site = &line.decision.site[0];
	cr_expect(eq(str, (char *)site->name, "east"));
	cr_expect(site->in.has_report);
	cr_expect(eq(u32, site->in.report.score, 7));
	cr_expect(eq(dbl, site->in.report.arrival_rate, 120.25));
	cr_expect(eq(int, (int)site->verdict.reason, REASON_HELD));
	cr_expect(eq(u64, site->verdict.id, site->in.id));
	cr_expect(isinf(site->verdict.marginal_s));
	cr_expect(site->in.class_barred);
	cr_expect(eq(dbl, site->in.cost, 2.5));
	cr_expect(eq(dbl, site->verdict.rtt_s, 0.01));
	cr_expect(eq(dbl, site->verdict.tier_s, 1));
	cr_expect(eq(dbl, site->verdict.cost_s, 0.5));
}

Test(record, refuses_every_truncation)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		for (size_t len = 0; len < strlen(good[i]); len++) {
			struct record_line line;
			char why[FORM_FAULT_LEN] = "";

			cr_assert(eq(int, read_text(good[i], len, &line, why), -EBADMSG), "%.*s",
				  (int)len, good[i]);
			cr_assert(why[0] != '\0');
		}
}

/* In this line this is put in the place of that; then this is said. */
static const struct {
	const char *name, *line, *that, *this, *why;
} damages[] = {
	{ "no record", BEGIN, "\"record\":\"begin\",", "", "'record' must be" },
	{ "another kind", BEGIN, "\"begin\"", "\"start\"", "'record' must be" },
	{ "an array", LOST, LOST, "[]", "one JSON object" },
	{ "a name twice", LOST, "\"lost\":3", "\"lost\":3,\"lost\":4", "not JSON" },
	{ "an unknown format", BEGIN, "\"format\":2", "\"format\":1", "format 1" },
	{ "a format of another type", BEGIN, "\"format\":2", "\"format\":\"2\"", "'format' must" },
	{ "no format", BEGIN, "\"format\":2,", "", "'format' must" },
	{ "a negative time", BEGIN, "32151.9", "-1.9", "'time' must be" },
	{ "a version too long", BEGIN, "0.1.0", "0123456789012345678901234567890123456789",
	  "'margay' must be" },
	{ "an unknown member", BEGIN, "\"margay\"", "\"x\":1,\"margay\"", "'x' is not known" },
	{ "an unknown member that steers", BEGIN, "\"margay\"", "\"\\u001b[2J\":1,\"margay\"",
	  "'?[2J' is not known" },
	{ "an unknown setting", SERVICE, "\"policy\"", "\"x\":1,\"policy\"", "'x' is not known" },
	{ "an unknown policy", SERVICE, "compute-aware", "best", "'policy' must be a word" },
	{ "a setting is missing", SERVICE, "\"overflow\":1.0,", "", "'overflow' is missing" },
	{ "a setting out of range", SERVICE, "\"hysteresis\":0.005", "\"hysteresis\":1.005",
	  "'hysteresis' must be a number from 0 to 1" },
	{ "settings of another type", SERVICE, SETTINGS, "[]", "'settings' must be an object" },
	{ "memory of another type", SERVICE, MEMORY, "3", "'memory' must be an object" },
	{ "memory's sites of another type", SERVICE, "[" KEPT "]", "{}", "'sites' must be a list" },
	{ "a memory's site of another type", SERVICE, KEPT, "7", "'sites' must have objects" },
	{ "a history of single numbers", SERVICE, "[1.0,0.3]", "1.0", "pairs of numbers" },
	{ "a history of three numbers", SERVICE, "[1.0,0.3]", "[1.0,0.3,3]", "pairs of numbers" },
	{ "a history of words", SERVICE, "[1.0,0.3]", "[1.0,\"x\"]", "pairs of numbers" },
	{ "a history that goes back", SERVICE, "[2.0,1.0]", "[0.5,1.0]", "goes back in time" },
	{ "a history that is none", SERVICE, "[[1.0,0.3],[2.0,1.0]]", "\"x\"", "must be a list" },
	{ "a last report unremembered", SERVICE, "\"remembers\":true,", "", "'last' is there if" },
	{ "no last report though remembered", SERVICE,
	  "\"last\":{\"capacity\":10.0,\"sampled-ms\":5,\"drain\":true},", "",
	  "'last' is there if" },
	{ "an id too short", SERVICE, "ec0213f007d9b26a", "ec0213f0", "16 hexadecimal digits" },
	{ "an id of other digits", SERVICE, "ec0213f007d9b26a", "EC0213F007D9B26A",
	  "16 hexadecimal digits" },
	{ "a flag of another type", SERVICE, "\"known\":true", "\"known\":1", "true or false" },
	{ "an unknown member of a site", SERVICE, "\"known\"", "\"x\":2,\"known\"", "'x' is not" },
	{ "scores of another type", SCORED, "{\"aggregation\":\"min\"", "[{\"aggregation\":\"min\"",
	  "not JSON" },
	{ "a score's metric unknown", SCORED, "\"type\"", "\"kind\"", "'type' is missing" },
	{ "a score's metric twice", SCORED, METRIC, METRIC "," METRIC, "metric 2 cannot be" },
	{ "a score's metric without ends", SCORED, "\"worst\":1.0", "\"worst\":0.0", "cannot be" },
	{ "a score's category too few", SCORED, CATEGORY ",", "", "'categories' must be" },
	{ "an unknown member of scores", SCORED, "\"metrics\"", "\"x\":1,\"metrics\"",
	  "'x' is not" },
	{ "a service without a name", SERVICE, "\"service\":\"web\",", "", "'service' must be" },
	{ "a name that steers", SERVICE, "\"web\"", "\"\\u001b[2J\"", "'service' must be" },
	{ "a name that steers by C1", DECISION, "\"web\"", "\"\\u009b2J\"", "'service' must be" },
	{ "a name with the first of C1", DECISION, "\"web\"", "\"\\u0080\"", "'service' must be" },
	{ "a name with the last of C1", DECISION, "\"web\"", "\"\\u009f\"", "'service' must be" },
	{ "a version of one octet too many", BEGIN, "0.1.0", "01234567890123456789012345678901",
	  "'margay' must be" },
	{ "a share above 1", DECISION, "\"share\":1.0", "\"share\":1.5", "'share' must be" },
	{ "a word for a number", DECISION, "\"age\":0.1", "\"age\":\"old\"", "'age' must be" },
	{ "null for a number", DECISION, "\"age\":0.1", "\"age\":null", "'age' must be" },
	{ "infinite where it cannot be", DECISION, "\"wanted\":0.9", "\"wanted\":\"inf\"",
	  "'wanted' must be" },
	{ "an unknown reason", DECISION, "\"held\"", "\"luck\"", "'reason' must be a word" },
	{ "a score of 11", DECISION, "\"score\":7", "\"score\":11", "integer from 0 to 10" },
	{ "half a score", DECISION, "\"score\":7", "\"score\":7.5", "integer from 0 to 10" },
	{ "an unknown member of a report", DECISION, "\"score\"", "\"x\":1,\"score\"",
	  "'x' is not" },
	{ "a report of another type", DECISION, "{\"arrival-rate\":120.25,\"score\":7}", "1",
	  "'report' must be an object" },
	{ "no sites", DECISION, ",\"sites\":[" SITE "]", "", "'sites' must be a list" },
	{ "a site twice", DECISION, SITE, SITE "," SITE, "has a site twice" },
	{ "a site without what came out", DECISION, "\"out\"", "\"gone\"", "'out' must be" },
	{ "a site without what went in", DECISION, "\"in\"", "\"gone\"", "'in' must be" },
	{ "lost a part", LOST, "3", "0.5", "'lost' must be an integer" },
	{ "lost less than none", LOST, "3", "-3", "'lost' must be an integer" },
	{ "an end without reason", END, "\"why\":\"signal\",", "", "'why' is missing" },
};

static char *damage(const char *line, const char *that, const char *this)
{
	const char *at = strstr(line, that);
	char *text = NULL;

	cr_assert(at != NULL, "%s", that);
	cr_assert(asprintf(&text, "%.*s%s%s", (int)(at - line), line, this, at + strlen(that)) > 0,
		  "no memory");
	return text;
}

Test(record, refuses_what_is_damaged)
{
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		_cleanup_(freep) char *text =
			damage(damages[i].line, damages[i].that, damages[i].this);
		struct record_line line;
		char why[FORM_FAULT_LEN] = "";

		cr_expect(eq(int, read_text(text, strlen(text), &line, why), -EBADMSG), "%s",
			  damages[i].name);
		cr_expect(strstr(why, damages[i].why) != NULL, "%s: %s", damages[i].name, why);
	}
}

/* So in the place of that is good as well. */
static const struct {
	const char *name, *line, *that, *this;
} variants[] = {
	{ "two steps of one moment", SERVICE, "[2.0,1.0]", "[1.0,1.0]" },
	{ "the longest version", BEGIN, "0.1.0", "0123456789012345678901234567890" },
	{ "a name with what follows C1", DECISION, "\"web\"", "\"\\u00a0\"" },
	{ "the highest score", DECISION, "\"score\":7", "\"score\":10" },
};

Test(record, takes_what_is_just_good)
{
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		_cleanup_(record_line_clear) struct record_line line = { 0 };
		_cleanup_(freep) char *text =
			damage(variants[i].line, variants[i].that, variants[i].this);
		char why[FORM_FAULT_LEN] = "";

		cr_expect(eq(int, read_text(text, strlen(text), &line, why), 0), "%s: %s",
			  variants[i].name, why);
	}
}

Test(record, refuses_what_is_huge)
{
	_cleanup_(freep) char *text = malloc(RECORD_LINE_MAX);
	struct record_line line;
	char why[FORM_FAULT_LEN] = "";

	memset(text, ' ', RECORD_LINE_MAX);
	memcpy(text, LOST, strlen(LOST));
	cr_expect(eq(int, record_line_read(text, RECORD_LINE_MAX, &line, why), -EBADMSG));
	cr_expect(strstr(why, "at most") != NULL, "%s", why);
	cr_expect(eq(int, record_line_read(text, RECORD_LINE_MAX - 1, &line, why), 0), "%s", why);
}

Test(record, refuses_more_sites_than_there_can_be)
{
	_cleanup_(freep) char *sites = calloc(RECORD_SITES_MAX + 1, 4), *text = NULL;
	struct record_line line;
	char why[FORM_FAULT_LEN] = "";

	for (size_t i = 0; i <= RECORD_SITES_MAX; i++)
		strcpy(sites + 3 * i, i ? ",{}" : " {}");
	text = damage(DECISION, SITE, sites);
	cr_expect(eq(int, read_text(text, strlen(text), &line, why), -EBADMSG));
	cr_expect(strstr(why, "at most 1024") != NULL, "%s", why);
}
