# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the n-th step fail, for n = 1 until none is left: a disk that is full, broken, read-only, or over quota.

It stays so, or only that one step fails. The run says in one line what it could not do where, and why; its exit
code is the destination's or the state's. The next run, when the fault is gone, completes in silence, and every
message is there exactly once.
"""

import errno
import os
import re
import unittest

import scene

STEPS_MAX = 3000
ANYTHING = "create,write,sync,rename,link,truncate,unlink"
# The kinds of steps that such a disk lets fail, and whether a write does half before.
FAULTS = {
    "ENOSPC": ("create,write,sync,rename,link", False),
    "EDQUOT": ("create,write,sync,rename,link", False),
    "EIO": (ANYTHING, False),
    "EROFS": ("create,write,rename,link,truncate,unlink", False),
    "short write, then ENOSPC": ("write", True),
}
ALIKE = ("EDQUOT", "EROFS")
DELIVERY, STORE, LATER = 73, 74, 75
MESSAGES = {1: 2, 2: 3, 7: 9, None: 9}


def codes_of(step, home):
    """The exit code for what fails there; a folder that both are in is synced for both."""
    kind, path = step.split(" ", 1)
    if kind == "sync" and home.startswith(path):
        return {STORE, DELIVERY}
    return {STORE if path.startswith(home + "/.local") else DELIVERY}


def expect_words(s, run, note, reason):
    """One line, about a step that did fail, with the system's reason."""
    codes = set().union(*(codes_of(step, s.home) for step in run.failures))
    s.expect(run.code in codes, note, run)
    s.expect(run.stdout == "" and run.stderr.startswith("ambil: home: ") and run.stderr.count("\n") == 1, note, run)
    known = [os.strerror(reason)]
    # SQLite keeps no reason when it cannot begin a file, or make a new database durable.
    if re.search(r"^create .*-(wal|journal)$", run.failures[0]):
        known.append("unable to open database file")
    if any(step.endswith("-journal") for step in run.failures):
        known.append("disk I/O error")
    s.expect(any(words in run.stderr for words in known), note + ", its reason", run)
    where = {DELIVERY: ("~/Mail", "~/mbox", "cannot spool mail in ", "cannot sync the folder "),
             STORE: ("the state of this account", "state/ambil", "cannot sync the folder ")}
    s.expect(any(name in run.stderr for name in where.get(run.code, ())), note + ", its place", run)


def fail_everywhere(kind, keep, batch, fault, once):
    """At every step; at some of them where little is new: mail is kept, or only the words are others."""
    stride = scene.STRIDE * (1 if keep == "false" else 4) * (3 if fault in ALIKE else 1)
    mails = [scene.mail(i) for i in range(3 if kind == "pipe" else MESSAGES[batch])]
    steps, short = FAULTS[fault]
    error = getattr(errno, fault.split()[-1])
    failures = at = misses = 0
    with scene.Scene(kind, keep, batch, mails, others=kind == "mbox" and keep == "false") as s:
        for at in range(1, STEPS_MAX, stride):
            note = "%s %s step %d" % (fault, "only at" if once else "from", at)
            s.begin()
            run = s.run(at=at, steps=steps, error=error, once=int(once) or None, short=int(short) or None)
            if run.steps < at:
                misses += 1
                if misses == scene.MISSES:
                    break
                continue
            misses = 0
            failures += 1
            if run.code:
                expect_words(s, run, note, error)
            else:
                s.expect_silence(run, note)
            s.expect_silence(s.run(), note)
            # A command that has done its work is told again when that cannot be recorded.
            s.expect_all(note, doubled=1 if kind == "pipe" else 0)
        else:
            s.expect(False, note, "the steps do not end")
        s.expect(at > 3, "", "only %d steps" % at)
        return "%s: %s %s, %s" % (s.name, fault, "at one step" if once else "from then on", s.verdict(
            faults=failures)), s.problems


class Faults(unittest.TestCase):
    def matrix(self, kind):
        scene.at_once(self, fail_everywhere, [
            (kind, keep, batch, fault, once)
            for keep in scene.KEEPS for batch in (scene.BATCHES if kind != "pipe" else scene.BATCHES[:1])
            for fault in FAULTS for once in (False, True)])

    def test_maildir(self):
        self.matrix("maildir")

    def test_mbox(self):
        self.matrix("mbox")

    def test_pipe(self):
        self.matrix("pipe")


if __name__ == "__main__":
    unittest.main()
