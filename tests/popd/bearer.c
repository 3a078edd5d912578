/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins with a token: both mechanisms, and the reason given for a token that is refused. */
#include "bearer.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum mechanism { OAUTHBEARER, XOAUTH2 };

static const char *const names[] = {"OAUTHBEARER", "XOAUTH2"};

/* The next line, as the answer to a challenge; NULL: the connection has ended. */
static char *next_response(struct session *s)
{
	struct span line;

	if (!session_next(s, &line)) {
		s->over = true;
		return NULL;
	}
	record_log(&s->server->record, s->number, 'C', line.data, line.len);
	return str_copy(line.data, line.len);
}

static char *decode(const char *base64)
{
	gnutls_datum_t in = {(unsigned char *)(uintptr_t)base64, (unsigned)strlen(base64)}, out;
	char *text;

	if (gnutls_base64_decode2(&in, &out) < 0)
		return NULL;
	text = str_copy((const char *)out.data, out.size);
	gnutls_free(out.data);
	return text;
}

/* Of any length, as tokens are. */
static void add(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

/* The user that logs in so, by saying just what a client of that mechanism says. */
static const struct user *check(struct session *s, enum mechanism m, const char *base64)
{
	char *said = decode(base64);
	const struct user *found = NULL;

	for (size_t i = 0; said && !found && i < s->server->users.count; i++) {
		const struct user *user = &s->server->users.at[i];
		struct text wanted = {0};
		if (m == OAUTHBEARER)
			text_format(&wanted, "n,a=%s,\1host=localhost\1port=%u\1", user->name,
				s->server->port);
		else
			text_format(&wanted, "user=%s\1", user->name);
		add(&wanted, "auth=Bearer ");
		add(&wanted, s->options->token);
		add(&wanted, "\1\1");
		text_add(&wanted, "", 1);
		if (strcmp(said, wanted.data) == 0)
			found = user;
		text_release(&wanted);
	}
	free(said);
	return found;
}

/* The reason, and the answer that the client owes for it. */
static void give_reason(struct session *s, enum mechanism m)
{
	static const char reason[] =
		"{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}";
	const char *text = s->options->token_reason ? s->options->token_reason : reason;
	gnutls_datum_t in = {(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)}, out;
	struct text line = {0};
	char *answer;

	if (gnutls_base64_encode2(&in, &out) < 0)
		return;
	add(&line, "+ ");
	text_add(&line, out.data, out.size);
	add(&line, "\r\n");
	session_raw(s, line.data, line.len);
	text_release(&line);
	gnutls_free(out.data);
	answer = next_response(s);
	if (answer && strcmp(answer, m == OAUTHBEARER ? "AQ==" : "") != 0)
		stats_note(&s->stats, "wrong answer to the reason");
	free(answer);
}

static void judge(struct session *s, enum mechanism m, const char *response)
{
	const struct user *user;

	if (strcmp(response, "*") == 0) {
		session_reply(s, false, "cancelled");
		return;
	}
	user = check(s, m, response);
	if (!user)
		give_reason(s, m);
	if (!s->over)
		session_log_in(s, user, names[m]);
}

/* As Microsoft's servers do with a response in the line of XOAUTH2. */
static bool refuses_form(struct session *s, enum mechanism m)
{
	if (m != XOAUTH2 || !session_fault(s, FAULT_TWO_LINES))
		return false;
	session_reply(s, false, "Protocol error. Connection is closed. 10");
	s->over = true;
	return true;
}

bool bearer_auth(struct session *s, const char *args)
{
	size_t len = strcspn(args, " ");
	enum mechanism m = OAUTHBEARER;
	char *response;

	while (m <= XOAUTH2 && (len != strlen(names[m]) || strncasecmp(args, names[m], len) != 0))
		m++;
	if (!s->options->token || m > XOAUTH2)
		return false;
	if (args[len]) {
		if (!refuses_form(s, m))
			judge(s, m, args + len + 1);
		return true;
	}
	session_raw(s, "+ \r\n", 4);
	response = next_response(s);
	if (response)
		judge(s, m, response);
	free(response);
	return true;
}
