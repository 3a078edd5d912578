# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts the power behind every step of a run, and runs ambil on what is left.

A run is traced once. For each point of it, and each of four ways in which a disk may forget what was not synced
(disk.py), a home is built that holds what is left, at a server that has what it had then; ambil completes, and
everything is counted. A command's own files are its own affair: they are taken as durable once it has ended.
"""

import os
import shutil
import time
import unittest

import disk
import scene

# Five minutes, after which a lock file without words is nobody's.
STALE_S = 5 * 60 + 10
# After a kill at so many steps one is cut everywhere, the others where the server deletes, and at the end.
EACH_CUT = 50


class Cuts(scene.Scene):
    """A scene with a run to be cut."""

    def trace(self, note, **more):
        """Runs to the end: the disk before, and the steps."""
        before = disk.Disk(self.home)
        path = os.path.join(self.root, "trace")
        self.expect_silence(self.run(trace=path, **more), note)
        # Its folder's number is in the journal, so it must be the same one again.
        self.tmp = os.path.join(self.home, "Mail", "tmp")
        self.kept = {os.stat(self.tmp).st_ino: os.path.join(self.root, "tmp")} if self.kind == "maildir" else {}
        return before, disk.read_trace(path)

    def put_on_server(self, mails):
        """All its mail, under the names that it had; or none."""
        have = os.listdir(self.server.folder)
        for name in have:
            if name not in mails:
                os.unlink(os.path.join(self.server.folder, name))
        for name, octets in mails.items():
            if name not in have:
                with open(os.path.join(self.server.folder, name), "wb") as f:
                    f.write(octets)

    def rebuild(self, image):
        for inode, place in self.kept.items():
            if os.path.isdir(self.tmp) and os.stat(self.tmp).st_ino == inode:
                os.rename(self.tmp, place)
            for name in os.listdir(place):
                os.unlink(os.path.join(place, name))
        shutil.rmtree(self.home)
        disk.build(image, self.home, self.kept)
        # A lock file that says nothing of its owner is waited for; see mbox in lock.c.
        lock = os.path.join(self.home, "mbox.lock")
        if os.path.exists(lock) and "ambil" not in scene.read(lock):
            old = time.time() - STALE_S
            os.utime(lock, (old, old))

    def cut_everywhere(self, run, on_server, note, fetched=0, late=False):
        """fetched: so many mails had been delivered before. late: only where the server deletes, and at the end."""
        before, steps = run
        cuts, seen, gone = 0, set(), False
        for at, step in enumerate(steps):
            before.apply(step)
            if step.what == "send" and b"QUIT" in step.octets:
                gone = self.keep == "false"
            if late and not (step.what == "send" and b"QUIT" in step.octets) and at + 1 < len(steps):
                continue
            if step.what == "reaped":
                before.add_file("Mail/new/%d" % fetched, self.mails[fetched])
                fetched += 1
            for variant in disk.VARIANTS:
                image = before.image(variant)
                if (gone, image) in seen:
                    continue
                seen.add((gone, image))
                if not late and len(seen) % scene.STRIDE:
                    continue
                cuts += 1
                self.rebuild(image)
                self.put_on_server({} if gone else on_server)
                where = "%s, cut behind step %d (%s), %s" % (note, at + 1, step, variant)
                self.expect_silence(self.run(), where)
                self.expect_all(where, doubled=1 if self.kind == "pipe" else 0)
        return cuts


def server_mail(s):
    mails = {}
    for name in sorted(os.listdir(s.server.folder)):
        with open(os.path.join(s.server.folder, name), "rb") as f:
            mails[name] = f.read()
    return mails


def cut_run(kind, keep, batch, when):
    """when: the first run of an account, a later one, or one that repairs what a kill has left."""
    mails = [scene.mail(i) for i in range(5)]
    with Cuts(kind, keep, batch, mails, others=kind == "mbox" and when == "a later run") as s:
        cuts = 0
        s.begin()
        if when == "the first run":
            on_server = server_mail(s)
            cuts = s.cut_everywhere(s.trace(when), on_server, when)
        elif when == "a later run":
            for name in sorted(os.listdir(s.server.folder))[2:]:
                os.unlink(os.path.join(s.server.folder, name))
            s.expect_silence(s.run(), "the run before")
            s.server.delivers(mails[2:])
            on_server = server_mail(s)
            cuts = s.cut_everywhere(s.trace(when), on_server, when, 2)
        else:
            last, misses = s.run(at=9999).steps, 0
            for at in range(1, last, scene.STRIDE):
                s.empty_home()
                s.fill_server()
                on_server = server_mail(s)
                killed, note = disk.Disk(s.home), "%s at step %d" % (when, at)
                path = os.path.join(s.root, "trace")
                if s.run(at=at, trace=path).code != -9:
                    misses += 1
                    s.expect(misses <= last // 8, when, "not killed at step %d" % at)
                    continue
                for step in disk.read_trace(path):
                    killed.apply(step)
                # The killed run may have come as far as QUIT.
                if server_mail(s) == on_server:
                    cuts += s.cut_everywhere((killed, s.trace(note)[1]), on_server, note, late=at % EACH_CUT > 0)
        return "%s, %s: %s" % (s.name, when, s.verdict(cuts=cuts)), s.problems


class PowerCuts(unittest.TestCase):
    def test_first_run(self):
        scene.at_once(self, cut_run, [(kind, keep, batch, "the first run") for kind in scene.KINDS
                                      for keep, batch in (("false", 2), ("true", 3))])

    def test_later_run(self):
        scene.at_once(self, cut_run, [(kind, keep, batch, "a later run") for kind in scene.KINDS
                                      for keep, batch in (("false", 2), ("1d", None))])

    def test_run_that_repairs(self):
        scene.at_once(self, cut_run, [(kind, keep, 2, "after a kill") for kind in ("maildir", "mbox")
                                      for keep in ("false", "true")])


if __name__ == "__main__":
    unittest.main()
