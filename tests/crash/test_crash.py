# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills ambil at the n-th durable step, for n = 1 until none is left, runs it once more, and counts.

Maildir and mbox: every message is there exactly once, and nothing half done is left. A command can be told of
one message twice at the most, the one that was in flight. Then the same with errors in place of kills: the
run says so, and the next one completes.
"""

import ctypes
import errno
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import harness      # noqa: E402
import mailstore    # noqa: E402
import popd_case    # noqa: E402

STOPPER = os.environ.get("STOPPER") or os.path.join(HERE, "..", "..", "build", "tests", "crash",
                                                    "libstopper.so")
STEPS_MAX = 2000
PR_SET_CHILD_SUBREAPER = 36


def mail(n, size=300):
    return (b"From: a@example.org\nSubject: message %d\n\n" % n +
            b"".join(b"From line %d of %d\n" % (i, n) for i in range(size // 20)))


class Crash(popd_case.PopdCase):
    def stopped(self, at, steps=None, error=None):
        """Environment under which the at-th step kills, or fails."""
        asan = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        return {"LD_PRELOAD": STOPPER, "STOP_AT": str(at), "STOP_STEPS": steps,
                "STOP_ERROR": str(error) if error else None,
                "STOP_COUNT": os.path.join(self.box.root, "count"), "ASAN_OPTIONS": asan}

    def begin(self, deliver, keep):
        """A fresh home, and a server that has all its mail again."""
        self.box.remove()
        self.box = harness.Sandbox()
        self.addCleanup(self.box.remove)
        for name in os.listdir(self.server.folder):
            os.unlink(os.path.join(self.server.folder, name))
        self.server.delivers(self.mails)
        self.configure(deliver=deliver, keep=keep)

    def run_killed(self, at, steps):
        """A run that is killed, up to the moment when nothing is left of its processes.

        They become children of this one, which is the only way to know.
        """
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        process = self.box.start(env=self.stopped(at, steps))
        result = harness.finish(process)
        while True:
            try:
                os.waitpid(-process.pid, 0)
            except ChildProcessError:
                return result

    def steps_done(self):
        with open(os.path.join(self.box.root, "count"), encoding="ascii") as f:
            return int(f.read())

    def delivered(self, kind):
        if kind == "mbox":
            return mailstore.read_mbox(self.box.path("mbox"))
        return mailstore.maildir(self.box.path("Mail"))

    def deliver_to(self, kind):
        if kind == "pipe":
            # One file for each message, made whole or not at all, as a good command does.
            script = self.box.write("take", "#!/bin/sh\nt=$(mktemp \"$HOME/in.XXXXXX\") && cat >\"$t\" && "
                                    "mkdir -p \"$HOME/Mail/new\" && mv \"$t\" \"$HOME/Mail/new/$$\"\n", 0o700)
            return "pipe:" + script
        return {"maildir": "maildir:~/Mail", "mbox": "mbox:~/mbox"}[kind]

    def check(self, kind, keep, note, doubled=0):
        have = self.delivered(kind)
        if doubled and len(have) > len(self.mails):
            self.assertLessEqual(len(have), len(self.mails) + doubled, note)
            have = list(dict.fromkeys(have))
        mailstore.assert_same(self, have, self.mails, note)
        if kind == "maildir":
            self.assertEqual(mailstore.unfinished(self.box.path("Mail")), [], note)
        if kind == "mbox":
            left = [name for name in os.listdir(self.box.home) if name.startswith("mbox") and name != "mbox"]
            self.assertEqual(left, [], note)
        self.assert_left([] if keep == "false" else self.mails, note)

    def kill_everywhere(self, kind, keep, n, steps=None):
        self.mails = [mail(i) for i in range(n)]
        self.serve(mails=self.mails)
        kills = 0
        for at in range(1, STEPS_MAX):
            note = "%s, keep = %s, killed at step %d" % (kind, keep, at)
            self.begin(None, keep)
            deliver = self.deliver_to(kind)
            self.configure(deliver=deliver, keep=keep)
            result = self.run_killed(at, steps)
            if result.code == 0:
                break
            self.assertEqual(result.code, -9, note + "\n" + str(result))
            kills += 1
            again = self.box.run()
            self.assertEqual((again.code, again.stderr), (0, ""), note)
            self.check(kind, keep, note, doubled=1 if kind == "pipe" else 0)
        else:
            self.fail("the steps do not end")
        self.check(kind, keep, "not killed")
        print("%s, keep = %s, %d messages: %d kills, nothing lost, nothing doubled" % (
            kind, keep, n, kills), flush=True)
        self.assertGreater(kills, 5)

    def fail_everywhere(self, kind, keep, n, error, steps):
        self.mails = [mail(i) for i in range(n)]
        self.serve(mails=self.mails)
        failures = 0
        for at in range(1, STEPS_MAX):
            note = "%s, keep = %s, %s from step %d" % (kind, keep, errno.errorcode[error], at)
            self.begin(None, keep)
            deliver = self.deliver_to(kind)
            self.configure(deliver=deliver, keep=keep)
            result = self.box.run(env=self.stopped(at, steps, error))
            if self.steps_done() < at:
                break
            failures += 1
            if result.code != 0:
                self.assertIn(result.code, (70, 73, 74, 75), note + "\n" + str(result))
                self.assertIn("ambil: ", result.stderr, note)
            again = self.box.run()
            self.assertEqual((again.code, again.stderr), (0, ""), note)
            self.check(kind, keep, note)
        else:
            self.fail("the steps do not end")
        print("%s, keep = %s, %d messages: %d times %s, nothing lost, nothing doubled" % (
            kind, keep, n, failures, errno.errorcode[error]), flush=True)
        self.assertGreater(failures, 3)

    def test_maildir_and_keep_40_messages(self):
        self.kill_everywhere("maildir", "true", 40, "sync,rename,unlink")

    def test_maildir_and_delete_40_messages(self):
        self.kill_everywhere("maildir", "false", 40, "sync,rename,unlink")

    def test_mbox_and_keep_40_messages(self):
        self.kill_everywhere("mbox", "true", 40, "sync,rename,unlink,truncate")

    def test_mbox_and_delete_40_messages(self):
        self.kill_everywhere("mbox", "false", 40, "sync,rename,unlink,truncate")

    def test_every_step_maildir_and_delete(self):
        self.kill_everywhere("maildir", "false", 5)

    def test_every_step_maildir_and_age(self):
        self.kill_everywhere("maildir", "1d", 3)

    def test_every_step_mbox_and_delete(self):
        self.kill_everywhere("mbox", "false", 5)

    def test_every_step_mbox_and_keep(self):
        self.kill_everywhere("mbox", "true", 3)

    def test_every_step_of_a_command_and_delete(self):
        self.kill_everywhere("pipe", "false", 3)

    def test_full_disk_maildir(self):
        self.fail_everywhere("maildir", "false", 5, errno.ENOSPC, "create,write,sync,rename")

    def test_full_disk_mbox(self):
        self.fail_everywhere("mbox", "false", 5, errno.ENOSPC, "create,write,sync,rename")

    def test_broken_disk_maildir(self):
        self.fail_everywhere("maildir", "true", 3, errno.EIO, "write,sync")

    def test_broken_disk_mbox(self):
        self.fail_everywhere("mbox", "true", 3, errno.EIO, "write,sync,truncate")


if __name__ == "__main__":
    unittest.main()
