# SPDX-License-Identifier: GPL-3.0-or-later
"""The other POP3 servers of Debian, and a proxy: each passes the same tests."""

import os
import re
import time
import unittest

import corpus
import harness
import mailstore
import wire
from servers import base, courier, cyrus, mailutils, perdition, popa3d


class Shared:
    """What every server has to show; a test case for each server names its fixture."""

    fixture = None
    many = 1000

    @classmethod
    def setUpClass(cls):
        cls.server = cls.fixture("anna%d" % n for n in range(1, 20))
        cls.addClassCleanup(cls.server.stop)
        cls.users = iter(cls.server.users)

    def setUp(self):
        self.user = next(self.users)
        self.enter()

    def enter(self):
        """A home of its own, with nothing known."""
        super().setUp()
        self.password_file = self.box.write("password", base.PASSWORD + "\n")
        self.runs = 0

    def account(self, name="home", **more):
        return harness.account(name, **{
            "host": "localhost", "ip": None, "user": self.server.login(self.user),
            "password_file": self.password_file, "received_header": False,
            **self.server.settings(), **more})

    def configure(self, **more):
        self.box.write_config(self.account(**more))

    def fetch(self, *args, later=0):
        """A run that says nothing. Each comes after the delay that the server wants between two."""
        self.runs += 1
        later += self.runs * self.server.login_delay
        env = self.box.faketime("+%ds" % later) if later else None
        return self.assert_silent(self.run_free(*args, env=env))

    def run_free(self, *args, **more):
        """A run, when the session before has ended for the server, too, which lets one in at a time."""
        result = None

        def gets_in():
            nonlocal result
            result = self.box.run(*args, **more)
            return not self.server.locks or self.server.locks not in result.stderr
        self.wait_until(gets_in)
        return result

    def session(self):
        """A plain client that has logged in, when it can."""
        session = None

        def gets_in():
            nonlocal session
            session = wire.Wire("127.0.0.1", self.server.port)
            if self.server.utf8:
                session.command("UTF8")
            try:
                session.login(self.server.login(self.user), base.PASSWORD)
            except RuntimeError as refused:
                session.__exit__()
                if self.server.locks and self.server.locks in str(refused):
                    return False
                raise
            return True
        self.wait_until(gets_in)
        return session

    def sent(self):
        """What the server sends to a plain client, as a fetcher has it."""
        with self.session() as session:
            mails = session.messages()
            session.command("QUIT")
        return [self.plain(corpus.fetched(octets)) for octets in mails.values()]

    def maildir(self, name="Mail"):
        return [self.plain(octets) for octets in super().maildir(name)]

    def plain(self, octets):
        """The mail without what is another in each session."""
        return self.server.own_fields.sub(b"", octets) if self.server.own_fields else octets

    def assert_gone(self):
        """Nothing is left. Courier answers QUIT before it removes anything."""
        self.wait_until(lambda: self.uids() == [])

    def uids(self):
        with self.session() as session:
            uids = session.listing("UIDL")
            session.command("QUIT")
        return uids

    def arrive(self, mails):
        self.server.delivers(self.user, mails)

    def held(self):
        return [octets for octets in corpus.tricky().values() if self.server.holds(octets)]

    def test_every_message_arrives_as_the_server_sends_it_and_stays(self):
        mails = self.held()
        self.arrive(mails)
        sent = self.sent()
        self.assertEqual(len(sent), len(mails))
        self.configure()
        self.fetch()
        self.assert_maildir(sent)
        self.fetch()
        self.assert_maildir(sent, note="nothing is new")
        self.assertEqual(self.sent(), sent)

    def test_every_message_arrives_and_is_gone_from_the_server(self):
        self.arrive(self.held())
        sent = self.sent()
        self.configure(keep=False)
        self.fetch()
        self.assert_maildir(sent)
        self.assert_gone()
        self.arrive(corpus.numbered(2))
        sent += self.sent()
        self.fetch()
        self.assert_maildir(sent)
        self.assert_gone()

    def test_new_mail_in_between_is_all_that_comes_and_all_comes_again_when_asked_for(self):
        self.configure()
        self.arrive(corpus.numbered(3))
        self.fetch()
        self.arrive(corpus.numbered(2, start=4))
        self.fetch()
        sent = self.sent()
        self.assertEqual(len(sent), 5)
        self.assert_maildir(sent)
        self.fetch("--all")
        self.assert_maildir(sent * 2)

    def test_mail_of_some_age_is_removed_and_younger_mail_stays(self):
        self.configure(keep="14d")
        self.arrive(corpus.numbered(3))
        self.fetch()
        old = self.sent()
        self.arrive(corpus.numbered(2, start=4))
        self.fetch(later=10 * 86_400)
        young = [octets for octets in self.sent() if octets not in old]
        self.assertEqual(len(young), 2)
        self.fetch(later=15 * 86_400)
        self.assertEqual(self.sent(), young)
        self.assert_maildir(old + young)

    def test_equal_messages_are_different_messages(self):
        self.configure(keep=False)
        self.arrive(corpus.numbered(1) * 3)
        self.fetch()
        self.assertEqual(self.subjects(), [b"number 1"] * 3)
        self.assert_gone()

    def test_a_wrong_password_is_said_to_be_one(self):
        self.arrive(corpus.numbered(1))
        self.configure(password_file=self.box.write("wrong", "wrong\n"))
        result = self.box.run()
        self.assert_code(result, 77)
        self.assert_said(result.stderr, "home", "refused the login of", self.server.refuses)
        self.assertEqual(len(self.sent()), 1)

    def test_every_way_in(self):
        """Each link that the server has, and each login, twice: the second run knows more."""
        self.arrive(corpus.numbered(2))
        sent = self.sent()
        for way in self.server.ways():
            with self.subTest(**way):
                self.enter()
                self.configure(**way)
                self.fetch()
                self.fetch()
                self.assert_maildir(sent)

    def test_two_machines_at_once_lose_and_double_nothing(self):
        self.arrive(corpus.numbered(100))
        boxes, processes = [], []
        for _ in range(2):
            self.enter()
            self.configure(keep=False)
            boxes.append(self.box)
            processes.append(self.box.start())
        for process in processes:
            # One may be refused, or find that mail has gone under its hands.
            self.assertIn(harness.finish(process).code, (0, 75))
        self.assert_gone()
        have = [self.subjects(box) for box in boxes]
        for subjects in have:
            self.assertEqual(sorted(set(subjects)), subjects)
        self.assertEqual(set(have[0]) | set(have[1]), {b"number %d" % n for n in range(1, 101)})

    def test_a_second_session(self):
        self.configure(keep=False)
        self.arrive(corpus.numbered(3))
        sent = self.sent()
        with self.session() as other:
            result = self.box.run()
            if self.server.locks:
                self.assert_code(result, 75)
                self.assert_said(result.stderr, self.server.locks)
                self.assert_maildir([])
                other.command("QUIT")
                result = self.run_free()
            self.assert_silent(result)
            self.assert_maildir(sent)
        self.assert_gone()

    def test_a_run_that_is_killed_in_a_large_mailbox_is_taken_up_again(self):
        for tries in range(20):
            if self.kill_and_take_up("tmp" if tries % 2 else "new") == -9:
                return
            self.enter()
        self.fail("no run was caught in the middle")

    def kill_and_take_up(self, part):
        """Returns how the run ended that was to be killed: it may have been too fast for that."""
        self.arrive(corpus.numbered(self.many))
        self.configure(keep=False)
        process = self.box.start()
        folder = self.box.path("Mail", part)
        self.wait_until(lambda: process.poll() is not None or os.path.isdir(folder) and os.listdir(folder))
        harness.end_group(process)
        code = harness.finish(process).code
        # The server may not yet have seen that nobody is there any more.
        self.wait_until(lambda: self.box.run(env=self.box.faketime("+60s")).code == 0)
        self.assertEqual(self.subjects(),
                         sorted(b"number %d" % n for n in range(1, self.many + 1)))
        self.assert_gone()
        return code

    def subjects(self, box=None):
        """Those of all mails that were delivered."""
        mails = mailstore.maildir((box or self.box).path("Mail"))
        return sorted(re.search(rb"^Subject: (.*)$", octets, re.MULTILINE).group(1)
                      for octets in mails)

    def wait_until(self, holds, seconds=harness.PATIENCE_S):
        end = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), end, "it takes too long")
            time.sleep(0.002)


class Courier(Shared, harness.Case):
    fixture = courier.Courier

    def test_mail_with_an_eight_bit_header_comes_itself_and_not_in_a_notice(self):
        mails = [corpus.tricky()[name] for name in ("eight bit header", "utf8 header")]
        self.arrive(mails)
        self.configure()
        self.fetch()
        self.assert_maildir(mails)


class Cyrus(Shared, harness.Case):
    fixture = cyrus.Cyrus


class Mailutils(Shared, harness.Case):
    fixture = mailutils.Mailutils


class MailutilsMbox(Shared, harness.Case):
    fixture = mailutils.MailutilsMbox
    many = 200


class Perdition(Shared, harness.Case):
    fixture = perdition.PerditionAndDovecot
    many = 200


class Popa3d(Shared, harness.Case):
    fixture = popa3d.Popa3d
    many = 200              # it cannot pipeline


if __name__ == "__main__":
    unittest.main()
