/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SipHash-2-4 by its description, with the length and the salt in a last word of their own. */
#include "base/hash.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void sip_rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

uint64_t hash_keyed(const uint64_t key[2], struct span octets, uint32_t salt)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
		key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= octets.len; i += sizeof(word)) {
		memcpy(&word, octets.data + i, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	if (i < octets.len)
		memcpy(&word, octets.data + i, octets.len - i);
	sip_word(v, word);
	sip_word(v, (uint64_t)octets.len << 32 | salt);
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void hash_new_key(uint64_t key[2])
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	/* Without a source of randomness the time is better than a constant. */
	if (fd < 0 || file_read_all(fd, key, 2 * sizeof(*key)) != 2 * (ssize_t)sizeof(*key)) {
		key[0] = (uint64_t)t.tv_nsec * 0x9e3779b97f4a7c15u;
		key[1] = (uint64_t)t.tv_sec ^ (uint64_t)getpid() << 32;
	}
	if (fd >= 0)
		close(fd);
}
