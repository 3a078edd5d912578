# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching from the scripted server: how often it is waited for, and what bad servers do."""

import subprocess
import tempfile
import unittest

import corpus
import mailstore
import popd
import popd_case

NO_UIDL = ("--no-verb", "UIDL", "--no-cap", "UIDL")


class Pipelining(popd_case.PopdCase):
    def session(self):
        session = self.server.sessions(1)[0]
        self.assertEqual(session["notes"], [], "the client kept to the order of the protocol")
        self.assertTrue(session["quit"])
        return session

    def test_500_messages_over_tls_take_at_most_9_waits(self):
        for keep in (True, False):
            with self.subTest(keep=keep):
                self.setUp()
                self.serve("--generate", "500:3K")
                self.configure(keep=keep)
                self.ambil()
                self.assert_maildir(popd.generated("500:3K"))
                session = self.session()
                self.assertTrue(session["tls"])
                self.assertEqual(session["retr"], 500)
                self.assertEqual(session["dele"], 0 if keep else 500)
                self.assertLessEqual(session["waits"], 9, session)

    def test_over_a_long_line_the_waits_are_as_few(self):
        self.serve("--generate", "200:2K", "--delay-ms", "40")
        self.configure(keep=False)
        self.ambil()
        self.assert_maildir(popd.generated("200:2K"))
        self.assertLessEqual(self.session()["waits"], 9, self.session())

    def test_an_idle_poll_takes_at_most_7_waits(self):
        self.serve("--generate", "100:1K")
        self.configure()
        self.ambil()
        self.ambil()
        sessions = self.server.sessions(2)
        self.assertLessEqual(sessions[1]["waits"], 7, sessions[1])
        self.assertEqual(sessions[1]["retr"], 0)

    def test_without_pipelining_each_command_waits_for_its_answer(self):
        self.serve("--generate", "60:3K", "--no-cap", "PIPELINING")
        self.configure(keep=False)
        self.ambil()
        self.assert_maildir(popd.generated("60:3K"))
        session = self.session()
        self.assertEqual(session["max_outstanding"], 1, session)
        self.assertEqual((session["retr"], session["dele"]), (60, 60))

    def test_pipelining_can_be_switched_off(self):
        self.serve("--generate", "20:1K")
        self.configure(pipeline="never")
        self.ambil()
        self.assertEqual(self.session()["max_outstanding"], 1)

    def test_stls_fetches_the_same(self):
        self.serve("--generate", "50:3K", tls="starttls")
        self.configure(keep=False)
        self.ambil()
        self.assert_maildir(popd.generated("50:3K"))
        self.assertTrue(self.session()["tls"])


class Octets(popd_case.PopdCase):
    def setUp(self):
        super().setUp()
        self.mails = [*corpus.tricky().values(), corpus.starts_with_from(),
                      corpus.starts_with_dot()]

    def fetch(self, *options, **more):
        self.serve(*options, **more)
        self.configure(keep=False)
        self.assert_code(self.box.run(), 0)
        return self.maildir()

    def test_the_corpus_with_and_without_pipelining(self):
        # popd makes CRLF of every LF, so a CRLF in a file comes as CR CR LF and must end as CRLF.
        want = [octets if octets.endswith(b"\n") else octets + b"\n" for octets in self.mails]
        for options in ((), ("--no-cap", "PIPELINING")):
            with self.subTest(options):
                self.setUp()
                mailstore.assert_same(self, self.fetch(*options, mails=self.mails), want)
                self.assert_left([])

    def test_octets_that_come_in_drops(self):
        mails = corpus.numbered(3) + [corpus.starts_with_dot()]
        have = self.fetch(mails=mails, faults=["drip:ms=1:octets=7"])
        mailstore.assert_same(self, have, mails)

    def test_wrong_sizes_in_list_change_nothing(self):
        mails = corpus.numbered(4)
        have = self.fetch(mails=mails, faults=["list-lie:1:1", "list-lie:2:999999999"])
        mailstore.assert_same(self, have, mails)

    def test_the_sample_arrives_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([popd.POPD, "--write-sample", folder], check=True)
            want = popd.written(folder)
        mailstore.assert_same(self, self.fetch("--sample"), want)


class Uids(popd_case.PopdCase):
    def test_two_messages_with_one_uid_are_two_messages(self):
        for keep in (True, False):
            with self.subTest(keep=keep):
                self.setUp()
                mails = corpus.numbered(6)
                self.serve("--uid-same", "2,5", mails=mails)
                self.configure(keep=keep)
                for _ in range(2):
                    self.assert_code(self.box.run(), 0)
                    self.assert_maildir(mails)
                self.assert_left(mails if keep else [])

    def test_message_numbers_mean_nothing_from_one_session_to_the_next(self):
        mails = corpus.numbered(9)
        self.serve(mails=mails, faults=["reverse@2-"])
        self.configure()
        self.ambil()
        self.server.delivers(corpus.numbered(2, start=10))
        self.ambil()
        self.assert_maildir(corpus.numbered(11))

    def test_every_shape_of_uid_is_remembered(self):
        for shape in ("hex", "long", "file", "counter"):
            with self.subTest(shape):
                self.setUp()
                self.serve("--uid-format", shape, mails=corpus.numbered(5))
                self.configure()
                self.ambil()
                self.ambil()
                self.assert_maildir(corpus.numbered(5))

    def test_without_uidl_deleting_works_and_is_said_once(self):
        mails = corpus.numbered(5)
        self.serve(*NO_UIDL, mails=mails)
        self.configure(keep=False)
        first = self.box.run()
        self.assert_code(first, 0)
        self.assert_maildir(mails)
        self.assert_left([])
        self.assertEqual(first.stderr.count("UIDL"), 1, str(first))
        self.assertEqual(len(first.lines), 1, str(first))
        self.server.delivers(mails)
        second = self.box.run()
        self.assert_code(second, 0)
        self.assertLessEqual(second.stderr.count("UIDL"), 1, str(second))
        self.assert_maildir(mails * 2)

    def test_without_uidl_keeping_is_refused_before_anything_is_fetched(self):
        mails = corpus.numbered(5)
        self.serve(*NO_UIDL, mails=mails)
        for keep in (True, "14d"):
            self.configure(keep=keep)
            result = self.box.run()
            self.assert_code(result, 69)
            self.assertEqual(len(result.lines), 1, str(result))
            self.assert_said(result.stderr, "ambil: home: ", "UIDL")
        self.assertEqual(self.maildir(), [])
        self.assert_left(mails)
        for session in self.server.sessions(2):
            self.assertEqual(session["retr"], 0)


class Cuts(popd_case.PopdCase):
    """Connections that break, at the first session only; the second must put all right."""

    def broken(self, *faults, mails=None, codes=(75,), **keys):
        """Returns what the first run said; afterwards every message is there once."""
        self.mails = mails or [corpus.mail("number %d" % n, b"%06d\n" % n * 3000)
                               for n in range(20)]
        self.serve(mails=self.mails, faults=[fault + "@1" for fault in faults])
        self.configure(**keys)
        result = self.box.run()
        self.assertIn(result.code, codes, str(result))
        for octets in self.maildir():
            self.assertIn(octets, self.mails)
        self.assert_code(self.box.run(), 0)
        self.assert_maildir(self.mails)
        self.assert_left([] if keys.get("keep") is False else self.mails)
        return result

    def test_a_mail_cut_in_the_middle_is_not_delivered(self):
        for octets in (0, 1, 5000):
            for keep in (True, False):
                with self.subTest(octets=octets, keep=keep):
                    self.setUp()
                    self.broken("cut:retr=12:octets=%d" % octets, keep=keep)

    def test_a_connection_reset_in_the_middle_of_a_mail(self):
        self.broken("cut:retr=7:octets=9000:reset", keep=False)

    def test_the_first_mail_cut(self):
        self.broken("cut:retr=1:octets=100", keep=False)

    def test_a_connection_that_ends_between_commands(self):
        for place in ("after=RETR:5", "at=RETR:5", "after=DELE:2", "at=QUIT", "after=UIDL",
                      "at=UIDL"):
            with self.subTest(place):
                self.setUp()
                self.broken("close:" + place, keep=False, codes=(0, 75))

    def test_a_server_that_falls_silent_in_the_middle_is_given_up(self):
        # The same run may go on in a new session, in step.
        self.broken("silence:at=RETR:9", keep=False, timeout="4s", codes=(0, 75))


class Quits(popd_case.PopdCase):
    """Removal counts only when QUIT is answered."""

    def run_twice(self, fault, codes):
        self.mails = corpus.numbered(8)
        self.serve(mails=self.mails, faults=[fault + "@1"])
        self.configure(keep=False)
        first = self.box.run()
        self.assertIn(first.code, codes, str(first))
        self.assert_maildir(self.mails)
        later = corpus.numbered(2, start=9)
        self.server.delivers(later)
        self.assert_code(self.box.run(), 0)
        self.assert_maildir(self.mails + later)
        self.assert_left([])

    def test_a_lost_answer_to_quit_after_the_server_has_deleted(self):
        self.run_twice("noquit:done", (0, 75))

    def test_a_lost_quit_before_the_server_has_deleted(self):
        self.run_twice("noquit:undone", (0, 75))

    def test_a_quit_that_is_refused(self):
        self.run_twice("err:QUIT:1:some messages were not removed", (0, 75, 76))

    def test_a_dele_that_is_refused(self):
        self.run_twice("err:DELE:3:try later", (0, 75, 76))


class Refusals(popd_case.PopdCase):
    def test_one_message_that_cannot_be_retrieved_does_not_hold_up_the_others(self):
        mails = corpus.numbered(9)
        self.serve(mails=mails, faults=["vanish:4:this message is damaged@1"])
        self.configure(keep=False)
        first = self.box.run()
        self.assertNotEqual(first.code, 0, str(first))
        self.assert_said(first.stderr, "ambil: home: ", "this message is damaged")
        self.assert_maildir(mails[:3] + mails[4:])
        self.assert_left(mails[3:4])
        self.server.delivers(corpus.numbered(3, start=10))

        # It was message 4; now it is the first, and still it is asked for behind the new ones.
        self.assert_code(self.box.run(), 0)
        self.assert_left([])
        self.assert_maildir(corpus.numbered(12))
        asked = [line.split()[-1] for line in self.server.log().split("# session 2")[1].splitlines()
                 if "C: RETR" in line]
        self.assertEqual(asked[0].replace("\\r\\n", ""), "2", asked)
        self.assertEqual(asked[-1].replace("\\r\\n", ""), "1", asked)

    def test_a_mailbox_in_use_is_temporary(self):
        self.serve(mails=corpus.numbered(2), faults=["in-use@1"])
        self.configure()
        self.assert_code(self.box.run(), 75)
        self.assert_code(self.box.run(), 0)
        self.assert_maildir(corpus.numbered(2))

    def test_an_empty_or_shrunken_listing_forgets_nothing(self):
        mails = corpus.numbered(6)
        self.serve(mails=mails, faults=["uidl-missing:2@2", "uidl-missing:5@2"])
        self.configure()
        for _ in range(3):
            self.box.run()
        self.assert_maildir(mails)


class Stls(popd_case.PopdCase):
    def test_octets_behind_the_answer_to_stls_are_fatal(self):
        self.serve(mails=corpus.numbered(2), tls="starttls",
                   faults=["inject-after-stls:+OK injected\\r\\n"])
        self.configure()
        result = self.box.run()
        self.assertIn(result.code, (69, 76), str(result))
        self.assertEqual(len(result.lines), 1, str(result))
        self.assertEqual(self.maildir(), [])
        session = self.server.sessions(1)[0]
        self.assertIsNone(session["user"])
        self.assertFalse({"USER", "PASS", "AUTH"} & set(session["verbs"]), session)


class Certificates(popd_case.PopdCase):
    def test_certificates_that_must_not_be_trusted(self):
        for kind in ("expired", "not-yet", "wrong-name", "self-signed", "wrong-usage", "weak-key",
                     "sha1", "md5"):
            with self.subTest(kind):
                self.setUp()
                self.serve("--cert", kind, mails=corpus.numbered(1))
                self.configure()
                result = self.box.run()
                self.assert_code(result, 69)
                self.assertEqual(len(result.lines), 1, str(result))
                self.assert_said(result.stderr, "ambil: home: ", "certificate")
                self.assertEqual(self.maildir(), [])
                for session in self.server.sessions(0):
                    self.assertIsNone(session["user"])

    def test_old_versions_of_tls_are_refused(self):
        self.serve("--tls-max", "1.1", mails=corpus.numbered(1))
        self.configure()
        result = self.box.run()
        self.assertIn(result.code, (69, 75), str(result))
        self.assertEqual(self.maildir(), [])

    def test_tls_1_2_is_enough(self):
        self.serve("--tls-max", "1.2", mails=corpus.numbered(1))
        self.configure()
        self.ambil()
        self.assert_maildir(corpus.numbered(1))

    def test_a_missing_close_notify_after_quit_is_no_error(self):
        self.serve(mails=corpus.numbered(2), faults=["no-close-notify"])
        self.configure(keep=False)
        self.ambil()
        self.assert_left([])


class Capabilities(popd_case.PopdCase):
    def test_a_server_without_capa(self):
        mails = corpus.numbered(4)
        self.serve("--no-capa", mails=mails)
        self.configure(keep=False)
        self.ambil()
        self.assert_maildir(mails)
        self.assert_left([])

    def test_user_and_pass_when_there_is_no_sasl(self):
        self.serve("--no-cap", "SASL", "--no-verb", "AUTH", mails=corpus.numbered(2))
        self.configure()
        self.ambil()
        self.assert_maildir(corpus.numbered(2))

    def test_apop_when_asked_for(self):
        self.serve("--apop", mails=corpus.numbered(2))
        self.configure(auth="apop")
        self.ambil()
        self.assert_maildir(corpus.numbered(2))
        self.assertEqual(self.server.sessions(1)[0]["verbs"].get("APOP"), 1)

    def test_expire_of_the_server_that_conflicts_with_keep_is_said(self):
        self.serve("--cap", "EXPIRE 7", mails=corpus.numbered(1))
        self.configure(keep="14d")
        result = self.box.run("-v")
        self.assert_code(result, 0)
        self.assert_said(result.stderr, "EXPIRE")


if __name__ == "__main__":
    unittest.main()
