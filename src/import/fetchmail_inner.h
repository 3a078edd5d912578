/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_FETCHMAIL_INNER_H
#define AMBIL_IMPORT_FETCHMAIL_INNER_H

#include "import/import.h"
#include "import/index.h"

/*
 * Private to the reader of fetchmail's configuration: fetchmail.c has its grammar,
 * fetchmail_convert.c what its options mean here, fetchmail_deliver.c those of delivery,
 * fetchmail_tls.c those of TLS.
 */
enum fm_option {
	FM_PROTO, /* those of a server */
	FM_VIA,
	FM_PORT, /* port or service */
	FM_AUTH,
	FM_TIMEOUT,
	FM_INTERVAL,
	FM_UIDL,
	FM_PLUGIN,
	FM_PLUGOUT,
	FM_AKA,
	FM_LOCALDOMAINS,
	FM_ENVELOPE,
	FM_QVIRTUAL,
	FM_DNS,
	FM_CHECKALIAS,
	FM_INTERFACE,
	FM_MONITOR,
	FM_TRACEPOLLS,
	FM_PRINCIPAL,
	FM_ESMTPNAME,
	FM_ESMTPPASSWORD,
	FM_BAD_HEADER,
	FM_REMOTE, /* those of a user: the name there */
	FM_LOCAL,  /* the names here, in lines */
	FM_PASSWORD,
	FM_SSL,
	FM_SSLPROTO,
	FM_SSLCERTCK,
	FM_SSLCERTFILE,
	FM_SSLCERTPATH,
	FM_SSLCERT,
	FM_SSLKEY,
	FM_SSLCOMMONNAME,
	FM_SSLFINGERPRINT,
	FM_KEEP,
	FM_FETCHALL,
	FM_FLUSH,
	FM_LIMITFLUSH,
	FM_LIMIT,
	FM_FETCHLIMIT,
	FM_MDA,
	FM_BSMTP,
	FM_LMTP,
	FM_SMTPHOST,
	FM_SMTPADDRESS,
	FM_SMTPNAME,
	FM_FETCHDOMAINS,
	FM_ANTISPAM,
	FM_BATCHLIMIT,
	FM_PRECONNECT,
	FM_POSTCONNECT,
	FM_FOLDER,
	FM_IDLE,
	FM_REWRITE,
	FM_STRIPCR,
	FM_FORCECR,
	FM_PASS8BITS,
	FM_DROPSTATUS,
	FM_DROPDELIVERED,
	FM_MIMEDECODE,
	FM_WARNINGS,
	FM_EXPUNGE,
	FM_FETCHSIZELIMIT,
	FM_FASTUIDL,
	FM_PROPERTIES,
	FM_OPTIONS
};

/* Of a switch "on" or "off"; of a list its words, a blank between two. NULL: it was not given. */
struct fm_value {
	char *text;
	unsigned line;
};

/* A user of a poll, with what is said of the server, and what the defaults say. */
struct fm_account {
	const char *poll;
	bool skip;  /* not without being named */
	bool alone; /* there is no other user of this name of a poll */
	unsigned line;
	const struct fm_value *values[FM_OPTIONS]; /* each there, its text perhaps NULL */
};

/* What holds for the whole file. */
struct fm_globals {
	struct fm_value idfile, invisible;
	const char *login, *sendmail;  /* see struct fetchmail_world */
	struct import_index mailboxes; /* those that have an account */
};

/* As the file has it, for words. */
const char *fm_name(enum fm_option option);

/* Adds the account, or a note of why it is left out. */
void fm_convert(const struct fm_account *from, struct fm_globals *globals, struct imported *out);

/* ---- for fetchmail_convert.c, fetchmail_deliver.c and fetchmail_tls.c ---- */

struct fm_converter {
	const struct fm_account *from;
	struct imported *out;
	struct imported_account *to;
	const char *host, *user;
	bool names_recipient; /* the command of delivery does, as SMTP would */
};
/* NULL when it is not given, or given as nothing. */
const char *fm_get(const struct fm_converter *c, enum fm_option option);
/* 0 when it is not given. */
unsigned fm_line(const struct fm_converter *c, enum fm_option option);
bool fm_is_on(const struct fm_converter *c, enum fm_option option, bool usual);
void fm_set(struct fm_converter *c, const char *setting, enum fm_option option, const char *value);
void fm_set_fresh(struct fm_converter *c, const char *setting, enum fm_option option, char *value);
void fm_disable(struct fm_converter *c, unsigned line);
/* A path; one that begins nowhere is told to be looked for at home. */
void fm_set_path(struct fm_converter *c, const char *setting, enum fm_option option);
#define FM_DROPPED(c, option, ...) \
	imported_note((c)->out, (c)->to, IMPORT_DROPPED, fm_line(c, option), __VA_ARGS__)
#define FM_CHANGED(c, option, ...) \
	imported_note((c)->out, (c)->to, IMPORT_CHANGED, fm_line(c, option), __VA_ARGS__)

/* deliver, or a note of what has to be said instead. */
void fm_convert_delivery(struct fm_converter *c, const struct fm_globals *globals);
/* tls, and what belongs to it. */
void fm_convert_tls(struct fm_converter *c);

#endif
