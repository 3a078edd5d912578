# SPDX-License-Identifier: GPL-3.0-or-later
"""Several accounts in one run, and several runs on one account."""

import os
import re
import unittest

import corpus
import dovecot_case
import harness
import mailstore
import ports


def setUpModule():
    dovecot_case.start()


class Accounts(dovecot_case.DovecotCase):
    def make(self, count, **top):
        """Accounts a1, a2, …, each with a user, mail and Maildir of its own."""
        self.want, parts = {}, [harness.settings(**top)]
        self.owner = {}
        for n in range(1, count + 1):
            name, user = "a%d" % n, next(self.users)
            self.owner[name] = user
            self.want[name] = self.arrive(corpus.numbered(20 + n, start=1000 * n), user)
            parts.append(self.account(name, user=user, deliver="maildir:~/" + name))
        return parts

    def test_all_accounts_are_fetched_each_into_its_own_place(self):
        for jobs in (None, 1, 3):
            with self.subTest(jobs=jobs):
                self.box.remove()
                self.setUp()
                self.box.write_config(*self.make(6, jobs=jobs))
                self.ambil()
                for name, want in self.want.items():
                    self.assert_maildir(want, name)

    def test_a_renamed_account_asks_before_it_fetches_all_again(self):
        part = "".join(self.make(1))
        self.box.write_config(part)
        self.ambil()
        self.box.write_config(part.replace("account a1", "account work", 1))
        refused = self.box.run()
        self.assert_code(refused, 78)
        self.assert_said(refused.stderr, "ambil: work: this mailbox was fetched before under the name \"a1\"",
                         "mv ", "/a1.db ", "/work.db", "ambil fetch work --accept")
        self.assert_maildir(self.want["a1"], "a1")
        folder = self.box.path(".local", "state", "ambil")
        os.rename(os.path.join(folder, "a1.db"), os.path.join(folder, "work.db"))
        self.ambil()
        self.assert_maildir(self.want["a1"], "a1")
        # Who says so gets all of it again.
        self.box.write_config(part.replace("account a1", "account third", 1))
        self.ambil("fetch", "--accept")
        self.assert_maildir(self.want["a1"] * 2, "a1")

    def test_two_accounts_of_one_mailbox_are_no_renamed_one(self):
        part = "".join(self.make(1))
        self.box.write_config(part)
        self.ambil()
        self.box.write_config(part + part[part.index("account a1"):].replace("account a1", "account a2", 1).replace("~/a1", "~/a2"))
        self.ambil()
        self.assert_maildir(self.want["a1"], "a1")
        self.assert_maildir(self.want["a1"], "a2")

    def test_accounts_can_share_a_maildir(self):
        parts = [part.replace("~/a1", "~/Mail").replace("~/a2", "~/Mail") for part in self.make(2)]
        self.box.write_config(*parts)
        self.ambil()
        self.assert_maildir(self.want["a1"] + self.want["a2"])

    def test_accounts_can_share_an_mbox(self):
        parts = [re.sub(r"maildir:~/a\d", "mbox:~/mbox", part) for part in self.make(4)]
        self.box.write_config(*parts)
        self.ambil()
        mailstore.assert_same(self, mailstore.read_mbox(self.box.path("mbox")),
                              sum(self.want.values(), []))

    def test_only_the_named_accounts_are_fetched(self):
        self.box.write_config(*self.make(3))
        self.ambil("fetch", "a1", "a3")
        for name in ("a1", "a3"):
            self.assert_maildir(self.want[name], name)
        self.assertFalse(os.path.exists(self.box.path("a2")))

    def test_a_disabled_account_is_fetched_only_when_named(self):
        parts = self.make(2)
        parts[1] = parts[1].replace("{\n", "{\nenabled = false\n")
        self.box.write_config(*parts)
        self.ambil()
        self.assertEqual(self.maildir("a1"), [])
        self.assert_maildir(self.want["a2"], "a2")
        self.ambil("fetch", "a1")
        self.assert_maildir(self.want["a1"], "a1")

    def test_one_account_in_trouble_does_not_hold_up_the_others(self):
        wrong = self.box.write("wrong", "no\n")
        parts = self.make(3)
        parts[2] = self.account("a2", user=self.owner["a2"], deliver="maildir:~/a2",
                                password_file=wrong)
        self.box.write_config(*parts)
        result = self.box.run()
        self.assert_code(result, 77)
        self.assertEqual(len(result.lines), 1, str(result))
        self.assertTrue(result.stderr.startswith("ambil: a2: "), str(result))
        self.assert_maildir(self.want["a1"], "a1")
        self.assert_maildir(self.want["a3"], "a3")

    def test_a_permanent_failure_outweighs_a_temporary_one(self):
        wrong = self.box.write("wrong", "no\n")
        parts = self.make(1)
        parts.append(self.account("late", port=ports.free()[0]))
        self.box.write_config(*parts)
        self.assert_code(self.box.run(), 75)
        parts.append(self.account("refused", password_file=wrong))
        self.box.write_config(*parts)
        self.assert_code(self.box.run(), 77)


class TwoRuns(dovecot_case.DovecotCase):
    """A first run is held up inside its delivery command, so that the second surely meets it."""

    def setUp(self):
        super().setUp()
        command = self.box.write("command", "#!/bin/sh\n"
                                 "cat >\"$(mktemp ~/out/XXXXXX)\"\n: >~/started\n"
                                 "while ! test -e ~/go; do sleep 0.05; done\n", mode=0o700)
        os.mkdir(self.box.path("out"))
        self.want = self.arrive(corpus.numbered(3))
        self.configure(deliver="pipe:" + command)

    def hold(self):
        process = self.box.start()
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(lambda: process.poll() is None and harness.end_group(process))
        harness.wait_until(lambda: process.poll() is not None or os.path.exists(self.box.path("started")))
        if process.poll() is not None:
            self.fail("the first run did not get to its command: %s" % process.stderr.read().decode())
        return process

    def release(self, process):
        self.box.write("go", "")
        self.assertEqual(process.wait(harness.PATIENCE_S), 0)

    def delivered(self):
        have = []
        for name in os.listdir(self.box.path("out")):
            with open(self.box.path("out", name), "rb") as f:
                have.append(f.read())
        return sorted(have)

    def test_off_a_terminal_the_second_says_nothing_and_leaves_the_account_alone(self):
        first = self.hold()             # and would hold up this one as long as it waited
        self.ambil()
        self.assertEqual(len(self.delivered()), 1)
        self.release(first)
        self.assertEqual(self.delivered(), sorted(self.want))

    def test_what_the_first_will_not_do_fails_when_it_cannot_be_done_now(self):
        first = self.hold()
        for args in ("check",), ("check", "--exit-code"), ("-n",), ("--from-now",), ("--to", "-"), ("-a",):
            with self.subTest(args=args):
                result = self.box.run(*args)
                self.assert_code(result, 75)
                self.assertRegex(result.stderr,
                                 r"^ambil: home: another ambil \(pid \d+\) is fetching\n$")
                self.assertEqual(result.stdout, b"")
        self.release(first)
        self.assertEqual(self.delivered(), sorted(self.want))

    def test_on_a_terminal_the_second_waits_and_then_finds_nothing_new(self):
        first = self.hold()
        with self.box.terminal() as second:
            second.expect(r"home: another ambil \(pid \d+\) is fetching, waiting")
            self.assertIsNone(second.process.poll())
            self.release(first)
            self.assertEqual(second.wait(), 0)
            self.assertRegex("\n".join(second.screen), r"home +no new mail")
        self.assertEqual(self.delivered(), sorted(self.want))

    def test_a_lock_of_a_killed_run_holds_nobody_up(self):
        first = self.hold()
        harness.end_group(first)
        first.communicate()             # its workers have ended as well
        self.box.write("go", "")
        self.ambil()
        # A command takes no part in the journal: the message it had in hand comes once more.
        self.assertEqual(set(self.delivered()), set(self.want))
        self.assertLessEqual(len(self.delivered()), len(self.want) + 1)


class ManyRuns(dovecot_case.DovecotCase):
    def test_runs_started_together_deliver_each_message_once(self):
        for keep in (True, False):
            with self.subTest(keep=keep):
                self.box.remove()
                self.setUp()
                want = self.arrive(corpus.numbered(200))
                self.configure(keep=keep)
                runs = [self.box.start() for _ in range(6)]
                for run in runs:
                    self.assert_silent(harness.finish(run))
                self.ambil()
                self.assert_maildir(want)
                if not keep:
                    self.assert_left([])


if __name__ == "__main__":
    unittest.main()
