/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fact "logins" of an account's state: numbers with blanks between them, then the place they
 * are about. It is the empty text for an account whose server sets no delay and refuses nothing, so
 * that such an account, which is nearly every one, costs no write.
 */
#include "fetch/guard.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"

#define FACT "logins"
enum { FACT_ROOM = 520, NUMBERS = 11, RESET_PATIENCE_MS = 5000, RESET_POLL_MS = 100 };

/* ---- decisions ---- */

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* How much of age_s since then is left. A time that is still to come is of a wrong clock. */
static int64_t left_s(int64_t since_s, int64_t age_s, int64_t now_s)
{
	if (since_s <= 0 || since_s > now_s || now_s - since_s >= age_s)
		return 0;
	return age_s - (now_s - since_s);
}

/* Whether the server has refused a login as too early, not long ago. */
static bool is_enforced(const struct guard *g, int64_t now_s)
{
	return left_s(g->early_s, GUARD_ENFORCED_S, now_s) > 0;
}

int64_t guard_wait_s(const struct guard *g, bool by_hand, int64_t now_s)
{
	int64_t known = 0, guessed = 0;

	/* The server may count in parts of a second. */
	if (g->delay_s && (!by_hand || is_enforced(g, now_s)))
		known = left_s(g->login_s, (int64_t)g->delay_s + 1, now_s);
	if (!by_hand)
		guessed = left_s(g->early_s, g->guess_s, now_s);
	return known > guessed ? known : guessed;
}

int64_t guard_pause_s(const struct guard *g, uint32_t retry, int64_t now_s)
{
	int64_t pause_s = g->certain ? GUARD_PAUSE_MAX_S : GUARD_PAUSE_MIN_S;

	if (!retry || g->refusals < retry)
		return 0;
	for (uint32_t i = retry; i < g->refusals && pause_s < GUARD_PAUSE_MAX_S; i++)
		pause_s *= 2;
	if (pause_s > GUARD_PAUSE_MAX_S)
		pause_s = GUARD_PAUSE_MAX_S;
	return left_s(g->refused_s, pause_s, now_s);
}

static void take(struct guard *g, const struct guard_event *event)
{
	uint32_t announced = min_u32(event->delay_s, GUARD_DELAY_MAX_S);
	bool enforced = is_enforced(g, event->now_s);

	if (announced && (g->source == GUARD_SEEN || g->delay_s != announced))
		g->told = false;
	if (!enforced)
		g->early_s = 0;
	/* Without words of the server, what its refusals have shown holds for some days. */
	if (announced || !enforced)
		g->delay_s = announced;
	g->source = announced ? event->source : GUARD_SEEN;
	g->login_s = announced || enforced ? event->now_s : 0;
	g->guess_s = 0;
	g->refusals = 0;
	g->refused_s = 0;
	g->certain = false;
	if (!announced && !enforced)
		g->told = false;
}

static void refuse_early(struct guard *g, int64_t now_s)
{
	uint32_t max = GUARD_GUESS_MAX_S;
	int64_t gap = now_s - g->login_s;

	/* So much time was not enough. More than the guess would allow has another reason: somebody
	 * else has logged in meanwhile. */
	if (g->login_s > 0 && gap > g->delay_s && gap <= GUARD_GUESS_MAX_S)
		g->delay_s = (uint32_t)gap;
	if (g->delay_s > max)
		max = g->delay_s;
	g->guess_s = min_u32(g->guess_s ? 2 * g->guess_s : GUARD_GUESS_S, max);
	g->early_s = now_s;
	/* What was announced to this user may be another number by now. */
	if (g->source == GUARD_OWN)
		g->source = GUARD_ANNOUNCED;
}

void guard_apply(struct guard *g, const struct guard_event *event)
{
	switch (event->what) {
	case GUARD_TAKEN:
		take(g, event);
		break;
	case GUARD_EARLY:
		refuse_early(g, event->now_s);
		break;
	case GUARD_REFUSED:
		if (g->refusals < UINT32_MAX)
			g->refusals++;
		g->refused_s = event->now_s;
		g->certain = event->certain;
		break;
	case GUARD_TOLD:
		g->told = true;
		break;
	}
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (; *words; words++)
		if (strncasecmp(words, word, len) == 0)
			return true;
	return false;
}

/*
 * qpopper: "lock busy! Is another session active?"; UW: "Can't get lock. Mailbox in use"; Cyrus:
 * "Unable to lock maildrop"; Hotmail: "Exceeded the login limit for a 15 minute period"; and many:
 * "try again later". An account or a user that is locked is what comes of wrong passwords.
 */
bool guard_looks_busy(const char *words)
{
	static const char *const busy[] = {"lock", "in use", "in-use", "busy", "try again",
		"try later", "temporar", "unavailable", "login limit", "too many connections",
		"another session", "already logged in", "too soon", "too frequent", "timeout",
		"timed out"};
	static const char *const locked[] = {
		"account", "password", "user", "blocked", "locked out", "credential", "suspend"};

	for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++)
		if (has_word(words, locked[i]))
			return false;
	for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++)
		if (has_word(words, busy[i]))
			return true;
	return false;
}

/* ---- the fact ---- */

bool guard_is_empty(const struct guard *g)
{
	return !g->login_s && !g->delay_s && !g->early_s && !g->guess_s && !g->told && !g->refusals;
}

static void write_text(const struct guard *g, char *text, size_t room)
{
	if (guard_is_empty(g))
		text[0] = '\0';
	else
		snprintf(text, room, "%lld %lu %u %lld %lu %d %lu %lld %d %lld %lld %s",
			(long long)g->login_s, (unsigned long)g->delay_s, (unsigned)g->source,
			(long long)g->early_s, (unsigned long)g->guess_s, g->told,
			(unsigned long)g->refusals, (long long)g->refused_s, g->certain,
			(long long)g->config_ns, (long long)g->secret_ns, g->place);
}

/* What does not read as it was written is as good as nothing: it is found out anew. */
static void read_text(struct guard *g, const char *text)
{
	struct span rest = span_of(text);
	uint64_t n[NUMBERS];

	for (size_t i = 0; i < NUMBERS; i++)
		if (!parse_u64(span_word(&rest), INT64_MAX, &n[i]))
			return;
	if (!span_is(rest, g->place) || n[1] > GUARD_DELAY_MAX_S || n[2] >= GUARD_SOURCES ||
		n[4] > GUARD_DELAY_MAX_S || n[6] > UINT32_MAX)
		return;
	g->login_s = (int64_t)n[0];
	g->delay_s = (uint32_t)n[1];
	g->source = (enum guard_source)n[2];
	g->early_s = (int64_t)n[3];
	g->guess_s = (uint32_t)n[4];
	g->told = n[5] != 0;
	/* Another configuration, or another file of the password, may be another password. */
	if ((int64_t)n[9] != g->config_ns || (int64_t)n[10] != g->secret_ns)
		return;
	g->refusals = (uint32_t)n[6];
	g->refused_s = (int64_t)n[7];
	g->certain = n[8] != 0;
}

bool guard_read(struct guard *g, struct store *store, struct error *e)
{
	char text[FACT_ROOM] = "";

	if (store && !store_get(store, FACT, text, sizeof(text), e))
		return false;
	g->stored = text[0];
	read_text(g, text);
	return true;
}

bool guard_write(struct guard *g, struct store *store, struct error *e)
{
	char text[FACT_ROOM], before[FACT_ROOM] = "";

	write_text(g, text, sizeof(text));
	if (!store_get(store, FACT, before, sizeof(before), e))
		return false;
	if (strcmp(text, before) != 0 && !store_set(store, FACT, text, e))
		return false;
	g->stored = text[0];
	return true;
}

/* ---- from outside ---- */

enum aside { ASIDE_OPEN, ASIDE_NO_STATE, ASIDE_TAKEN, ASIDE_FAILED };

/* ASIDE_OPEN: *store is open, and *fd keeps others away. ASIDE_TAKEN and ASIDE_FAILED: *e. */
static enum aside open_aside(const struct guard_file *file, int64_t patience_ms, int *fd,
	struct store **store, struct error *e)
{
	char *lock_path = xasprintf("%s/%s.lock", file->state_dir, file->name);
	char *path = xasprintf("%s/%s.db", file->state_dir, file->name);
	enum aside result = ASIDE_NO_STATE;
	enum file_lock lock;
	pid_t holder = 0;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		goto end;
	while ((lock = file_lock(lock_path, fd, &holder, e)) == FILE_LOCK_TAKEN &&
		patience_ms > 0) {
		poll(NULL, 0, RESET_POLL_MS);
		patience_ms -= RESET_POLL_MS;
	}
	result = lock == FILE_LOCK_TAKEN ? ASIDE_TAKEN : ASIDE_FAILED;
	if (lock == FILE_LOCK_TAKEN)
		error_set(
			e, ERROR_LATER, "another ambil (pid %lld) is fetching", (long long)holder);
	if (lock != FILE_LOCK_HELD)
		goto end;
	*store = store_open(path, file->host, file->user, e);
	if (*store)
		result = ASIDE_OPEN;
	else
		close(*fd);
end:
	free(lock_path);
	free(path);
	return result;
}

bool guard_note_aside(const struct guard_file *file, const struct guard *like,
	const struct guard_event *event, struct error *e)
{
	struct guard g = {.config_ns = like->config_ns, .secret_ns = like->secret_ns};
	struct error why = {0};
	struct store *store;
	bool done;
	int fd;

	switch (open_aside(file, 0, &fd, &store, &why)) {
	case ASIDE_NO_STATE:
	case ASIDE_TAKEN:
		return true;
	case ASIDE_FAILED:
		*e = why;
		return false;
	case ASIDE_OPEN:
		break;
	}
	memcpy(g.place, like->place, sizeof(g.place));
	done = guard_read(&g, store, e);
	if (done) {
		guard_apply(&g, event);
		done = guard_write(&g, store, e);
	}
	store_free(store);
	close(fd);
	return done;
}

/* The fact as it stands, whatever place it is about, without refusals. */
static bool forget_refusals(struct store *store, struct error *e)
{
	char text[FACT_ROOM] = "";
	struct guard g = {.config_ns = -1}; /* of no password that was ever refused */
	struct span rest;
	uint64_t n;

	if (!store_get(store, FACT, text, sizeof(text), e))
		return false;
	rest = span_of(text);
	for (size_t i = 0; i < NUMBERS; i++)
		if (!parse_u64(span_word(&rest), INT64_MAX, &n))
			return true;
	snprintf(g.place, sizeof(g.place), "%.*s", (int)rest.len, rest.data);
	read_text(&g, text);
	g.config_ns = 0;
	return guard_write(&g, store, e);
}

bool guard_reset(const struct guard_file *file, struct error *e)
{
	struct error why = {0};
	struct store *store;
	bool done;
	int fd;

	switch (open_aside(file, RESET_PATIENCE_MS, &fd, &store, &why)) {
	case ASIDE_NO_STATE:
		return true;
	case ASIDE_TAKEN:
	case ASIDE_FAILED:
		*e = why;
		return false;
	case ASIDE_OPEN:
		break;
	}
	done = forget_refusals(store, e);
	store_free(store);
	close(fd);
	return done;
}
