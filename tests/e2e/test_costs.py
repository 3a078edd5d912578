# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not depend on the machine: system calls, syncs and instructions, counted and not timed.

Each is the difference between a mailbox of some messages and one of fewer, so that what a start costs does not
count.  tests/bench has the same for other fetchers, and the times.
"""

import os
import sys
import unittest

import harness
import needs
import popd_case

sys.path.insert(0, os.path.join(harness.HERE, "..", "bench"))

import counts   # noqa: E402


class Costs(popd_case.PopdCase):
    def setUp(self):
        super().setUp()
        if harness.sanitized():
            self.skipTest("a sanitized program costs more")

    def calls(self, *args):
        table = self.box.path("strace")
        self.ambil(*args, wrap=(needs.need("strace"), "-f", "-c", "-o", table), timeout=500)
        return counts.calls(table)

    def more_calls(self, few, many):
        """What the second has more of, for each message."""
        return {call: many[call] - few.get(call, 0) for call in many}

    def fetch(self, messages, size, measure, deliver="maildir:~/Mail"):
        self.setUp()
        self.serve("--generate", "%d:%d" % (messages, size), tls="none")
        self.configure(keep=False, deliver=deliver)
        try:
            return measure()
        finally:
            self.server.stop()

    def small_messages(self, deliver, *ways):
        """Calls a message, without those that sync, and of these how many for 256 messages: less than in one of the ways.

        A batch that is a second old is ended: where the machine stands still there are more of them, but not each time.
        """
        for _ in range(5):
            calls, syncs = self.count_small_messages(deliver)
            if any(calls < calls_max and syncs < syncs_max for calls_max, syncs_max in ways):
                return
        self.fail("%.2f calls a message, %.1f syncs for %d: more than %s" % (calls, syncs, counts.BATCH, ways))

    def count_small_messages(self, deliver):
        few, many = [self.fetch(n, 4096, self.calls, deliver) for n in (256, 1280)]
        more = self.more_calls(few, many)
        syncs = sum(more.get(call, 0) for call in counts.SYNCS)
        calls = (sum(more.values()) - syncs) / 1024
        print("%.2f calls a message, %.1f syncs for %d" % (calls, syncs * counts.BATCH / 1024, counts.BATCH),
              end=" ", flush=True)
        return calls, syncs * counts.BATCH / 1024

    def test_system_calls_of_small_messages(self):
        """How files are synced hangs on how long the disk takes for what: all at once, or many in a row."""
        self.small_messages("maildir:~/Mail", (5.2, 64), (6.2, counts.BATCH + 8))

    def test_syncs_of_small_messages(self):
        # The mbox, and what the state says before and behind it; and the last deletions.
        self.small_messages("mbox:~/mbox", (1.5, 3.6))

    def instructions(self):
        output = self.box.path("callgrind")
        self.ambil(wrap=(needs.need("valgrind"), "-q", "--tool=callgrind", "--trace-children=yes",
                         "--callgrind-out-file=%s.%%p" % output), timeout=500)
        return counts.instructions(output)

    def test_instructions_for_an_octet(self):
        for size, few, many, limit in ((4096, 64, 320, 21), (1 << 18, 16, 48, 3)):
            with self.subTest(size=size):
                more = self.fetch(many, size, self.instructions) - self.fetch(few, size, self.instructions)
                each = more / ((many - few) * size)
                print("%.2f instructions an octet of %d" % (each, size), end=" ", flush=True)
                self.assertLess(each, limit)

    def test_an_idle_poll_of_many_writes_nothing_and_looks_at_no_message(self):
        tables, executed = [], []
        for messages in (2_000, 42_000):
            self.setUp()
            self.serve("--generate", "%d:1K" % messages, tls="none")
            self.configure()
            self.ambil("fetch", "--from-now", timeout=500)
            self.ambil()
            tables.append(self.calls())
            executed.append(self.instructions())
            self.server.stop()
        more = self.more_calls(*tables)
        self.assertFalse(any(tables[1].get(call) for call in counts.SYNCS))
        for call in ("write", "pwrite64", "pread64"):
            self.assertLessEqual(more.get(call, 0), 1)
        each = (executed[1] - executed[0]) / 40_000
        print("%.1f instructions a listed message" % each, end=" ", flush=True)
        self.assertLess(each, 160)


if __name__ == "__main__":
    unittest.main()
