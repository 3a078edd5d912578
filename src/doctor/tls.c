/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encryption and certificates, as the handshake has shown them. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "doctor/checkup.h"
#include "doctor/words.h"
#include "net/tls.h"

/* "TLS 1.1" and older, which RFC 8996 has done away with. */
static bool is_old(const char *version)
{
	return strcmp(version, "TLS 1.0") == 0 || strcmp(version, "TLS 1.1") == 0;
}

static void tell_version(struct checkup *c, const struct tls_facts *facts, int64_t ms)
{
	struct error e;

	if (is_old(facts->version)) {
		error_set(
			&e, ERROR_TLS, "%s, which is not safe any more (RFC 8996)", facts->version);
		error_why(&e, "%s, %s", facts->exchange, facts->suite);
		check_note(c, "TLS", &e);
	} else {
		check_ok(c, "TLS", ms, "%s, %s, %s", facts->version + strlen("TLS "),
			facts->exchange, facts->suite);
	}
	if (facts->signature[0])
		check_detail(c, checkup_in_detail(c), "proved   %s", facts->signature);
	if (facts->stapled && facts->trusted)
		check_detail(c, checkup_in_detail(c), "OCSP     not revoked, by a proof attached");
}

/* All that is known of one certificate. */
static void tell_details(struct checkup *c, const struct tls_certificate *one, bool always)
{
	char from[40], until[40];

	words_moment(from, sizeof(from), one->from_s);
	words_moment(until, sizeof(until), one->until_s);
	check_detail(c, always, "owner    %s", one->owner);
	check_detail(c, always, "issuer   %s", one->signer);
	check_detail(c, always, "for      %s", one->names[0] ? one->names : _("no host"));
	check_detail(c, always, "from     %s", from);
	check_detail(c, always, "until    %s", until);
	check_detail(c, always, "key      %s", one->key);
	check_copy(c, always, "SHA-256  %s", one->sha256);
	check_copy(c, always, "SHA-1    %s", one->sha1);
	check_copy(c, always, "pin      pin-sha256 = \"%s\"", one->pin);
}

static void tell_chain(struct checkup *c, const struct tls_facts *facts, bool always)
{
	if (facts->n)
		tell_details(c, &facts->chain[0], always);
	for (size_t i = 1; i < facts->n; i++) {
		check_detail(c, false, "signed by:");
		tell_details(c, &facts->chain[i], false);
	}
}

/* The first that ends is the end of all; the authority itself need not be among them. */
static int64_t end_of(const struct tls_facts *facts)
{
	int64_t end = facts->chain[0].until_s;

	for (size_t i = 1; i < facts->n; i++)
		if (facts->chain[i].until_s < end)
			end = facts->chain[i].until_s;
	return end;
}

static void tell_trusted(struct checkup *c, const struct tls_facts *facts)
{
	int64_t now = clock_wall_s(), end = end_of(facts);
	const struct tls_certificate *own = &facts->chain[0];
	char day[16], left[40];
	struct error e;

	words_day(day, sizeof(day), end);
	words_left(left, sizeof(left), end, now);
	/* Of a key that is known, nothing else counts. */
	if (facts->pinned) {
		check_ok(c, "certificate", NO_TIME,
			"%.200s, which has one of the pins (pin-sha256)", own->subject);
		return;
	}
	if (end - now >= WORDS_ENDS_SOON_S) {
		check_ok(c, "certificate", NO_TIME, "%.200s, by %.200s, until %s (%s)",
			own->subject, own->issuer, day, left);
		return;
	}
	error_set(&e, ERROR_TLS, "%.100s, by %.100s, only until %s (%s)", own->subject, own->issuer,
		day, left);
	error_remedy(&e, "", "it is renewed by whoever runs the server: tell them if that is late");
	check_note(c, "certificate", &e);
}

static void tell_distrust(
	struct checkup *c, const struct tls_facts *facts, const struct error *distrust)
{
	struct error e = *distrust;

	/* The fingerprint stands among the details. */
	if (facts->n && e.about == ERROR_ABOUT_ISSUER)
		e.why[0] = '\0';
	for (size_t i = 0; i < facts->n; i++)
		if (facts->chain[i].from_s > clock_wall_s() && !e.remedy[0])
			error_remedy(&e, "is the clock of this machine right?", "date");
	check_failed(c, "certificate", &e);
}

bool check_client_certificate(struct checkup *c)
{
	static const char label[] = N_("own key");
	const struct tls_policy *policy = &c->account->tls;
	int64_t now = clock_wall_s();
	struct tls_certificate own = {.from_s = 0};
	char day[16], left[40];
	struct error e = {0};

	if (policy->mode == TLS_NONE || !policy->client_cert)
		return true;
	if (!tls_check(policy, &e) || !tls_describe_client(policy, &own, &e)) {
		check_failed(c, label, &e);
		return false;
	}
	words_day(day, sizeof(day), own.until_s);
	words_left(left, sizeof(left), own.until_s, now);
	if (own.until_s - now >= WORDS_ENDS_SOON_S) {
		check_ok(c, label, NO_TIME,
			"client certificate of %.200s, by %.200s, until %s (%s)", own.subject,
			own.issuer, day, left);
		return true;
	}
	error_set(&e, ERROR_CONFIG, "client certificate of %.100s, by %.100s, only until %s (%s)",
		own.subject, own.issuer, day, left);
	error_remedy(&e, "get another one, and set", "client-cert in %s",
		config_origin(c->account, "client-cert"));
	if (own.until_s < now)
		check_failed(c, label, &e);
	else
		check_note(c, label, &e);
	return true;
}

void check_tls(
	struct checkup *c, const struct tls_facts *facts, int64_t ms, const struct error *distrust)
{
	tell_version(c, facts, ms);
	if (distrust)
		tell_distrust(c, facts, distrust);
	else if (facts->n)
		tell_trusted(c, facts);
	tell_chain(c, facts, distrust || checkup_in_detail(c));
}
