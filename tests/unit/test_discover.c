/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a mail address to its server: what can be known without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>


#include "discover/discover.h"
#include "discover/providers.h"

static enum discovery_outcome look(const char *address, struct discovery *found, struct error *e)
{
	struct discovery_order order = {.address = address, .stop_fd = -1};

	*e = (struct error){.kind = ERROR_NONE};
	return discover(&order, found, e);
}

static void discover__refuses_what_is_no_address(void **state)
{
	static const char *const table[] = {"", "@", "anna", "anna@", "@example.org",
		"an na@example.org", "anna@exam ple.org", "anna@example.org\n", "anna@[192.0.2.1]",
		"anna@192.0.2.1", "anna@2001:db8::1", "anna@.", "anna@.org", "anna@a..b",
		"anna@example.org/x", "anna@example.org:995", "anna@%41.org", "anna@a_b.org"};
	struct discovery found;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		assert_int_equal(look(table[i], &found, &e), DISCOVERY_FAILED);
		assert_int_equal(e.kind, ERROR_USAGE);
		assert_non_null(strstr(e.text, " is no mail address"));
		assert_null(found.host);
	}
}

static void discover__takes_a_known_provider_from_the_table(void **state)
{
	struct discovery found;
	struct error e;

	(void)state;
	assert_int_equal(look("Anna.Ott@GoogleMail.com", &found, &e), DISCOVERY_FOUND);
	assert_int_equal(found.found_by, DISCOVERY_PROVIDERS);
	assert_string_equal(found.host, "pop.gmail.com");
	assert_int_equal(found.port, 995);
	assert_int_equal(found.tls, TLS_IMPLICIT);
	assert_string_equal(found.user, "Anna.Ott@GoogleMail.com");
	assert_int_equal(found.login, DISCOVERY_APP_PASSWORD);
	assert_string_equal(found.provider, "Gmail");
	assert_non_null(strstr(found.note, "Turn POP on first"));
	assert_false(found.unconfirmed);
	assert_string_equal(discovery_origin(&found), "known provider");
	discovery_release(&found);
	assert_null(found.host);

	assert_int_equal(look("anna@hotmail.co.uk", &found, &e), DISCOVERY_FOUND);
	assert_int_equal(found.login, DISCOVERY_OAUTH);
	discovery_release(&found);
}

static void discover__says_that_a_provider_has_no_pop3(void **state)
{
	struct discovery found;
	struct error e;

	(void)state;
	assert_int_equal(look("anna@icloud.com", &found, &e), DISCOVERY_NO_POP3);
	assert_int_equal(e.kind, ERROR_CAPABILITY);
	assert_string_equal(e.text, "iCloud has no POP3");
	assert_string_equal(e.why, "It can be read by IMAP only.");
	assert_null(found.host);
}

static void providers__are_found_by_a_whole_domain(void **state)
{
	(void)state;
	assert_string_equal(provider_of("gmx.at")->host, "pop.gmx.net");
	assert_string_equal(provider_of("gmx.com")->host, "pop.gmx.com");
	assert_null(provider_of("example.org"));
	assert_null(provider_of("gmail"));
	assert_null(provider_of("com"));
	assert_null(provider_of("gmail.com.example.org"));
	assert_null(provider_of("mail.gmail.com"));
	assert_null(provider_of(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(discover__refuses_what_is_no_address),
		cmocka_unit_test(discover__takes_a_known_provider_from_the_table),
		cmocka_unit_test(discover__says_that_a_provider_has_no_pop3),
		cmocka_unit_test(providers__are_found_by_a_whole_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
