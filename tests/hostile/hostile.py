# SPDX-License-Identifier: GPL-3.0-or-later
"""What all cases share: an attack, what must be true after it, and a cure.

Each case runs ambil against something that misbehaves in every session, then once more with
nothing in its way.  After the first run: it ended in time and in little memory, said one clear
line without control octets and secrets, delivered whole messages only, and the server still has
all that was not delivered.  After the second: every message is there exactly once.
"""

import base64
import os
import re
import subprocess
import sys
import time
import unittest

import corpus
import harness
import mailstore
import popd
import scripted

MEMORY_KIB = 40 * 1024
# What is silent for longer than this is given up: far more than an answer takes where much else runs.
TIMEOUT_S = 4
# Even four sessions that all fall silent end well before this.
IN_TIME_S = 12
# Where nothing else runs. A machine may be slow, and busy: nothing ends by chance between these and what they rule
# out, the minutes of the usual timeouts.
PATIENCE = 12 if harness.sanitized() else 4
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
PASSWORD = "pa55-w0rd/x"
PLAIN = base64.b64encode(("\0%s\0%s" % (popd.USER, PASSWORD)).encode()).decode()


def each(table):
    """Class decorator: one test for each row of the table, named by its claim.

    The row's values go to `check`.  A value `wrong` says why the row is expected to fail today.
    """
    def make(cls):
        for claim, row in table.items():
            row = dict(row)
            wrong = row.pop("wrong", None)

            def test(self, row=row):
                self.check(**row)
            name = "test_" + re.sub(r"\W+", "_", claim).strip("_")
            if hasattr(cls, name):
                raise ValueError("two claims make one name: " + claim)
            test.__name__ = name
            setattr(cls, name, unittest.expectedFailure(test) if wrong else test)
        return cls
    return make


class Server(popd.Popd):
    """popd over a folder of mail that outlives it."""

    def __init__(self, folder, *options, **more):
        super().__init__("--mail", folder, "--password", PASSWORD, *options, **more)
        self.folder = folder
        self.serial = max([int(name) for name in os.listdir(folder)], default=0)


class HostileCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.mails = corpus.numbered(6)
        self.folder = os.path.join(self.box.root, "server")
        self.server = None
        self.keys = {}
        self.runs = 0

    # ---- servers ----

    def post(self, mails):
        """These messages wait on the server."""
        self.mails = mails
        os.makedirs(self.folder, exist_ok=True)
        for number, octets in enumerate(mails, 1):
            with open(os.path.join(self.folder, "%06d" % number), "wb") as f:
                f.write(octets)

    def serve(self, *options, faults=(), tls="none"):
        """popd with the mails of this case; a server started before is stopped."""
        if not os.path.isdir(self.folder):
            self.post(self.mails)
        if self.server is not None:
            self.server.stop()
        self.server = Server(self.folder, *options, faults=faults, tls=tls)
        self.addCleanup(self.server.stop)
        return self.server

    def script(self, overrides, **more):
        """A scripted server with the mails of this case; it behaves when `evil` is false."""
        self.server = scripted.Server(more.pop("mails", self.mails), overrides, **more)
        self.addCleanup(self.server.stop)
        return self.server

    def configure(self, **more):
        tls = {"implicit": {"ca_file": getattr(self.server, "ca", None)},
               "starttls": {"ca_file": getattr(self.server, "ca", None), "tls": "starttls"},
               "none": {"tls": "none", "allow_cleartext_password": True}}[self.server.tls]
        password = self.box.write("password", PASSWORD + "\n")
        self.box.write_config(harness.account("home", **{
            "host": "localhost", "ip": "4", "port": self.server.port, "user": popd.USER,
            "password_file": password, "received_header": False, "keep": False,
            "timeout": "%ds" % TIMEOUT_S, "connect_timeout": "%ds" % TIMEOUT_S, **tls, **self.keys, **more}))

    # ---- runs ----

    def assert_in_time(self, seconds):
        """The last run: not that it was fast, but that it did not wait or toil for nothing."""
        self.assertLess(self.seconds, seconds * PATIENCE)

    def go(self, *args, limit=IN_TIME_S, memory=MEMORY_KIB, wrap=(), **more):
        """One run: what it says and its exit code, once it has ended in time and in little memory."""
        self.runs += 1
        output = os.path.join(self.box.root, "peak%d" % self.runs)
        tool = os.path.join(harness.HERE, "peak.py")
        limit *= PATIENCE
        begin = time.monotonic()
        process = self.box.start(*args, wrap=(sys.executable, "-I", "-S", tool, output, *wrap),
                                 **more)
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            harness.end_group(process)
            out, err = process.communicate()
            raise AssertionError("no end within %s s; it said: %r" % (limit, err)) from None
        self.seconds = time.monotonic() - begin
        result = harness.Result(process.returncode, out or b"", err.decode("utf-8", "strict"))
        if memory and not harness.sanitized():
            with open(output, encoding="ascii") as f:
                self.peak = int(f.read())
            self.assertLess(self.peak, memory, "peak memory in KiB; " + str(result))
        return result

    def assert_tidy(self, result, codes, *parts):
        """The code is one of these; what was said is clear and harmless."""
        self.assertIn(result.code, codes, str(result))
        self.assertEqual(result.stdout, b"", str(result))
        self.assertIsNone(CONTROL.search(result.stderr.replace("\n", "")), repr(result.stderr))
        if result.code:
            self.assertEqual(len(result.lines), 1, str(result))
        for line in result.lines:
            self.assertTrue(line.startswith("ambil: "), str(result))
            self.assertLess(len(line), 1200)
        self.assert_said(result.stderr, *parts)
        self.assert_no_secret(result.stderr)

    def assert_no_secret(self, text):
        self.assertNotIn(PASSWORD, text)
        self.assertNotIn(PLAIN, text)

    def delivered(self):
        return self.maildir()

    def assert_nothing_lost(self):
        """Whole messages only, none twice, and the server has all the others still."""
        have = self.delivered()
        left = self.server.mailbox()
        lost = [mailstore.describe(m) for m in self.mails if m not in have and m not in left]
        self.assertEqual(lost, [], "deleted, but not delivered")
        for octets in have:
            self.assertTrue(octets in self.mails,
                            "delivered, but not the server's: %r" % octets[:120])
        for octets in set(have):
            self.assertLessEqual(have.count(octets), self.mails.count(octets), "delivered twice")

    def assert_once(self, note="at the end"):
        mailstore.assert_same(self, self.delivered(), self.mails, note)
        self.assertEqual(mailstore.unfinished(self.box.path("Mail")), [], note)

    # ---- the whole story ----

    def attack(self, *faults, options=(), tls="none", codes=(75,), says=(), limit=IN_TIME_S,
               memory=MEMORY_KIB, nothing=False, **keys):
        """The first run, against popd with these faults."""
        self.serve(*options, faults=faults, tls=tls)
        self.cured_by = lambda: self.serve(*options, tls=tls)
        return self.suffer(codes, says, limit, memory, nothing, keys)

    def lie(self, overrides, codes=(75,), says=(), limit=IN_TIME_S, memory=MEMORY_KIB,
            nothing=False, server=None, **keys):
        """The first run, against a scripted server with these answers."""
        self.script(overrides, **(server or {}))
        self.cured_by = self.server.behave
        return self.suffer(codes, says, limit, memory, nothing, keys)

    def suffer(self, codes, says, limit, memory, nothing, keys):
        self.keys = keys
        self.configure()
        self.first = self.go(limit=limit, memory=memory)
        self.assert_nothing_lost()
        self.assert_tidy(self.first, codes, *([says] if isinstance(says, str) else says))
        if nothing:
            self.assertEqual(self.delivered(), [], "nothing may be delivered yet")
        return self.first

    def cure(self, runs=1, codes=(0,)):
        """Now nothing is in the way: one run, or a few, and all is there exactly once."""
        self.cured_by()
        # Nor is a server that is only slow, as an honest one may be.
        self.keys = {"timeout": "60s", "connect_timeout": "60s", **self.keys}
        self.configure()
        for _ in range(runs):
            self.assert_tidy(self.go(limit=30), codes)
        self.assert_once()
        keep = self.keys.get("keep", False)
        mailstore.assert_same(self, self.server.mailbox(), self.mails if keep else [],
                              "left on the server")

    def assert_no_login(self):
        """Nothing secret was said to popd."""
        for session in self.server.sessions(0):
            self.assertIsNone(session["user"], session)
            self.assertFalse({"USER", "PASS", "AUTH", "APOP"} & set(session["verbs"]), session)
        self.assertNotIn(PASSWORD, self.server.log())
        self.assertNotIn(PLAIN, self.server.log())
