/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fdm's configuration: samples of its whole grammar, each converted, or refused with its line; and
 * its cache. What fdm itself takes and refuses was tried with version 1.9. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "import/fdm.h"
#include "import_helpers.h"

/* Files to include. */
static int include(void *context, const char *path, struct buf *text, char **shown)
{
	static const struct {
		const char *path, *text;
	} files[] = {{"one", "action \"in\" maildir \"/one\"\n$set = \"one\"\n"},
		{"/home/u/two", "\n\naccount \"t\" pop3s server \"two\" user \"u\" keep\n"},
		{"itself", "include \"itself\"\n"}, {"wrong", "\nset nosuch\n"},
		{"open", "match all {\n"}};

	(void)context;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i].path) == 0) {
			buf_add_text(text, files[i].text);
			*shown = xstrdup(path);
			return 0;
		}
	return ENOENT;
}

static char *login(void *context, const char *host)
{
	(void)context;
	return strcmp(host, "netrc") == 0 ? xstrdup("v") : NULL;
}

static const struct fdm_world world = {
	.home = "/home/u", .user = "u", .include = include, .login = login};

static void check_samples(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct imported im = {.n = 0};
		struct error e = {0};
		bool done = fdm_read(span_of(samples[i].text), "rc", &world, &im, &e);

		assert_true(done || im.n == 0);
		check_sample(&samples[i], i, done, &im, &e);
	}
}
#define CHECK_SAMPLES(samples) check_samples(samples, sizeof(samples) / sizeof((samples)[0]))

/* An account on the first line, and where its mail goes on the last. */
#define SAFE "set verify-certificates "
#define ACCOUNT(more) SAFE "account \"x\" pop3s server \"h\" user \"u\" " more "\n"
#define INTO "match all action maildir \"/m\"\n"
#define IS "x:1 host=h user=u tls=implicit"
#define DELIVERS " deliver=maildir:/m keep=false"
#define KEEPS " deliver=maildir:/m keep=true"

static void test_words(void **state)
{
	static const struct sample samples[] = {
		{"", ""},
		{"# nothing\n\t \r\n#", ""},
		{ACCOUNT("") INTO, IS DELIVERS},
		{ACCOUNT("") "match all action maildir '/m'", IS DELIVERS},
		{SAFE "account\n'x'\npop3s server\"h\"user#c\n\"u\" match all action maildir\"/m\"",
			IS DELIVERS},
		{ACCOUNT("") "match all action maildir \"/a\\\"b\\\\c\\d\"\n",
			IS " deliver=maildir:/a\"b\\cd keep=false"},
		{ACCOUNT("") "match all action maildir '/a\\\"b${x}'\n",
			IS " deliver=maildir:/a\\\"b${x} keep=false"},
		{ACCOUNT("") "match all action maildir \"/a # b\"\n",
			IS " deliver=maildir:/a # b keep=false"},
		{ACCOUNT("") "match all action maildir \"/a\" + '/b' + \"/c\"\n",
			IS " deliver=maildir:/a/b/c keep=false"},
		{"$d = \"/d\" %n = 7\n" ACCOUNT(
			 "") "match all action maildir \"${d}/%{n}${no}/%n\"",
			"x:2 host=h user=u tls=implicit enabled=false keep=false -3"},
		{"$d = \"/d\" %n = 7\n" ACCOUNT("") "match all action maildir \"${d}/%{n}${no}\"",
			"x:2 host=h user=u tls=implicit deliver=maildir:/d/7 keep=false"},
		{"$d = '/d'\n$e = $d + ${d}\n" ACCOUNT("") "match all action maildir $e",
			"x:3 host=h user=u tls=implicit deliver=maildir:/d/d keep=false"},
		{"$a = '/1' $a = '/2'" ACCOUNT("") "match all action maildir $a",
			IS " deliver=maildir:/2 keep=false"},
		{"%p = 1995\n" SAFE "account \"x\" pop3s server \"h\" port %p user \"u\"\n" INTO,
			"x:2 host=h port=1995 user=u tls=implicit" DELIVERS},
		{"\"x\n", "rc:1: a quote is not closed"},
		{"\nset lock-file 'x\n\n\n", "rc:2: a quote is not closed"},
		{"action \"a\" maildir $b\n", "rc:1: the macro $b is not defined"},
		{"set maximum-size %b\n", "rc:1: the macro %b is not defined"},
		{"$ = \"x\"", "rc:1: a macro needs a name"},
		{"${a = \"x\"", "rc:1: the } behind a macro is missing"},
		{"$a \"x\"", "rc:1: there is a string in the wrong place"},
		{"$a = 5", "rc:1: there is a number in the wrong place"},
		{"%a = \"x\"", "rc:1: there is a string in the wrong place"},
		{"%a = $b", "rc:1: there is something in the wrong place"},
		{"\n@\n", "rc:2: a word, a string or a number was expected"},
		{"nosuch\n", "rc:1: \"nosuch\" has no place here"},
		{"actions \"a\" drop\n", "rc:1: \"actions\" has no place here"},
		{"set maximum-size 99999999999999999999", "rc:1: the number is too large"},
		{"account \"x\" pop3 server \"h\" user \"u\" pass $(pw",
			"rc:1: the ) behind a command is missing"},
		/* What is not there cannot be told from a password. */
		{"$p = hunter2", "rc:1: there is something in the wrong place"},
		{"account \"x\" pop3 server \"h\" user \"u\" pass hunter2",
			"rc:1: there is something in the wrong place"},
		{"account \"x\" pop3 server \"h\" user \"u\" pass hunter!x",
			"rc:1: there is something in the wrong place"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_conditions(void **state)
{
	static const struct sample samples[] = {
		{"$x = \"1\"\n$y = \"\"\nifdef $x\n" ACCOUNT("") "endif\n" INTO,
			"x:4 host=h user=u tls=implicit" DELIVERS},
		/* As fdm has it: $x is not yet defined when the word behind it is read. */
		{"$x = \"1\"\nifdef $x\n" ACCOUNT("") "endif\n" INTO, ""},
		{"ifndef %x\n" ACCOUNT("") "endif\n" INTO,
			"x:2 host=h user=u tls=implicit" DELIVERS},
		{"ifdef $x match all { nosuch \"\" endif\n", ""},
		/* As fdm has it: what the inner one leaves out ends with the outer one. */
		{"$a = \"\" $b = \"\" ifdef $a ifdef $x endif\n" ACCOUNT("") "endif", ""},
		{"endif", "rc:1: endif without ifdef"},
		{"ifdef $x\n\n", "rc:3: an endif is missing"},
		{"ifdef x endif", "rc:1: ifdef needs the name of a macro"},
		{"include \"one\" " ACCOUNT("") "match all action \"in\"",
			IS " deliver=maildir:/one keep=false"},
		{"include 'one'\n$f = \"one\" $x = \"\"\nifdef $set " ACCOUNT("") "endif " INTO,
			"x:3 host=h user=u tls=implicit" DELIVERS},
		{"$f = \"tw\"\ninclude \"%h/${f}o\"\n" SAFE INTO,
			"t:3 host=two user=u tls=implicit" KEEPS " !3"},
		{"\ninclude \"nosuch\"\n", "rc:2: cannot read nosuch: No such file or directory"},
		{"include \"itself\"\n", "itself:1: too many files are included in each other"},
		{"include \"wrong\"\n", "wrong:2: \"nosuch\" has no place here"},
		{"include \"open\"\n match all action drop }", ""},
		{"include nosuch", "rc:1: include needs the name of a file"},
		{"include \"\"", "rc:1: include needs the name of a file"},
		{"include $(x)", "rc:1: include needs the name of a file"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_options(void **state)
{
	static const struct sample samples[] = {
		{"set maximum-size 64M\n" ACCOUNT("") INTO,
			"x:2 host=h user=u tls=implicit" DELIVERS " max-size=64M"},
		{"set maximum-size 3 kilobytes\n" ACCOUNT("") INTO,
			"x:2 host=h user=u tls=implicit" DELIVERS " max-size=3k"},
		{"set maximum-size 1000 " ACCOUNT("") INTO, IS DELIVERS " max-size=1000"},
		{"set maximum-size 1GB " ACCOUNT("") INTO, IS DELIVERS " max-size=1024M"},
		{"%s = 2 set maximum-size %s M " ACCOUNT("") INTO, IS DELIVERS " max-size=2M"},
		{"set maximum-size 0", "rc:1: maximum-size cannot be 0"},
		{"set maximum-size 64MX", "rc:1: \"MX\" has no place here"},
		{"set maximum-size \"1\"", "rc:1: there is a string in the wrong place"},
		{"set maximum-size %(echo 1)",
			"rc:1: a number that a command prints cannot be taken over"},
		{"set timeout 5 minutes " ACCOUNT("") INTO,
			"x:1 host=h user=u tls=implicit timeout=300s" DELIVERS},
		{"set timeout 3 weeks " ACCOUNT("") INTO,
			"x:1 host=h user=u tls=implicit timeout=86400s" DELIVERS},
		{"set timeout 0", "rc:1: timeout cannot be 0"},
		{"set no-received " ACCOUNT("") INTO, IS DELIVERS " received-header=false"},
		{"set proxy \"http://p:3128/\" " ACCOUNT("") INTO,
			"x:1 host=h user=u tls=implicit proxy=http://p:3128" DELIVERS},
		{"set proxy \"http://p\" " ACCOUNT("") INTO,
			"x:1 host=h user=u tls=implicit proxy=http://p:80" DELIVERS},
		{"set proxy \"socks://a b:c@d@p\" " ACCOUNT("") INTO,
			IS " enabled=false" DELIVERS " -1"},
		{"set proxy \"p:1\" " ACCOUNT("") INTO, IS " enabled=false" DELIVERS " -1"},
		{"set proxy $(p) " ACCOUNT("") INTO, IS " enabled=false" DELIVERS " -1"},
		{"set unmatched-mail drop\n" ACCOUNT(""),
			"x:2 host=h user=u tls=implicit enabled=false keep=false -0 -1"},
		{"set unmatched-mail drop set unmatched-mail keep " ACCOUNT(""),
			IS " enabled=false keep=true -0 !1"},
		{"set unmatched-mail maybe", "rc:1: \"maybe\" has no place here"},
		{"set delete-oversized set queue-high 10 set queue-low 3 set ignore-errors "
		 "set allow-multiple set lock-file \"\" set lock-timeout 3 minutes set lock-wait "
		 "set lookup-order passwd courier set lock-types fcntl dotlock set lock-type none "
		 "set purge-after none set parallel-accounts 2 set no-create "
		 "set strip-characters \"x\" set file-umask user set file-group user\n",
			" -1"},
		{"set lock-types nosuch", "rc:1: \"nosuch\" has no place here"},
		{"set command-user \"x\"\nset default-user 0\n", " -1 -2"},
		{"set file-umask 022\nset file-umask 077\nset file-group \"mail\"", " -1 -3"},
		{"set nosuch", "rc:1: \"nosuch\" has no place here"},
		{"set", "rc:1: the file ends too early"},
		{"cache \"/c\" expire 3 days cache '/d'", ""},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

#define POP3(more) "account \"x\" pop3 " more "\n"

static void test_accounts(void **state)
{
	static const struct sample samples[] = {
		{POP3("server \"h\" user \"u\" pass \"p\"") SAFE INTO,
			"x:1 host=h user=u tls=starttls" DELIVERS " [p@1] !1"},
		{POP3("server \"h\" user \"u\" starttls keep new-only cache \"/c\"") SAFE INTO,
			"x:1 host=h user=u tls=starttls" KEEPS},
		{POP3("server \"h\" user \"u\" starttls no-verify") SAFE INTO,
			"x:1 host=h user=u tls=starttls" DELIVERS " !1"},
		{POP3("server \"h\" user \"u\" starttls") INTO,
			"x:1 host=h user=u tls=starttls" DELIVERS " !1"},
		{POP3("server \"127.0.0.1\" port 5110 user \"u\"") INTO,
			"x:1 host=127.0.0.1 port=5110 user=u tls=none allow-cleartext-password=true" DELIVERS},
		{POP3("server \"h\" port \"pop3s\" user \"u\" starttls") SAFE INTO,
			"x:1 host=h port=995 user=u tls=starttls" DELIVERS},
		{POP3("server \"h\" port \"110\" user \"u\" starttls") SAFE INTO,
			"x:1 host=h port=110 user=u tls=starttls" DELIVERS},
		{POP3("server \"h\" port \"nosuch\" user \"u\""), " -1"},
		{POP3("server \"h\" port 0 user \"u\""), " -1"},
		{POP3("server \"h\" port 65536 user \"u\""), " -1"},
		{ACCOUNT("no-apop no-verify no-uidl insecure keep") INTO, IS KEEPS " !1 -1 -1 !1"},
		{ACCOUNT("old-only cache \"/c\"") INTO, IS DELIVERS " enabled=false -1"},
		{ACCOUNT("new-only cache \"/c\" keep") INTO, IS KEEPS},
		{ACCOUNT("keep") INTO, IS KEEPS " !1"},
		{ACCOUNT("new-only keep"), "rc:1: \"keep\" has no place here"},
		{ACCOUNT("cache \"/c\"") INTO, IS DELIVERS},
		{ACCOUNT("starttls"), "rc:1: starttls cannot be used with pop3s"},
		{ACCOUNT("pass \"a\\\"%%%h\"") INTO, IS DELIVERS " [a\"%/home/u@1]"},
		{ACCOUNT("pass $(pass mail/home)") INTO,
			IS " password-command=pass mail/home" DELIVERS},
		{ACCOUNT("pass $(gpg -d ~/.pw | head -1)") INTO,
			IS " password-command=sh -c 'gpg -d ~/.pw | head -1'" DELIVERS},
		{"$pw = $(echo \"(\" ')' (x) \"${no}\")\n" ACCOUNT("pass $pw") INTO,
			"x:2 host=h user=u tls=implicit password-command=sh -c 'echo \"(\" "
			"'\\'')'\\'' (x) \"\"'" DELIVERS},
		{"$pw = $(x)\n" ACCOUNT("pass \"a${pw}\"") INTO,
			"x:2 host=h user=u tls=implicit" DELIVERS " -2"},
		{ACCOUNT("pass \"a\" + $(x)") INTO, IS DELIVERS " -1"},
		{SAFE "account \"x\" disabled pop3s server \"h\" user \"u\" " INTO,
			IS DELIVERS " enabled=false"},
		{SAFE "account \"x\" users { \"a\" 7 } disabled pop3s server \"h\" user \"u\" " INTO,
			IS DELIVERS " enabled=false -1"},
		{SAFE "account \"%h%a%%\" pop3s server \"h%q\" user \"u%[nosuch]\" " INTO,
			"/home/u%:1 host=h user=u tls=implicit" DELIVERS},
		{SAFE "account \"x\" pop3s server $(h) user \"u\" " INTO, " -1"},
		{SAFE "account \"x\" pop3s server \"h\" user \"%[hostname]\" " INTO, " -1"},
		{SAFE "account \"x\" pop3s server \"h\" pass \"p\" " INTO, " -1"},
		{SAFE "account \"x\" pop3s user \"u\"", "rc:1: the account needs a server"},
		{SAFE "account \"x\" pop3s server \"\" user \"u\"",
			"rc:1: the name of the server is missing"},
		{"account \"\" stdin", "rc:1: the name is missing"},
		{"account $(x) stdin", "rc:1: a name that is not fixed cannot be taken over"},
		{"account \"x\" nosuch", "rc:1: \"nosuch\" has no place here"},
		{"account \"x\" stdin\naccount \"x\" stdin",
			"rc:2: there are two accounts of one name"},
		{POP3("pipe \"ssh h ipop3d\" user \"u\" pass \"p\" keep new-only cache \"c\"") INTO,
			"x:1 host=localhost user=u socket-command=ssh h ipop3d tls=none "
			"allow-cleartext-password=true" KEEPS " [p@1]"},
		{POP3("pipe \"ssh h 'a|b' | c\" user \"u\" pass \"p\"") INTO,
			"x:1 host=localhost user=u socket-command=sh -c 'ssh h '\\''a|b'\\'' | c' tls=none "
			"allow-cleartext-password=true" DELIVERS " [p@1]"},
		{"account 'a' imap server 'h' user 'u' pass 'p' folder 'F' new-only no-cram-md5 keep\n"
		 "account 'b' imaps server 'h' folders { 'a' 'b' } no-verify no-login insecure\n"
		 "account 'c' nntp server 'h' groups { 'a' } cache 'c' cache 'd' expire 3\naccount 'd' stdin keep\n"
		 "account 'e' maildir '/m'\naccount 'f' maildirs { '/m' '/n' } keep\n"
		 "account 'g' mboxes { '/m' }\naccount 'h' imap pipe 'x' user 'u' pass 'p'\n",
			" -1 -2 -3 -4 -5 -6 -7 -8"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_delivery(void **state)
{
	static const struct sample samples[] = {
		{ACCOUNT("") "action \"in\" maildir \"%h/Mail\"\nmatch all action \"in\"",
			IS " deliver=maildir:~/Mail keep=false"},
		{ACCOUNT("") "action \"in\" mbox \"~/%[account]/%a%%\"\nmatch all action \"in\"",
			IS " deliver=mbox:~/x/x%% keep=false"},
		{ACCOUNT("") "match all action mbox \"m/%u\"",
			IS " deliver=mbox:m/u keep=false !2"},
		{ACCOUNT("") "match all action mbox \"/m\" compress",
			IS " deliver=mbox:/m keep=false !2"},
		{ACCOUNT("") "match all action maildir \"~bob/m\"",
			IS " enabled=false keep=false -2"},
		{ACCOUNT("") "match all action maildir \"/m/%[year]\"",
			IS " enabled=false keep=false -2"},
		{ACCOUNT("") "match all action maildir \"/m/%1\"",
			IS " enabled=false keep=false -2"},
		{ACCOUNT("") "match all action maildir $(x)", IS " enabled=false keep=false -2"},
		{ACCOUNT("") "match all action maildir \"\"", IS " enabled=false keep=false -2"},
		{ACCOUNT("") "match all action maildir \"/a\nb\"",
			IS " enabled=false keep=false -2"},
		{ACCOUNT("") "match all action pipe \"/usr/bin/procmail -d %u\"",
			IS " deliver=pipe:/usr/bin/procmail -d u keep=false"},
		{ACCOUNT("") "match all action pipe \"f %[server_uid] '%[server_uid]' %h %[server]\"",
			IS
			" deliver=pipe:sh -c 'f $AMBIL_UID '\\'''\\''\"$AMBIL_UID\"'\\'''\\'' /home/u "
			"h' keep=false"},
		{ACCOUNT("") "match all action pipe \"a | b\"",
			IS " deliver=pipe:sh -c 'a | b' keep=false"},
		{ACCOUNT("") "match all action pipe \"f %[lines]\"",
			IS " enabled=false keep=false -2"},
		{ACCOUNT("") "match all action append \"~/it's\"",
			IS
			" deliver=pipe:sh -c 'cat >>~'\\''/it'\\''\\'\\'''\\''s'\\''' keep=false !2"},
		{ACCOUNT("") "match all action stdout", IS " deliver=- keep=false"},
		{ACCOUNT("") "match all action write \"/m\"", IS " enabled=false keep=false -2 -0"},
		{ACCOUNT("") "match all action { exec \"x\" maildir \"/m\" }", IS DELIVERS " -2"},
		{ACCOUNT("") "match all action { pipe \"x\" maildir \"/m\" mbox \"/n\" }",
			IS DELIVERS " -2 -2"},
		{ACCOUNT("") "match all action { tag \"a\" tag \"b\" value \"c\" to-cache \"/c\" key "
			     "\"k\" add-header \"X\" value \"y\" add-header \"X\" \"y\" "
			     "remove-headers { \"a\" \"b\" } rewrite \"x\" maildir \"/m\" }",
			IS DELIVERS " -2 -2 -2 -2"},
		{ACCOUNT("") "match all action { smtp server \"h\" port 25 from \"a\" to \"b\"\n"
			     "imaps server \"h\" user \"u\" pass \"p\" folder \"f\" no-verify\n"
			     "maildir \"/m\" }",
			IS DELIVERS " -2 -3"},
		{ACCOUNT("") "match all action { keep maildir \"/m\" }", IS KEEPS " !1"},
		{ACCOUNT("") "match all action { keep maildir \"/m\" drop }", IS DELIVERS},
		{ACCOUNT("") "match all action drop", IS " enabled=false keep=false -0"},
		{ACCOUNT("") "action \"a\" { action \"b\" } action \"b\" action \"c\"\n"
			     "action \"c\" maildir \"/m\" match all action \"a\"",
			IS DELIVERS},
		{ACCOUNT("") "action \"a1\" maildir \"/m\"\naction \"a2\" mbox \"/n\"\n"
			     "match all action \"a*\"",
			IS DELIVERS " -3"},
		{ACCOUNT("") "action \"a\" action \"a\" match all action \"a\"",
			IS " enabled=false keep=false -2 -0"},
		{ACCOUNT("") "action \"for-x\" maildir \"/m\" match all action \"for-%[account]\"",
			IS DELIVERS},
		{ACCOUNT("") "match all action \"nosuch\"", IS " enabled=false keep=false -2 -0"},
		{ACCOUNT("") "match all action \"%1\"", IS " enabled=false keep=false -2 -0"},
		{ACCOUNT("") "action \"a\" user \"bob\" maildir \"/m\"\nmatch all users { 1 \"c\" } "
			     "action \"a\"",
			IS DELIVERS " -2 -3"},
		{"action \"a\" drop action \"a\" keep", "rc:1: there are two actions of one name"},
		{"action \"a\" {}", "rc:1: \"}\" has no place here"},
		{"action \"a\" { drop", "rc:1: the file ends too early"},
		{"action \"a\" maildirs \"x\"", "rc:1: \"maildirs\" has no place here"},
		{"action \"a\" remove-from-cache \"/c\"", "rc:1: the file ends too early"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

#define TWO                                                                                       \
	SAFE "account \"x\" pop3s server \"h\" user \"u\" account \"y\" pop3s server \"h\" user " \
	     "\"v\"\n"
#define X_TO(path) IS " deliver=maildir:" path " keep=false"
#define Y_TO(path) "\ny:1 host=h user=v tls=implicit deliver=maildir:" path " keep=false"

static void test_rules(void **state)
{
	static const struct sample samples[] = {
		{TWO "match account \"x\" action maildir \"/x\"\n" INTO, X_TO("/x") Y_TO("/m")},
		{TWO "match accounts { \"x\" \"nosuch\" } action maildir \"/x\"\n" INTO,
			X_TO("/x") Y_TO("/m")},
		{TWO "match not account \"x\" action maildir \"/x\"\n" INTO, X_TO("/m") Y_TO("/x")},
		{TWO "match account \"[x-z]\" action maildir \"/x\"\n" INTO, X_TO("/x") Y_TO("/x")},
		{TWO "match all action maildir \"/x\"\nmatch \"re\" action drop",
			X_TO("/x") Y_TO("/x")},
		{TWO "match \"re\" in headers action drop\n" INTO, X_TO("/m") Y_TO("/m") " -2"},
		/* The user is in ~/.netrc. */
		{SAFE "account \"x\" pop3s server \"netrc\"\n" INTO,
			"x:1 host=netrc user=v tls=implicit deliver=maildir:/m keep=false"},
		{SAFE "account \"x\" pop3s server \"other\"\n" INTO, " -1"},
		/* What may keep some mail on the server keeps all of it. */
		{ACCOUNT("") "match age > 1 month action keep\n" INTO, IS KEEPS " !2 -2"},
		{ACCOUNT("new-only keep") "match age > 1 month action keep\n" INTO,
			"rc:1: \"keep\" has no place here"},
		{ACCOUNT("new-only cache \"/c\" keep") "match \"x\" action keep\n" INTO,
			IS KEEPS " -2"},
		{ACCOUNT("") "action \"k\" { tag \"t\" keep }\naction \"d\" drop\n"
			     "match \"x\" action \"d\"\nmatch \"x\" { match \"y\" action \"k\" }\n" INTO,
			IS KEEPS " !5 -4 -5"},
		{ACCOUNT("") "action \"k\" keep\nmatch \"x\" action \"%1\"\n" INTO,
			IS KEEPS " !3 -3"},
		{TWO "match case \"re\" in body action drop\nmatch \"re\" action drop\n" INTO,
			X_TO("/m") Y_TO("/m") " -2 -3"},
		{TWO "match account \"x\" and \"re\" action drop\n" INTO,
			X_TO("/m") Y_TO("/m") " -2"},
		{TWO "match account \"z\" and \"re\" action drop\n" INTO, X_TO("/m") Y_TO("/m")},
		{TWO "match account \"x\" or \"re\" action maildir \"/x\"\n" INTO,
			X_TO("/x") Y_TO("/m") " -2"},
		/* From left to right: (all or "re") and account, not all or ("re" and account). */
		{TWO "match all or \"re\" and account \"x\" action maildir \"/x\"\n" INTO,
			X_TO("/x") Y_TO("/m")},
		{TWO "match \"re\" and \"re\" or all action maildir \"/x\"\n" INTO,
			X_TO("/x") Y_TO("/x")},
		{TWO "match account \"x\" {\nmatch \"re\" action drop\nmatch all action maildir \"/x\"\n}\n" INTO,
			X_TO("/x") Y_TO("/m") " -3"},
		{TWO "match \"re\" {\nmatch \"re\" action drop\nmatch all action maildir \"/x\" }\n" INTO,
			X_TO("/m") Y_TO("/m") " -2"},
		{TWO "match all { match account \"x\" action maildir \"/x\" }\n" INTO,
			X_TO("/x") Y_TO("/m")},
		/* Mail that comes to the end of the rules stays. */
		{ACCOUNT("") "match all action maildir \"/m\" continue", IS KEEPS " !1"},
		{ACCOUNT("") "match all action { drop maildir \"/m\" } continue", IS KEEPS " !1"},
		{"set unmatched-mail drop " ACCOUNT("") "match all action maildir \"/m\" continue",
			IS DELIVERS},
		{TWO "match account \"x\" action maildir \"/x\" continue\n" INTO,
			X_TO("/x") " -3" Y_TO("/m")},
		{TWO "match account \"x\" action tag \"t\" continue\nmatch matched action maildir "
		     "\"/x\"\nmatch unmatched action maildir \"/y\"\n",
			X_TO("/x") Y_TO("/y")},
		{TWO "match \"re\" action tag \"t\" continue\nmatch matched action maildir \"/x\"\n" INTO,
			X_TO("/m") Y_TO("/m") " -2 -3"},
		{TWO "match not tagged \"x\" or size > 10K or size < 1 or age > 3 days or age invalid or "
		     "string \"%1\" to case \"x\" or exec \"x\" returns (0, \"y\") or pipe \"x\" user "
		     "\"u\" returns (, case \"y\") or exec \"x\" returns (1, ) or in-cache \"/c\" key "
		     "\"k\" or attachment count == 3 or attachment total-size > 1M or attachment "
		     "any-size < 1G or attachment any-type \"x\" or attachment any-name \"y\" action "
		     "drop continue\n" INTO,
			X_TO("/m") Y_TO("/m") " -2"},
		{"match all\n", "rc:2: the file ends too early"},
		{"match all { match all action drop", "rc:1: the file ends too early"},
		{"match all action drop }", "rc:1: \"}\" has no place here"},
		{"match action drop", "rc:1: \"action\" has no place here"},
		{"match size 3 action drop", "rc:1: there is a number in the wrong place"},
		{"match attachment nosuch action drop", "rc:1: \"nosuch\" has no place here"},
		{"match account $(x) action drop",
			"rc:1: an account whose name a command prints cannot be taken over"},
		{"match all action { drop \"a\" } continue match \"x\" in nosuch",
			"rc:1: \"nosuch\" has no place here"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

static void test_depth(void **state)
{
	struct buf text = {0};
	struct imported im;
	struct error e = {0};

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_add_text(&text, "match all {");
	assert_false(fdm_read(buf_span(&text), "rc", &world, &im, &e));
	assert_string_equal(e.text, "rc:1: the rules are too deep in each other");
	buf_clear(&text);
	for (int i = 0; i < 40; i++)
		buf_add_text(&text, "$a = \"${a}${a}xx\"\n");
	assert_false(fdm_read(buf_span(&text), "rc", &world, &im, &e));
	assert_string_equal(e.text, "rc:13: a string is too long");
	buf_release(&text);
}

static void test_twins(void **state)
{
	static const struct sample samples[] = {
		{SAFE "account \"a\" pop3s server \"h\" user \"u\"\naccount \"b\" pop3s server \"H\" "
		      "user \"u\"\naccount \"c\" pop3s server \"h\" user \"u\" new-only cache \"/c\"\n" INTO,
			"a:1 host=h user=u tls=implicit" DELIVERS
			"\nc:3 host=h user=u tls=implicit" DELIVERS " -2"},
		/* Without TLS and with it is one mailbox. */
		{SAFE "account \"a\" pop3s server \"h\" user \"u\" keep\naccount \"b\" pop3 server "
		      "\"h\" user \"u\" starttls keep\n" INTO,
			"a:1 host=h user=u tls=implicit" KEEPS " !1 -2"},
		/* The one that is fetched wins. */
		{SAFE "account \"a\" disabled pop3s server \"h\" user \"u\"\naccount \"b\" pop3s server "
		      "\"h\" user \"u\"\n" INTO,
			"b:2 host=h user=u tls=implicit" DELIVERS " -1"},
	};

	(void)state;
	CHECK_SAMPLES(samples);
}

/* Nobody looks at very many; what "keep" may stand behind is not deleted. */
static void test_very_many_rules(void **state)
{
	static const char many[] = "match \"re\" action \"d\"\n", tag[] = "tag \"t\" ";
	struct buf text = {0};
	struct imported im;
	struct error e;

	(void)state;
	for (int in_one = 0; in_one < 2; in_one++) {
		buf_clear(&text);
		buf_add_text(&text,
			"account \"a\" pop3s server \"h\" user \"u\"\n"
			"action \"d\" drop\n");
		for (int i = 0; !in_one && i < 1100; i++)
			buf_add_text(&text, many);
		if (!in_one)
			buf_add_text(&text, "match \"re\" action keep\n" INTO);
		else
			buf_add_text(&text, "match all action { maildir \"/m\" ");
		for (int i = 0; in_one && i < 300; i++)
			buf_add_text(&text, tag);
		if (in_one)
			buf_add_text(&text, "keep }\n");
		assert_true(fdm_read(buf_span(&text), "rc", &world, &im, &e));
		assert_int_equal(im.n, 1);
		assert_string_equal(imported_get(&im.accounts[0], "deliver"), "maildir:/m");
		assert_string_equal(imported_get(&im.accounts[0], "keep"), "true");
		imported_release(&im);
	}
	buf_release(&text);
}

static void test_list(void **state)
{
	static const struct {
		const char *text, *path;
		bool stays;
	} samples[] = {
		{ACCOUNT("keep new-only cache \"%h/c%%\"") INTO, "/home/u/c%", false},
		{ACCOUNT("keep new-only cache \"~/c%u\"") INTO, "~/c", false},
		{ACCOUNT("new-only cache \"/c\"") INTO, "/c", true},
		{ACCOUNT("keep new-only cache \"/c\"") "match \"re\" action drop\n" INTO, "/c",
			true},
		{ACCOUNT("keep new-only cache \"/c\""), "/c", true},
		{ACCOUNT("keep new-only cache \"/c/%[year]\"") INTO, NULL, false},
		{ACCOUNT("keep") INTO, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct imported im;
		struct error e = {0};

		assert_true(fdm_read(span_of(samples[i].text), "rc", &world, &im, &e));
		assert_int_equal(im.n, 1);
		if (samples[i].path)
			assert_string_equal(im.accounts[0].seen_path, samples[i].path);
		else
			assert_null(im.accounts[0].seen_path);
		assert_int_equal(im.accounts[0].seen_stays, samples[i].stays);
		imported_release(&im);
	}
}

static void test_lock(void **state)
{
	static const char *const samples[][2] = {
		{"", NULL},
		{"set lock-file \"%h/l\"", "/home/u/l"},
		{"set lock-file \"\"", ""},
		{"set lock-file \"/l\" set allow-multiple", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct imported im;
		struct error e = {0};

		assert_true(fdm_read(span_of(samples[i][0]), "rc", &world, &im, &e));
		if (samples[i][1])
			assert_string_equal(im.pid_file, samples[i][1]);
		else
			assert_null(im.pid_file);
		imported_release(&im);
	}
}

static void test_no_secret_in_notes(void **state)
{
	struct imported im;
	struct error e = {0};

	(void)state;
	assert_true(fdm_read(
		span_of("set proxy \"socks://me:hunter2@p:1\"\n$a = \"hunter2\"\n" ACCOUNT(
			"pass $a + $(x)") "account \"y\" pop3s server \"h\" pass $a\n" INTO),
		"rc", &world, &im, &e));
	assert_int_equal(im.n, 1);
	assert_null(im.accounts[0].password);
	assert_int_equal(im.accounts[0].n_notes, 2);
	for (size_t i = 0; i < 2; i++)
		assert_null(strstr(im.accounts[0].notes[i].text, "hunter2"));
	assert_non_null(strstr(im.accounts[0].notes[0].text, "\"socks5://me@p:1\""));
	assert_null(imported_get(&im.accounts[0], "proxy"));
	imported_release(&im);
}

static void test_cache(void **state)
{
	static const char text[] = "3 abc\n16 000000016b049d70\n1 b";
	static const struct {
		const char *text, *error;
	} broken[] = {
		{"3 abc\n4 abc\n", "c:2: the UID is shorter than its length says"},
		{"4 abc", "c:1: the UID ends too early"},
		{"3 abc\n2 abc\n", "c:2: the UID is longer than its length says"},
		{"3 abc\n\n", "c:2: \"LENGTH UID\" was expected"},
		{"0 \n", "c:1: \"LENGTH UID\" was expected"},
		{"3", "c:1: \"LENGTH UID\" was expected"},
		{"3\tabc\n", "c:1: \"LENGTH UID\" was expected"},
		{" 3 abc\n", "c:1: \"LENGTH UID\" was expected"},
		{"99999999999999999999 a\n", "c:1: \"LENGTH UID\" was expected"},
		{"abc\n", "c:1: \"LENGTH UID\" was expected"},
	};
	struct imported_seen seen;
	struct error e = {0};

	(void)state;
	assert_true(fdm_read_seen(span_of(text), "c", &seen, &e));
	assert_int_equal(seen.n, 3);
	assert_true(span_is(seen.uids[0].uid, "000000016b049d70"));
	assert_true(span_is(seen.uids[1].uid, "abc"));
	assert_true(span_is(seen.uids[2].uid, "b"));
	assert_int_equal(seen.uids[2].time_s, 0);
	imported_seen_release(&seen);
	assert_true(fdm_read_seen(span_of(""), "c", &seen, &e));
	assert_int_equal(seen.n, 0);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_false(fdm_read_seen(span_of(broken[i].text), "c", &seen, &e));
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_string_equal(e.text, broken[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_very_many_rules),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_no_secret_in_notes),
		cmocka_unit_test(test_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
