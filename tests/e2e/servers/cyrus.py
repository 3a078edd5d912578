# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Cyrus: its master, pop3d and lmtpd. Runs as an ordinary user, or as nobody for root."""

import grp
import os
import pwd
import smtplib

from servers import base, unpacked

IMAPD = """\
configdirectory: {folder}/conf
partition-default: {folder}/spool
defaultpartition: default
servername: localhost
cyrus_user: {user}
cyrus_group: {group}
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {folder}/sasldb
sasl_mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 NTLM
allowplaintext: yes
failedloginpause: 0
tls_server_cert: {cert}
tls_server_key: {key}
tls_sessions_db_path: {folder}/sessions.db
lmtpsocket: {folder}/lmtp
autocreate_quota: 0
autocreate_post: yes
duplicatesuppression: no
munge8bit: no
reject8bit: no
unixhierarchysep: yes
maxlogins_per_host: 0
{more}
"""
SERVICES = """\
SERVICES {{
  pop3 cmd="{pop3d} -C {imapd}" listen="127.0.0.1:{port}" proto="tcp4" prefork=0
  pop3s cmd="{pop3d} -s -C {imapd}" listen="127.0.0.1:{pop3s}" proto="tcp4" prefork=0
  lmtpunix cmd="{lmtpd} -C {imapd}" listen="{folder}/lmtp" prefork=0
}}
"""
PLACE = "/usr/lib/cyrus/bin/"
FEW = 50                # that many come as mail does


class Cyrus(base.Server):
    name = "Cyrus"
    refuses = "[AUTH] authenticating: authentication failure"
    more = ""

    def start(self):
        master = unpacked.program("cyrus-common", PLACE + "master")
        pop3d = unpacked.program("cyrus-pop3d", PLACE + "pop3d")
        lmtpd = unpacked.program("cyrus-common", PLACE + "lmtpd")
        who = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.uid, self.gid = who.pw_uid, who.pw_gid
        for name in ("conf", "spool"):
            os.mkdir(self.path(name))
        self.imapd = self.write("imapd.conf", IMAPD.format(
            folder=self.folder, user=who.pw_name, group=grp.getgrgid(who.pw_gid).gr_name,
            cert=self.certificates.cert, key=self.certificates.key, more=self.more))
        self._passwords()
        for name in ("", "conf", "spool", "sasldb", "server.key"):
            os.chown(self.path(name), self.uid, self.gid)
        self.port, self.pop3s = self.ports(2)
        services = self.write("cyrus.conf", SERVICES.format(
            pop3d=pop3d, lmtpd=lmtpd, imapd=self.imapd, port=self.port, pop3s=self.pop3s,
            folder=self.folder))
        self.spawn([master, "-C", self.imapd, "-M", services, "-p", self.path("pid"), "-D"],
                   unpacked.environment())
        self.await_ports(self.port, self.pop3s)

    def _passwords(self):
        tool = unpacked.program("sasl2-bin", "/usr/sbin/saslpasswd2")
        for user in self.users:
            self.run([tool, "-p", "-c", "-f", self.path("sasldb"), "-u", "localhost", user],
                     unpacked.environment(), base.PASSWORD)

    def settings(self):
        return {"port": self.pop3s, "tls": "implicit", "ca_file": self.ca}

    def ways(self):
        logins = ("user", "plain", "login", "cram-md5", "digest-md5", "scram-sha-1", "scram-sha-256",
                  "ntlm")
        starttls = {"port": self.port, "tls": "starttls", "ca_file": self.ca}
        # It can bind the login to the channel of TLS 1.2 only, and says that it can to any.
        bound = {**starttls, "auth": "scram-sha-256-plus", "tls_priority": "NORMAL:-VERS-TLS1.3"}
        return [self.clear(), starttls, bound, *({**self.settings(), "auth": auth} for auth in logins)]

    def holds(self, octets):
        """Its LMTP refuses NUL, and CR and LF that stand alone; CRLF comes as LF."""
        return b"\0" not in octets and b"\r" not in octets.replace(b"\r\n", b"")

    def delivers(self, user, messages):
        """By LMTP; of very many the rest is put beside the first, as when a backup is restored."""
        messages = list(messages)
        self._by_lmtp(user, messages[:FEW])
        if len(messages) > FEW:
            self._restore(user, messages[FEW:])

    def _by_lmtp(self, user, messages):
        lmtp = smtplib.LMTP()
        lmtp.connect(self.path("lmtp"))
        for octets in messages:
            refused = lmtp.sendmail("sender@example.org", [user], base.with_crlf(octets))
            if refused:
                raise RuntimeError("Cyrus refuses a mail: %r" % refused)
        lmtp.quit()

    def _restore(self, user, messages):
        mailbox = "user/" + user
        spool = self._tool("mbpath", mailbox).strip()
        number = max(int(name[:-1]) for name in os.listdir(spool) if name[:-1].isdigit())
        for octets in messages:
            number += 1
            path = os.path.join(spool, "%d." % number)
            with open(path, "wb") as f:
                f.write(base.with_crlf(octets))
            os.chown(path, self.uid, self.gid)
        self._tool("reconstruct", mailbox)

    def _tool(self, name, *words):
        return self.run([unpacked.program("cyrus-common", PLACE + name), "-C", self.imapd, *words],
                        unpacked.environment())
