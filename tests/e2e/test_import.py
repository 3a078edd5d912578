# SPDX-License-Identifier: GPL-3.0-or-later
"""Coming from another fetcher: the real one fetches, ambil takes over, and no message comes twice."""

import fcntl
import glob
import os
import re
import stat
import subprocess

import harness
import keyring
import needs
import nobody
import popd
import popd_case
import terminal

WIDE = (40, 200)


def mail(number):
    return (b"Return-Path: <a@example.org>\nMessage-ID: <%d@example.org>\nSubject: %d\n\n"
            b"text %d\n" % (number, number, number))


class Import(nobody.AsNobody, popd_case.PopdCase):
    """A server with mail, and a Maildir for the other fetcher."""

    TOOL = None

    def setUp(self):
        super().setUp()
        self.tool = needs.need(self.TOOL)
        self.old = [mail(n) for n in range(5)]
        self.serve(mails=self.old)
        for name in ("cur", "new", "tmp"):
            os.makedirs(self.box.path("old", name))

    def files(self):
        """All that is below the home, with what is in it."""
        found = {}
        for folder, _, names in os.walk(self.box.home):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    found[path] = f.read()
        return found

    def config(self):
        with open(self.box.config, encoding="utf-8") as f:
            return f.read()

    def imports(self, *args, code=0, **more):
        """With the lines of a comment, or a sentence, as one."""
        result = self.box.run("import", self.TOOL, *args, **more)
        self.assert_code(result, code)
        for line in result.stdout.decode().expandtabs().splitlines():
            if line.lstrip().startswith("#"):
                self.assertLessEqual(len(line), 80)
        result.stdout = re.sub(rb"\n\t?(#  )? +", b" ", result.stdout)
        return result

    def count(self):
        """What check says of new mail and of known mail."""
        result = self.box.run("check", "-v")
        self.assert_code(result, 0)
        return result.stdout.decode()

    def run_tool(self, *args):
        subprocess.run([self.tool, *args], check=True, timeout=harness.PATIENCE_S, capture_output=True,
                       env=self.box.environment(), stdin=subprocess.DEVNULL)

    def takes_over(self, where):
        """With five messages fetched and three new ones: each comes once."""
        new = [mail(n) for n in range(100, 103)]
        self.server.delivers(new)
        before = self.files()
        shown = self.imports("-n")
        self.assertEqual(self.files(), before, "a dry run has changed something")
        self.assert_said(shown.stdout.decode(), "keep = true",
                         "5 messages that %s has fetched would be taken as seen" % self.TOOL,
                         "# Nothing was changed")
        result = self.imports()
        self.assert_said(result.stdout.decode(), "5 messages that %s has fetched are taken as "
                         "seen (%s)" % (self.TOOL, where),
                         "1 account added to ~/.config/ambil/ambil.conf; next: ambil check")
        after = self.files()
        self.assertEqual({path: after[path] for path in before}, before,
                         "a file of the other program was changed")
        self.assertEqual(stat.S_IMODE(os.stat(self.box.config).st_mode), 0o600)
        self.assertEqual(glob.glob(self.box.config + ".*"), [])
        self.assert_said(self.count(), "3 new message")
        retrieved = len(re.findall(r"C: RETR", self.server.log()))
        self.ambil()
        self.assertEqual(len(re.findall(r"C: RETR", self.server.log())) - retrieved, 3)
        self.assert_maildir(self.old + new, "old")
        self.assert_left(self.old + new)
        self.ambil()
        self.assert_maildir(self.old + new, "old")


class Mpop(Import):
    """mpop, set up for the server."""

    TOOL = "mpop"

    def mpoprc(self, text="", password="passwordeval echo secret", keep="on", delivery=None):
        """The file as somebody would have it."""
        return self.box.write(".mpoprc", """# mail
defaults
tls on
tls_starttls off
tls_trust_file %s
keep %s

account home
host localhost
port %d
user anna
%s
delivery %s
received_header off
%s
""" % (self.server.ca, keep, self.server.port, password,
            delivery or "maildir " + self.box.path("old"), text))

    def run_mpop(self):
        self.run_tool("-q", "home")


class Takeover(Mpop):
    def test_each_message_comes_once(self):
        self.mpoprc()
        self.run_mpop()
        self.takes_over("~/.mpop_uidls/anna_at_localhost")

    def test_keep_off_deletes_as_mpop_would(self):
        self.mpoprc()
        self.run_mpop()
        self.mpoprc(keep="off")
        new = [mail(100)]
        self.server.delivers(new)
        result = self.imports()
        self.assert_said(result.stdout.decode(), "keep = false")
        self.ambil()
        self.assert_maildir(self.old + new, "old")
        self.assert_left([])

    def test_an_age_counts_from_mpops_time(self):
        """The list as mpop 1.4.23 and later write it, made of the one that this mpop wrote."""
        self.mpoprc()
        self.run_mpop()
        path = self.box.path(".mpop_uidls", "anna_at_localhost")
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        uids = [n for n, line in enumerate(lines) if line[0] not in "# "]
        self.assertEqual(len(uids), 5)
        now = int(os.stat(path).st_mtime)
        for n, place in enumerate(uids):
            lines[place] += " %d" % (now - (20 if n < 2 else 3) * 86400)
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        self.imports()
        config = self.config().replace("keep = true", "keep = 14d")
        self.box.write_config(config)
        self.ambil()
        self.assertEqual(len(self.server.mailbox()), 3)
        self.assertEqual(len(self.maildir("old")), 5)

    def test_merge_adds_what_is_not_known(self):
        self.mpoprc()
        self.run_mpop()
        self.imports()
        result = self.imports(code=78)
        self.assert_said(result.stderr, "is account \"home\"", "ambil import mpop --merge")
        self.server.delivers([mail(7)])
        self.run_mpop()
        before = self.config()
        result = self.imports("--merge")
        self.assertEqual(result.stdout.decode(),
                         "home: 1 message that mpop has fetched is taken as seen "
                         "(~/.mpop_uidls/anna_at_localhost)\n")
        self.assertEqual(self.config(), before)
        self.assert_said(self.count(), "no new mail")
        for args in ((), ("-n",)):
            self.assert_said(self.imports("--merge", *args).stdout.decode(),
                             "home: all 6 messages that mpop has fetched are known here already (")

    def test_a_list_with_nothing_of_the_account_says_so(self):
        self.mpoprc("uidls_file ~/list")
        self.box.write("list", " 1 elsewhere anna\nabc\n")
        for args in (("-n",), ()):
            self.assert_said(self.imports(*args).stdout.decode(),
                             "home: nothing of it stands in ~/list: all mail on the server is new\n")

    def test_a_list_that_a_link_leads_to_in_vain_is_not_none(self):
        self.mpoprc("uidls_file ~/list")
        self.run_mpop()
        os.rename(self.box.path("list"), self.box.path("other"))
        os.symlink("nowhere", self.box.path("list"))
        result = self.imports(code=66)
        self.assert_said(result.stderr, "cannot read ~/list", "No such file")
        os.unlink(self.box.path("list"))
        os.mkfifo(self.box.path("list"))
        self.assert_said(self.imports(code=66).stderr, "~/list is not a regular file")
        self.assertFalse(os.path.exists(self.box.config))

    def test_without_a_list_all_is_new_and_it_says_so(self):
        self.mpoprc("uidls_file ~/lists/%H")
        result = self.imports()
        self.assert_said(result.stdout.decode(),
                         "home: there is no ~/lists/localhost: all mail on the server is new",
                         "if what is on the server was fetched before:  ambil fetch home --from-now")
        self.assert_said(self.count(), "5 new messages")
        self.ambil("fetch", "home", "--from-now")
        self.assert_said(self.count(), "no new mail")

    def test_a_list_is_looked_for_from_home(self):
        """That is where cron starts mpop; ambil may be started elsewhere."""
        self.mpoprc("uidls_file all")
        self.box.write("all", " 1 localhost anna\nabc\n")
        done = subprocess.run([harness.AMBIL, "import", "mpop", "-n"], cwd="/", check=True,
                              capture_output=True, env=self.box.environment())
        self.assert_said(done.stdout.decode(), "home: 1 message that mpop has fetched would be "
                         "taken as seen (~/all)")

    def test_a_list_that_mpop_is_about_to_write_is_not_read(self):
        self.mpoprc()
        self.run_mpop()
        path = self.box.path(".mpop_uidls", "anna_at_localhost")
        for link in (False, True):
            if link:
                os.rename(path, self.box.path("list"))
                os.symlink("../list", path)
            with open(path, "r+b") as f:
                fcntl.lockf(f, fcntl.LOCK_EX)
                result = self.imports(code=75)
            self.assert_said(result.stderr, "mpop (pid %d) is fetching \"home\"" % os.getpid())
            self.assertFalse(os.path.exists(self.box.config))
        self.imports()

    def test_several_lists_in_one_file(self):
        self.mpoprc("uidls_file ~/all\naccount bob : home\nuser bob\n")
        self.box.write("all", "# x\n 1 localhost bob\nabc\n 1 other anna\nabd\n")
        self.run_mpop()
        result = self.imports()
        self.assert_said(result.stdout.decode(), "home: 5 messages", "bob: 1 message")

    def test_a_command_of_delivery(self):
        into = self.box.path("taken")
        self.mpoprc(delivery="mda \"cat >>%s && echo '%%F' >>%s.from\"" % (into, into))
        result = self.imports()
        self.assert_said(result.stdout.decode(), "deliver = \"pipe:sh -c 'cat >>",
                         "# changed (line 13): %F in delivery mda is MAILER-DAEMON now")
        self.ambil()
        with open(into, "rb") as f:
            self.assertEqual(f.read(), b"".join(self.old))
        with open(into + ".from", "rb") as f:
            self.assertEqual(f.read(), b"MAILER-DAEMON\n" * 5)


class Configuration(Mpop):
    def test_ambil_alone_points_to_it(self):
        result = self.box.run()
        self.assertNotIn("import", result.stderr)
        self.mpoprc()
        result = self.box.run()
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "no accounts yet", "coming from mpop?", "ambil import mpop")
        os.makedirs(self.box.path(".config", "mpop"))
        os.rename(self.box.path(".mpoprc"), self.box.path(".config", "mpop", "config"))
        self.assert_said(self.box.run().stderr, "coming from mpop?", "ambil import mpop")
        self.imports()

    def test_an_existing_file_stays_and_names_do_not_meet(self):
        old = ("keep = \"7d\"\naccount home { host = other.example.org user = anna }  "
               "# mine")
        self.box.write_config(old, mode=0o640)
        self.mpoprc()
        result = self.imports()
        self.assert_said(result.stdout.decode(), "account home-mpop2 {")
        self.assertTrue(self.config().startswith(old + "\n\n# From ~/.mpoprc"))
        self.assertEqual(stat.S_IMODE(os.stat(self.box.config).st_mode), 0o640)
        shown = self.box.run("config", "accounts")
        self.assertEqual(shown.stdout, b"home\nhome-mpop2\n")

    def test_the_other_usual_port_is_the_same_mailbox(self):
        """Fetched as two accounts, each message would come twice."""
        self.box.write_config("account work { host = POP.example.org user = anna }\n")
        self.box.write(".mpoprc", "account home\nhost pop.example.org\nuser anna\ntls on\n"
                       "delivery maildir /m\n")
        result = self.imports(code=78)
        self.assert_said(result.stderr, "the mailbox of home is account \"work\"")
        self.box.write(".mpoprc", "account home\nhost pop.example.org\nport 1110\nuser anna\n"
                       "tls on\ndelivery maildir /m\n")
        self.assert_said(self.imports("-n").stdout.decode(), "account home {")

    def test_a_link_stays_one(self):
        real = self.box.write("dotfile", "# mine\n")
        os.symlink(real, self.box.config)
        self.mpoprc()
        self.imports()
        self.assertTrue(os.path.islink(self.box.config))
        self.assert_said(self.config(), "# mine\n\n# From", "account home {")

    def test_what_is_wrong_is_named_and_nothing_is_changed(self):
        for text, words in (("kep on", "~/.mpoprc:15: mpop has no command \"kep\""),
                            ("account x : y", "~/.mpoprc:15: account \"y\" is not defined")):
            with self.subTest(text=text):
                self.mpoprc(text)
                before = self.files()
                result = self.imports(code=78)
                self.assert_said(result.stderr, words)
                self.assertEqual(self.files(), before)
        self.mpoprc()
        os.makedirs(self.box.path(".mpop_uidls"))
        self.box.write(".mpop_uidls/anna_at_localhost", " 2 localhost anna\nx\n")
        before = self.files()
        result = self.imports(code=66)
        self.assert_said(result.stderr, "~/.mpop_uidls/anna_at_localhost:2: the list ends too",
                         "repair it, or move it away: then all mail on the server is new")
        self.assertEqual(self.files(), before)

    def test_a_file_that_is_not_there_keeps_its_account_back_and_no_other(self):
        self.mpoprc("tls_cert_file /nosuch/cert.pem\ntls_key_file /nosuch/key.pem\n"
                    "pipelining on\naccount bob : home\nuser bob\ntls_cert_file\ntls_key_file\n"
                    "account odd : bob\nhost a b\n")
        said = self.imports().stdout.decode()
        self.assert_said(said, "# not converted (line 22): account odd, because",
                         "# not converted, in each account: pipelining on, because commands",
                         "account home {", "enabled = false",
                         '# not converted (line 15): client-cert "/nosuch/cert.pem": No such file',
                         "write client-cert = ", "take out enabled = false",
                         '(line 16): client-key "/nosuch/key.pem": ', "account bob {", "}\n",
                         "home: is not fetched unless it is named (enabled = false)",
                         "2 accounts added")
        self.assertEqual(said.count("pipelining on"), 1)
        self.assertNotIn("\tclient-cert", self.config())
        self.assertEqual(self.config().count("\tenabled = false\n"), 1)
        self.assertNotIn("account odd {", self.config())
        self.assert_code(self.box.run("config", "check"), 0)
        self.mpoprc("host a b")
        os.unlink(self.box.config)
        self.assert_said(self.imports(code=66).stderr, "no account in ~/.mpoprc has",
                         "account home, because it cannot be one here: ~/.mpoprc:15: host")
        self.assertFalse(os.path.exists(self.box.config))

    def test_an_import_that_was_ended_before_its_last_step_goes_on(self):
        """Its states are there, and the accounts are not."""
        self.mpoprc()
        self.run_mpop()
        self.imports()
        os.unlink(self.box.config)
        self.assert_said(self.imports().stdout.decode(), "5 messages that mpop has fetched are "
                         "known here already", "1 account added")
        self.assert_said(self.count(), "no new mail")
        new = [mail(100)]
        self.server.delivers(new)
        self.ambil()
        self.assert_maildir(self.old + new, "old")
        # What was fetched here is none of an import.
        os.unlink(self.box.config)
        self.assert_said(self.imports(code=78).stderr, "has fetched mail here already",
                         "ambil import mpop --merge")

    def test_where_the_configuration_cannot_be_written_no_state_is_made(self):
        self.mpoprc()
        self.run_mpop()
        before = self.files()
        result = self.imports(code=78, env={"XDG_CONFIG_HOME": "/proc/1/none"})
        self.assert_said(result.stderr, "/proc/1/none")
        self.assertEqual(self.files(), before)
        self.imports()

    def test_a_broken_configuration_here_is_not_touched(self):
        self.box.write_config("account home {\n")
        self.mpoprc()
        self.imports(code=78)
        self.assertEqual(self.config(), "account home {\n")

    def test_words(self):
        for args, code, words in (((), 64, "import needs the name of a program: mpop, fetchmail, "),
                                  (("mutt",), 64, "import knows mpop, fetchmail, getmail, fdm, and "
                                   "not \"mutt\""),
                                  (("mpop", "a", "b"), 64, "too many words"),
                                  (("mpop",), 66, "no configuration of mpop here"),
                                  (("mpop", "/nosuch"), 66, "cannot read /nosuch: ")):
            with self.subTest(args=args):
                result = self.box.run("import", *args)
                self.assert_code(result, code)
                self.assert_said(result.stderr, words)


class Secrets(Mpop):
    def setUp(self):
        super().setUp()
        self.env = {"SECRET_BACKEND": "file", "SECRET_FILE_TEST_PASSWORD": "abc",
                    "SECRET_FILE_TEST_PATH": self.box.path("t.keyring"),
                    "DBUS_SESSION_BUS_ADDRESS": None}

    def test_off_a_terminal_a_password_is_left_out(self):
        self.mpoprc(password="password secret")
        result = self.imports(env=self.env)
        self.assert_said(result.stdout.decode(), "# not converted (line 12): the password",
                         "home: its password (~/.mpoprc:12) was not taken over; to be asked "
                         "for it: ambil setup home")
        self.assertNotIn("secret", self.config())
        self.assertNotIn(b"secret", result.stdout)
        self.assertFalse(os.path.exists(self.box.path("t.keyring")))

    def on_terminal(self, answer):
        self.mpoprc(password="password secret")
        t = self.box.terminal("import", "mpop", size=WIDE, env=self.env)
        self.addCleanup(t.__exit__)
        t.expect(r"Store the password of home \(~/.mpoprc:12\) in the keyring\? \[Y/n\] $")
        t.send(answer)
        self.assertEqual(t.wait(), 0, t.text)
        self.assertNotIn("secret", self.config())
        return t.text

    def test_without_a_keyring_a_private_file_takes_it(self):
        self.mpoprc("account bob : home\nuser bob\npassword 'b#b'\naccount home-2 : home\n"
                    "user carl\npassword c\n", password="password secret")
        env = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
        taken = os.path.join(os.path.dirname(self.box.config), "home.password")
        os.makedirs(os.path.dirname(taken), exist_ok=True)
        with open(taken, "w", encoding="utf-8") as f:
            f.write("mine\n")
        with self.box.terminal("import", "mpop", size=WIDE, env=env) as t:
            t.expect(r"Keep the password of home \(~/.mpoprc:12\) in a private file\? \[Y\]es, \[n\]o, \[a\]ll $")
            t.send(b"a\n")
            self.assertEqual(t.wait(), 0, t.text)
            self.assert_said(" ".join(t.text.split()), "password-file = ", "home: its password is in ~/.config/ambil/home-2.password,"
                             " which only you can read", "bob: its password is in ~/.config/ambil/bob.password")
            self.assertNotIn("not converted", t.text)
        self.assertNotIn("secret", self.config())
        for name, text in (("home", "mine\n"), ("home-2", "secret\n"), ("bob", "'b#b'\n"),
                           ("home-2-2", "c\n")):
            path = os.path.join(os.path.dirname(taken), name + ".password")
            with open(path, encoding="utf-8") as f:
                self.assertEqual(f.read(), text)
            if name != "home":
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.ambil("fetch", "home")
        self.assert_maildir(self.old, "old")

    def test_the_private_file_is_beside_a_configuration_named_from_here(self):
        self.mpoprc(password="password " + popd.PASSWORD)
        os.makedirs(self.box.path("conf"))
        self.box.write("conf/my.conf", "", mode=0o600)
        self.box.write("conf/home.password", popd.PASSWORD + "\n", mode=0o600)
        env = self.box.environment({"TERM": "xterm", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"})
        with terminal.Terminal([harness.AMBIL, "-c", "my.conf", "import", "mpop"], env,
                               cwd=self.box.path("conf"), size=WIDE) as t:
            t.expect(r"in a private file\? \[Y/n\] $")
            t.send(b"y\n")
            self.assertEqual(t.wait(), 0, t.text)
            # The one that is there has just this password, as after an import that was killed.
            self.assert_said(t.text, "~/conf/home.password")
        self.assertEqual(sorted(os.listdir(self.box.path("conf"))), ["home.password", "my.conf"])
        self.ambil("-c", self.box.path("conf", "my.conf"), "fetch", "home")
        self.assert_maildir(self.old, "old")

    def test_a_configuration_that_must_not_change_is_told_before_a_question(self):
        self.mpoprc(password="password secret")
        self.box.write_config("")
        os.chmod(self.box.config, 0o400)
        before = self.files()
        with self.box.terminal("import", "mpop", size=WIDE,
                               env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}) as t:
            self.assertEqual(t.wait(), 78, t.text)
            self.assert_said(t.text, "is read-only; nothing was changed")
            self.assertNotIn("Keep the password", t.text)
        self.assertEqual(self.files(), before)

    def test_a_configuration_that_is_named_and_not_there_is_made(self):
        self.mpoprc()
        path = self.box.path("new.conf")
        self.assert_code(self.box.run("-c", path, "import", "mpop"), 0)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assert_said(self.box.run("-c", path, "config", "check").stdout.decode(), "1 account")
        self.assertFalse(os.path.exists(self.box.config))

    def test_a_signal_at_the_question_changes_nothing(self):
        self.mpoprc(password="password secret")
        before = self.files()
        with self.box.terminal("import", "mpop", size=WIDE,
                               env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}) as t:
            t.expect(r"in a private file\? \[Y/n\] $")
            t.send(b"\x03")
            self.assertEqual(t.wait(), 130, t.text)
        self.assertEqual(self.files(), before)

    def test_an_import_that_fails_leaves_no_password(self):
        self.mpoprc(password="password secret")
        os.makedirs(self.box.path(".mpop_uidls"))
        self.box.write(".mpop_uidls/anna_at_localhost", " 1 localhost anna\nx\n")
        state = os.path.join(self.box.state, "ambil")
        os.makedirs(state, exist_ok=True)
        with open(os.path.join(state, "home.lock"), "w", encoding="utf-8") as lock, \
                self.box.terminal("import", "mpop", size=WIDE,
                                  env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}) as t:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            t.expect(r"in a private file\? \[Y/n\] $")
            t.send(b"y\n")
            self.assertEqual(t.wait(), 75, t.text)
        self.assertEqual(glob.glob(os.path.join(os.path.dirname(self.box.config), "*")), [])


class Getmail(Import):
    TOOL = "getmail"

    def run_tool(self, *args):
        """By Debian's own python, which has its library; and not as root, since it delivers
        nothing then.  Now and then it misses the end of its own child and waits in vain: then
        it starts anew, as if nothing had been fetched."""
        for _ in range(5):
            done = self.run_once(args)
            if done.returncode == 0:
                return
            for path in glob.glob(self.box.path("old", "new", "*")) + \
                    glob.glob(self.box.path(".config", "getmail", "oldmail-*")):
                os.remove(path)
        self.fail(done)

    def run_once(self, args):
        return self.as_nobody([self.tool, *args], {"PATH": "/usr/bin:/bin"})

    def rc(self, options="delete = false\nread_all = false", name="getmailrc", more=""):
        os.makedirs(self.box.path(".config", "getmail"), exist_ok=True)
        with open(self.server.ca, encoding="utf-8") as f:
            self.box.write("ca.pem", f.read())
        return self.box.write(".config/getmail/" + name, """# mail
[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = %d
username = anna
password_command = ("/bin/echo",
    "secret")
ca_certs = ~/ca.pem
ssl_cert_hostname = localhost
timeout = 4
%s
[destination]
type = Maildir
path = ${HOME}/old/
[options]
received = false
delivered_to = false
%s
""" % (self.server.port, more, options))

    def where(self):
        return "~/.config/getmail/oldmail-localhost-%d-anna" % self.server.port


class GetmailTakeover(Getmail):
    def test_each_message_comes_once(self):
        self.rc()
        self.run_tool()
        self.takes_over(self.where())

    def test_an_age_counts_from_getmails_time(self):
        self.rc("delete_after = 14\nread_all = false")
        self.run_tool()
        path = self.where().replace("~", self.box.home)
        with open(path, "rb") as f:
            rows = [line.split(b"\0") for line in f.read().splitlines()]
        self.assertEqual(len(rows), 5)
        with open(path, "wb") as f:
            for n, (uid, time_s) in enumerate(rows):
                days = 20 if n < 2 else 3
                f.write(b"%s\0%d\n" % (uid, int(time_s) - days * 86400))
        result = self.imports()
        self.assert_said(result.stdout.decode(), "keep = 14d")
        self.ambil()
        self.assertEqual(len(self.server.mailbox()), 3)
        self.assertEqual(len(self.maildir("old")), 5)

    def test_while_getmail_runs_nothing_is_taken(self):
        """Its list lacks what it fetches meanwhile."""
        self.rc()
        self.run_tool()
        stub = self.box.write("getmail", "#!/bin/sh\necho\nread line\n", mode=0o700)
        with subprocess.Popen([stub], env=self.box.environment(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as runs:
            runs.stdout.readline()
            result = self.imports(code=75)
            runs.communicate(b"\n")
        self.assert_said(result.stderr, "getmail (pid %d) is fetching \"getmail\"" % runs.pid)
        self.assertFalse(os.path.exists(self.box.config))
        self.imports()

    def test_delete_deletes_as_getmail_would(self):
        """Also what was fetched before and left there."""
        self.rc()
        self.run_tool()
        self.rc("delete = true\nread_all = false")
        self.server.delivers([mail(100)])
        said = self.imports().stdout.decode()
        self.assert_said(said, "keep = false")
        self.ambil()
        self.assert_left([])
        self.assert_maildir(self.old + [mail(100)], "old")

    def test_several_files_and_what_is_no_mailbox(self):
        self.rc(name="home")
        self.rc(name="twin")
        self.box.write(".config/getmail/work", "[retriever]\ntype = SimpleIMAPRetriever\n"
                       "server = h\nusername = u\n[destination]\ntype = Maildir\npath = /m/\n")
        self.box.write(".config/getmail/other", "[retriever]\ntype = SimplePOP3Retriever\n"
                       "server = h\nusername = u\npassword = pw\n[destination]\n"
                       "type = MDA_external\npath = /bin/cat\n"
                       "arguments = (\"-f\", \"%(sender)\", \"a b\")\n[filter-1]\ntype = x\n")
        self.box.write(".config/getmail/broken", "[retriever]\ntype = SimplePOP3Retriever\nserver = h\n"
                       "username = v\n[destination]\ntype = Maildir\npath = $WHERE/\n")
        self.box.write(".config/getmail/a-log", "2020-01-01 Initializing\n" * 60000)
        self.box.write(".config/getmail/a-note", "read me\n")
        said = self.imports().stdout.decode()
        for name in ("a-log", "a-note"):
            self.assert_said(said, "# not converted: ~/.config/getmail/%s, because it lacks the type" % name)
        self.assert_said(said, "# not converted: ~/.config/getmail/broken, because it cannot be read: "
                         "~/.config/getmail/broken:7: path must be",
                         "# not converted: ~/.config/getmail/twin, because it is the mailbox "
                         "of account home", "~/.config/getmail/work, because a SimpleIMAPRetriever",
                         "account home {    # ~/.config/getmail/home:3", "account other {",
                         "tls = starttls", "deliver = \"pipe:/bin/cat 'a b'\"",
                         "(line 9): -f %(sender) in", "(line 10): [filter-1]", "the password")
        self.assertNotIn("pw", said)
        self.assertEqual(self.box.run("config", "accounts").stdout, b"home\nother\n")
        self.box.run("check", "home")

    def test_files_that_getmail_reads_only_when_they_are_named(self):
        self.rc()
        self.rc(name="getmailrc.bak")
        self.box.write(".config/getmail/a-note", "read me\n")
        for name in "new", "used", "odd":
            self.box.write(".config/getmail/getmailrc-" + name, "[retriever]\n"
                           "type = SimplePOP3SSLRetriever\nserver = h\nusername = %s\n[destination]\n"
                           "type = Maildir\npath = ~/%s/\n[options]\ndelete = %s\n"
                           % (name, name, "?" if name == "odd" else "true"))
        self.box.write(".config/getmail/oldmail-h-995-used", "one\0" "1700000000\n")
        said = self.imports().stdout.decode()
        self.assert_said(said, "# not converted: ~/.config/getmail/getmailrc-new, because getmail reads "
                         "getmailrc alone where no file is named: ambil import getmail "
                         "~/.config/getmail/getmailrc-new",
                         "# not converted: ~/.config/getmail/getmailrc-odd, because it cannot be read: ",
                         "getmailrc.bak, because it is the mailbox of account getmail",
                         "account used {", "keep = false", "enabled = false",
                         "# changed: getmail reads this file only where it is named",
                         "used: 1 message that getmail has fetched is taken as seen")
        self.assertNotIn("a-note", said)
        self.assertEqual(self.box.run("config", "accounts").stdout, b"getmail\nused\n")

    def test_one_file_elsewhere(self):
        self.rc()
        self.run_tool()
        os.rename(self.box.path(".config", "getmail"), self.box.path("mine"))
        result = self.box.run()
        self.assertNotIn("import", result.stderr)
        result = self.imports("mine/getmailrc")
        self.assert_said(result.stdout.decode(), "account getmail {", "5 messages that getmail")
        self.assert_said(self.count(), "no new mail")

    def test_ambil_alone_points_to_it(self):
        self.rc()
        self.assert_said(self.box.run().stderr, "no accounts yet", "coming from getmail?",
                         "ambil import getmail")

    def test_what_is_wrong_is_named_and_nothing_is_changed(self):
        self.rc("delete = maybe")
        before = self.files()
        result = self.imports(code=78)
        self.assert_said(result.stderr, "~/.config/getmail/getmailrc:19: delete must be true or "
                         "false")
        self.assertEqual(self.files(), before)
