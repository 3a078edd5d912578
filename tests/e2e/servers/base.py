# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fixtures of all servers share: a folder, certificates, processes, and their end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import certs
import corpus
import ports

PASSWORD = "anna's pass"


class Server:
    """One server with some users, all of them with PASSWORD.

    start() sets port, where one may log in without TLS.
    """

    name = ""
    refuses = ""            # what it says to a wrong password
    locks = ""              # what it says to a second session on a mailbox, if it minds
    utf8 = False            # sends some mail in another way to clients that did not say UTF8
    own_fields = None       # header fields that it adds and changes from session to session
    login_delay = 0         # seconds that CAPA wants between two logins

    def __init__(self, users):
        self.users = list(users)
        self.serial = 0
        self.processes = []
        self.folder = tempfile.mkdtemp(prefix="as")
        self.log = os.path.join(self.folder, "log")
        os.chmod(self.folder, 0o755)
        try:
            self.certificates = certs.Certificates(self.folder)
            self.ca = self.certificates.ca
            self.start()
        except BaseException:
            self.stop()
            raise

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def ports(self, count):
        return ports.free(count)

    def spawn(self, command, env=None, **more):
        """Start a process of the server, in a session of its own with all that it starts."""
        with open(self.log, "ab") as log:
            process = subprocess.Popen(command, env=env, cwd="/", stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, start_new_session=True, **more)
        self.processes.append(process)
        return process

    def run(self, command, env=None, said=""):
        """Run a tool of the server to its end."""
        done = subprocess.run(command, env=env, input=said, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError("%s: %d, %s" % (" ".join(command), done.returncode, done.stdout))
        return done.stdout

    def await_ports(self, *ports, seconds=60):
        end = time.monotonic() + seconds
        for port in ports:
            self.await_that(lambda p=port: answers(p), end - time.monotonic(), "port %d" % port)

    def await_that(self, holds, seconds, what):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end or any(p.poll() is not None for p in self.processes):
                raise RuntimeError("%s did not start (%s): %s" % (self.name, what, self.log_text()))
            time.sleep(0.02)

    def stop(self):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for process in self.processes:
                try:
                    os.killpg(process.pid, sign)
                except ProcessLookupError:
                    pass
            for process in self.processes:
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    pass
        self.processes = []
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    # What differs from server to server.

    def start(self):
        raise NotImplementedError

    def login(self, user):
        """The name with which a user logs in."""
        return user

    def clear(self):
        return {"port": self.port, "tls": "none", "allow_cleartext_password": True}

    def settings(self):
        """Settings of an account that uses the best link that this server has."""
        return self.clear()

    def ways(self):
        """Settings for each link and login that this server offers."""
        raise NotImplementedError

    def holds(self, octets):
        """Whether this server's mailboxes can have such a message at all."""
        return True

    def delivers(self, user, messages):
        raise NotImplementedError


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def fill_maildir(server, base, messages, uid, gid):
    """Put messages into a Maildir of the server, as new mail, in this order."""
    for octets in messages:
        server.serial += 1
        name = "%d.M%06dP1.test" % (time.time(), server.serial)
        path = os.path.join(base, "tmp", name)
        with open(path, "wb") as f:
            f.write(octets)
        os.chown(path, uid, gid)
        os.rename(path, os.path.join(base, "new", name))


def make_maildir(base, uid, gid):
    for folder in (base, *(os.path.join(base, part) for part in ("tmp", "new", "cur"))):
        os.makedirs(folder, 0o700, exist_ok=True)
        os.chown(folder, uid, gid)


def append_mbox(path, messages):
    """Deliver as an MDA does: From_ line, quoted From_ lines, LF, an empty line at the end."""
    now = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime())
    with open(path, "ab") as f:
        for octets in messages:
            quoted = b"\n" + octets
            quoted = quoted.replace(b"\nFrom ", b"\n>From ")[1:]
            end = b"\n" if quoted.endswith(b"\n") else b"\n\n"
            f.write(b"From sender@example.org %s\n" % now.encode() + quoted + end)


def with_crlf(octets):
    """As mail travels: every line ends with CRLF, the last one too."""
    return corpus.fetched(octets).replace(b"\n", b"\r\n")
