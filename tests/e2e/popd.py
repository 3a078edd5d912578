# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts popd, the scripted POP3 server of these tests, and reads what it wrote down.

The program is the one named by POPD, else the one in build/ of this source tree.
"""

import json
import os
import select
import shutil
import subprocess
import tempfile

import ports

HERE = os.path.dirname(os.path.abspath(__file__))
POPD = os.environ.get("POPD") or os.path.join(HERE, "..", "..", "build", "tests", "popd", "popd")

USER = "anna"
PASSWORD = "secret"


def written(folder):
    """The messages in a folder of files, in order of name."""
    mails = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            mails.append(f.read())
    return mails


def generated(spec, *options):
    """What `--generate SPEC` serves with those options, as a fetcher must have it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([POPD, *options, "--write-generated", folder, spec], check=True)
        return written(folder)


class Popd:
    """A running server; by default TLS at once.  Attributes: port, ca, folder (of the mail).

    `mails` are put as files into a folder of its own, from which DELE and QUIT remove them.
    A name of a file is the message's UID in other letters, so equal names are equal UIDs.
    """

    def __init__(self, *options, mails=None, faults=(), tls="implicit"):
        self.tls = tls
        self.root = tempfile.mkdtemp(prefix="ap")
        self.folder = os.path.join(self.root, "mail")
        self.ca = self._path("ca.pem")
        self.serial = 0
        self.process = None
        os.mkdir(self.folder)
        port = [] if "--port" in options else ["--port", str(ports.free()[0])]
        command = [POPD, "--parent-exit", *port, "--tls", tls, "--stats", self._path("stats"),
                   "--log", self._path("log"), "--ca-file", self.ca]
        if mails is not None:
            self.delivers(mails)
            command += ["--mail", self.folder]
        for fault in faults:
            command += ["--fault", fault]
        try:
            self._start(command + list(options))
        except BaseException:
            self.stop()
            raise

    def _path(self, name):
        return os.path.join(self.root, name)

    def _start(self, command, seconds=60):
        """Start it and wait for its line "ready port=N"."""
        # It ends when its standard input does, so it cannot outlive the tests.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline().decode(errors="replace") if ready else ""
        if not line.startswith("ready port="):
            raise RuntimeError("popd did not start: %r" % line)
        self.port = int(line.split("=")[1])

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def delivers(self, mails):
        """New mail; found by the next session."""
        for octets in mails:
            self.serial += 1
            with open(os.path.join(self.folder, "%06d" % self.serial), "wb") as f:
                f.write(octets)

    def mailbox(self):
        """What the folder still holds."""
        return written(self.folder)

    def settle(self, seconds=60):
        """Wait until all sessions have ended: then they are counted, and all is in the log that was said."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else b"a session goes on"
        if line != b"idle\n":
            raise AssertionError("popd: %r" % line)

    def sessions(self, count):
        """What the server counted in each session, in order, once all have ended: at least that many."""
        self.settle()
        rows = self._lines("stats")
        if len(rows) < count:
            raise AssertionError("%d sessions have ended, not %d" % (len(rows), count))
        return sorted((json.loads(row) for row in rows), key=lambda row: row["session"])

    def count_sessions(self):
        return len(self.sessions(0))

    def log(self):
        """What was said, as text with C: and S: in front of each line."""
        return "\n".join(self._lines("log"))

    def _lines(self, name):
        if not os.path.exists(self._path(name)):
            return []
        with open(self._path(name), encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()
