# SPDX-License-Identifier: GPL-3.0-or-later
"""A program on a pseudo-terminal: what it wrote, and what a person would see on the screen."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\a\x1b]*(?:\a|\x1b\\)|\x1b[()].|\x1b.|[\s\S]")


class Terminal:
    """Runs a program as the leader of a session whose terminal this is."""

    def __init__(self, command, env, cwd=None, size=(24, 80)):
        self.rows, self.columns = size
        self.raw = b""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen(
            command, env=env, cwd=cwd, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.slave = slave              # held open, so that its modes can be asked at any time

    def read(self, seconds):
        """Take in what comes within some time; False if nothing came."""
        ready, _, _ = select.select([self.master], [], [], max(0, seconds))
        if not ready:
            return False
        self.raw += os.read(self.master, 65536)
        return True

    @property
    def text(self):
        return self.raw.decode("utf-8", "replace")

    @property
    def words(self):
        """All that was written, wherever its lines were broken."""
        return " ".join(self.text.split())

    def expect(self, pattern, timeout=15):
        """Wait until the output so far matches a regular expression."""
        end = time.monotonic() + timeout
        while not re.search(pattern, self.text):
            ended = self.process.poll() is not None
            if not self.read(0 if ended else min(0.1, end - time.monotonic())) and ended:
                raise AssertionError("ended without %r: %r" % (pattern, self.text))
            if time.monotonic() > end:
                raise AssertionError("no %r within %d s: %r" % (pattern, timeout, self.text))

    def send(self, octets):
        os.write(self.master, octets)

    def echoes(self):
        """True if what is typed is shown."""
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait(self, timeout=30):
        """Wait for the end of the program and return its exit code."""
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            self.read(0.05)
            if time.monotonic() > end:
                self.close()
                raise AssertionError("did not end within %d s: %r" % (timeout, self.text))
        while self.read(0.02):
            pass
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        for fd in (self.slave, self.master):
            if fd is not None:
                os.close(fd)
        self.slave = self.master = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.master is not None:
            self.close()

    @property
    def screen(self):
        """The lines on the screen (and those scrolled off), without trailing blanks."""
        return render(self.text, self.columns)


def render(text, columns=80):
    """What a simple terminal shows after this output, as a list of lines."""
    lines, row, column = [[]], 0, 0
    for match in TOKEN.finditer(text):
        token, final = match.group(0), match.group(2)
        count = int(match.group(1)) if (match.group(1) or "").isdigit() else None
        if token == "\r":
            column = 0
        elif token == "\n":
            row += 1
        elif token == "\b":
            column = max(0, column - 1)
        elif final == "A":
            row = max(0, row - (count or 1))
        elif final == "B":
            row += count or 1
        elif final == "G":
            column = (count or 1) - 1
        elif final == "K":
            _fill(lines, row, column)
            lines[row] = [] if count == 2 else lines[row][:column]
        elif final == "J":
            _fill(lines, row, column)
            lines[row] = lines[row][:column]
            del lines[row + 1:]
        elif not token.startswith("\x1b") and token >= " ":
            if column >= columns:
                row, column = row + 1, 0
            _fill(lines, row, column)
            lines[row][column:column + 1] = [token]
            column += 1
    shown = ["".join(line).rstrip() for line in lines]
    while shown and not shown[-1]:
        shown.pop()
    return shown


def _fill(lines, row, column):
    """Make the screen large enough to have this place."""
    while len(lines) <= row:
        lines.append([])
    lines[row].extend(" " * (column - len(lines[row])))
