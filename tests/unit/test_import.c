/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Other fetchers' files: samples of their whole grammar, each converted, or refused with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "import/getmail.h"
#include "import/ini.h"
#include "import/mpop.h"
#include "import_helpers.h"

/* ---- commands ---- */

static void test_commands(void **state)
{
	static const struct {
		const char *command, *here;
	} samples[] = {
		{"pass mail/home", "pass mail/home"},
		{"gpg -q -d '/home/anna/my file'", "gpg -q -d '/home/anna/my file'"},
		{"echo \"a b\"", "echo \"a b\""},
		{"gpg -d ~/.pw", "sh -c 'gpg -d ~/.pw'"},
		{"echo $X", "sh -c 'echo $X'"},
		{"a | b", "sh -c 'a | b'"},
		{"echo 'a|b'", "echo 'a|b'"},
		{"echo '$x'", "echo '$x'"},
		{"echo \"$x\"", "sh -c 'echo \"$x\"'"},
		{"echo 'it'\"'\"'s' | cat", "sh -c 'echo '\\''it'\\''\"'\\''\"'\\''s'\\'' | cat'"},
		{"A=1 b", "sh -c 'A=1 b'"},
		{"b --x=1", "b --x=1"},
		{"cd /x", "sh -c 'cd /x'"},
		{"echo a\\ b", "sh -c 'echo a\\ b'"},
		{"cat a\\ b", "cat a\\ b"},
		{"echo 'a\\nb'", "sh -c 'echo '\\''a\\nb'\\'''"},
		{"echo \"a\\nb\"", "sh -c 'echo \"a\\nb\"'"},
		{"echo `date`", "sh -c 'echo `date`'"},
		{"echo a >/dev/null", "sh -c 'echo a >/dev/null'"},
		{"ls *", "sh -c 'ls *'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char *here = import_command(samples[i].command);

		assert_string_equal(here, samples[i].here);
		free(here);
	}
}

/* ---- mpop ---- */

#define BASE "account x\nhost h\nuser u\ndelivery maildir /m\n"
/* What that becomes, with what stands for nothing said. */
#define BECOMES "x:1 host=h user=u tls=starttls deliver=maildir:/m keep=false"
#define PLAIN " !0" /* the note that it was not encrypted */

static void check_samples(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct imported im = {.n = 0};
		struct error e = {0};
		bool done = mpop_read(span_of(samples[i].text), "rc", &im, &e);

		assert_true(done || im.n == 0);
		check_sample(&samples[i], i, done, &im, &e);
	}
}
#define CHECK_SAMPLES(samples) check_samples(samples, sizeof(samples) / sizeof((samples)[0]))

static void test_mpop_lines(void **state)
{
	static const struct sample samples[] = {
		{"", ""},
		{"\n\n# nothing\n   # at all\n\t\n", ""},
		{BASE, BECOMES PLAIN},
		{"account x\r\nhost h\r\nuser u\r\ndelivery maildir /m\r\n", BECOMES PLAIN},
		{"  account\tx  \n\thost   h\t\n user u \ndelivery \t maildir   /m", BECOMES PLAIN},
		{"account \"x\"\nhost \"h\"\nuser \"u\"\ndelivery \"maildir /m\"\n", BECOMES PLAIN},
		{"account x\nhost h\nuser u # no comment\ndelivery maildir /m\n",
			"x:1 host=h user=u # no comment tls=starttls deliver=maildir:/m "
			"keep=false !0"},
		{"account x\nhost h\nuser \"u\ndelivery maildir /m\n",
			"x:1 host=h user=\"u tls=starttls deliver=maildir:/m keep=false !0"},
		{"account x\nhost h\nuser a\\\\b\"\ndelivery maildir \"/m n\"\n",
			"x:1 host=h user=a\\\\b\" tls=starttls deliver=maildir:/m n keep=false "
			"!0"},
		{BASE "host h2\n",
			"x:1 host=h2 user=u tls=starttls deliver=maildir:/m keep=false "
			"!0"},
		{"host h\n", "rc:1: the first command must be account or defaults"},
		{"\n\nnosuch 1\n", "rc:3: mpop has no command \"nosuch\""},
		{BASE "password\"hunter2\"\n", "rc:5: mpop has no command \"pass...\""},
		{BASE "HOST q\n", "rc:5: mpop has no command \"HOST\""},
		{BASE "tls_nostarttls\n", "rc:5: mpop has no command \"tls_nostarttls\""},
		{BASE "a\x1b[2J\n", "rc:5: mpop has no command \"a\\x1b[2J\""},
		{"defaults foo\n", "rc:1: defaults takes no argument"},
		{BASE "eval echo port 77\n", BECOMES PLAIN " -5"},
		{"eval echo account x\n", " -1"},
		{BASE "eval\n", "rc:5: eval needs an argument"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_mpop_accounts(void **state)
{
	static const struct sample samples[] = {
		{"account\n", "rc:1: the account's name is missing"},
		{"account : x\n", "rc:1: the account's name is missing"},
		{"account x :\n", "rc:1: an account name is missing behind the colon"},
		{"account a,b\n", "rc:1: an account's name has neither colons nor commas in it"},
		{"account a:b:c\n", "rc:1: an account's name has neither colons nor commas in it"},
		{"account x\naccount x\n", "rc:2: account \"x\" is defined twice"},
		{"account x : y\naccount y\n", "rc:1: account \"y\" is not defined above"},
		{"account x : x\n", "rc:1: account \"x\" is not defined above"},
		{BASE "account y : x,,x\n", "rc:5: an account name is missing behind the colon"},
		{BASE "account y:x\nuser v\n",
			BECOMES PLAIN "\ny:5 host=h user=v tls=starttls deliver=maildir:/m "
				      "keep=false !0"},
		{BASE "account default : x\n", BECOMES PLAIN " -5"},
		{BASE "account default : x\nport 110\nuidls_file /other\n",
			BECOMES PLAIN "\ndefault:5 host=h port=110 user=u tls=starttls "
				      "deliver=maildir:/m keep=false !0"},
		{BASE "account default : x\nport 110\n", BECOMES PLAIN " -5"},
		/* Later ones win, but only with what they have set. */
		{"account a\nhost h1\nuser u1\nport 11\ndelivery mbox /a\naccount b\nhost h2\nuser u2\n"
		 "account c : a, b\n",
			"a:1 host=h1 port=11 user=u1 tls=starttls deliver=mbox:/a keep=false !0\n"
			"c:9 host=h2 port=11 user=u2 tls=starttls deliver=mbox:/a keep=false !0 "
			"-6"},
		{"account a\nhost h1\nuser u1\nport 11\ndelivery mbox /a\naccount b\nhost h2\n"
		 "account c : b , a\nuser w\n",
			"a:1 host=h1 port=11 user=u1 tls=starttls deliver=mbox:/a keep=false !0\n"
			"c:8 host=h1 port=11 user=w tls=starttls deliver=mbox:/a keep=false !0 "
			"-6"},
		/* What the later one has by default does not win. */
		{"defaults\nkeep\ndelivery mbox /d\naccount a\nhost h\nuser u\nkeep off\naccount b\n"
		 "port 7\naccount c : a, b\nuser v\n",
			"a:4 host=h user=u tls=starttls deliver=mbox:/d keep=false !0\n"
			"c:10 host=h port=7 user=v tls=starttls deliver=mbox:/d keep=false !0 -8"},
		/* But what it has taken from others does. */
		{"account a\nhost h\nuser u\nkeep\ndelivery mbox /d\naccount b : a\naccount c\nkeep "
		 "off\naccount d : c, b\nuser v\n",
			"a:1 host=h user=u tls=starttls deliver=mbox:/d keep=true !0\n"
			"d:9 host=h user=v tls=starttls deliver=mbox:/d keep=true !0 -6 -7"},
		/* Defaults are filled in where the account begins. */
		{"defaults\ndelivery mbox /d\nkeep\naccount a\nhost h\nuser u\ndefaults\nkeep off\n"
		 "port 7\naccount b\nhost h\nuser v\n",
			"a:4 host=h user=u tls=starttls deliver=mbox:/d keep=true !0\n"
			"b:10 host=h port=7 user=v tls=starttls deliver=mbox:/d keep=false !0"},
		{"account a\nhost h\n", " -1"},
		{"account a\nuser u\n", " -1"},
		{BASE "user\n", " -1"},
		{"account a b\nhost h\nuser u\ndelivery maildir ~/M%a\n",
			"a b:1 host=h user=u tls=starttls deliver=maildir:~/M%%a keep=false !0"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

#define TLS "account x\nhost h\nuser u\ndelivery maildir /m\ntls on\n"
#define TLS_BECOMES "x:1 host=h user=u tls=starttls"
#define REST " deliver=maildir:/m keep=false"

static void test_mpop_server(void **state)
{
	static const struct sample samples[] = {
		{TLS, TLS_BECOMES REST},
		{BASE "tls\n", TLS_BECOMES REST},
		{TLS "tls_starttls off\n", "x:1 host=h user=u tls=implicit" REST},
		{TLS "tls_starttls\n", TLS_BECOMES REST},
		{BASE "tls off\n", TLS_BECOMES REST " !5"},
		{BASE "host localhost\n", "x:1 host=localhost user=u tls=none" REST},
		{BASE "host 127.0.0.1\nauth plain\n",
			"x:1 host=127.0.0.1 user=u tls=none allow-cleartext-password=true "
			"auth=plain" REST},
		{BASE "socket /s\n", "x:1 host=h user=u tls=none socket=/s" REST},
		{BASE "tls foo\n", "rc:5: tls cannot be \"foo\""},
		{BASE "tls ON\n", "rc:5: tls cannot be \"ON\""},
		{TLS "port 995\n", "x:1 host=h port=995 user=u tls=starttls" REST},
		{BASE "port 0\n", "rc:5: port cannot be \"0\""},
		{BASE "port 65536\n", "rc:5: port cannot be \"65536\""},
		{BASE "port 8 # nine\n", "rc:5: port cannot be \"8 # nine\""},
		{BASE "port\n", "rc:5: port needs an argument"},
		{BASE "host\n", "rc:5: host needs an argument"},
		{TLS "tls_trust_file ca.pem\n", TLS_BECOMES " ca-file=ca.pem" REST " !6"},
		{TLS "tls_trust_file ~/ca.pem\n", TLS_BECOMES " ca-file=~/ca.pem" REST},
		{TLS "tls_trust_file system\n", TLS_BECOMES REST},
		{TLS "tls_trust_file\n", TLS_BECOMES REST " -6"},
		{TLS "tls_certcheck off\n", TLS_BECOMES REST " -6"},
		{TLS "tls_certcheck\n", TLS_BECOMES REST},
		{TLS "tls_crl_file /crl\n", TLS_BECOMES REST " -6"},
		{TLS "tls_fingerprint\n", TLS_BECOMES REST},
		{TLS "tls_fingerprint 00:11\n", "rc:6: tls_fingerprint cannot be \"00:11\""},
		{TLS "tls_fingerprint 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\n",
			TLS_BECOMES REST " -6"},
		{TLS "tls_fingerprint "
		     "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33\n",
			TLS_BECOMES REST " -6"},
		{TLS "tls_fingerprint 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
		     "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff\ntls_trust_file\n",
			TLS_BECOMES " pin-sha256=00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
				    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff" REST},
		{TLS "tls_cert_file /c\ntls_key_file pkcs11:x\n",
			TLS_BECOMES " client-cert=/c client-key=pkcs11:x" REST},
		{TLS "tls_priorities NORMAL:-VERS-TLS1.2\n",
			TLS_BECOMES " tls-priority=NORMAL:-VERS-TLS1.2" REST},
		{TLS "tls_host_override other\n", TLS_BECOMES " tls-host=other" REST},
		{TLS "tls_min_dh_prime_bits 512\n", TLS_BECOMES REST " -6"},
		{TLS "tls_min_dh_prime_bits x\n", "rc:6: tls_min_dh_prime_bits cannot be \"x\""},
		{TLS "proxy_host p\n", TLS_BECOMES " proxy=socks5://p" REST},
		{TLS "proxy_host p\nproxy_port 9050\n", TLS_BECOMES " proxy=socks5://p:9050" REST},
		{TLS "proxy_host ::1\nproxy_port 9050\n",
			TLS_BECOMES " proxy=socks5://[::1]:9050" REST},
		{TLS "proxy_host p\nproxy_host\nproxy_port\n", TLS_BECOMES REST},
		{TLS "source_ip 10.0.0.1\n", TLS_BECOMES " source-address=10.0.0.1" REST},
		{TLS "timeout 30\n", TLS_BECOMES " timeout=30s" REST},
		{TLS "timeout off\n", TLS_BECOMES " timeout=1d" REST " !6"},
		{TLS "timeout 0\n", "rc:6: timeout cannot be \"0\""},
		{TLS "timeout\n", "rc:6: timeout needs an argument"},
		{TLS "pipelining off\n", TLS_BECOMES " pipeline=never" REST},
		{TLS "pipelining on\n", TLS_BECOMES REST " -6"},
		{TLS "pipelining auto\n", TLS_BECOMES REST},
		{TLS "pipelining maybe\n", "rc:6: pipelining cannot be \"maybe\""},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_mpop_login(void **state)
{
	static const struct sample samples[] = {
		{TLS "auth\n", TLS_BECOMES REST},
		{TLS "auth on\n", TLS_BECOMES REST},
		{TLS "auth scram-sha-256\n", TLS_BECOMES " auth=scram-sha-256" REST},
		{TLS "auth external\n", TLS_BECOMES " auth=external" REST},
		{TLS "auth PLAIN\n", "rc:6: auth cannot be \"PLAIN\""},
		{TLS "auth off\n", "rc:6: auth cannot be \"off\""},
		{TLS "password a #b\n", TLS_BECOMES REST " [a #b@6]"},
		{TLS "password \" a\"b \"\n", TLS_BECOMES REST " [ a\"b @6]"},
		{TLS "password a\npassword\n", TLS_BECOMES REST},
		{TLS "passwordeval pass mail/home\n",
			TLS_BECOMES " password-command=pass mail/home" REST},
		{TLS "passwordeval \"gpg -d ~/.p\"\n",
			TLS_BECOMES " password-command=sh -c 'gpg -d ~/.p'" REST},
		{TLS "passwordeval \"echo \"a\"\"\n",
			TLS_BECOMES " password-command=echo \"a\"" REST},
		{TLS "password a\npasswordeval b\n", TLS_BECOMES REST " [a@6]"},
		{TLS "auth xoauth2\npasswordeval oama access a\n",
			TLS_BECOMES " auth=xoauth2 oauth-token-command=oama access a" REST},
		{TLS "auth oauthbearer\n", TLS_BECOMES " auth=oauthbearer" REST " !6"},
		{TLS "auth xoauth2\npassword t\n", TLS_BECOMES " auth=xoauth2" REST " -7"},
		{TLS "auth ntlm\nntlmdomain d\n", TLS_BECOMES " auth=ntlm" REST " -7"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

#define TO(text) "account x\nhost h\nuser u\ntls on\ndelivery " text "\n"
#define AT(text) TLS_BECOMES " deliver=" text " keep=false"

static void test_mpop_delivery(void **state)
{
	static const struct sample samples[] = {
		{TO("maildir ~/Mail/"), AT("maildir:~/Mail/")},
		{TO("mbox ~/in box"), AT("mbox:~/in box")},
		{TO("mbox \"~/in box\""), AT("mbox:~/in box")},
		{TO("mbox in"), AT("mbox:in") " !5"},
		{TO("mda procmail"), AT("pipe:procmail")},
		{TO("mda \"/usr/bin/procmail -f '%F' -d $USER\""),
			AT("pipe:sh -c '/usr/bin/procmail -d $USER'") " -5"},
		{TO("mda /usr/bin/procmail -f %F -d anna"),
			AT("pipe:/usr/bin/procmail -d anna") " -5"},
		{TO("mda \"/usr/bin/msmtp --host=localhost --from='%F' -- anna\""),
			AT("pipe:/usr/bin/msmtp --host=localhost -- anna") " -5"},
		{TO("mda sendmail -f\"%F\" anna"), AT("pipe:sendmail anna") " -5"},
		{TO("mda deliver from='%F' 'a  b'"),
			AT("pipe:deliver from='MAILER-DAEMON' 'a  b'") " !5"},
		{TO("mda \"a b\" \"c\""), AT("pipe:a b\" \"c")},
		{TO("mda a | b"), AT("pipe:sh -c 'a | b'")},
		{TO("exchange c:/x"), TLS_BECOMES " enabled=false keep=false -5"},
		{TO("maildir"), "rc:5: delivery cannot be \"maildir\""},
		{TO("foo x"), "rc:5: delivery cannot be \"foo x\""},
		{TO(""), "rc:5: delivery needs an argument"},
		{"account x\nhost h\nuser u\ntls on\n", " -1"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

#define KEEPS TLS_BECOMES " deliver=maildir:/m keep=true"

static void test_mpop_policy(void **state)
{
	static const struct sample samples[] = {
		{TLS "keep\n", KEEPS},
		{TLS "keep on\nkeep off\n", TLS_BECOMES REST},
		{TLS "keep yes\n", "rc:6: keep cannot be \"yes\""},
		{TLS "only_new off\n", TLS_BECOMES REST " -6"},
		{TLS "only_new\n", TLS_BECOMES REST},
		{TLS "skipsize 10k\n", TLS_BECOMES REST " max-size=10k"},
		{TLS "skipsize 3m\n", TLS_BECOMES REST " max-size=3M"},
		{TLS "skipsize 1000\n", TLS_BECOMES REST " max-size=1000"},
		{TLS "skipsize off\n", TLS_BECOMES REST},
		{TLS "skipsize 3M\n", "rc:6: skipsize cannot be \"3M\""},
		{TLS "skipsize\n", "rc:6: skipsize needs an argument"},
		{TLS "skipsize 99999999999999999999\n",
			"rc:6: skipsize cannot be \"99999999999999999999\""},
		{TLS "killsize 2k\n", TLS_BECOMES REST " max-size=2k -6"},
		{TLS "keep\nkillsize 2k\n", KEEPS " max-size=2k"},
		{TLS "keep\nkillsize 2k\nskipsize 1k\n", KEEPS " max-size=1k"},
		{TLS "keep\nkillsize 1k\nskipsize 1m\n", KEEPS " max-size=1k"},
		{TLS "keep\nkillsize 0\n", KEEPS " enabled=false !7"},
		{TLS "filter spamtest %S\n",
			"x:1 host=h user=u tls=starttls deliver=maildir:/m keep=true -6 !6"},
		{TLS "keep on\nfilter spamtest %S\n",
			"x:1 host=h user=u tls=starttls deliver=maildir:/m keep=true -7"},
		{TLS "filter\n", TLS_BECOMES REST},
		{TLS "received_header off\n", TLS_BECOMES REST " received-header=false"},
		{TLS "received_header\n", TLS_BECOMES REST},
		{TLS "uidls_file\n", "rc:6: uidls_file needs an argument"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_mpop_nul(void **state)
{
	static const char text[] = "account x\nhost h\0q\n";
	struct imported im;
	struct error e = {0};

	(void)state;
	assert_false(mpop_read((struct span){text, sizeof(text) - 1}, "rc", &im, &e));
	assert_string_equal(e.text, "rc:2: there is a NUL in this line");
}

static void test_mpop_eval_is_not_shown(void **state)
{
	struct imported im;
	struct error e = {0};

	(void)state;
	assert_true(mpop_read(span_of(BASE "eval echo password hunter2\n"), "rc", &im, &e));
	assert_int_equal(im.n_notes, 1);
	assert_null(strstr(im.notes[0].text, "hunter2"));
	imported_release(&im);
}

static void test_mpop_place_of_the_list(void **state)
{
	struct imported im;
	struct error e = {0};

	(void)state;
	assert_true(mpop_read(
		span_of(TLS "account y : x\nuser a/b\nuidls_file ~/l/%H-%U-%x%\n"), "rc", &im, &e));
	assert_int_equal(im.n, 2);
	assert_string_equal(im.accounts[0].seen_path, "~/.mpop_uidls/u_at_h");
	assert_string_equal(im.accounts[1].seen_path, "~/l/h-a/b-%x%");
	assert_string_equal(im.accounts[1].seen_user, "a/b");
	imported_release(&im);
}

/* ---- mpop's lists ---- */

static void test_mpop_lists(void **state)
{
	static const char text[] = "# This file\n 2 other anna\nx\ny\n# in between\n 4 h u\nb\n"
				   "a 1795464929\n#no\na\nc d 17\n 1 h v\nz";
	struct imported_seen seen;
	struct error e = {0};
	bool found;

	(void)state;
	assert_true(mpop_read_seen(span_of(text), "list", "h", "u", &seen, &found, &e));
	assert_true(found);
	assert_int_equal(seen.n, 4);
	assert_true(span_is(seen.uids[0].uid, "a") && seen.uids[0].occurrence == 0);
	assert_int_equal(seen.uids[0].time_s, 0);
	assert_true(span_is(seen.uids[1].uid, "a") && seen.uids[1].occurrence == 1);
	assert_int_equal(seen.uids[1].time_s, 1795464929);
	assert_true(span_is(seen.uids[2].uid, "b") && seen.uids[2].occurrence == 0);
	assert_true(span_is(seen.uids[3].uid, "c d"));
	assert_int_equal(seen.uids[3].time_s, 17);
	imported_seen_release(&seen);
	assert_true(mpop_read_seen(span_of(text), "list", "H", "u", &seen, &found, &e));
	assert_false(found);
	assert_int_equal(seen.n, 0);
	assert_true(mpop_read_seen(span_of(""), "list", "h", "u", &seen, &found, &e));
	assert_false(found);
	/* An editor may have put a CR in front of each line end. */
	assert_true(mpop_read_seen(
		span_of("# x\r\n 2 h u\r\na 17\r\nb\r\n"), "list", "h", "u", &seen, &found, &e));
	assert_int_equal(seen.n, 2);
	assert_true(span_is(seen.uids[0].uid, "a") && seen.uids[0].time_s == 17);
	assert_true(span_is(seen.uids[1].uid, "b"));
	imported_seen_release(&seen);
}

static void test_mpop_broken_lists(void **state)
{
	static const char none[] = "this begins no list: \" N HOST USER\" was expected";
	static const struct {
		const char *text;
		unsigned line;
		const char *words;
	} samples[] = {
		{"abc\n", 1, none},
		{" 0 h u\n", 1, none},
		{" x h u\n", 1, none},
		{" 1 h\n", 1, none},
		{" 1 h \n", 1, none},
		{" -1 h u\n", 1, none},
		{" 1 h u\na\nb\n", 3, none},
		{" 2 h u\na\n", 2, "the list ends too early"},
		{" 2 h u\na\n 1 h v\nb\n", 3, "a UID is missing"},
		{" 2 h u\na\n\n", 3, "a UID is missing"},
		{" 99999999999999999999 h u\na\n", 1, none},
		{" 9223372036854775807 h u\na\n", 2, "the list ends too early"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct imported_seen seen;
		struct error e = {0};
		char *wanted = xasprintf("list:%u: %s", samples[i].line, samples[i].words);
		bool found;

		assert_false(mpop_read_seen(
			span_of(samples[i].text), "list", "h", "u", &seen, &found, &e));
		assert_string_equal(e.text, wanted);
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_int_equal(seen.n, 0);
		free(wanted);
	}
}

/* ---- getmail ---- */

static void check_getmail(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct imported im = {.n = 0};
		struct error e = {0};
		bool done = getmail_read(span_of(samples[i].text), "rc", "x", &im, &e);

		check_sample(&samples[i], i, done, &im, &e);
	}
}
#define CHECK_GETMAIL(samples) check_getmail(samples, sizeof(samples) / sizeof((samples)[0]))

#define SERVER "server = h\nusername = u\n"
#define SSL "[retriever]\ntype = SimplePOP3SSLRetriever\n" SERVER
#define CLEAR "[retriever]\ntype = SimplePOP3Retriever\n"
#define INTO "[destination]\ntype = Maildir\npath = ~/M/\n"
#define CA "ca_certs = /ca\n"
#define ONLY_NEW "[options]\nread_all = false\n"
#define FROM_SSL "x:2 host=h user=u tls=implicit ca-file=/ca"
#define INTO_M " deliver=maildir:~/M/ keep=true"
#define NO_TUPLE " must be a tuple of strings, such as (\"a\", \"b\")"

static void test_ini(void **state)
{
	static const struct sample samples[] = {
		{"", " -0"},
		{"# nothing\n; at all\n\n", " -0"},
		{"type = x\n", "rc:1: a section was expected first: type"},
		{"[]\n", "rc:1: this is no section: []"},
		{"[x\n", "rc:1: this is no section: [x"},
		{"[x]\n\nsecret word\n", "rc:3: this is neither a section nor KEY = VALUE"},
		{"[x]\n= a\n", "rc:2: this is neither a section nor KEY = VALUE"},
		{"[x]\n[y]\n[x]\n", "rc:3: this section is there twice: [x]"},
		{"[x]\nA = 1\na: 2\n", "rc:3: this is set twice: a"},
		{SSL CA INTO ONLY_NEW, FROM_SSL INTO_M},
		{"[RETRIEVER]\ntype = SimplePOP3SSLRetriever\n", " -0"},
		{"[retriever] here\r\nTYPE: SimplePOP3SSLRetriever\r\nserver=h\r\n"
		 "UserName\t=\tu\r\nca_certs = /ca\r\n" INTO ONLY_NEW,
			FROM_SSL INTO_M},
		{"[DEFAULT]\nread_all = 0\n" SSL CA INTO,
			"x:4 host=h user=u tls=implicit ca-file=/ca" INTO_M},
		{SSL "password = a=b:c # d\n" CA INTO ONLY_NEW, FROM_SSL INTO_M " [a=b:c # d@5]"},
	};

	(void)state;
	CHECK_GETMAIL(samples);
}

static void test_python_strings(void **state)
{
	static const struct {
		const char *text, *words; /* with | between; NULL: refused */
	} samples[] = {
		{"()", ""},
		{"(\"a\",)", "a"},
		{"('a', \"b c\")", "a|b c"},
		{" ( 'a' ,\n\t'b' , ) ", "a|b"},
		{"('a' \"b\", 'c')", "ab|c"},
		{"('it\\'s', \"q\\\"\", 'b\\\\n', 'l\\n')", "it's|q\"|b\\n|l\n"},
		{"('', 'x')", "|x"},
		{"('a')", NULL},
		{"'a', 'b'", NULL},
		{"('a' 'b'", NULL},
		{"('a, 'b')", NULL},
		{"('a',) x", NULL},
		{"('a',, 'b')", NULL},
		{"(,)", NULL},
		{"(1, 2)", NULL},
		{"(r'a', 'b')", NULL},
		{"('\\x41', 'b')", NULL},
		{"['a', 'b']", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char **words = ini_strings(samples[i].text), *found;
		struct buf joined = {0};

		for (size_t j = 0; words && words[j]; j++)
			buf_printf(&joined, "%s%s", j ? "|" : "", words[j]);
		found = buf_detach(&joined);
		if (!words != !samples[i].words || (words && strcmp(found, samples[i].words) != 0))
			fail_msg("%s: %s", samples[i].text, words ? found : "refused");
		free(found);
		ini_free_strings(words);
	}
}

static void test_getmail_server(void **state)
{
	static const struct sample samples[] = {
		{SSL INTO ONLY_NEW, "x:2 host=h user=u tls=implicit" INTO_M " !2"},
		{CLEAR SERVER INTO ONLY_NEW, "x:2 host=h user=u tls=starttls" INTO_M " !2"},
		{CLEAR "server = localhost\nusername = u\n" INTO ONLY_NEW,
			"x:2 host=localhost user=u tls=none allow-cleartext-password=true" INTO_M},
		{CLEAR "server = 127.example.org\nusername = u\n" INTO ONLY_NEW,
			"x:2 host=127.example.org user=u tls=starttls" INTO_M " !2"},
		{"[DEFAULT]\nusername = u\n" CLEAR "server = h\n" INTO, " -0"},
		{SSL CA INTO ONLY_NEW "use_netrc = true\nnetrc_file = ~/n\n",
			FROM_SSL INTO_M " -12"},
		{CLEAR "server = ::1\nusername = u\nuse_apop = True\n" INTO ONLY_NEW,
			"x:2 host=::1 user=u tls=none auth=apop" INTO_M},
		{"[retriever]\ntype = MultidropPOP3SSLRetriever\n" SERVER CA
		 "envelope_recipient = delivered-to:1\n" INTO ONLY_NEW,
			FROM_SSL INTO_M " -6"},
		{"[retriever]\ntype = SimpleIMAPSSLRetriever\n" SERVER INTO, " -0"},
		{"[retriever]\ntype = BrokenUIDLPOP3Retriever\n" SERVER INTO, " -0"},
		{CLEAR "server = h\n" INTO, " -0"},
		{CLEAR "username = u\n" INTO, " -0"},
		{"[retriever]\n" SERVER INTO, " -0"},
		{SSL, " -0"},
		{SSL CA "port = 1995\n" INTO ONLY_NEW,
			"x:2 host=h port=1995 user=u tls=implicit ca-file=/ca" INTO_M},
		{SSL CA "port = 9*9\n" INTO, "rc:6: port must be a number"},
		{SSL CA "timeout = 30\n" INTO ONLY_NEW, FROM_SSL " timeout=30s" INTO_M},
		{SSL "ca_certs = $HOME/ca\nkeyfile = ${HOME}/k\ncertfile = /c\n" INTO ONLY_NEW,
			"x:2 host=h user=u tls=implicit ca-file=~/ca client-cert=/c "
			"client-key=~/k" INTO_M},
		{SSL "ca_certs = $CA\n" INTO,
			"rc:5: ca_certs must be a path without variables but $HOME in front"},
		{SSL "ssl_fingerprints = ('ab:cd', 'ef')\n" INTO ONLY_NEW,
			"x:2 host=h user=u tls=implicit pin-sha256=ab:cd, ef" INTO_M},
		{SSL "ssl_fingerprints = 'ab'\n" INTO, "rc:5: ssl_fingerprints" NO_TUPLE},
		{SSL CA "ssl_cert_hostname = o\nssl_version = tlsv1\nssl_ciphers = HIGH\n" INTO
				ONLY_NEW,
			FROM_SSL " tls-host=o" INTO_M " -7 -8"},
		{SSL CA "password_command = ('/bin/pass', 'mail/home', 'a b', \"it's\")\n" INTO
				ONLY_NEW,
			FROM_SSL " password-command=/bin/pass mail/home 'a b' 'it'\\''s'" INTO_M},
		{SSL CA "password_command = /bin/pass\n" INTO, "rc:6: password_command" NO_TUPLE},
		{SSL CA "password = p\npassword_command = ('a', 'b')\n" INTO ONLY_NEW,
			FROM_SSL INTO_M " [p@6]"},
		{SSL CA "delete_dup_msgids = true\n" INTO ONLY_NEW, FROM_SSL INTO_M " -6"},
		{SSL CA "delete_dup_msgids = false\n" INTO ONLY_NEW, FROM_SSL INTO_M},
		{SSL CA "use_xoauth2 = true\npassword_command = ('t', 'a b')\npassword = x\n" INTO
				ONLY_NEW,
			FROM_SSL " auth=xoauth2 oauth-token-command=t 'a b'" INTO_M},
		{SSL CA "use_xoauth2 = true\n" INTO ONLY_NEW,
			FROM_SSL " auth=xoauth2" INTO_M " !6"},
		{SSL CA "use_xoauth2 = off\npassword = x\n" INTO ONLY_NEW,
			FROM_SSL INTO_M " [x@7]"},
		{SSL CA "use_peek = true\n" INTO ONLY_NEW, FROM_SSL INTO_M " -6"},
	};

	(void)state;
	CHECK_GETMAIL(samples);
}

#define MDA SSL CA "[destination]\ntype = MDA_external\npath = /bin/mda\n"

static void test_getmail_delivery(void **state)
{
	static const struct sample samples[] = {
		{SSL CA "[destination]\ntype = Mboxrd\npath = ${HOME}/in%\n"
			"locktype = flock\n" ONLY_NEW,
			FROM_SSL " deliver=mbox:~/in%% keep=true -9"},
		{SSL CA "[destination]\ntype = maildir\npath = /m/\nuser = anna\n"
			"filemode = 0640\n" ONLY_NEW,
			FROM_SSL " deliver=maildir:/m/ keep=true -9 -10"},
		{MDA ONLY_NEW, FROM_SSL " deliver=pipe:/bin/mda keep=true"},
		{MDA "arguments = (\"-t\", \"a b\", '')\n" ONLY_NEW,
			FROM_SSL " deliver=pipe:/bin/mda -t 'a b' '' keep=true"},
		{MDA "arguments = ('-f', '%(sender)', '-d', 'u')\nunixfrom = true\n" ONLY_NEW,
			FROM_SSL " deliver=pipe:/bin/mda -d u keep=true -9 -10"},
		{MDA "arguments = ('-d', '%(recipient)')\n" ONLY_NEW,
			FROM_SSL " enabled=false keep=true -9"},
		{MDA "arguments = ('-d', '$USER')\n" ONLY_NEW,
			FROM_SSL " deliver=pipe:sh -c '/bin/mda -d \"$USER\"' keep=true"},
		{MDA "arguments = ('-m', '~/a b', '${HOME}/c\"', 'x$5`')\n" ONLY_NEW,
			FROM_SSL
			" deliver=pipe:sh -c '/bin/mda -m ~/'\\''a b'\\'' \"${HOME}/c\\\"\" "
			"\"x\\$5\\`\"' keep=true"},
		{SSL CA "[destination]\ntype = MDA_external\npath = ~/bin/mda\n" ONLY_NEW,
			FROM_SSL " deliver=pipe:sh -c '~/bin/mda' keep=true"},
		{MDA "arguments = ('-d')\n", "rc:9: arguments" NO_TUPLE},
		{MDA "unixfrom = false\nuser = u\ngroup = g\nignore_stderr = true\n" ONLY_NEW,
			FROM_SSL " deliver=pipe:/bin/mda keep=true -11 -10"},
		{SSL CA "[destination]\ntype = MultiDestination\n"
			"destinations = ('/a/', '/b/')\n" ONLY_NEW,
			FROM_SSL " enabled=false keep=true -7 -8"},
		{SSL CA "[destination]\ntype = Maildir\n" ONLY_NEW,
			FROM_SSL " enabled=false keep=true -7"},
		{SSL CA INTO ONLY_NEW "[filter-1]\ntype = Filter_external\npath = /f\n",
			FROM_SSL INTO_M " -11"},
	};

	(void)state;
	CHECK_GETMAIL(samples);
}

#define WITH(text) SSL CA INTO ONLY_NEW text
#define REMOVES " deliver=maildir:~/M/ keep=false"

static void test_getmail_policy(void **state)
{
	static const struct sample samples[] = {
		{SSL CA INTO, FROM_SSL INTO_M " !0"},
		{SSL CA INTO "[options]\nread_all = 1\n", FROM_SSL INTO_M " !10"},
		{SSL CA INTO "[options]\ndelete = true\n", FROM_SSL REMOVES},
		{WITH("delete = YES\n"), FROM_SSL REMOVES},
		{WITH("delete = off\n"), FROM_SSL INTO_M},
		{WITH("delete = maybe\n"), "rc:11: delete must be true or false"},
		{WITH("delete_after = 30\n"), FROM_SSL " deliver=maildir:~/M/ keep=30d"},
		{WITH("delete_after = 0\n"), FROM_SSL INTO_M},
		{WITH("delete_after = -1\n"), "rc:11: delete_after must be a number"},
		{WITH("delete = true\ndelete_after = 3\n"), FROM_SSL REMOVES},
		{WITH("max_message_size = 100000\nmax_messages_per_session = 50\n"),
			FROM_SSL INTO_M " max-size=100000 max-messages=50"},
		{WITH("max_message_size = 0\n"), FROM_SSL INTO_M},
		{WITH("received = false\ndelivered_to = false\n"),
			FROM_SSL INTO_M " received-header=false"},
		{WITH("delivered_to = true\n"), FROM_SSL INTO_M " -11"},
		{WITH("delete_bigger_than = 5\nmax_bytes_per_session = 6\n"),
			FROM_SSL INTO_M " -11 -12"},
		{WITH("message_log = ~/log\nverbose = 2\nlogfile = ~/l\n"),
			FROM_SSL INTO_M " -11 -13"},
	};

	(void)state;
	CHECK_GETMAIL(samples);
}

static void test_getmail_lists(void **state)
{
	char text[] = "b\0"
		      "1795464929\na\0"
		      "17\nno\n\0"
		      "5\nc\0x\n a\0"
		      "18 \r\nd/e\0"
		      "19";
	struct imported_seen seen;

	(void)state;
	getmail_read_seen(text, sizeof(text) - 1, &seen);
	assert_int_equal(seen.n, 4);
	assert_true(span_is(seen.uids[0].uid, "a") && seen.uids[0].time_s == 17);
	assert_true(span_is(seen.uids[1].uid, "a") && seen.uids[1].occurrence == 1);
	assert_true(span_is(seen.uids[2].uid, "b") && seen.uids[2].time_s == 1795464929);
	assert_true(span_is(seen.uids[3].uid, "d/e"));
	imported_seen_release(&seen);
	getmail_read_seen(text, 0, &seen);
	assert_int_equal(seen.n, 0);
}

/* getmail writes a hyphen for a slash. */
static void test_getmail_slashes(void **state)
{
	static const struct {
		const char *uids, *first;
	} samples[] = {
		{"a-b=\nc+d=\n", "a/b="}, /* base64 */
		{"a-b=\ncd==\n", "a-b="}, /* perhaps base64 for URLs */
		{"a-b_\nc+d=\n", "a-b_"}, /* neither */
		{"UID1-2\nUID1-3\n", "UID1-2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct imported_seen seen;
		struct buf text = {0};

		for (const char *p = samples[i].uids; *p; p++) {
			if (*p == '\n')
				buf_add(&text,
					"\0"
					"17",
					3);
			buf_add(&text, p, 1);
		}
		getmail_read_seen(text.data, text.len, &seen);
		assert_int_equal(seen.n, 2);
		assert_true(span_is(seen.uids[0].uid, samples[i].first));
		imported_seen_release(&seen);
		buf_release(&text);
	}
}

static void test_getmail_name_of_the_list(void **state)
{
	static const char other[] = CLEAR "server = h\nusername = a/:b@c\n" INTO;
	struct imported im = {.n = 0};
	struct error e = {0};

	(void)state;
	assert_true(getmail_read(span_of(SSL INTO), "rc", "x", &im, &e));
	assert_true(getmail_read(span_of(other), "rc2", "y", &im, &e));
	assert_true(getmail_read(span_of(SSL INTO), "rc3", "z", &im, &e));
	assert_int_equal(im.n, 2);
	assert_string_equal(im.accounts[0].seen_path, "oldmail-h-995-u");
	assert_string_equal(im.accounts[1].seen_path, "oldmail-h-110-a-b@c");
	assert_int_equal(im.n_notes, 1);
	assert_string_equal(im.notes[0].text, "rc3, because it is the mailbox of account x");
	imported_release(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_mpop_lines),
		cmocka_unit_test(test_mpop_accounts),
		cmocka_unit_test(test_mpop_server),
		cmocka_unit_test(test_mpop_login),
		cmocka_unit_test(test_mpop_delivery),
		cmocka_unit_test(test_mpop_policy),
		cmocka_unit_test(test_mpop_nul),
		cmocka_unit_test(test_mpop_eval_is_not_shown),
		cmocka_unit_test(test_mpop_place_of_the_list),
		cmocka_unit_test(test_mpop_lists),
		cmocka_unit_test(test_mpop_broken_lists),
		cmocka_unit_test(test_ini),
		cmocka_unit_test(test_python_strings),
		cmocka_unit_test(test_getmail_server),
		cmocka_unit_test(test_getmail_delivery),
		cmocka_unit_test(test_getmail_policy),
		cmocka_unit_test(test_getmail_lists),
		cmocka_unit_test(test_getmail_slashes),
		cmocka_unit_test(test_getmail_name_of_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
