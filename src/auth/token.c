/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tokens that another program keeps fresh. A plain one is taken as it stands. JSON is read in a
 * child process, which hands back the token and its end through a pipe: the copies that SQLite
 * leaves in freed memory are gone with it.
 */
#include "auth/token.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/bearer.h"
#include "auth/command.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/text.h"

/* JSON brings other things along, such as a second token about the user. */
enum { OUTPUT_MAX = 4 * BEARER_TOKEN_MAX };

void token_release(struct token *t)
{
	wipe_free(t->value);
	*t = (struct token){.value = NULL};
}

static bool take(struct span value, const char *called, struct token *out, struct error *e)
{
	if (value.len > BEARER_TOKEN_MAX)
		return error_set(e, ERROR_CONFIG, "%s gives a token of more than %d octets", called,
			BEARER_TOKEN_MAX);
	if (!bearer_is_token(value))
		return error_set(e, ERROR_CONFIG,
			value.len
				? N_("%s gives no token: there are characters in it that no token "
				     "has")
				: N_("%s gives an empty token"),
			called);
	out->value = xstrndup(value.data, value.len);
	return true;
}

/* What went wrong, if it says so as token endpoints do (RFC 6749 s.5.2). */
static bool explain_missing(struct json *json, const char *called, struct error *e)
{
	char *code = json_text(json, "$.error"), *more = json_text(json, "$.error_description");

	if (code)
		error_set(e, ERROR_CONFIG, "%s gives no token, but the error %s", called,
			safe(span_of(code)).text);
	else
		error_set(e, ERROR_CONFIG, "%s gives no token, but JSON without access_token",
			called);
	if (more)
		error_why(e, "%s", safe(span_of(more)).text);
	free(code);
	free(more);
	return false;
}

static char *find_value(struct json *json)
{
	static const char *const paths[] = {
		"$.access_token", "$.accessToken", "$.token", "$.credential.access_token"};
	char *value = NULL;

	for (size_t i = 0; !value && i < sizeof(paths) / sizeof(paths[0]); i++)
		value = json_text(json, paths[i]);
	return value;
}

/* 0: it does not say. Some write a year long ago for a token without an end. */
static int64_t find_end(struct json *json, int64_t now_s)
{
	static const char *const paths[] = {"$.expires_at", "$.expires_on", "$.expiry",
		"$.exp_date", "$.credential.token_expiry"};
	int64_t end_s;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (json_time(json, paths[i], &end_s))
			return end_s > 0 ? end_s : 0;
	if (json_time(json, "$.expires_in", &end_s) && end_s < INT32_MAX)
		return now_s + end_s;
	return 0;
}

static bool read_json(
	struct span text, const char *called, int64_t now_s, struct token *out, struct error *e)
{
	struct json *json = json_open(text);
	char *value;
	bool done;

	if (!json)
		return error_set(
			e, ERROR_CONFIG, "%s gives no token, but JSON that is broken", called);
	value = find_value(json);
	done = value ? take(span_of(value), called, out, e) : explain_missing(json, called, e);
	if (done)
		out->expires_s = find_end(json, now_s);
	wipe_free(value);
	json_free(json);
	return done;
}

static bool is_json(struct span output)
{
	size_t i = 0;

	while (i < output.len && strchr(" \t\r\n", output.data[i]) && output.data[i])
		i++;
	return i < output.len && output.data[i] == '{';
}

bool token_read(
	struct span output, const char *called, int64_t now_s, struct token *out, struct error *e)
{
	const struct buf text = {(char *)(uintptr_t)output.data, output.len, output.len};

	*out = (struct token){.value = NULL};
	return is_json(output) ? read_json(output, called, now_s, out, e)
			       : take(secret_first_line(&text), called, out, e);
}

/* ---- in a process of its own ---- */

/* What goes through the pipe, and behind it the token. */
struct handed {
	bool done;
	struct error error;
	int64_t expires_s;
	size_t len;
};

static _Noreturn void hand_over(int fd, struct span output, const char *called, int64_t now_s)
{
	struct handed h = {.done = false};
	struct token token;

	h.done = token_read(output, called, now_s, &token, &h.error);
	if (h.done) {
		h.expires_s = token.expires_s;
		h.len = strlen(token.value);
	}
	_exit(file_write_all(fd, &h, sizeof(h)) &&
				(!h.done || file_write_all(fd, token.value, h.len))
			? 0
			: 1);
}

static bool take_over(int fd, struct token *out, struct error *e)
{
	struct handed h;

	if (file_read_all(fd, &h, sizeof(h)) != (ssize_t)sizeof(h) || h.len > BEARER_TOKEN_MAX)
		return error_set(e, ERROR_INTERNAL, "the process that reads the token has failed");
	if (!h.done) {
		*e = h.error;
		return false;
	}
	out->expires_s = h.expires_s;
	out->value = xcalloc(1, h.len + 1);
	if (file_read_all(fd, out->value, h.len) == (ssize_t)h.len)
		return true;
	token_release(out);
	return error_set(e, ERROR_INTERNAL, "the process that reads the token has failed");
}

static bool read_apart(
	struct span output, const char *called, int64_t now_s, struct token *out, struct error *e)
{
	int ends[2];
	pid_t pid;
	bool done;

	*out = (struct token){.value = NULL};
	if (pipe(ends) < 0)
		return error_sys(e, ERROR_INTERNAL, errno, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		hand_over(ends[1], output, called, now_s);
	close(ends[1]);
	done = pid > 0 ? take_over(ends[0], out, e)
		       : error_sys(e, ERROR_INTERNAL, errno, "cannot start a process");
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return done;
}

/* ---- the command ---- */

static bool run(const struct token_source *from, bool refused, struct token *out, struct error *e)
{
	char *env[] = {
		xasprintf("AMBIL_ACCOUNT=%s", safe(span_of(from->account)).text),
		xasprintf("AMBIL_HOST=%s", safe(span_of(from->host)).text),
		xasprintf("AMBIL_USER=%s", safe(span_of(from->user)).text),
		xasprintf("AMBIL_OAUTH_REFUSED=%s", refused ? "1" : ""),
		NULL,
	};
	const struct secret_command command = {.setting = "oauth-token-command",
		.line = from->command,
		.env = (const char *const *)env,
		.output_max = OUTPUT_MAX,
		.stop = from->stop};
	char *called = secret_command_called(&command);
	struct buf output = {NULL, 0, 0};
	struct span text;
	bool done = secret_command_run(&command, &output, e);

	text = buf_span(&output);
	if (done && is_json(text))
		done = read_apart(text, called, clock_wall_s(), out, e);
	else if (done)
		done = token_read(text, called, clock_wall_s(), out, e);
	buf_wipe(&output);
	free(called);
	for (size_t i = 0; env[i]; i++)
		free(env[i]);
	return done;
}

static bool has_expired(const struct token *t)
{
	return t->expires_s && t->expires_s <= clock_wall_s();
}

static bool still_expired(const struct token_source *from, struct token *out, struct error *e)
{
	char age[32];

	text_age(age, sizeof(age), clock_wall_s() - out->expires_s);
	token_release(out);
	error_set(e, ERROR_CONFIG,
		"oauth-token-command \"%s\" gives a token that expired %s ago; nothing was sent to "
		"the server",
		safe(span_of(from->command)).text, age);
	return error_remedy(e, "it did so twice; perhaps", "sign in again with what it runs");
}

bool token_get(const struct token_source *from, bool refused, struct token *out, struct error *e)
{
	*out = (struct token){.value = NULL};
	if (!run(from, refused, out, e))
		return false;
	/* To try it would only be one more refused login, and some servers count those. */
	if (has_expired(out) && !refused) {
		token_release(out);
		if (!run(from, true, out, e))
			return false;
	}
	return !has_expired(out) || still_expired(from, out, e);
}
