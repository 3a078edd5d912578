/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each mail to a command's standard input, which is a file that holds the whole mail before the
 * command is started: it can read slowly, partly or not at all. The file is new for each mail, as a
 * command may leave something running that still reads the last one. Nothing of a mail is ever part
 * of a command line. Exit codes as in sysexits.h. A command cannot take part in the journal.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "local/kinds.h"
#include "local/quote.h"
#include "local/single.h"
#include "local/spool.h"
#include "local/stamp.h"

enum { MEMORY_MAX = 256 * 1024 };
enum { ENV_ACCOUNT, ENV_HOST, ENV_USER, ENV_UID, ENV_ATTEMPT, ENV_SIZE, ENV_COUNT };

struct sink_batch {
	struct spool spool;
	char *env[ENV_COUNT + 1]; /* the last is NULL */
};

struct command {
	struct single single;
	char **argv;
	struct quote quote;
};

static struct command *self(struct sink *k)
{
	return (struct command *)k;
}

static void batch_free(struct sink *k, struct sink_batch *b, bool keep)
{
	(void)k;
	(void)keep;
	if (!b)
		return;
	for (size_t i = 0; i < ENV_COUNT; i++)
		free(b->env[i]);
	spool_release(&b->spool);
	free(b);
}

static bool begin(struct sink *k, const struct mail_info *mail, struct error *e)
{
	struct command *c = self(k);
	struct sink_batch *b;

	if (c->single.batch)
		return error_set(e, ERROR_INTERNAL, "a command takes one mail at a time");
	b = c->single.batch = xcalloc(1, sizeof(*b));
	c->single.ended = false;
	spool_init(&b->spool, MEMORY_MAX);
	quote_init(&c->quote, QUOTE_LF);
	b->env[ENV_ACCOUNT] = xasprintf("AMBIL_ACCOUNT=%s", safe(span_of(mail->account)).text);
	b->env[ENV_HOST] = xasprintf("AMBIL_HOST=%s", safe(span_of(mail->host)).text);
	b->env[ENV_USER] = xasprintf("AMBIL_USER=%s", safe(span_of(mail->user)).text);
	b->env[ENV_UID] = xasprintf("AMBIL_UID=%s", safe(mail->uid).text);
	b->env[ENV_ATTEMPT] = xasprintf("AMBIL_ATTEMPT=%" PRIu32, mail->attempt);
	if (!spool_make_room(&b->spool, false, e))
		return false;
	if (c->single.d->received_header)
		b->spool.memory.len += stamp_received(b->spool.memory.data, mail, c->single.host);
	return true;
}

static bool write_octets(struct sink *k, struct span octets, struct error *e)
{
	struct command *c = self(k);
	struct spool *s = &c->single.batch->spool;

	while (octets.len) {
		if (!spool_make_room(s, false, e))
			return false;
		s->memory.len += quote_feed(&c->quote, &octets, s->memory.data + s->memory.len,
			s->memory.room - s->memory.len);
	}
	return true;
}

static bool end(struct sink *k, struct error *e)
{
	struct command *c = self(k);
	struct spool *s = &c->single.batch->spool;

	if (!spool_make_room(s, false, e))
		return false;
	s->memory.len += quote_end(&c->quote, s->memory.data + s->memory.len);
	c->single.batch->env[ENV_SIZE] = xasprintf("AMBIL_SIZE=%" PRIu64, spool_len(s));
	c->single.ended = true;
	return true;
}

/* The mail goes to its file here, where a full disk stops the run before the command sees anything.
 */
static bool prepare(
	struct sink *k, struct sink_batch *b, struct receipt *out, size_t n, struct error *e)
{
	int fd;

	(void)k;
	for (size_t i = 0; i < n; i++)
		out[i].text[0] = '\0';
	return spool_to_file(&b->spool, &fd, e);
}

/* What an exit code says about this mail and about the next one. */
static const struct meaning {
	int code;
	enum error_kind kind;
	const char *words;
} meanings[] = {
	{64, ERROR_CONFIG, N_("wrong usage")},
	{65, ERROR_REFUSED, N_("message refused")},
	{67, ERROR_REFUSED, N_("unknown addressee")},
	{68, ERROR_REFUSED, N_("unknown host")},
	{69, ERROR_REFUSED, N_("service unavailable")},
	{70, ERROR_REFUSED, N_("internal error")},
	{71, ERROR_LATER, N_("system error")},
	{72, ERROR_DELIVERY, N_("a system file is missing")},
	{73, ERROR_DELIVERY, N_("cannot create its output")},
	{74, ERROR_DELIVERY, N_("input/output error")},
	{75, ERROR_LATER, N_("temporary failure")},
	{77, ERROR_REFUSED, N_("permission denied")},
	{78, ERROR_CONFIG, N_("configuration error")},
	{126, ERROR_CONFIG, N_("cannot be executed")},
	{127, ERROR_CONFIG, N_("command not found")},
};

static bool exited(const char *shown, int code, struct error *e)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code)
			return error_set(e, meanings[i].kind, "\"%s\" exited %d (%s)", shown, code,
				_(meanings[i].words));
	return error_set(e, ERROR_REFUSED, "\"%s\" exited %d", shown, code);
}

static bool judge(const struct command *c, int64_t timeout_ms, const struct child_result *result,
	const struct buf *complaints, struct error *e)
{
	struct safe shown = safe(span_of(c->single.d->shown));
	char limit[32];

	switch (result->end) {
	case CHILD_EXITED:
		if (result->code == 0)
			return true;
		exited(shown.text, result->code, e);
		break;
	case CHILD_SIGNALLED:
		error_set(e, ERROR_LATER, "\"%s\" was ended by signal %d (%s)", shown.text,
			result->code, strsignal(result->code));
		break;
	case CHILD_TIMED_OUT:
		text_duration(limit, sizeof(limit), (timeout_ms + 999) / 1000);
		error_set(e, ERROR_LATER, "\"%s\" had not ended after %s and was stopped",
			shown.text, limit);
		break;
	}
	return child_complaint(complaints, e);
}

/* One that is ended half way may have delivered: past the deadline none is started. */
static bool has_time(const struct command *c, struct error *e)
{
	return !c->single.sink.limits.until_ms || clock_ms() < c->single.sink.limits.until_ms ||
		error_set(e, ERROR_BUSY, "no time is left for \"%s\"",
			safe(span_of(c->single.d->shown)).text);
}

static bool commit(
	struct sink *k, struct sink_batch *b, const struct receipt *r, size_t n, struct error *e)
{
	struct command *c = self(k);
	struct buf complaints = {NULL, 0, 0};
	struct child_result result;
	const char *env[ENV_COUNT + 1] = {NULL};
	struct child_job job = {.argv = c->argv,
		.env = env,
		.complaints = &complaints,
		.timeout_ms = c->single.d->command_timeout_ms,
		.background = true};
	bool done;

	(void)r;
	(void)n;
	if (!has_time(c, e))
		return false;
	for (size_t i = 0; i < ENV_COUNT; i++)
		env[i] = b->env[i];
	done = spool_to_file(&b->spool, &job.stdin_fd, e) && child_run(&job, &result, e) &&
		judge(c, job.timeout_ms, &result, &complaints, e);
	buf_release(&complaints);
	return done;
}

static void free_sink(struct sink *k)
{
	struct command *c = self(k);

	batch_free(k, c->single.batch, false);
	child_argv_free(c->argv);
	free(c);
}

static const struct sink_ops ops = {
	.name = "pipe",
	.batch_max = 1,
	.journalled = false,
	.begin = begin,
	.write = write_octets,
	.end = end,
	.drop = single_drop,
	.cut = single_cut,
	.prepare = prepare,
	.commit = commit,
	.batch_free = batch_free,
	.free = free_sink,
};

struct sink *pipe_open(const struct destination *d, const char *account, struct error *e)
{
	struct command *c = xcalloc(1, sizeof(*c));

	(void)account;
	single_init(&c->single, &ops, d);
	c->single.sink.jobs = d->pipe_jobs;
	if (!child_argv_split(d->command, &c->argv, e)) {
		free_sink(&c->single.sink);
		return NULL;
	}
	if (!child_exists(c->argv[0])) {
		error_set(e, ERROR_CONFIG, "the command \"%s\" was not found or cannot be executed",
			safe(span_of(c->argv[0])).text);
		free_sink(&c->single.sink);
		return NULL;
	}
	return &c->single.sink;
}
