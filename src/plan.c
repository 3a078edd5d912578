/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The policy in one place: each listed mail gets one reason, and the reason says what happens to
 * it. New mail comes in the server's order; what failed before comes last, so that one bad mail
 * cannot hold up the rest. A mail that was only marked as seen is never removed: nobody has it
 * here.
 */
#include "plan.h"

#include <assert.h>
#include <stdlib.h>

static const char *const why_texts[] = {
	[PLAN_NEW] = "new",
	[PLAN_AGAIN] = "seen before, asked for again",
	[PLAN_RETRY] = "failed before, tried again",
	[PLAN_SEEN] = "seen before",
	[PLAN_MARKED] = "marked as seen",
	[PLAN_KEPT] = "seen before, kept for a time",
	[PLAN_EXPIRED] = "kept long enough",
	[PLAN_DELETE] = "delivered before",
	[PLAN_DELETE_AGAIN] = "deleted before, but still listed",
	[PLAN_TOO_BIG] = "larger than max-size",
	[PLAN_SET_ASIDE] = "failed just now",
	[PLAN_OVER_LIMIT] = "new, over the limit for one run",
};
_Static_assert(sizeof(why_texts) / sizeof(why_texts[0]) == PLAN_WHYS, "a text for each reason");

const char *plan_why_text(enum plan_why why)
{
	assert(why < PLAN_WHYS);
	return why_texts[why];
}

static bool removes_after_delivery(const struct policy *policy)
{
	return policy->keep == KEEP_NOT || (policy->keep == KEEP_FOR && policy->keep_s <= 0);
}

/*
 * A UID that was out of the listing, or whose mail was removed, may have been given to another mail
 * (RFC 1939 s.7 allows that). LIST's size, then and now, tells them apart.
 */
bool plan_is_another_mail(const struct listed *mail)
{
	return (mail->seen->state == STORE_REMOVED || mail->seen->missing || mail->doubtful) &&
		mail->size && mail->seen->size && mail->size != mail->seen->size;
}

static bool is_surely_the_same(const struct listed *mail)
{
	return mail->size && mail->size == mail->seen->size;
}

static enum plan_why why_known(
	const struct listed *mail, const struct policy *policy, int64_t now_s)
{
	const struct seen *seen = mail->seen;

	if (policy->all)
		return PLAN_AGAIN;
	if (seen->marked)
		return PLAN_MARKED;
	/* Without a size on both sides it stays: to delete what was never fetched would lose it. */
	if (seen->state == STORE_REMOVED)
		return policy->keep != KEEP_FOREVER && is_surely_the_same(mail) ? PLAN_DELETE_AGAIN
										: PLAN_SEEN;
	if (policy->keep == KEEP_NOT)
		return PLAN_DELETE;
	if (policy->keep == KEEP_FOR)
		return now_s - seen->delivered_s >= policy->keep_s ? PLAN_EXPIRED : PLAN_KEPT;
	return PLAN_SEEN;
}

static enum plan_why why_of(const struct listed *mail, const struct policy *policy, int64_t now_s)
{
	const struct seen *seen = mail->seen;
	bool known = seen && (seen->state == STORE_DELIVERED || seen->state == STORE_REMOVED);

	if (known && !plan_is_another_mail(mail)) {
		enum plan_why why = why_known(mail, policy, now_s);

		if (why != PLAN_AGAIN)
			return why;
	}
	if (mail->set_aside)
		return PLAN_SET_ASIDE;
	if (policy->size_max && mail->size > policy->size_max)
		return PLAN_TOO_BIG;
	if (known && policy->all && !plan_is_another_mail(mail))
		return PLAN_AGAIN;
	return seen && seen->attempts ? PLAN_RETRY : PLAN_NEW;
}

static void add(struct plan *plan, uint32_t index, const struct listed *mail, enum plan_why why,
	const struct policy *policy)
{
	struct plan_item *item = &plan->items[plan->n++];

	*item = (struct plan_item){.index = index, .why = why};
	switch (why) {
	case PLAN_NEW:
	case PLAN_AGAIN:
	case PLAN_RETRY:
		if (policy->fetch_max && plan->fetch >= policy->fetch_max) {
			item->why = PLAN_OVER_LIMIT;
			plan->over_limit++;
			break;
		}
		item->fetch = true;
		item->remove = removes_after_delivery(policy);
		plan->fetch++;
		plan->fetch_octets += mail->size;
		break;
	case PLAN_EXPIRED:
	case PLAN_DELETE:
	case PLAN_DELETE_AGAIN:
		item->remove = true;
		plan->remove_now++;
		plan->seen++;
		break;
	case PLAN_TOO_BIG:
		plan->too_big++;
		break;
	case PLAN_SET_ASIDE:
		break;
	default:
		plan->seen++;
		break;
	}
}

void plan_make(struct plan *plan, const struct listed *listing, size_t n,
	const struct policy *policy, int64_t now_s)
{
	*plan = (struct plan){.items = xcalloc(n, sizeof(*plan->items))};
	for (int retries = 0; retries < 2; retries++)
		for (size_t i = 0; i < n; i++) {
			enum plan_why why = why_of(&listing[i], policy, now_s);

			if ((why == PLAN_RETRY) == (retries == 1))
				add(plan, (uint32_t)i, &listing[i], why, policy);
		}
}

void plan_release(struct plan *plan)
{
	free(plan->items);
	*plan = (struct plan){.items = NULL};
}
