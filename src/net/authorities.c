/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GnuTLS takes longer to read the hundred and more authorities of a system than for all the rest of
 * a connection; a chain needs one of them. What is picked here GnuTLS reads and judges as ever: a
 * certificate too many or too few changes no verdict for the better.
 */
#include "net/authorities.h"

#include <gnutls/gnutls.h>
#include <stdint.h>
#include <string.h>

static const char begin_mark[] = "-----BEGIN CERTIFICATE-----",
		  end_mark[] = "-----END CERTIFICATE-----";

/* Where what begins, NULL: nowhere. */
static const char *find(struct span in, struct span what)
{
	const char *at = in.data, *end = in.data + in.len;

	while (what.len && (size_t)(end - at) >= what.len) {
		at = memchr(at, what.data[0], (size_t)(end - at) - what.len + 1);
		if (!at || memcmp(at, what.data, what.len) == 0)
			return at;
		at++;
	}
	return NULL;
}

/* Takes the next certificate off *rest, with its marks. */
static bool next_certificate(struct span *rest, struct span *pem)
{
	const char *begin = find(*rest, span_of(begin_mark)), *end, *stop = rest->data + rest->len;

	if (!begin)
		return false;
	end = find((struct span){begin, (size_t)(stop - begin)}, span_of(end_mark));
	if (!end)
		return false;
	pem->data = begin;
	pem->len = (size_t)(end - begin) + strlen(end_mark);
	*rest = (struct span){begin + pem->len, (size_t)(stop - begin) - pem->len};
	return true;
}

static bool holds_one_of(struct span pem, const struct span *names, size_t n)
{
	const gnutls_datum_t in = {(unsigned char *)(uintptr_t)pem.data, (unsigned)pem.len};
	gnutls_datum_t der;
	bool holds = false;

	if (gnutls_pem_base64_decode2("CERTIFICATE", &in, &der) < 0)
		return false;
	for (size_t i = 0; i < n && !holds; i++)
		holds = find((struct span){(const char *)der.data, der.size}, names[i]) != NULL;
	gnutls_free(der.data);
	return holds;
}

size_t authorities_pick(struct span bundle, const struct span *names, size_t n, struct buf *pem)
{
	struct span one;
	size_t picked = 0;

	while (next_certificate(&bundle, &one)) {
		if (!holds_one_of(one, names, n))
			continue;
		buf_add(pem, one.data, one.len);
		buf_add_text(pem, "\n");
		picked++;
	}
	return picked;
}
