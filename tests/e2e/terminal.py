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
import unicodedata

MARK = b"\0that is all\0"        # written by take_all() alone
TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\a\x1b]*(?:\a|\x1b\\)|\x1b[()].|\x1b.|[\s\S]")


class Terminal:
    """Runs a program as the leader of a session whose terminal this is."""

    def __init__(self, command, env, cwd=None, size=(24, 80)):
        self.rows, self.columns = size
        self.raw = b""
        self.came = None                # when something came last
        self.sizes = [(0, *size)]       # from which octet on the terminal was of that size
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen(
            command, env=env, cwd=cwd, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.slave = slave              # held open, so that its modes can be asked at any time
        # Another one, for take_all(), which must not wait in a write.
        self.beside = os.open(os.ttyname(slave), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)

    def read(self, seconds):
        """Take in what comes within some time; False if nothing came."""
        ready, _, _ = select.select([self.master], [], [], max(0, seconds))
        if not ready:
            return False
        self.raw += os.read(self.master, 65536)
        self.came = time.monotonic()
        return True

    def take_all(self, timeout=60):
        """Take in all that has been written by now.

        The system hands it over in its own time, also after the end of who wrote it: what is written behind
        that, and comes last, says that it is all.
        """
        end = time.monotonic() + timeout
        left = MARK
        while left:
            try:
                left = left[os.write(self.beside, left):]
            except BlockingIOError:
                self._go_on(end)
        while MARK not in self.raw:
            self._go_on(end)
        self.raw = self.raw.replace(MARK, b"")

    def _go_on(self, end):
        self.read(0.05)
        if time.monotonic() > end:
            raise AssertionError("the terminal does not hand over what was written: %r" % self.text)

    @property
    def text(self):
        return self.raw.decode("utf-8", "replace")

    @property
    def words(self):
        """All that was written, wherever its lines were broken."""
        return " ".join(self.text.split())

    def expect(self, pattern, timeout=60):
        """Wait until the output so far matches a regular expression."""
        end = time.monotonic() + timeout
        while not re.search(pattern, self.text):
            if self.process.poll() is not None:
                self.take_all()
                if not re.search(pattern, self.text):
                    raise AssertionError("ended without %r: %r" % (pattern, self.text))
                return
            if not self.read(min(0.1, end - time.monotonic())) and time.monotonic() > end:
                raise AssertionError("no %r within %d s: %r" % (pattern, timeout, self.text))

    def since(self, octet):
        """What was written from there on."""
        return self.raw[octet:].decode("utf-8", "replace")

    def send(self, octets):
        os.write(self.master, octets)

    def echoes(self):
        """True if what is typed is shown."""
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait(self, timeout=120):
        """Wait for the end of the program and return its exit code."""
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            self.read(0.05)
            if time.monotonic() > end:
                self.close()
                raise AssertionError("did not end within %d s: %r" % (timeout, self.text))
        self.take_all()
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        for fd in (self.beside, self.slave, self.master):
            if fd is not None:
                os.close(fd)
        self.slave = self.master = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.master is not None:
            self.close()

    def resize(self, rows, columns):
        """Another size, as when a window is dragged; what was written until now is on the screen.

        A program that draws every second, whatever happens, has just done that: a line for the old size does not
        come while it changes.
        """
        if self.came and time.monotonic() - self.came > 0.5:
            self.read(2)
        self.take_all()
        self.sizes.append((len(self.raw), rows, columns))
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def screen(self):
        """The lines on the screen (and those scrolled off), without trailing blanks."""
        return self.shown()

    def shown(self, wraps_anew=True):
        """The same, on a terminal that wraps lines anew in another width, or one that cuts them off."""
        begin, rows, columns = self.sizes[0]
        screen = Screen(columns, rows)
        for end, rows, columns in self.sizes[1:] + [(len(self.raw), self.rows, self.columns)]:
            screen.write(self.raw[begin:end].decode("utf-8", "replace"))
            screen.resize(columns, rows, wraps_anew)
            begin = end
        return screen.shown()


class Screen:
    """What a terminal makes of the octets it gets, as far as programs on a line or two use it.

    A cell is a character with what is written over it; behind a wide one there is an empty cell.
    """

    def __init__(self, columns=80, rows=None):
        self.columns, self.rows = columns, rows
        self.lines = [[]]
        self.wrapped = set()            # rows that go on in the next
        self.row = self.column = 0
        self.wraps = True
        self.control = {"\r": self._return, "\n": self._feed, "\b": self._back}

    def write(self, text):
        for match in TOKEN.finditer(text):
            token, final = match.group(0), match.group(2)
            if token in self.control:
                self.control[token]()
            elif final:
                self._obey(match.group(1), final)
            elif not token.startswith("\x1b") and token >= " ":
                self._put(token)

    def shown(self):
        lines = ["".join(line).rstrip() for line in self.lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def resize(self, columns, rows, wraps_anew=True):
        if columns != self.columns:
            if wraps_anew:
                self._wrap_anew(columns)
            else:
                self.lines = [line[:columns] for line in self.lines]
                self.column = min(self.column, columns - 1)
        self.columns, self.rows = columns, rows

    def _wrap_anew(self, columns):
        lines, wrapped, place = [], set(), (0, 0)
        whole, offset = [], None
        for row, line in enumerate(self.lines):
            if row == self.row:
                offset = len(whole) + self.column
            whole += line
            if row in self.wrapped:
                continue
            if offset is not None:
                place = (len(lines) + offset // columns, offset % columns)
                offset = None
            while len(whole) > columns:
                wrapped.add(len(lines))
                lines.append(whole[:columns])
                whole = whole[columns:]
            lines.append(whole)
            whole = []
        self.lines, self.wrapped = lines, wrapped
        self.row, self.column = place
        self._fill()

    def _return(self):
        self.column = 0

    def _back(self):
        self.column = max(0, self.column - 1)

    def _feed(self):
        self.row += 1
        self._fill(0)

    def _obey(self, numbers, final):
        count = int(numbers) if numbers.isdigit() else None
        if final == "A":
            top = max(0, len(self.lines) - self.rows) if self.rows else 0
            self.row = max(top, self.row - (count or 1))
        elif final == "B":
            self.row += count or 1
        elif final == "G":
            self.column = (count or 1) - 1
        elif final == "K":
            self._fill()
            self.wrapped.discard(self.row)
            self.lines[self.row] = [] if count == 2 else self.lines[self.row][:self.column]
        elif final == "J":
            self._fill()
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
            self.wrapped -= {row for row in self.wrapped if row >= self.row}
        elif numbers == "?7":
            self.wraps = final == "h"

    def _put(self, character):
        width = columns_of(character)
        if width == 0:
            self._fill()
            if self.column:
                self.lines[self.row][self.column - 1] += character
            return
        if self.column + width > self.columns:
            if self.wraps and width <= self.columns:
                self._fill()
                self.wrapped.add(self.row)
                self.row, self.column = self.row + 1, 0
            else:
                self.column = max(0, self.columns - width)
        self._fill()
        self.lines[self.row][self.column:self.column + width] = [character] + [""] * (width - 1)
        self.column += width

    def _fill(self, column=None):
        """Make the screen large enough to have this place."""
        while len(self.lines) <= self.row:
            self.lines.append([])
        line = self.lines[self.row]
        line.extend(" " * ((self.column if column is None else column) - len(line)))


def columns_of(text):
    """How many columns a terminal needs for it."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


def render(text, columns=80):
    """What a simple terminal shows after this output, as a list of lines."""
    screen = Screen(columns)
    screen.write(text)
    return screen.shown()
