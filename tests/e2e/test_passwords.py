# SPDX-License-Identifier: GPL-3.0-or-later
"""Where passwords come from: each source alone, their order, the keyring in all its states, .netrc,
and the verbs that store a password and forget it."""

import fcntl
import os
import re
import signal
import subprocess
import termios
import unittest

import harness
import keyring
import needs
import popd
import terminal

WIDE = (24, 200)
SERVER = None
BUS = None


def setUpModule():
    global SERVER
    SERVER = popd.Popd(tls="none")
    unittest.addModuleCleanup(SERVER.stop)


class Passwords(harness.Case):
    """All on one server, whose account has no password of its own; USER and PASS, to see what was
    sent."""

    def setUp(self):
        super().setUp()
        self.server = SERVER
        self.said = len(SERVER.log())
        self.configure()

    def account(self, name, **more):
        keys = {"host": "localhost", "port": SERVER.port, "user": popd.USER, "tls": "none",
                "allow_cleartext_password": True, "auth": "user"}
        return harness.account(name, **{**keys, **more})

    def configure(self, top="", **more):
        self.box.write_config(top, self.account("home", **more))

    def sent(self):
        """The passwords that the server got in this test."""
        return re.findall(r"C: PASS (.*)", SERVER.log()[self.said:])

    def netrc(self, password, mode=0o600, line=""):
        return self.box.write(".netrc", "%smachine localhost login %s password \"%s\"\n" % (
            line, popd.USER, password), mode)

    def fetches(self, **more):
        """A run gets in, and says nothing."""
        self.ambil("fetch", "home", **more)
        self.assertEqual(self.sent()[-1:], [popd.PASSWORD])

    def fails(self, code, *words, args=("fetch", "home"), **more):
        """A run off a terminal that fails in one line."""
        result = self.box.run(*args, **more)
        self.assert_code(result, code)
        self.assert_said(result.stderr, *words)
        self.assertEqual(len(result.lines), 1, result.stderr)
        return result

    def on_terminal(self, *args, **more):
        t = self.box.terminal(*args, size=WIDE, **more)
        self.addCleanup(t.__exit__)
        return t


class Netrc(Passwords):
    def test_the_password_of_the_host_and_the_user(self):
        self.box.write(".netrc", "# all of them\nmachine localhost login bob password no\n"
                       "machine LOCALHOST\n\tlogin anna\n\tpassword secret # mine\ndefault\n")
        self.fetches()

    def test_a_file_that_others_can_read_is_not_used(self):
        self.netrc(popd.PASSWORD, 0o644)
        self.fails(78, "no password found (tried ", "~/.netrc) and no terminal to ask on: ",
                   "~/.netrc holds a password and can be read by others (mode 0644), "
                   "so it was not used", "(try: chmod 600 ~/.netrc)")
        t = self.on_terminal("fetch", "home")
        t.expect(r"can be read by others.*[\s\S]*Password for anna at localhost: $")
        t.send(b"secret\n")
        self.assertEqual(t.wait(), 0, t.text)

    def test_one_without_the_host_may_be_read_by_all(self):
        self.box.write(".netrc", "machine other.example.org password x\n", 0o644)
        result = self.fails(78, "no password found")
        self.assertNotIn("mode", result.stderr)

    def test_one_that_cannot_be_understood_says_where(self):
        self.box.write(".netrc", "machine other.example.org\nmachine localhost password \"x\n")
        self.fails(78, "no password found", "~/.netrc:2: a quote is open, so it was not used")

    def test_a_wrong_password_is_blamed_on_its_line(self):
        self.netrc("wrong", line="\n\n")
        self.fails(77, 'refused the login of "anna"', "(correct: ~/.netrc:3)")
        self.assertEqual(self.sent(), ["wrong"])

    def test_NETRC_names_another_file(self):
        os.rename(self.netrc(popd.PASSWORD), self.box.path("other"))
        self.fetches(env={"NETRC": self.box.path("other")})
        self.fails(78, "no password found (tried ", "~/none)",
                   env={"NETRC": self.box.path("none")})

    def test_it_is_not_read_when_it_is_not_wanted(self):
        self.netrc(popd.PASSWORD)
        self.configure(netrc=False, keyring=False)
        self.fails(78, "no password found (tried nothing, as ambil.conf says)")
        self.assertEqual(self.sent(), [])


class Bus(Passwords):
    """A bus without a keyring, one that is not there, and one that hangs."""

    @classmethod
    def setUpClass(cls):
        keyring.need_built_in()

    def test_no_bus_at_all(self):
        for env in ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"},
                    {"DBUS_SESSION_BUS_ADDRESS": "nonsense"}):
            self.fails(78, "no password found (tried keyring, ~/.netrc)", "(try: password-command",
                       env=env)
        self.fails(78, "there is no keyring here: no D-Bus session is running",
                   "(try: ambil setup home)", args=["login", "home", "--stdin"])
        result = self.box.run("logout", "home")
        self.assert_code(result, 78)

    def test_no_bus_is_started(self):
        self.box.write("dbus-launch", "#!/bin/sh\n: >~/started\n", 0o700)
        self.fails(78, "no password found (tried keyring, ~/.netrc)", env={
            "DBUS_SESSION_BUS_ADDRESS": "autolaunch:", "DISPLAY": ":77", "XDG_RUNTIME_DIR": None,
            "PATH": self.box.home + ":" + os.environ["PATH"]})
        self.assertFalse(os.path.exists(self.box.path("started")))

    def test_nothing_on_the_bus(self):
        session = keyring.Session()
        self.addCleanup(session.stop)
        self.fails(78, "no password found (tried keyring, ~/.netrc)", "(try: password-command",
                   env=session.environment)
        self.fails(78, "there is no keyring here: nothing in the D-Bus session offers one",
                   args=["login", "home", "--stdin"], env=session.environment)
        self.netrc(popd.PASSWORD)
        self.fetches(env=session.environment)

    def test_libsecret_is_not_there(self):
        self.box.write("libsecret-1.so.0", "")
        env = {"LD_LIBRARY_PATH": self.box.home}
        self.fails(78, "no password found (tried keyring", env=env)
        self.fails(78, "there is no keyring here: libsecret-1.so.0 is not installed",
                   args=["login", "home", "--stdin"], env=env)

    def hang(self):
        """A run that waits for a bus that says nothing."""
        silent = keyring.Silent()
        self.addCleanup(silent.stop)
        process = self.box.start("fetch", "home", env=silent.environment)
        self.assertTrue(silent.is_asked(harness.PATIENCE_S))
        return process

    def test_one_that_hangs_is_not_waited_for(self):
        silent = keyring.Silent()
        self.addCleanup(silent.stop)
        session = keyring.Session()
        self.addCleanup(session.stop)
        mute = keyring.Scripted(session, b"", False, mute=True)
        self.addCleanup(mute.stop)
        # These two before their five seconds are over.
        stopped = self.hang()
        os.kill(stopped.pid, signal.SIGINT)
        self.assert_code(harness.finish(stopped), 130)
        crashes = self.hang()
        os.kill(child_of(crashes), signal.SIGKILL)
        result = harness.finish(crashes)
        self.assert_code(result, 75)
        self.assert_said(result.stderr, "the keyring failed: its library ended by signal 9")
        # Side by side, since each takes its five seconds.
        hangs = self.box.start("fetch", "home", env=silent.environment)
        unheard = self.box.start("fetch", "home", env=session.environment)
        stores = self.box.start("login", "home", "--stdin", env=silent.environment)
        other = harness.Sandbox()
        self.addCleanup(other.remove)
        other.write_config(open(self.box.config, encoding="utf-8").read())
        other.write(".netrc", "machine localhost password %s\n" % popd.PASSWORD)
        goes_on = other.start("fetch", "home", env=silent.environment)
        cron = []
        for args in ((), ("-v",)):
            quiet = harness.Sandbox()
            self.addCleanup(quiet.remove)
            with open(self.box.config, encoding="utf-8") as f:
                quiet.write_config(f.read().replace('quiet-for = "0s"', 'quiet-for = "2h"'))
            quiet.write(".netrc", "machine localhost password %s\n" % popd.PASSWORD)
            cron.append(quiet.start("fetch", "home", *args, env=silent.environment))
        for process in (hangs, unheard, stores):
            result = harness.finish(process)
            self.assert_code(result, 75)
            self.assert_said(result.stderr, "the keyring failed: it did not answer within 5 s")
        result = harness.finish(goes_on)
        self.assert_code(result, 0)
        self.assert_said(result.stderr, "did not answer within 5 s", "keyring = false")
        self.assert_silent(harness.finish(cron[0]))
        self.assert_said(harness.finish(cron[1]).stderr, "did not answer within 5 s", "new messages")
        self.assertEqual(self.sent(), [popd.PASSWORD] * 3)

    def test_its_libraries_are_not_loaded_at_the_start(self):
        # Tells the dynamic linker to list what it would load, and to end.
        listed = self.box.run(env={"LD_TRACE_LOADED_OBJECTS": "1"}).stdout
        self.assertIn(b"libgnutls", listed)
        # Nor is that which reads the answers of name servers; few runs ever have one.
        for name in (b"libsecret", b"libglib", b"libgio", b"libgobject", b"libresolv"):
            self.assertNotIn(name, listed)

    def test_it_is_not_asked_when_it_is_not_wanted_or_not_needed(self):
        silent = keyring.Silent()
        self.addCleanup(silent.stop)
        self.configure(keyring=False)
        self.netrc(popd.PASSWORD)
        self.fetches(env=silent.environment)
        self.fails(78, "home does not look into the keyring (keyring = false, ambil.conf:",
                   args=["login", "home", "--stdin"], env=silent.environment)
        self.configure(password=popd.PASSWORD)
        self.fetches(env=silent.environment)
        self.assertFalse(silent.is_asked(0))


class OnKeyring(Passwords):
    """On a real gnome-keyring, which serves all tests here."""

    FORMS = ({"host": "localhost", "service": "pop3", "user": "anna"},
             {"server": "localhost", "protocol": "pop3", "user": "anna"},
             {"service": "localhost", "username": "anna"})

    @classmethod
    def setUpClass(cls):
        global BUS
        keyring.need_built_in()
        needs.need("gnome-keyring-daemon", "dbus-send", "secret-tool")
        if BUS is None:
            BUS = keyring.Session()
            unittest.addModuleCleanup(BUS.stop)
            BUS.start_keyring()

    def setUp(self):
        super().setUp()
        self.env = BUS.environment
        self.addCleanup(BUS.forget)

    def lock(self):
        BUS.lock()
        self.addCleanup(BUS.unlock)     # before things are forgotten

    def stored(self):
        """Which of the forms are there."""
        return [BUS.look_up(**form) for form in self.FORMS]


class Keyring(OnKeyring):
    def test_entries_of_all_forms_are_found(self):
        for form in self.FORMS:
            with self.subTest(form=form):
                BUS.store(popd.PASSWORD, **form)
                self.fetches(env=self.env)
                BUS.forget()
        self.fails(78, "no password found (tried keyring, ~/.netrc) and no terminal",
                   "(try: ambil login home)", env=self.env)

    def test_the_form_of_mpop_comes_first(self):
        passwords = [popd.PASSWORD, "second", "third"]
        for form, password in reversed(list(zip(self.FORMS, passwords))):
            BUS.store(password, **form)
            self.box.run("check", env=self.env)
        self.assertEqual(self.sent(), list(reversed(passwords)))

    def test_others_are_not_taken_for_it(self):
        BUS.store("x", host="localhost", service="smtp", user="anna")
        BUS.store("x", host="localhost", service="pop3", user="bob")
        BUS.store("x", host="other", service="pop3", user="anna")
        self.fails(78, "no password found", env=self.env)

    def test_a_wrong_password_is_blamed_on_it(self):
        BUS.store("wrong", **self.FORMS[0])
        self.fails(77, 'refused the login of "anna"', "(try: ambil login home)", env=self.env)
        t = self.on_terminal("check", "home", env=self.env)
        self.assertEqual(t.wait(), 77)
        self.assert_said(t.text, "password came from: keyring;  change it:  ambil login home")

    def test_an_empty_one_or_one_of_two_lines_is_not_sent(self):
        BUS.store("\nx", **self.FORMS[0])
        self.fails(78, "the keyring gives an empty password", env=self.env)
        BUS.store(popd.PASSWORD + "\nand a note", **self.FORMS[0])
        self.fetches(env=self.env)

    def test_a_url_finds_it_and_many_accounts_do(self):
        BUS.store(popd.PASSWORD, **self.FORMS[0])
        one = {"host": "localhost", "port": SERVER.port, "user": popd.USER, "tls": "none",
               "allow_cleartext_password": True, "auth": "user"}
        self.box.write_config(*(harness.account("a%d" % n, **one, deliver="maildir:~/%a")
                                for n in range(5)),
                              harness.account("b", **{**one, "user": "bob"}))
        result = self.box.run(env=self.env)
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "ambil: b: no password found")
        self.assertEqual(self.sent(), [popd.PASSWORD] * 5)

    def test_cron_finds_the_bus_of_the_user(self):
        BUS.store(popd.PASSWORD, **self.FORMS[0])
        self.fetches(env={"DBUS_SESSION_BUS_ADDRESS": None, "XDG_RUNTIME_DIR": BUS.folder})

    def test_cron_finds_the_bus_in_its_usual_place(self):
        BUS.store(popd.PASSWORD, **self.FORMS[0])
        own = "/run/user/%d" % os.geteuid()
        script = ("mount -t tmpfs none /run && mkdir -p %s && mount --bind %s %s && exec \"$@\"" % (
            own, BUS.folder, own))
        space = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-c", "-m"]
        if subprocess.run([*space, "mount", "-t", "tmpfs", "none", "/run"], check=False,
                          stderr=subprocess.DEVNULL).returncode != 0:
            raise unittest.SkipTest("no other /run can be made here")
        self.ambil("check", "-q", wrap=[*space, "sh", "-c", script, "sh"],
                   env={"DBUS_SESSION_BUS_ADDRESS": None})
        self.assertEqual(self.sent(), [popd.PASSWORD])

    def test_the_file_of_libsecret(self):
        env = {"SECRET_BACKEND": "file", "SECRET_FILE_TEST_PASSWORD": "abc",
               "SECRET_FILE_TEST_PATH": self.box.path("t.keyring"),
               "DBUS_SESSION_BUS_ADDRESS": None}
        self.fails(78, "no password found (tried keyring", env=env)
        result = self.box.run("login", "home", "--stdin", env=env, stdin=self.given("secret\n"))
        self.assert_code(result, 0)
        self.fetches(env=env)
        result = self.box.run("logout", "home", env=env)
        self.assertEqual(result.stdout, b"home: removed 1 password from the keyring\n")
        self.fails(78, "no password found (tried keyring", env=env)

    def given(self, text):
        return open(self.box.write("given", text), "rb")


class Locked(OnKeyring):
    def setUp(self):
        super().setUp()
        BUS.store(popd.PASSWORD, **self.FORMS[0])
        self.lock()

    def test_off_a_terminal_it_is_said_and_nothing_is_sent(self):
        self.netrc("older")
        result = self.fails(75, "home: the keyring is locked, and the password is in it",
                            "(try: ambil fetch home, on a terminal of the desktop)", env=self.env)
        self.assertNotIn("no password", result.stderr)
        t = self.on_terminal("check", "--no-input", env=self.env)
        self.assertEqual(t.wait(), 75)
        self.fails(75, "the keyring is locked", args=["login", "home", "--stdin"], env=self.env)
        self.fails(75, "the keyring is locked", args=["logout", "home"], env=self.env)
        self.assertEqual(self.sent(), [])
        BUS.unlock()
        self.fetches(env=self.env)

    def test_on_a_terminal_without_a_window_the_password_is_asked_for(self):
        t = self.on_terminal("check", env=self.env)
        t.expect(r"the keyring is locked[\s\S]*Password for anna at localhost: $")
        t.send(b"secret\n")
        self.assertEqual(t.wait(), 0, t.text)

    def test_one_that_is_not_ours_is_of_no_concern(self):
        self.configure(user="bob")
        self.fails(78, "no password found", env=self.env)


class Window(Passwords):
    """What only a person can do, by a keyring of the tests' own."""

    @classmethod
    def setUpClass(cls):
        keyring.need_built_in()

    def keyring(self, says_yes):
        session = keyring.Session()
        self.addCleanup(session.stop)
        self.scripted = keyring.Scripted(session, popd.PASSWORD.encode(), says_yes)
        self.addCleanup(self.scripted.stop)
        return session.environment

    def test_it_is_unlocked_on_a_terminal(self):
        env = self.keyring(True)
        self.fails(75, "the keyring is locked", env=env)
        t = self.on_terminal("check", env=env)
        self.assertEqual(t.wait(), 0, t.text)
        self.assert_said(t.text, "the keyring is locked; it asks in a window of its own", "home")
        self.assertEqual(self.sent(), [popd.PASSWORD])

    def test_one_that_takes_nothing(self):
        with open(self.box.write("given", "secret\n"), "rb") as given:
            self.fails(75, "the keyring failed: ", "; the password is right, but was not stored",
                       args=["login", "home", "--stdin"], env=self.keyring(True), stdin=given)

    def test_a_window_that_is_closed(self):
        t = self.on_terminal("check", env=self.keyring(False))
        t.expect(r"it asks in a window[\s\S]*the keyring is locked[\s\S]*Password for anna.*: $")
        t.send(b"\x03")
        self.assertEqual(t.wait(), 130, t.text)

    def test_a_window_that_is_closed_does_not_come_again_for_the_next_account(self):
        env = self.keyring(False)
        self.box.write_config(*(self.account(name) for name in ("home", "work", "club")))
        t = self.on_terminal("check", env=env)
        t.expect("Password for anna.*: $")
        self.assertEqual(self.scripted.windows, 1)
        self.assertEqual(t.text.count("it asks in a window"), 1)
        t.send(b"\x03")
        self.assertEqual(t.wait(), 130, t.text)


class Login(OnKeyring):
    def login(self, text, *args, **more):
        with open(self.box.write("given", text), "rb") as given:
            return self.box.run("login", "home", "--stdin", *args, env=self.env, stdin=given,
                                **more)

    def test_asks_tries_and_stores(self):
        t = self.on_terminal("login", "home", env=self.env)
        t.expect("Password for anna at localhost: $")
        self.assertFalse(t.echoes())
        t.send(b"secret\n")
        self.assertEqual(t.wait(), 0, t.text)
        self.assert_said(t.text, "home: localhost took the password, which is in the keyring now")
        self.assertEqual(self.stored(), [popd.PASSWORD, None, None])
        self.fetches(env=self.env)
        self.assertEqual(os.listdir(self.box.path("Mail/cur")), [])

    def test_a_wrong_one_is_not_stored(self):
        BUS.store(popd.PASSWORD, **self.FORMS[0])
        result = self.login("wrong\n")
        self.assert_code(result, 77)
        self.assert_said(result.stderr, 'home: localhost refused the login of "anna"; '
                         "nothing was stored", "(try: ambil login home)")
        self.assertEqual(self.stored(), [popd.PASSWORD, None, None])

    def test_nor_is_one_that_could_not_be_tried(self):
        self.configure(port=1)
        result = self.login("secret\n")
        self.assert_code(result, 75)
        self.assert_said(result.stderr, "refuses connections", "; nothing was stored")
        self.assertEqual(self.stored(), [None] * 3)
        self.assertEqual(os.listdir(self.box.state), [])

    def test_the_first_line_of_the_standard_input(self):
        result = self.login("secret\r\nsecond\n", "-q")
        self.assert_silent(result)
        self.assertEqual(self.stored(), [popd.PASSWORD, None, None])
        self.assert_code(self.login(""), 78)
        self.assert_code(self.login("\n"), 78)
        t = self.on_terminal("login", "home", "--stdin", env=self.env)
        self.assertEqual(t.wait(), 64)

    def test_behind_the_first_line_of_the_standard_input_nothing_is_waited_for(self):
        ends = os.pipe()
        os.write(ends[1], b"secret\n")
        self.addCleanup(os.close, ends[1])
        with open(ends[0], "rb") as given:
            self.assert_code(self.box.run("login", "home", "--stdin", env=self.env, stdin=given), 0)
        self.assertEqual(self.stored(), [popd.PASSWORD, None, None])

    def test_a_signal_ends_it_while_nothing_comes_from_the_standard_input(self):
        ends = os.pipe()
        self.addCleanup(os.close, ends[1])
        with open(ends[0], "rb") as given:
            for number in (signal.SIGINT, signal.SIGTERM):
                process = self.box.start("login", "home", "--stdin", env=self.env, stdin=given)
                os.write(ends[1], b"half a line")
                self.wait_until_read(given)
                os.kill(process.pid, number)
                result = harness.finish(process)
                self.assert_code(result, 128 + number)
                self.assert_said(result.stderr, "interrupted while reading the password")
        self.assertEqual(self.stored(), [None] * 3)

    def wait_until_read(self, pipe):
        harness.wait_until(lambda: not any(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))))

    def test_it_takes_the_place_of_an_older_one(self):
        BUS.store("older", **self.FORMS[0])
        self.assert_code(self.login("secret\n"), 0)
        self.fetches(env=self.env)
        self.assertEqual(self.stored(), [popd.PASSWORD, None, None])

    def test_it_ends_the_pause_after_refused_ones(self):
        BUS.store("wrong", **self.FORMS[0])
        self.configure(retry_auth=1)
        self.fails(77, "refused the login", env=self.env)
        self.assert_code(self.box.run("fetch", env=self.env), 77)
        self.assertEqual(self.sent(), ["wrong"])
        self.assert_code(self.login("secret\n"), 0)
        self.fetches(env=self.env)

    def test_mpop_finds_it(self):
        mpop = needs.need("mpop")
        self.assert_code(self.login("secret\n"), 0)
        config = self.box.write("mpoprc", "account default\nhost localhost\nport %d\nuser anna\n"
                                "tls off\nauth user\ndelivery mbox %s\n" % (
                                    SERVER.port, self.box.path("mbox")))
        subprocess.run([mpop, "--file=" + config, "--quiet"], check=True, timeout=harness.PATIENCE_S,
                       env=self.box.environment(self.env), stdin=subprocess.DEVNULL)
        self.assertGreater(os.path.getsize(self.box.path("mbox")), 1000)
        self.assertEqual(self.sent(), [popd.PASSWORD] * 2)

    def test_a_setting_wins_and_that_is_said(self):
        for setting, text in (("password_command", "echo secret"), ("password_file", "/x"),
                              ("password", "secret")):
            self.configure(**{setting: text})
            name = setting.replace("_", "-")
            result = self.login("secret\n")
            self.assert_code(result, 78)
            self.assert_said(result.stderr, "home gets its password from %s (ambil.conf:" % name,
                             "and not from the keyring", "(try: change the password there, or")
        folder = self.box.path("credentials")
        os.mkdir(folder)
        self.box.write("credentials/ambil.home", "secret\n")
        self.configure()
        self.fails(78, "from $CREDENTIALS_DIRECTORY", args=["login", "home"],
                   env={**self.env, "CREDENTIALS_DIRECTORY": folder})
        self.configure(auth="external")
        self.fails(78, "home logs in without a password", args=["login", "home"], env=self.env)
        self.assertEqual(self.stored(), [None] * 3)

    def test_nobody_can_be_asked(self):
        self.fails(78, "no terminal to ask for the password on", "(try: ambil login home --stdin)",
                   args=["login", "home"], env=self.env)
        t = self.on_terminal("login", "home", "--no-input", env=self.env)
        self.assertEqual(t.wait(), 78)
        self.assert_said(t.text, "--no-input forbids to ask", "ambil login home --stdin")

    def test_one_account_is_named(self):
        for verb in ("login", "logout"):
            self.fails(64, "%s needs the name of one account" % verb, "ambil %s home" % verb,
                       args=[verb])
            self.fails(64, "needs the name of one", args=[verb, "home", "home"])
            self.fails(64, 'no account "hoem"', args=[verb, "hoem"])

    def test_logout_forgets_all_that_would_be_found(self):
        for form in self.FORMS:
            BUS.store(popd.PASSWORD, **form)
        BUS.store("kept", host="localhost", service="pop3", user="bob")
        self.netrc(popd.PASSWORD)
        self.configure(password_file="~/x")
        result = self.box.run("logout", "home", env=self.env)
        self.assert_code(result, 0)
        self.assertEqual(result.stdout.decode().splitlines()[0],
                         "home: removed 3 passwords from the keyring")
        self.assertRegex(result.stdout.decode(), r"home: password-file is still set "
                         r"\(ambil.conf:\d+\)\nhome: ~/.netrc:1 still has one\n$")
        self.assertEqual(self.stored(), [None] * 3)
        self.assertEqual(BUS.look_up(host="localhost", service="pop3", user="bob"), "kept")
        self.configure(netrc=False)
        result = self.ambil("logout", "home", "-q", env=self.env)
        result = self.box.run("logout", "home", env=self.env)
        self.assertEqual(result.stdout, b"home: the keyring has no password for it\n")


class Urls(OnKeyring):
    def test_a_url_has_its_password_in_keyring_and_netrc_too(self):
        server = popd.Popd()
        self.addCleanup(server.stop)
        self.box.write_config("quiet-for = 0s\n")
        env = {**self.env, "SSL_CERT_FILE": server.ca}
        url = "pops://%s@localhost:%d" % (popd.USER, server.port)
        self.fails(78, "no password found (tried keyring, ~/.netrc)", "(try: ambil login %s)" % url,
                   args=["fetch", url], env=env)
        netrc = self.netrc(popd.PASSWORD)
        self.ambil("fetch", url, env=env)
        os.remove(netrc)
        with open(self.box.write("given", "secret"), "rb") as given:
            result = self.box.run("login", url, "--stdin", env=env, stdin=given)
        self.assert_code(result, 0)
        self.assertEqual(result.stdout.decode(), "%s: localhost took the password, which is in the "
                         "keyring now\n" % url[7:])
        self.ambil("fetch", url, env=env)
        result = self.box.run("logout", url, env=env)
        self.assertEqual(result.stdout.decode(),
                         "%s: removed 1 password from the keyring\n" % url[7:])
        self.assertEqual(len(self.maildir()), 10)


class Order(OnKeyring):
    """Every source has another password, none of them right: what is sent shows which counts."""

    def test_each_comes_before_those_behind_it(self):
        folder = self.box.path("credentials")
        os.mkdir(folder)
        self.box.write("credentials/ambil.home", "of credentials\n")
        BUS.store("of keyring", **self.FORMS[0])
        self.netrc("of netrc")
        settings = {"password_command": "echo of command",
                    "password_file": self.box.write("file", "of file\n"), "password": "of setting"}
        env = {**self.env, "CREDENTIALS_DIRECTORY": folder}

        def sends(source, came_from):
            self.configure(**settings)
            t = self.on_terminal("check", "home", env=env)
            if source == "prompt":
                t.expect("Password for anna at localhost: $")
                t.send(b"of prompt\n")
            self.assertEqual(t.wait(), 77, t.text)
            self.assertEqual(self.sent()[-1], "of " + source)
            self.assertIn("password came from: " + came_from, t.text)

        sends("command", "password-command;  correct it:  password-command in ambil.conf:")
        del settings["password_command"]
        sends("file", "password-file;  correct it:  password-file in ambil.conf:")
        del settings["password_file"]
        sends("credentials", "$CREDENTIALS_DIRECTORY;  ")
        os.remove(self.box.path("credentials/ambil.home"))
        sends("setting", "password;  correct it:  password in ambil.conf:")
        del settings["password"]
        sends("keyring", "keyring;  change it:  ambil login home")
        BUS.forget()
        sends("netrc", ".netrc;  correct it:  ~/.netrc:1")
        os.remove(self.box.path(".netrc"))
        sends("prompt", "prompt;  try again:  ambil fetch home")
        self.assertEqual(len(self.sent()), 7)

    def test_a_setting_that_fails_is_not_passed_over(self):
        BUS.store(popd.PASSWORD, **self.FORMS[0])
        self.netrc(popd.PASSWORD)
        for setting in ({"password_command": "false"}, {"password_file": "~/none"}):
            self.configure(**setting)
            self.fails(78, list(setting)[0].replace("_", "-"), env=self.env)
        self.assertEqual(self.sent(), [])


class Shown(OnKeyring):
    """A secret stands nowhere where others could see it."""

    SECRET = "Tr4ce-me-not"

    def test_neither_in_a_trace_nor_in_what_a_process_shows(self):
        server = popd.Popd("--password", self.SECRET, tls="none", faults=["wait:UIDL:ms=4000"])
        self.addCleanup(server.stop)
        BUS.store(self.SECRET, **self.FORMS[0])
        self.configure(port=server.port)
        process = self.box.start("check", "-d", env=self.env)
        seen = 0
        while "UIDL" not in server.log() and process.poll() is None:
            seen += self.look_at(process)
        seen += self.look_at(process)
        result = harness.finish(process)
        self.assert_code(result, 0)
        self.assertGreater(seen, 1, "the program and its worker were looked at")
        self.assertNotIn(self.SECRET, result.stderr)
        self.assertIn("C: PASS <12 octets hidden>", result.stderr)

    def look_at(self, process):
        """Looks at all processes of a run; returns how many there were."""
        shown = [words for words in map(shown_by, filter(str.isdigit, os.listdir("/proc")))
                 if words and words[0] == process.pid]
        for *_, words in shown:
            self.assertNotIn(self.SECRET.encode(), words)
        return len(shown)


def child_of(process):
    """The process that this one has started, once it has."""
    while process.poll() is None:
        for name in filter(str.isdigit, os.listdir("/proc")):
            shown = shown_by(name)
            if shown and shown[1] == process.pid:
                return int(name)
    raise AssertionError("it has not started a process")


def shown_by(pid):
    """A process's session, its parent, and what others see of it; None if it has ended."""
    words = []
    for name in ("stat", "cmdline", "environ"):
        try:
            with open("/proc/%s/%s" % (pid, name), "rb") as f:
                words.append(f.read())
        except OSError:
            if not words:
                return None
            # Its environment: only root may look at it.
    numbers = words[0].rpartition(b")")[2].split()
    return int(numbers[3]), int(numbers[1]), b"\0".join(words[1:])


if __name__ == "__main__":
    unittest.main()
