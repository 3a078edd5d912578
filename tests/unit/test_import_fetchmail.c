/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fetchmail's run control file: samples of its whole grammar, each converted, or refused with its
 * line. What they become was compared with what fetchmail --configdump says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "import/fetchmail.h"
#include "import_helpers.h"

/* Without a mail server. */
static struct fetchmail_world world = {"me", NULL};

static void check_samples(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct imported im = {.n = 0};
		struct error e = {0};
		bool done = fetchmail_read(span_of(samples[i].text), "rc", &world, &im, &e);

		assert_true(done || im.n == 0);
		check_sample(&samples[i], i, done, &im, &e);
	}
}
#define CHECK_SAMPLES(samples) check_samples(samples, sizeof(samples) / sizeof((samples)[0]))

/* A server and a user of whom there is nothing to note, and what they become. */
#define POLL "poll h proto pop3 uidl "
#define USER "user u mda m sslcertck keep "
#define BASE POLL USER
#define BECOMES "h:1 host=h user=u tls=starttls deliver=pipe:m keep=true"
/* A password is shown as it was read. */
#define WITH(password) BECOMES " [" password "@1]"

static void test_words(void **state)
{
	static const struct sample samples[] = {
		{"", ""},
		{"# nothing\n\n\t # at all", ""},
		{"and with; has, wants: options", ""},
		{BASE, BECOMES},
		{"poll h\n  proto\tpop3\r\n  uidl\n\n# c\n" USER,
			"h:6 host=h user=u tls=starttls deliver=pipe:m keep=true"},
		{"poll h with proto pop3: and uidl; user \"u\", has mda 'm' options sslcertck, "
		 "wants keep;",
			BECOMES},
		{"server \"h\" protocol POP3 uidl " USER, BECOMES},
		{BASE "pass secret", WITH("secret")},
		{BASE "password \"a b\"", WITH("a b")},
		{BASE "password 'a \"b'", WITH("a \"b")},
		{BASE "pass 12", WITH("12")},
		{BASE "pass keep", WITH("keep")},
		{BASE "pass and", WITH("and")},
		{BASE "pass a#b", WITH("a#b")},
		{BASE "pass #b\nx", BECOMES " [x@2]"},
		{BASE "pass \"#b\"", WITH("#b")},
		{BASE "pass a\"b", WITH("a\"b")},
		{BASE "pass \"a\"b", WITH("\"a\"b")},
		{BASE "pass \"a\\\"b\"", WITH("\"a\"b\"")},
		{BASE "pass 'x", WITH("'x")},
		{BASE "pass \"a\nb\"", WITH("a\nb")},
		{BASE "pass \"a\\\nb\"", WITH("ab")},
		{BASE "pass a\\\nkeep", WITH("a")},
		{BASE "pass \"a\\x41\\101\\65\\065\\x4\"", WITH("aAeA5\x04")},
		{BASE "pass \"\\n\\t\\b\\r\\q\\\\\"", WITH("\n\t\b\rq\\")},
		{BASE "pass a\\tb", WITH("a\tb")},
		{BASE "pass \"\\x4141\\1000\"", WITH("A41d0")},
		{BASE "pass \"\"", BECOMES},
		{BASE "pass \"a\\x00b\"", "rc:1: there is a NUL in this word"},
		{BASE "pass \"a\\0\"", "rc:1: there is a NUL in this word"},
		{BASE "pass", "rc:1: password needs a word"},
		{BASE "pass a=b",
			"rc:1: behind the password stands no option: one with blanks or , ; : = "
			"in it needs quotes"},
		{BASE "pass\n se,cret",
			"rc:2: behind the password stands no option: one with blanks or , ; : = "
			"in it needs quotes"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_statements(void **state)
{
	static const struct sample samples[] = {
		{"Poll h",
			"rc:1: a record begins with poll, skip or defaults, and not with "
			"\"Poll\""},
		{"\nuser u",
			"rc:2: a record begins with poll, skip or defaults, and not with "
			"\"user\""},
		{"poll", "rc:1: poll needs a text"},
		{"poll \"\"", "rc:1: the name of the server is missing"},
		{"poll 5", "rc:1: poll needs a text, not \"5\""},
		{"poll user",
			"rc:1: poll needs a text, not \"user\"; a keyword needs quotes to "
			"be one"},
		{"poll h h2", "rc:1: fetchmail has no option \"h2\""},
		{"poll h = x", "rc:1: fetchmail has no option \"=\""},
		{"poll h PROTO pop3", "rc:1: fetchmail has no option \"PROTO\""},
		{"poll h user u pass\"hunter2\"", "rc:1: fetchmail has no option \"pass...\""},
		{"poll h kepe", "rc:1: fetchmail has no option \"kepe\""},
		{"poll h no\nkepe", "rc:2: fetchmail has no option \"no kepe\""},
		{"poll h no", "rc:1: fetchmail has no option \"no \""},
		{"poll h no nokeep", "rc:1: fetchmail has no option \"no nokeep\""},
		{"poll h no limit 5", "rc:1: fetchmail has no option \"no limit\""},
		{"poll h nossl", "rc:1: fetchmail has no option \"nossl\""},
		{"poll h user a\x1b[2J b\x1b",
			"rc:1: user has a line end or a control character "
			"in it"},
		{"poll h \x1b[2J", "rc:1: fetchmail has no option \"\\x1b[2J\""},
		{BASE "\n\ntimeout 5",
			"rc:3: timeout is of the server: it belongs in front of "
			"the users"},
		{"poll h keep user u", "rc:1: options of a user stand in front of the first user"},
		{"poll h proto pop4", "rc:1: fetchmail knows no protocol \"pop4\""},
		{"poll h proto Pop3", "rc:1: fetchmail knows no protocol \"Pop3\""},
		{"poll h proto \"pop3\"", "rc:1: fetchmail knows no protocol \"pop3\""},
		{"poll h auth secret", "rc:1: fetchmail knows no auth \"secret\""},
		{"poll h bad-header x", "rc:1: fetchmail knows no bad-header \"x\""},
		{"poll h port pop3",
			"rc:1: service needs a text, not \"pop3\"; a keyword needs "
			"quotes to be one"},
		{"poll h port 0", "rc:1: a port is a number from 1 to 65535, not 0"},
		{"poll h timeout \"5\"", "rc:1: timeout needs a number, not \"5\""},
		{"poll h aka", "rc:1: aka needs a text"},
		{BASE "sslproto auto",
			"rc:1: sslproto needs a text, not \"auto\"; a keyword "
			"needs quotes to be one"},
		{BASE "limit 5k", "rc:1: limit needs a number, not \"5k\""},
		{BASE "antispam x", "rc:1: antispam needs a number, not \"x\""},
		{BASE "mda x %T", "rc:1: fetchmail has no option \"%T\""},
		{BASE "mda \"a\nb\"", "rc:1: mda has a line end or a control character in it"},
		{BASE "is", "rc:1: is needs a name"},
		{BASE "is x =", "rc:1: is needs a name behind ="},
		{BASE "is x y there", "rc:1: several names cannot be there"},
		{BASE "mda idfile",
			"rc:1: mda needs a text, not \"idfile\"; a keyword needs "
			"quotes to be one"},
		{BASE "user", "rc:1: user needs a name"},
		{"set foo 1", "rc:1: fetchmail has no \"set foo\""},
		{"set", "rc:1: fetchmail has no \"set \""},
		{"set no daemon", "rc:1: fetchmail has no \"set \""},
		{"set daemon=5", "rc:1: daemon needs a number, not \"=\""},
		{"set idfile x y",
			"rc:1: a record begins with poll, skip or defaults, and not "
			"with \"y\""},
		{"set daemon 300\nset no syslog set syslog\nset postmaster = x set logfile x\n"
		 "set pidfile x set properties x set no bouncemail set spambounce",
			" -1 -2 -3 -3 -4 -4"},
		{"set nobouncemail set nospambounce " BASE, BECOMES},
		{"set no nobouncemail", "rc:1: fetchmail has no \"set nobouncemail\""},
		{"poll nospambounce",
			"rc:1: poll needs a text, not \"nospambounce\"; a keyword needs quotes to "
			"be one"},
		{"set invisible " BASE, BECOMES " received-header=false"},
		{"set invisible set no invisible " BASE, BECOMES},
		{"set idfile x " BASE, BECOMES},
		{BASE "set daemon 5", BECOMES " -1"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_users(void **state)
{
	static const struct sample samples[] = {
		{"poll h proto pop3 uidl mda m sslcertck keep pass x",
			"h:1 host=h user=me tls=starttls deliver=pipe:m keep=true [x@1]"},
		{BASE "is bob here mda \"x %T\"",
			"h:1 host=h user=u tls=starttls deliver=pipe:x bob keep=true"},
		{BASE "mda \"x %T\"", "h:1 host=h user=u tls=starttls deliver=pipe:x me keep=true"},
		{BASE "to \"bob b\" here mda \"x -d%T\"",
			"h:1 host=h user=u tls=starttls deliver=pipe:x -d'bob b' keep=true"},
		{POLL "user bob here mda \"x %T\" is u there sslcertck keep",
			"h:1 host=h user=u tls=starttls deliver=pipe:x bob keep=true"},
		{POLL "user u there mda \"x %T\" is bob here sslcertck keep",
			"h:1 host=h user=u tls=starttls deliver=pipe:x bob keep=true"},
		{BASE "is a = b here mda \"x %T\"",
			"h:1 host=h user=u tls=starttls deliver=pipe:x a keep=true"},
		{BASE "is a, b here", "h:1 host=h user=u tls=starttls enabled=false keep=true -1"},
		{BASE "to golux 'hurkle'='happy' snark here",
			"h:1 host=h user=u tls=starttls enabled=false keep=true -1"},
		{BASE "is a is b", "h:1 host=h user=u tls=starttls enabled=false keep=true -1"},
		{BASE "is *", "h:1 host=h user=u tls=starttls enabled=false keep=true -1"},
		{BASE "is 5 mda %T", "h:1 host=h user=u tls=starttls deliver=pipe:5 keep=true"},
		{BASE "is keep here no keep mda %T",
			"h:1 host=h user=u tls=starttls deliver=pipe:keep keep=false"},
		{POLL "user \"a@b c\" mda m sslcertck keep",
			"h:1 host=h user=a@b c tls=starttls deliver=pipe:m keep=true"},
		{BASE "\n" USER "user v mda m sslcertck pass x",
			"u@h:1 host=h user=u tls=starttls deliver=pipe:m keep=true\n"
			"v@h:2 host=h user=v tls=starttls deliver=pipe:m keep=false [x@2] -2"},
		{BASE "poll h proto pop3 uidl user v mda m sslcertck keep ssl poll i proto pop3 "
		      "uidl " USER,
			"u@h:1 host=h user=u tls=starttls deliver=pipe:m keep=true\n"
			"v@h:1 host=h user=v tls=implicit deliver=pipe:m keep=true\n"
			"i:1 host=i user=u tls=starttls deliver=pipe:m keep=true"},
		{BASE "\npoll H proto pop3 " USER,
			"u@h:1 host=h user=u tls=starttls deliver=pipe:m keep=true -2"},
		{BASE "poll a via H proto pop3 " USER "\npoll b via h proto pop3 uidl port 1 " USER
		      "poll c via h proto pop3 plugin p uidl " USER,
			BECOMES "\nb:2 host=h user=u port=1 tls=starttls deliver=pipe:m keep=true\n"
				"c:2 host=h user=u tls=starttls socket-command=p deliver=pipe:m "
				"keep=true -1"},
		/* Without TLS and with it is one mailbox. */
		{POLL "service 110 " USER "\npoll b via h proto pop3 " USER "ssl",
			"h:1 host=h user=u port=110 tls=starttls deliver=pipe:m keep=true -2"},
		{"skip h proto pop3 uidl " USER,
			"h:1 enabled=false host=h user=u tls=starttls deliver=pipe:m keep=true"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_defaults(void **state)
{
	static const struct sample samples[] = {
		{"defaults", ""},
		{"defaults proto pop3 uidl via v port 99 timeout 7 user u sslcertck mda m keep\n"
		 "poll a\npoll b via w no uidl user x no keep",
			"a:2 host=v user=u port=99 tls=starttls timeout=7s deliver=pipe:m "
			"keep=true\n"
			"b:3 host=w user=x port=99 tls=starttls timeout=7s deliver=pipe:m "
			"keep=false"},
		{"defaults mda m sslcertck keep pass q is bob\n" POLL "user a user b pass z",
			"a@h:2 host=h user=a tls=starttls deliver=pipe:m keep=true [q@1]\n"
			"b@h:2 host=h user=b tls=starttls deliver=pipe:m keep=true [z@2]"},
		{"defaults limit 5 fetchall\n" BASE "limit 0 no fetchall",
			"h:2 host=h user=u tls=starttls deliver=pipe:m keep=true"},
		{"defaults mda x is bob\n" POLL "user u sslcertck keep mda \"\" is tim",
			"h:2 host=h user=u tls=starttls enabled=false keep=true -2"},
		{"defaults via x\npoll h via \"\" proto pop3 uidl " USER,
			"h:2 host=h user=u tls=starttls deliver=pipe:m keep=true"},
		{BASE "\ndefaults keep",
			"rc:2: the defaults must be the first record, and there "
			"is one only"},
		{"defaults\ndefaults",
			"rc:2: the defaults must be the first record, and there is "
			"one only"},
		{"defaults user a\nuser b", "rc:2: the defaults can have one user only"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_server(void **state)
{
	static const struct sample samples[] = {
		{"poll h uidl " USER, BECOMES " !0"},
		{"poll h proto auto uidl " USER, BECOMES " !1"},
		{"poll h proto sdps uidl " USER, BECOMES " -1"},
		{"poll h proto apop uidl " USER,
			"h:1 host=h user=u tls=starttls auth=apop deliver=pipe:m keep=true"},
		{"poll h proto imap " USER, " -1"},
		{"poll h proto IMAP\n" USER "user v", " -2 -2"},
		{"poll h proto kpop " USER, " -1"},
		{"poll h service \"imaps\" " USER, " -1"},
		{"poll h port 143 " USER, " -1"},
		{"poll h proto etrn " USER BASE,
			"u@h:1 host=h user=u tls=starttls deliver=pipe:m "
			"keep=true -1"},
		{"poll h via v proto pop3 uidl via w " USER,
			"h:1 host=w user=u tls=starttls deliver=pipe:m keep=true"},
		{POLL "port 1110 " USER,
			"h:1 host=h user=u port=1110 tls=starttls deliver=pipe:m keep=true"},
		{POLL "service \"pop3s\" " USER "ssl",
			"h:1 host=h user=u port=995 tls=implicit deliver=pipe:m keep=true"},
		{POLL "service \"99\" " USER,
			"h:1 host=h user=u port=99 tls=starttls deliver=pipe:m keep=true"},
		{POLL "service mailq " USER, BECOMES " -1"},
		{POLL "plugin \"ssh -W %h:%p x\" " USER,
			"h:1 host=h user=u tls=starttls socket-command=ssh -W h:110 x "
			"deliver=pipe:m keep=true"},
		{POLL "plugin \"nc %h %p a'b\" " USER "sslproto ''",
			"h:1 host=h user=u tls=none allow-cleartext-password=true "
			"socket-command=nc h 110 'a'\\''b' deliver=pipe:m keep=true"},
		{POLL "timeout 0 " USER,
			"h:1 host=h user=u tls=starttls timeout=1d deliver=pipe:m keep=true !1"},
		{POLL "auth any " USER, BECOMES},
		{POLL "auth password " USER, BECOMES},
		{POLL "authenticate cram " USER,
			"h:1 host=h user=u tls=starttls auth=cram-md5 deliver=pipe:m keep=true"},
		{POLL "auth kerberos_v5 " USER,
			"h:1 host=h user=u tls=starttls auth=gssapi deliver=pipe:m keep=true"},
		{POLL "auth otp " USER, BECOMES " -1"},
		{POLL "aka a b, c localdomains x y envelope 2 X-To qvirtual q checkalias\n" USER,
			"h:2 host=h user=u tls=starttls deliver=pipe:m keep=true -1 -1 -1 -1 -1"},
		{POLL "no envelope no dns dns nocheckalias no tracepolls interval 0 " USER,
			BECOMES},
		{POLL "interface eth0/1.2.3.4 monitor eth0 tracepolls principal p interval 3 "
		      "plugout x esmtpname n esmtppassword 5 bad-header reject " USER,
			BECOMES " -1 -1 -1 -1 -1 -1 -1 -1 -1"},
		{POLL "bad-header accept " USER, BECOMES},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

#define TLS(words) "h:1 host=h user=u " words " deliver=pipe:m keep=true"
#define HERE "poll localhost proto pop3 uidl user u mda m keep "
#define FROM_HERE(words) "localhost:1 host=localhost user=u " words " deliver=pipe:m keep=true"

static void test_tls(void **state)
{
	static const struct sample samples[] = {
		{POLL "user u mda m keep", TLS("tls=starttls") " !0"},
		{POLL "user u mda m keep ssl", TLS("tls=implicit") " !0"},
		{BASE "ssl", TLS("tls=implicit")},
		{BASE "ssl no ssl", TLS("tls=starttls")},
		{BASE "ssl no sslcertck", TLS("tls=implicit") " -1"},
		{BASE "no sslcertck", TLS("tls=starttls") " !1 -1"},
		{BASE "sslproto ''", TLS("tls=starttls") " !1"},
		{BASE "sslproto '' ssl", TLS("tls=implicit")},
		{BASE "sslproto \"auto\"", TLS("tls=starttls")},
		{BASE "sslproto tls1.2+", TLS("tls=starttls")},
		{BASE "sslproto TLS1.2", TLS("tls=starttls") " !1"},
		{BASE "sslproto TLS1.3", TLS("tls=starttls tls-min=1.3")},
		{BASE "sslproto tls1+", TLS("tls=starttls") " !1"},
		{BASE "sslproto SSL3", TLS("tls=starttls") " !1"},
		{BASE "sslproto tls1 no sslcertck", TLS("tls=starttls") " !1 -1"},
		{BASE "sslcertfile /ca sslcert /c sslkey ~/k sslcommonname n",
			TLS("tls=starttls ca-file=/ca client-cert=/c client-key=~/k tls-host=n")},
		{BASE "sslcertfile ca", TLS("tls=starttls ca-file=ca") " !1"},
		{BASE "sslcertpath /etc/ssl/certs/", TLS("tls=starttls")},
		{BASE "sslcertpath /etc/own sslfingerprint \"AA:BB\"",
			TLS("tls=starttls") " -1 -1"},
		{HERE, FROM_HERE("tls=starttls") " !0"},
		{HERE "sslproto ''", FROM_HERE("tls=none allow-cleartext-password=true")},
		{HERE "no sslcertck", FROM_HERE("tls=none allow-cleartext-password=true") " -1"},
		{"poll localhost proto pop3 uidl auth cram-md5 user u mda m keep sslproto ''",
			"localhost:1 host=localhost user=u tls=none auth=cram-md5 deliver=pipe:m "
			"keep=true"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

#define INTO "h:1 host=h user=u tls=starttls deliver="
#define NOWHERE "h:1 host=h user=u tls=starttls enabled=false keep=true"
#define SMTP POLL "user u sslcertck keep "

static void test_delivery(void **state)
{
	static const struct sample samples[] = {
		{BASE "mda /usr/bin/procmail", INTO "pipe:/usr/bin/procmail keep=true"},
		{BASE "mda \"procmail -f %F -d %T\"", INTO "pipe:procmail -d me keep=true -1"},
		{BASE "mda \"sendmail -i -f %F -- %T\"",
			INTO "pipe:sendmail -i -- me keep=true -1"},
		{BASE "mda \"sendmail -f%F %T\"", INTO "pipe:sendmail me keep=true -1"},
		{BASE "mda 'maildrop -d %s +%s'", INTO "pipe:maildrop -d me +me keep=true"},
		{BASE "mda \"x %F\"", INTO "pipe:x MAILER-DAEMON keep=true !1"},
		{BASE "mda \"cat >>~/x\"", INTO "pipe:sh -c 'cat >>~/x' keep=true"},
		{BASE "mda \"x %T | y\" is \"a'b\"",
			INTO "pipe:sh -c 'x '\\''a'\\''\\'\\'''\\''b'\\'' | y' keep=true"},
		{BASE "mda 'x \"a b\" %t'", INTO "pipe:x \"a b\" %t keep=true"},
		{SMTP, INTO "maildir:~/Mail keep=true !0"},
		{SMTP "smtphost localhost", INTO "maildir:~/Mail keep=true !1"},
		{SMTP "smtp localhost/25, other", INTO "maildir:~/Mail keep=true !1"},
		{SMTP "smtp localhost/2525, other", NOWHERE " -1"},
		{SMTP "is me here", INTO "maildir:~/Mail keep=true !0"},
		{SMTP "is bob here", NOWHERE " -1"},
		{SMTP "smtphost mail.example", NOWHERE " -1"},
		{SMTP "smtphost /var/imap/socket/lmtp lmtp", NOWHERE " -1"},
		{SMTP "bsmtp x mda y", NOWHERE " -1"},
		{BASE "smtpaddress d smtpname a@b antispam 571, 550 fetchdomains d batchlimit 5 "
		      "pass8bits",
			BECOMES " -1 -1 -1 -1 -1 -1"},
		{BASE "antispam -1 batchlimit 0 nopass8bits", BECOMES},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

/* With a mail server. */
static void test_sendmail(void **state)
{
	static const struct sample samples[] = {
		{SMTP, INTO "pipe:/s/sendmail -i -- me keep=true !0"},
		{SMTP "smtphost localhost", INTO "pipe:/s/sendmail -i -- me keep=true !1"},
		{SMTP "smtp localhost/smtp other", INTO "pipe:/s/sendmail -i -- me keep=true !1"},
		{SMTP "smtp localhost/10024", NOWHERE " -1"},
		{SMTP "smtphost mail.example", NOWHERE " -1"},
		{SMTP "is bob here", INTO "pipe:/s/sendmail -i -- bob keep=true !0"},
		{SMTP "is -bob here", INTO "pipe:/s/sendmail -i -- -bob keep=true !0"},
		{SMTP "is \"b b\" here", INTO "pipe:/s/sendmail -i -- 'b b' keep=true !0"},
		{SMTP "is bob here smtpaddress d",
			INTO "pipe:/s/sendmail -i -- bob@d keep=true !0"},
		{SMTP "is bob@e here smtpaddress d",
			INTO "pipe:/s/sendmail -i -- bob@e keep=true !0"},
		{SMTP "is bob here smtpname list@e",
			INTO "pipe:/s/sendmail -i -- list@e keep=true !0"},
		{SMTP "is bob here mda m smtpname list@e", INTO "pipe:m keep=true -1"},
	};

	static const struct sample blank[] = {
		{SMTP "is bob here", INTO "pipe:'/s s/sendmail' -i -- bob keep=true !0"},
	};

	(void)state;
	world.sendmail = "/s/sendmail";
	CHECK_SAMPLES(samples);
	world.sendmail = "/s s/sendmail";
	CHECK_SAMPLES(blank);
	world.sendmail = NULL;
}

static void test_policy(void **state)
{
	static const struct sample samples[] = {
		{BASE "nokeep", "h:1 host=h user=u tls=starttls deliver=pipe:m keep=false"},
		{BASE "no keep keep", BECOMES},
		{"poll h proto pop3 " USER, BECOMES},
		{"poll h proto pop3 no uidl " USER "no keep",
			"h:1 host=h user=u tls=starttls deliver=pipe:m keep=false"},
		{BASE "fetchall", BECOMES " !1"},
		{BASE "fetchall nokeep",
			"h:1 host=h user=u tls=starttls deliver=pipe:m keep=false"},
		{BASE "limit 20000 fetchlimit 50", BECOMES " max-size=20000 max-messages=50"},
		{BASE "limit 0 fetchlimit 0 limit -1", BECOMES},
		{BASE "flush limitflush warnings 3600 expunge 5 fetchsizelimit 1 fastuidl 4",
			BECOMES " -1 -1 -1 -1 -1 -1"},
		{BASE "noflush nolimitflush expunge 0 norewrite nostripcr noforcecr nodropstatus "
		      "nodropdelivered nomimedecode noidle",
			BECOMES},
		{BASE "rewrite stripcr forcecr dropstatus dropdelivered mimedecode idle",
			BECOMES " -1 -1 -1 -1 -1 -1"},
		{BASE "folder a, b c properties p preconnect \"ssh x\" postconnect y",
			BECOMES " -1 -1 -1 -1"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

/* Whose list it is has the server's name, whatever the poll is called. */
static void test_place_of_the_list(void **state)
{
	static const struct {
		const char *set, *path;
	} samples[] = {{"", "~/.fetchids"}, {"set idfile ids ", "~/ids"},
		{"set idfile /a/b ", "/a/b"}, {"set idfile \"~/x\" ", "~/~/x"}};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char *text = xasprintf(
			"%spoll lab via h proto pop3 user a@b no keep", samples[i].set);
		struct imported im;
		struct error e = {0};

		assert_true(fetchmail_read(span_of(text), "rc", &world, &im, &e));
		assert_string_equal(im.accounts[0].seen_path, samples[i].path);
		assert_string_equal(im.accounts[0].seen_host, "h");
		assert_string_equal(im.accounts[0].seen_user, "a@b");
		assert_true(im.accounts[0].seen_stays);
		imported_release(&im);
		free(text);
	}
}

static void test_lists(void **state)
{
	static const char text[] = "u@h b\nu@H a\nu@h b\nu@h x@y \nv@h c\nu@h2 d\nu@h@h e\n"
				   "a b@c@h f\n@h g\nnothing\n\nu@h\nu@h  h i\nu@h last";
	static const struct {
		const char *host, *user, *uids;
	} samples[] = {{"h", "u", "a b h i last x@y"}, {"h", "v", "c"}, {"h2", "u", "d"},
		{"h", "u@h", "e"}, {"h@h", "u", "e"}, {"h", "a b@c", "f"}, {"h", "", "g"},
		{"h", "U", ""}, {"none", "u", ""}};
	struct fetchmail_list list;

	(void)state;
	fetchmail_list_read(span_of(text), &list);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct imported_seen seen;
		struct buf found = {0};

		fetchmail_read_seen(&list, samples[i].host, samples[i].user, &seen);
		for (size_t j = 0; j < seen.n; j++) {
			assert_int_equal(seen.uids[j].occurrence, 0);
			assert_int_equal(seen.uids[j].time_s, 0);
			buf_printf(&found, "%s%.*s", j ? " " : "", (int)seen.uids[j].uid.len,
				seen.uids[j].uid.data);
		}
		assert_string_equal(found.data ? found.data : "", samples[i].uids);
		buf_release(&found);
		imported_seen_release(&seen);
	}
	fetchmail_list_release(&list);
	fetchmail_list_read(span_of(""), &list);
	assert_int_equal(list.n, 0);
	fetchmail_list_release(&list);
}

/* As many as a file may hold are no more work each than a few are. */
static void test_very_many(void **state)
{
	enum { POLLS = 2000 };
	struct buf text = {0}, list = {0};
	struct fetchmail_list rows;
	struct imported_seen seen;
	struct imported im;
	struct error e;

	(void)state;
	buf_add_text(&text, "defaults proto pop3 uidl mda m keep ssl\n");
	for (int i = 0; i < POLLS; i++) {
		buf_printf(&text, "poll h%d user u\n", i % (POLLS - 1));
		buf_printf(&list, "u@h%d uid%d\n", i % (POLLS - 1), i);
	}
	assert_true(fetchmail_read(buf_span(&text), "rc", &world, &im, &e));
	assert_int_equal(im.n, POLLS - 1);
	assert_int_equal(im.n_notes, 1); /* the last one is the first */
	assert_string_equal(im.accounts[0].name, "u@h0");
	assert_string_equal(im.accounts[1].name, "h1");
	fetchmail_list_read(buf_span(&list), &rows);
	for (size_t i = 0; i < im.n; i++) {
		fetchmail_read_seen(&rows, im.accounts[i].seen_host, "u", &seen);
		assert_int_equal(seen.n, i == 0 ? 2 : 1);
		imported_seen_release(&seen);
	}
	fetchmail_list_release(&rows);
	imported_release(&im);
	buf_release(&text);
	buf_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_sendmail),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_place_of_the_list),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_very_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
