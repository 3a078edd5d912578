/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Print and size both equal make a pair; several such mails are paired in their order. A sender
 * chooses what the print is made of, and may send the same header twice: so a print alone is
 * enough only where nearly all that is new has its vanished twin, most of these pairs differ in
 * size, and the print stands on exactly one mail of each side. What is left out comes once more,
 * which loses nothing.
 */
#include "fetch/adopt.h"

#include <stdlib.h>

#include "base/mem.h"

enum { EVIDENT = 3 };

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

size_t adopt_candidates(const struct adopt_mail *gone, size_t gone_n,
	const struct adopt_mail *fresh, size_t fresh_n, bool *ask)
{
	uint64_t *sizes = xcalloc(gone_n, sizeof(*sizes));
	size_t sizes_n = 0, n = 0;
	bool unknown = false;

	for (size_t i = 0; i < gone_n; i++)
		if (gone[i].print) {
			sizes[sizes_n++] = gone[i].size;
			unknown = unknown || !gone[i].size;
		}
	qsort(sizes, sizes_n, sizeof(*sizes), by_number);
	for (size_t i = 0; i < fresh_n; i++) {
		ask[i] = unknown || !fresh[i].size ||
			bsearch(&fresh[i].size, sizes, sizes_n, sizeof(*sizes), by_number);
		n += ask[i];
	}
	free(sizes);
	return n;
}

/* Vanished and new mails in one array: first by print, then by size, vanished ones in front. */
struct item {
	uint64_t print, size;
	bool fresh;
	size_t place;
};

static int by_print(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->print != y->print)
		return x->print < y->print ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	if (x->fresh != y->fresh)
		return x->fresh ? 1 : -1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static size_t add_items(
	struct item *items, size_t n, const struct adopt_mail *mails, size_t mails_n, bool fresh)
{
	for (size_t i = 0; i < mails_n; i++)
		if (mails[i].print)
			items[n++] = (struct item){mails[i].print, mails[i].size, fresh, i};
	return n;
}

/* Items of one print and one known size: as many pairs as there can be, in order. */
static size_t pair_equals(const struct item *items, size_t n, size_t *became)
{
	size_t gone = 0, pairs;

	while (gone < n && !items[gone].fresh)
		gone++;
	pairs = gone < n - gone ? gone : n - gone;
	for (size_t i = 0; i < pairs; i++)
		became[items[gone + i].place] = items[i].place + 1;
	return pairs;
}

/* The end of the run of items that begins at i and has one print, or one print and one size. */
static size_t run_end(const struct item *items, size_t n, size_t i, bool one_size)
{
	size_t end = i + 1;

	while (end < n && items[end].print == items[i].print &&
		(!one_size || items[end].size == items[i].size))
		end++;
	return end;
}

/* Whether a run of one print is one mail on each side; which of the two is which. */
static bool is_lone_pair(
	const struct item *run, size_t n, const struct item **gone, const struct item **fresh)
{
	if (n != 2 || run[0].fresh == run[1].fresh)
		return false;
	*gone = &run[run[0].fresh];
	*fresh = &run[!run[0].fresh];
	return true;
}

struct sizes {
	size_t same, other; /* lone pairs by their sizes */
};

static struct sizes compare_sizes(const struct item *items, size_t n)
{
	struct sizes s = {0, 0};
	const struct item *gone, *fresh;

	for (size_t i = 0, end; i < n; i = end) {
		end = run_end(items, n, i, false);
		if (!is_lone_pair(items + i, end - i, &gone, &fresh) || !gone->size || !fresh->size)
			continue;
		s.same += gone->size == fresh->size;
		s.other += gone->size != fresh->size;
	}
	return s;
}

/* Prints of one mail on each side, where a size is not known, or (any_size) counted otherwise. */
static size_t pair_lone(const struct item *items, size_t n, bool any_size, size_t *became)
{
	const struct item *gone, *fresh;
	size_t pairs = 0;

	for (size_t i = 0, end; i < n; i = end) {
		end = run_end(items, n, i, false);
		if (!is_lone_pair(items + i, end - i, &gone, &fresh) || became[fresh->place] ||
			(!any_size && gone->size && fresh->size))
			continue;
		became[fresh->place] = gone->place + 1;
		pairs++;
	}
	return pairs;
}

size_t adopt_match(const struct adopt_mail *gone, size_t gone_n, const struct adopt_mail *fresh,
	size_t fresh_n, bool all_asked, size_t *became)
{
	struct item *items = xcalloc(gone_n + fresh_n, sizeof(*items));
	size_t gone_items = add_items(items, 0, gone, gone_n, false);
	size_t n = add_items(items, gone_items, fresh, fresh_n, true), pairs = 0;
	struct sizes sizes;

	for (size_t i = 0; i < fresh_n; i++)
		became[i] = 0;
	qsort(items, n, sizeof(*items), by_print);
	for (size_t i = 0, end; i < n; i = end) {
		end = run_end(items, n, i, true);
		if (items[i].size)
			pairs += pair_equals(items + i, end - i, became);
	}
	if (all_asked) {
		sizes = compare_sizes(items, n);
		pairs += pair_lone(items, n,
			sizes.other >= EVIDENT && sizes.other > sizes.same &&
				sizes.other > (n - gone_items) / 2,
			became);
	}
	free(items);
	return pairs;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t adopt_unsure(const struct adopt_mail *gone, size_t gone_n, const struct adopt_mail *fresh,
	size_t fresh_n, const size_t *became)
{
	bool *paired = xcalloc(gone_n, sizeof(*paired));
	size_t printed = 0, printless = 0, blind = 0, sighted = 0, unsure;

	for (size_t i = 0; i < fresh_n; i++) {
		if (became[i])
			paired[became[i] - 1] = true;
		else if (fresh[i].blind)
			blind++;
		else
			sighted++;
	}
	for (size_t i = 0; i < gone_n; i++)
		if (!paired[i]) {
			printed += gone[i].print != 0;
			printless += gone[i].print == 0;
		}
	free(paired);
	/* A header that was seen, or a size that was none, rules out what has a print. */
	unsure = least(sighted, printless);
	return unsure + least(blind, printless - unsure + printed);
}
