/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pipe between a worker and its parent. A worker that a server has taken over may write
 * anything: nothing of it is believed unseen.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
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

static bool is_sound_error(struct error *e)
{
	e->text[sizeof(e->text) - 1] = '\0';
	e->why[sizeof(e->why) - 1] = '\0';
	e->lead[sizeof(e->lead) - 1] = '\0';
	e->remedy[sizeof(e->remedy) - 1] = '\0';
	e->plain[sizeof(e->plain) - 1] = '\0';
	e->plain_why[sizeof(e->plain_why) - 1] = '\0';
	return e->kind < ERROR_KINDS;
}

static bool is_sound_check(struct report_check *c)
{
	c->label[sizeof(c->label) - 1] = '\0';
	c->text[sizeof(c->text) - 1] = '\0';
	return c->mark < CHECK_MARKS && is_sound_error(&c->error);
}

static bool is_sound_listed(struct report *r)
{
	r->u.listed.uid[sizeof(r->u.listed.uid) - 1] = '\0';
	r->u.listed.name[sizeof(r->u.listed.name) - 1] = '\0';
	r->u.listed.address[sizeof(r->u.listed.address) - 1] = '\0';
	r->u.listed.subject[sizeof(r->u.listed.subject) - 1] = '\0';
	return r->u.listed.why < PLAN_WHYS && r->u.listed.state < LISTED_STATES;
}

static bool is_sound_server(struct report_server *s)
{
	s->subject[sizeof(s->subject) - 1] = '\0';
	s->issuer[sizeof(s->issuer) - 1] = '\0';
	s->sha256[sizeof(s->sha256) - 1] = '\0';
	s->pin[sizeof(s->pin) - 1] = '\0';
	return is_sound_error(&s->distrust);
}

bool report_is_sound(struct report *r)
{
	struct error *e = r->type == REPORT_DONE ? &r->u.end.error : &r->u.error;

	switch (r->type) {
	case REPORT_STEP:
	case REPORT_TRACE:
		r->u.text[sizeof(r->u.text) - 1] = '\0';
		return true;
	case REPORT_MESSAGE:
		r->u.message.uid[sizeof(r->u.message.uid) - 1] = '\0';
		r->u.message.where[sizeof(r->u.message.where) - 1] = '\0';
		return true;
	case REPORT_ITEM:
		r->u.item.uid[sizeof(r->u.item.uid) - 1] = '\0';
		return r->u.item.why < PLAN_WHYS;
	case REPORT_LISTED:
		return is_sound_listed(r);
	case REPORT_WARNING:
	case REPORT_DONE:
		return is_sound_error(e);
	case REPORT_CHECK:
		return is_sound_check(&r->u.check);
	case REPORT_AGAIN:
		return false; /* that is for the parent to say */
	case REPORT_SERVER:
		return is_sound_server(&r->u.server);
	case REPORT_MAILBOX:
		r->u.mailbox.mechanism[sizeof(r->u.mailbox.mechanism) - 1] = '\0';
		return true;
	case REPORT_WAITING:
	case REPORT_PLAN:
	case REPORT_PROGRESS:
	case REPORT_COMMAND:
		return true;
	}
	return false;
}
