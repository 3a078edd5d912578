# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets: what a trace, a process list, a command or a state file could give away."""

import hashlib
import json
import os
import subprocess
import unittest

import harness
import hostile
import needs
import scripted

STEPS = ("SASL PLAIN", "UIDL", "PIPELINING")


def session_pids(session):
    """The processes of a session."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, encoding="latin-1") as f:
                    fields = f.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                yield int(name)


class Traces(hostile.HostileCase):
    def trace(self, overrides=None, **server):
        self.script(overrides or {}, **server)
        self.configure()
        result = self.go("-d")
        self.assertIn("C: ", result.stderr)
        self.assert_no_secret(result.stderr)
        self.assertIsNone(hostile.CONTROL.search(result.stderr.replace("\n", "")))
        return result

    def test_user_and_pass_are_hidden(self):
        self.trace()

    def test_a_login_in_one_step_is_hidden(self):
        self.serve(tls="implicit")
        self.configure()
        result = self.go("-d")
        self.assertEqual(result.code, 0)
        self.assert_no_secret(result.stderr)

    def test_a_login_in_steps_is_hidden(self):
        """A server that answers a login with a challenge all the same."""
        self.trace({"AUTH": lambda s, a: b"+ \r\n", hostile.PLAIN.upper(): lambda s, a: b"+OK\r\n"},
                   capabilities=STEPS)

    def test_the_digest_of_apop_is_hidden(self):
        stamp = "<1896.697170952@localhost>"
        self.keys = {"auth": "apop"}
        result = self.trace({"GREETING": lambda s, a: b"+OK " + stamp.encode() + b"\r\n",
                             "APOP": lambda s, a: b"+OK\r\n"})
        digest = hashlib.md5((stamp + hostile.PASSWORD).encode(), usedforsecurity=False)
        self.assertIn(digest.hexdigest().encode(), b" ".join(self.server.heard))
        self.assertNotIn(digest.hexdigest(), result.stderr)

    def test_a_refused_login_is_hidden(self):
        self.trace({"PASS": lambda s, a: b"-ERR [AUTH] no\r\n"})

    def test_a_server_that_repeats_the_whole_login_in_its_challenge(self):
        self.trace({"AUTH": lambda s, a: b"+ " + a.encode().split()[-1] + b"\r\n"},
                   capabilities=STEPS)


def refusal(text):
    return lambda session, argument: b"-ERR " + text + b"\r\n"


SECRETS = {"the password": hostile.PASSWORD.encode(), "the whole login": hostile.PLAIN.encode()}


@hostile.each({claim % name: dict(row, secret=secret) for name, secret in SECRETS.items()
               for claim, row in {
    "%s in the refusal of PASS": dict(verb="PASS", text=b"-ERR [AUTH] bad password '%s'"),
    "%s in the refusal of AUTH": dict(verb="AUTH", text=b"-ERR [AUTH] unknown: AUTH PLAIN %s"),
    "%s in a refusal for later": dict(verb="PASS", text=b"-ERR [IN-USE] %s"),
    "%s in garbage behind the login": dict(verb="PASS", text=b"what is %s?"),
    "%s in garbage at its very end": dict(verb="PASS", text=b"." * 45 + b"%s"),
    "%s beyond the end of what is shown": dict(verb="PASS", text=b"-ERR " + b"." * 190 + b"%s"),
    "%s in a consent": dict(verb="PASS", text=b"+OK welcome, %s"),
    "%s in the refusal of UIDL": dict(verb="UIDL", text=b"-ERR [SYS/TEMP] %s"),
    "%s in a listing that cannot be read": dict(verb="UIDL", text=b"+OK\r\n%s\r\n."),
    "%s in a capability": dict(verb="CAPA", text=b"+OK\r\nUSER\r\nUIDL\r\nX-%s\r\n."),
    "%s in the refusal of RETR": dict(verb="RETR", text=b"-ERR %s"),
    "%s in the refusal of DELE": dict(verb="DELE", text=b"-ERR %s"),
    "%s in the refusal of QUIT": dict(verb="QUIT", text=b"-ERR %s"),
    "%s in a challenge": dict(verb="AUTH", text=b"+ %s"),
    "%s in capitals": dict(verb="PASS", text=b"-ERR %s", capitals=True),
}.items()})
class Repeated(hostile.HostileCase):
    """Words of a server go to a log or a mail of cron: secrets are cut out of them."""

    def check(self, secret, verb, text, capitals=False):
        steps = verb == "AUTH" or secret == hostile.PLAIN.encode()
        text = text.replace(b"%s", secret.upper() if capitals else secret)
        self.script({verb: lambda s, a: text + b"\r\n"},
                    capabilities=("SASL PLAIN", "UIDL") if steps else scripted.CAPABILITIES)
        if steps:
            self.server.overrides.setdefault("AUTH", self.server.overrides.pop(
                "PASS", lambda s, a: b"+OK\r\n"))
        self.configure()
        for args in ((), ("-d",)):
            said = self.go(*args).stderr
            self.assert_no_secret(said)
            self.assertNotIn(secret.decode().upper(), said)
            self.assertNotIn(secret.decode()[:6], said)

    def test_in_a_greeting_as_it_knows_it_from_before(self):
        """The password is a secret before it is sent, too."""
        self.script({"GREETING": refusal(b"[IN-USE] " + hostile.PASSWORD.encode())})
        self.configure()
        self.assert_tidy(self.go(), (75,), "<hidden>")

    def short(self, password, text):
        self.script({"PASS": refusal(text)})
        self.configure(password_file=self.box.write("short", password + "\n"))
        result = self.go()
        self.assert_tidy(result, (77,))
        return result.stderr

    def test_a_short_password_is_no_reason_to_hide_every_word(self):
        self.assertIn("wrong password", self.short("a", b"[AUTH] wrong password"))

    def test_a_short_password_that_is_repeated_hides_all_words(self):
        """A gap alone would tell which word it was."""
        said = self.short("mail", b"[AUTH] no such mail password")
        self.assertIn("<hidden>", said)
        self.assertNotIn("such", said)


def memory(pid):
    """What a process can write to, piece by piece."""
    with open("/proc/%d/maps" % pid, encoding="latin-1") as maps, \
            open("/proc/%d/mem" % pid, "rb", buffering=0) as mem:
        for row in maps:
            span, rights = row.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(one, 16) for one in span.split("-"))
            mem.seek(start)
            try:
                yield mem.read(end - start)
            except OSError:                     # [vvar] and the like
                pass


# As the same user, but without what only root may do.
ORDINARY = ("setpriv", "--bounding-set=-all") if os.geteuid() == 0 else ()


def can_be_read(pid):
    """Whether another process of the user can look into this one."""
    return subprocess.run([*ORDINARY, "cat", "/proc/%d/environ" % pid], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


class Processes(hostile.HostileCase):
    def look(self, look, tls="implicit", wrap=(), options=(), **keys):
        """Calls `look` with each process of a run that waits for its server, logged in."""
        self.serve(*options, faults=["silence:at=UIDL"], tls=tls)
        self.keys = keys
        self.configure(timeout="5m")
        process = self.box.start(wrap=wrap)
        harness.wait_until(lambda: "C: UIDL" in self.server.log())
        scripted.pause(0.5)
        pids = sorted(session_pids(process.pid), key=lambda pid: pid != process.pid)
        self.assertEqual(len(pids), 2, "parent and worker")
        try:
            for pid in pids:
                look(pid)
        finally:
            harness.end_group(process)
            process.communicate(timeout=harness.PATIENCE_S)

    def read(self, pid, name):
        try:
            with open("/proc/%d/%s" % (pid, name), encoding="latin-1") as f:
                return f.read()
        except PermissionError:
            self.assertNotEqual(os.geteuid(), 0)
            return ""                           # as it should be

    def test_no_secret_in_command_lines_and_environments(self):
        def look(pid):
            self.assertIn("ambil", self.read(pid, "cmdline"))
            self.assert_no_secret(self.read(pid, "cmdline"))
            self.assert_no_secret(self.read(pid, "environ"))
        self.look(look)
        self.look(look, password_file=None, password=hostile.PASSWORD)

    def test_no_core_is_written(self):
        def look(pid):
            limit = [row for row in self.read(pid, "limits").splitlines()
                     if row.startswith("Max core file size")]
            self.assertEqual(limit[0].split()[4:6], ["0", "0"])
        self.look(look)

    def test_other_processes_of_the_user_cannot_look_inside(self):
        """Nor does the kernel hand such a process to a program that collects cores."""
        with subprocess.Popen([*ORDINARY, "sleep", "300"]) as control:
            harness.wait_until(lambda: can_be_read(control.pid))
            control.kill()
        self.look(lambda pid: self.assertFalse(can_be_read(pid)), wrap=ORDINARY)

    def copies(self, tls, secrets=(hostile.PASSWORD.encode(), hostile.PLAIN.encode(),
                                   b"anna\0" + hostile.PASSWORD.encode()), **keys):
        """How often the secrets stand in the memory of the parent and of the worker."""
        counts = []

        def look(pid):
            try:
                pieces = list(memory(pid))
            except PermissionError:
                self.assertNotEqual(os.geteuid(), 0)
                return
            counts.append([sum(piece.count(secret) for piece in pieces) for secret in secrets])
        self.look(look, tls=tls, **keys)
        return counts

    def stored(self):
        """A keyring in a file that has the password: what to put in front of the program."""
        keyring = ["env", "SECRET_BACKEND=file", "SECRET_FILE_TEST_PASSWORD=abc",
                   "SECRET_FILE_TEST_PATH=" + self.box.path("t.keyring")]
        subprocess.run([*keyring, needs.need("secret-tool"), "store", "--label=x", "host",
                        "localhost", "service", "pop3", "user", "anna"], check=True,
                       input=hostile.PASSWORD.encode())
        return keyring

    def test_no_copy_is_left_in_memory(self):
        """The worker has the password for its next session, and what must be hidden: no more."""
        if harness.sanitized():
            return                              # it keeps what was freed, and shadows of all
        self.box.write(".netrc", "machine localhost password \"%s\"\n" % hostile.PASSWORD)
        for tls, keys in (("implicit", {}), ("none", {}), ("none", {"auth": "user"}),
                          ("none", {"password_file": None, "password_command": "cat password"}),
                          ("none", {"password_file": None, "keyring": False}),
                          ("none", {"password_file": None, "wrap": self.stored()}),
                          # Last: what is weaker would not be taken any more.
                          ("none", {"options": ("--sasl", "SCRAM-SHA-256")})):
            with self.subTest(tls=tls, **keys):
                for have, most in zip(self.copies(tls, **keys), ([0, 0, 0], [2, 1, 0])):
                    self.assertTrue(all(a <= b for a, b in zip(have, most)), have)

    def test_no_copy_of_a_token_is_left_in_memory(self):
        """Nor in arguments and environment, which are part of it; not even of one in JSON."""
        if harness.sanitized():
            return
        token, long_one = "t0ken-of-" + "x" * 60, "t0ken-of-" + "y" * 3000
        for auth, printed, form in (("oauthbearer", token, token),
                                    ("xoauth2", json.dumps({"access_token": token}), token),
                                    ("oauthbearer", json.dumps({"token": long_one}), long_one)):
            with self.subTest(auth=auth, printed=printed[:40]):
                self.box.write("token", printed)
                counts = self.copies("implicit", secrets=[form.encode()],
                                     options=("--token", form), password_file=None, auth=auth,
                                     oauth_token_command="cat token")
                for have, most in zip(counts, ([0], [2])):
                    self.assertTrue(have <= most, (auth, printed[:30], have))

    def test_a_command_gets_no_secret_and_no_open_file_of_ours(self):
        self.serve()
        tool = self.box.write("command", "#!/bin/sh\nenv >~/env\ntr '\\0' ' ' </proc/$PPID/cmdline"
                              " >~/parent\nls -l /proc/self/fd >~/fds\ncat >/dev/null\n", mode=0o700)
        self.keys = {"deliver": "pipe:" + tool}
        self.configure()
        self.assert_tidy(self.go(), (0,))
        for name in ("env", "parent", "fds"):
            with open(self.box.path(name), encoding="utf-8") as f:
                text = f.read()
            self.assert_no_secret(text)
            if name == "fds":
                self.assertNotIn("socket:", text)
                self.assertNotIn(".db", text)
                self.assertNotIn(".lock", text)
                # Its three streams and what ls opens itself.
                self.assertLessEqual(len(text.splitlines()), 6, text)

    def test_state_files_hold_no_secret_and_are_private(self):
        self.serve(faults=["err:AUTH@1"])
        self.configure()
        self.go()
        self.go()
        for folder, _, names in os.walk(self.box.state):
            for name in names:
                path = os.path.join(folder, name)
                self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)
                with open(path, "rb") as f:
                    self.assertNotIn(hostile.PASSWORD.encode(), f.read())


@hostile.each({
    "NUL": dict(octets=b"pa\0ss\n"),
    "CR": dict(octets=b"pa\rDELE 1\n"),
    "CR in the middle and at the end": dict(octets=b"pa\rss\r\r\n"),
    "nothing": dict(octets=b""),
    "an empty first line": dict(octets=b"\nsecond line\n"),
    "300 octets": dict(octets=b"p" * 300 + b"\n"),
    "a megabyte": dict(octets=b"p" * 1048576),
})
class Passwords(hostile.HostileCase):
    """A password that would be two commands, or none, is not sent at all."""

    def check(self, octets):
        self.script({})                         # USER and PASS: no base64 that hides line ends
        path = self.box.path("odd")
        with open(path, "wb") as f:
            f.write(octets)
        os.chmod(path, 0o600)
        self.keys = {"password_file": path}
        self.configure()
        result = self.go()
        self.assertIn(result.code, (77, 78), str(result))
        self.assertEqual(len(result.lines), 1, str(result))
        self.assertFalse([word for word in self.server.heard if word.startswith((b"PASS", b"DELE"))])
        self.cured_by = self.server.behave
        self.keys = {}
        self.cure()

    def test_a_password_command_that_says_too_much(self):
        self.script({})
        self.keys = {"password_file": None, "password_command": "yes"}
        self.configure()
        self.assert_tidy(self.go(), (78,), "password-command", "wrote more than")
        self.assertFalse([word for word in self.server.heard if word.startswith(b"PASS")])


@hostile.each({"%s in %s" % (claim, key): dict(keys={key: value + octet + "DELE 1"})
               for key, value in (("user", "anna"), ("password", hostile.PASSWORD))
               for claim, octet in (("LF", "\n"), ("CR", "\r"), ("NUL", "\0"))})
class Settings(hostile.HostileCase):
    """The same in the configuration itself: refused before anything is connected to."""

    def check(self, keys):
        self.script({})
        self.keys = {"password_file": None, "password": hostile.PASSWORD, **keys}
        self.configure()
        self.assert_tidy(self.go(), (78,), "ambil.conf")
        self.assertEqual(self.server.heard, [])
        self.assertEqual(self.server.connections, 0)

    def test_a_password_in_a_url(self):
        """It stands in the process list already; it is refused, and not repeated."""
        for url in ("pops://anna:%s@localhost" % hostile.PASSWORD,
                    "pops://anna%%0d%%0aPASS%%20%s@localhost" % hostile.PASSWORD):
            with self.subTest(url):
                self.assert_tidy(self.go("fetch", url), (64,), "URL")


@hostile.each({
    "a configuration with a password that others can read": dict(
        mode=0o644, keys={"password": hostile.PASSWORD, "password_file": None}, codes=(78,)),
    "a configuration with a password that the group can read": dict(
        mode=0o640, keys={"password": hostile.PASSWORD, "password_file": None}, codes=(78,)),
    "a configuration that others can write": dict(mode=0o606, keys={}, codes=(78,)),
    "a configuration that the group can write": dict(mode=0o660, keys={}, codes=(78,)),
    "a configuration without a password that others can read": dict(
        mode=0o644, keys={}, codes=(0,)),
    "a configuration with a password that nobody else can read": dict(
        mode=0o600, keys={"password": hostile.PASSWORD, "password_file": None}, codes=(0,)),
})
class Modes(hostile.HostileCase):
    def check(self, mode, keys, codes):
        self.serve()
        self.keys = keys
        self.configure()
        os.chmod(self.box.config, mode)
        result = self.go()
        self.assert_tidy(result, codes)
        if codes != (0,):
            self.assertEqual(self.server.count_sessions(), 0)

    def refused(self, path, change, *says):
        """Nothing is sent while this is so; then it is undone, and all is well."""
        before = os.stat(path)
        change(path)
        self.assert_tidy(self.go(), (78,), *says)
        self.assertEqual(self.server.count_sessions(), 0)
        os.chown(path, before.st_uid, before.st_gid)
        os.chmod(path, before.st_mode & 0o777)
        self.assert_tidy(self.go(), (0,))

    def test_a_password_file_that_others_can_read_or_write(self):
        self.serve()
        self.configure()
        for mode, word in ((0o644, "read"), (0o640, "read"), (0o602, "written")):
            with self.subTest(oct(mode)):
                self.serve()
                self.configure()
                self.refused(self.box.path("password"), lambda path, mode=mode: os.chmod(
                    path, mode), "can be %s by others" % word, "chmod 600")

    def test_an_included_file_that_others_can_read_or_write(self):
        """A file that is included is configuration like any other."""
        for mode, word in ((0o644, "read by others"), (0o622, "written by others")):
            with self.subTest(oct(mode)):
                self.serve()
                self.configure(password_file=None, password=hostile.PASSWORD)
                secret = os.path.join(os.path.dirname(self.box.config), "secret.conf")
                os.rename(self.box.config, secret)
                self.box.write_config('include("secret.conf")\n', mode=0o644)
                self.refused(secret, lambda path, mode=mode: os.chmod(path, mode),
                             "secret.conf", word)

    @unittest.skipIf(os.geteuid() != 0, "only root can give a file away")
    def test_files_that_belong_to_another_user(self):
        for path in (self.box.config, self.box.path("password")):
            with self.subTest(path):
                self.serve()
                self.configure()
                self.refused(path, lambda path: os.chown(path, 12345, 12345), "another user")

    def test_a_password_file_that_is_a_fifo_is_not_waited_for(self):
        self.serve()
        fifo = self.box.path("fifo")
        os.mkfifo(fifo, 0o600)
        self.keys = {"password_file": fifo}
        self.configure()
        self.assert_tidy(self.go(limit=5), (78,))

    def test_a_configuration_that_is_a_fifo_is_not_waited_for(self):
        os.mkfifo(self.box.config, 0o600)
        result = self.go(limit=5)
        self.assertIn(result.code, (66, 78), str(result))


if __name__ == "__main__":
    unittest.main()
