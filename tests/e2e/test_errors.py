# SPDX-License-Identifier: GPL-3.0-or-later
"""What ambil says when something is wrong, and its exit code.

Off a terminal an error is one line; on a terminal the same content is parted: who, what and
where first, then indented why and what to do.
"""

import base64
import os
import re
import resource
import signal
import socket
import subprocess
import unittest

import corpus
import dovecot_case
import fakes
import harness
import needs
import ports

# A terminal wide enough that no sentence is broken.
WIDE = (40, 250)


def setUpModule():
    dovecot_case.start()


class Trouble(dovecot_case.DovecotCase):
    """Assertions on one error in both its forms."""

    def off_terminal(self, code, what, *more, args=(), **run):
        """Exactly one line on stderr, which begins with `what` and holds `more` in this order."""
        result = self.box.run(*args, **run)
        self.assert_code(result, code)
        self.assertEqual(result.stdout, b"")
        self.assertEqual(len(result.lines), 1, str(result))
        self.assertTrue(result.stderr.startswith("ambil: " + what),
                        "%r does not begin with %r" % (result.stderr, "ambil: " + what))
        self.assert_said(result.stderr, what, *more)
        self.assertNotIn("\x1b", result.stderr)
        return result

    def on_terminal(self, code, what, *more, args=(), **run):
        """A line that begins with `what`; the indented lines under it hold `more`."""
        with self.box.terminal(*args, size=WIDE, **run) as t:
            self.assertEqual(t.wait(), code, t.text)
            screen = t.screen
        first = [n for n, line in enumerate(screen) if line.startswith("ambil: " + what)]
        self.assertEqual(len(first), 1, "%r once in %r" % (what, screen))
        block = [screen[first[0]]]
        for line in screen[first[0] + 1:]:
            if not line.startswith("  "):
                break
            block.append(line)
        self.assert_said("\n".join(block), what, *more)
        if more:
            self.assertGreater(len(block), 1, "no indented lines: %r" % screen)
        return screen

    def both(self, code, what, *more, **how):
        with self.subTest("off a terminal"):
            self.off_terminal(code, what, *more, **how)
        with self.subTest("on a terminal"):
            self.on_terminal(code, what, *more, **how)

    def fake(self, talk):
        server = fakes.Fake(talk)
        self.addCleanup(server.stop)
        return server

    def line_of(self, word):
        """The number of the line of the configuration that begins with this word."""
        with open(self.box.config, encoding="utf-8") as f:
            for number, text in enumerate(f, 1):
                if text.startswith(word):
                    return number
        raise ValueError(word)


class Login(Trouble):
    def test_wrong_password(self):
        wrong = self.box.write("wrong", "nonsense\n")
        self.configure(password_file=wrong)
        self.off_terminal(77, 'home: localhost refused the login of "%s"' % self.user,
                          "[AUTH] Authentication failed", "(correct: password-file in ambil.conf:")
        self.on_terminal(77, 'home: localhost refused the login of "%s"' % self.user,
                         "server: [AUTH] Authentication failed",
                         "password came from: password-file;  correct it:  password-file in ambil.conf:")

    def test_the_password_is_never_shown(self):
        wrong = self.box.write("wrong", "n0n-sense\n")
        self.configure(password_file=wrong)
        self.assertNotIn("n0n-sense", self.box.run("-d").stderr)

    def test_no_password_and_no_terminal(self):
        server = self.fake(fakes.capabilities("USER", "UIDL"))
        self.configure(password_file=None, host="127.0.0.1", port=server.port, tls="none",
                       allow_cleartext_password=True)
        self.off_terminal(78, "home: no password found (tried ", "and no terminal to ask on",
                          "(try: ")
        self.assertEqual([word for word in server.heard if word[:4] in (b"USER", b"PASS", b"AUTH")],
                         [])

    def test_no_password_and_no_input_wanted(self):
        self.configure(password_file=None)
        self.on_terminal(78, "home: no password found", "and --no-input forbids to ask",
                         "password-command", args=["--no-input"])

    def test_what_a_url_cannot_do_is_not_advised(self):
        url = "pops://%s@localhost:%d" % (self.user, self.server.pop3s)
        what = "%s@localhost:%d: " % (self.user, self.server.pop3s)
        trust = {"SSL_CERT_FILE": self.server.ca}
        result = self.off_terminal(78, what + "no password found (tried ", "~/.netrc) ",
                                   "run it on a terminal, or write an account",
                                   args=["fetch", url], env=trust)
        self.assertNotIn("password-file", result.stderr)
        with self.box.terminal("fetch", url, size=WIDE, env=trust) as t:
            t.expect(r"(?i)password.*: ?$")
            t.send(b"wrong\n")
            self.assertEqual(t.wait(), 77, t.text)
            self.assert_said(t.text, what, "try again:  ambil fetch " + url + "\r\n")
        folder = self.box.path("credentials")
        os.mkdir(folder, 0o700)
        self.box.write("credentials/ambil.%s@localhost+%d" % (self.user, self.server.pop3s),
                       dovecot_case.PASSWORD + "\n")
        self.off_terminal(69, what, "not trusted", "SSL_CERT_FILE=/path/ca.pem ambil fetch " + url,
                          args=["fetch", url], env={"CREDENTIALS_DIRECTORY": folder})
        url = "pops://%s@localhost:%d" % (self.user, self.server.pop3)
        self.off_terminal(69, "", "does not speak TLS", "write pop:// instead of pops://",
                          args=["fetch", url], env={"CREDENTIALS_DIRECTORY": folder,
                                                    "AMBIL_CONFIG": self.password_config(url)})

    def password_config(self, url):
        """A credential for this URL too; returns the name of an empty configuration."""
        name = url.split("//")[1].replace(":", "+")
        self.box.write("credentials/ambil." + name, dovecot_case.PASSWORD + "\n")
        return self.box.write("empty.conf", "")

    def test_a_url_is_named_as_a_person_would_write_it(self):
        self.off_terminal(78, "anna@[::1]:1: no password found", args=["fetch", "pops://anna@[::1]:1"])

    def test_a_server_that_is_busy_is_temporary_trouble(self):
        def talk(connection, server):
            connection.sendall(b"+OK\r\n")
            while word := fakes.line(connection, server):
                if word.startswith(b"CAPA"):
                    connection.sendall(b"+OK\r\nUSER\r\nRESP-CODES\r\nUIDL\r\n.\r\n")
                elif word.startswith(b"PASS"):
                    connection.sendall(b"-ERR [IN-USE] mailbox is locked by another session\r\n")
                elif word.startswith(b"QUIT"):
                    connection.sendall(b"+OK\r\n")
                    return
                else:
                    connection.sendall(b"+OK\r\n" if word.startswith(b"USER") else b"-ERR\r\n")
        server = self.fake(talk)
        self.configure(host="127.0.0.1", port=server.port, tls="none",
                       allow_cleartext_password=True)
        result = self.box.run()
        self.assert_code(result, 75)
        self.assertNotIn("ambil login", result.stderr)

    def test_server_text_reaches_the_terminal_without_control_characters(self):
        def talk(connection, server):
            connection.sendall(b"+OK\r\n")
            while word := fakes.line(connection, server):
                if word.startswith(b"CAPA"):
                    connection.sendall(b"+OK\r\nUSER\r\nUIDL\r\n.\r\n")
                elif word.startswith(b"PASS"):
                    connection.sendall(b"-ERR [AUTH] \x1b]0;evil\x07\x1b[2J" + b"y" * 300 + b"\r\n")
                else:
                    connection.sendall(b"+OK\r\n")
        server = self.fake(talk)
        self.configure(host="127.0.0.1", port=server.port, tls="none",
                       allow_cleartext_password=True)
        result = self.box.run()
        self.assert_code(result, 77)
        self.assertIn("\\x1b", result.stderr)
        self.assertNotRegex(result.stderr, r"[\x00-\x09\x0b-\x1f\x7f]")
        self.assertNotIn("y" * 220, result.stderr)


class Network(Trouble):
    def test_unknown_host(self):
        self.configure(host="nosuch.invalid", connect_timeout="100s")
        env = {"RES_OPTIONS": "timeout:1 attempts:1"}
        result = self.box.run(env=env)
        # Without any network a resolver cannot tell that a name does not exist.
        if result.code == 75:
            self.assert_said(result.stderr, "no network or DNS: cannot look up nosuch.invalid")
        else:
            self.assert_code(result, 68)
            self.assert_said(result.stderr, 'ambil: home: no such host "nosuch.invalid"',
                             "ambil.conf:%d" % self.line_of("host"))
        self.assertEqual(len(result.lines), 1, str(result))

    def test_no_network(self):
        """In a network of its own, where nothing is up."""
        if os.geteuid() != 0:
            self.skipTest("needs root, for a network of its own")
        for host, what in (("192.0.2.7", "home: no network (Network is unreachable)"),
                           ("pop.example.org", "home: no network or DNS: cannot look up pop.example.org")):
            with self.subTest(host=host):
                self.configure(host=host, connect_timeout="5s")
                self.off_terminal(75, what, wrap=["unshare", "-n"])

    def test_nothing_listens(self):
        port = ports.free()[0]
        self.configure(port=port)
        for _, _, _, _, (address, *_) in socket.getaddrinfo("localhost", port,
                                                            type=socket.SOCK_STREAM):
            self.both(75, "home: localhost:%d refuses connections (tried " % port, address)
        self.both(75, "home: localhost:%d" % port, "POP3 over TLS is normally port 995",
                  "ambil doctor home")
        self.configure(port=port, tls="starttls")
        self.both(75, "home: localhost:%d" % port, "is normally port 110", "ambil doctor home")

    def test_nothing_listens_on_any_address_of_a_host(self):
        port = ports.free()[0]
        self.configure(host="::1", port=port)
        self.both(75, "home: [::1]:%d refuses connections" % port)

    def test_a_silent_server_is_not_waited_for_for_ever(self):
        server = self.fake(fakes.silent)
        self.configure(host="127.0.0.1", port=server.port, tls="none", timeout="1s",
                       allow_cleartext_password=True)
        result = self.box.run()
        self.assert_code(result, 75)
        self.assertIn("sent nothing for 1 s", result.stderr)

    def test_a_host_that_is_no_pop3_server(self):
        server = self.fake(fakes.greets(b"SSH-2.0-OpenSSH_9.2p1\r\n"))
        self.configure(host="127.0.0.1", port=server.port, tls="none",
                       allow_cleartext_password=True)
        self.assert_code(self.box.run(), 76)


class Tls(Trouble):
    def test_unknown_authority(self):
        self.configure(ca_file=None)
        what = "home: the certificate of localhost is not trusted: unknown issuer"
        self.both(69, what, "ambil test authority", "ca-file")
        result = self.box.run()
        self.assertRegex(result.stderr, r"SHA-256 [0-9A-F]{2}:[0-9A-F]{2}:")
        self.assertNotIn("user=<%s>" % self.user, self.server.log_text())

    def test_wrong_name(self):
        self.configure(host="127.0.0.2")
        result = self.off_terminal(69, "home: the certificate is for ", "localhost",
                                   "not for 127.0.0.2")
        self.assertIn("ambil.conf:%d" % self.line_of("host"), result.stderr)
        self.on_terminal(69, "home: the certificate is for ", "not for 127.0.0.2",
                         "use one of these names as host")
        self.assertNotIn("user=<%s>" % self.user, self.server.log_text())

    def test_tls_to_a_cleartext_port(self):
        self.configure(port=self.server.pop3)
        self.both(69, "home: localhost:%d does not speak TLS (it greeted in clear: \"+OK"
                  % self.server.pop3, "tls = starttls")

    def test_cleartext_to_a_tls_port(self):
        self.configure(port=self.server.pop3s, tls="starttls", timeout="2s", connect_timeout="2s")
        # On another port than 995 it may also be a server that hangs: temporary.
        self.both(75, "home: localhost:%d sent nothing for 2 s; perhaps this port expects TLS at once"
                  % self.server.pop3s, "tls = implicit")

    def test_no_stls(self):
        server = self.fake(fakes.capabilities("USER", "UIDL", "TOP"))
        self.configure(host="127.0.0.1", port=server.port, tls="starttls")
        self.both(69, "home: 127.0.0.1:%d does not offer STLS" % server.port,
                  "nothing secret was sent")
        for word in server.heard:
            self.assertNotRegex(word, rb"(?i)^(user|pass|auth|apop)")

    def test_stls_refused(self):
        server = self.fake(fakes.capabilities("USER", "UIDL", "STLS"))
        self.configure(host="127.0.0.1", port=server.port, tls="starttls")
        result = self.box.run()
        self.assertIn(result.code, (69, 75, 76), str(result))
        for word in server.heard:
            self.assertNotRegex(word, rb"(?i)^(user|pass|auth|apop)")

    def test_server_hangs_up_in_the_handshake(self):
        server = self.fake(fakes.hang_up_in_handshake)
        self.configure(host="127.0.0.1", port=server.port)
        self.both(75, "home: 127.0.0.1 closed the connection during the TLS handshake")

    def test_a_file_of_authorities_that_is_missing(self):
        self.configure(ca_file="/nonexistent.pem")
        what = 'ambil.conf:%d: ca-file "/nonexistent.pem": No such file or directory' % (
            self.line_of("ca-file"))
        for args in ((), ("config", "check")):
            result = self.box.run(*args)
            self.assert_code(result, 78)
            self.assert_said(result.stderr, what)
        self.assertNotIn("user=<%s>" % self.user, self.server.log_text())


class Delivery(Trouble):
    def test_the_folder_above_a_maildir_is_missing(self):
        mails = corpus.numbered(2)
        self.arrive(mails)
        self.configure(deliver="maildir:~/Archiv/Mail", keep=False)
        self.both(73, "home: ~/Archiv/Mail: parent folder ~/Archiv does not exist")
        self.assert_left(mails)
        self.assert_nothing_retrieved()

    def test_a_maildir_that_is_a_file(self):
        mails = corpus.numbered(2)
        self.arrive(mails)
        self.box.write("Mail", "not a folder\n")
        self.configure(keep=False)
        self.assert_code(self.box.run(), 73)
        self.assert_left(mails)
        self.assert_nothing_retrieved()

    def command(self, text):
        return "pipe:" + self.box.write("command", "#!/bin/sh\n" + text, mode=0o700)

    def test_a_command_that_fails_for_now(self):
        mails = corpus.numbered(5)
        self.arrive(mails)
        self.configure(keep=False, deliver=self.command(
            'cat >"$(mktemp ~/out.XXXXXX)"\ntest $(ls ~/out.* | wc -l) -ne 3 || exit 75\n'))
        self.off_terminal(75, 'home: "%s" exited 75 (temporary failure) on message 3 of 5'
                          % self.shown("command"), "it stays on the server", "nothing lost")
        # The third was refused; those behind it were not held up.
        self.assert_left(mails[2:3])
        self.assert_code(self.box.run(), 0)
        self.assert_left([])

    def shown(self, name):
        """A path in the home as it is written in the configuration."""
        return self.box.path(name)

    def test_a_command_that_refuses_a_message(self):
        mails = corpus.numbered(4)
        self.arrive(mails)
        self.configure(keep=False, deliver=self.command('! grep -q "^Subject: number 2"\n'))
        result = self.box.run()
        self.assertIn(result.code, (65, 73), str(result))
        self.assert_said(result.stderr, "command", "exited 1")
        self.assert_left(mails[1:2])

    def test_a_command_that_is_killed(self):
        mails = corpus.numbered(2)
        self.arrive(mails)
        self.configure(keep=False, deliver=self.command("cat >/dev/null; kill -9 $$\n"))
        result = self.box.run()
        self.assertNotEqual(result.code, 0)
        self.assert_said(result.stderr, "command")
        self.assert_left(mails)

    def test_a_command_that_does_not_exist(self):
        mails = corpus.numbered(2)
        self.arrive(mails)
        self.configure(keep=False, deliver="pipe:nosuchcommand -t")
        result = self.box.run()
        self.assert_code(result, 78)
        self.assertIn("nosuchcommand", result.stderr)
        self.assert_left(mails)
        self.assert_nothing_retrieved()

    def mails_with_large_third(self):
        mails = corpus.numbered(5)
        mails[2] = corpus.mail("large", b"0123456789abcde\n" * 200_000)
        return mails

    def test_a_file_size_limit(self):
        mails = self.mails_with_large_third()
        want = self.arrive(mails)
        self.configure(keep=False)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        result = self.box.run(preexec_fn=limit, restore_signals=False)
        self.assertIn(result.code, (73, 74), str(result))
        self.assert_said(result.stderr, "File too large")
        for octets in self.maildir():
            self.assertIn(octets, want)
        self.assertEqual(os.listdir(self.box.path("Mail", "tmp")), [])
        self.assertIn(mails[2], self.server.mailbox(self.user))
        self.ambil()
        self.assert_maildir(want)
        self.assert_left([])

    def small_disk(self):
        """A file system of 1 MiB at ~/small; only root can have it."""
        os.mkdir(self.box.path("small"))
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "ambil-test",
                           self.box.path("small")], check=False).returncode != 0:
            needs.missing_here("no small disk can be mounted")
        self.addCleanup(subprocess.run, ["umount", self.box.path("small")], check=False)

    def test_a_full_disk(self):
        self.small_disk()
        mails = self.mails_with_large_third()
        want = self.arrive(mails)
        for deliver, into in (("maildir:~/small/Mail", "~/small/Mail"),
                              ("mbox:~/small/mbox", "~/small/mbox")):
            with self.subTest(deliver):
                self.configure(deliver=deliver)
                result = self.box.run()
                self.assert_code(result, 73)
                self.assert_said(result.stderr, "ambil: home: " + into, "No space left on device")
                self.assertRegex(result.stderr, r"\d of [1-5] fetched, \d stay on the server")
        self.assertEqual(os.listdir(self.box.path("small", "Mail", "tmp")), [])
        for octets in self.maildir("small/Mail"):
            self.assertIn(octets, want)
        self.assert_left(mails)

    def test_state_that_cannot_be_written(self):
        mails = corpus.numbered(2)
        self.arrive(mails)
        self.configure(keep=False)
        self.box.write("blocked", "not a folder\n")
        result = self.box.run(env={"XDG_STATE_HOME": self.box.path("blocked")})
        self.assertIn(result.code, (73, 74), str(result))
        self.assert_left(mails)
        self.assert_nothing_retrieved()


    def test_a_home_that_is_not_there_is_not_made(self):
        self.arrive(corpus.numbered(1))
        self.configure(deliver="maildir:~/Mail")
        config = self.box.write("away.conf", open(self.box.config, encoding="utf-8").read())
        home = os.path.join(self.box.root, "unmounted", "anna")
        os.mkdir(os.path.dirname(home))
        state = os.path.join(self.box.root, "usb", "state")
        for env, said in (({"HOME": home, "XDG_STATE_HOME": None}, "the home folder " + home),
                          ({"XDG_STATE_HOME": state},
                           "the folder of the state " + os.path.dirname(state))):
            with self.subTest(said):
                self.off_terminal(74, "home: " + said + ": No such file or directory", "state-dir",
                                  "XDG_STATE_HOME", args=["-c", config], env=env)
        self.assertFalse(os.path.exists(home))
        self.assertFalse(os.path.exists(os.path.dirname(state)))

    def test_a_home_that_cannot_be_written(self):
        self.configure(deliver="maildir:~/Mail")
        home = os.path.join(self.box.root, "frozen")
        os.makedirs(home)
        # A file where the folder should be stops root as well.
        with open(os.path.join(home, ".local"), "w", encoding="utf-8"):
            pass
        self.off_terminal(74, "home: cannot create the folder ~/.local/state: Not a directory",
                          "state-dir", "XDG_STATE_HOME", args=["-c", self.box.config],
                          env={"HOME": home, "XDG_STATE_HOME": None})


class Configuration(Trouble):
    def test_no_configuration(self):
        for run in (self.off_terminal, self.on_terminal):
            run(78, "no accounts yet (looked for ~/.config/ambil/ambil.conf and /",
                "ambil setup you@example.org")

    def test_a_file_that_cannot_be_read_is_named_in_full(self):
        os.mkdir(self.box.config)
        self.off_terminal(78, "cannot read ~/.config/ambil/ambil.conf: Is a directory")

    def test_what_makes_each_run_fail_is_found_by_a_check(self):
        self.configure(password_file=None, password_command="nosuchcommand", tls="none", auth="plain",
                       ca_file=None, deliver="pipe:/nosuch/procmail -t")
        result = self.box.run("config", "check")
        self.assert_code(result, 78)
        self.assertEqual(len(result.lines), 3, str(result))
        for word, said in (("tls", "the password would go in clear"),
                           ("password-command", '"nosuchcommand" does not exist'),
                           ("deliver", '"/nosuch/procmail" does not exist')):
            self.assertIn("ambil: ambil.conf:%d: " % self.line_of(word), result.stderr)
            self.assertIn(said, result.stderr)

    def test_a_named_file_that_is_missing(self):
        result = self.box.run("-c", self.box.path("nosuch.conf"))
        self.assertIn(result.code, (66, 78), str(result))
        self.assert_said(result.stderr, "nosuch.conf", "No such file or directory")

    def test_a_password_that_others_can_read(self):
        text = self.account(password_file=None, password=dovecot_case.PASSWORD)
        self.box.write_config(text, mode=0o644)
        result = self.box.run()
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "ambil.conf",
                         "holds a password and can be read by others (mode 0644)", "chmod 600")
        self.assertNotIn("user=<%s>" % self.user, self.server.log_text())

    def test_a_file_without_secrets_may_be_read_by_others(self):
        self.box.write_config(self.account(), mode=0o644)
        self.ambil()

    def test_a_file_that_others_can_write(self):
        self.box.write_config(self.account(), mode=0o666)
        result = self.box.run()
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "ambil.conf", "0666")

    def wrong(self, text, *said):
        """This configuration is refused, in these words, by a fetch and by a check."""
        self.box.write_config(text)
        for args in ((), ("config", "check")):
            result = self.box.run(*args)
            self.assert_code(result, 78)
            self.assert_said(result.stderr, *said)

    def test_unknown_setting(self):
        self.wrong('account home {\n  host = a\n  user = b\n  kep = true\n}\n',
                   'ambil.conf:4: unknown setting "kep", did you mean "keep"?')

    def test_bad_value(self):
        self.wrong('account home {\n  host = a\n  user = b\n  keep = "maybe"\n}\n',
                   'ambil.conf:4: keep = "maybe": use true, false or an age such as 14d')

    def test_bad_values_of_every_kind_name_their_line(self):
        for line in ("port = 99500", "port = -1", 'tls = maybe', 'timeout = "soon"',
                     'max-size = "large"', "max-messages = -3", 'deliver = "/no/kind"',
                     'deliver = "imap:x"', "enabled = perhaps", "received-header = 7",
                     'pipeline = "x"', 'tls-min = "0.9"', 'auth = "rot13"'):
            with self.subTest(line):
                self.wrong("account home {\n  host = a\n  user = b\n\n  %s\n}\n" % line,
                           "ambil.conf:5: ", line.split()[0])

    def test_a_missing_closing_brace(self):
        self.wrong("keep = true\naccount home {\n  host = a\n  user = b\n", "ambil.conf:2")

    def test_a_missing_closing_quote(self):
        self.wrong('account home {\n  host = "a\n  user = b\n}\n', "ambil.conf:2")

    def test_a_setting_given_twice(self):
        self.wrong("account home {\n  host = a\n  user = b\n  host = c\n}\n", "ambil.conf:4", "host")

    def test_an_account_given_twice(self):
        one = "account home {\n  host = a\n  user = b\n}\n"
        self.wrong(one + one, "ambil.conf:", "home")

    def test_an_account_without_host(self):
        self.wrong("account home {\n  user = b\n}\n", "home", "host")

    def test_a_folder_in_place_of_the_file(self):
        os.mkdir(self.box.config)
        result = self.box.run()
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "ambil.conf")


class Usage(Trouble):
    def setUp(self):
        super().setUp()
        self.box.write_config(self.account(), self.account("work"))

    def test_unknown_account(self):
        self.off_terminal(64, 'no account "hoem" (did you mean home?); you have: home, work', args=["fetch", "hoem"])

    def test_unknown_option(self):
        self.both(64, "unknown option --kepe (did you mean --keep?)", "ambil fetch --help",
                  args=["fetch", "--kepe"])

    def test_abbreviated_options_are_unknown(self):
        result = self.box.run("fetch", "--dele")
        self.assert_code(result, 64)
        self.assert_said(result.stderr, "unknown option --dele", "--delete")

    def test_other_protocols_are_not_spoken(self):
        for args in (["fetch", "imap://x:geheim@y"], ["imap://x:geheim@y"]):
            result = self.off_terminal(64, "imap:// is not spoken here, only pops:// and pop://",
                                       args=args)
            self.assertNotIn("geheim", result.stderr)

    def test_to_keep_is_not_to_delete(self):
        self.off_terminal(64, "--keep=false would delete mail on the server: use --delete",
                          args=["fetch", "--keep=false"])

    def test_unknown_verb(self):
        result = self.box.run("fetsch")
        self.assert_code(result, 64)
        self.assert_said(result.stderr, 'ambil: unknown verb "fetsch" (did you mean fetch?)')

    def test_bad_arguments_of_options(self):
        for args in (["--max", "many"], ["--max"], ["--max-size", "huge"], ["--keep=always"],
                     ["--to", "/no/kind"], ["--delete=1"]):
            with self.subTest(args):
                result = self.box.run("fetch", *args)
                self.assert_code(result, 64)
                self.assertTrue(result.stderr.startswith("ambil: "), str(result))
                self.assertIn(args[0].split("=")[0], result.stderr)

    def test_help_and_version_never_fail(self):
        self.box.write_config("nonsense {{{\n")
        for args in (["--help"], ["-h"], ["fetch", "--help"], ["--version"], ["help"],
                     ["help", "fetch"], ["check", "-h"], ["help", "settings"], ["help", "keep"]):
            with self.subTest(args):
                result = self.box.run(*args)
                self.assertEqual((result.code, result.stderr), (0, ""), str(result))
                self.assertGreater(len(result.stdout), 20)
        text = self.box.run("fetch", "--help").stdout.decode()
        self.assertLessEqual(len(text.splitlines()), 24)
        self.assertLessEqual(max(len(line) for line in text.splitlines()), 100)

    def test_a_setting_is_explained(self):
        self.assertEqual(self.box.run("help", "keep").stdout.decode().splitlines()[:6],
                         ["keep: leave mail on the server: for ever, not at all, or for a time", "",
                          "  values                true, false or an age such as 14d",
                          "  default               true",
                          "  where                 in an account; outside, for all of them",
                          "  for one run           --keep, --delete"])
        self.both(64, 'no help on "kep" (did you mean keep?)', "ambil --help", args=["help", "kep"])


class Shown(Trouble):
    """What the configuration verbs show."""

    def test_config_show_gives_origins_and_hides_secrets(self):
        self.box.write_config(self.account(password_file=None, password="s3cr3t-w0rd"))
        result = self.box.run("config", "show")
        self.assert_code(result, 0)
        text = result.stdout.decode()
        self.assertNotIn("s3cr3t-w0rd", text)
        self.assertRegex(text, r"host.*localhost.*ambil\.conf:2")
        self.assertRegex(text, r"keep.*true.*default")

    def test_config_path_and_check_of_a_good_file(self):
        self.box.write_config(self.account())
        result = self.box.run("config", "path")
        self.assertEqual((result.code, result.stdout.decode().strip()), (0, self.box.config))
        self.assertEqual(self.box.run("config", "check").code, 0)


class Edit(Trouble):
    """ambil config edit, with an editor that writes down what it was given."""

    def editor(self, script):
        return self.box.write("editor", "#!/bin/sh\nprintf '%s\\n' \"$*\" >~/given\n" + script, mode=0o700)

    def given(self):
        with open(self.box.path("given"), encoding="utf-8") as f:
            return f.read()

    def test_a_new_file_is_private_and_explains_itself(self):
        os.rmdir(os.path.dirname(self.box.config))
        os.rmdir(self.box.path(".config"))
        editor = self.editor('test "$(stat -c %a "$1")" = 600 || exit 9\ncp "$1" ~/template\n'
                             "echo 'account home { host = localhost user = anna }' >>\"$1\"\n")
        result = self.box.run("config", "edit", env={"EDITOR": editor})
        self.assertEqual((result.code, result.stderr), (0, ""))
        self.assertEqual(result.stdout, b"~/.config/ambil/ambil.conf: 1 account, no errors\n")
        self.assertEqual(self.given(), self.box.config + "\n")
        with open(self.box.path("template"), encoding="utf-8") as f:
            lines = f.read().splitlines()
        self.assertEqual([line for line in lines if line and not line.startswith("#")], [])
        # What it proposes is right once the signs are taken away.
        self.box.write_config("\n".join(line[2:] for line in lines[2:]))
        self.assertNotIn("unknown", self.box.run("config", "check").stderr)

    def test_visual_comes_first_and_may_have_words(self):
        self.box.write_config(self.account())
        result = self.box.run("config", "edit", env={
            "VISUAL": self.editor("") + " -n 'two words'", "EDITOR": "false"})
        self.assert_code(result, 0)
        self.assertEqual(self.given(), "-n two words %s\n" % self.box.config)

    def test_the_file_is_checked_afterwards(self):
        other = self.box.write("other.conf", self.account())
        result = self.box.run("-c", other, "config", "edit",
                              env={"EDITOR": self.editor("echo kep = 1 >>$1\n")})
        self.assert_code(result, 78)
        self.assert_said(result.stderr, '~/other.conf:', 'unknown setting "kep"')

    def test_an_editor_that_fails(self):
        self.box.write_config(self.account())
        self.off_terminal(78, 'cannot start the editor "nosuchcommand": No such file', "EDITOR=",
                          args=["config", "edit"], env={"EDITOR": "nosuchcommand"})
        self.off_terminal(78, 'the editor "false" exited 1', args=["config", "edit"],
                          env={"EDITOR": "false"})
        self.off_terminal(78, "cannot create ~/none/a.conf: No such file",
                          args=["-c", self.box.path("none", "a.conf"), "config", "edit"],
                          env={"EDITOR": "true"})


class Traces(Trouble):
    def test_the_wire_trace_hides_secrets_and_can_be_pasted(self):
        self.arrive(corpus.numbered(2))
        password = dovecot_case.PASSWORD
        token = base64.b64encode(b"\0%s\0%s" % (self.user.encode(), password.encode())).decode()
        for option in ("-d", "--debug"):
            self.configure()
            result = self.box.run(option)
            self.assert_code(result, 0)
            self.assertRegex(result.stderr, re.compile(r"C: .*hidden>", re.MULTILINE))
            self.assertIn("S: +OK", result.stderr)
            moments = [float(m) for m in re.findall(r"^ *(\d+\.\d{3}) [CS*]: ", result.stderr,
                                                    re.MULTILINE)]
            self.assertGreater(len(moments), 10)
            self.assertEqual(moments, sorted(moments))
            self.assertLess(moments[-1], 100)       # since this session began, not since 1970
            self.assertEqual(len(moments), len(re.findall(" [CS*]: ", result.stderr)))
            self.assertNotIn(password, result.stderr)
            self.assertNotIn(token, result.stderr)

    def test_user_and_pass_are_hidden_too(self):
        server = self.fake(fakes.capabilities("USER", "UIDL"))
        self.configure(host="127.0.0.1", port=server.port, tls="none",
                       allow_cleartext_password=True)
        result = self.box.run("-d")
        self.assertNotIn(dovecot_case.PASSWORD, result.stderr)


class Verbosity(Trouble):
    def test_v_forces_the_summary_off_a_terminal(self):
        self.arrive(corpus.numbered(3))
        self.configure()
        result = self.box.run("-v")
        self.assertEqual((result.code, result.stdout), (0, b""))
        self.assertRegex(result.stderr, r"(?m)^home +3 new messages .*in ~/Mail")
        self.assertRegex(self.box.run("-v").stderr, r"(?m)^home +no new mail")

    def test_mail_that_stays_for_a_limit_is_counted(self):
        self.arrive(corpus.numbered(4) + [corpus.mail("large", b"0123456789abcde\n" * 200)])
        self.configure()
        result = self.box.run("fetch", "-v", "--max", "1", "--max-size", "2k")
        self.assert_said(result.stderr, "1 new message ",
                         "; 1 larger than max-size stays on the server; 3 more for the next run")
        result = self.box.run("fetch", "-v", "--max-size", "2k")
        self.assertRegex(result.stderr, r"3 new messages [^;]*; 1 larger than max-size stays")
        result = self.box.run("fetch", "-v", "--max-size", "2k")
        self.assert_said(result.stderr, "no new mail; 1 larger than max-size stays on the server")
        self.ambil("fetch", "--max-size", "2k")

    def test_a_dry_run_says_until_when_mail_is_kept(self):
        self.arrive(corpus.numbered(1))
        self.configure(keep="14d")
        before = harness.day(14)
        self.ambil()
        said = self.box.run("fetch", "-n").stdout.decode()
        until = re.search(r"seen before, kept until (\S+)", said)
        self.assertTrue(until, said)
        self.assertIn(until.group(1), (before, harness.day(14)))

    def test_a_journal_gets_priorities(self):
        self.configure(port=ports.free()[0])
        # The variable names the device and inode of the journal's stream: here that of stderr.
        reader, writer = os.pipe()
        about = os.fstat(writer)
        env = {"JOURNAL_STREAM": "%d:%d" % (about.st_dev, about.st_ino)}
        process = subprocess.Popen([harness.AMBIL], env=self.box.environment(env), stdout=writer,
                                   stderr=writer, stdin=subprocess.DEVNULL, start_new_session=True)
        os.close(writer)
        with open(reader, encoding="utf-8") as f:
            text = f.read()
        self.assertEqual(process.wait(harness.PATIENCE_S), 75)
        self.assertRegex(text, r"\A<[34]>ambil: home: ")


if __name__ == "__main__":
    unittest.main()
