# SPDX-License-Identifier: GPL-3.0-or-later
"""A private pop3d of GNU mailutils, with users of its own. For root only: it changes to group mail."""

import os
import pwd
import re

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
        unpacked.need_root("the pop3d of GNU mailutils")
        program = unpacked.program("mailutils-pop3d", "/usr/sbin/pop3d")
        nobody = pwd.getpwnam("nobody")
        self.uid, self.gid = nobody.pw_uid, nobody.pw_gid
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
            inbox = os.path.join(home, "INBOX")
            if self.kind == "mbox":
                base.append_mbox(inbox, [])
                os.chown(inbox, self.uid, self.gid)
            else:
                base.make_maildir(inbox, self.uid, self.gid)
            lines.append("%s:%s:%d:%d::%s:/bin/sh\n" % (user, secret, self.uid, self.gid, home))
        self.write("domains/" + DOMAIN, "".join(lines))

    def login(self, user):
        return user + "@" + DOMAIN

    def settings(self):
        return {"port": self.port, "tls": "starttls", "ca_file": self.ca}

    def ways(self):
        return [self.clear(), {**self.settings(), "auth": "user"}, {"port": self.pop3s, "tls": "implicit", "ca_file": self.ca}]

    def delivers(self, user, messages):
        inbox = self.path("home", user, "INBOX")
        if self.kind == "mbox":
            base.append_mbox(inbox, messages)
        else:
            base.fill_maildir(self, inbox, messages, self.uid, self.gid)


class MailutilsMbox(Mailutils):
    """The same on mailboxes of the other kind, which is also what it takes if nothing is said."""

    kind = "mbox"
    own_fields = re.compile(rb"^(X-UIDL|X-IMAPbase|X-UID|Status): .*\n", re.MULTILINE)

    def holds(self, octets):
        """A header without an empty line, or with CR, goes astray; so does a body of no octets."""
        return octets.partition(b"\n\n")[2] != b"" and b"\r\n" not in octets
