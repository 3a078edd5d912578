/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands before login: RFC 1939 (USER, PASS, APOP), 2449 (CAPA), 2595 (STLS), 5034 (AUTH),
 * 6856 (UTF8). CAPA says what is true unless --cap and --no-cap make it lie. */
#include "bearer.h"
#include "session.h"

#include <ctype.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_listed(const struct strings *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcasecmp(list->at[i], name) == 0)
			return true;
	return false;
}

static void announce(struct session *s, const char *name, const char *arguments)
{
	char line[512];
	size_t len = 0;

	if (is_listed(&s->options->no_caps, name))
		return;
	for (; *name && len + 2 < sizeof line; name++)
		line[len++] = *name;
	for (; *arguments && len + 1 < sizeof line; arguments++)
		line[len++] = *arguments;
	line[len] = '\0';
	if (session_fault(s, FAULT_LOWER_CASE))
		for (len = 0; line[len]; len++)
			line[len] = (char)tolower((unsigned char)line[len]);
	session_line(s, "%s", line);
}

static bool may_log_in(const struct session *s)
{
	return s->stats.tls || !s->options->tls_required;
}

void command_capa(struct session *s, const char *args)
{
	char mechanisms[400];

	(void)args;
	if (s->options->no_capa) {
		session_reply(s, false, "unknown command");
		return;
	}
	session_reply(s, true, "capabilities follow");
	announce(s, "TOP", "");
	announce(s, "UIDL", "");
	announce(s, "RESP-CODES", "");
	announce(s, "AUTH-RESP-CODE", "");
	announce(s, "PIPELINING", "");
	announce(s, "UTF8", "");
	if (may_log_in(s)) {
		announce(s, "USER", "");
		snprintf(mechanisms, sizeof mechanisms, " %s%s", s->options->sasl,
			s->options->token ? " XOAUTH2 OAUTHBEARER" : "");
		announce(s, "SASL", mechanisms);
	}
	if (s->options->tls == TLS_STARTTLS && !s->stats.tls)
		announce(s, "STLS", "");
	announce(s, "IMPLEMENTATION", " popd");
	for (size_t i = 0; i < s->options->caps.count; i++)
		announce(s, s->options->caps.at[i], "");
	session_line(s, ".");
}

void command_stls(struct session *s, const char *args)
{
	const struct fault *inject = session_fault(s, FAULT_INJECT_AFTER_STLS);

	(void)args;
	if (s->options->tls != TLS_STARTTLS || s->stats.tls) {
		session_reply(s, false, "no TLS here");
		return;
	}
	session_reply(s, true, "begin TLS");
	if (inject)
		session_raw(s, inject->text.data, inject->text.len);
	if (wire_discard_input(&s->wire))
		stats_note(&s->stats, "octets behind STLS");
	wire_flush(&s->wire);
	free(s->name);
	s->name = NULL;
	session_start_tls(s);
}

static void refuse(struct session *s, const char *text)
{
	session_reply(s, false, "%s", text);
	if (session_fault(s, FAULT_HANGUP_LOGIN))
		s->over = true;
}

static void reverse(struct snapshot *mail)
{
	for (uint32_t i = 0; i < mail->count / 2; i++) {
		uint32_t *one = &mail->ids[i], *other = &mail->ids[mail->count - 1 - i], id = *one;
		*one = *other;
		*other = id;
	}
}

void session_log_in(struct session *s, const struct user *user, const char *auth)
{
	struct problem p;

	s->stats.auth = auth;
	if (!user) {
		refuse(s, "[AUTH] Authentication failed.");
		return;
	}
	if (session_fault(s, FAULT_IN_USE)) {
		refuse(s, "[IN-USE] mailbox is in use by another session");
		return;
	}
	if (session_fault(s, FAULT_LOGIN_DELAY)) {
		refuse(s, "[LOGIN-DELAY] minimum time between mail checks violation");
		return;
	}
	switch (mailbox_open(user->box, &s->mail, &p)) {
	case MAILBOX_OPENED:
		s->user = user;
		if (session_fault(s, FAULT_REVERSE))
			reverse(&s->mail);
		session_reply(s, true, "%u messages (%llu octets)", s->mail.count,
			(unsigned long long)s->mail.octets);
		break;
	case MAILBOX_IN_USE:
		refuse(s, "[IN-USE] mailbox is in use by another session");
		break;
	case MAILBOX_BROKEN:
		session_reply(s, false, "[SYS/TEMP] %s", p.text);
	}
}

static bool refuse_in_clear(struct session *s)
{
	if (may_log_in(s))
		return false;
	stats_note(&s->stats, "login tried in clear");
	session_reply(s, false, "STLS first");
	return true;
}

void command_user(struct session *s, const char *args)
{
	if (refuse_in_clear(s))
		return;
	free(s->name);
	s->name = str_copy(args, strlen(args));
	session_reply(s, true, "password, please");
}

static const struct user *check(struct session *s, const char *name, const char *password)
{
	const struct user *user = users_find(&s->server->users, name);

	return user && strcmp(user->password, password) == 0 ? user : NULL;
}

void command_pass(struct session *s, const char *args)
{
	if (refuse_in_clear(s))
		return;
	if (!s->name) {
		stats_note(&s->stats, "PASS without USER");
		session_reply(s, false, "USER first");
		return;
	}
	session_log_in(s, check(s, s->name, args), "USER");
	free(s->name);
	s->name = NULL;
}

static bool digest_is(const char *timestamp, const char *password, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[16];
	struct text t = {0};
	bool same = strlen(hex) == 2 * sizeof digest;

	text_add(&t, timestamp, strlen(timestamp));
	text_add(&t, password, strlen(password));
	gnutls_hash_fast(GNUTLS_DIG_MD5, t.data, t.len, digest);
	text_release(&t);
	for (size_t i = 0; same && i < sizeof digest; i++)
		same = hex[2 * i] == digits[digest[i] >> 4]
			&& hex[2 * i + 1] == digits[digest[i] & 15];
	return same;
}

void command_apop(struct session *s, const char *args)
{
	const char *space = strrchr(args, ' ');
	const struct user *user = NULL;
	char *name;

	if (!s->options->apop || !space) {
		session_reply(s, false, "no APOP here");
		return;
	}
	name = str_copy(args, (size_t)(space - args));
	user = users_find(&s->server->users, name);
	if (user && !digest_is(s->timestamp + 1, user->password, space + 1))
		user = NULL;
	free(name);
	session_log_in(s, user, "APOP");
}

/* authorization NUL name NUL password: RFC 4616 */
static const struct user *check_plain(struct session *s, const char *base64)
{
	gnutls_datum_t in = {(unsigned char *)(uintptr_t)base64, (unsigned)strlen(base64)}, out;
	const struct user *user = NULL;
	char *text, *name, *password;

	if (gnutls_base64_decode2(&in, &out) < 0)
		return NULL;
	text = str_copy((const char *)out.data, out.size);
	name = memchr(text, '\0', out.size);
	password = name ? memchr(name + 1, '\0', out.size - (size_t)(name + 1 - text)) : NULL;
	if (password)
		user = check(s, name + 1, password + 1);
	free(text);
	gnutls_free(out.data);
	return user;
}

static void auth_continued(struct session *s)
{
	struct span line;
	char *response;

	session_raw(s, "+ \r\n", 4);
	if (!session_next(s, &line)) {
		s->over = true;
		return;
	}
	record_log(&s->server->record, s->number, 'C', line.data, line.len);
	response = str_copy(line.data, line.len);
	if (strcmp(response, "*") == 0)
		session_reply(s, false, "cancelled");
	else
		session_log_in(s, check_plain(s, response), "PLAIN");
	free(response);
}

void command_auth(struct session *s, const char *args)
{
	size_t len = strcspn(args, " ");
	const char *initial = args[len] ? args + len + 1 : NULL, *name;
	const struct user *user;

	if (refuse_in_clear(s) || bearer_auth(s, args))
		return;
	if (!sasl_offers(s, (struct span){args, len}, &name))
		session_reply(s, false, "unknown mechanism");
	else if (strcmp(name, "PLAIN") != 0) {
		if (sasl_converse(s, name, initial, &user))
			session_log_in(s, user, name);
	} else if (initial)
		session_log_in(s, check_plain(s, initial), name);
	else
		auth_continued(s);
}

void command_utf8(struct session *s, const char *args)
{
	(void)args;
	session_reply(s, true, "UTF8 enabled");
}
