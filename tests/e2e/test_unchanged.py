# SPDX-License-Identifier: GPL-3.0-or-later
"""A large mailbox in which nothing has changed is passed over, and whatever does change is seen.

The first run delivers, the second finds nothing; from then on the listing is known by its digest.  Each test
changes one thing and looks whether it is noticed.
"""

import contextlib
import glob
import os
import random
import re
import sqlite3
import unittest

import corpus
import harness
import popd_case

MANY = 100      # more than what is passed over at all


class Unchanged(popd_case.PopdCase):
    def start(self, *options, **more):
        self.mails = corpus.numbered(MANY)
        self.serve(*options, mails=self.mails)
        self.configure(**more)
        self.ambil()
        self.ambil()
        self.assert_maildir(self.mails)
        self.assertTrue(self.known())

    def state(self):
        return glob.glob(self.box.path(".local", "state", "ambil", "*.db"))[0]

    def known(self):
        """What the state says of the listing: octets, lines and so on."""
        with contextlib.closing(sqlite3.connect(self.state())) as state:
            row = state.execute("SELECT value FROM fact WHERE name = 'listing'").fetchone()
        return row[0].split() if row else None

    def remove(self, number):
        os.unlink(os.path.join(self.server.folder, "%06d" % number))

    def test_an_idle_poll_reads_the_listing_only_and_writes_nothing(self):
        self.start()
        before = os.stat(self.state()).st_mtime_ns, self.known()
        self.ambil()
        self.assertEqual(before, (os.stat(self.state()).st_mtime_ns, self.known()))
        self.assertEqual(self.known()[1], str(MANY))
        self.assert_maildir(self.mails)

    def forget_rows(self):
        with contextlib.closing(sqlite3.connect(self.state())) as state, state:
            state.execute("DELETE FROM mail")

    def test_neither_rows_nor_sizes_are_looked_at(self):
        """Rows that vanish are not missed, which shows that nobody looked; once a day everything is."""
        self.start()
        self.forget_rows()
        self.ambil()
        self.assert_maildir(self.mails)
        self.server.delivers([self.mails[0]])
        self.ambil()
        self.assert_maildir(self.mails + self.mails[:1])
        self.ambil(env=self.box.faketime("+25h"))
        self.assertEqual(len(self.maildir()), 2 * MANY + 1)

    def test_a_record_that_makes_no_sense_is_none(self):
        self.start()
        good = " ".join(self.known())
        for number, bad in enumerate(("", "x", "1 2 3", good.replace(good.split()[3], "0" * 32), good[:40],
                                      "99999999999999999999 " + good, good.rsplit(" ", 1)[0])):
            with contextlib.closing(sqlite3.connect(self.state())) as state, state:
                state.execute("UPDATE fact SET value = ? WHERE name = 'listing'", (bad,))
            new = corpus.numbered(1, start=700 + number)
            self.mails += new
            self.server.delivers(new)
            self.ambil()
            self.assert_maildir(self.mails, note=bad)
            good = " ".join(self.known())
            self.assertEqual(good.split()[1], str(len(self.mails)))

    def test_a_large_listing_that_changed_is_asked_for_again(self):
        """It is not held in memory meanwhile."""
        count = 4000
        self.mails = corpus.numbered(count, size=8)
        self.serve("--uid-format", "long", mails=self.mails)
        self.configure()
        for _ in range(2):
            self.ambil()
        self.assertGreater(int(self.known()[0]), 256 * 1024)
        self.remove(7)
        self.server.delivers(corpus.numbered(1, start=5000))
        self.ambil()
        self.assertEqual(len(re.findall(r"C: UIDL$", self.server.log(), re.MULTILINE)), 4)
        self.ambil()
        self.assert_maildir(self.mails + corpus.numbered(1, start=5000))

    def test_new_mail_behind_it_comes_once(self):
        self.start()
        new = corpus.numbered(3, start=500)
        for n, mail in enumerate(new):
            self.server.delivers([mail])
            self.ambil()
            self.assertEqual(self.known()[1], str(MANY + n + 1))
            self.assert_maildir(self.mails + new[:n + 1])
        self.ambil()
        self.assert_maildir(self.mails + new)

    def test_new_mail_among_it_comes_once(self):
        self.start()
        self.remove(50)
        self.server.serial = 49
        new = corpus.numbered(1, start=500)
        self.server.delivers(new)
        # The name of the file is the UID: this one is another.
        os.rename(os.path.join(self.server.folder, "000050"), os.path.join(self.server.folder, "000050x"))
        self.ambil()
        self.ambil()
        self.assert_maildir(self.mails + new)

    def test_deleted_elsewhere_and_new_mail_comes_once(self):
        for gone in (1, MANY // 2, MANY):
            with self.subTest(gone=gone):
                self.setUp()
                self.start()
                self.remove(gone)
                self.ambil()
                self.assert_maildir(self.mails)
                new = corpus.numbered(2, start=500)
                self.server.delivers(new)
                self.ambil()
                self.ambil()
                self.assert_maildir(self.mails + new)

    def test_what_is_kept_for_a_time_goes_when_it_is_over(self):
        self.start(keep="5d")
        for days, left in (("+4d", MANY), ("+6d", 0)):
            for _ in range(2):
                self.ambil(env=self.box.faketime(days))
            self.assertEqual(len(self.server.mailbox()), left, days)
        self.assert_maildir(self.mails)

    def test_mail_that_came_later_goes_later(self):
        self.start(keep="5d")
        new = corpus.numbered(2, start=500)
        self.server.delivers(new)
        self.ambil(env=self.box.faketime("+2d"))
        self.ambil(env=self.box.faketime("+6d"))
        self.assert_left(new)
        self.ambil(env=self.box.faketime("+6d"))
        self.ambil(env=self.box.faketime("+8d"))
        self.assert_left([])
        self.assert_maildir(self.mails + new)

    def test_a_setting_that_changes_holds_at_once(self):
        self.start()
        self.configure(keep=False)
        self.ambil()
        self.assert_left([])
        self.assert_maildir(self.mails)

    def test_all_fetches_all_of_it_again(self):
        self.start()
        self.ambil("fetch", "--all")
        self.assert_maildir(self.mails * 2)
        self.ambil()
        self.assert_maildir(self.mails * 2)

    def test_the_uid_of_known_mail_behind_it_is_a_twin_and_comes(self):
        self.start("--uid-same", "%d,%d" % (10, MANY + 1))
        new = corpus.numbered(1, start=500)
        self.server.delivers(new)
        for _ in range(3):
            self.ambil()
        self.assert_maildir(self.mails + new)

    def test_mail_that_failed_behind_it_is_tried_again(self):
        self.start()
        new = corpus.numbered(2, start=500)
        self.server.delivers(new)
        refuse = self.box.write("refuse", "#!/bin/sh\ncat >~/one\ngrep -q 'number 500' ~/one && exit 65 || exit 0\n", mode=0o700)
        self.configure(deliver="pipe:" + refuse)
        result = self.box.run()
        self.assert_code(result, 65)
        self.configure()
        self.ambil()
        self.ambil()
        self.assert_maildir(self.mails + new[:1])

    def test_a_uid_used_again_after_mail_left_unnoticed_brings_the_new_mail(self):
        """Mail came behind the known part in a run that failed, and went before the next one."""
        self.start()
        both = corpus.numbered(2, start=500)
        self.server.delivers(both)
        refuse = self.box.write("refuse", "#!/bin/sh\ncat >~/one\ngrep -q 'number 501' ~/one && exit 65 || exit 0\n",
                                mode=0o700)
        self.configure(deliver="pipe:" + refuse)
        self.assert_code(self.box.run(), 65)
        self.configure()
        for number in (MANY + 1, MANY + 2):
            self.remove(number)
        self.ambil()
        self.server.serial = MANY
        new = corpus.numbered(1, start=900, size=3000)
        self.server.delivers(new)
        self.ambil()
        self.assert_maildir(self.mails + new)

    def test_other_mail_under_all_uids_of_a_mailbox_that_was_emptied_comes(self):
        for left in (0, 30, 90):
            with self.subTest(left=left):
                self.setUp()
                self.start()
                for number in range(left + 1, MANY + 1):
                    self.remove(number)
                self.ambil()
                self.server.serial = left
                new = corpus.numbered(MANY - left, start=900, size=3000)
                self.server.delivers(new)
                self.ambil()
                self.assert_maildir(self.mails + new)

    def test_mail_that_came_in_part_and_was_renamed_is_still_known(self):
        self.start()
        new = corpus.numbered(200, start=500)
        self.server.delivers(new)
        self.configure(max_messages=150)
        self.ambil()
        self.configure()
        for number in range(MANY + 1, MANY + 201):
            os.rename(os.path.join(self.server.folder, "%06d" % number),
                      os.path.join(self.server.folder, "z%06d" % number))
        self.ambil()
        self.assert_maildir(self.mails + new)

    def test_deletions_that_were_not_confirmed_are_asked_for_again(self):
        self.mails = corpus.numbered(MANY)
        self.serve(mails=self.mails, faults=["close:at=QUIT@2"])
        self.configure(keep=False)
        self.ambil("fetch", "--from-now")
        self.assert_code(self.box.run("fetch", "--all"), 75)
        self.ambil()
        self.assert_left([])
        self.assert_maildir(self.mails)

    def test_uidl_refused_is_not_sent_again(self):
        self.mails = corpus.numbered(MANY)
        self.serve(mails=self.mails, faults=["err:UIDL:1:[SYS/TEMP] not now@3"])
        self.configure()
        for _ in range(2):
            self.ambil()
        result = self.box.run()
        self.assert_code(result, 75)
        self.assert_said(result.stderr, "does not tell its UIDs now")
        self.ambil()
        self.assert_maildir(self.mails)

    def test_an_endless_listing_ends_as_ever(self):
        self.mails = corpus.numbered(MANY)
        self.serve(mails=self.mails, faults=["listing-endless:UIDL@3"])
        self.configure()
        for _ in range(2):
            self.ambil()
        result = self.box.run()
        self.assert_code(result, 76)
        self.assert_said(result.stderr, "UIDL is endless", "at most 2000000 messages")

    def test_one_listing_is_enough_when_mail_was_deleted_elsewhere(self):
        self.start()
        self.remove(7)
        self.ambil()
        self.ambil()
        new = corpus.numbered(2, start=5000)
        for mail in new:
            self.server.delivers([mail])
            self.forget_rows()
            self.ambil()
        self.assert_maildir(self.mails + new)

    def test_from_now_knows_the_listing_too(self):
        self.mails = corpus.numbered(MANY)
        self.serve(mails=self.mails)
        self.configure(keep=False)
        self.ambil("fetch", "--from-now")
        self.assertEqual(self.known()[1], str(MANY))
        new = corpus.numbered(2, start=500)
        self.server.delivers(new)
        self.ambil()
        self.ambil()
        self.assert_maildir(new)
        self.assert_left(self.mails)

    def test_known_mail_under_new_uids_is_still_found_to_be_known(self):
        self.start()
        for number in range(1, MANY + 1):
            os.rename(os.path.join(self.server.folder, "%06d" % number),
                      os.path.join(self.server.folder, "moved%06d" % number))
        self.ambil()
        self.assert_maildir(self.mails)


class Side(popd_case.PopdCase):
    """One of two mailboxes and fetchers to which the same happens."""

    def runTest(self):
        """Not a test by itself."""

    def put(self, name, octets):
        with open(os.path.join(self.server.folder, name), "wb") as f:
            f.write(octets)

    def remove(self, name):
        os.unlink(os.path.join(self.server.folder, name))

    def rename(self, old, new):
        os.rename(os.path.join(self.server.folder, old), os.path.join(self.server.folder, new))

    def listing(self, statement):
        """Carry it out on what the state says of the listing; how many rows there were."""
        count = 0
        for path in glob.glob(self.box.path(".local", "state", "ambil", "*.db")):
            with contextlib.closing(sqlite3.connect(path)) as state, state:
                count += len(state.execute(statement + " FROM fact WHERE name = 'listing'").fetchall())
        return count

    def outcome(self, args, later, more):
        self.configure(**more)
        result = self.box.run(*args, env=self.box.faketime("+%dm" % later) if later else None)
        return result.code, sorted(self.maildir()), sorted(self.server.mailbox())


class Beside(unittest.TestCase):
    """By chance, the same for each run: what is passed over must make no difference at all."""

    def change(self, sides, chance):
        """Mail comes, goes, comes under a UID of before, or gets another UID."""
        names = sorted(os.listdir(sides[0].server.folder))
        what = chance.choice("ddddrtun") if names else "d"
        octets = corpus.numbered(1, start=self.number, size=chance.choice([80, 300]))[0]
        name = chance.choice(names) if names else None
        for side in sides:
            if what == "d":
                side.put("%06d" % self.number, octets)
            elif what in "rt":
                side.remove(names[-1] if what == "t" else name)
            elif what == "u" and self.gone:
                side.put(self.gone[-1], octets)
            elif what == "n":
                side.rename(name, "z%06d" % self.number)
        if what in "rt":
            self.gone.append(names[-1] if what == "t" else name)
        elif what == "u" and self.gone:
            self.gone.pop()
        self.number += 1

    def test_with_and_without_what_is_said_of_the_listing(self):
        chance = random.Random(20261126)
        sides = [Side(), Side()]
        self.number, self.gone, used, later, keep = 1000, [], 0, 0, True
        for side in sides:
            self.addCleanup(side.doCleanups)
            side.setUp()
            side.serve(mails=corpus.numbered(MANY))
        for step in range(20 if harness.sanitized() else 60):
            for _ in range(chance.choice([0, 0, 1, 2])):
                self.change(sides, chance)
            later += chance.choice([0, 0, 0, 0, 200, 1500])
            keep = chance.choice([keep] * 8 + [True, "3d"])
            args = chance.choice([()] * 8 + [("fetch", "--from-now"), ("fetch", "--accept")])
            more = {"keep": keep, **chance.choice([{}] * 6 + [{"max_messages": 1}])}
            used += sides[0].listing("SELECT name")
            sides[1].listing("DELETE")
            found = [side.outcome(args, later, more) for side in sides]
            self.assertEqual(found[0], found[1], "step %d" % step)
        print("%d runs could pass over" % used, end=" ", flush=True)
        self.assertGreater(used, 5)


if __name__ == "__main__":
    unittest.main()
