# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching from a real Dovecot: what is taken, what stays, and what is new the next time."""

import unittest

import corpus
import dovecot_case
import mailstore


def setUpModule():
    dovecot_case.start()


class Octets(dovecot_case.DovecotCase):
    def test_every_message_of_the_corpus_arrives_as_the_server_sent_it(self):
        want = self.arrive([*corpus.tricky().values(), corpus.starts_with_from()])
        self.configure()
        oracle = self.sent()
        self.ambil()
        self.assert_maildir(oracle, note="as another client receives it")
        self.assert_maildir(want, note="as it was delivered to the server")

    def test_received_field_is_put_on_top_and_nothing_else_changes(self):
        want = self.arrive(list(corpus.tricky().values()))
        self.configure(received_header=True)
        self.ambil()
        have = [mailstore.without_received(octets) for octets in self.maildir()]
        mailstore.assert_same(self, have, want)
        for octets in self.maildir():
            field = octets[:len(octets) - len(mailstore.without_received(octets))]
            self.assertIn(b"localhost", field)
            self.assertNotIn(b"\r", field)

    def test_a_received_field_is_added_unless_switched_off(self):
        self.arrive(corpus.numbered(1))
        self.configure(received_header=None)
        self.ambil()
        self.assertTrue(self.maildir()[0].startswith(b"Received: "))


class Keeping(dovecot_case.DovecotCase):
    def test_mail_stays_on_the_server_by_default_and_is_fetched_once(self):
        mails = corpus.numbered(12)
        want = self.arrive(mails)
        self.configure()
        for run in ("first", "second", "third"):
            self.ambil()
            self.assert_maildir(want, note=run)
        self.assert_left(mails)

    def test_new_mail_in_between_is_all_that_the_next_run_fetches(self):
        self.configure()
        want = self.arrive(corpus.numbered(5))
        self.ambil()
        want += self.arrive(corpus.numbered(4, start=6))
        self.ambil()
        self.assert_maildir(want)
        want += self.arrive(corpus.numbered(1, start=10))
        self.ambil()
        self.assert_maildir(want)

    def test_equal_messages_with_different_uids_are_different_messages(self):
        mails = corpus.numbered(1) * 3
        want = self.arrive(mails)
        self.configure()
        self.ambil()
        self.assert_maildir(want)

    def test_mail_removed_by_another_client_disturbs_nothing(self):
        self.configure()
        want = self.arrive(corpus.numbered(3))
        self.ambil()
        self.server.clear(self.user)
        self.ambil()
        self.assert_maildir(want)

    def test_an_empty_mailbox_is_fine(self):
        self.configure(keep=False)
        self.ambil()
        self.assertEqual(self.maildir(), [])


class Deleting(dovecot_case.DovecotCase):
    def test_keep_false_empties_the_server(self):
        want = self.arrive(list(corpus.tricky().values()))
        self.configure(keep=False)
        self.ambil()
        self.assert_maildir(want)
        self.assert_left([])
        self.ambil()
        self.assert_maildir(want, note="second run")

    def test_the_option_delete_overrules_the_configuration(self):
        want = self.arrive(corpus.numbered(4))
        self.configure(keep=True)
        self.ambil("fetch", "--delete")
        self.assert_maildir(want)
        self.assert_left([])

    def test_the_option_keep_overrules_the_configuration(self):
        mails = corpus.numbered(4)
        want = self.arrive(mails)
        self.configure(keep=False)
        self.ambil("fetch", "--keep")
        self.assert_maildir(want)
        self.assert_left(mails)

    def test_mail_fetched_earlier_is_deleted_when_delete_is_asked_for_later(self):
        want = self.arrive(corpus.numbered(6))
        self.configure()
        self.ambil()
        want += self.arrive(corpus.numbered(2, start=7))
        self.ambil("fetch", "--delete", "home")
        self.assert_maildir(want)
        self.assert_left([])

    def test_a_uid_freed_by_deletion_does_not_hide_later_mail(self):
        self.configure(keep=False)
        want = []
        for round_ in range(4):
            want += self.arrive(corpus.numbered(3, start=1 + 3 * round_))
            self.ambil()
        self.assert_maildir(want)
        self.assert_left([])


class Ages(dovecot_case.DovecotCase):
    def at(self, shift, *args):
        return self.ambil(*args, env=self.box.faketime(shift))

    def test_mail_is_deleted_when_the_age_has_passed_and_not_before(self):
        mails = corpus.numbered(5)
        want = self.arrive(mails)
        self.configure(keep="14d")
        self.ambil()
        self.assert_left(mails, note="at once")
        self.at("+13d")
        self.assert_left(mails, note="after 13 days")
        self.at("+15d")
        self.assert_left([], note="after 15 days")
        self.assert_maildir(want)

    def test_the_age_counts_from_delivery_here_for_each_message(self):
        old, young = corpus.numbered(3), corpus.numbered(3, start=4)
        self.configure(keep="10d")
        want = self.arrive(old)
        self.ambil()
        want += self.arrive(young)
        self.at("+6d")
        self.at("+11d")
        self.assert_left(young, note="after 11 days")
        self.at("+17d")
        self.assert_left([], note="after 17 days")
        self.assert_maildir(want)

    def test_an_age_on_the_command_line_overrules_the_configuration(self):
        mails = corpus.numbered(2)
        self.arrive(mails)
        self.configure(keep=False)
        self.ambil("fetch", "--keep=3h")
        self.assert_left(mails)
        self.at("+2h", "fetch", "--keep=3h")
        self.assert_left(mails, note="after 2 hours")
        self.at("+4h", "fetch", "--keep=3h")
        self.assert_left([], note="after 4 hours")


class Limits(dovecot_case.DovecotCase):
    def test_max_takes_that_many_in_each_run_until_all_are_here(self):
        want = self.arrive(corpus.numbered(7))
        self.configure()
        for have in (3, 6, 7):
            self.assert_code(self.box.run("fetch", "--max", "3"), 0)
            self.assertEqual(len(self.maildir()), have)
        self.assert_maildir(want)

    def test_max_messages_in_the_configuration_does_the_same(self):
        mails = corpus.numbered(5)
        want = self.arrive(mails)
        self.configure(max_messages=4, keep=False)
        self.assert_code(self.box.run(), 0)
        self.assertEqual(len(self.maildir()), 4)
        self.assertEqual(len(self.server.mailbox(self.user)), 1)
        self.assert_code(self.box.run(), 0)
        self.assert_maildir(want)
        self.assert_left([])

    def test_a_message_over_max_size_stays_on_the_server(self):
        small, large = corpus.numbered(3), [corpus.mail("large", b"x" * 300_000 + b"\n")]
        want = self.arrive(small[:2] + large + small[2:])
        self.configure(max_size="100k", keep=False)
        self.assert_code(self.box.run(), 0)
        self.assert_maildir([octets for octets in want if len(octets) < 100_000])
        self.assert_left(large)
        self.configure(max_size="1M", keep=False)
        self.assert_code(self.box.run(), 0)
        self.assert_maildir(want)
        self.assert_left([])

    def test_max_size_on_the_command_line_overrules_the_configuration(self):
        want = self.arrive(corpus.numbered(1) + [corpus.mail("large", b"x" * 300_000 + b"\n")])
        self.configure(max_size="1M")
        self.assert_code(self.box.run("fetch", "--max-size=100k"), 0)
        self.assert_maildir(want[:1])

    def test_all_fetches_again_what_the_server_still_holds(self):
        want = self.arrive(corpus.numbered(4))
        self.configure()
        self.ambil()
        self.ambil("fetch", "--all")
        self.assert_maildir(want * 2)
        self.ambil()
        self.assert_maildir(want * 2, note="a plain run afterwards")

    def test_from_now_takes_only_mail_that_comes_later(self):
        old = corpus.numbered(6)
        self.arrive(old)
        self.configure()
        self.assert_code(self.box.run("fetch", "--from-now"), 0)
        self.assertEqual(self.maildir(), [])
        want = self.arrive(corpus.numbered(2, start=7))
        self.ambil()
        self.assert_maildir(want)
        self.assertEqual(len(self.server.mailbox(self.user)), 8)


class DryRuns(dovecot_case.DovecotCase):
    def test_a_dry_run_tells_of_each_message_and_changes_nothing(self):
        mails = corpus.numbered(5)
        want = self.arrive(mails)
        self.configure(keep=False)
        for option in ("--dry-run", "-n"):
            result = self.box.run("fetch", option)
            self.assert_code(result, 0)
            told = (result.stdout.decode() + result.stderr).splitlines()
            self.assertGreaterEqual(len(told), len(mails), str(result))
            self.assertEqual(self.maildir(), [])
            self.assert_left(mails)
        self.assert_nothing_retrieved()
        self.ambil()
        self.assert_maildir(want)
        self.assert_left([])

    def test_a_dry_run_after_a_fetch_forgets_nothing(self):
        want = self.arrive(corpus.numbered(3))
        self.configure()
        self.ambil()
        self.assert_code(self.box.run("fetch", "--dry-run", "--delete"), 0)
        self.assertEqual(len(self.server.mailbox(self.user)), 3)
        self.ambil()
        self.assert_maildir(want)


class Checking(dovecot_case.DovecotCase):
    def test_check_counts_new_mail_and_fetches_nothing(self):
        want = self.arrive(corpus.numbered(3))
        self.configure()
        result = self.box.run("check")
        self.assert_code(result, 0)
        self.assertRegex(result.stdout.decode(), r"home\b.*\b3\b")
        self.assert_code(self.box.run("check", "--exit-code"), 0)
        self.assertEqual(self.maildir(), [])
        self.assert_nothing_retrieved()
        self.ambil()
        self.assert_maildir(want)
        self.assert_code(self.box.run("check", "--exit-code"), 1)


if __name__ == "__main__":
    unittest.main()
