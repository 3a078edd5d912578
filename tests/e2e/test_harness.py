# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools of these tests, tried against programs that are known to work.

If a test here fails, do not trust what the other files say about ambil.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import unittest

import corpus
import dovecot
import harness
import mailstore
import needs
import terminal
import wire

PASSWORD = "anna's pass"


def setUpModule():
    global server, stored
    stored = list(corpus.tricky().values()) + [corpus.starts_with_from()]
    server = dovecot.Dovecot({"anna": PASSWORD})
    unittest.addModuleCleanup(server.stop)
    server.delivers("anna", stored)


class DovecotAndWire(unittest.TestCase):
    def fetch(self, host, port, ca):
        with wire.Wire(host, port, ca) as session:
            session.login("anna", PASSWORD)
            return [wire.lf(octets) for octets in session.messages().values()]

    def test_every_address_and_port_serves_the_corpus_octet_for_octet(self):
        want = [corpus.fetched(octets) for octets in stored]
        for host in ("localhost", "127.0.0.1", "::1"):
            for port, ca in ((server.pop3s, server.ca), (server.pop3, None)):
                with self.subTest(host=host, port=port):
                    mailstore.assert_same(self, self.fetch(host, port, ca), want)

    def test_mailbox_shows_what_was_delivered(self):
        self.assertEqual(server.mailbox("anna"), stored)

    def test_mpop_fetches_the_corpus_as_the_oracle_does(self):
        mpop = needs.need("mpop")
        with tempfile.TemporaryDirectory() as folder:
            for part in ("tmp", "new", "cur"):
                os.makedirs(os.path.join(folder, "Mail", part))
            config = os.path.join(folder, "mpoprc")
            password = os.path.join(folder, "password")
            with open(password, "w", encoding="utf-8") as f:
                f.write(PASSWORD)
            with open(config, "w", encoding="utf-8") as f:
                f.write("account a\nhost localhost\nport %d\ntls on\ntls_starttls off\n"
                        "tls_trust_file %s\nuser anna\npasswordeval cat %s\nkeep on\n"
                        "delivery maildir %s/Mail\nuidls_file %s/uids\nreceived_header off\n"
                        % (server.pop3s, server.ca, shlex.quote(password), folder, folder))
            os.chmod(config, 0o600)
            subprocess.run([mpop, "-q", "-C", config, "a"], check=True, stdin=subprocess.DEVNULL)
            mailstore.assert_same(self, mailstore.maildir(os.path.join(folder, "Mail")),
                                  [corpus.fetched(octets) for octets in stored])

    def test_fetchmail_fetches_the_plain_ones(self):
        # fetchmail adds a Received: field and chokes on some of the corpus: only a few are compared.
        fetchmail = needs.need("fetchmail")
        mails = corpus.numbered(20)
        bert = dovecot.Dovecot({"bert": "secret"})
        self.addCleanup(bert.stop)
        bert.delivers("bert", mails)
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            os.mkdir(out)
            script = os.path.join(folder, "mda")
            with open(script, "w", encoding="utf-8") as f:
                f.write("#!/bin/sh\ncat > \"$(mktemp %s/XXXXXX)\"\n" % out)
            os.chmod(script, 0o700)
            config = os.path.join(folder, "fetchmailrc")
            with open(config, "w", encoding="utf-8") as f:
                f.write('poll localhost proto pop3 port %d user bert password secret ssl '
                        'sslcertck sslcertfile %s fetchall nokeep mda "%s"\n'
                        % (bert.pop3s, bert.ca, script))
            os.chmod(config, 0o600)
            env = {**os.environ, "FETCHMAILHOME": folder, "HOME": folder}
            subprocess.run([fetchmail, "-s", "-f", config], env=env, check=True,
                           stdin=subprocess.DEVNULL)
            got = []
            for name in os.listdir(out):
                with open(os.path.join(out, name), "rb") as f:
                    got.append(f.read())
        bodies = [octets.split(b"\n\n", 1)[1] for octets in got]
        mailstore.assert_same(self, bodies, [octets.split(b"\n\n", 1)[1] for octets in mails])
        self.assertEqual(bert.mailbox("bert"), [])


class Readers(unittest.TestCase):
    def test_mboxrd_is_read_back_as_it_was_written(self):
        mails = [corpus.fetched(octets) for octets in stored]
        quoted = [mailstore.re.sub(rb"^(>*From )", rb">\1", octets, flags=mailstore.re.MULTILINE)
                  for octets in mails]
        box = b"".join(b"From a@example.org Mon Nov  2 10:11:12 2026\n" + octets + b"\n"
                       for octets in quoted)
        mailstore.assert_same(self, mailstore.mboxrd(box), mails)

    def test_received_field_is_taken_off_with_its_folds(self):
        octets = b"Received: from x\n\tby y;\n Mon\nSubject: s\n\nb\n"
        self.assertEqual(mailstore.without_received(octets), b"Subject: s\n\nb\n")

    def test_differences_are_named(self):
        a, b, c = corpus.numbered(3)
        self.assertIsNone(mailstore.difference([a, b, b], [b, a, b]))
        self.assertIn("missing: b'number 3'", mailstore.difference([a, b], [a, b, c]))
        self.assertIn("more often", mailstore.difference([a, b, b], [a, b]))
        self.assertIn("at octet", mailstore.difference([a[:-1]], [a]))

    def test_values_are_written_in_the_syntax_of_the_configuration(self):
        self.assertEqual(harness.account("home", host="h", keep=False, max_size="1M", port=995),
                         'account home {\nhost = "h"\nkeep = false\nmax-size = "1M"\n'
                         'port = 995\nquiet-for = "0s"\n}\n')
        self.assertEqual(harness.account("home", host="h", quiet_for=None), 'account home {\nhost = "h"\n}\n')


class Screens(unittest.TestCase):
    def test_escapes_and_carriage_returns_are_carried_out(self):
        text = "one\r\n\x1b[32mtwo 10 %\x1b[0m\r\x1b[Ktwo 100 %\r\nx\r\n\x1b[1A\x1b[2Ky\r\n"
        self.assertEqual(terminal.render(text), ["one", "two 100 %", "y"])

    def test_a_screen_that_becomes_narrow_wraps_lines_anew_or_cuts_them_off(self):
        for wraps_anew, want in (True, ["Xbcd", "efgh", "xy"]), (False, ["Xbcd", "xy"]):
            screen = terminal.Screen(10)
            screen.write("abcdefgh\r\nxy\r\x1b[A")
            screen.resize(4, None, wraps_anew)
            screen.write("X")
            self.assertEqual(screen.shown(), want)
        screen.resize(10, None)
        self.assertEqual(screen.shown(), ["Xbcd", "xy"])

    def test_a_wide_character_takes_two_columns(self):
        screen = terminal.Screen(5)
        screen.write("a\u5bb6\u5bb6\u5bb6\x1b[?7l\u5bb6!?")
        self.assertEqual(screen.shown(), ["a\u5bb6\u5bb6", "\u5bb6\u5bb6?"])

    def test_a_program_has_a_terminal_and_its_password_prompt_does_not_echo(self):
        code = ("import getpass, os; print('tty', os.isatty(0), os.get_terminal_size().columns);"
                "p = getpass.getpass('Word: '); print(len(p))")
        with terminal.Terminal([sys.executable, "-c", code], dict(os.environ), size=(24, 77)) as t:
            t.expect("Word: ")
            self.assertFalse(t.echoes())
            t.send(b"hidden\n")
            self.assertEqual(t.wait(), 0)
            self.assertEqual(t.screen, ["tty True 77", "Word:", "6"])


class Ages(harness.Case):
    def test_faketime_shifts_the_calendar_only(self):
        code = "import time; print(int(time.time()), int(time.monotonic()))"
        def clocks(env):
            out = subprocess.check_output([sys.executable, "-c", code], env={**os.environ, **env})
            return [int(word) for word in out.split()]
        here, there = clocks({}), clocks(self.box.faketime("+15d"))
        self.assertAlmostEqual(there[0] - here[0], 15 * 86400, delta=5)
        self.assertAlmostEqual(there[1], here[1], delta=5)


if __name__ == "__main__":
    unittest.main()
