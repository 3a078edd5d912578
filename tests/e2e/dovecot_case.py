# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests on Dovecot share: one server for each test file, one fresh user for each test."""

import unittest

import corpus
import dovecot
import harness
import mailstore
import wire

PASSWORD = "anna's pass"
USERS = 200


def start(extra=""):
    """Start the server of this test file; to be called in its setUpModule."""
    DovecotCase.server = dovecot.Dovecot(
        {"anna%d" % n: PASSWORD for n in range(1, USERS + 1)}, extra)
    DovecotCase.users = iter(list(DovecotCase.server.users))
    unittest.addModuleCleanup(DovecotCase.server.stop)


class DovecotCase(harness.Case):
    server = None
    users = None

    def setUp(self):
        super().setUp()
        self.user = next(self.users)
        self.password_file = self.box.write("password", PASSWORD + "\n")

    def account(self, name="home", **more):
        """An account section for this test's user; by default TLS at once, bytes as sent."""
        keys = {"host": "localhost", "port": self.server.pop3s, "user": self.user,
                "password_file": self.password_file, "ca_file": self.server.ca,
                "received_header": False, **more}
        return harness.account(name, **keys)

    def configure(self, **more):
        self.box.write_config(self.account(**more))

    def arrive(self, mails, user=None):
        """New mail for the user; returns what a fetcher must have of it."""
        self.server.delivers(user or self.user, mails)
        return [corpus.fetched(octets) for octets in mails]

    def sent(self, user=None):
        """What the server sends, asked by a plain client, with LF."""
        with wire.Wire("localhost", self.server.pop3s, self.server.ca) as session:
            session.login(user or self.user, PASSWORD)
            return [wire.lf(octets) for octets in session.messages().values()]

    def assert_left(self, mails, user=None, note=""):
        """The server holds just these messages, as stored."""
        mailstore.assert_same(self, self.server.mailbox(user or self.user), mails,
                              note or "left on the server")

    def assert_nothing_retrieved(self):
        """No session of this test's user has taken a message from the server: each says so at its end."""
        login, end = ("Login: user=<%s>," % self.user, "pop3(%s)" % self.user)

        def ends(text):
            return [line for line in text.splitlines() if end in line and "retr=" in line]
        text = self.server.log_text(lambda text: text.count(login) == len(ends(text)))
        for line in ends(text):
            self.assertIn("retr=0/", line)
