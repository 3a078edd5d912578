# SPDX-License-Identifier: GPL-3.0-or-later
"""Each other fetcher against a real Dovecot, into each kind of destination that it has: it fetches, new mail
arrives, ambil takes over; the two together have delivered every message once."""

import collections
import glob
import os
import re

import dovecot_case
import mailstore
import needs
import nobody
from dovecot_case import PASSWORD

OLD, NEW = 4, 3


def setUpModule():
    dovecot_case.start()


def mail(number):
    return (b"Return-Path: <a@example.org>\r\nMessage-ID: <%d@example.org>\r\nX-Number: %d\r\n\r\n"
            b"text %d\r\n.\r\n..dots\r\nna\xefve\r\n" % (number, number, number))


def what(octets):
    """A message as all of them deliver it: each adds lines of its own to the header."""
    head, body = octets.split(b"\n\n", 1)
    return re.search(rb"^X-Number: \d+$", head, re.M).group(), body.rstrip(b"\n")


class Box:
    """What a row of the table may name: places of mail, the server, and a file with the password."""

    def __init__(self, test, kind):
        path = test.box.path
        self.kind, self.test = kind, test
        self.port, self.user = test.server.pop3s, test.user
        self.maildir, self.mbox, self.sorted = path("old"), path("old.mbox"), path("sorted")
        self.password, self.ca = path("password"), path("ca.pem")
        self.command = "/usr/bin/procmail %s" % path("procmailrc")
        for folder in (self.maildir, self.sorted):
            for name in ("cur", "new", "tmp"):
                os.makedirs(os.path.join(folder, name))

    def mails(self):
        if self.kind == "mbox":
            return mailstore.read_mbox(self.mbox)
        return mailstore.maildir(self.maildir if self.kind == "maildir" else self.sorted)


def mpop(b):
    into = {"maildir": "maildir " + b.maildir, "mbox": "mbox " + b.mbox, "mda": "mda \"%s\"" % b.command}
    return ".mpoprc", """account home
host localhost
port %d
tls on
tls_starttls off
tls_trust_file %s
user %s
passwordeval cat %s
keep on
received_header off
delivery %s
""" % (b.port, b.ca, b.user, b.password, into[b.kind])


def fetchmail(b):
    return ".fetchmailrc", """set invisible
poll localhost proto pop3 service %d uidl
    user %s there has password "%s" ssl sslcertck sslcertfile "%s" keep norewrite mda "%s"
""" % (b.port, b.user, PASSWORD, b.ca, b.command)


def getmail(b):
    program, rc = b.command.split()
    into = {"maildir": "type = Maildir\npath = %s/" % b.maildir,
            "mbox": "type = Mboxrd\npath = %s" % b.mbox,
            "mda": "type = MDA_external\npath = %s\narguments = (\"%s\",)\nignore_stderr = true" % (program, rc)}
    return ".config/getmail/getmailrc", """[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = %d
username = %s
password_command = ("/bin/cat", "%s")
ca_certs = %s
timeout = 4
[destination]
%s
[options]
delete = false
read_all = false
received = false
delivered_to = false
""" % (b.port, b.user, b.password, b.ca, into[b.kind])


def fdm(b):
    into = {"maildir": "maildir \"%s\"" % b.maildir, "mbox": "mbox \"%s\"" % b.mbox,
            "mda": "pipe \"%s\"" % b.command}
    return ".fdm.conf", """set verify-certificates
set no-received
set lock-file "%s.lock"
action "in" %s
account "home" pop3s server "localhost" port %d user "%s" pass $(cat %s) new-only cache "%s.cache" keep
match all action "in"
""" % (b.maildir, into[b.kind], b.port, b.user, b.password, b.maildir)


# The program, what writes its configuration, its command, the kinds of destination it has.
TOOLS = [
    ("mpop", mpop, ["mpop", "-q", "home"], ["maildir", "mbox", "mda"]),
    ("fetchmail", fetchmail, ["fetchmail", "-s"], ["mda"]),
    ("getmail", getmail, ["getmail", "--quiet"], ["maildir", "mbox", "mda"]),
    ("fdm", fdm, ["fdm", "-q", "-f", ".fdm.conf", "fetch"], ["maildir", "mbox", "mda"]),
]


class Tools(nobody.AsNobody, dovecot_case.DovecotCase):
    def prepare(self, kind):
        with open(self.server.ca, encoding="utf-8") as f:
            self.box.write("ca.pem", f.read())
        # getmail and procmail want a newline or none: this one has none.
        self.box.write("password", PASSWORD)
        b = Box(self, kind)
        if kind == "mbox":          # getmail and fdm want one that is there
            self.box.write("old.mbox", "")
        self.box.write("procmailrc", "MAILDIR=%s\nDEFAULT=%s/\n" % (self.box.home, b.sorted))
        return b

    def fetch(self, command, b):
        """getmail now and then misses the end of its own child, and waits in vain: then it starts anew."""
        for _ in range(5):
            done = self.as_nobody(command, {"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": b.ca})
            if done.returncode == 0:
                return
            self.assertEqual(command[0], "getmail", done)
            for path in glob.glob(os.path.join(b.maildir, "new", "*")) + \
                    glob.glob(os.path.join(b.sorted, "new", "*")) + \
                    glob.glob(self.box.path(".config", "getmail", "oldmail-*")):
                os.remove(path)
            if b.kind == "mbox":
                self.box.write("old.mbox", "")
        self.fail(done)

    def assert_delivered(self, b, numbers):
        self.assertEqual(collections.Counter(what(octets) for octets in b.mails()),
                         collections.Counter(what(mail(n).replace(b"\r\n", b"\n")) for n in numbers))

    def takes_over(self, tool, write, command, kind):
        needs.need(tool)
        if kind == "mda":
            needs.need("procmail")
        b = self.prepare(kind)
        name, text = write(b)
        os.makedirs(os.path.dirname(self.box.path(name)), exist_ok=True)
        self.box.write(name, text)
        self.arrive([mail(n) for n in range(OLD)])
        self.fetch(command, b)
        self.assert_delivered(b, range(OLD))
        self.arrive([mail(n) for n in range(OLD, OLD + NEW)])

        trust = {"SSL_CERT_FILE": b.ca}
        result = self.box.run("import", tool, env=trust)
        self.assert_code(result, 0)
        said = " ".join(result.stdout.decode().split())
        self.assert_said(said, "%d messages that %s has fetched are taken as seen" % (OLD, tool))
        if tool == "fetchmail":     # its file had the password; there is no keyring
            self.assert_said(said, "was not taken over; to be asked for it: ambil setup localhost")
            self.box.write(".netrc", "machine localhost login %s password \"%s\"\n" % (self.user, PASSWORD))
        result = self.box.run("check", "-v", env=trust)
        self.assert_code(result, 0)
        self.assert_said(result.stdout.decode() + result.stderr, "%d new messages" % NEW)
        for _ in range(2):
            self.assert_code(self.box.run(env=trust), 0)
            self.assert_delivered(b, range(OLD + NEW))
        self.assertEqual(len(self.server.mailbox(self.user)), OLD + NEW)


def add_tests():
    for tool, write, command, kinds in TOOLS:
        for kind in kinds:
            def test(self, row=(tool, write, command, kind)):
                self.takes_over(*row)
            setattr(Tools, "test_%s_%s" % (tool, kind), test)


add_tests()
