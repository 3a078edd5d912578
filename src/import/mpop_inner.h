/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_IMPORT_MPOP_INNER_H
#define AMBIL_IMPORT_MPOP_INNER_H

#include "import/import.h"
#include "import/index.h"

/* Private to the reader of mpop's configuration: mpop.c has its grammar, mpop_convert.c what its
 * commands mean here. */
enum mpop_command {
	MPOP_HOST,
	MPOP_PORT,
	MPOP_SOURCE_IP,
	MPOP_PROXY_HOST,
	MPOP_PROXY_PORT,
	MPOP_SOCKET,
	MPOP_TIMEOUT,
	MPOP_PIPELINING,
	MPOP_AUTH,
	MPOP_USER,
	MPOP_PASSWORD,
	MPOP_PASSWORDEVAL,
	MPOP_NTLMDOMAIN,
	MPOP_TLS,
	MPOP_TLS_STARTTLS,
	MPOP_TLS_TRUST_FILE,
	MPOP_TLS_CRL_FILE,
	MPOP_TLS_FINGERPRINT,
	MPOP_TLS_KEY_FILE,
	MPOP_TLS_CERT_FILE,
	MPOP_TLS_CERTCHECK,
	MPOP_TLS_PRIORITIES,
	MPOP_TLS_HOST_OVERRIDE,
	MPOP_TLS_MIN_DH_PRIME_BITS,
	MPOP_DELIVERY,
	MPOP_UIDLS_FILE,
	MPOP_ONLY_NEW,
	MPOP_KEEP,
	MPOP_KILLSIZE,
	MPOP_SKIPSIZE,
	MPOP_FILTER,
	MPOP_RECEIVED_HEADER,
	MPOP_COMMANDS
};

/* An argument and its line; NULL: the command was not given. */
struct mpop_value {
	char *text;
	unsigned line;
	bool by_default; /* it is none that other accounts take from this one */
};
struct mpop_account {
	char *name;
	unsigned line;
	struct mpop_value values[MPOP_COMMANDS];
};

/* Adds the account, or a note of why it is left out. mailboxes: those that have an account, with
 * its number. */
void mpop_convert(
	const struct mpop_account *from, struct import_index *mailboxes, struct imported *out);

#endif
