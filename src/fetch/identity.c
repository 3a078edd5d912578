/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A UID that was out of the listing, whose mail was removed, or that another server tells, may
 * belong to another mail now (RFC 1939 s.7 lets servers reuse them). Before such a mail is deleted,
 * or a removed one is taken for fetched, its header is asked for and compared with the fingerprint
 * of the one that was delivered: an equal size is no proof. An ordinary run asks for nothing here.
 */
#include <stdlib.h>

#include "fetch/fetch_inner.h"
#include "fetch/headers.h"

bool identify(struct fetch *f, int64_t now_s, bool *again, struct error *e)
{
	struct headers_asked *asked = xcalloc(f->listing.n, sizeof(*asked));
	size_t n = 0;
	bool done = true;

	for (size_t i = 0; i < f->listing.n; i++)
		if (plan_needs_identity(&f->listing.mails[i], &f->account->policy, now_s))
			asked[n++] = (struct headers_asked){.index = (uint32_t)i};
	if (n && headers_can(f))
		done = headers_ask(f, asked, n, again, e);
	for (size_t i = 0; done && i < n; i++) {
		struct listed *mail = &f->listing.mails[asked[i].index];

		if (asked[i].came)
			mail->identity = asked[i].print == mail->seen->print ? IDENTITY_SAME
									     : IDENTITY_OTHER;
	}
	free(asked);
	return done;
}
