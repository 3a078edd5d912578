/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A name for a new account, that is short and free. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/account.h"
#include "local/store.h"
#include "verbs/setup_inner.h"

static bool is_one_of(struct span word, const char *const *list)
{
	for (; *list; list++)
		if (span_is_nocase(word, *list))
			return true;
	return false;
}

/* "example" of "example.org", "mail.example.org" and "example.co.uk", an address as it is; fresh.
 */
static char *short_name(const char *domain)
{
	static const char *const inner[] = {"co", "com", "org", "net", "ac", "gov", "edu", NULL};
	struct span labels[3] = {{NULL, 0}};
	const char *end = domain + strlen(domain);
	size_t n = 0;
	char *name;

	while (n < 3 && end > domain) {
		const char *start = end;

		while (start > domain && start[-1] != '.')
			start--;
		labels[n++] = (struct span){start, (size_t)(end - start)};
		end = start > domain ? start - 1 : start;
	}
	if (labels[0].len && labels[0].data[strspn(labels[0].data, "0123456789")] == '\0')
		labels[1] = span_of(domain);
	else if (n == 3 && labels[0].len == 2 && is_one_of(labels[1], inner))
		labels[1] = labels[2];
	else if (n == 1)
		labels[1] = labels[0];
	name = xstrndup(labels[1].data ? labels[1].data : "", labels[1].len);
	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return name;
}

static void rename_account(struct setup *s, const char *name)
{
	struct account *a = s->account;
	char *copy = xstrdup(name);

	free(a->name);
	free(a->shown);
	free(a->typed);
	a->name = copy;
	a->shown = xstrdup(copy);
	a->typed = xstrdup(copy);
}

bool setup_state_fits(const struct setup *s, const char *name, struct error *e)
{
	char *path = xasprintf("%s/%s.db", s->config.state_dir, name);
	struct store *state = NULL;
	bool fits = store_open_readonly(path, &state, e) &&
		(!state || store_check_user(state, s->account->user, e));

	store_free(state);
	free(path);
	return fits;
}

static bool is_taken(const struct setup *s, const char *name)
{
	for (size_t i = 0; i < s->config.n; i++)
		if (&s->config.accounts[i] != s->account &&
			strcmp(s->config.accounts[i].name, name) == 0)
			return true;
	return false;
}

/* Neither an account has it, nor the state of another mailbox, which no run would use. */
static bool is_free(const struct setup *s, const char *name)
{
	return account_name_ok(name) && !is_taken(s, name) && setup_state_fits(s, name, NULL);
}

static bool check_name(const struct setup *s, const char *name, struct error *e)
{
	if (!account_name_ok(name))
		return error_set(e, ERROR_USAGE,
			"--name \"%s\": use letters, digits and . _ - @ + for its name, not "
			"beginning with . or -",
			safe(span_of(name)).text);
	if (!is_taken(s, name))
		return true;
	error_set(e, ERROR_USAGE, "there is an account \"%s\" already, for another mailbox", name);
	return error_remedy(
		e, "either", "another --name, or to change that one: ambil setup %s", name);
}

/* After its domain; where another is called so, by what stands in front of it, then in full. */
static char *free_name(const struct setup *s)
{
	const struct account *a = s->account;
	const char *address = s->address ? s->address : a->user, *at = strrchr(address, '@');
	char *name = short_name(at ? at + 1 : a->endpoint.host);

	if (!is_free(s, name)) {
		free(name);
		name = xstrndup(address, at ? (size_t)(at - address) : strlen(address));
	}
	if (!is_free(s, name)) {
		free(name);
		name = account_name_for(a->user, a->endpoint.host, NULL);
	}
	for (unsigned n = 2; !is_free(s, name); n++) {
		free(name);
		name = xasprintf("mail-%u", n);
	}
	return name;
}

bool setup_choose_name(struct setup *s, struct error *e)
{
	char *name;

	if (s->cli->name) {
		if (!check_name(s, s->cli->name, e))
			return false;
		rename_account(s, s->cli->name);
		return true;
	}
	name = free_name(s);
	rename_account(s, name);
	free(name);
	return true;
}
