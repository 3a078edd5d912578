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

#include "discover/address.h"
#include "discover/autoconfig.h"
#include "discover/discover.h"
#include "discover/providers.h"
#include "discover/xml.h"

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
	assert_string_equal(e.why, "it can be read by IMAP only");
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

/* ---- addresses ---- */

static void address__the_domain_is_what_name_servers_know(void **state)
{
	static const char *const table[][2] = {
		{"anna@Example.ORG", "example.org"},
		{"anna@example.org.", "example.org"},
		{"\"a@b\"@example.org", "example.org"},
		{"anna@m\xc3\xbcller.example", "xn--mller-kva.example"},
		{"anna@localhost", "localhost"},
		{"anna@1und1.de", "1und1.de"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char *domain = address_domain(table[i][0]);

		assert_non_null(domain);
		assert_string_equal(domain, table[i][1]);
		free(domain);
	}
}

static void address__a_host_lies_in_a_domain_by_whole_labels(void **state)
{
	(void)state;
	assert_true(host_is_within("pop.example.org", "example.org"));
	assert_true(host_is_within("Pop.EXAMPLE.org", "example.org"));
	assert_true(host_is_within("example.org", "example.org"));
	assert_false(host_is_within("notexample.org", "example.org"));
	assert_false(host_is_within("example.org", "pop.example.org"));
	assert_false(host_is_within("example.org.evil.example", "example.org"));
}

/* ---- XML ---- */

/* What it is made of, a word each: <a x="1">t</a> is "<a t >a ." */
static void add_tokens(struct buf *out, struct span document)
{
	struct xml x;

	xml_init(&x, document);
	for (;;)
		switch (xml_next(&x)) {
		case XML_OPEN:
			buf_printf(out, "<%.*s ", (int)x.name.len, x.name.data);
			break;
		case XML_CLOSE:
			buf_printf(out, ">%.*s ", (int)x.name.len, x.name.data);
			break;
		case XML_TEXT:
			if (!xml_text(&x, out))
				buf_add_text(out, "?");
			buf_add_text(out, " ");
			break;
		case XML_END:
			buf_add_text(out, ".");
			return;
		case XML_BAD:
			assert_int_equal(xml_next(&x), XML_BAD);
			buf_add_text(out, "!");
			return;
		}
}

static void check_tokens(const char *document, const char *want)
{
	struct buf got = {NULL, 0, 0};
	char *copy = xmalloc(strlen(document));

	memcpy(copy, document, strlen(document));
	add_tokens(&got, (struct span){copy, strlen(document)});
	assert_string_equal(got.data, want);
	buf_release(&got);
	free(copy);
}

static void xml__is_taken_apart(void **state)
{
	(void)state;
	check_tokens("<a/>", "<a >a .");
	check_tokens("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- <b> -->\n<a >t</a >\n<!---->",
		"<a t >a .");
	check_tokens("<a b='1' c = \"2>\" /> ", "<a >a .");
	check_tokens("<a>1<b>2</b>3<c/>4</a>", "<a 1 <b 2 >b 3 <c >c 4 >a .");
	check_tokens("<a>&lt;&amp;lt;&gt;&quot;&apos;</a>", "<a <&lt;>\"' >a .");
	check_tokens("<a>x<![CDATA[<b>&amp;]]]>y</a>", "<a x <b>&amp;] y >a .");
	check_tokens("<a><?b c?>x<!-- - -- - -->y</a>", "<a x y >a .");
}

static void xml__what_it_does_not_know_is_bad(void **state)
{
	static const char *const table[][2] = {
		{"", "!"},
		{"text", "!"},
		{"{\"json\": 1}", "!"},
		{"<!DOCTYPE html><html></html>", "!"},
		{"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "!"},
		{"<a>", "<a !"},
		{"<a", "!"},
		{"<a b", "!"},
		{"<a b=1/>", "!"},
		{"<a b='1\"/>", "!"},
		{"<a b='1'c='2'/>", "!"},
		{"<a b='<'/>", "!"},
		{"<a></b>", "<a !"},
		{"<a></a", "<a !"},
		{"<a/><b/>", "<a >a !"},
		{"<a/>x", "<a >a !"},
		{"</a>", "!"},
		{"<a><!-- </a>", "<a !"},
		{"<a><![CDATA[ </a>", "<a !"},
		{"<![CDATA[x]]>", "!"},
		{"< a/>", "!"},
		/* Entities are looked at where their text is wanted. */
		{"<a>&b;</a>", "<a ? >a ."},
		{"<a>&#65;</a>", "<a ? >a ."},
		{"<a>&amp</a>", "<a ? >a ."},
	};
	struct buf deep = {NULL, 0, 0}, got = {NULL, 0, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		check_tokens(table[i][0], table[i][1]);
	for (int i = 0; i <= XML_DEPTH_MAX; i++)
		buf_add_text(&deep, "<a>");
	add_tokens(&got, buf_span(&deep));
	assert_int_equal(got.len, 3 * XML_DEPTH_MAX + 1);
	buf_clear(&got);
	add_tokens(&got, (struct span){"<a>\0</a>", 8});
	assert_string_equal(got.data, "!");
	buf_release(&got);
	buf_release(&deep);
}

/* ---- autoconfig ---- */

#define HEAD                                                                                  \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n"        \
	"<emailProvider id=\"example.org\">\n<domain>example.org</domain>\n"                  \
	"<displayName>Caf\xc3\xa9 &#38; more &unknown;</displayName>\n"                       \
	"<incomingServer type=\"imap\"><hostname>imap.example.org</hostname><port>993</port>" \
	"<socketType>SSL</socketType><authentication>password-cleartext</authentication>"     \
	"</incomingServer>\n"
#define TAIL                                                                                     \
	"<outgoingServer type=\"smtp\"><hostname>smtp.example.org</hostname></outgoingServer>\n" \
	"</emailProvider>\n<webMail><loginPage url=\"https://x/?a=1&amp;b\"/></webMail>\n"       \
	"</clientConfig>\n"
#define POP3(words) "<incomingServer type=\"pop3\">" words "</incomingServer>\n"

/* want: "host port tls user login", "none" or "bad". */
static void check_file(const char *file, const char *want)
{
	static const char *const tls[] = {"at-once", "starttls", "none"};
	static const char *const login[] = {"password", "app-password", "oauth"};
	struct discovery found;
	char *got = NULL;

	switch (autoconfig_read(span_of(file), "anna.ott@example.org", "example.org", &found)) {
	case AUTOCONFIG_FOUND:
		got = xasprintf("%s %u %s %s %s", found.host, (unsigned)found.port, tls[found.tls],
			found.user, login[found.login]);
		break;
	case AUTOCONFIG_NO_POP3:
		got = xstrdup("none");
		break;
	case AUTOCONFIG_BAD:
		got = xstrdup("bad");
		break;
	}
	assert_string_equal(got, want);
	free(got);
	discovery_release(&found);
}

static void autoconfig__the_first_server_that_can_be_used_counts(void **state)
{
	(void)state;
	check_file(HEAD POP3("<hostname>pop.example.org</hostname>\n<port>995</port>"
			     "<socketType>SSL</socketType><username>%EMAILADDRESS%</username>"
			     "<authentication>password-cleartext</authentication>"
			     "<pop3><leaveMessagesOnServer>true</leaveMessagesOnServer></pop3>")
			   TAIL,
		"pop.example.org 995 at-once anna.ott@example.org password");
	/* Without TLS, and for none that is known here. */
	check_file(
		HEAD POP3("<hostname>a.example.org</hostname><port>110</port>"
			  "<socketType>plain</socketType>")
			POP3("<hostname>b.example.org</hostname><socketType>SSL</socketType>"
			     "<authentication>client-IP-address</authentication>")
				POP3("<hostname>c.example.org</hostname><socketType>STARTTLS</socketType>"
				     "<username>%EMAILLOCALPART%</username>")
					POP3("<hostname>d.example.org</hostname><socketType>SSL</socketType>")
						TAIL,
		"c.example.org 110 starttls anna.ott password");
	check_file(HEAD POP3("<hostname>\n  POP.%EMAILDOMAIN%\n</hostname><port> 9950\n</port>"
			     "<socketType><![CDATA[ssl]]></socketType>"
			     "<username>%EMAILDOMAIN%+%EMAILLOCALPART%</username>") TAIL,
		"pop.example.org 9950 at-once example.org+anna.ott password");
	check_file(HEAD TAIL, "none");
}

static void autoconfig__tells_tokens_from_passwords(void **state)
{
	(void)state;
	check_file(HEAD POP3("<hostname>pop.example.org</hostname><socketType>SSL</socketType>"
			     "<authentication>OAuth2</authentication>") TAIL,
		"pop.example.org 995 at-once anna.ott@example.org oauth");
	check_file(HEAD POP3("<hostname>pop.example.org</hostname><socketType>SSL</socketType>"
			     "<authentication>OAuth2</authentication>"
			     "<authentication>password-encrypted</authentication>") TAIL,
		"pop.example.org 995 at-once anna.ott@example.org password");
	check_file(HEAD POP3("<hostname>pop.example.org</hostname><socketType>SSL</socketType>"
			     "<authentication>NTLM</authentication>"
			     "<authentication>OAuth2</authentication>") TAIL,
		"pop.example.org 995 at-once anna.ott@example.org oauth");
}

static void autoconfig__a_login_name_that_is_none_leaves_the_address(void **state)
{
	static const char *const names[] = {"", "%REALNAME%", "a b", "a&#10;b", "\x01", "100%"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *file = xasprintf("%s%s%s%s%s", HEAD,
			"<incomingServer type='pop3'><hostname>pop.example.org</hostname>"
			"<socketType>SSL</socketType><username>",
			names[i], "</username></incomingServer>", TAIL);

		check_file(file,
			strchr(names[i], '&')
				? "bad"
				: "pop.example.org 995 at-once anna.ott@example.org password");
		free(file);
	}
}

static void autoconfig__nonsense_is_refused(void **state)
{
	static const char *const servers[] = {
		"<hostname/><socketType>SSL</socketType>",
		"<socketType>SSL</socketType>",
		"<hostname>a b</hostname><socketType>SSL</socketType>",
		"<hostname>192.0.2.1</hostname><socketType>SSL</socketType>",
		"<hostname>pop.example.org:995</hostname><socketType>SSL</socketType>",
		"<hostname>%UNKNOWN%</hostname><socketType>SSL</socketType>",
		"<hostname>a.org</hostname><port>0</port><socketType>SSL</socketType>",
		"<hostname>a.org</hostname><port>65536</port><socketType>SSL</socketType>",
		"<hostname>a.org</hostname><port>+1</port><socketType>SSL</socketType>",
		"<hostname>a.org</hostname>",
	};
	static const char *const files[] = {"", "<html><body>not found</body></html>",
		HEAD "</emailProvider>", HEAD POP3("<hostname>x<b/></hostname>") TAIL,
		HEAD POP3("<hostname>&evil;</hostname>") TAIL, HEAD TAIL "<clientConfig/>"};

	(void)state;
	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++) {
		char *file = xasprintf("%s%s%s%s%s", HEAD, "<incomingServer type='pop3'>",
			servers[i], "</incomingServer>", TAIL);

		check_file(file, "none");
		free(file);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		check_file(files[i], "bad");
	/* In another place it is another thing. */
	check_file("<clientConfig><incomingServer type='pop3'><hostname>a.org</hostname>"
		   "<socketType>SSL</socketType></incomingServer></clientConfig>",
		"none");
}

static void autoconfig__a_file_has_a_limit(void **state)
{
	struct buf file = {NULL, 0, 0};
	struct discovery found;

	(void)state;
	buf_add_text(&file, HEAD TAIL);
	while (file.len <= AUTOCONFIG_MAX)
		buf_add_text(&file, " ");
	assert_int_equal(
		autoconfig_read(buf_span(&file), "a@b.org", "b.org", &found), AUTOCONFIG_BAD);
	discovery_release(&found);
	file.len = AUTOCONFIG_MAX;
	assert_int_equal(
		autoconfig_read(buf_span(&file), "a@b.org", "b.org", &found), AUTOCONFIG_NO_POP3);
	discovery_release(&found);
	buf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(discover__refuses_what_is_no_address),
		cmocka_unit_test(discover__takes_a_known_provider_from_the_table),
		cmocka_unit_test(discover__says_that_a_provider_has_no_pop3),
		cmocka_unit_test(providers__are_found_by_a_whole_domain),
		cmocka_unit_test(address__the_domain_is_what_name_servers_know),
		cmocka_unit_test(address__a_host_lies_in_a_domain_by_whole_labels),
		cmocka_unit_test(xml__is_taken_apart),
		cmocka_unit_test(xml__what_it_does_not_know_is_bad),
		cmocka_unit_test(autoconfig__the_first_server_that_can_be_used_counts),
		cmocka_unit_test(autoconfig__tells_tokens_from_passwords),
		cmocka_unit_test(autoconfig__a_login_name_that_is_none_leaves_the_address),
		cmocka_unit_test(autoconfig__nonsense_is_refused),
		cmocka_unit_test(autoconfig__a_file_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
