# SPDX-License-Identifier: GPL-3.0-or-later
"""A private popa3d in a root folder of its own, with accounts of its own. For root only.

popa3d is started anew for each connection, as inetd would.
"""

import os
import socket
import subprocess
import threading
import time

import needs
from servers import base, unpacked

PAM = "auth required pam_unix.so nodelay\naccount required pam_unix.so\n"
FIRST_UID = 62_000
MAIL_GROUP = 8


class Popa3d(base.Server):
    name = "popa3d"
    refuses = "Authentication failed (bad password?)"

    def start(self):
        unpacked.need_root("popa3d")
        self.jail = unpacked.Jail(self.path("root"))
        self.jail.add("popa3d", "/usr/sbin/popa3d")
        self.jail.add_from_here(unpacked.module("pam_unix.so"))
        self.jail.write("/etc/pam.d/popa3d", PAM)
        self._make_accounts()
        self.sessions = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _make_accounts(self):
        secret = self.run(["openssl", "passwd", "-6", "-stdin"], said=base.PASSWORD + "\n").strip()
        accounts = ["root:x:0:0::/:/bin/sh", "popa3d:x:61999:61999::/var/lib/popa3d:/bin/false"]
        shadow = []
        for number, user in enumerate(self.users):
            accounts.append("%s:x:%d:%d::/:/bin/sh" % (user, FIRST_UID + number, MAIL_GROUP))
            shadow.append("%s:%s:20000::::::" % (user, secret))
        self.jail.write("/etc/passwd", "\n".join(accounts) + "\n")
        self.jail.write("/etc/shadow", "\n".join(shadow) + "\n", 0o600)
        self.jail.write("/etc/group", "root:x:0:\nmail:x:%d:\npopa3d:x:61999:\n" % MAIL_GROUP)
        for folder in ("/var/lib/popa3d", "/var/mail"):
            os.makedirs(self.jail.path(folder))
        for number, user in enumerate(self.users):
            path = self._mailbox(user)
            self.jail.write(path, "", 0o600)
            os.chown(self.jail.path(path), FIRST_UID + number, MAIL_GROUP)

    def _serve(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:         # stop() has closed it
                return
            with link:
                self.sessions = [p for p in self.sessions if p.poll() is None]
                self.sessions.append(subprocess.Popen(
                    self.jail.command("/usr/sbin/popa3d"), stdin=link, stdout=link, env={},
                    start_new_session=True))

    def stop(self):
        if hasattr(self, "listener"):
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.processes += self.sessions
        super().stop()

    def _mailbox(self, user):
        return "/var/mail/" + user

    def ways(self):
        """It has no TLS; socat adds that."""
        port, = self.ports(1)
        self.spawn([needs.need("socat"), "openssl-listen:%d,bind=127.0.0.1,fork,reuseaddr,verify=0,"
                    "cert=%s,key=%s" % (port, self.certificates.cert, self.certificates.key),
                    "tcp:127.0.0.1:%d" % self.port])
        self.await_ports(port)
        return [self.clear(), {"port": port, "tls": "implicit", "ca_file": self.ca}]

    def delivers(self, user, messages):
        path = self.jail.path(self._mailbox(user))
        base.append_mbox(path, messages)
        # Of a mailbox that was written in this second it waits for the next.
        os.utime(path, (time.time() - 10,) * 2)
