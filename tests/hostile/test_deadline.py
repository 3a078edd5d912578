# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and helpers that keep a run for as long as they are let: what ends it, and when."""

import itertools
import os
import subprocess
import time
import unittest

import hostile
import scripted
import test_boxes
from test_states import STATES, STEPWISE


def drip(begin, line, seconds=0.2):
    """An answer without end, a line at a time."""
    def answer(session, argument):
        yield begin
        for n in itertools.count(1):
            scripted.pause(seconds)
            yield line % {b"n": n}
    return answer


@hostile.each({
    "a greeting": {"verb": "GREETING", "octets": b"+OK hello\r\n"},
    "the answer to CAPA": {"verb": "CAPA", "octets": b"+OK here it is\r\n"},
    "the answer to PASS": {"verb": "PASS", "octets": b"+OK come in, please\r\n"},
    "the answer to UIDL": {"verb": "UIDL", "octets": b"+OK here it is\r\n"},
})
class DrippedLine(hostile.HostileCase):
    """Each octet comes in time, the line does not; no deadline is set."""

    def check(self, verb, octets):
        def answer(session, argument):
            for at in range(len(octets)):
                scripted.pause(0.5)
                yield octets[at:at + 1]
        self.lie({verb: answer}, nothing=True, says="sent no whole line in %d s" % hostile.TIMEOUT_S)
        self.cure()


@hostile.each({
    "capabilities": {"verb": "CAPA", "line": b"X-%(n)d\r\n"},
    "UIDL": {"verb": "UIDL", "line": b"%(n)d uid-%(n)04d\r\n"},
    "LIST": {"verb": "LIST", "line": b"%(n)d 100\r\n", "max_size": "1M"},
})
class DrippedListing(hostile.HostileCase):
    """Each line comes in time, the end never; no deadline is set."""

    def check(self, verb, line, **keys):
        self.lie({verb: drip(b"+OK\r\n", line)}, nothing=True, timeout="2s",
                 says="has not told within 20 s what mail there is", **keys)
        del self.keys["timeout"]
        self.cure()


def deadlines():
    rows = {}
    for verb, row in STATES.items():
        rows["silence at " + verb] = dict(row, fault="silence:at=" + verb)
    for verb, row in STEPWISE.items():
        rows["silence at %s in step" % verb] = dict(row, fault="silence:at=" + verb, pipeline="never")
    rows["dripping"] = {"fault": "drip:ms=50"}
    return rows


@hostile.each(deadlines())
class Deadline(hostile.HostileCase):
    """With timeouts that are longer than the test, a deadline ends the run in every state."""

    def check(self, fault, **more):
        self.attack(fault, codes=(75,), deadline="2s", timeout="5m", connect_timeout="5m",
                    says="stopped after 2 s (deadline)", **more)
        self.cure()


class DeadlineElsewhere(hostile.HostileCase):
    """Where no server is waited for, or it sends without a pause."""

    LONG = {"timeout": "5m", "connect_timeout": "5m", "deadline": "2s"}
    WORDS = "stopped after 2 s (deadline)"

    def assert_no_process(self, command):
        running = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, check=True)
        self.assertNotIn(command.encode(), running.stdout)

    def test_a_listing_without_end_that_never_pauses(self):
        def endless(session, argument):
            yield b"+OK\r\n"
            for n in itertools.count(1, 10):    # slow enough not to be too much first
                yield b"".join(b"%d u%d\r\n" % (one, one) for one in range(n, n + 10))
                scripted.pause(0.0002)
        self.lie({"UIDL": endless}, nothing=True, memory=256 * 1024,
                 says="stopped after 1 s (deadline)", **dict(self.LONG, deadline="1s"))
        self.cure()

    def test_it_tells_what_was_fetched(self):
        self.attack("silence:at=RETR:4", pipeline="never", says=(
            "stopped after 6 s (deadline)", "; 2 of 6 fetched, 4 stay on the server"), codes=(75,),
            **dict(self.LONG, deadline="6s"))
        self.assertEqual(len(self.delivered()), 2)
        self.cure()

    def test_one_that_does_not_come_changes_nothing(self):
        self.attack(codes=(0,), deadline="5m")
        self.cure()

    def test_a_password_command(self):
        """It is ended too."""
        mark = "%d.75" % (os.getpid() + 100000)
        self.attack(codes=(75,), says=self.WORDS, password_command="sleep " + mark,
                    **self.LONG)
        self.assert_no_process("sleep " + mark)
        self.keys = {}
        self.cure()

    def test_the_lock_of_an_mbox(self):
        path = self.box.write("mbox", "")
        self.box.write("mbox.lock", "%d\n" % os.getpid())
        self.attack(codes=(75,), says=("stopped after 6 s (deadline)", "; 0 of 6 fetched, 6 stay"),
                    deliver="mbox:~/mbox", **dict(self.LONG, deadline="6s"))
        self.assertEqual(os.path.getsize(path), 0)
        os.unlink(path + ".lock")
        self.keys = {}
        self.cure()

    def test_a_command(self):
        """It may have delivered already: it is waited for, in its own time, and none is started after it."""
        mark = "%d.5" % (os.getpid() + 100000)
        self.attack(codes=(75,), says=("stopped after 6 s (deadline)", "; 0 of 6 fetched, 6 stay"),
                    deliver="pipe:sleep " + mark, command_timeout="8s", **dict(self.LONG, deadline="6s"))
        self.assert_no_process("sleep " + mark)
        self.keys = {}
        self.cure()

    def test_a_command_that_ignores_it(self):
        self.attack(codes=(75,), says=self.WORDS, deliver="pipe:" + self.box.write(
            "command", "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.1; done\n", mode=0o700),
            command_timeout="4s", **self.LONG)
        self.keys = {}
        self.cure()

    def test_a_slow_command_delivers_no_mail_twice(self):
        command = self.box.write("command", "#!/bin/sh\ncat >\"$(mktemp ~/Mail/new/XXXXXX)\"\n"
                                 "test -e ~/fast || sleep 4\n", mode=0o700)
        for part in ("new", "cur", "tmp"):
            os.makedirs(self.box.path("Mail", part))
        self.attack(codes=(75,), says="stopped after 6 s (deadline)", deliver="pipe:" + command,
                    **dict(self.LONG, deadline="6s"))
        self.assertGreater(len(self.delivered()), 0)
        self.box.write("fast", "")
        self.keys = {"deliver": "pipe:" + command}
        self.cure()

    def test_it_does_not_count_while_another_run_is_waited_for(self):
        """On a terminal; elsewhere nothing is waited for."""
        self.serve()
        self.keys = {"deadline": "5s", "timeout": "5m"}
        self.configure()
        folder = self.box.path(".local/state/ambil")
        os.makedirs(folder, exist_ok=True)
        holder = test_boxes.hold_fcntl(os.path.join(folder, "home.lock"))
        with self.box.terminal() as terminal:
            terminal.expect("waiting")
            time.sleep(6)
            holder.stdin.close()
            holder.stdout.close()
            holder.wait()
            self.assertEqual(terminal.wait(), 0, terminal.text)
        self.assert_once()

    def test_a_worker_that_hears_nothing_is_ended(self):
        """The server sends mail that nobody takes: standard output is a pipe without a reader."""
        self.post([b"Subject: large\n\n" + b"x" * 70 * 40000 + b"\n"])
        self.serve()
        self.cured_by = self.serve
        self.keys = dict(self.LONG, deliver="-")
        self.configure()
        begin = time.monotonic()
        process = self.box.start()
        process.wait(hostile.IN_TIME_S * hostile.PATIENCE)
        self.assertGreater(time.monotonic() - begin, 2)
        err = process.stderr.read().decode()
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(process.returncode, 75, err)
        self.assertIn("stopped after 2 s (deadline)", err)
        self.keys = {}
        self.cure()


if __name__ == "__main__":
    unittest.main()
