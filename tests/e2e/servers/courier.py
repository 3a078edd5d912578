# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Courier in a root folder of its own: authdaemond, couriertcpd and what that starts.

Its folders are compiled in, and it changes to each mailbox's owner: for root only.
"""

import os
import pwd

from servers import base, unpacked

LIB = "/usr/lib/courier/"
LOGIN, POP3D = LIB + "courier/courierpop3login", LIB + "courier/courierpop3d"
AUTH, MAKEDAT = LIB + "courier-authlib/authdaemond", LIB + "courier-authlib/makedatprog"
TCPD, TLS = "/usr/sbin/couriertcpd", "/usr/bin/couriertls"
SOCKET = "/run/courier/authdaemon/socket"
# What is opened is the name with which the library was linked.
USERDB = "/usr/lib/courier-authlib/libauthuserdb.so"

ENVIRONMENT = {
    "PATH": "/usr/bin:/usr/sbin",
    "POP3AUTH": "PLAIN LOGIN",
    "POP3AUTH_TLS": "PLAIN LOGIN",
    "POP3_STARTTLS": "YES",
    "COURIERTLS": TLS,
    "TLS_CERTFILE": "/etc/courier/pop3d.pem",
    "TLS_VERIFYPEER": "NONE",
}


class Courier(base.Server):
    name = "Courier"
    refuses = "Authentication failed."
    utf8 = True
    login_delay = 11

    def start(self):
        unpacked.need_root("Courier")
        nobody = pwd.getpwnam("nobody")
        self.uid, self.gid = nobody.pw_uid, nobody.pw_gid
        self.jail = unpacked.Jail(self.path("root"))
        self.jail.add("courier-pop", LOGIN)
        self.jail.add("courier-pop", POP3D)
        self.jail.add("courier-base", TCPD)
        self.jail.add("courier-base", TLS)
        self.jail.add("courier-authdaemon", AUTH)
        self.jail.add("courier-authlib", MAKEDAT)
        self.jail.add("courier-authlib-userdb", USERDB, USERDB + ".0")
        self._configure()
        self.spawn(self.jail.command(AUTH), ENVIRONMENT)
        self.await_that(lambda: os.path.exists(self.jail.path(SOCKET)), 60, "authdaemond")
        self.port, = self.ports(1)
        self.spawn(self.jail.command(
            TCPD, "-address=127.0.0.1", "-nodnslookup", "-noidentlookup", "-maxprocs=60",
            "-maxperip=60", str(self.port), LOGIN, POP3D, "Maildir"), ENVIRONMENT)
        self.await_ports(self.port)

    def _configure(self):
        os.makedirs(os.path.dirname(self.jail.path(SOCKET)))
        os.makedirs(self.jail.path("/tmp"))
        self.jail.write("/etc/courier/authdaemonrc", 'authmodulelist="authuserdb"\n'
                        'authmodulelistorig="authuserdb"\ndaemons=2\nversion=""\n')
        with open(self.certificates.cert, encoding="ascii") as cert, \
                open(self.certificates.key, encoding="ascii") as key:
            self.jail.write("/etc/courier/pop3d.pem", key.read() + cert.read(), 0o600)
        # couriertls becomes this user before it reads its key.
        self.jail.write("/etc/passwd", "courier:x:%d:%d::/:/bin/false\n" % (self.uid, self.gid))
        self.jail.write("/etc/group", "courier:x:%d:\n" % self.gid)
        os.chown(self.jail.path("/etc/courier/pop3d.pem"), self.uid, self.gid)
        secret = self.run(["openssl", "passwd", "-6", "-stdin"], said=base.PASSWORD + "\n").strip()
        who, secrets = [], []
        for user in self.users:
            home = "/home/" + user
            os.makedirs(self.jail.path(home))
            base.make_maildir(self._maildir(user), self.uid, self.gid)
            who.append("%s\tuid=%d|gid=%d|home=%s" % (user, self.uid, self.gid, home))
            secrets.append("%s\tsystempw=%s" % (user, secret))
        self._database("userdb", who)
        self._database("userdbshadow", secrets)

    def _database(self, name, lines):
        """What makeuserdb does, which knows only /etc/courier."""
        path = "/etc/courier/" + name
        self.run(self.jail.command(MAKEDAT, "-", path + ".new", path + ".dat"),
                 said="\n".join([*lines, ".", ""]))

    def _maildir(self, user):
        return self.jail.path("/home/%s/Maildir" % user)

    def settings(self):
        return {"port": self.port, "tls": "starttls", "ca_file": self.ca}

    def ways(self):
        return [self.clear(), *({**self.settings(), "auth": auth} for auth in ("user", "plain", "login"))]

    def delivers(self, user, messages):
        base.fill_maildir(self, self._maildir(user), messages, self.uid, self.gid)
