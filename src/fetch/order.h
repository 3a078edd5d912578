/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_ORDER_H
#define AMBIL_ORDER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/secret.h"
#include "report/report.h"

/* What every worker is asked to do. */
enum run_mode {
	RUN_FETCH,
	RUN_DRY,
	RUN_CHECK,
	RUN_FROM_NOW,
	RUN_LOGIN, /* logs in, and tells what is there */
	RUN_LOOK,  /* up to a server that is ready for a login, which may not be trusted */
	RUN_DOCTOR,
	RUN_LIST,
};
struct run_order {
	enum run_mode mode;
	bool trace;                    /* -d */
	bool prompt;                   /* a terminal may be asked for passwords */
	const struct secret *password; /* the one that is tried; NULL: all places are asked */
	bool by_hand;                  /* on a terminal: somebody sees what happens, and can wait */
	bool typed; /* at a terminal, wherever the words go: nothing is kept from who did it */
	bool wait_locked; /* wait for another ambil instead of passing the account over */
	bool sizes;       /* somebody watches the progress: ask the server for sizes */
	bool messages;    /* report each delivered message */
	bool accept;      /* fetch what may be known mail under new names */
	/* RUN_LOGIN: a file for the UIDs of what is there, a line each, as seenfile.h has it; 0:
	 * nobody wants them. */
	int uids_fd;
	uint32_t list_max; /* RUN_LIST: the newest of them; 0: all */
	size_t jobs;       /* accounts at once */
	size_t batch_max;  /* mails made durable together, at most; 0: as many as the sink takes */
	const char *state_dir;
	int64_t config_ns;        /* when the configuration was changed last; 0: there is none */
	const char *config_path;  /* the file that was read; NULL: there is none */
	const char *const *known; /* the names of all accounts, chosen or not */
	size_t known_n;
	const volatile sig_atomic_t *stop; /* the number of the signal that asked to stop, else 0 */
	int stop_fd;                       /* becomes readable when *stop is set */
	/* For a caller who tells it otherwise: gets each report first; true: it is not rendered.
	 * May be NULL. */
	bool (*watch)(void *self, const struct report *r);
	void *watch_self;
};

#endif
