# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals at awkward moments: after one more run each message is there once."""

import os
import random
import signal
import time
import unittest

import corpus
import dovecot_case
import harness
import mailstore


def setUpModule():
    dovecot_case.start()


def mails(count=300):
    """Messages of a few sizes, so that a run takes long enough to be interrupted."""
    sizes = (300, 2_000, 12_000)
    return [corpus.mail("number %d" % n, (b"%06d\n" % n) * (sizes[n % 3] // 7))
            for n in range(count)]


class Case(dovecot_case.DovecotCase):
    def fresh(self):
        self.box.remove()
        self.setUp()


class Signals(Case):
    def read(self, kind):
        if kind == "maildir":
            return self.maildir()
        return mailstore.read_mbox(self.box.path("mbox"))

    def deliver(self, kind):
        return {"maildir": "maildir:~/Mail", "mbox": "mbox:~/mbox"}[kind]

    def interrupt(self, sign, seconds, group=False):
        """Start a run, signal it after some time, and return how it ended."""
        process = self.box.start()
        time.sleep(seconds)
        if process.poll() is None:
            if group:
                harness.end_group(process, sign)
            else:
                process.send_signal(sign)
        return harness.finish(process)

    whole = None

    def duration(self):
        """How long a whole run takes here; measured once."""
        if Signals.whole is None:
            self.arrive(mails())
            self.configure()
            begin = time.monotonic()
            self.ambil()
            Signals.whole = time.monotonic() - begin
        return Signals.whole

    def rounds(self, sign, code, kind, keep, count, group=False):
        """Interrupt runs at several instants, each on a new mailbox; one more run puts all right."""
        whole = self.duration()
        chance = random.Random(sign * 1000 + keep)
        interrupted = 0
        n = -1
        # Should the machine have become faster or slower since that was measured, others follow, nearer to where
        # the run is.
        while (n := n + 1) < count or (not interrupted and n < 4 * count):
            self.fresh()
            sent = mails()
            want = self.arrive(sent)
            self.configure(deliver=self.deliver(kind), keep=keep)
            delay = whole * (n % count + chance.random()) / count       # early ones and late ones
            note = "%s after %.3f s" % (signal.Signals(sign).name, delay)
            result = self.interrupt(sign, delay, group)
            # Before the program listens to signals they end it as any other program.
            self.assertIn(result.code, (0, code, -sign), "%s: %s" % (note, result))
            interrupted += result.code == code
            if n >= count - 1:
                whole *= 0.5 if result.code == 0 else 1.5
            have = self.read(kind)
            for octets in have:
                self.assertIn(octets, want, note + ": a message that was never sent")
            left = self.server.mailbox(self.user)
            gone = [octets for octets in want if octets not in left]
            self.assertLessEqual(set(gone), set(have), note + ": deleted but not delivered")
            self.assert_code(self.box.run(), 0)
            mailstore.assert_same(self, self.read(kind), want, note)
            self.assert_left(sent if keep else [], note=note)
            if kind == "maildir":
                self.assertEqual(mailstore.unfinished(self.box.path("Mail")), [], note)
        self.assertGreater(interrupted, 0, "no run was caught in the middle")

    def test_sigterm_finishes_with_143(self):
        self.rounds(signal.SIGTERM, 143, "maildir", False, 5)

    def test_sigint_finishes_with_130(self):
        self.rounds(signal.SIGINT, 130, "mbox", True, 5)

    def test_sigterm_to_program_and_workers_at_once_is_the_same(self):
        self.rounds(signal.SIGTERM, 143, "maildir", True, 4, group=True)

    def test_sigkill_of_everything_with_maildir_and_keep(self):
        self.rounds(signal.SIGKILL, -9, "maildir", True, 6, group=True)

    def test_sigkill_of_everything_with_maildir_and_delete(self):
        self.rounds(signal.SIGKILL, -9, "maildir", False, 6, group=True)

    def test_sigkill_of_everything_with_mbox_and_keep(self):
        self.rounds(signal.SIGKILL, -9, "mbox", True, 6, group=True)

    def test_sigkill_of_everything_with_mbox_and_delete(self):
        self.rounds(signal.SIGKILL, -9, "mbox", False, 6, group=True)


# Takes a message, and has not done with it before it is told.
HOLDING = """#!/bin/sh
cat >>~/got
: >~/started
while ! test -e ~/go; do sleep 0.05; done
"""


class Workers(Case):
    """What becomes of the pieces when only one of them is killed."""

    def start_held(self):
        """A run that is surely in the middle of a delivery, until `let_go`."""
        command = self.box.write("command", HOLDING, mode=0o700)
        self.arrive(corpus.numbered(3))
        self.configure(deliver="pipe:" + command, keep=False)
        process = self.box.start()
        self.await_start(process)
        return process

    def await_start(self, process):
        harness.wait_until(lambda: process.poll() is not None or os.path.exists(self.box.path("started")))
        if process.poll() is not None:
            self.fail(process.communicate()[1].decode())

    def let_go(self, seconds=1):
        """Of the delivery at hand, once a signal has surely got to where it is minded; but three seconds later nobody
        would wait for the server any more."""
        time.sleep(seconds)
        self.box.write("go", "")

    def test_a_second_signal_stops_at_once(self):
        command = self.box.write("stubborn", "#!/bin/sh\ntrap '' INT TERM\ncat >/dev/null\n"
                                 ": >~/started\nsleep 300\n", mode=0o700)
        process = self.start_held()
        self.let_go(0)
        harness.finish(process)
        os.unlink(self.box.path("started"))
        sent = corpus.numbered(3, start=4)
        self.arrive(sent)
        self.configure(deliver="pipe:" + command, keep=False)
        process = self.box.start()
        self.await_start(process)
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(harness.PATIENCE_S)
        finally:
            harness.end_group(process)
            process.communicate()
        self.assertIn(code, (130, -signal.SIGINT))
        self.assert_left(sent)

    def test_a_signal_to_the_program_and_then_to_its_group_is_one_request(self):
        """As timeout(1) does; the delivery at hand is finished, and the session ended."""
        for _ in range(20):
            process = self.start_held()
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            harness.end_group(process, signal.SIGTERM)
            # That is at once, if this process was not kept from running in between.
            if time.monotonic() - begin < 0.1:
                break
            harness.end_group(process)
            harness.finish(process)
            self.fresh()
        self.let_go()
        result = harness.finish(process)
        self.assert_code(result, 143)
        self.assertNotIn("nothing is lost", result.stderr)
        self.assertEqual(len(self.server.mailbox(self.user)), 2, "QUIT was said")

    def assert_ends(self, pid):
        """Perhaps nobody buries it."""
        harness.wait_until(lambda: state(pid) in (None, "Z"))

    def test_a_worker_stops_in_good_order_when_its_parent_is_gone(self):
        process = self.start_held()
        worker, = children(process.pid)
        process.kill()
        process.wait()
        self.let_go()
        self.assert_ends(worker)
        process.communicate()
        self.assertEqual(len(self.server.mailbox(self.user)), 2, "QUIT was said")
        self.assert_silent(self.box.run())
        self.assert_left([])

    def test_a_signal_that_came_blocked_stops_it_all_the_same(self):
        """A mask is inherited, too."""
        command = self.box.write("secret", "#!/bin/sh\n: >~/started\nexec sleep 300\n", mode=0o700)
        self.configure(password_file=None, password_command=command)
        process = self.box.start(preexec_fn=lambda: signal.pthread_sigmask(
            signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT}))
        self.await_start(process)
        process.send_signal(signal.SIGTERM)
        self.assert_code(harness.finish(process), 143)

    def test_a_hangup_is_a_request_to_stop(self):
        process = self.start_held()
        process.send_signal(signal.SIGHUP)
        self.let_go()
        self.assert_code(harness.finish(process), 129)
        self.assertEqual(len(self.server.mailbox(self.user)), 2, "QUIT was said")

    def test_nohup_keeps_a_hangup_away(self):
        self.arrive(corpus.numbered(1))
        command = self.box.write("command", HOLDING, mode=0o700)
        self.configure(deliver="pipe:" + command)
        process = self.box.start(wrap=["/bin/sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""])
        self.await_start(process)
        harness.end_group(process, signal.SIGHUP)
        self.let_go(1)
        self.assert_silent(harness.finish(process))

    def test_a_signal_ends_the_command_that_tells_the_password(self):
        command = self.box.write("secret", "#!/bin/sh\n: >~/started\nexec sleep 300\n", mode=0o700)
        self.configure(password_file=None, password_command=command)
        process = self.box.start()
        self.await_start(process)
        process.send_signal(signal.SIGTERM)
        result = harness.finish(process)
        self.assert_code(result, 143)
        self.assertEqual(result.stderr, "ambil: home: interrupted\n")

    def test_a_killed_worker_is_reported(self):
        process = self.start_held()
        workers = children(process.pid)
        self.assertEqual(len(workers), 1, "one worker for one account")
        os.kill(workers[0], signal.SIGKILL)
        self.let_go(0)
        result = harness.finish(process)
        self.assertNotEqual(result.code, 0)
        self.assertTrue(result.stderr.startswith("ambil: home: "), str(result))


def state(pid):
    """The letter of a process's state, None if there is none."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[0]
    except OSError:
        return None


def children(pid):
    """The processes whose parent this is."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, encoding="ascii", errors="replace") as f:
                    if int(f.read().rpartition(")")[2].split()[1]) == pid:
                        found.append(int(name))
            except OSError:
                continue
    return found


if __name__ == "__main__":
    unittest.main()
