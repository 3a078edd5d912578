# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts popd, and runs one command through `starter`, which says what it took."""

import json
import os
import select
import signal
import subprocess
import time


class Failed(Exception):
    """A run that does not count: it ended badly, took too long, lost mail or doubled it."""


class Programs:
    """Where the programs of a build are."""

    def __init__(self, build):
        self.ambil = os.path.join(build, "ambil")
        self.popd = os.path.join(build, "tests", "popd", "popd")
        for name in ("starter", "rawread", "baredisk"):
            setattr(self, name, os.path.join(build, "tests", "bench", name))


class Server:
    """A running popd.  Attributes: port, ca (None in clear)."""

    def __init__(self, programs, folder, options, tls, port=0):
        self._stats = os.path.join(folder, "stats")
        if os.path.exists(self._stats):
            os.unlink(self._stats)
        self.ca = os.path.join(folder, "ca.pem") if tls else None
        # As the server greets that most mail of the world is behind, since fetchers may know it by that.
        command = [programs.popd, "--parent-exit", "--stats", self._stats, "--fault", "greeting:+OK Dovecot ready.",
                   "--tls", "implicit" if tls else "none"]
        if tls:
            command += ["--ca-file", self.ca]
        if port:
            command += ["--port", str(port)]
        # It ends when its standard input does, so it cannot outlive this program.
        self.process = subprocess.Popen(command + options, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline().decode(errors="replace") if ready else ""
        if not line.startswith("ready port="):
            self.stop()
            raise RuntimeError("popd did not start: %r" % line)
        self.port = int(line.split("=")[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def sessions(self, count, seconds=10):
        """What the server counted, once that many sessions have ended."""
        end = time.monotonic() + seconds
        while True:
            rows = []
            if os.path.exists(self._stats):
                with open(self._stats, encoding="utf-8") as f:
                    rows = [json.loads(row) for row in f.read().splitlines()]
            if len(rows) >= count:
                return rows
            if time.monotonic() > end:
                raise Failed("%d sessions, not %d" % (len(rows), count))
            time.sleep(0.01)


def run(programs, command, folder, env, timeout, stdin=subprocess.DEVNULL, fine=(0,)):
    """Run the command in a process group of its own; returns what starter wrote, as a dict."""
    output = os.path.join(folder, "usage")
    words = os.path.join(folder, "words")
    # What others have left to be written must not be waited for by a sync of this run.
    os.sync()
    with open(words, "wb") as said:
        process = subprocess.Popen([programs.starter, output, *command], cwd=folder, env=env,
                                   stdin=stdin, stdout=said, stderr=said, start_new_session=True)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Failed("took more than %d s" % timeout) from None
    if code not in fine:
        with open(words, encoding="utf-8", errors="replace") as said:
            raise Failed("exit status %d: %s" % (code, said.read()[-300:].strip()))
    with open(output, encoding="utf-8") as f:
        return json.load(f)
