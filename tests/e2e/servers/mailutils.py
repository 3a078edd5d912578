# SPDX-License-Identifier: GPL-3.0-or-later
"""A private pop3d of GNU mailutils, with users of its own. Runs as an ordinary user, too."""

import os
import pwd

from servers import base, unpacked

CONFIG = """\
mode daemon;
foreground yes;
max-children 40;
auth {{ authentication generic; authorization virtdomain; }};
virtdomain {{ passwd-dir "{folder}/domains"; }};
mailbox {{ mailbox-type {kind}; }};
mandatory-locking {{ enable yes; lock-directory "{folder}/locks"; }};
tls {{
  ssl-certificate-file "{cert}";
  ssl-key-file "{key}";
  ssl-ca-file "{ca}";
}};
tls-file-checks {{ key-file none; cert-file none; ca-file none; }};
logging {{ syslog no; }};
server 127.0.0.1:{port} {{ tls-mode ondemand; }};
server 127.0.0.1:{pop3s} {{ tls-mode connection; }};
"""
DOMAIN = "example.org"


class Mailutils(base.Server):
    name = "mailutils"
    refuses = "[AUTH] Bad login"
    locks = "[IN-USE] Mailbox in use"
    kind = "maildir"

    def start(self):
        program = unpacked.program("mailutils-pop3d", "/usr/sbin/pop3d")
        who = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.uid, self.gid = who.pw_uid, who.pw_gid
        os.mkdir(self.path("locks"))
        os.chmod(self.path("locks"), 0o1777)
        os.mkdir(self.path("domains"))
        self.port, self.pop3s = self.ports(2)
        config = self.write("pop3d.conf", CONFIG.format(
            folder=self.folder, kind=self.kind, port=self.port, pop3s=self.pop3s,
            cert=self.certificates.cert, key=self.certificates.key, ca=self.ca))
        self._make_users()
        self.spawn([program, "--config-file=" + config], unpacked.environment())
        self.await_ports(self.port, self.pop3s)

    def _make_users(self):
        secret = self.run(["openssl", "passwd", "-6", "-stdin"], said=base.PASSWORD + "\n").strip()
        lines = []
        for user in self.users:
            home = self.path("home", user)
            os.makedirs(home)
            os.chown(home, self.uid, self.gid)
            if self.kind == "maildir":
                base.make_maildir(os.path.join(home, "INBOX"), self.uid, self.gid)
            lines.append("%s:%s:%d:%d::%s:/bin/sh\n" % (user, secret, self.uid, self.gid, home))
        self.write("domains/" + DOMAIN, "".join(lines))

    def login(self, user):
        return user + "@" + DOMAIN

    def settings(self):
        return {"port": self.port, "tls": "starttls", "ca_file": self.ca}

    def ways(self):
        return [self.clear(), {**self.settings(), "auth": "user"}, {"port": self.pop3s, "tls": "implicit", "ca_file": self.ca}]

    def delivers(self, user, messages):
        base.fill_maildir(self, self.path("home", user, "INBOX"), messages, self.uid, self.gid)
