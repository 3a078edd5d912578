# SPDX-License-Identifier: GPL-3.0-or-later
"""Peak memory of the program and its workers: it must not grow with the mail."""

import os
import shutil
import sys
import tempfile
import unittest

import harness
import needs
import popd
import popd_case

LIMIT_KIB = 24 * 1024
GIB = 1 << 30


class Memory(popd_case.PopdCase):
    def setUp(self):
        super().setUp()
        if harness.sanitized():
            self.skipTest("the memory of a sanitized program says nothing")

    def fetch(self, *args, timeout=900):
        """Run silently and well; returns the peak in KiB."""
        output = self.box.path("peak")
        tool = os.path.join(harness.HERE, "peak.py")
        self.ambil(*args, wrap=(sys.executable, "-I", "-S", tool, output), timeout=timeout)
        with open(output, encoding="ascii") as f:
            return int(f.read())

    def assert_small(self, peak, limit=LIMIT_KIB):
        self.assertLess(peak, limit, "%d KiB" % peak)
        print("peak %d KiB" % peak, end=" ", flush=True)

    def test_10000_messages_of_4_kib_with_delete(self):
        self.serve("--generate", "10000:4K")
        self.configure(keep=False)
        self.assert_small(self.fetch())
        self.assert_maildir(popd.generated("10000:4K"))
        session = self.server.sessions(1)[0]
        self.assertEqual((session["retr"], session["dele"], session["quit"]), (10000, 10000, True))

    def test_100000_known_messages(self):
        self.serve("--generate", "100000:1K")
        self.configure()
        self.assert_code(self.box.run("fetch", "--from-now", timeout=900), 0)
        # What is listed and matched takes no more than 256 octets for each message.
        self.assert_small(self.fetch("fetch", "--accept"), LIMIT_KIB // 2 + 100_000 * 256 // 1024)
        self.assert_small(self.fetch(), LIMIT_KIB // 2)
        self.assertEqual(self.maildir(), [])

    def test_a_million_known_messages_at_an_idle_poll(self):
        self.serve("--generate", "1000000:1K")
        self.configure()
        self.assert_code(self.box.run("fetch", "--from-now", timeout=900), 0)
        self.assert_small(self.fetch(), LIMIT_KIB // 2)
        self.assertEqual(self.maildir(), [])

    def huge(self, deliver, place):
        if shutil.disk_usage(tempfile.gettempdir()).free < 4 * GIB:
            needs.missing_here("needs 4 GiB of free space in %s" % tempfile.gettempdir())
        self.serve("--generate", "1:1G")
        self.configure(keep=False, deliver=deliver)
        self.assert_small(self.fetch())
        path = self.box.path(place)
        if os.path.isdir(path):
            path = os.path.join(path, os.listdir(path)[0])
        # All lines end with CRLF on the wire and with LF here: each counts one octet less.
        lines = 0
        with open(path, "rb") as f:
            while block := f.read(1 << 20):
                lines += block.count(b"\n")
        return os.path.getsize(path) + lines

    def test_one_message_of_1_gib_into_a_maildir(self):
        self.assertEqual(self.huge("maildir:~/Mail", "Mail/new"), GIB)

    def test_one_message_of_1_gib_through_a_command(self):
        command = self.box.write("command", "#!/bin/sh\ncat >~/taken\n", mode=0o700)
        self.assertEqual(self.huge("pipe:" + command, "taken"), GIB)


if __name__ == "__main__":
    unittest.main()
