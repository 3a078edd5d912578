/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What fetchmail's options of TLS mean here. It encrypts at once with ssl; without, it uses STLS
 * where the server has it, or (since 6.4, where certificates are checked unless told not to)
 * always.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "import/fetchmail_inner.h"

/* Ways that send no password as it is. */
static bool is_covered(const struct fm_converter *c)
{
	static const char *const methods[] = {"cram-md5", "cram", "ntlm", "gssapi", "external"};
	const char *method = fm_get(c, FM_AUTH);
	const char *protocol = fm_get(c, FM_PROTO);

	for (size_t i = 0; method && i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return protocol && strcasecmp(protocol, "apop") == 0;
}

static void convert_clear(struct fm_converter *c, enum fm_option why)
{
	char *words;

	if (import_is_here(c->host) || fm_get(c, FM_PLUGIN)) {
		fm_set(c, "tls", why, "none");
		if (!is_covered(c))
			fm_set(c, "allow-cleartext-password", why, "true");
		return;
	}
	fm_set(c, "tls", why, "starttls");
	words = import_encrypts_now("fetchmail");
	FM_CHANGED(c, why, "%s", words);
	free(words);
}

static void convert_mode(struct fm_converter *c)
{
	const char *version = c->from->values[FM_SSLPROTO]->text;

	if (fm_is_on(c, FM_SSL, false))
		fm_set(c, "tls", FM_SSL, "implicit");
	else if (version && !version[0])
		convert_clear(c, FM_SSLPROTO);
	else if (!version && !fm_is_on(c, FM_SSLCERTCK, true))
		convert_clear(c, FM_SSLCERTCK);
	else
		fm_set(c, "tls", FM_SSL, "starttls");
}

/* TLS 1.2 is the least here, and newer is always allowed. */
static void convert_version(struct fm_converter *c)
{
	static const char *const older[] = {
		"ssl3", "ssl3+", "tls1", "tls1+", "tls1.0", "tls1.0+", "tls1.1", "tls1.1+"};
	const char *version = fm_get(c, FM_SSLPROTO);

	if (!version)
		return;
	if (strncasecmp(version, "tls1.3", 6) == 0)
		fm_set(c, "tls-min", FM_SSLPROTO, "1.3");
	if (strcasecmp(version, "tls1.2") == 0)
		FM_CHANGED(c, FM_SSLPROTO, "sslproto %s: newer versions are used, too",
			safe(span_of(version)).text);
	for (size_t i = 0; i < sizeof(older) / sizeof(older[0]); i++)
		if (strcasecmp(version, older[i]) == 0)
			FM_CHANGED(c, FM_SSLPROTO,
				"sslproto %s: at least TLS 1.2 is used now; tls-min has older ones",
				older[i]);
}

/* Whether it is where the system has the authorities that are asked anyway. */
static bool is_of_system(const char *folder)
{
	static const char *const folders[] = {
		"/etc/ssl/certs", "/usr/lib/ssl/certs", "/etc/pki/tls/certs", "/etc/ssl"};
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (span_is((struct span){folder, len}, folders[i]))
			return true;
	return false;
}

static void convert_trust(struct fm_converter *c)
{
	bool checks = fm_is_on(c, FM_SSLCERTCK, true), said = fm_get(c, FM_SSLCERTCK);
	const char *tls = imported_get(c->to, "tls");

	if (!checks)
		FM_DROPPED(c, FM_SSLCERTCK,
			"no sslcertck, because the certificate is always checked here; if it cannot "
			"be, pin-sha256 trusts just the one that ambil doctor shows");
	else if (!said && strcmp(tls, "none") != 0)
		FM_CHANGED(c, FM_SSLCERTCK,
			"the certificate is checked; fetchmail before 6.4 does not without sslcertck");
	if (fm_get(c, FM_SSLFINGERPRINT))
		FM_DROPPED(c, FM_SSLFINGERPRINT,
			"sslfingerprint, because it is by MD5, which proves too little; ambil doctor "
			"shows the one for pin-sha256");
	if (fm_get(c, FM_SSLCERTPATH) && !is_of_system(fm_get(c, FM_SSLCERTPATH)))
		FM_DROPPED(c, FM_SSLCERTPATH,
			"sslcertpath, because ca-file is one file: cat %s/*.pem makes it",
			safe(span_of(fm_get(c, FM_SSLCERTPATH))).text);
	fm_set_path(c, "ca-file", FM_SSLCERTFILE);
	fm_set_path(c, "client-cert", FM_SSLCERT);
	fm_set_path(c, "client-key", FM_SSLKEY);
	if (fm_get(c, FM_SSLCOMMONNAME))
		fm_set(c, "tls-host", FM_SSLCOMMONNAME, fm_get(c, FM_SSLCOMMONNAME));
}

void fm_convert_tls(struct fm_converter *c)
{
	convert_mode(c);
	convert_version(c);
	convert_trust(c);
}
