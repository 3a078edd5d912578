# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the sessions are played: a home, a POP3 server under a name of the world outside, and a
terminal, which is tmux: a real one, and it can be asked for what it shows.

All of it is in a network of its own, where pop.example.org is this machine.
"""

import fcntl
import os
import re
import shlex
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import certs                                                            # noqa: E402
import harness                                                          # noqa: E402
import needs                                                            # noqa: E402
import popd                                                             # noqa: E402
import tmux                                                             # noqa: E402

HOSTS = ("pop.example.org", "mail.example.net")
PATIENCE_S = harness.PATIENCE_S


def in_own_network(command):
    """The command that runs this one where names and ports of the system are free to take."""
    return ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-n", "-m", "--", *command]


def can_have_network():
    return subprocess.run(in_own_network(["true"]), check=False, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def take_network():
    """In there: loopback goes up, and the names lead to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = struct.pack("16sh14x", b"lo", 0x1 | 0x40)               # IFF_UP, IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, name)                           # SIOCSIFFLAGS
    with tempfile.NamedTemporaryFile("w") as hosts:
        hosts.write("127.0.0.1 localhost %s\n" % " ".join(HOSTS))
        hosts.flush()
        os.chmod(hosts.name, 0o644)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)


class Stage:
    """What a session (sessions.py) plays on."""

    def __init__(self):
        self.box = harness.Sandbox()
        self.mail = os.path.join(self.box.root, "mail")
        self.release = os.path.join(self.box.root, "release")
        self.server = self.authority = self.tmux = None
        self.serial = 0
        os.mkdir(self.box.path("bin"))
        os.symlink(os.path.abspath(harness.AMBIL), self.box.path("bin", "ambil"))
        self.pictures = {}
        self.prompts = 0                # that are to be seen behind the end of what was typed

    # The props

    def serve(self, *options, users=("anna",), password=popd.PASSWORD, faults=()):
        """A server for these users, over TLS on port 995; each has a mailbox for `arrive`."""
        table = os.path.join(self.box.root, "users")
        with open(table, "w", encoding="utf-8") as f:
            for user in users:
                os.makedirs(os.path.join(self.mail, user))
                f.write("%s:%s:%s\n" % (user, password, os.path.join(self.mail, user)))
        self._serve("--users", table, "--release", self.release, *options, faults=faults)

    def serve_sample(self, *options):
        """The same with ten letters for anna, pleasant to read."""
        self._serve("--sample", *options)

    def _serve(self, *options, faults=()):
        folder = os.path.join(self.box.root, "certificates")
        os.mkdir(folder)
        authority = certs.Certificates(folder, authority="Example Authority")
        names = ",".join("DNS:" + host for host in HOSTS)
        cert, key = authority.issue(HOSTS[0], ["subjectAltName = " + names])
        self.authority = authority.ca
        self.server = popd.Popd("--port", "995", "--use-cert", cert, "--use-key", key, *options,
                                faults=faults)

    def arrive(self, sizes, user="anna"):
        """New mail of so many octets."""
        for size in sizes:
            self.serial += 1
            head = b"From: berta@example.net\nSubject: message %d\n\n" % self.serial
            lines = -(-(size - len(head)) // 72)
            with open(os.path.join(self.mail, user, "%06d" % self.serial), "wb") as f:
                f.write((head + (b"z" * 70 + b"\n") * lines)[:size - lines - 4] + b"\n")

    def let_go(self):
        """Of the message that a fault holds back."""
        with open(self.release, "wb"):
            pass

    def configure(self, text):
        self.box.write_config(text)

    def environment(self):
        more = {"PATH": self.box.path("bin") + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
                "PS1": "$ ", "ENV": None, "TERM": "screen", "TMPDIR": None,
                "SSL_CERT_FILE": self.authority}
        return self.box.environment(more)

    # The play

    def before(self, command):
        """Run off stage: what has happened before the picture begins."""
        subprocess.run(shlex.split(command), env=self.environment(), cwd=self.box.home, check=True,
                       stdin=subprocess.DEVNULL)

    def type(self, command, until=None, size=(24, 80)):
        """Type a command, and wait for its end, or until the screen matches."""
        if self.tmux is None:
            self.tmux = tmux.Tmux(self.environment(), self.box.home, size)
            self.wait(r"^\$$")
            self.prompts = 1
        self.prompts += 1
        self.answer(command, until)

    def answer(self, text, until=None):
        """Answer a question."""
        self.tmux.type(text)
        if until:
            self.wait(until)
        else:
            self.finish()

    def finish(self):
        """Wait for the end of the command that was typed."""
        self._wait(lambda lines: lines[-1] == "$" and
                   len([line for line in lines if line.startswith("$")]) >= self.prompts, "a prompt")

    def wait(self, pattern):
        self._wait(lambda lines: re.search(pattern, "\n".join(lines), re.M), pattern)

    def _wait(self, looks_right, what):
        end = time.monotonic() + PATIENCE_S
        while not looks_right(self.tmux.lines()):
            if time.monotonic() > end:
                raise AssertionError("waited in vain for %s:\n%s" % (
                    what, "\n".join(self.tmux.lines())))
            time.sleep(0.03)

    def picture(self, name):
        """Save what is shown."""
        lines = self.tmux.lines()
        if lines[-1] == "$":
            lines.pop()
        self.pictures[name] = "\n".join(line.rstrip() for line in lines) + "\n"

    def close(self):
        if self.tmux:
            self.tmux.close()
        if self.server:
            self.server.stop()
        self.box.remove()
