/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What only the parent can do for its workers: the keyring's window and the prompt need the
 * terminal, and all accounts are asked for in one go. */
#include "passwords.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/mech.h"
#include "base/mem.h"

struct hunt {
	const struct run_order *order;
	struct reporter *reporter;
	struct report_style style;
};

static void tell_unlocking(void *self)
{
	struct hunt *hunt = self;
	struct error e = {0};

	error_set(&e, ERROR_LATER, "the keyring is locked; it asks in a window of its own");
	report_caution(hunt->style, NULL, &e);
}

static bool needs_one(const struct account *account)
{
	const struct secret_sources sources = account_secret_sources(account);
	/* A server that doctor looks at without a login. */
	bool names_nobody = account->user && !account->user[0];

	return !secret_has_source(&sources) && !account_uses_token(account) &&
		mech_list_needs(&account->auth, CREDENTIAL_PASSWORD) && !names_nobody;
}

/* A login is a part of a check, but without a password all else is checked. */
static void take_for_check(
	const struct hunt *hunt, struct secret_search *searched, struct password *out)
{
	struct error e = {0};

	if (searched->found.value || searched->failed)
		return;
	if (!hunt->order->prompt || !secret_can_prompt())
		secret_missing(searched, !hunt->order->prompt, &out->trouble);
	else if (!secret_prompt(searched, &out->secret, &e))
		out->trouble = e;
	out->failed = e.kind == ERROR_INTERRUPTED;
}

/* Told before the question that it is the reason of. */
static void warn(const struct hunt *hunt, size_t account, const struct error *e)
{
	reporter_take(hunt->reporter,
		&(struct report){
			.type = REPORT_WARNING, .account = (uint32_t)account, .u.error = *e});
}

/* A password was found all the same: where nobody watches that is worth no mail by every run. */
static void mention(
	const struct hunt *hunt, size_t index, const struct account *account, const struct error *e)
{
	struct report r = {.type = REPORT_STEP, .account = (uint32_t)index};

	if (hunt->order->mode != RUN_FETCH || hunt->order->by_hand || hunt->style.json ||
		!account->quiet_for_ms) {
		warn(hunt, index, e);
		return;
	}
	snprintf(r.u.text, sizeof(r.u.text), "%s", e->text);
	reporter_take(hunt->reporter, &r);
}

static void take(const struct hunt *hunt, size_t index, const struct account *account,
	struct secret_search *searched, struct password *out)
{
	bool found = searched->found.value, may_ask = hunt->order->prompt && !searched->failed;

	if (searched->trouble.kind && found)
		mention(hunt, index, account, &searched->trouble);
	else if (searched->trouble.kind && may_ask && secret_can_prompt())
		warn(hunt, index, &searched->trouble);
	if (!found && may_ask)
		found = secret_prompt(searched, &out->secret, &out->trouble);
	else if (!found)
		secret_missing(searched, true, &out->trouble);
	out->failed = !found;
}

void passwords_find(struct account *const *accounts, size_t n, const struct run_order *order,
	struct reporter *reporter, struct report_style style, struct password *out)
{
	struct secret_search *list = xcalloc(n, sizeof(*list));
	size_t *whose = xcalloc(n, sizeof(*whose)), wanted = 0;
	struct hunt hunt = {order, reporter, style};
	const struct secret_way way = {.unlock = order->prompt && secret_can_prompt(),
		.unlocking = tell_unlocking,
		.self = &hunt,
		.stop = order->stop};

	for (size_t i = 0; i < n; i++) {
		if (!needs_one(accounts[i]))
			continue;
		list[wanted].from = account_secret_sources(accounts[i]);
		whose[wanted++] = i;
	}
	if (wanted)
		secret_search(list, wanted, &way);
	for (size_t i = 0; i < wanted; i++) {
		struct password *one = &out[whose[i]];

		one->secret = list[i].found;
		one->trouble = list[i].trouble;
		if (*order->stop)
			continue;
		if (order->mode == RUN_DOCTOR)
			take_for_check(&hunt, &list[i], one);
		else
			take(&hunt, whose[i], accounts[whose[i]], &list[i], one);
	}
	free(whose);
	free(list);
}
