/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which versions and algorithms are offered: a GnuTLS priority string, ours or the user's. Whatever
 * the user's says, versions older than tls-min are taken out of it, and the least strength of keys
 * stays at 112 bits unless it names a profile itself: what makes a connection weaker has to be
 * written down, and in one place.
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

bool priority_has_profile(const char *text)
{
	return text && strstr(text, "%PROFILE_") != NULL;
}

/* At least 112 bits of strength (RFC 9325 s.4.5), and no version below the policy's. */
static void compose(const struct tls_policy *policy, struct buf *text)
{
	if (!policy->priority) {
		buf_add_text(text, "NORMAL:%PROFILE_MEDIUM:-VERS-ALL");
		for (int version = TLS_1_3; version >= (int)policy->min; version--)
			buf_printf(text, ":+VERS-%s", versions[version].name);
		return;
	}
	buf_add_text(text, policy->priority);
	if (!priority_has_profile(policy->priority))
		buf_add_text(text, ":%PROFILE_MEDIUM");
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
