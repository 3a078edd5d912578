/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known of an account's mail, in memory: an array in the order of the file, the UIDs behind
 * one another, and an open-addressing table of 32-bit indices, at most three quarters full: 86 to
 * 91 octets a row besides the UID. UIDs are chosen by the server, so they are hashed with a secret
 * key: no listing can be made to collide.
 */
#include "local/seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct seen_set {
	struct seen *rows;
	char *uids;
	uint32_t *slots; /* index into rows + 1; 0: free */
	size_t n, n_max, mask;
	size_t octets, octets_max; /* of uids */
	size_t counts[STORE_REMOVED + 1];
	uint64_t key[2];
};

static uint64_t hash(const uint64_t key[2], struct store_key k)
{
	return hash_keyed(key, k.uid, k.occurrence);
}

/* Where the key is, or the free slot where it would be. */
static uint32_t *find_slot(const struct seen_set *set, struct store_key key)
{
	size_t i = (size_t)hash(set->key, key) & set->mask;

	while (set->slots[i]) {
		const struct store_key *k = &set->rows[set->slots[i] - 1].key;

		if (k->occurrence == key.occurrence && span_equal(k->uid, key.uid))
			break;
		i = (i + 1) & set->mask;
	}
	return &set->slots[i];
}

struct seen_set *seen_set_new(size_t n, size_t uid_octets)
{
	struct seen_set *set = xcalloc(1, sizeof(*set));
	size_t slots = 16;

	while (slots / 4 * 3 < n)
		slots *= 2;
	set->mask = slots - 1;
	set->slots = xcalloc(slots, sizeof(*set->slots));
	set->rows = xcalloc(n, sizeof(*set->rows));
	set->uids = xmalloc(uid_octets);
	set->n_max = n;
	set->octets_max = uid_octets;
	hash_new_key(set->key);
	return set;
}

bool seen_set_add(struct seen_set *set, const struct seen *row)
{
	struct span uid = row->key.uid;
	uint32_t *slot = find_slot(set, row->key);
	struct seen *copy = &set->rows[set->n];

	if (*slot || set->n == set->n_max || uid.len > set->octets_max - set->octets)
		return false;
	*copy = *row;
	copy->key.uid.data = set->uids + set->octets;
	if (uid.len)
		memcpy(set->uids + set->octets, uid.data, uid.len);
	set->octets += uid.len;
	*slot = (uint32_t)++set->n;
	set->counts[row->state]++;
	return true;
}

const struct seen *seen_find(const struct seen_set *set, struct store_key key)
{
	uint32_t at = *find_slot(set, key);

	return at ? &set->rows[at - 1] : NULL;
}

size_t seen_count(const struct seen_set *set, enum store_state state)
{
	return set->counts[state];
}

const struct seen *seen_at(const struct seen_set *set, size_t i)
{
	return i < set->n ? &set->rows[i] : NULL;
}

void seen_set_free(struct seen_set *set)
{
	if (!set)
		return;
	free(set->rows);
	free(set->uids);
	free(set->slots);
	free(set);
}
