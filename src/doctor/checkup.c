/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The story of a check of one account: its configuration, the way to the server, what the server
 * says, the login; then, whatever came of that, destination and state.
 */
#include "doctor/checkup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "fetch/stop.h"

bool checkup_stopped(const struct checkup *c)
{
	return *c->order->stop != 0;
}

bool checkup_anonymous(const struct checkup *c)
{
	return !c->account->user[0];
}

bool checkup_in_detail(const struct checkup *c)
{
	return c->account->temporary;
}

/* ---- reports ---- */

static struct report begin(enum check_mark mark, const char *label)
{
	struct report r = {.type = REPORT_CHECK};

	r.u.check.mark = mark;
	r.u.check.ms = NO_TIME;
	snprintf(r.u.check.label, sizeof(r.u.check.label), "%s", label);
	return r;
}

/* Sends it with words. */
static void say(struct checkup *c, struct report *r, const char *fmt, va_list ap)
{
	text_format(r->u.check.text, sizeof(r->u.check.text), i18n_text(fmt), ap);
	report_send(c->report_fd, r);
}

/* Those of the error. */
static void say_error(
	struct checkup *c, enum check_mark mark, const char *label, const struct error *e)
{
	struct report r = begin(mark, label);

	r.u.check.error = *e;
	report_send(c->report_fd, &r);
}

void check_title(struct checkup *c, const char *fmt, ...)
{
	struct report r = begin(CHECK_TITLE, "");
	va_list ap;

	va_start(ap, fmt);
	say(c, &r, fmt, ap);
	va_end(ap);
}

void check_running(struct checkup *c, const char *label)
{
	struct report r = begin(CHECK_RUNNING, label);

	report_send(c->report_fd, &r);
}

void check_ok(struct checkup *c, const char *label, int64_t ms, const char *fmt, ...)
{
	struct report r = begin(CHECK_OK, label);
	va_list ap;

	r.u.check.ms = ms;
	va_start(ap, fmt);
	say(c, &r, fmt, ap);
	va_end(ap);
}

void check_note(struct checkup *c, const char *label, const struct error *e)
{
	say_error(c, CHECK_NOTE, label, e);
}

void check_remark(struct checkup *c, const char *label, const char *fmt, ...)
{
	struct report r = begin(CHECK_NOTE, label);
	va_list ap;

	va_start(ap, fmt);
	say(c, &r, fmt, ap);
	va_end(ap);
}

void check_failed(struct checkup *c, const char *label, const struct error *e)
{
	if (checkup_stopped(c))
		return;
	if (!c->first.kind)
		c->first = *e;
	say_error(c, CHECK_FAILED, label, e);
}

void check_skipped(struct checkup *c, const char *label, const char *fmt, ...)
{
	struct report r = begin(CHECK_SKIPPED, label);
	va_list ap;

	va_start(ap, fmt);
	say(c, &r, fmt, ap);
	va_end(ap);
}

void check_detail(struct checkup *c, bool always, const char *fmt, ...)
{
	struct report r = begin(CHECK_DETAIL, "");
	va_list ap;

	r.u.check.verbose = !always;
	va_start(ap, fmt);
	say(c, &r, fmt, ap);
	va_end(ap);
}

void check_copy(struct checkup *c, bool always, const char *fmt, ...)
{
	struct report r = begin(CHECK_DETAIL, "");
	va_list ap;

	r.u.check.verbose = !always;
	r.u.check.whole = true;
	va_start(ap, fmt);
	say(c, &r, fmt, ap);
	va_end(ap);
}

/* ---- the story ---- */

static void tell_title(struct checkup *c)
{
	static const char *const tls[] = {[TLS_IMPLICIT] = N_("TLS at once"),
		[TLS_STARTTLS] = N_("TLS after STLS"),
		[TLS_NONE] = N_("no encryption")};
	const struct account *a = c->account;
	const char *how = _(tls[a->tls.mode]);

	/* A URL's name is the user and the place. */
	if (a->address)
		check_title(c, "the server of this address");
	else if (a->temporary)
		check_title(c, "%s", how);
	else
		check_title(c, "%s at %s, %s", safe(span_of(a->user)).text,
			dial_where(safe(span_of(a->endpoint.host)).text, a->endpoint.port).text,
			how);
}

static void check_all(struct checkup *c)
{
	bool local = !c->account->temporary, has_key;

	tell_title(c);
	if (c->account->address && !check_discovery(c))
		return;
	if (local)
		check_configuration(c);
	has_key = check_client_certificate(c);
	/* Before the connection, so that no word of the server can repeat it unseen. */
	check_password(c);
	if (!checkup_anonymous(c))
		open_state(c);
	/* It would fail again, and few tokens take a wrong PIN more than three times. */
	if (check_addresses_of_host(c) && has_key)
		check_server(c);
	else if (!has_key)
		check_skipped(c, "login", "not tried, as the own key cannot be used");
	if (local && !checkup_stopped(c))
		check_destination(c);
	if (local && !checkup_stopped(c))
		check_on_new(c);
	if (local && !checkup_stopped(c))
		check_state(c);
}

int doctor_account(const struct account *account, const struct run_order *order,
	struct secret *password, const struct error *no_password, int report_fd)
{
	struct checkup c = {.account = account,
		.order = order,
		.password = password,
		.no_password = *no_password,
		.report_fd = report_fd};
	struct report end = {.type = REPORT_DONE};

	check_all(&c);
	secret_release(password);
	store_free(c.store);
	discovery_release(&c.server);
	end.u.end.error = c.first;
	if (checkup_stopped(&c))
		stop_error(*order->stop, 0, &end.u.end.error);
	report_send(report_fd, &end);
	return error_exit_code(end.u.end.error.kind);
}
