/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail that is never stored. Every body is a walk round one ring of 4099 random lines of 76
 * characters, made once from the seed; the message's number decides where the walk begins. So any
 * octet of any message can be told from (number, seed, position), and sending costs no copying. A
 * prime number of lines keeps the ring out of step with every power-of-two buffer: a block lost or
 * sent twice changes the octets behind it. */
#include "generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 78, LINES = 4099 };

static void fill_pattern(char *out, uint64_t seed)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t bits = 0;

	for (size_t i = 0; i < (size_t)LINE * LINES; i++) {
		size_t column = i % LINE;
		if (i % 8 == 0)
			bits = mix64(seed ^ mix64(i));
		out[i] = alphabet[bits >> (i % 8 * 8) & 63];
		if (column == LINE - 2)
			out[i] = '\r';
		else if (column == LINE - 1)
			out[i] = '\n';
	}
}

/* A stretched header is one octet longer. */
static size_t full_header(const struct generator *g, uint32_t number, bool stretch, char *out)
{
	return (size_t)snprintf(out, GENERATE_HEADER_MAX,
		"From: Popd <popd@example.org>\r\n"
		"To: Anna <anna@example.org>\r\n"
		"Subject: Generated message %u%s\r\n"
		"Date: Mon, 05 Jan 2026 12:00:00 +0000\r\n"
		"Message-ID: <%u.%llx@popd.example.org>\r\n"
		"X-Popd-Number: %u\r\n\r\n",
		number, stretch ? "." : "", number, (unsigned long long)g->seed, number);
}

static size_t short_header(uint32_t number, bool stretch, char *out)
{
	return (size_t)snprintf(out, GENERATE_HEADER_MAX, "X-Popd-Number: %s%u\r\n\r\n",
		stretch ? " " : "", number);
}

/* The last line may be of any length but one octet, which cannot hold a line end; a stretched
 * header takes that octet in. */
size_t generator_header(const struct generator *g, uint32_t number,
	char out[static GENERATE_HEADER_MAX])
{
	size_t len = full_header(g, number, false, out);
	bool full = len <= g->size;

	if (!full)
		len = short_header(number, false, out);
	if (g->size < len || (g->size - len) % LINE != 1)
		return len;
	return full ? full_header(g, number, true, out) : short_header(number, true, out);
}

struct span generator_body(const struct generator *g, uint32_t number, uint64_t length,
	uint64_t at)
{
	uint64_t ring = (uint64_t)LINE * LINES;
	uint64_t whole = length - length % LINE;
	uint64_t start = mix64(g->seed ^ mix64(number)) % LINES * LINE;
	size_t offset = (size_t)((start + at) % ring);
	uint64_t left;

	if (at < whole)
		left = whole - at;
	else if (at + 2 < length)
		left = length - 2 - at;
	else
		return (struct span){&"\r\n"[at + 2 - length], (size_t)(length - at)};
	if (left > ring - offset)
		left = ring - offset;
	return (struct span){g->pattern + offset, (size_t)left};
}

bool generator_init(struct generator *g, const char *spec, uint64_t seed, struct problem *p)
{
	char header[GENERATE_HEADER_MAX];
	const char *colon = strchr(spec, ':');
	uint64_t count;

	*g = (struct generator){.seed = seed};
	if (!colon || !parse_u64(spec, (size_t)(colon - spec), 100000000, &count)
	    || !parse_size(colon + 1, strlen(colon + 1), &g->size))
		return problem_set(p, "\"%s\" is not N:SIZE, such as 1000:4K", spec);
	g->count = (uint32_t)count;
	if (g->size < short_header(g->count, true, header))
		return problem_set(p, "\"%s\": a message of %u needs at least %zu octets", spec,
			g->count, short_header(g->count, true, header));
	g->pattern = mem_new((size_t)LINE * LINES);
	fill_pattern(g->pattern, seed);
	return true;
}

void generator_release(struct generator *g)
{
	free(g->pattern);
	*g = (struct generator){0};
}
