/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pipe between a worker and its parent. A worker that a server has taken over may write
 * anything: nothing of it is believed unseen.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "report/report.h"

/* A parent that does not read is stuck in writing to its terminal. */
enum { TAKEN_PATIENCE_MS = 5000, TAKEN_POLL_MS = 2 };

static bool progress_unseen;

void report_progress_seen(bool seen)
{
	progress_unseen = !seen;
}

static bool is_progress(const struct report *r)
{
	return r->type == REPORT_STEP || r->type == REPORT_PLAN || r->type == REPORT_PROGRESS;
}

void report_send(int fd, const struct report *r)
{
	if (progress_unseen && is_progress(r))
		return;
	while (write(fd, r, sizeof(*r)) < 0)
		if (errno != EINTR)
			return;
}

void report_step(int fd, const char *fmt, ...)
{
	struct report r = {.type = REPORT_STEP};
	va_list ap;

	va_start(ap, fmt);
	text_format(r.u.text, sizeof(r.u.text), i18n_text(fmt), ap);
	va_end(ap);
	report_send(fd, &r);
}

void report_warning(int fd, const struct error *e)
{
	struct report r = {.type = REPORT_WARNING};

	r.u.error = *e;
	report_send(fd, &r);
}

/* Until the parent has taken all that was sent to it; where that cannot be told nothing is waited
 * for. */
static void wait_until_taken(int fd)
{
	int64_t until = clock_ms() + TAKEN_PATIENCE_MS;
	int left;

	while (ioctl(fd, FIONREAD, &left) == 0 && left > 0 && clock_ms() < until)
		poll(NULL, 0, TAKEN_POLL_MS);
}

void report_command(int fd, bool runs)
{
	struct report r = {.type = REPORT_COMMAND, .u.number = runs};

	report_send(fd, &r);
	if (!runs || progress_unseen)
		return;
	/* Lines that are drawn late would cover what the command asks. One report is read when the
	 * one before it was obeyed: the second of two that say the same tells when the terminal is
	 * free. */
	report_send(fd, &r);
	wait_until_taken(fd);
}

/* Ends a text, and leaves nothing in it that a terminal would obey. */
static void tame(char *text, size_t room)
{
	text[room - 1] = '\0';
	text_tame(text);
}

/* Any other octet than these two is no bool at all, and must not be read as one. */
static bool is_sound_bool(const bool *value)
{
	unsigned char octet;

	memcpy(&octet, value, 1);
	return octet <= 1;
}

static bool is_sound_error(struct error *e)
{
	tame(e->text, sizeof(e->text));
	tame(e->why, sizeof(e->why));
	tame(e->lead, sizeof(e->lead));
	tame(e->remedy, sizeof(e->remedy));
	tame(e->plain, sizeof(e->plain));
	tame(e->plain_why, sizeof(e->plain_why));
	return e->kind < ERROR_KINDS && e->about <= ERROR_ABOUT_END && is_sound_bool(&e->server) &&
		is_sound_bool(&e->place);
}

static bool is_sound_end(struct report *r)
{
	struct report_counts *c = &r->u.end.counts;

	if (!is_sound_bool(&c->said) || !is_sound_bool(&c->untried) || !is_sound_bool(&c->locked) ||
		!is_sound_bool(&c->same_again))
		return false;
	return is_sound_error(&r->u.end.error);
}

static bool is_sound_check(struct report_check *c)
{
	tame(c->label, sizeof(c->label));
	tame(c->text, sizeof(c->text));
	return c->mark < CHECK_MARKS && is_sound_bool(&c->verbose) && is_sound_bool(&c->whole) &&
		is_sound_error(&c->error);
}

static bool is_sound_item(struct report *r)
{
	tame(r->u.item.uid, sizeof(r->u.item.uid));
	return r->u.item.why < PLAN_WHYS && is_sound_bool(&r->u.item.fetch) &&
		is_sound_bool(&r->u.item.remove);
}

/* What a mail says of itself is made safe by whoever shows it. */
static bool is_sound_listed(struct report *r)
{
	tame(r->u.listed.uid, sizeof(r->u.listed.uid));
	r->u.listed.name[sizeof(r->u.listed.name) - 1] = '\0';
	r->u.listed.address[sizeof(r->u.listed.address) - 1] = '\0';
	r->u.listed.subject[sizeof(r->u.listed.subject) - 1] = '\0';
	return r->u.listed.why < PLAN_WHYS && r->u.listed.state < LISTED_STATES &&
		is_sound_bool(&r->u.listed.has_header) && is_sound_bool(&r->u.listed.fetch) &&
		is_sound_bool(&r->u.listed.remove);
}

static bool is_sound_server(struct report_server *s)
{
	tame(s->subject, sizeof(s->subject));
	tame(s->issuer, sizeof(s->issuer));
	tame(s->sha256, sizeof(s->sha256));
	tame(s->pin, sizeof(s->pin));
	return is_sound_bool(&s->trusted) && is_sound_bool(&s->pinned) &&
		is_sound_error(&s->distrust);
}

bool report_is_sound(struct report *r)
{
	switch (r->type) {
	case REPORT_STEP:
	case REPORT_TRACE:
		tame(r->u.text, sizeof(r->u.text));
		return true;
	case REPORT_MESSAGE:
		tame(r->u.message.uid, sizeof(r->u.message.uid));
		tame(r->u.message.where, sizeof(r->u.message.where));
		return true;
	case REPORT_ITEM:
		return is_sound_item(r);
	case REPORT_LISTED:
		return is_sound_listed(r);
	case REPORT_WARNING:
		return is_sound_error(&r->u.error);
	case REPORT_DONE:
		return is_sound_end(r);
	case REPORT_CHECK:
		return is_sound_check(&r->u.check);
	case REPORT_AGAIN:
		return false; /* that is for the parent to say */
	case REPORT_SERVER:
		return is_sound_server(&r->u.server);
	case REPORT_MAILBOX:
		tame(r->u.mailbox.mechanism, sizeof(r->u.mailbox.mechanism));
		return is_sound_bool(&r->u.mailbox.counted) && is_sound_bool(&r->u.mailbox.listed);
	case REPORT_WAITING:
	case REPORT_PLAN:
	case REPORT_PROGRESS:
	case REPORT_COMMAND:
		return true;
	}
	return false;
}
