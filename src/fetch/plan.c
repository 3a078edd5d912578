/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The policy in one place: each listed mail gets one reason, and the reason says what happens to
 * it. New mail comes in the server's order; what failed before comes last, so that one bad mail
 * cannot hold up the rest. A mail that was only marked as seen is never removed: nobody has it
 * here.
 */
#include "fetch/plan.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"

static const char *const why_texts[] = {
	[PLAN_NEW] = N_("new"),
	[PLAN_AGAIN] = N_("seen before, asked for again"),
	[PLAN_RETRY] = N_("failed before, tried again"),
	[PLAN_SEEN] = N_("seen before"),
	[PLAN_MARKED] = N_("marked as seen"),
	[PLAN_KEPT] = N_("seen before, kept for a time"),
	[PLAN_EXPIRED] = N_("kept long enough"),
	[PLAN_DELETE] = N_("delivered before"),
	[PLAN_DELETE_AGAIN] = N_("deleted before, but still listed"),
	[PLAN_DOUBT] = N_("perhaps another message; stays"),
	[PLAN_TOO_BIG] = N_("larger than max-size"),
	[PLAN_SET_ASIDE] = N_("failed just now"),
	[PLAN_OVER_LIMIT] = N_("new, over the limit for one run"),
};
_Static_assert(sizeof(why_texts) / sizeof(why_texts[0]) == PLAN_WHYS, "a text for each reason");

const char *plan_why_text(enum plan_why why)
{
	assert(why < PLAN_WHYS);
	return i18n_text(why_texts[why]);
}

static bool removes_after_delivery(const struct policy *policy)
{
	return policy->keep == KEEP_NOT || (policy->keep == KEEP_FOR && policy->keep_s <= 0);
}

/* LIST said something else when it was fetched; some servers change their minds. */
static bool has_another_size(const struct listed *mail)
{
	return mail->size && mail->seen->size && mail->size != mail->seen->size;
}

/* Where its UID has been says that it may be another mail's now. */
static bool has_doubtful_uid(const struct listed *mail)
{
	return mail->doubtful || mail->seen->missing || mail->seen->state == STORE_REMOVED;
}

/* Whether its UID alone does not say which mail it is. */
static bool is_doubtful(const struct listed *mail)
{
	return has_doubtful_uid(mail) || mail->seen->doubt || has_another_size(mail);
}

bool plan_is_another_mail(const struct listed *mail)
{
	if (mail->identity != IDENTITY_UNKNOWN)
		return mail->identity == IDENTITY_OTHER;
	/* Never lost comes before never doubled. */
	return mail->seen->state == STORE_REMOVED ||
		(has_doubtful_uid(mail) && has_another_size(mail));
}

/* The wall clock of a machine without a battery may say anything before it has been set. */
static bool is_over(const struct seen *seen, const struct policy *policy, int64_t now_s)
{
	return seen->delivered_s >= CLOCK_SANE_S && now_s - seen->delivered_s >= policy->keep_s;
}

int64_t plan_due_s(const struct seen *seen, const struct policy *policy, int64_t now_s)
{
	if (seen->state != STORE_DELIVERED || seen->marked || policy->keep == KEEP_FOREVER)
		return 0;
	if (policy->keep == KEEP_NOT)
		return now_s;
	return seen->delivered_s >= CLOCK_SANE_S ? seen->delivered_s + policy->keep_s : 0;
}

static enum plan_why why_known(
	const struct listed *mail, const struct policy *policy, int64_t now_s)
{
	const struct seen *seen = mail->seen;

	if (policy->all)
		return PLAN_AGAIN;
	if (seen->marked)
		return PLAN_MARKED;
	if (seen->state == STORE_REMOVED)
		return policy->keep != KEEP_FOREVER ? PLAN_DELETE_AGAIN : PLAN_SEEN;
	if (policy->keep == KEEP_NOT)
		return PLAN_DELETE;
	if (policy->keep == KEEP_FOR)
		return is_over(seen, policy, now_s) ? PLAN_EXPIRED : PLAN_KEPT;
	return PLAN_SEEN;
}

static bool removes(enum plan_why why)
{
	return why == PLAN_EXPIRED || why == PLAN_DELETE || why == PLAN_DELETE_AGAIN;
}

bool plan_may_remove(const struct listed *mail, const struct policy *policy, int64_t now_s)
{
	return mail->seen && !policy->all &&
		(mail->seen->state == STORE_DELIVERED || mail->seen->state == STORE_REMOVED) &&
		removes(why_known(mail, policy, now_s));
}

bool plan_needs_identity(const struct listed *mail, const struct policy *policy, int64_t now_s)
{
	if (!mail->seen || !mail->seen->print || policy->all || !is_doubtful(mail))
		return false;
	return plan_is_another_mail(mail) || plan_may_remove(mail, policy, now_s);
}

static enum plan_why why_of(const struct listed *mail, const struct policy *policy, int64_t now_s)
{
	const struct seen *seen = mail->seen;
	bool known = seen && (seen->state == STORE_DELIVERED || seen->state == STORE_REMOVED);

	if (known && !plan_is_another_mail(mail)) {
		enum plan_why why = why_known(mail, policy, now_s);

		/* To delete what was never fetched would lose it. */
		if (removes(why) && is_doubtful(mail) && mail->identity != IDENTITY_SAME)
			return PLAN_DOUBT;
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
		/* Sizes are what the server says: their sum, too, is only a number. */
		plan->fetch_octets += mail->size < INT64_MAX - plan->fetch_octets
			? mail->size
			: INT64_MAX - plan->fetch_octets;
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
	case PLAN_DOUBT:
		plan->doubt++;
		plan->seen++;
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
