# SPDX-License-Identifier: GPL-3.0-or-later
"""Coming from fetchmail: the real one fetches, ambil takes over, and no message comes twice."""

import os
import subprocess

import popd
import test_import
from test_import import mail


# Of a mail server of the machine that the tests run on.
REAL = [path for path in ("/usr/sbin/sendmail", "/usr/lib/sendmail") if os.path.exists(path)]


class Fetchmail(test_import.Import):
    TOOL = "fetchmail"

    def setUp(self):
        super().setUp()
        with open(self.server.ca, encoding="utf-8") as f:
            self.box.write("ca.pem", f.read())
        # fetchmail has no Maildir of its own.
        self.box.write("into-maildir", "t=$(mktemp %s/XXXXXXXX) && cat >\"$t\"\n"
                       % self.box.path("old", "new"))
        self.box.write(".netrc", "".join(
            "machine %s login anna password %s\n" % (host, popd.PASSWORD)
            for host in ("localhost", "127.0.0.1")))

    def as_user(self, line, env=None):
        return self.as_nobody(["/bin/sh", "-c", line], env)

    def run_tool(self, *args):
        done = self.as_user(" ".join([self.tool, *args]))
        self.assertEqual((done.returncode, done.stderr), (0, b""), done)

    def rc(self, options="keep", server="uidl", name="home", more="", mode=0o600):
        return self.box.write(".fetchmailrc", """# mail
set invisible
defaults proto pop3 via localhost service %d %s
    user anna with sslcertck, sslcertfile "%s" and ssl;
    mda "/bin/sh %s" norewrite %s
poll %s
%s
""" % (self.server.port, server, self.box.path("ca.pem"), self.box.path("into-maildir"), options,
            name, more), mode=mode)


    def mail_server(self):
        """Its sendmail, which puts what it is handed into a Maildir, and how it is found."""
        os.makedirs(self.box.path("bin"))
        path = self.box.write("bin/sendmail", "#!/bin/sh\nmkdir -p ~/$3/new ~/$3/cur ~/$3/tmp\n"
                              "t=$(mktemp ~/$3/new/XXXXXXXX) && cat >\"$t\"\n", mode=0o755)
        return path, {"PATH": "%s:%s" % (os.path.dirname(path), os.environ["PATH"])}

    def write_in_front(self, line):
        with open(self.box.path(".fetchmailrc"), encoding="utf-8") as f:
            text = f.read()
        self.box.write(".fetchmailrc", line + "\n" + text)


class Takeover(Fetchmail):
    def test_each_message_comes_once(self):
        self.rc()
        self.run_tool("-s")
        self.takes_over("~/.fetchids")

    def test_without_uidl_a_server_that_has_no_last_is_the_same(self):
        self.rc(server="")
        self.run_tool("-s")
        self.takes_over("~/.fetchids")

    def test_what_it_left_stays_though_it_deletes_the_rest(self):
        self.rc()
        self.run_tool("-s")
        self.rc("no keep")
        new = [mail(100)]
        self.server.delivers(new)
        self.assert_said(self.imports().stdout.decode(), "keep = false", "5 messages that")
        self.ambil()
        self.assert_left(self.old)
        self.assert_maildir(self.old + new, "old")

    def test_what_it_left_stays_though_an_earlier_import_would_have_deleted_it(self):
        self.rc()
        self.run_tool("-s")
        self.imports()
        os.remove(self.box.config)
        self.rc("no keep")
        self.assert_said(self.imports().stdout.decode(), "keep = false", "5 messages that")
        self.ambil()
        self.assert_left(self.old)

    def test_it_deletes_where_fetchmail_would(self):
        self.rc("")
        said = self.imports().stdout.decode()
        self.assert_said(said, "keep = false    # fetchmail deletes when nothing is said",
                         "home: there is no ~/.fetchids: all mail on the server is new")
        self.assertNotIn("--from-now", said)
        self.ambil()
        self.assert_left([])
        self.assert_maildir(self.old, "old")

    def test_merge_adds_what_is_not_known(self):
        self.rc()
        self.run_tool("-s")
        self.imports()
        result = self.imports(code=78)
        self.assert_said(result.stderr, "is account \"home\"", "ambil import fetchmail --merge")
        self.server.delivers([mail(7)])
        self.run_tool("-s")
        before = self.config()
        self.assertEqual(self.imports("--merge").stdout.decode(),
                         "home: 1 message that fetchmail has fetched is taken as seen "
                         "(~/.fetchids)\n")
        self.assertEqual(self.config(), before)
        self.assert_said(self.count(), "no new mail")

    def test_its_own_folder(self):
        self.rc()
        os.mkdir(self.box.path("fm"))
        os.rename(self.box.path(".fetchmailrc"), self.box.path("fm", "fetchmailrc"))
        env = {"FETCHMAILHOME": self.box.path("fm")}
        done = self.as_user(self.tool + " -s", env)
        self.assertEqual(done.returncode, 0, done)
        self.assertTrue(os.path.exists(self.box.path("fm", ".fetchids")))
        self.assert_said(self.box.run(env=env).stderr, "ambil import fetchmail")
        self.assertNotIn("fetchmail", self.box.run().stderr)
        self.assert_said(self.imports(env=env).stdout.decode(), "5 messages that fetchmail",
                         "(~/fm/.fetchids)")
        self.assert_said(self.count(), "no new mail")

    def test_another_home(self):
        """As the system's own fetchmail has it, with its file in /etc."""
        self.rc()
        os.mkdir(self.box.path("var"))
        os.rename(self.box.path(".fetchmailrc"), self.box.path("etc-fetchmailrc"))
        self.box.write("var/.netrc", "machine localhost login anna password %s\n" % popd.PASSWORD)
        env = {"HOME_ETC": self.box.path("var")}
        done = self.as_user(self.tool + " -s -f etc-fetchmailrc", env)
        self.assertEqual(done.returncode, 0, done)
        self.assert_said(self.imports(self.box.path("etc-fetchmailrc"), env=env).stdout.decode(),
                         "5 messages that fetchmail", "(~/var/.fetchids)")
        self.assert_said(self.count(), "no new mail")

    def test_a_list_elsewhere(self):
        self.rc()
        self.write_in_front("set idfile ids")
        self.run_tool("-s")
        os.rename(self.box.path(".fetchmailrc"), self.box.path("mine"))
        self.assert_said(self.imports(self.box.path("mine")).stdout.decode(),
                         "5 messages that fetchmail", "(~/ids)")
        self.assert_said(self.count(), "no new mail")

    def test_while_it_runs_nothing_is_taken(self):
        self.rc()
        self.write_in_front("set pidfile \"%s\"" % self.box.path("pid"))
        self.box.write("pid", "%d 600\n" % os.getpid())
        result = self.imports(code=75)
        self.assert_said(result.stderr, "fetchmail (pid %d) is fetching \"home\"" % os.getpid())
        self.assertFalse(os.path.exists(self.box.config))
        self.box.write("pid", "0\n")
        self.imports()


class Configuration(Fetchmail):
    def test_several_users_and_what_is_no_mailbox(self):
        self.rc(name="home user anna user \"bob b\" there is bob here pass hunter2 mda \"cat %T\" keep "
                "limit 20000",
                more="skip work via h user eve pass 'hunter2' is eve here mda 'x %T'\n"
                     "poll old.example proto imap user x pass hunter2")
        self.box.write(".fetchids", "anna@localhost a\nbob b@LOCALHOST b\n"
                       "bob b@localhost c@d\neve@work e\n")
        said = self.imports().stdout.decode()
        self.assert_said(said, "# not converted (line 8): old.example, because it is for imap",
                         "account anna@home {    # ~/.fetchmailrc:6", "account bob_b@home {",
                         "deliver = \"pipe:cat bob\"", "max-size = 20000",
                         "account work {", "enabled = false",
                         "deliver = \"pipe:x eve\"",
                         "anna@home: 1 message that", "bob_b@home: 2 messages that",
                         "work: nothing of it stands in ~/.fetchids: all mail on the server is new",
                         "its password (~/.fetchmailrc:6) was not taken over; to be asked for it:",
                         "ambil setup bob_b@home")
        self.assertNotIn("hunter2", said + self.config())
        self.assertEqual(self.box.run("config", "accounts").stdout, b"anna@home\nbob_b@home\nwork\n")

    def test_mail_goes_to_the_mail_server_as_before(self):
        """Nothing is said of where it goes: that is how most have it."""
        sendmail, env = self.mail_server()
        sendmail = (REAL + [sendmail])[0]
        self.rc("keep mda '' smtphost localhost", name="home user anna is tim here")
        said = self.imports(env=env).stdout.decode()
        self.assert_said(said, 'deliver = "pipe:%s -i -- tim"' % sendmail, "and now sendmail does")
        if not REAL:
            self.ambil(env=env)
            self.assert_maildir(self.old, "tim")

    def test_the_file_for_all_users(self):
        """As Debian has it: init starts fetchmail as a user of its own, whose list it has."""
        sendmail, env = self.mail_server()
        box = self.box
        os.makedirs(box.path("etc"))
        os.makedirs(box.path("lib", "fetchmail"))
        box.write("etc/fetchmailrc", "set daemon 300\nset properties \"\"\ndefaults timeout 300 antispam -1\n"
                  "poll mail.example proto pop3 uidl\n" + "".join(
                      "user %s pass %s-secret is %s here ssl sslcertpath /etc/ssl/certs\n" % (3 * (name,))
                      for name in ("anna", "bob")), mode=0o600)
        box.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        box.write("lib/fetchmail/.fetchids", "bob@mail.example one\nbob@mail.example two\n")
        binds = "mount --bind %s /etc && mount --bind %s /var/lib && exec \"$@\"" % (
            box.path("etc"), box.path("lib"))
        space = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-c", "-m"]
        if subprocess.run([*space, "sh", "-c", binds, "sh", "true"], check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no other /etc can be made here")
        wrap = [*space, "sh", "-c", binds, "sh"]
        self.assert_said(box.run(wrap=wrap).stderr, "/etc/fetchmailrc found", "ambil import fetchmail")
        said = self.imports(wrap=wrap, env=env).stdout.decode()
        self.assert_said(said, "# From /etc/fetchmailrc", "set daemon", "account anna@mail.example {",
                         'deliver = "pipe:%s -i -- anna"' % (REAL + [sendmail])[0], "keep = false",
                         "account bob@mail.example {",
                         "anna@mail.example: nothing of it stands in /var/lib/fetchmail/.fetchids",
                         "bob@mail.example: 2 messages that fetchmail has fetched are taken as seen",
                         "2 accounts added")
        for word in "properties", "antispam", "sslcertpath", "-secret":
            self.assertNotIn(word, said + self.config())

    def test_without_a_mail_server_it_says_so(self):
        self.rc("keep mda ''", more="poll other user x is tim here")
        said = self.imports().stdout.decode()
        if not REAL:
            self.assert_said(said, 'deliver = "maildir:~/Mail"', "there is no sendmail here",
                             "account other {", "enabled = false", "say where mail goes")

    def test_a_destination_of_all_accounts_stays_that(self):
        config = "deliver = \"maildir:~/Other\"\n"
        self.box.write_config(config)
        self.rc("keep mda ''")
        said = self.imports().stdout.decode()
        self.assertNotIn("maildir:~/Mail", said)
        self.assert_said(said, "fetchmail hands mail to the mail server of this machine")
        self.ambil()
        self.assert_maildir(self.old, "Other")

    def test_a_file_that_others_can_read_is_refused_as_fetchmail_does(self):
        self.rc(mode=0o640)
        done = self.as_user(self.tool)
        self.assertEqual(done.returncode, 6, done)
        result = self.imports(code=78)
        self.assert_said(result.stderr, "~/.fetchmailrc may be read or written by others (mode 0640)",
                         "chmod 600")
        self.assertFalse(os.path.exists(self.box.config))

    def test_ambil_alone_points_to_it(self):
        self.assertNotIn("import", self.box.run().stderr)
        self.rc()
        self.assert_said(self.box.run().stderr, "no accounts yet", "ambil import fetchmail")

    def test_what_is_wrong_is_named_and_nothing_is_changed(self):
        for more, words in (("kepe", "~/.fetchmailrc:7: fetchmail has no option \"kepe\""),
                            ("user x pass a,b", "~/.fetchmailrc:7: behind the password"),
                            ("user x timeout 7", "~/.fetchmailrc:7: timeout is of the server")):
            with self.subTest(words=words):
                self.rc(more=more)
                before = self.files()
                result = self.imports(code=78)
                self.assert_said(result.stderr, words)
                self.assertEqual(self.files(), before)

    def test_a_file_without_pop3(self):
        self.box.write(".fetchmailrc", "poll h proto imap user u\n")
        result = self.imports(code=66)
        self.assert_said(result.stderr, "no account in ~/.fetchmailrc has a POP3 server",
                         "h, because it is for imap, and here is POP3 only")

    def test_both_take_the_same_grammar(self):
        """What fetchmail itself makes of a file, and what it refuses."""
        start = "poll h proto pop3 "
        user = start + "user u "
        for text, taken in (
                (start, True), ("skip h", True), ("server h", True), ("POLL h", False),
                (start + "via 'v' with port 5, timeout 7: user u has keep;", True),
                (user + "pass keep", True), (user + "pass 5x", True), (user + "pass a=b", False),
                (user + "pass \"a b\"", True), (user + "pass \"a\"b", True), (user + "pass 'x", True),
                (user + "there is x here", True), (user + "here is x there", True),
                (user + "is x y there", False), (user + "is x = y", True), (user + "is x =", False),
                (user + "is", False), (user + "to * here", True), (user + "nokeep", True),
                (user + "no keep", True), (user + "nossl", False), (user + "no ssl", True),
                (user + "no limit 5", False), (user + "limit 5k", False), (user + "limit 5", True),
                (user + "sslproto auto", False), (user + "sslproto 'auto'", True),
                (user + "uidl", False), (user + "user v pass x user w", True),
                (start + "keep user u", False), (start + "pass x is y", True),
                (start + "envelope 2 X user u", True), (start + "envelope 2 user u", False),
                (start + "aka a b, c", True), (start + "aka a 5", False),
                (start + "service pop3", False), (start + "service '110'", True),
                (start + "auth password", True), (start + "auth \"password\"", False),
                (start + "bad-header accept", True), (start + "bad-header x", False),
                (user + "antispam 5, -1 keep", True), (user + "mda x %T", False),
                (user + "folder a, b", True), (user + "smtp a", True), (user + "bsmtp -", True),
                ("set daemon 5", True), ("set daemon=5", False), ("set nosyslog", False),
                ("set no syslog", True), ("set idfile = x", True), ("set no daemon", False),
                ("defaults keep\n" + user, True), (user + "\ndefaults keep", False),
                ("and " + user + "wants and has options keep", True)):
            with self.subTest(text=text):
                self.box.write(".fetchmailrc", text + "\n")
                theirs = self.as_user(self.tool + " --configdump")
                self.assertEqual(theirs.returncode == 0, taken, theirs)
                ours = self.box.run("import", "fetchmail", "-n")
                self.assertEqual("~/.fetchmailrc:" not in ours.stderr, taken, ours.stderr)
