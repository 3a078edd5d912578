# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ambil in a home of its own and looks at what it said and did.

The program is the one named by AMBIL, else the one in build/ of this source tree.
"""

import dataclasses
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import mailstore
import needs
import terminal

HERE = os.path.dirname(os.path.abspath(__file__))
AMBIL = os.environ.get("AMBIL") or os.path.join(HERE, "..", "..", "build", "ambil")

# So long is waited for what comes at once where nothing else runs: the machine may be slow, and busy.
PATIENCE_S = 120

# What passes from the caller's environment to the program: the rest must not matter.
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")


@dataclasses.dataclass
class Result:
    """How a run ended.  stderr is text, since that is for people; stdout is octets."""
    code: int
    stdout: bytes
    stderr: str

    def __str__(self):
        return "exit %s\nstdout: %r\nstderr: %s" % (self.code, self.stdout[:500], self.stderr)

    @property
    def lines(self):
        return self.stderr.splitlines()


# The program is started as a login shell would: what the caller ignores, blocks or masks (as nohup and `&` of a
# script do) is not what is tested.
for usual in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD, signal.SIGTSTP,
              signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT, signal.SIGWINCH, signal.SIGALRM):
    signal.signal(usual, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.pthread_sigmask(signal.SIG_SETMASK, ())
os.umask(0o022)


def sanitized():
    """True if the program was built with the address sanitizer, whose memory use is its own."""
    with open(AMBIL, "rb") as f:
        return b"__asan_init" in f.read()


def value(thing):
    """A Python value in the syntax of the configuration file."""
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, int):
        return str(thing)
    if isinstance(thing, (list, tuple)):
        return "{" + ", ".join(value(one) for one in thing) + "}"
    return '"' + thing.replace("\\", "\\\\").replace('"', '\\"') + '"'


def settings(**keys):
    """Lines `key = value`; an underscore stands for a hyphen, None leaves the key out."""
    return "".join("%s = %s\n" % (key.replace("_", "-"), value(thing))
                   for key, thing in keys.items() if thing is not None)


def account(name, **keys):
    """One account section, a setting on each line.

    Every failure is said, unless a test asks for what is the default with quiet_for=None.
    """
    return "account %s {\n%s}\n" % (name, settings(**{**keys, "quiet_for": keys.get("quiet_for", "0s")}))


class Sandbox:
    """A home folder with configuration, state and mail, thrown away at the end."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="ah")
        self.home = os.path.join(self.root, "home")
        self.state = os.path.join(self.home, ".local", "state")
        self.config = os.path.join(self.home, ".config", "ambil", "ambil.conf")
        os.makedirs(os.path.dirname(self.config))
        os.makedirs(self.state)

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def write(self, name, text, mode=0o600):
        """Write a file below the home and return its path."""
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def write_config(self, *parts, mode=0o600):
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("".join(parts))
        os.chmod(self.config, mode)

    def environment(self, more=None):
        env = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        env.update(HOME=self.home, XDG_CONFIG_HOME=os.path.join(self.home, ".config"),
                   XDG_STATE_HOME=self.state, LC_ALL="C.UTF-8", TZ="UTC", LOGNAME="tester",
                   # Not the keyring of whoever runs the tests.
                   DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent/bus")
        env.update(more or {})
        return {key: text for key, text in env.items() if text is not None}

    def start(self, *args, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, wrap=(),
              **more):
        """Start ambil in a session of its own: no terminal is in reach.

        `wrap` is a command put in front, such as a program that measures.
        """
        return subprocess.Popen([*wrap, AMBIL, *args], env=self.environment(env), cwd=self.home,
                                stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                start_new_session=True, **more)

    def run(self, *args, timeout=PATIENCE_S, **more):
        """Run ambil off a terminal, to its end."""
        return finish(self.start(*args, **more), timeout)

    def terminal(self, *args, env=None, **more):
        """Start ambil on a terminal of its own; returns a Terminal."""
        return terminal.Terminal([AMBIL, *args], self.environment({"TERM": "xterm", **(env or {})}),
                                 cwd=self.home, **more)

    def faketime(self, shift):
        """Environment under which the program's calendar is shifted, as by '+15d'."""
        options = [os.environ.get("ASAN_OPTIONS", ""), "verify_asan_link_order=0"]
        return {"LD_PRELOAD": needs.need("libfaketime"), "FAKETIME": shift,
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
                "ASAN_OPTIONS": ":".join(filter(None, options))}


def finish(process, timeout=PATIENCE_S):
    """Collect what a started ambil says until it ends; a run that hangs is a failure."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        end_group(process)
        out, err = process.communicate()
        raise AssertionError("ambil did not end within %d s; stdout %r, stderr: %s" % (
            timeout, (out or b"")[:500], err.decode(errors="replace"))) from None
    return Result(process.returncode, out or b"", err.decode("utf-8", "backslashreplace"))


def day(days):
    """The date in so many days. Whoever compares takes that of before, too: there is midnight."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * 86400))


def wait_until(holds, seconds=PATIENCE_S):
    """Wait for what comes at once, unless the machine is busy."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("it has not come to pass within %d s" % seconds)
        time.sleep(0.01)


def end_group(process, sign=signal.SIGKILL):
    """Signal the program and its workers, all of the session that `start` made."""
    try:
        os.killpg(process.pid, sign)
    except ProcessLookupError:
        pass


class Case(unittest.TestCase):
    """A test with a sandbox and the assertions that most tests want."""

    maxDiff = None

    def setUp(self):
        self.box = Sandbox()
        self.addCleanup(self.box.remove)

    def ambil(self, *args, **more):
        """Run off a terminal and expect what cron wants: success, and not one octet of output."""
        result = self.box.run(*args, **more)
        self.assert_silent(result)
        return result

    def assert_silent(self, result):
        self.assertEqual((result.code, result.stdout, result.stderr), (0, b"", ""))

    def assert_code(self, result, code):
        self.assertEqual(result.code, code, str(result))

    def assert_said(self, text, *parts):
        """Each part is in the text, in this order."""
        place = 0
        for part in parts:
            found = text.find(part, place)
            self.assertNotEqual(found, -1, "%r not (or not in this place) in:\n%s" % (part, text))
            place = found + len(part)

    def maildir(self, name="Mail"):
        return mailstore.maildir(self.box.path(name))

    def assert_maildir(self, want, name="Mail", note=""):
        """The Maildir holds just these messages, and nothing half done."""
        mailstore.assert_same(self, self.maildir(name), want, note)
        self.assertEqual(mailstore.unfinished(self.box.path(name)), [], note)
