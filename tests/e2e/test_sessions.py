# SPDX-License-Identifier: GPL-3.0-or-later
"""A session that breaks is taken up again in the same run, without what broke it."""

import unittest

import corpus
import popd_case


class Pipelining(popd_case.PopdCase):
    """Servers that announce PIPELINING and lose commands of a burst."""

    def lost(self, fault, **keys):
        mails = corpus.numbered(30)
        self.serve(mails=mails, faults=[fault])
        self.configure(timeout="4s", **keys)
        self.ambil()
        self.assert_maildir(mails)
        first = self.server.count_sessions()
        self.assertGreater(first, 1)
        self.ambil()
        self.assert_maildir(mails)
        # What was found out is remembered: one session is enough now, and it is in step.
        self.assertEqual(self.server.count_sessions(), first + 1)
        self.assertEqual(self.server.sessions(first + 1)[-1]["max_outstanding"], 1)

    def test_only_the_first_command_of_a_burst_is_read(self):
        self.lost("pipelining-broken:first")

    def test_a_lost_command_brings_no_mail_under_another_s_name(self):
        for place, keep in (2, True), (5, False), (20, True), (20, False), (59, False), (60, True):
            with self.subTest(place=place, keep=keep):
                self.setUp()
                self.lost("pipelining-broken:lost=%d" % place, keep=keep)

    def test_nothing_is_sent_before_the_login_is_answered(self):
        """Courier and Cyrus, which can do all the rest, lose it."""
        for login in ("--no-cap", "SASL"), (), ("--apop", "--no-cap", "SASL", "--no-cap", "USER"):
            with self.subTest(login=login):
                self.setUp()
                mails = corpus.numbered(6)
                self.serve(*login, mails=mails, faults=["pipelining-broken:login"])
                self.configure(timeout="30s")
                for _ in range(3):
                    self.ambil()
                self.assert_maildir(mails)
                # None was taken up again.
                self.assertEqual(self.server.count_sessions(), 3)

    def test_a_server_that_is_in_step_is_trusted_from_then_on(self):
        mails = corpus.numbered(6)
        self.serve(mails=mails)
        self.configure()
        self.ambil()
        self.server.delivers([corpus.mail("number 7", b"x\n"), corpus.mail("number 8", b"y\n")])
        self.ambil()
        first, second = self.server.sessions(2)
        # USER and PASS go in one flight now, and the listings; that each UID is told again stays.
        self.assertLess(second["waits"], first["waits"])
        self.assertEqual(second["verbs"]["UIDL"], 1 + 2)


class Counts(popd_case.PopdCase):
    """All sessions of a run are one to who reads its summary."""

    def test_what_this_run_has_delivered_was_not_seen_before(self):
        old, mails = corpus.numbered(2), corpus.numbered(9, start=3)
        self.serve(mails=old)
        self.configure(timeout="10s", pipeline="never")
        self.ambil()
        self.server.delivers(mails)
        self.server.stop()
        self.serve(mails=old + mails, faults=["close:at=RETR:6@1"])
        self.configure(timeout="10s", pipeline="never")
        result = self.box.run("-v")
        self.assert_maildir(old + mails)
        self.assertRegex(result.lines[-1], r"^home +9 new messages \([^)]*\) in ~/Mail, 2 seen before$")


class BadMail(popd_case.PopdCase):
    """One mail that breaks every session that asks for it."""

    def others_come(self, mails, bad, *faults, code):
        self.serve(mails=mails, faults=faults)
        self.configure(timeout="10s")
        others = mails[:bad] + mails[bad + 1:]
        result = self.box.run()
        self.assert_code(result, code)
        self.assert_said(result.stderr, "ambil: home: ", "message %d" % (bad + 1), "stays on the server")
        self.assert_maildir(others)
        # It is tried last next time, so that mail behind it goes on coming.
        new = corpus.mail("new", b"behind it\n")
        self.server.delivers([new])
        self.assert_code(self.box.run(), code)
        self.assert_maildir(others + [new])
        self.assert_left(mails + [new])

    def test_a_mail_on_which_the_server_dies(self):
        self.others_come(corpus.numbered(9), 3, "cut:retr=4:octets=20", code=75)

    def test_a_first_line_of_one_dot_that_was_not_stuffed(self):
        mails = corpus.numbered(9)
        mails[3] = b".\nSubject: no reply\n\n+OK this is not one either\n.\nend\n"
        self.others_come(mails, 3, "unstuffed-first-dot", code=76)


if __name__ == "__main__":
    unittest.main()
