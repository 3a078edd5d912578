/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DISCOVER_DISCOVER_H
#define AMBIL_DISCOVER_DISCOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/dial.h"
#include "net/tls.h"

/* From a mail address to the POP3 server of its mailbox. */

/* Where to look, in this order. */
enum discovery_step {
	DISCOVERY_PROVIDERS,  /* the table of well-known ones: no question is sent anywhere */
	DISCOVERY_SRV,        /* RFC 6186 */
	DISCOVERY_AUTOCONFIG, /* a file that the domain's web server has for mail programs */
	DISCOVERY_GUESS,      /* usual names, with a valid certificate on port 995 */
};

enum discovery_login {
	DISCOVERY_PASSWORD,     /* as far as is known */
	DISCOVERY_APP_PASSWORD, /* not that of the account, but one made for programs */
	DISCOVERY_OAUTH,        /* no password at all: a token */
};

/* What was found. All zero is empty. */
struct discovery {
	enum discovery_step found_by;
	char *host; /* ASCII, as certificates spell it */
	uint16_t port;
	enum tls_mode tls; /* at once, or STARTTLS */
	char *user;        /* the login name that belongs to the address */
	enum discovery_login login;
	/*
	 * The host lies outside of the address's domain, and only the DNS says that it is the one:
	 * whoever falsifies that gets the password, with a certificate in order. It is to be used
	 * only when the person has confirmed it (RFC 6186 s.6, RFC 7817 s.3).
	 */
	bool unconfirmed;
	const char *provider; /* "Gmail"; NULL: none of the table */
	/* What the person has to do first, a sentence a line, in their language; NULL: nothing. */
	const char *note;
};

enum discovery_outcome {
	DISCOVERY_FOUND,
	DISCOVERY_NOTHING, /* it may have a server: the person must name it */
	DISCOVERY_NO_POP3, /* it is known, or says itself, that there is none */
	DISCOVERY_FAILED,  /* no address, no network, or interrupted: see the error's kind */
};

struct discovery_order {
	const char *address; /* "anna@example.org" */
	/* Proxy, source address and kind of address that the account will have; NULL: none. With a
	 * proxy nothing is looked up beside it: there are no SRV records then. */
	const struct endpoint *way;
	/* Authorities and the like that the account will have; NULL: the usual. Web servers are
	 * judged by the authorities alone. */
	const struct tls_policy *tls;
	int stop_fd; /* readable: ERROR_INTERRUPTED; -1: none */
	/* Both may be NULL. Called when a step begins that asks somebody; and, for whoever wants to
	 * see all, with what has come of each question: "_pop3s._tcp.example.org: no record". */
	void (*begins)(void *context, enum discovery_step step);
	void (*tells)(void *context, const char *what);
	void *context;
};

/*
 * Takes at most about half a minute, usually less than a second. *found is filled in for
 * DISCOVERY_FOUND only, else *e: ERROR_USAGE (not an address), ERROR_CAPABILITY (no POP3),
 * ERROR_HOST (nothing found), ERROR_NETWORK (no network or DNS), ERROR_INTERRUPTED.
 */
enum discovery_outcome discover(
	const struct discovery_order *order, struct discovery *found, struct error *e) MUST_CHECK;
void discovery_release(struct discovery *found);

/* How it was found, to stand in parentheses behind the server's name: "SRV record"; in the language
 * of the person. */
const char *discovery_origin(const struct discovery *found);

#endif
