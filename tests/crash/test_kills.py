# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills ambil at the n-th durable step, for n = 1 until none is left, runs it once more, and counts.

Maildir and mbox: every message is there exactly once, and nothing half done is left. A command can be told of
one message twice at the most, the one that was in flight. The run that repairs is killed too. Mail that is kept
for a while is removed two days later, without coming again.
"""

import unittest

import scene

STEPS_MAX = 3000
# More than a batch of 7; and syncfs(2) is asked for batches of 9 on. A command gets one mail at a time anyway.
MESSAGES = {1: 4, 7: 9, None: 9}
MESSAGES_PIPE = 4


def kill_everywhere(kind, keep, batch, n, twice=False, tls="none", steps=None, jobs=1):
    mails = [scene.mail(i) for i in range(n)]
    kills = second = at = misses = 0
    with scene.Scene(kind, keep, batch, mails, tls, kind == "mbox" and keep == "false", jobs) as s:
        for at in range(1, STEPS_MAX, scene.STRIDE):
            note = "killed at step %d" % at
            s.begin()
            run = s.run(at=at, steps=steps)
            if run.steps < at:
                s.expect_silence(run, "not killed")
                s.expect_all("not killed")
                misses += 1
                if misses == scene.MISSES:
                    break
                continue
            misses = 0
            if not s.expect(run.code == -9, note, run):
                break
            kills += 1
            if twice:
                note += " and once more at step %d" % (1 + at * 7 % 40)
                second += s.run(at=1 + at * 7 % 40).code == -9
            s.expect_silence(s.run(), note)
            s.expect_all(note, doubled=jobs if kind == "pipe" else 0)
            if keep == "1d":
                s.expect_expiry(note)
        else:
            s.expect(False, note, "the steps do not end")
        s.expect(at > 5, "", "only %d steps" % at)
        return "%s%s: %s" % (s.name, " over TLS" if tls != "none" else "", s.verdict(
            kills=kills + second)), s.problems


class Kills(unittest.TestCase):
    def matrix(self, kind):
        scene.at_once(self, kill_everywhere, [
            (kind, keep, batch, MESSAGES_PIPE if kind == "pipe" else MESSAGES[batch])
            for keep in scene.KEEPS for batch in (scene.BATCHES if kind != "pipe" else scene.BATCHES[:1])])

    def test_maildir(self):
        self.matrix("maildir")

    def test_mbox(self):
        self.matrix("mbox")

    def test_pipe(self):
        self.matrix("pipe")

    def test_commands_side_by_side(self):
        """As many as run at once may be told of their message again, and no more."""
        scene.at_once(self, kill_everywhere, [
            ("pipe", keep, None, 7, False, "none", None, 3) for keep in scene.KEEPS])

    def test_the_run_that_repairs_is_killed_too(self):
        scene.at_once(self, kill_everywhere, [
            (kind, keep, batch, 4, True) for kind in ("maildir", "mbox")
            for keep in ("true", "false") for batch in (2, None)])

    def count_syncs(self, s):
        s.begin()
        steps = s.run(at=STEPS_MAX, steps="sync").steps
        s.expect_all("with AMBIL_BATCH=%s" % s.batch)
        return steps

    def test_a_batch_that_is_no_number_is_none(self):
        syncs = {}
        for batch in (None, "1", "4", "0", "x", "-1", "99999999999"):
            with scene.Scene("maildir", "true", batch, [scene.mail(i) for i in range(4)]) as s:
                # A batch that is a second old is ended: where the machine stands still there may be more of them.
                syncs[batch] = min(self.count_syncs(s) for _ in range(3))
                self.assertEqual(s.problems, [])
        self.assertGreater(syncs["1"], syncs[None])
        del syncs["1"]
        self.assertEqual(set(syncs.values()), {syncs[None]}, syncs)

    def test_many_messages_over_tls(self):
        scene.at_once(self, kill_everywhere, [
            (kind, keep, None, 40, False, "implicit", "sync,rename,unlink,truncate")
            for kind in ("maildir", "mbox") for keep in ("true", "false")])


if __name__ == "__main__":
    unittest.main()
