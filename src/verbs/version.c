/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only file outside of the rooms that calls the libraries themselves: the versions that matter
 * in a report of an error are those that run, not those it was built with.
 */
#include <gnutls/gnutls.h>
#include <gsasl.h>
#include <sqlite3.h>

#include "auth/keyring.h"
#include "base/i18n.h"
#include "base/jsonout.h"
#include "config/values.h"
#include "verbs/help.h"
#include "verbs/print.h"

static void tell_versions(struct buf *out)
{
	jsonout_begin(out, "version");
	jsonout_text(out, "ambil", AMBIL_VERSION);
	jsonout_text(out, "gnutls", gnutls_check_version(NULL));
	jsonout_text(out, "gsasl", gsasl_check_version(NULL));
	jsonout_text(out, "sqlite", sqlite3_libversion());
	jsonout_text(out, "confuse", values_library_version());
	jsonout_bool(out, "keyring", keyring_built_in());
	jsonout_bool(out, "languages", i18n_built_in());
	jsonout_end(out);
}

int verb_version(struct report_style style)
{
	struct buf text = {0};
	int code;

	if (style.json) {
		tell_versions(&text);
		code = verb_print_events(&text, style);
		buf_release(&text);
		return code;
	}
	buf_printf(&text, "ambil %s\n", AMBIL_VERSION);
	buf_printf(&text, "GnuTLS %s, libgsasl %s, SQLite %s, libConfuse %s\n",
		gnutls_check_version(NULL), gsasl_check_version(NULL), sqlite3_libversion(),
		values_library_version());
	buf_printf(&text, "%s\n",
		keyring_built_in() ? _("keyring: libsecret, when it is installed")
				   : _("keyring: left out of this build"));
	buf_printf(&text, "%s\n",
		i18n_built_in() ? _("languages: English, Indonesian (id)")
				: _("languages: English, others left out of this build"));
	code = verb_print(&text, style);
	buf_release(&text);
	return code;
}
