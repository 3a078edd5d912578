# SPDX-License-Identifier: GPL-3.0-or-later
"""ambil setup: the dialog and its unattended form; what is written, and what is not when anything
goes wrong; the password's place; the timer."""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import tempfile
import unittest

import certs
import corpus
import domain
import dovecot_case
import harness
import keyring
import mailstore
import needs
import popd
import terminal

PASSWORD = dovecot_case.PASSWORD
BUS = None


def setUpModule():
    dovecot_case.start()


def mail(count, first=1):
    return [corpus.mail("number %d" % n, b"words\n") for n in range(first, first + count)]


class SetupCase(dovecot_case.DovecotCase):
    """The server's certificate is that of a trusted authority unless a test says otherwise."""

    def setUp(self):
        super().setUp()
        self.trusted = {"SSL_CERT_FILE": self.server.ca}

    def words(self, *more):
        """The command line for this test's mailbox; its address is none that exists."""
        return ["setup", self.user + "@mail.example.org", "--host", "localhost", "--port",
                str(self.server.pop3s), "--user", self.user, *more]

    def own_account(self, *lines, name="example"):
        """What is written for it."""
        port = "port = %d" % self.server.pop3s
        return "account %s {\n%s}\n" % (name, "".join(
            "    %s\n" % line for line in ("host = localhost", port, "user = " + self.user, *lines)))

    def written(self):
        with open(self.box.config, encoding="utf-8", newline="") as f:
            return f.read()

    def files(self):
        """All files in the home, but the test's own."""
        found = []
        for folder, _, names in os.walk(self.box.home):
            found += [os.path.relpath(os.path.join(folder, name), self.box.home) for name in names]
        return sorted(set(found) - {"password"})

    def fetches(self, mails, **more):
        """ambil gets just these, with what was written."""
        self.ambil(env=self.trusted, **more)
        self.assertEqual(len(self.maildir()), len(mails))

    def assert_nothing_written(self, before=()):
        self.assertEqual(self.files(), sorted(before))


class Unattended(SetupCase):
    def setup(self, *more, code=0, env=None, **options):
        result = self.box.run(*self.words("--no-input", *more), env=env or self.trusted, **options)
        self.assert_code(result, code)
        return result

    def with_password(self, *more, **options):
        return self.setup("--password-command", "cat " + self.password_file, *more, **options)

    def test_a_new_account_is_written_and_fetches(self):
        sent = self.arrive(mail(2))
        result = self.with_password()
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.stdout.decode(), """\
Saved: ~/.config/ambil/ambil.conf (account "example")
Mail stays on the server (keep = true).
Next:  ambil                         fetch now
       ambil setup example --timer   fetch every 10 minutes
""")
        self.assertEqual(self.written(), self.own_account(
            'password-command = "cat %s"' % self.password_file))
        self.assertEqual(stat.S_IMODE(os.stat(self.box.config).st_mode), 0o600)
        self.assertEqual(self.files(), [".config/ambil/ambil.conf"])
        self.fetches(sent)

    def test_what_is_missing_is_named_with_its_option(self):
        result = self.setup(code=64)
        self.assert_said(result.stderr, "no password found, and --no-input forbids to ask",
                         "--password-command COMMAND, or --stdin")
        result = self.box.run(*self.words())
        self.assert_said(result.stderr, "is not trusted", "--ca-file", "--pin=")
        self.assert_code(result, 69)
        result = self.box.run("setup")
        self.assert_said(result.stderr, "setup needs a mail address", "ambil setup you@example.org")
        self.assert_code(result, 64)
        result = self.box.run("setup", "home", "--no-input")
        self.assert_said(result.stderr, '"home" is neither a mail address nor a URL')
        self.assert_code(result, 64)
        self.assert_nothing_written()

    def test_a_wrong_password_writes_nothing(self):
        result = self.setup("--password-command", "echo wrong", code=77)
        self.assert_said(result.stderr, "localhost refused the login of", "Authentication failed")
        self.assert_nothing_written()

    def test_a_password_from_a_pipe_goes_into_a_file_where_there_is_no_keyring(self):
        sent = self.arrive(mail(1))
        with open(self.password_file, "rb") as f:
            result = self.setup("--stdin", stdin=f)
        place = "~/.config/ambil/example.password"
        self.assertIn("The password is in %s, which only you can read.\n" % place,
                      result.stdout.decode())
        self.assertEqual(self.written(), self.own_account('password-file = "%s"' % place))
        path = self.box.path(".config/ambil/example.password")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(self.files(),
                         [".config/ambil/ambil.conf", ".config/ambil/example.password"])
        self.fetches(sent)

    def test_a_password_that_netrc_has_is_used_and_stays_there(self):
        sent = self.arrive(mail(1))
        self.box.write(".netrc", 'machine localhost login %s password "%s"\n' %
                       (self.user, PASSWORD))
        result = self.setup("-v")
        self.assert_said(result.stderr, "with the password from: ~/.netrc:1")
        self.assertEqual(self.written(), self.own_account())
        self.fetches(sent)

    def test_a_key_is_pinned_when_that_is_asked_for(self):
        sent = self.arrive(mail(1))
        nobody = {"SSL_CERT_FILE": None}
        result = self.with_password("--pin", env=nobody)
        self.assertEqual(result.stderr, "")
        pin = re.search('pin-sha256 = "([^"]*)"', self.written()).group(1)
        self.ambil()
        self.assertEqual(len(self.maildir()), len(sent))
        os.unlink(self.box.config)
        self.with_password("--pin=" + pin, env=nobody)
        self.assertIn(pin, self.written())
        os.unlink(self.box.config)
        result = self.with_password("--pin=" + "A" * 43 + "=", env=nobody, code=69)
        self.assertIn("has another key", result.stderr)
        self.assertFalse(os.path.exists(self.box.config))

    def test_an_authority_and_starttls_and_a_place_are_written_down(self):
        sent = self.arrive(mail(1))
        url = "pop://%s@localhost:%d" % (self.user, self.server.pop3)
        result = self.box.run("setup", url, "--name", "mine", "--ca-file", self.server.ca, "--to",
                              "mbox:~/box", "--no-input", "--password-command",
                              "cat " + self.password_file)
        self.assert_code(result, 0)
        self.assertEqual(self.written().splitlines(), [
            "account mine {", "    host = localhost", "    port = %d" % self.server.pop3,
            "    tls = starttls", "    user = " + self.user,
            '    ca-file = "%s"' % self.server.ca, '    deliver = "mbox:~/box"',
            '    password-command = "cat %s"' % self.password_file, "}"])
        self.ambil()
        with open(self.box.path("box"), "rb") as f:
            self.assertEqual(f.read().count(b"\nFrom ") + 1, len(sent))

    def test_from_now_on_only_what_comes_is_fetched(self):
        self.arrive(mail(3))
        result = self.with_password("--from-now")
        self.assertEqual(len(self.server.log_lines("Login: user=<%s>," % self.user)), 1)
        self.assertIn("3 messages that are there are taken as seen.", result.stdout.decode())
        self.fetches([])
        self.fetches(self.arrive(mail(1, first=4)))

    def test_from_now_with_a_wrong_password_leaves_no_state(self):
        result = self.setup("--from-now", "--password-command", "echo wrong", code=77)
        self.assertIn("refused the login", result.stderr)
        self.assert_nothing_written()
        self.with_password()
        sent = self.arrive(mail(1))
        self.fetches(sent)

    def test_another_file_and_a_symbolic_link(self):
        real = self.box.write("dotfile", "# mine\n", mode=0o640)
        os.symlink(real, self.box.config)
        self.with_password()
        self.assertTrue(os.path.islink(self.box.config))
        with open(real, encoding="utf-8") as f:
            self.assertEqual(f.read(), "# mine\n\n" + self.own_account(
                'password-command = "cat %s"' % self.password_file))
        self.assertEqual(stat.S_IMODE(os.stat(real).st_mode), 0o640)
        other = self.box.path("other.conf")
        result = self.with_password("-c", other)
        self.assert_said(result.stdout.decode(), "Saved: ~/other.conf", "ambil -c %s " % other)
        self.assertNotIn("--timer", result.stdout.decode())

    def test_a_file_that_is_wrong_or_cannot_be_written_is_left_alone(self):
        self.box.write_config("account home {\n")
        result = self.with_password(code=78)
        self.assert_said(result.stderr, "ambil.conf:1: ", "is not closed", "(try: ambil config edit)")
        self.assertEqual(self.written(), "account home {\n")
        os.unlink(self.box.config)
        os.rmdir(os.path.dirname(self.box.config))
        self.box.write(".config/ambil", "")
        result = self.with_password(code=78)
        self.assertIn("~/.config/ambil", result.stderr)
        self.assertEqual(self.files(), [".config/ambil"])

    def test_for_a_url_doctor_needs_no_file(self):
        self.box.write_config("kep = 3d\n")
        url = "pops://%s@localhost:%d" % (self.user, self.server.pop3s)
        result = self.box.run("doctor", url, env=self.trusted)
        self.assert_said(result.stderr, "ambil.conf:1: unknown setting", "nothing of that file counts")
        self.assert_said(result.stdout.decode(), "\n  ok       certificate ")
        self.assert_code(self.box.run("doctor", url, "home"), 78)

    def killed(self, *calls):
        """By a signal in the first of these system calls."""
        names = ",".join(("" if i == 0 else "?") + name for i, name in enumerate(calls))
        with open(self.password_file, "rb") as f:
            self.box.run(*self.words("--no-input", "--stdin", "--from-now"), env=self.trusted, stdin=f,
                         wrap=(needs.need("strace"), "-f", "-qq", "-o", "/dev/null", "-e",
                               "inject=%s:signal=KILL" % names))
        return [name for name in self.files() if ".ambil-new." in name]

    def test_a_setup_that_was_killed_is_gone_on_with(self):
        """While the password is stored, and right before the configuration is put in its place."""
        self.arrive(mail(2))
        conf, password = ".config/ambil/ambil.conf", ".config/ambil/example.password"
        left = self.killed("link", "linkat")
        self.assertEqual([name[:-17] for name in left], [conf, password])
        left = self.killed("rename", "renameat", "renameat2")
        self.assertEqual([name[:-17] for name in left], [conf])
        self.assertIn(password, self.files())
        self.assertNotIn(conf, self.files())
        with open(self.password_file, "rb") as f:
            self.setup("--stdin", "--from-now", stdin=f)
        self.assertEqual([name for name in self.files() if name.startswith(".config")], [conf, password])
        self.fetches([])
        self.fetches(self.arrive(mail(1, first=3)))

    def test_a_name_is_free_and_of_the_domain(self):
        self.box.write_config("account example { host = x.invalid user = u }\n")
        result = self.with_password("--name", "example", code=64)
        self.assertIn('there is an account "example" already', result.stderr)
        result = self.with_password("--name", "../x", code=64)
        self.assertIn("use letters, digits", result.stderr)
        self.with_password()
        self.assertIn("account %s {" % self.user, self.written())

    def test_a_mailbox_has_one_account(self):
        self.with_password()
        before = self.written()
        result = self.with_password("--name", "again", code=78)
        self.assert_said(result.stderr, 'the account "example" (ambil.conf:1) is for this mailbox '
                         "already", "ambil setup example")
        self.assertEqual(self.written(), before)

    def test_an_address_of_the_server_is_the_name_as_it_is(self):
        url = "pops://%s@127.0.0.1:%d" % (self.user, self.server.pop3s)
        result = self.box.run("setup", url, "--no-input", "--password-command",
                              "cat " + self.password_file, env=self.trusted)
        self.assert_code(result, 0)
        self.assertTrue(self.written().startswith("account 127.0.0.1 {\n"), self.written())

    def test_a_password_in_clear_needs_a_setting(self):
        result = self.box.run("setup", "pop://%s@localhost:%d" % (self.user, self.server.pop3),
                              "--tls", "none", "--no-input", "--password-command", "echo x")
        self.assert_said(result.stderr, "in clear over the network", "ambil config edit, and  "
                         "allow-cleartext-password = true  at the top")
        self.assert_code(result, 69)

    def test_also_behind_the_other_usual_port(self):
        self.box.write_config("account home { host = pop.invalid user = u }\n")
        result = self.box.run("setup", "pop://u@pop.invalid", "--no-input")
        self.assert_said(result.stderr, '"home" (ambil.conf:1) is for this mailbox already')
        self.assert_code(result, 78)

    def test_the_state_of_another_mailbox_is_not_taken_over(self):
        uids = self.box.write("uids", "uid1\n")
        self.box.write_config("account example { host = pop.invalid user = someone }\n")
        self.assert_code(self.box.run("seen", "example", "--import", uids), 0)
        self.assertTrue(os.path.exists(self.box.path(".local/state/ambil/example.db")))
        os.unlink(self.box.config)
        result = self.with_password("--name", "example", code=78)
        self.assert_said(result.stderr, 'belongs to the user "someone", not "%s"' % self.user)
        self.with_password()
        self.assertTrue(self.written().startswith("account %s {\n" % self.user), self.written())
        self.ambil(env=self.trusted)
        result = self.box.run("setup", self.user, "--user", "other", "--no-input")
        self.assert_said(result.stderr, 'belongs to the user "%s", not "other"' % self.user)
        self.assert_code(result, 78)

    def test_a_file_with_the_password_of_another_account_stays(self):
        other = self.box.write(".config/ambil/example.password", "another\n")
        with open(self.password_file, "rb") as f:
            self.setup("--stdin", stdin=f)
        with open(other, encoding="ascii") as f:
            self.assertEqual(f.read(), "another\n")
        self.assertEqual(self.written(), self.own_account(
            'password-file = "~/.config/ambil/example-2.password"'))
        self.ambil(env=self.trusted)

    def test_what_cannot_be_is_said_before_the_server_is_asked(self):
        nobody = ["setup", "pops://u@pop.invalid", "--no-input"]
        result = self.box.run(*nobody, "--to", "maildir:~/no/such")
        self.assert_said(result.stderr, "parent folder ~/no does not exist")
        self.assert_code(result, 73)
        os.symlink("nowhere", self.box.config)
        result = self.box.run(*nobody)
        self.assert_said(result.stderr, "cannot read ~/.config/ambil/ambil.conf: No such file")
        self.assert_code(result, 78)
        os.unlink(self.box.config)
        self.assert_code(self.box.run(*nobody), 68)

    def test_providers_are_known(self):
        result = self.box.run("setup", "anna@icloud.com", "--no-input")
        self.assert_said(result.stderr, "iCloud has no POP3", "IMAP")
        self.assert_code(result, 69)
        result = self.box.run("setup", "anna@outlook.com", "--no-input")
        self.assert_said(result.stderr, "Outlook.com takes no passwords",
                         "(try: --oauth-token-command 'oama access anna@outlook.com')")
        self.assert_code(result, 69)
        self.assert_nothing_written()

    def test_for_programs_the_result_is_json(self):
        result = self.with_password("--json")
        self.assertTrue(result.stdout.startswith(b'{"v":1,'), result)
        result = self.setup("--json", "--name", "other", code=78)
        self.assertIn(b'"hint":"ambil setup example"', result.stdout)


class Changes(SetupCase):
    """An account that is there, in a file with comments."""

    FILE = """\
# All my mail.
keep = 14d   # two weeks

account home {\t# the first
\thost = localhost
\tport = %d
\tuser = "%s"
\tpassword-file = "%s"   # on disk

\t# more to come
}
account work { host = pop.invalid user = bob }   # not yet
"""

    def setUp(self):
        super().setUp()
        self.text = self.FILE % (self.server.pop3s, self.user, self.password_file)
        self.box.write_config(self.text)

    def change(self, *args, code=0, **more):
        result = self.box.run("setup", "home", *args, env=self.trusted, **more)
        self.assert_code(result, code)
        return result

    def test_an_option_changes_its_setting_only(self):
        result = self.change("--to", "maildir:~/home")
        self.assert_said(result.stdout.decode(), "Saved: ~/.config/ambil/ambil.conf",
                         'deliver = "maildir:~/home"')
        place = '# on disk\n\tdeliver = "maildir:~/home"\n'
        self.assertEqual(self.written(), self.text.replace("# on disk\n", place))
        self.change("--to", "mbox:~/box")
        self.assertEqual(self.written(), self.text.replace(
            "# on disk\n", '# on disk\n\tdeliver = "mbox:~/box"\n'))

    def test_a_key_is_pinned(self):
        result = self.box.run("setup", "home", "--pin")
        self.assert_code(result, 0)
        self.assertRegex(self.written(), '# on disk\n\tpin-sha256 = "[^"]{44}"\n\n')
        self.box.write_config(self.written().replace("work", "work2"))
        self.ambil("fetch", "home")

    def test_a_file_that_its_owner_may_not_write_stays(self):
        os.chmod(self.box.config, 0o400)
        result = self.change("--to", "maildir:~/x", code=78)
        self.assert_said(result.stderr, "~/.config/ambil/ambil.conf is read-only",
                         "chmod u+w ~/.config/ambil/ambil.conf")
        self.assertEqual(self.written(), self.text)
        self.change()

    def test_it_does_not_become_the_account_of_another_ones_mailbox(self):
        text = self.text.replace("pop.invalid", "localhost").replace("bob", '"%s"' % self.user)
        self.box.write_config(text)
        result = self.box.run("setup", "work", "--port", str(self.server.pop3s))
        self.assert_said(result.stderr, 'the account "home" (ambil.conf:4) is for this mailbox')
        self.assert_code(result, 78)
        self.assertEqual(self.written(), text)

    def test_a_login_that_fails_changes_nothing(self):
        result = self.change("--user", "nobody", code=77)
        self.assert_said(result.stderr, "home: localhost refused the login")
        result = self.change("--port", "1", code=75)
        self.assertIn("home: ", result.stderr)
        self.assertEqual(self.written(), self.text)

    def test_without_options_it_is_looked_at(self):
        result = self.change("-v")
        self.assert_said(result.stderr, "Certificate: ", "ok", "Login as ", "ok")
        self.assertEqual(result.stdout, b'The account "home" is as it was.\n')
        self.assertEqual(self.written(), self.text)

    def test_an_account_of_an_included_file_is_changed_there(self):
        self.box.write_config('include("more.conf")\n')
        more = self.box.write(".config/ambil/more.conf", self.text)
        result = self.change("--to", "maildir:~/x")
        self.assertIn("Saved: ~/.config/ambil/more.conf", result.stdout.decode())
        with open(more, encoding="utf-8") as f:
            self.assertIn('\tdeliver = "maildir:~/x"\n', f.read())
        self.assertEqual(self.written(), 'include("more.conf")\n')

    def test_a_name_is_not_changed(self):
        result = self.change("--name", "other", code=64)
        self.assertIn("--name is for a new account", result.stderr)

    def test_a_new_account_leaves_the_file_as_it_is(self):
        text = self.text.replace("\n", "\r\n").replace('user = "%s"' % self.user, 'user = "else"')
        with open(self.box.config, "w", encoding="utf-8", newline="") as f:
            f.write(text)
        result = self.box.run(*self.words("--no-input", "--password-command",
                                          "cat " + self.password_file), env=self.trusted)
        self.assert_code(result, 0)
        self.assertIn("some time later (keep = 14d)", result.stdout.decode())
        self.assertTrue(self.written().startswith(text))
        self.assertEqual(self.written()[len(text):], "\r\n" + self.own_account(
            'password-command = "cat %s"' % self.password_file)
            .replace("    ", "\t").replace("\n", "\r\n"))


class DialogCase(SetupCase):
    TRUST, ASKED = r"\[s\]top\? \[s\] $", r"Password for [^\n]*: $"
    PLACE, WHEN, WHERE = r"\[n\]either\? \[f\] $", r"\[n\]ow on\? \[a\] $", r"Deliver to \[[^]]*\]: $"

    def answer(self, t, pattern, answer):
        """Wait for a question and answer it; what came before does not count any more."""
        t.expect(pattern)
        if pattern == self.ASKED:
            harness.wait_until(lambda: not t.echoes())
        self.seen += t.text
        t.raw = b""
        t.send(answer.encode() + b"\n")

    def talk(self, *answers, code=0, words=None, env=None):
        self.seen = ""
        with self.box.terminal(*(words or self.words()), env=env or self.trusted) as t:
            for pattern, answer in answers:
                self.answer(t, pattern, answer)
            self.assertEqual(t.wait(), code, self.seen + t.text)
            self.assertTrue(t.echoes())
            self.seen += t.text
        # What was waited for is told, and taken back.
        self.seen, self.waits = re.subn(r"(?:Connecting to localhost:[0-9]+|Logging in) …\r +\r", "",
                                        self.seen.replace("\r\n", "\n"))


class Dialog(DialogCase):
    def test_to_the_first_mail_with_a_trusted_certificate(self):
        sent = self.arrive(mail(2))
        self.talk((self.ASKED, PASSWORD), (self.PLACE, ""), (self.WHEN, ""), (self.WHERE, ""))
        self.assertEqual(self.waits, 2)
        self.assertRegex(self.seen, re.compile(
            r"\ACertificate: ambil test server, by ambil test authority, until [0-9-]{10}  ok\n"
            r"Password for \S+ at localhost: \n"
            r"Login as \S+ +ok \([A-Z0-9-]+\)\n"
            r"The password cannot go into the keyring: [^\n]+\n"
            r"Keep it in a private \[f\]ile, let a \[c\]ommand print it, or \[n\]either\? \[f\] \n"
            r"Mailbox: 2 messages, [0-9]+ octets\n"
            r"Fetch \[a\]ll, or only mail that arrives from \[n\]ow on\? \[a\] \n"
            r"Deliver to \[~/Mail\]: \n"
            r'Saved: ~/.config/ambil/ambil.conf \(account "example"\)\n'
            r"The password is in ~/.config/ambil/example.password, which only you can read.\n"
            r"Mail stays on the server \(keep = true\).\n"
            r"Next:  ambil                         fetch now\n"
            r"       ambil setup example --timer   fetch every 10 minutes\n\Z"))
        self.fetches(sent)

    def test_marked_by_a_setup_that_was_killed_and_still_to_be_had(self):
        """The state stands, its account was never written: that is said, and the mail is in reach."""
        sent = self.arrive(mail(2))
        with open(self.password_file, "rb") as f:
            self.assert_code(self.box.run(*self.words("--from-now", "--stdin"), stdin=f,
                                          env=self.trusted), 0)
        for name in self.files():
            if not name.endswith(".db"):
                os.unlink(os.path.join(self.box.home, name))
        self.talk((self.ASKED, PASSWORD), (self.PLACE, ""), (self.WHEN, "a"), (self.WHERE, ""))
        self.assert_said(" ".join(self.seen.split()), 'An account "example" was here before: '
                         "what was fetched for it, or taken as seen, is not fetched again, but by "
                         "ambil fetch example --all.")
        self.ambil(env=self.trusted)
        self.assertEqual(len(self.maildir()), 0)
        self.ambil("fetch", "example", "--all", env=self.trusted)
        self.assertEqual(len(self.maildir()), len(sent))

    def tried_by_url(self, killed=0):
        """The mailbox was fetched before there was an account; killed: by that rename."""
        self.box.write(".netrc", 'machine localhost login %s password "%s"\n' %
                       (self.user, PASSWORD))
        words = ("fetch", "pops://%s@localhost:%d" % (self.user, self.server.pop3s),
                 "--to", "maildir:~/Mail")
        if not killed:
            self.ambil(*words, env=self.trusted)
            return
        self.box.run(*words, env=self.trusted, wrap=(
            needs.need("strace"), "-f", "-qq", "-o", "/dev/null", "-e",
            "inject=rename,?renameat,?renameat2:signal=KILL:when=%d" % killed))

    def test_what_was_fetched_by_a_url_is_not_fetched_again(self):
        sent = self.arrive(mail(2))
        self.tried_by_url()
        self.assertEqual(len(self.maildir()), len(sent))
        sent += self.arrive(mail(1))
        self.talk((self.WHEN, "a"), (self.WHERE, ""))
        self.assert_said(" ".join(self.seen.split()), 'This mailbox was fetched before under the name "%s@'
                         % self.user, '": it goes on from there; to fetch all again: '
                         "ambil fetch example --all", "Deliver to", "Next: ambil ")
        self.assertEqual([f for f in self.files() if f.endswith(".db")],
                         [".local/state/ambil/example.db"])
        self.fetches(sent)

    def no_room_for_the_state(self):
        """What the killed run has left beside it cannot be written into it: then it keeps its name."""
        before = self.files()
        state = next(f for f in before if f.endswith(".db"))
        # Leaks are not to be looked for in what is traced.
        options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "detect_leaks=0"]))
        result = self.box.run(*self.words("--no-input"), env={**self.trusted, "ASAN_OPTIONS": options}, wrap=(
            needs.need("strace"), "-f", "-qq", "-o", "/dev/null", "-P", self.box.path(state),
            "-e", "inject=pwrite64:error=ENOSPC"))
        self.assert_code(result, 74)
        self.assert_nothing_written(before)

    def test_nor_is_what_a_killed_run_had_in_hand(self):
        """Killed before it makes the first mail visible, and behind that."""
        sent = self.arrive(mail(3))
        for when in (1, 2):
            with self.subTest(when=when):
                self.tried_by_url(killed=when)
                self.assertEqual(len(self.maildir()), when - 1)
                # By the name of a file only root can choose what is to fail in a program that lets nobody look in.
                if os.geteuid() == 0:
                    self.no_room_for_the_state()
                self.talk((self.WHEN, "a"), (self.WHERE, ""))
                self.fetches(sent)
                self.assertEqual(len({mail.split(b"Subject: ")[1] for mail in self.maildir()}), len(sent))
                self.assertEqual(mailstore.unfinished(self.box.path("Mail")), [])
                for folder in ("Mail", ".config/ambil", ".local/state/ambil"):
                    shutil.rmtree(self.box.path(folder))

    def test_nor_is_it_when_a_run_has_it_just_now(self):
        self.arrive(mail(1))
        self.tried_by_url()
        before = self.files()
        lock = next(f for f in before if f.endswith(".lock"))
        with open(self.box.path(lock), "r+b") as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            self.talk((self.WHEN, "a"), (self.WHERE, ""), code=75)
            self.assert_said(self.seen, "another ambil (pid %d) is fetching" % os.getpid())
            self.assert_nothing_written(before)

    def test_with_an_own_authority_the_key_is_pinned(self):
        sent = self.arrive(mail(1))
        self.talk((self.TRUST, "p"), (self.ASKED, PASSWORD), (self.PLACE, "f"), (self.WHEN, "a"),
                  (self.WHERE, ""), env={"SSL_CERT_FILE": None})
        self.assert_said(self.seen, "NOT TRUSTED", 'unknown issuer "ambil test', "SHA-256  ",
                         "pinned", "Login as")
        shown = re.search(r"SHA-256  ([0-9A-F:\s]+?)\n  [A-Z]", self.seen).group(1)
        with open(self.server.certificates.cert, encoding="ascii") as f:
            der = ssl.PEM_cert_to_DER_cert(f.read())
        self.assertEqual(re.sub(r"[:\s]", "", shown).lower(), hashlib.sha256(der).hexdigest())
        self.ambil()
        self.assertEqual(len(self.maildir()), len(sent))

    def test_what_a_question_is_about_is_seen_also_when_all_shall_be_quiet(self):
        self.talk((self.TRUST, ""), words=self.words("--quiet"), env={"SSL_CERT_FILE": None}, code=69)
        self.assert_said(self.seen, "NOT TRUSTED", "SHA-256  ", "by other means")

    def test_or_the_authority_is_named(self):
        self.arrive(mail(1))
        self.talk((self.TRUST, "c"), (r"authority: $", "/nonexistent.pem"), (self.TRUST, "c"),
                  (r"authority: $", self.server.ca), (self.ASKED, PASSWORD), (self.PLACE, ""),
                  (self.WHEN, ""), (self.WHERE, ""), env={"SSL_CERT_FILE": None})
        self.assert_said(self.seen, "/nonexistent.pem", "ok")
        self.assertIn('ca-file = "%s"' % self.server.ca, self.written())
        self.ambil()

    def test_another_key_than_the_pinned_one_is_not_trusted_by_an_authority(self):
        with open(self.password_file, "rb") as f:
            self.assert_code(self.box.run(*self.words("--stdin", "--pin"), stdin=f), 0)
        pinned = self.written()
        pin = re.search('pin-sha256 = "([^"]*)"', pinned).group(1)
        self.box.write_config(pinned.replace(pin, "A" * 43 + "="))
        instead = r"\[p\]in this key instead, name \[a\]nother server, or \[s\]top\? \[s\] $"
        self.talk((instead, "c"), (instead, ""), words=["setup", "example"], code=69)
        self.assert_said(self.seen, "has another key than the one in pin-sha256",
                         "ask whoever runs the server whether its key is new", "--pin=" + pin)
        self.assertNotIn("ca-file", self.seen)
        self.talk((instead, "p"), (self.WHERE, ""), words=["setup", "example"])
        self.assertEqual(self.written(), pinned)

    def test_or_nothing_is_written(self):
        self.talk((self.TRUST, ""), code=69, env={"SSL_CERT_FILE": None})
        self.assert_said(self.seen, "is not trusted", "--ca-file")
        self.assert_nothing_written()

    def test_a_wrong_password_is_asked_for_again_and_after_three_with_a_warning(self):
        more = r"Try another password\? \[y/N\] $"
        self.talk(*[(self.ASKED, "wrong")] * 3, (more, "y"), (self.ASKED, "wrong"), (more, ""), code=77)
        self.assertEqual(self.seen.count("refused the login of"), 5)     # and once at the end
        self.assertEqual(self.seen.count("Many servers lock an account"), 2)
        self.assert_nothing_written()

    ANOTHER = r"Another server, or Enter to try the same again: $"

    def test_a_server_that_is_none_is_asked_for_again(self):
        """And so is an empty password, and one that is too long."""
        sent = self.arrive(mail(1))
        words = self.words()
        words[words.index("localhost")] = "nosuch.invalid"
        right = "localhost:%d" % self.server.pop3s
        self.talk((self.ANOTHER, "anna@example.org"), (self.ANOTHER, "no such"), (self.ANOTHER, "http://x"),
                  (self.ANOTHER, "localhost:0"), (self.ANOTHER, "\x1b[D"), (self.ANOTHER, "x" * 1500),
                  (self.ANOTHER, ""), (self.ANOTHER, "localhost:1"),
                  (self.ANOTHER, "localhost:%d" % self.server.pop3), (self.ANOTHER, right),
                  (self.ASKED, ""), (self.ASKED, PASSWORD), (self.PLACE, ""), (self.WHEN, ""),
                  (self.WHERE, ""), words=words)
        self.assert_said(
            " ".join(self.seen.split()), '"anna@example.org" is a mail address, and not the name of a server',
            '"no such" is not the name of a server such as: pop.example.org', "http:// is not spoken here",
            "a port is a number from 1 to 65535", "cannot be seen, as arrow keys", "That is too long.",
            "localhost:1 refuses connections", "does not speak TLS",
            "if that is right, with STARTTLS: pop://localhost:%d" % self.server.pop3,
            "no password was typed; nothing was sent to the server")
        self.assertEqual(self.seen.count('no such host "nosuch.invalid"'), 2)
        self.assertEqual(self.written(), self.own_account(
            'password-file = "~/.config/ambil/example.password"'))
        self.fetches(sent)

    def test_a_url_for_starttls_may_be_typed(self):
        words = self.words("--ca-file", self.server.ca)
        words[words.index(str(self.server.pop3s))] = str(self.server.pop3)
        self.talk((self.ANOTHER, "pop://localhost:%d" % self.server.pop3), (self.ASKED, PASSWORD),
                  (self.PLACE, ""), (self.WHERE, ""), words=words)
        self.assert_said(self.written(), "port = %d" % self.server.pop3, "tls = starttls")

    def test_another_server_than_one_that_is_not_trusted(self):
        words = self.words()
        words[words.index("localhost")] = "127.0.0.2"
        self.talk((self.TRUST, "a"), (self.ANOTHER, "localhost:%d" % self.server.pop3s),
                  (self.ASKED, PASSWORD), (self.PLACE, ""), (self.WHERE, ""), words=words)
        self.assertIn("host = localhost\n", self.written())

    def test_a_wrong_password_may_be_followed_by_the_right_one(self):
        self.talk((self.ASKED, "wrong"), (self.ASKED, PASSWORD), (self.PLACE, "n"), (self.WHERE, ""))
        self.assert_said(self.seen, "refused the login of", "ok", "Mailbox: empty",
                         "The password was not stored")
        self.assertNotIn("--timer", self.seen)
        self.assertEqual(self.written(), self.own_account())

    def test_a_command_for_the_password_must_print_it(self):
        right = "cat " + self.password_file
        self.talk((self.ASKED, PASSWORD), (self.PLACE, "c"), (r"prints the password: $", "echo no"),
                  (self.PLACE, "c"), (r"prints the password: $", right), (self.WHERE, ""))
        self.assertIn("this command prints another password", self.seen)
        self.assertEqual(self.written(), self.own_account('password-command = "%s"' % right))

    def test_a_file_of_its_own_gets_a_new_password(self):
        sent = self.arrive(mail(1))
        self.talk((self.ASKED, PASSWORD), (self.PLACE, "f"), (self.WHEN, ""), (self.WHERE, ""))
        path = os.path.join(os.path.dirname(self.box.config), "example.password")
        before = self.written()
        with open(path, "w", encoding="ascii") as f:
            f.write("old\n")
        for words in [], ["login", "example"]:
            result = self.box.run(*words, env=self.trusted)
            self.assert_said(result.stderr, "(try: ambil setup example)")
        self.talk((self.ASKED, "wrong"), (self.ASKED, PASSWORD), (self.WHERE, ""),
                  words=["setup", "example"])
        self.assertEqual(self.seen.count("refused the login of"), 2)
        self.assertNotIn("came from", self.seen)
        self.assert_said(self.seen, "example.password, which only you can read.")
        self.assertEqual(self.written(), before)
        with open(path, encoding="ascii") as f:
            self.assertEqual(f.read(), PASSWORD + "\n")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assert_said(self.box.run(env=self.trusted).stderr, "works again ")
        self.assertEqual(len(self.maildir()), len(sent))
        with open(path, "w", encoding="ascii") as f:
            f.write("old\n")
        with open(self.password_file, "rb") as f:
            self.assert_code(self.box.run("setup", "example", "--stdin", "--no-input", stdin=f,
                                          env=self.trusted), 0)
        self.fetches(sent)

    def test_only_what_is_to_come_is_fetched(self):
        self.arrive(mail(2))
        self.talk((self.ASKED, PASSWORD), (self.PLACE, ""), (self.WHEN, "n"), (self.WHERE, ""))
        self.assertIn("2 messages that are there are taken as seen.", self.seen)
        # By one login, as the next may be refused for a while.
        self.assertEqual(self.server.log_text().count("Login: user=<%s>," % self.user), 1)
        self.fetches([])
        self.fetches(self.arrive(mail(1, first=3)))

    def test_where_it_goes_is_asked_until_it_can(self):
        sent = self.arrive(mail(1))
        self.talk((self.ASKED, PASSWORD), (self.PLACE, ""), (self.WHEN, "x"), (self.WHEN, "A"),
                  (self.WHERE, "~/no/such/folder"), (self.WHERE, "pipe:"), (self.WHERE, "n"),
                  (self.WHERE, "~/In"))
        self.assert_said(self.seen, "does not exist", "pipe:", '"n" is not a place for mail',
                         "such as:  ~/Mail, mbox:")
        self.assertEqual(self.seen.count("Deliver to [~/Mail]: "), 4)
        self.assertFalse(os.path.exists(self.box.path("n")))
        self.ambil(env=self.trusted)
        self.assertEqual(len(self.maildir("In")), len(sent))

    def test_an_address_may_be_typed(self):
        words = self.words()
        del words[1]
        self.talk((r"address: $", ""), (r"address: $", "anna"), (r"address: $", self.user + "@example.org"), (self.ASKED, PASSWORD),
                  (self.PLACE, ""), (self.WHERE, ""), words=words)
        self.assert_said(self.seen, "no address was typed", '"anna" is neither a mail address nor a URL')
        self.assertEqual(len(re.findall("such as: +you@example.org", self.seen)), 2)
        self.assertIn("account example {", self.written())
        self.talk((r"to be changed \(example\): $", "example"), (self.WHERE, "~/x"), words=["setup"])
        self.assertIn('deliver = "maildir:~/x"', self.written())

    def test_an_account_that_is_there_is_offered(self):
        with open(self.password_file, "rb") as f:
            self.assert_code(self.box.run(*self.words("--stdin"), env=self.trusted, stdin=f), 0)
        before = self.written()
        self.talk((r"Change it\? \[Y/n\] $", "n"), code=78)
        self.assertEqual(self.written(), before)
        self.talk((r"Change it\? \[Y/n\] $", ""), words=self.words("--to", "maildir:~/x"))
        self.assertEqual(self.written(), before.replace(
            "}", '    deliver = "maildir:~/x"\n}'))
        self.talk((r"Deliver to \[~/x\]: $", "~/y"), words=["setup", "example"])
        self.assertIn('deliver = "maildir:~/y"', self.written())

    def test_what_an_editor_saves_meanwhile_stays(self):
        self.box.write_config("# before\n")
        self.seen = ""
        with self.box.terminal(*self.words(), env=self.trusted) as t:
            self.answer(t, self.ASKED, PASSWORD)
            self.answer(t, self.PLACE, "")
            t.expect(self.WHERE)
            self.box.write_config("# after\njobs = 3\n")
            self.answer(t, self.WHERE, "")
            self.assertEqual(t.wait(), 0, t.text)
        self.assertTrue(self.written().startswith("# after\njobs = 3\n\naccount example {\n"))

    def test_a_password_that_came_meanwhile_is_not_written_over(self):
        with self.box.terminal(*self.words(), env=self.trusted) as t:
            self.seen = ""
            self.answer(t, self.ASKED, PASSWORD)
            self.answer(t, self.PLACE, "f")
            t.expect(self.WHERE)
            other = self.box.write(".config/ambil/example.password", "another\n")
            t.send(b"\n")
            self.assertEqual(t.wait(), 78, t.text)
        self.assertIn("cannot write ~/.config/ambil/example.password: File exists", t.text)
        with open(other, encoding="ascii") as f:
            self.assertEqual(f.read(), "another\n")
        self.assert_nothing_written(before=[".config/ambil/example.password"])

    def test_an_interruption_at_any_question_leaves_nothing(self):
        self.arrive(mail(1))
        nobody = {"SSL_CERT_FILE": None}
        story = [(self.TRUST, "p"), (self.ASKED, PASSWORD), (self.PLACE, "f"), (self.WHEN, "n"),
                 (self.WHERE, None)]
        for stop in range(len(story)):
            with self.subTest(story[stop][0]), self.box.terminal(*self.words(), env=nobody) as t:
                self.seen = ""
                for pattern, answer in story[:stop]:
                    self.answer(t, pattern, answer)
                t.expect(story[stop][0])
                t.send(b"\x03")
                self.assertEqual(t.wait(), 130, t.text)
                self.assertTrue(t.echoes())
                self.assertRegex(t.text, r"interrupted [^\n]*; nothing was\s+written")
                self.assert_nothing_written()

    def test_an_interruption_while_a_server_is_silent_is_one_too(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            words = ["setup", "anna@mail.example.org", "--host", "localhost", "--port",
                     str(silent.getsockname()[1])]
            with self.box.terminal(*words, env=self.trusted) as t:
                with silent.accept()[0] as connection:
                    connection.recv(1)
                    t.send(b"\x03")
                    self.assertEqual(t.wait(), 130, t.text)
        self.assert_nothing_written()

    def test_the_end_of_the_input_is_an_end(self):
        with self.box.terminal(*self.words("--password-command", "cat " + self.password_file),
                               env=self.trusted) as t:
            t.expect(self.WHERE)
            t.send(b"\x04")
            self.assertEqual(t.wait(), 130, t.text)
        with self.box.terminal(*self.words(), env=self.trusted) as t:
            t.expect(self.ASKED)
            t.send(b"\x04")
            self.assertEqual(t.wait(), 130, t.text)
            self.assert_said(t.text, "nothing was written")
        self.assert_nothing_written()

    def test_a_termination_is_one_too(self):
        with self.box.terminal(*self.words(), env=self.trusted) as t:
            t.expect(self.ASKED)
            t.process.send_signal(signal.SIGTERM)
            self.assertEqual(t.wait(), 143, t.text)
            self.assertTrue(t.echoes())
        self.assert_nothing_written()


class Keyring(DialogCase):
    """With a real one."""

    @classmethod
    def setUpClass(cls):
        keyring.need_built_in()
        super().setUpClass()

    def setUp(self):
        global BUS
        super().setUp()
        if BUS is None:
            BUS = keyring.Session()
            unittest.addModuleCleanup(BUS.stop)
            BUS.start_keyring()
        self.trusted = {**self.trusted, **BUS.environment}
        self.addCleanup(BUS.forget)

    def entry(self):
        return BUS.look_up(host="localhost", service="pop3", user=self.user)

    def test_the_password_goes_into_the_keyring(self):
        sent = self.arrive(mail(1))
        self.talk((self.ASKED, PASSWORD), (self.WHEN, ""), (self.WHERE, ""))
        self.assertIn("The password is in the keyring.", self.seen)
        self.assertEqual(self.entry(), PASSWORD)
        self.assertEqual(self.files(), [".config/ambil/ambil.conf"])
        self.assertEqual(self.written(), self.own_account())
        self.fetches(sent)

    def test_one_that_is_there_is_used_or_replaced(self):
        BUS.store(PASSWORD, host="localhost", service="pop3", user=self.user)
        self.talk((self.WHERE, ""))
        self.assert_said(self.seen, "with the password from: keyring", "ok")
        os.unlink(self.box.config)
        BUS.store("wrong", host="localhost", service="pop3", user=self.user)
        self.talk((self.ASKED, PASSWORD), (self.WHERE, ""))
        self.assert_said(self.seen, "refused the login", "The password is in the keyring.")
        self.assertEqual(self.entry(), PASSWORD)

    def test_nothing_is_in_it_before_all_is_sure(self):
        with self.box.terminal(*self.words(), env=self.trusted) as t:
            self.seen = ""
            self.answer(t, self.ASKED, PASSWORD)
            t.expect(self.WHERE)
            t.send(b"\x03")
            self.assertEqual(t.wait(), 130, t.text)
        self.assertIsNone(self.entry())
        self.assert_nothing_written()

    def test_a_locked_one_is_told_of(self):
        BUS.lock()
        self.addCleanup(BUS.unlock)     # before things are forgotten
        self.talk((self.ASKED, PASSWORD), (self.PLACE, ""), (self.WHERE, ""))
        self.assertIn("The password cannot go into the keyring: it is locked", self.seen)
        self.assertIn("example.password, which only you can read", self.seen)

    def test_from_a_pipe_too(self):
        with open(self.password_file, "rb") as f:
            result = self.box.run(*self.words("--stdin", "--no-input"), env=self.trusted, stdin=f)
        self.assert_code(result, 0)
        self.assertIn(b"The password is in the keyring.", result.stdout)
        self.assertEqual(self.entry(), PASSWORD)


class Timer(SetupCase):
    CRON = "*/10 * * * *  " + os.path.realpath(harness.AMBIL)

    def setUp(self):
        super().setUp()
        self.configure(name="home")
        self.text = self.written()

    def fake(self, script):
        """A systemctl that writes down what it was told; nothing else is in PATH."""
        os.mkdir(self.box.path("bin"))
        self.box.write("bin/systemctl", "#!/bin/sh\necho \"$*\" >>%s\n%s\n" % (
            self.box.path("told"), script), mode=0o700)
        return {"PATH": self.box.path("bin")}

    def told(self):
        with open(self.box.path("told"), encoding="utf-8") as f:
            return f.read().splitlines()

    def test_it_is_started(self):
        result = self.box.run("setup", "home", "--timer", env=self.fake("exit 0"))
        self.assert_code(result, 0)
        self.assertEqual(result.stdout.decode(), """\
The timer is on: mail is fetched every 10 minutes while you are logged in.
Next:  systemctl --user list-timers ambil   when it runs
       loginctl enable-linger               also while you are logged out
""")
        self.assertEqual(self.told(), ["--user daemon-reload", "--user enable --now ambil.timer"])
        self.assertEqual(self.written(), self.text)

    def test_a_failure_says_what_it_said_and_shows_the_line_for_cron(self):
        fails = 'case $* in *enable*) echo "Failed to enable unit: no ambil.timer" >&2; exit 1; esac'
        result = self.box.run("setup", "home", "--timer", env=self.fake(fails))
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "home: systemctl failed; the timer was not started",
                         "Failed to enable unit: no ambil.timer", self.CRON)

    def test_it_is_for_all_accounts(self):
        result = self.box.run("setup", "--timer", env=self.fake("exit 0"))
        self.assert_code(result, 0)
        self.assertIn(b"The timer is on", result.stdout)
        self.assertEqual(len(self.told()), 2)
        self.box.write_config("")
        result = self.box.run("setup", "--timer", env={"PATH": self.box.path("bin")})
        self.assertIn("setup needs a mail address", result.stderr)

    def test_its_service_does_not_know_another_file(self):
        for words, env in ((["-c", self.box.config], {}), ([], {"AMBIL_CONFIG": self.box.config})):
            result = self.box.run("setup", "home", "--timer", *words, env=env)
            self.assert_said(result.stderr, "--timer is for the usual configuration", "not for")
            self.assert_code(result, 64)

    def test_without_systemd_there_is_cron(self):
        result = self.box.run("setup", "home", "--timer", env={"PATH": self.box.path("bin")})
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "there is no systemctl here", self.CRON)

    def test_with_a_new_account_both_is_done(self):
        os.unlink(self.box.config)
        env = {**self.trusted, **self.fake("exit 0")}
        result = self.box.run(*self.words(
            "--no-input", "--timer", "--password-command", needs.need("cat") + " " +
            self.password_file), env=env)
        self.assert_code(result, 0)
        self.assert_said(result.stdout.decode(), "Saved: ", "Next:  ambil   fetch now\n",
                         "The timer is on")
        self.assertEqual(len(self.told()), 2)


@unittest.skipUnless(os.geteuid() == 0, "only root can have a network of its own")
class OnNetwork(DialogCase):
    """A real name server, which knows where the mail of a few domains is."""

    RECORDS, NAMES = [], []

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network = domain.Network(cls.RECORDS)
        cls.addClassCleanup(cls.network.stop)
        folder = tempfile.TemporaryDirectory(prefix="ac")
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = certs.Certificates(folder.name, ["DNS:" + name for name in cls.NAMES])

    @classmethod
    def serve(cls, port, *more):
        cls.network.serve(popd.POPD, "--parent-exit", "--port", str(port), "--tls", "implicit",
                          "--sample", *more)

    @classmethod
    def serve_trusted(cls, port, *more):
        cls.serve(port, "--use-cert", cls.certificates.cert, "--use-key", cls.certificates.key,
                  *more)

    def start(self, *words, **more):
        env = self.box.environment({"TERM": "xterm", "SSL_CERT_FILE": self.certificates.ca})
        self.seen = ""
        return terminal.Terminal([*self.network.enter, harness.AMBIL, *words], env,
                                 cwd=self.box.home, **more)


class WithAToken(OnNetwork):
    RECORDS = ["host-record=outlook.office365.com,127.0.0.1"]
    NAMES = ["outlook.office365.com"]

    def test_where_no_password_is_taken_a_token_is(self):
        self.serve_trusted(995, "--user", "anna@outlook.com", "--token", "the-token", "--no-cap",
                           "SASL", "--cap", "SASL XOAUTH2", "--cap", "LOGIN-DELAY 60")
        with self.start("setup", "anna@outlook.com") as t:
            t.expect("outlook.office365.com:995 .known provider.\\s+Turn POP on first")
            self.answer(t, "Command that prints a token: $", "")
            t.expect("no command was named")
            self.answer(t, "Command that prints a token: $", "echo another")
            t.expect("refused the login")
            self.answer(t, "Another command for the token, or Enter to try the same again: $",
                        "echo the-token")
            t.expect("Login as anna@outlook.com +ok \\(XOAUTH2\\)")
            self.answer(t, self.WHEN, "")
            self.answer(t, self.WHERE, "")
            self.assertEqual(t.wait(), 0, t.text)
            self.assertIn("outlook.office365.com wants 1 min between logins", t.text)
        self.assert_said(self.seen, "oama access anna@outlook.com", "email-oauth2-proxy")
        self.assertIn('oauth-token-command = "echo the-token"', self.written())
        written = self.written()
        os.unlink(self.box.config)
        with self.start("setup", "anna@outlook.com", "--no-input", "--oauth-token-command",
                        "echo the-token") as t:
            self.assertEqual(t.wait(), 0, t.text)
        self.assertEqual(self.written(), written)
        with self.start() as t:
            self.assertEqual(t.wait(), 0, t.text)
        self.assertEqual(len(self.maildir()), 10)


class FromAnAddress(OnNetwork):
    RECORDS = ["srv-host=_pop3s._tcp.one.test,pop.one.test,9950",
               "srv-host=_pop3s._tcp.away.test,pop.one.test,9950",
               "srv-host=_pop3._tcp.start.test,pop.one.test,110",
               "srv-host=_pop3s._tcp.none.test", "srv-host=_pop3._tcp.none.test",
               "host-record=pop.one.test,127.0.0.1", "host-record=pop.own.test,127.0.0.1"]
    NAMES = ["pop.one.test"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.serve_trusted(9950, "--user", "anna@one.test")
        # One whose authority nobody knows, on the port where servers are looked for.
        cls.serve(995, "--cert-name", "pop.own.test")

    def test_two_commands_to_the_first_mail(self):
        with self.start("setup", "anna@one.test") as t:
            t.expect("Looking for the POP3 server of one.test … pop.one.test:9950 .SRV record.\r\n"
                     "Connecting to pop.one.test:9950 …\r +\rCertificate: ambil test server, by ")
            self.answer(t, self.ASKED, "wrong")
            self.answer(t, r"Login name \[anna@one.test\]: $", "anna")
            self.answer(t, self.ASKED, "secret")
            self.answer(t, r"Login name \[anna\]: $", "anna@one.test")
            self.answer(t, self.ASKED, "secret")
            self.answer(t, self.PLACE, "")
            t.expect("Mailbox: 10 messages, ")
            self.answer(t, self.WHEN, "")
            self.answer(t, self.WHERE, "")
            self.assertEqual(t.wait(), 0, t.text)
        with self.start() as t:
            self.assertEqual(t.wait(), 0, t.text)
            self.assertRegex(t.text, "one   10 new messages .*in ~/Mail")
        self.assertEqual(len(self.maildir()), 10)

    def test_what_does_not_fit_is_put_below(self):
        keyring.need_built_in()         # of which it says why not
        with self.start("setup", "anna@one.test", size=(40, 52)) as t:
            self.answer(t, self.ASKED, "secret")
            t.expect(r"\[f\] $")
            screen = "\n".join(t.screen)
            t.send(b"\x03")
            self.assertEqual(t.wait(), 130, t.text)
        self.assertIn("of one.test … \r\n  pop.one.test:9950 (SRV record)\r\n", self.seen)
        self.assertIn("The password cannot go into the keyring: no D-Bus\nsession is running\n", screen)
        self.assertIn("Keep it in a private [f]ile, let a [c]ommand print\nit, or [n]either? [f]",
                      screen)
        with self.start("setup", "anna@unknown.test", "-v") as t:
            t.expect(r'\r\n  no such host "mail.unknown.test"\r\n  not found\r\nThe POP3 server of')
            t.send(b"\x03")
            self.assertEqual(t.wait(), 130, t.text)

    def test_a_server_elsewhere_is_confirmed_first(self):
        with self.start("setup", "anna@away.test") as t:
            self.answer(t, r"Is your mail at pop.one.test\? \[y/N\] $", "")
            t.expect("The POP3 server of away.test: $")
            t.send(b"\x04")
            self.assertEqual(t.wait(), 130, t.text)
        with self.start("setup", "anna@away.test") as t:
            self.answer(t, r"\[y/N\] $", "\0")
            self.answer(t, r"\[y/N\] $", "y")
            t.expect(self.ASKED)
            t.send(b"\x03")
            self.assertEqual(t.wait(), 130, t.text)
        with self.start("setup", "anna@away.test", "--no-input") as t:
            self.assertEqual(t.wait(), 64, t.text)
            self.assert_said(t.words, "outside of away.test", "--host pop.one.test --port 9950 --tls implicit")
        with self.start("setup", "anna@start.test", "--no-input") as t:
            self.assertEqual(t.wait(), 64, t.text)
            self.assert_said(t.words, "--host pop.one.test --port 110 --tls starttls")
        self.assert_nothing_written()

    def test_one_that_is_there_but_not_trusted_is_said(self):
        with self.start("setup", "anna@own.test") as t:
            t.expect("not found")
            t.expect("the certificate of pop.own.test is not trusted")
            self.answer(t, r"The POP3 server of own.test: $", "pop.own.test")
            t.expect("not trusted")
            t.send(b"\x03")
            self.assertEqual(t.wait(), 130, t.text)
        self.assert_nothing_written()

    def test_one_that_is_not_found_is_asked_for(self):
        with self.start("setup", "anna@one.test@unknown.test", "--user", "anna@one.test") as t:
            t.expect("not found")
            self.answer(t, r"The POP3 server of unknown.test: $", "pop.one.test:9950")
            self.answer(t, self.ASKED, "secret")
            t.expect(self.PLACE)
            t.send(b"\x03")
            self.assertEqual(t.wait(), 130, t.text)
        with self.start("setup", "anna@unknown.test", "--no-input") as t:
            self.assertEqual(t.wait(), 68, t.text)
            self.assert_said(t.text, "ambil setup anna@unknown.test --host NAME")
        with self.start("setup", "anna@none.test") as t:
            self.assertEqual(t.wait(), 69, t.text)
        self.assert_nothing_written()
