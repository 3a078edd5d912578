/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which versions and algorithms are offered: a GnuTLS priority string, ours or the user's. Whatever
 * the user's says, versions older than tls-min are taken out of it, and the least strength of keys
 * stays at 112 bits unless it names a profile itself, or its keyword stands for more: what makes a
 * connection weaker has to be written down, and in one place.
 */
#include "net/priority.h"

#include <string.h>

#include "base/text.h"

static const struct {
	const char *name;
	gnutls_protocol_t number;
} versions[] = {[TLS_1_0] = {"TLS1.0", GNUTLS_TLS1_0},
	[TLS_1_1] = {"TLS1.1", GNUTLS_TLS1_1},
	[TLS_1_2] = {"TLS1.2", GNUTLS_TLS1_2},
	[TLS_1_3] = {"TLS1.3", GNUTLS_TLS1_3}};

/* What GnuTLS calls profiles: how strong the keys of certificates must be. */
struct profile {
	const char *name;
	gnutls_sec_param_t least;
};
static const struct profile profiles[] = {
	{"MEDIUM", GNUTLS_SEC_PARAM_MEDIUM}, /* the usual one */
	{"VERY_WEAK", GNUTLS_SEC_PARAM_VERY_WEAK},
	{"LOW", GNUTLS_SEC_PARAM_LOW},
	{"LEGACY", GNUTLS_SEC_PARAM_LEGACY},
	{"HIGH", GNUTLS_SEC_PARAM_HIGH},
	{"ULTRA", GNUTLS_SEC_PARAM_ULTRA},
	{"FUTURE", GNUTLS_SEC_PARAM_FUTURE},
	{"SUITEB128", GNUTLS_SEC_PARAM_HIGH},
	{"SUITEB192", GNUTLS_SEC_PARAM_ULTRA},
};

/* The keywords that bring a stronger one than the usual along; one that is named counts more. */
static const struct {
	const char *keyword, *profile;
} stronger[] = {{"SECURE192", "HIGH"}, {"SECURE256", "HIGH"}, {"SUITEB128", "SUITEB128"},
	{"SUITEB192", "SUITEB192"}};

static const struct profile *profile_named(struct span name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (span_is_nocase(name, profiles[i].name))
			return &profiles[i];
	return NULL;
}

/* Of one element of a priority string. */
static const struct profile *named_by(struct span element)
{
	static const char mark[] = "%PROFILE_";
	const size_t len = sizeof(mark) - 1;

	if (element.len <= len || !span_is_nocase((struct span){element.data, len}, mark))
		return NULL;
	return profile_named((struct span){element.data + len, element.len - len});
}

static const struct profile *brought_by(struct span element)
{
	for (size_t i = 0; i < sizeof(stronger) / sizeof(stronger[0]); i++)
		if (span_is_nocase(element, stronger[i].keyword))
			return profile_named(span_of(stronger[i].profile));
	return NULL;
}

/* *named: text, which may be NULL, names it itself. */
static const struct profile *profile_of(const char *text, bool *named)
{
	const struct profile *found = &profiles[0];

	*named = false;
	while (text && *text) {
		struct span element = {text, strcspn(text, ":")};
		const struct profile *its = named_by(element), *more = brought_by(element);

		/* GnuTLS takes the last. */
		if (its)
			found = its;
		else if (more && !*named && more->least > found->least)
			found = more;
		*named = *named || its;
		text += element.len + (text[element.len] == ':');
	}
	return found;
}

gnutls_sec_param_t priority_least_key(const char *text)
{
	bool ignored;

	return profile_of(text, &ignored)->least;
}

/* At least 112 bits of strength (RFC 9325 s.4.5), and no version below the policy's. */
static void compose(const struct tls_policy *policy, struct buf *text)
{
	const struct profile *profile;
	bool named;

	if (!policy->priority) {
		buf_add_text(text, "NORMAL:%PROFILE_MEDIUM:-VERS-ALL");
		for (int version = TLS_1_3; version >= (int)policy->min; version--)
			buf_printf(text, ":+VERS-%s", versions[version].name);
		return;
	}
	buf_add_text(text, policy->priority);
	profile = profile_of(policy->priority, &named);
	if (!named)
		buf_printf(text, ":%%PROFILE_%s", profile->name);
	buf_add_text(text, ":-VERS-SSL3.0");
	for (int version = TLS_1_0; version < (int)policy->min; version++)
		buf_printf(text, ":-VERS-%s", versions[version].name);
}

bool priority_set(gnutls_session_t session, const struct tls_policy *policy, struct error *e)
{
	struct buf text = {NULL, 0, 0};
	int rc;

	compose(policy, &text);
	rc = gnutls_priority_set_direct(session, text.data, NULL);
	buf_release(&text);
	return rc >= 0 ||
		error_set(e, ERROR_TLS, "the TLS versions that are wanted cannot be had: %s",
			gnutls_strerror(rc));
}

bool tls_check_priority(const char *text, enum error_kind kind, struct error *e)
{
	const char *at = text;
	gnutls_priority_t priority;
	int rc = gnutls_priority_init(&priority, text, &at);
	size_t begin;

	if (rc >= 0) {
		gnutls_priority_deinit(priority);
		return true;
	}
	if (rc == GNUTLS_E_NO_PRIORITIES_WERE_SET)
		return error_set(e, kind, "it leaves nothing to connect with");
	begin = at ? (size_t)(at - text) : 0;
	if (!text[begin])
		error_set(e, kind, "GnuTLS expects more at its end");
	else
		error_set(e, kind, "GnuTLS does not understand \"%s\" in it (character %zu)",
			safe((struct span){text + begin, strcspn(text + begin, ":")}).text,
			begin + 1);
	return error_remedy(e, "what there is", "gnutls-cli --list");
}

/* Whether a version of TLS is left that the policy allows; GnuTLS counts DTLS too. */
static bool has_version(gnutls_priority_t priority, enum tls_version min)
{
	const unsigned *list = NULL;
	int n = gnutls_priority_protocol_list(priority, &list);

	for (int i = 0; i < n; i++)
		for (int version = TLS_1_3; version >= (int)min; version--)
			if (list[i] == versions[version].number)
				return true;
	return false;
}

bool tls_check_versions(const struct tls_policy *policy, struct error *e)
{
	struct buf text = {NULL, 0, 0};
	gnutls_priority_t priority;
	bool found = false;

	if (!policy->priority)
		return true;
	compose(policy, &text);
	if (gnutls_priority_init(&priority, text.data, NULL) >= 0) {
		found = has_version(priority, policy->min);
		gnutls_priority_deinit(priority);
	}
	buf_release(&text);
	return found ||
		error_set(e, ERROR_CONFIG,
			"tls-priority leaves no version of TLS that tls-min = %s allows",
			versions[policy->min].name + strlen("TLS"));
}
