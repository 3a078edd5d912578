/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AMBIL_HEADERS_H
#define AMBIL_HEADERS_H

#include "fetch/fetch_inner.h"

/*
 * Asks for the headers of listed mails (TOP n 0, RFC 1939 s.7), for their fingerprints. For the
 * survey, before anything is fetched.
 */
struct headers_asked {
	uint32_t index; /* into the listing */
	uint64_t print; /* local/fingerprint.h; 0: it has none, or did not come */
	bool came;
};
/* For whoever wants to read them. */
struct headers_reader {
	void (*octets)(void *self, struct span octets); /* of the header that is coming */
	void (*done)(void *self, bool came);            /* one for each mail, in their order */
	void *self;
};
/* Whether it is worth asking: the server has TOP, and no session of this run broke at it twice. */
bool headers_can(const struct fetch *f);
/*
 * Refusals are no failure: came stays false. False: the session broke; again as of visit(), the
 * next one asks in step, and the one after that not at all.
 */
bool headers_ask(struct fetch *f, struct headers_asked *mails, size_t n, bool *again,
	struct error *e) MUST_CHECK;
/* The same, and each is handed to reader as it comes; done is not called for those not asked for
 * any more, because the server refuses all. */
bool headers_read(struct fetch *f, struct headers_asked *mails, size_t n,
	const struct headers_reader *reader, bool *again, struct error *e) MUST_CHECK;

#endif
