/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRV records: answers of name servers, and the order of targets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/srv.h"

/* ---- answers, put together by hand (RFC 1035 s.4) ---- */

static void add_16(struct buf *b, unsigned n)
{
	const char octets[2] = {(char)(n >> 8), (char)(n & 0xff)};

	buf_add(b, octets, 2);
}

/* "a.b": 1 a 1 b 0 */
static void add_name(struct buf *b, const char *name)
{
	struct span rest = span_of(name);

	while (rest.len) {
		const char *dot = memchr(rest.data, '.', rest.len);
		size_t n = dot ? (size_t)(dot - rest.data) : rest.len;
		char len = (char)n;

		buf_add(b, &len, 1);
		buf_add(b, rest.data, n);
		n += dot != NULL;
		rest = (struct span){rest.data + n, rest.len - n};
	}
	buf_add(b, "", 1);
}

static void begin(struct buf *b, unsigned answers)
{
	add_16(b, 1);
	add_16(b, 0x8180);
	add_16(b, 1);
	add_16(b, answers);
	add_16(b, 0);
	add_16(b, 0);
	add_name(b, "_pop3s._tcp.example.org");
	add_16(b, 33);
	add_16(b, 1);
}

/* One record: its name is that of the question, its data are these. */
static void add_record(struct buf *b, unsigned type, struct span data)
{
	add_16(b, 0xc00c);
	add_16(b, type);
	add_16(b, 1);
	add_16(b, 0);
	add_16(b, 60);
	add_16(b, (unsigned)data.len);
	buf_add(b, data.data, data.len);
}

static void add_target(
	struct buf *b, unsigned priority, unsigned weight, unsigned port, const char *host)
{
	struct buf data = {NULL, 0, 0};

	add_16(&data, priority);
	add_16(&data, weight);
	add_16(&data, port);
	add_name(&data, host);
	add_record(b, 33, buf_span(&data));
	buf_release(&data);
}

/* Reads it from a block of exactly its size. */
static bool look(const struct buf *b, size_t len, struct srv *out)
{
	char *copy = xmalloc(len);
	bool done;

	memcpy(copy, b->data, len);
	done = srv_read((struct span){copy, len}, out);
	free(copy);
	return done;
}

static void srv__targets_are_read(void **state)
{
	struct buf b = {NULL, 0, 0};
	struct srv srv;

	(void)state;
	begin(&b, 3);
	add_target(&b, 10, 5, 995, "Pop.example.org");
	add_record(&b, 5, (struct span){"\xc0\x0c", 2}); /* a CNAME is passed over */
	add_target(&b, 0, 65535, 65535, "a.b.c");
	assert_true(look(&b, b.len, &srv));
	assert_int_equal(srv.answer, SRV_FOUND);
	assert_int_equal(srv.n, 2);
	assert_string_equal(srv.targets[0].host, "Pop.example.org");
	assert_int_equal(srv.targets[0].priority, 10);
	assert_int_equal(srv.targets[0].weight, 5);
	assert_int_equal(srv.targets[0].port, 995);
	assert_string_equal(srv.targets[1].host, "a.b.c");
	assert_int_equal(srv.targets[1].weight, 65535);
	/* However much of it is missing. */
	for (size_t len = 0; len < b.len; len++) {
		assert_false(look(&b, len, &srv));
		assert_int_equal(srv.answer, SRV_FAILED);
	}
	buf_release(&b);
}

static void srv__the_root_means_that_there_is_none(void **state)
{
	struct buf b = {NULL, 0, 0};
	struct srv srv;

	(void)state;
	begin(&b, 1);
	add_target(&b, 0, 0, 0, "");
	assert_true(look(&b, b.len, &srv));
	assert_int_equal(srv.answer, SRV_REFUSED);
	buf_clear(&b);
	begin(&b, 0);
	assert_true(look(&b, b.len, &srv));
	assert_int_equal(srv.answer, SRV_NONE);
	/* Beside a target it means nothing. */
	buf_clear(&b);
	begin(&b, 2);
	add_target(&b, 0, 0, 0, "");
	add_target(&b, 0, 0, 995, "pop.example.org");
	assert_true(look(&b, b.len, &srv));
	assert_int_equal(srv.answer, SRV_FOUND);
	buf_release(&b);
}

static void srv__what_is_no_host_is_left_out(void **state)
{
	static const char *const hosts[] = {"pop example.org", "pop\n.org", "a\x1b[31m.org",
		"a;b.org", "\xc3\xa4.org", "a/b.org"};
	static const struct span broken[] = {
		{"", 0}, {"\0\0\0\0\3\xe3", 6}, {"\0\0\0\0\3", 5}, /* too short */
		{"\0\0\0\0\3\xe3\xff\xff", 8},                     /* a pointer out of it */
		{"\0\0\0\0\3\xe3\5ab", 9},                         /* a label without an end */
	};
	struct srv srv;

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		struct buf b = {NULL, 0, 0};

		begin(&b, 2);
		add_target(&b, 0, 0, 995, hosts[i]);
		add_target(&b, 0, 0, 0, "no.port.org");
		assert_true(look(&b, b.len, &srv));
		assert_int_equal(srv.answer, SRV_NONE);
		buf_release(&b);
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct buf b = {NULL, 0, 0};

		begin(&b, 1);
		add_record(&b, 33, broken[i]);
		if (look(&b, b.len, &srv))
			assert_int_equal(srv.answer, SRV_NONE);
		buf_release(&b);
	}
}

static void srv__no_more_are_kept_than_there_is_room_for(void **state)
{
	struct buf b = {NULL, 0, 0};
	struct srv srv;

	(void)state;
	begin(&b, SRV_TARGETS_MAX + 5);
	for (unsigned i = 0; i < SRV_TARGETS_MAX + 5; i++)
		add_target(&b, i, 0, 995, "pop.example.org");
	assert_true(look(&b, b.len, &srv));
	assert_int_equal(srv.n, SRV_TARGETS_MAX);
	assert_int_equal(srv.targets[SRV_TARGETS_MAX - 1].priority, SRV_TARGETS_MAX - 1);
	buf_release(&b);
}

/* ---- their order ---- */

struct chance {
	const uint32_t *numbers;
	uint32_t max[SRV_TARGETS_MAX];
	size_t n;
};

static uint32_t pick(void *context, uint32_t max)
{
	struct chance *c = context;

	assert_in_range(c->n, 0, SRV_TARGETS_MAX - 1);
	c->max[c->n] = max;
	assert_in_range(c->numbers[c->n], 0, max);
	return c->numbers[c->n++];
}

static void put(struct srv *srv, const char *host, uint16_t priority, uint16_t weight)
{
	struct srv_target *t = &srv->targets[srv->n++];

	memset(t, 0, sizeof(*t));
	memcpy(t->host, host, strlen(host) + 1);
	t->priority = priority;
	t->weight = weight;
}

static void check_order(const uint32_t *numbers, const char *want, const uint32_t *max)
{
	struct chance chance = {.numbers = numbers};
	struct srv srv = {.answer = SRV_FOUND};
	char got[8] = "";

	put(&srv, "c", 20, 0);
	put(&srv, "x", 10, 30);
	put(&srv, "y", 10, 10);
	put(&srv, "z", 10, 0);
	put(&srv, "a", 5, 7);
	srv_sort(&srv, pick, &chance);
	assert_int_equal(srv.n, 5);
	assert_int_equal(chance.n, 5);
	for (size_t i = 0; i < srv.n; i++) {
		got[i] = srv.targets[i].host[0];
		assert_int_equal(chance.max[i], max[i]);
	}
	assert_string_equal(got, want);
}

/* RFC 2782: of one priority, one without weight is hardly ever the first. */
static void srv__are_tried_by_priority_and_then_by_weight(void **state)
{
	(void)state;
	check_order(
		(const uint32_t[]){0, 0, 1, 1, 0}, "azxyc", (const uint32_t[]){7, 40, 40, 10, 0});
	check_order(
		(const uint32_t[]){7, 30, 10, 0, 0}, "axyzc", (const uint32_t[]){7, 40, 10, 0, 0});
	check_order(
		(const uint32_t[]){7, 31, 0, 1, 0}, "ayzxc", (const uint32_t[]){7, 40, 30, 30, 0});
	check_order(
		(const uint32_t[]){7, 40, 30, 0, 0}, "ayxzc", (const uint32_t[]){7, 40, 30, 0, 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(srv__targets_are_read),
		cmocka_unit_test(srv__the_root_means_that_there_is_none),
		cmocka_unit_test(srv__what_is_no_host_is_left_out),
		cmocka_unit_test(srv__no_more_are_kept_than_there_is_room_for),
		cmocka_unit_test(srv__are_tried_by_priority_and_then_by_weight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
