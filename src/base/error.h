/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_BASE_ERROR_H
#define AMBIL_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/mem.h"

/* Why something failed, by who has to act. The one table from kind to exit code is in error.c. */
enum error_kind {
	ERROR_NONE,
	ERROR_USAGE,       /* 64: the command line */
	ERROR_REFUSED,     /* 65: a message that its destination refuses for good */
	ERROR_INPUT,       /* 66: an input file is missing */
	ERROR_HOST,        /* 68: no such host */
	ERROR_TLS,         /* 69: certificate or TLS trouble */
	ERROR_CAPABILITY,  /* 69: the server lacks what the account asks for */
	ERROR_INTERNAL,    /* 70: a fault of this program */
	ERROR_DELIVERY,    /* 73: the destination cannot be created or written */
	ERROR_STORE,       /* 74: the account's state cannot be read or written */
	ERROR_NETWORK,     /* 75: no connection, a broken one, or silence */
	ERROR_BUSY,        /* 75: the server says "later": IN-USE, LOGIN-DELAY, SYS/TEMP */
	ERROR_LATER,       /* 75: the destination says "later" for one message */
	ERROR_PROTOCOL,    /* 76: the server does not speak POP3 as it should */
	ERROR_AUTH,        /* 77: the login was refused */
	ERROR_CONFIG,      /* 78: the configuration is wrong or incomplete */
	ERROR_INTERRUPTED, /* 130: SIGINT */
	ERROR_TERMINATED,  /* 143: SIGTERM */
	ERROR_KINDS
};

/* What an error is about, where a caller has more to say of that: words are translated, this is
 * not. */
enum error_about {
	ERROR_ABOUT_ANYTHING,
	ERROR_ABOUT_NO_NETWORK, /* this machine has none */
	ERROR_ABOUT_PROXY,      /* and not the server behind it */
	ERROR_ABOUT_NAMES,      /* the remedy: another name as host */
	ERROR_ABOUT_ISSUER,     /* the remedy: an authority, or a pin, which ends it in quotes */
	ERROR_ABOUT_PORT,       /* the remedy, a guess: the usual port */
	ERROR_ABOUT_END,        /* of what is typed: there will be no answer */
};

/*
 * An error by value: no owner, and it crosses the pipe from worker to parent as it is. Untouched on
 * success. text is a complete sentence without a prefix, a full stop or a newline: what was tried,
 * on what, why. why is a second sentence; with server set it is the server's own words, made safe.
 * remedy is what the user can type or write; lead introduces it on a terminal ("to add one"; one
 * that ends in "correct" or "correct it" makes the remedy a place).
 *
 * The functions below are given English, and put down its translation: of a format, not of what is
 * put into it, so that whole sentences are handed over (base/i18n.h).
 */
struct error {
	enum error_kind kind;
	enum error_about about;
	char text[600];
	char why[360];
	bool server;
	bool place; /* remedy says where something is to be corrected, and not what to type */
	char lead[120];
	char remedy[800];
	/* text and why in English, for what is kept and read by others; empty: they are English */
	char plain[600], plain_why[360];
};

/* Each returns false, so that a failing function can say: return error_set(e, …). e may be NULL. */
bool error_set(struct error *e, enum error_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same, with ": " and the text of the errno value err behind it. */
bool error_sys(struct error *e, enum error_kind kind, int err, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* For functions that take a sentence themselves: "FILE:LINE: " and its words. */
bool error_set_at(struct error *e, enum error_kind kind, const char *file, unsigned line,
	const char *fmt, va_list ap) VPRINTF_LIKE(5);
/* Adds to an error that is already set; each replaces what stood there. */
bool error_why(struct error *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool error_server(struct error *e, struct span words);
bool error_remedy(struct error *e, const char *lead, const char *fmt, ...) PRINTF_LIKE(3, 4);

bool error_about(struct error *e, enum error_about about);
/* The same as what can be done about another error. */
bool error_remedy_of(struct error *e, const struct error *other);

/* More words behind its text: a clause of its own, with the sign that parts it from the sentence.
 */
bool error_append(struct error *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* In English, whatever the language is. A translated word that was put into it stays as it is. */
const char *error_plain(const struct error *e);
const char *error_plain_why(const struct error *e);

/* The sysexits code of a kind; 0 for ERROR_NONE. */
int error_exit_code(enum error_kind kind);
/* True when trying again later, with nothing changed, may help. */
bool error_temporary(enum error_kind kind);
/* A short fixed name for programs: "auth", "network", … */
const char *error_name(enum error_kind kind);

#endif
