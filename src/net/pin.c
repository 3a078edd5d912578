/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pins: the SHA-256 of a public key, or of a whole certificate. Which of the two a pin is need not
 * be said: both are tried, as no key can be found whose digest is that of a given certificate.
 */
#include "net/pin.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "net/tls.h"

enum { PIN_OCTETS = 32, BASE64_LEN = 44 };

/* Takes the next pin off *rest; an empty one when there is none. */
static struct span next_pin(struct span *rest)
{
	struct span pin;

	while (rest->len && strchr(", \t", rest->data[0])) {
		rest->data++;
		rest->len--;
	}
	pin = (struct span){rest->data, 0};
	while (pin.len < rest->len && !strchr(", \t", rest->data[pin.len]))
		pin.len++;
	rest->data += pin.len;
	rest->len -= pin.len;
	return pin;
}

/* As curl, GnuTLS and OpenSSH write what it is. */
static struct span without_prefix(struct span pin)
{
	static const char *const prefixes[] = {"sha256//", "pin-sha256:", "sha256:"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i]);

		if (pin.len > len && span_is_nocase((struct span){pin.data, len}, prefixes[i]))
			return (struct span){pin.data + len, pin.len - len};
	}
	return pin;
}

/* Pairs of digits, with or without a colon between two; how many octets, 0 when it is no such thing
 * or has more than there is room for. */
static size_t read_hex(struct span s, unsigned char out[PIN_OCTETS])
{
	size_t n = 0, i = 0;

	while (i < s.len) {
		int high = parse_hex_digit(s.data[i]);
		int low = i + 1 < s.len ? parse_hex_digit(s.data[i + 1]) : -1;

		if (high < 0 || low < 0 || n == PIN_OCTETS)
			return 0;
		out[n++] = (unsigned char)(high << 4 | low);
		i += 2;
		if (i < s.len && s.data[i] == ':' && ++i == s.len)
			return 0;
	}
	return n;
}

static bool read_base64(struct span s, unsigned char out[PIN_OCTETS])
{
	gnutls_datum_t text = {(unsigned char *)(uintptr_t)s.data, (unsigned)s.len};
	gnutls_datum_t octets = {NULL, 0};
	bool fits;

	if (s.len != BASE64_LEN || gnutls_base64_decode2(&text, &octets) < 0)
		return false;
	fits = octets.size == PIN_OCTETS;
	if (fits)
		memcpy(out, octets.data, PIN_OCTETS);
	gnutls_free(octets.data);
	return fits;
}

static bool read_pin(struct span pin, unsigned char out[PIN_OCTETS])
{
	pin = without_prefix(pin);
	return read_hex(pin, out) == PIN_OCTETS || read_base64(pin, out);
}

static bool refuse(struct span pin, enum error_kind kind, struct error *e)
{
	enum { SHA1_OCTETS = 20, MD5_OCTETS = 16 };
	unsigned char ignored[PIN_OCTETS];
	size_t n = read_hex(pin, ignored);

	if (n == SHA1_OCTETS || n == MD5_OCTETS)
		return error_set(e, kind,
			"\"%s\" is a fingerprint by %s, which proves too little: use SHA-256",
			safe(pin).text, n == SHA1_OCTETS ? "SHA-1" : "MD5");
	return error_set(e, kind,
		"\"%s\" is no SHA-256: use 44 characters of base64, or 64 hexadecimal digits",
		safe(pin).text);
}

bool tls_check_pins(const char *text, enum error_kind kind, struct error *e)
{
	struct span rest = span_of(text), pin = next_pin(&rest);

	if (!pin.len)
		return error_set(e, kind, "it names no key");
	for (; pin.len; pin = next_pin(&rest)) {
		unsigned char ignored[PIN_OCTETS];

		if (!read_pin(pin, ignored))
			return refuse(pin, kind, e);
	}
	return true;
}

bool pins_match(const char *pins, gnutls_x509_crt_t crt)
{
	struct span rest = span_of(pins), pin;
	unsigned char key[PIN_OCTETS], whole[PIN_OCTETS], wanted[PIN_OCTETS];
	size_t key_len = sizeof(key), whole_len = sizeof(whole);

	if (gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, key, &key_len) < 0 ||
		gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, whole, &whole_len) < 0 ||
		key_len != PIN_OCTETS || whole_len != PIN_OCTETS)
		return false;
	for (pin = next_pin(&rest); pin.len; pin = next_pin(&rest))
		if (read_pin(pin, wanted) &&
			(memcmp(wanted, key, PIN_OCTETS) == 0 ||
				memcmp(wanted, whole, PIN_OCTETS) == 0))
			return true;
	return false;
}
