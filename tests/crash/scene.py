# SPDX-License-Identifier: GPL-3.0-or-later
"""A home, a server and a program that is started again and again: what each crash test plays in.

AMBIL_BATCH, an environment variable that only these tests use, bounds the mails that ambil makes durable
together; what is no number from 1 on is ignored.
"""

import concurrent.futures
import dataclasses
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import harness      # noqa: E402
import mailstore    # noqa: E402
import needs        # noqa: E402
import popd         # noqa: E402

BUILD = os.path.join(HERE, "..", "..", "build", "tests", "crash")
STOPPER = os.environ.get("STOPPER") or os.path.join(BUILD, "libstopper.so")
TAKE = os.environ.get("TAKE") or os.path.join(BUILD, "take")
# In memory, where there is room for it: what is synced is not really written here.
FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
KINDS = ("maildir", "mbox", "pipe")
KEEPS = ("true", "false", "1d")
BATCHES = (1, 7, None)
THREADS = 3
FAKETIME = {"FAKETIME": "+2d", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

# Runs do not all have as many steps: where the next batch is there in time, two entries of the journal are one.
# The end has come when so many runs one after the other had fewer than they should be stopped at.
MISSES = 3
# Every so many steps only: a program that watches each of its accesses takes several times as long.
# CRASH_STRIDE says otherwise.
STRIDE = int(os.environ.get("CRASH_STRIDE") or (25 if harness.sanitized() else 1))

# Somebody else's mail, without the empty line that belongs behind it.
OTHERS = b"From other@example.org Thu Jan  1 00:00:00 2026\nSubject: not ours\n\nFrom\nan older time"


def mail(n, size=300):
    return (b"From: a@example.org\nSubject: message %d\n\n" % n +
            b"".join(b"From line %d of %d\n" % (i, n) for i in range(size // 20)))


def name_batch(batch):
    return "batch of %s" % (batch or "all")


@dataclasses.dataclass
class Run:
    """How a run ended: the exit code, or minus the signal's number; what it said; its steps."""
    code: int
    stdout: str
    stderr: str
    steps: int
    failed: int             # steps that were made to fail
    failures: list          # the first of them, as "KIND PATH"

    def __str__(self):
        return "exit %s after %d steps, %d of them failing (%s)\n%s%s" % (
            self.code, self.steps, self.failed, ", ".join(self.failures[:5]), self.stdout, self.stderr)


class Starter:
    """The program, loaded once and run often."""

    def __init__(self, env=None, preload=(), args=()):
        ours, theirs = socket.socketpair()
        asan = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        full = {key: os.environ[key] for key in harness.PASSED_ON if key in os.environ}
        # Bound now, a library's functions need not be looked up by each run anew.
        full.update(STOP_SERVER=str(theirs.fileno()), ASAN_OPTIONS=asan, LD_BIND_NOW="1",
                    LD_PRELOAD=" ".join([*preload, STOPPER]), TZ="UTC", **(env or {}))
        self.process = subprocess.Popen([harness.AMBIL, *args], env=full, pass_fds=[theirs.fileno()],
                                        stdin=subprocess.DEVNULL)
        theirs.close()
        self.socket = ours

    def stop(self):
        self.socket.close()
        self.process.wait(timeout=harness.PATIENCE_S)

    def _receive(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise RuntimeError("the program cannot be started")
            data += more
        return data

    def run(self, env, out, timeout=300):
        text = b"".join(b"%s=%s\0" % (os.fsencode(key), os.fsencode(str(value)))
                        for key, value in {**env, "RUN_OUT": out + ".out", "RUN_ERR": out + ".err"}.items())
        self.socket.sendall(struct.pack("=I", len(text)) + text)
        pid, = struct.unpack("=i", self._receive(4))
        self.socket.settimeout(timeout)
        try:
            size, = struct.unpack("=I", self._receive(4))
        except socket.timeout:
            os.killpg(pid, signal.SIGKILL)
            raise AssertionError("ambil did not end within %d s: %s" % (timeout, read(out + ".err"))) from None
        finally:
            self.socket.settimeout(None)
        first, *failures = self._receive(size).decode("utf-8", "replace").splitlines()
        status, steps, failed = map(int, first.split())
        return Run(os.waitstatus_to_exitcode(status), read(out + ".out"), read(out + ".err"), steps, failed,
                   failures)


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="backslashreplace") as f:
        return f.read()


class Scene:
    """One account at one server.  A problem found is a string in `problems`."""

    def __init__(self, kind, keep, batch, mails, tls="none", others=False, jobs=1):
        self.kind, self.keep, self.batch, self.mails, self.others = kind, keep, batch, mails, others
        self.jobs = jobs
        self.problems = []
        self.lost = self.doubled = self.in_flight = self.torn = 0
        self.root = tempfile.mkdtemp(prefix="ac", dir=FOLDER)
        self.home = os.path.join(self.root, "home")
        self.stuff = [(shutil.rmtree, self.root, True)]
        try:
            self.server = popd.Popd(mails=mails, tls=tls)
            self.stuff.append((self.server.stop,))
            self.starter = Starter()
            self.stuff.append((self.starter.stop,))
            self.later = None
        except BaseException:
            self.close()
            raise
        self.config = self._config(tls)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        while self.stuff:
            what, *arguments = self.stuff.pop()
            what(*arguments)

    def _config(self, tls):
        deliver = {"maildir": "maildir:~/Mail", "mbox": "mbox:~/mbox", "pipe": "pipe:" + TAKE}[self.kind]
        secure = {"ca_file": self.server.ca} if tls == "implicit" else {"tls": "none",
                                                                       "allow_cleartext_password": True}
        password = os.path.join(self.root, "password")
        with open(password, "w", encoding="ascii") as f:
            f.write(popd.PASSWORD + "\n")
        os.chmod(password, 0o600)
        return harness.account("home", host="localhost" if tls == "implicit" else "127.0.0.1",
                               port=self.server.port, user=popd.USER, password_file=password,
                               received_header=False, deliver=deliver, keep=self.keep, pipe_jobs=self.jobs, **secure)

    @property
    def name(self):
        return "%s%s, keep = %s, %s, %d messages" % (
            self.kind, " x %d" % self.jobs if self.jobs > 1 else "", self.keep, name_batch(self.batch),
            len(self.mails))

    def empty_home(self):
        """A home in which ambil has never run."""
        shutil.rmtree(self.home, ignore_errors=True)
        os.makedirs(os.path.join(self.home, ".local", "state"))
        os.makedirs(os.path.join(self.home, ".config", "ambil"))
        with open(os.path.join(self.home, ".config", "ambil", "ambil.conf"), "w", encoding="utf-8") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(self.config)
        if self.others:
            with open(os.path.join(self.home, "mbox"), "wb") as f:
                f.write(OTHERS)

    def fill_server(self):
        """All mail is new to the server: what a session that was killed still deletes is none of it."""
        for name in os.listdir(self.server.folder):
            os.unlink(os.path.join(self.server.folder, name))
        self.server.delivers(self.mails)

    def begin(self):
        self.empty_home()
        if self.keep != "true":
            self.fill_server()

    def run(self, later=False, batch=True, **stop):
        env = {key: os.environ[key] for key in harness.PASSED_ON if key in os.environ}
        env.update(HOME=self.home, XDG_CONFIG_HOME=os.path.join(self.home, ".config"),
                   XDG_STATE_HOME=os.path.join(self.home, ".local", "state"), LC_ALL="C.UTF-8", TZ="UTC",
                   TMPDIR=self.root)
        if self.batch and batch:
            env["AMBIL_BATCH"] = self.batch
        env.update({"STOP_" + key.upper(): value for key, value in stop.items() if value is not None})
        if later:
            env.update(FAKETIME)
        return self._starter(later).run(env, os.path.join(self.root, "run"))

    def _starter(self, later):
        """Two days later a program needs another clock from its start on."""
        if not later:
            return self.starter
        if not self.later:
            self.later = Starter(FAKETIME, [needs.need("libfaketime")])
            self.stuff.append((self.later.stop,))
        return self.later

    def expect(self, good, note, what):
        if not good:
            self.problems.append("%s, %s: %s" % (self.name, note, what))
        return bool(good)

    def expect_silence(self, run, note):
        return self.expect((run.code, run.stdout, run.stderr) == (0, "", ""), note, run)

    def delivered(self):
        if self.kind != "mbox":
            return mailstore.maildir(os.path.join(self.home, "Mail"))
        path = os.path.join(self.home, "mbox")
        try:
            mails = mailstore.read_mbox(path)
        except ValueError as problem:
            return [str(problem).encode()]
        if self.others:
            # Ambil adds the newline that its last line lacks.
            theirs = mailstore.mboxrd(OTHERS + b"\n\n")
            return mails[1:] if mails[:1] == theirs else [b"not ours is not as it was"] + mails
        return mails

    def expect_all(self, note, doubled=0, left=None):
        """Every mail once (a command: `doubled` of them twice), nothing unfinished, the server as it should be."""
        have = self.delivered()
        extra = len(have) - len(set(have))
        self.lost += len(set(self.mails) - set(have))
        self.torn += len(set(have) - set(self.mails))
        if extra <= doubled:
            self.in_flight += extra
            have = list(dict.fromkeys(have))
        else:
            self.doubled += extra
        self.expect_same(have, self.mails, note)
        unfinished = mailstore.unfinished(os.path.join(self.home, "Mail")) + [
            name for name in os.listdir(self.home) if name.startswith("mbox") and name != "mbox"] + [
            name for name in os.listdir(self.root) if name.startswith("ambil-")]
        self.expect(not unfinished, note, "left: %s" % ", ".join(unfinished))
        if left is None:
            left = [] if self.keep == "false" else self.mails
        self.expect_same(self.server.mailbox(), left, note + ", on the server")

    def expect_same(self, have, want, note):
        difference = mailstore.difference(have, want)
        self.expect(not difference, note, difference)

    def expect_expiry(self, note):
        """Two days later what was kept for one is removed from the server, and nothing comes again."""
        have = self.delivered()
        self.expect_silence(self.run(later=True), note + ", two days later")
        self.expect_same(self.delivered(), have, note + ", two days later")
        self.expect_same(self.server.mailbox(), [], note + ", two days later, on the server")


    def verdict(self, **tried):
        """What was tried, added to the totals, and what came of it: the end of a line."""
        found = {"lost": self.lost, "doubled": self.doubled, "torn": self.torn}
        if self.kind == "pipe":
            found["in flight to a command and repeated"] = self.in_flight
        totals.add(**tried, **found)
        return "%s: %s" % (", ".join("%d %s" % (n, what.replace("_", " ")) for what, n in tried.items()),
                           ", ".join("%d %s" % (n, what) for what, n in found.items()))


class Totals:
    """What all tests of one part have tried and found."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = {}

    def add(self, **counts):
        with self.lock:
            for name, n in counts.items():
                self.counts[name] = self.counts.get(name, 0) + n

    def __str__(self):
        return ", ".join("%d %s" % (n, name.replace("_", " ")) for name, n in self.counts.items())


totals = Totals()


def at_once(test, work, cases):
    """work(*case) for all cases, some at a time; each returns a line to print and its problems."""
    problems = []
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for line, found in pool.map(lambda case: work(*case), cases):
            print(line, flush=True)
            problems += found
    if problems:
        test.fail("%d problems; the first are:\n%s" % (len(problems), "\n".join(problems[:12])))
