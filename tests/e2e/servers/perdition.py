# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Perdition: a proxy that knows CAPA, USER, PASS and QUIT, and no more, before the login.

It forwards to a server at `port_behind` that takes logins in clear.
"""

import grp
import os
import pwd

import dovecot
from servers import base, unpacked


class Perdition(base.Server):
    name = "Perdition"
    refuses = "failed: Re-Authentication Failure"       # to all that the server behind refuses

    def __init__(self, port_behind):
        self.port_behind = port_behind
        super().__init__([])

    def start(self):
        program = unpacked.program("perdition", "/usr/sbin/perdition")
        self.port, self.port_tls = self.ports(2)
        for port, mode, protocol in ((self.port, "none", "POP3"),
                                     (self.port_tls, "ssl_listen", "POP3S")):
            self.spawn([program, "--no_daemon", "--protocol", protocol, "-l", str(port),
                        "-b", "127.0.0.1", "--outgoing_server", "127.0.0.1:%d" % self.port_behind,
                        "-M", "", "--ssl_mode", mode, "-n", "-f", self.write("conf", ""),
                        "--ssl_cert_file", self.certificates.cert,
                        "--ssl_key_file", self.certificates.key,
                        "--pid_file", self.path("pid%d" % port), "-F", self.path("said"),
                        "-u", pwd.getpwuid(os.getuid()).pw_name,
                        "-g", grp.getgrgid(os.getgid()).gr_name], unpacked.environment())
        self.await_ports(self.port, self.port_tls)

    def settings(self):
        return {"port": self.port_tls, "tls": "implicit", "ca_file": self.ca}


class PerditionAndDovecot(Perdition):
    """In front of a private Dovecot that has the users."""

    def __init__(self, users):
        users = list(users)
        self.behind = dovecot.Dovecot({user: base.PASSWORD for user in users})
        super().__init__(self.behind.pop3)
        self.users = users

    def stop(self):
        super().stop()
        self.behind.stop()

    def ways(self):
        return [self.clear(), {**self.settings(), "auth": "user"}]

    def delivers(self, user, messages):
        self.behind.delivers(user, messages)
