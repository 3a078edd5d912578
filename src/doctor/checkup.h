/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_DOCTOR_CHECKUP_H
#define AMBIL_DOCTOR_CHECKUP_H

#include <stdint.h>
#include <sys/types.h>

#include "discover/discover.h"
#include "doctor/doctor.h"
#include "local/store.h"
#include "report/report.h"

/* One account being checked; private to this folder. */
struct checkup {
	const struct account *account;
	const struct run_order *order;
	struct secret *password;  /* value NULL: there is none */
	struct error no_password; /* why there is none, or what kept a place from answering */
	bool needs_no_password;   /* a certificate or a ticket does instead */
	int report_fd;
	struct error first;       /* what failed first; kind ERROR_NONE: nothing has */
	pid_t holder;             /* another run that has the account; 0: none */
	struct store *store;      /* a copy; NULL: none yet, or it cannot be read */
	struct error store_error; /* why it cannot */
	struct discovery server;  /* that was found for an address, and the account with it */
	struct account served;
};

/* Whether it was asked to stop: then nothing more is begun. */
bool checkup_stopped(const struct checkup *c);
/* Only the server matters: a URL that names no user. */
bool checkup_anonymous(const struct checkup *c);
/* Whether the details are shown without -v: of a server that is looked at by its URL. */
bool checkup_in_detail(const struct checkup *c);

/* What is reported. ms: how long it took, -1 when that says nothing. */
enum { NO_TIME = -1 };
void check_title(struct checkup *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void check_running(struct checkup *c, const char *label);
void check_ok(struct checkup *c, const char *label, int64_t ms, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* The words, and what can be done, are those of the error; its kind does not matter. */
void check_note(struct checkup *c, const char *label, const struct error *e);
/* The same when nothing can be done about it. */
void check_remark(struct checkup *c, const char *label, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A request to stop is no failure, and not shown. */
void check_failed(struct checkup *c, const char *label, const struct error *e);
void check_skipped(struct checkup *c, const char *label, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* One more line about the check before it, for -v only unless always. */
void check_detail(struct checkup *c, bool always, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same, to be copied as it is. */
void check_copy(struct checkup *c, bool always, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The checks, in the order of the output. */
void check_configuration(struct checkup *c);
/* Of an account that is only an address: its server; the account is one that has it then. False:
 * there is none. */
bool check_discovery(struct checkup *c);
/* Name and addresses. False: there is no way to the server. */
bool check_addresses_of_host(struct checkup *c);
/* What the handshake has shown. trusted: NULL, or why the server is not. */
void check_tls(
	struct checkup *c, const struct tls_facts *facts, int64_t ms, const struct error *distrust);
/* Finds it. For a URL to have none is no failure. */
void check_password(struct checkup *c);
/* The certificate that we would show ourselves, if there is one. False: it cannot be used. */
bool check_client_certificate(struct checkup *c);
/* From the connection to the listing. */
void check_server(struct checkup *c);
void check_destination(struct checkup *c);
/* The command of on-new, if there is one. */
void check_on_new(struct checkup *c);
void check_state(struct checkup *c);
/* Opens the state for looking, if it can be; see struct checkup. */
void open_state(struct checkup *c);

#endif
