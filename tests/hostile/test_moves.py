# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes that were moved, emptied or numbered anew: nothing comes twice, nothing is lost."""

import re
import unittest

import corpus
import harness
import hostile
import mailstore
import scripted


class MoveCase(hostile.HostileCase):
    """Mail that was fetched and stays on a server, which then gives it other names."""

    def settle(self, count=20, first=(), mails=None, **keys):
        """The first run has fetched everything."""
        self.mails = mails or corpus.numbered(count)
        self.keys = {"keep": True, **keys}
        self.script({})
        self.configure()
        self.assert_tidy(self.go(*first), (0,))
        if not first:
            self.assert_once()
        self.server.heard.clear()

    def rename(self, mails=None, name=b"moved-%04d"):
        """The server lists these, by default all it has, under new names."""
        if mails is None:
            mails = self.server.mailbox()
        self.server.mails = [(name % n, octets) for n, octets in enumerate(mails, 1)]

    def said(self, verb):
        """How often the client has said this."""
        return sum(line.split(b" ")[0] == verb for line in self.server.heard)

    def run_quietly(self, *args, fetched=0, **more):
        """One run that goes well and fetches so much; then one that has nothing to do."""
        self.server.heard.clear()
        self.assert_tidy(self.go(*args, **more), (0,))
        self.assertEqual(self.said(b"RETR"), fetched)

    def run_ordinary(self, **more):
        """One run with nothing to do: no command and no round trip more than ever."""
        self.server.heard.clear()
        self.assert_tidy(self.go(**more), (0,))
        self.assertEqual([line.split(b" ")[0] for line in self.server.heard],
                         [b"CAPA", b"USER", b"PASS", b"UIDL", b"QUIT"])

    def run_and_be_asked(self, *args):
        """The run stops with a question, and has fetched nothing."""
        self.server.heard.clear()
        before = self.delivered()
        self.assert_tidy(self.go(*args), (78,), "localhost lists ", " messages under new names",
                         "was the mailbox moved?", "ambil fetch home --accept",
                         "ambil fetch home --from-now")
        self.assertEqual(self.said(b"RETR"), 0)
        mailstore.assert_same(self, self.delivered(), before)

    def assert_each_at_least_once(self):
        have = self.delivered()
        self.assertEqual([mailstore.describe(m) for m in self.mails if m not in have], [])


class Renamed(MoveCase):
    def test_no_mail_of_a_renamed_mailbox_comes_again(self):
        self.settle()
        self.rename()
        self.run_quietly()
        self.assertEqual((self.said(b"TOP"), self.said(b"LIST")), (20, 1))
        self.run_ordinary()
        self.assert_once()

    def test_only_what_is_new_comes_after_a_move(self):
        self.settle()
        old, new = self.mails, corpus.numbered(5, start=21)
        self.mails = new[:2] + old[:10] + new[2:4] + old[10:] + new[4:]
        self.rename(self.mails)
        self.run_quietly(fetched=5)
        self.assert_once()
        self.run_ordinary()

    def count_lines(self, but=()):
        """From now on sizes have the line ends as two octets, but for the mails of these numbers."""
        self.server.overrides["LIST"] = lambda session, argument: scripted.lines(
            *(b"%d %d" % (n, len(m) + (m.count(b"\n") if n not in but else 0))
              for n, (_, m) in enumerate(session.mails, 1)))

    def test_sizes_that_another_server_counts_otherwise_do_not_matter(self):
        self.settle()
        self.count_lines()
        self.rename()
        self.run_quietly()
        self.run_ordinary()
        self.assert_once()

    def test_a_few_sizes_that_are_the_same_by_accident_do_not_matter(self):
        self.settle()
        self.count_lines(but=(3, 4))
        self.rename()
        self.run_quietly()
        self.run_ordinary()
        self.assert_once()

    def test_list_refused_does_not_matter_either(self):
        self.settle()
        self.server.overrides["LIST"] = lambda session, argument: b"-ERR not now\r\n"
        self.rename()
        self.run_quietly()
        self.run_ordinary()
        self.assert_once()

    def test_mail_that_moves_bit_by_bit_is_known_each_time(self):
        self.settle()
        for n in (4, 11, 20):
            self.rename(self.mails[:n])
            self.run_quietly()
        self.run_ordinary()
        self.assert_once()

    def test_names_exchanged_among_the_mails_of_another_server(self):
        self.settle(mails=[corpus.mail("number", b"x\n" * n) for n in range(1, 21)])
        self.server.mails = [(uid, octets) for (uid, _), octets in
                             zip(self.server.mails, self.mails[3:] + self.mails[:3])]
        self.keys["host"] = "127.0.0.1"
        self.configure()
        self.run_quietly()
        self.run_ordinary()
        self.keys["keep"] = False
        self.configure()
        self.run_quietly()
        self.assert_once()
        self.assertEqual(self.server.mailbox(), [])

    def test_what_was_to_be_deleted_still_is(self):
        self.settle()
        self.server.overrides["QUIT"] = lambda session, argument: b"-ERR not now\r\n"
        self.keys["keep"] = False
        self.configure()
        self.assertEqual(self.go().code, 75)
        self.server.behave()
        self.rename()
        self.run_quietly()
        self.assertEqual(self.server.mailbox(), [])
        self.assert_once()

    def test_without_pipelining_it_is_done_in_step(self):
        self.settle(pipeline="never")
        self.rename()
        self.run_quietly()
        self.assertEqual((self.said(b"TOP"), self.said(b"UIDL")), (20, 1))
        self.assert_once()

    def test_two_hundred_headers_do_not_wait_for_each_other(self):
        self.settle(200)
        self.rename()
        self.run_quietly()
        self.assert_once()

    def test_a_dry_run_and_a_check_know_the_mail_and_write_nothing(self):
        self.settle()
        self.rename()
        for args in (("check",), ("fetch", "-n")):
            for _ in range(2):
                self.server.heard.clear()
                result = self.go(*args)
                self.assertEqual((result.code, self.said(b"TOP")), (0, 20), str(result))
                self.assertNotIn("moved?", result.stderr)
                self.assertIsNone(re.search(rb"\b20 new|\bnew$", result.stdout), str(result))
        self.run_quietly()
        self.assert_once()


class Empty(MoveCase):
    def test_an_empty_listing_and_the_old_one_again_change_nothing(self):
        self.settle()
        kept, self.server.mails = self.server.mails, []
        self.run_ordinary()
        self.server.mails = kept
        self.run_quietly()
        self.assertEqual(self.said(b"TOP"), 0)
        self.run_ordinary()
        self.assert_once()

    def test_a_shrunken_listing_changes_nothing(self):
        self.settle()
        kept = self.server.mails
        self.server.mails = kept[5:9]
        self.run_ordinary()
        self.server.mails = kept
        self.run_quietly()
        self.assert_once()

    def test_an_empty_listing_and_then_a_renamed_one(self):
        self.settle()
        self.server.mails = []
        self.run_ordinary()
        self.rename(self.mails)
        self.run_quietly(env=self.box.faketime("+29d"))
        self.assertEqual(self.said(b"TOP"), 20)
        self.assert_once()

    def test_what_was_gone_for_more_than_a_month_is_new(self):
        self.settle()
        self.server.mails = []
        self.run_ordinary()
        self.rename(self.mails)
        self.run_quietly(fetched=20, env=self.box.faketime("+31d"))
        mailstore.assert_same(self, self.delivered(), self.mails * 2)

    def test_an_empty_listing_when_all_is_to_be_deleted_deletes_nothing_later(self):
        self.settle(keep="14d")
        kept, self.server.mails = self.server.mails, []
        self.run_ordinary()
        self.server.mails = kept
        self.run_quietly()
        self.assertEqual(self.said(b"DELE"), 0)
        self.assertEqual(len(self.server.mailbox()), 20)


class Clocks(MoveCase):
    def test_the_age_still_counts_from_the_first_delivery(self):
        self.settle(keep="14d")
        self.rename()
        self.run_quietly(env=self.box.faketime("+10d"))
        self.assertEqual(len(self.server.mailbox()), 20)
        self.run_quietly(env=self.box.faketime("+13d"))
        self.assertEqual(len(self.server.mailbox()), 20)
        self.run_quietly(env=self.box.faketime("+15d"))
        self.assertEqual(self.server.mailbox(), [])
        self.assert_once()


class Alike(MoveCase):
    """Mails that look like known ones: each of them comes."""

    def test_a_new_mail_with_the_header_of_a_vanished_one(self):
        self.settle()
        forged = [corpus.mail("number %d" % n, b"something else\n") for n in (3, 4, 5, 6)]
        self.mails = self.mails + forged
        self.rename([m for n, m in enumerate(self.mails) if n not in (2, 3)])
        self.run_quietly(fetched=4)
        self.assert_once()

    def test_forged_headers_only(self):
        self.settle(6)
        old = self.mails
        self.mails = [corpus.mail("number 1", b"other %d\n" % n * n) for n in range(1, 8)]
        self.rename(self.mails)
        self.run_quietly(fetched=7)
        mailstore.assert_same(self, self.delivered(), old + self.mails)

    def test_two_mails_of_one_header_and_size_are_not_taken_for_one(self):
        self.settle()
        twin = self.mails[4].replace(b"line 5", b"LINE 5")
        self.assertEqual(len(twin), len(self.mails[4]))
        self.mails = self.mails + [twin, twin]
        self.rename(self.mails)
        self.run_quietly(fetched=2)
        self.assert_once()

    def test_a_server_that_gives_all_mails_one_header(self):
        self.settle()
        header = self.mails[0].partition(b"\n\n")[0] + b"\n\n"
        self.server.overrides["TOP"] = \
            lambda session, argument: b"+OK\r\n" + scripted.stuffed(header)
        new = corpus.numbered(5, start=21)
        self.mails = self.mails + new
        self.rename(self.mails)
        self.assert_tidy(self.go(), (0,))
        self.assert_each_at_least_once()

    def test_mails_without_message_id_and_date_are_new(self):
        bare = [b"From: a@example.org\nSubject: report\n\n%d\n" % n for n in range(1, 8)]
        self.mails = bare[:4]
        self.keys = {"keep": True}
        self.script({})
        self.configure()
        self.assert_tidy(self.go(), (0,))
        self.rename(bare[4:])
        self.run_quietly(fetched=3)
        mailstore.assert_same(self, self.delivered(), bare)


class Questions(MoveCase):
    """What cannot be told is not fetched without an answer."""

    NO_TOP = [one for one in scripted.CAPABILITIES if one != "TOP"]

    def test_no_top_and_the_answer_is_to_fetch_them_all(self):
        self.settle()
        self.server.capabilities = self.NO_TOP
        self.rename()
        for _ in range(2):
            self.run_and_be_asked()
        self.assertEqual(self.said(b"TOP"), 0)
        self.run_quietly("fetch", "--accept", fetched=20)
        self.run_ordinary()
        self.assertEqual(len(self.delivered()), 40)

    def test_top_refused_and_the_answer_is_to_take_them_as_seen(self):
        self.settle()
        self.server.overrides["TOP"] = lambda session, argument: b"-ERR no\r\n"
        self.rename()
        self.run_and_be_asked()
        self.assertEqual(self.go("fetch", "--from-now").code, 0)
        self.run_ordinary()
        self.assert_once()

    def test_a_part_accepted_is_not_asked_about_again(self):
        self.settle()
        self.server.capabilities = self.NO_TOP
        self.rename()
        self.run_quietly("fetch", "--accept", "--max=5", fetched=5)
        self.run_quietly(fetched=15)

    def test_mail_that_was_marked_as_seen_only(self):
        self.settle(first=("fetch", "--from-now"))
        self.rename()
        self.run_and_be_asked()
        for args in (("check",), ("fetch", "--dry-run")):
            result = self.go(*args)
            self.assertEqual(result.code, 0, str(result))
            self.assert_said(result.stderr, "20 messages under new names", "moved?")
        self.run_and_be_asked()
        self.assertEqual(self.go("fetch", "--from-now").code, 0)
        self.run_ordinary()
        self.assertEqual(self.delivered(), [])

    def test_marked_and_fetched_mail_in_one_mailbox(self):
        self.settle(first=("fetch", "--from-now"))
        new = corpus.numbered(4, start=21)
        self.server.mails += [(b"new-%d" % n, octets) for n, octets in enumerate(new)]
        self.run_quietly(fetched=4)
        self.rename()
        self.run_and_be_asked()
        self.assertEqual(self.go("fetch", "--from-now").code, 0)
        self.run_ordinary()
        mailstore.assert_same(self, self.delivered(), new)

    def test_fewer_than_ten_are_fetched_without_a_question(self):
        self.settle(9)
        self.server.capabilities = self.NO_TOP
        self.rename()
        self.run_quietly(fetched=9)

    def test_old_mail_deleted_elsewhere_is_no_move(self):
        self.settle()
        old, self.mails = self.mails, corpus.numbered(15, start=21)
        self.rename(self.mails, b"later-%d")
        self.run_quietly(fetched=15)
        mailstore.assert_same(self, self.delivered(), old + self.mails)
        # Having looked in vain, it does not look again for a few.
        self.mails += corpus.numbered(4, start=36)
        self.rename(self.mails, b"later-%d")
        self.run_quietly(fetched=4)
        self.assertEqual(self.said(b"TOP"), 0)
        mailstore.assert_same(self, self.delivered(), old + self.mails)

    def test_marked_mail_deleted_elsewhere_is_no_move_while_some_is_left(self):
        self.settle(first=("fetch", "--from-now"))
        self.server.mails = self.server.mails[:1]
        self.mails = corpus.numbered(12, start=21)
        self.server.mails += [(b"new-%d" % n, octets) for n, octets in enumerate(self.mails)]
        self.run_quietly(fetched=12)
        self.assert_once()

    def test_all_is_all(self):
        self.settle()
        self.server.capabilities = self.NO_TOP
        self.rename()
        self.run_quietly("fetch", "--all", fetched=20)


class BadHeaders(MoveCase):
    """TOP that goes wrong ends, and what is new comes all the same."""

    def move_with(self, top, limit=hostile.IN_TIME_S, **keys):
        self.settle(**keys)
        self.server.overrides["TOP"] = top
        self.rename()
        self.server.heard.clear()
        return self.go(limit=limit)

    def test_answers_to_commands_of_a_burst_are_lost(self):
        self.settle()

        def lost(session, argument):
            if session.asked.count("TOP") == 3 and session.waiting():
                return b""
            return session.answer("TOP", argument)
        self.server.overrides["TOP"] = lost
        self.rename()
        self.run_quietly()
        self.assertGreater(self.server.connections, 2)
        self.assert_once()
        self.run_ordinary()

    def test_the_session_ends_at_one_header_each_time(self):
        def dies(session, argument):
            if argument.startswith("7 "):
                raise scripted.Close
            return session.answer("TOP", argument)
        result = self.move_with(dies)
        self.assert_tidy(result, (78,), "was the mailbox moved?")
        self.assert_once()

    def test_silence_at_top(self):
        # It is waited for in each of several sessions.
        result = self.move_with(lambda session, argument: scripted.pause(5) or b"", limit=24, timeout="2s")
        self.assert_tidy(result, (78,), "was the mailbox moved?")
        self.assert_once()

    def test_an_endless_header(self):
        def endless(session, argument):
            yield b"+OK\r\n"
            while True:
                yield b"X-Field: " + b"x" * 65536 + b"\r\n"
        result = self.move_with(endless, limit=60)
        self.assert_tidy(result, (78,), "was the mailbox moved?")
        self.assert_once()

    def test_whole_mails_instead_of_headers(self):
        result = self.move_with(
            lambda session, argument: session.answer("RETR", argument.partition(" ")[0]))
        self.assert_tidy(result, (0,))
        self.assertEqual(self.said(b"RETR"), 0)
        self.assert_once()

    def test_headers_of_nothing(self):
        result = self.move_with(lambda session, argument: b"+OK\r\n.\r\n")
        self.assert_tidy(result, (0,))
        self.assert_each_at_least_once()


class RealUids(MoveCase):
    def test_a_server_that_changes_the_form_of_its_uids(self):
        self.post([octets for octets in corpus.tricky().values() if b"Message-ID" in octets])
        self.keys = {"keep": True, "timeout": "10s"}
        have = None
        for form in ("hex", "long", "file", "counter"):
            self.serve("--uid-format", form)
            self.configure()
            self.assert_tidy(self.go(), (0,))
            have = have or self.delivered()
            mailstore.assert_same(self, self.delivered(), have, form)
        self.assertEqual(len(have), len(self.mails))


if __name__ == "__main__":
    unittest.main()
