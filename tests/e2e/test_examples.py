# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of ambil(1), each as it stands there, where its names are: in a network with a name server, against
popd on the usual port."""

import os
import re
import subprocess
import tempfile
import unittest

import certs
import corpus
import domain
import harness
import mailstore
import needs
import popd
from harness import HERE

PAGE = os.path.join(HERE, "..", "..", "man", "ambil.1")
UNITS = os.path.join(HERE, "..", "..", "systemd")
RECORDS = ["srv-host=_pop3s._tcp.example.org,pop.example.org,995", "local=/example.org/", "local=/example.net/",
           "host-record=pop.example.org,127.0.0.1", "host-record=mail.example.net,127.0.0.1"]
USERS = ("anna", "anna@example.org", "board")
CONFIG = 'host = pop.example.org user = anna password = "%s" received-header = false' % popd.PASSWORD


def examples():
    """Each line or block, as a reader copies it."""
    with open(PAGE, encoding="utf-8") as f:
        text = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Sh ", f.read(), re.M | re.S).group(1)
    found = re.findall(r"^\.Dl ([^\n]*)$|^\.Bd [^\n]*\n(.*?)^\.Ed$", text, re.M | re.S)
    for letters, meant in ((r"\(dq", '"'), (r"\(ti", "~"), (r"\-", "-")):
        found = [(line.replace(letters, meant), block.replace(letters, meant)) for line, block in found]
    return [line or block.rstrip("\n") for line, block in found]


class Examples(harness.Case):
    """Each is tried in a home of its own, with three messages on the server for each user."""

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can have a network of its own")
        cls.network = domain.Network(RECORDS)
        cls.addClassCleanup(cls.network.stop)
        folder = tempfile.TemporaryDirectory(prefix="ae")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        own = certs.Certificates(cls.folder, ["DNS:pop.example.org", "DNS:mail.example.net"])
        cls.authority = own.ca
        table = os.path.join(cls.folder, "users")
        with open(table, "w", encoding="ascii") as f:
            for user in USERS:
                os.mkdir(os.path.join(cls.folder, user))
                f.write("%s:%s:%s\n" % (user, popd.PASSWORD, os.path.join(cls.folder, user)))
        cls.network.serve(popd.POPD, "--parent-exit", "--port", "995", "--tls", "implicit",
                          "--use-cert", own.cert, "--use-key", own.key, "--users", table)

    def begin(self):
        self.box = harness.Sandbox()
        self.addCleanup(self.box.remove)
        self.want = corpus.numbered(3)
        for user in USERS:
            place = os.path.join(self.folder, user)
            for name in os.listdir(place):
                os.unlink(os.path.join(place, name))
            for number, octets in enumerate(self.want):
                with open(os.path.join(place, "%03d" % number), "wb") as f:
                    f.write(octets)
        os.mkdir(self.box.path("bin"))
        os.symlink(os.path.abspath(harness.AMBIL), self.box.path("bin", "ambil"))
        self.env = self.box.environment({
            "SSL_CERT_FILE": self.authority, "TERM": "xterm",
            "PATH": self.box.path("bin") + ":" + os.environ.get("PATH", os.defpath)})

    def program(self, name, script):
        """One that the example names, and that is not on every machine."""
        self.box.write(os.path.join("bin", name), "#!/bin/sh\n" + script, mode=0o700)

    def shell(self, line, code=0):
        done = subprocess.run([*self.network.enter, "/bin/sh", "-c", line], env=self.env, cwd=self.box.home,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=harness.PATIENCE_S, check=False,
                              start_new_session=True)
        self.assertEqual(done.returncode, code, "%s: %s" % (line, done))
        return done

    def typed(self, line, *answers):
        """At a terminal; answers are pairs of what is asked and what is answered."""
        with harness.terminal.Terminal([*self.network.enter, "/bin/sh", "-c", line], self.env,
                                       cwd=self.box.home) as t:
            for question, answer in answers:
                t.expect(question)
                t.raw = b""
                t.send(answer.encode() + b"\n")
            self.assertEqual(t.wait(), 0, t.text)
        return t.text

    def came(self, name="Mail"):
        """All is in this Maildir, each message once."""
        have = [mailstore.without_received(octets) if octets.startswith(b"Received:") else octets
                for octets in self.maildir(name)]
        mailstore.assert_same(self, have, self.want)

    def left(self, count, user="anna"):
        self.assertEqual(len(os.listdir(os.path.join(self.folder, user))), count)

    def home(self, more=""):
        self.box.write_config("account home { %s }\n" % CONFIG, more)

    # How each is tried: setup and the run behind it are one.

    def first_run(self, line):
        self.typed(line, ("Password for anna@example.org.*: $", popd.PASSWORD), (r"\[n\]either\? \[f\] $", ""),
                   (r"\[n\]ow on\? \[a\] $", ""), (r"Deliver to \[[^]]*\]: $", ""))
        self.second_run("ambil")

    def second_run(self, line):
        if not os.path.exists(self.box.config):
            self.home()
        self.assertRegex(self.typed(line), r"(example|home) +3 new messages .* in ~/Mail")
        self.came()

    def in_a_script(self, line):
        self.program("pass", 'test "$*" = mail && echo %s\n' % popd.PASSWORD)
        self.shell(line)
        self.shell("ambil")
        self.came()

    def without_configuration(self, line):
        self.typed(line, ("assword.*: $", popd.PASSWORD))
        self.came()

    def five_lines(self, block):
        self.program("pass", 'test "$*" = mail/home && echo %s\n' % popd.PASSWORD)
        self.box.write_config(block)
        self.assertEqual(len(block.splitlines()), 5)
        self.shell("ambil")
        self.came()

    def crontab(self, line):
        times, command = re.fullmatch(r"(\*/10 \* \* \* \*) @BINDIR@/(.*)", line).groups()
        self.assertTrue(times)
        self.home()
        done = self.shell(command)
        self.assertEqual((done.stdout, done.stderr), (b"", b""))
        self.came()

    def timer(self, line):
        self.program("systemctl", "echo \"$@\"\n")
        said = self.shell(line).stdout.decode()
        self.assertRegex(said, r"^--user enable --now \S+\n$")
        self.assertTrue(os.path.exists(os.path.join(UNITS, said.split()[-1])))

    def monitor(self, line):
        self.home()
        self.shell("ambil")
        self.assertRegex(self.shell(line).stdout, rb"home\tok\t|home +ok ")
        self.box.write_config("account home { %s port = 9 }\n" % CONFIG)
        self.shell("ambil", code=75)
        # What is temporary is a warning there, and that is 1.
        self.shell(line, code=1)
        self.home("account away { %s }\n" % CONFIG)
        self.shell(line, code=2)

    def sorter(self):
        """procmail, with a configuration of this home: its own it would take from the home of the user who it is."""
        needs.need("formail")
        self.program("procmail", 'exec %s "$@" ~/.procmailrc\n' % needs.need("procmail"))
        self.box.write(".procmailrc", "MAILDIR=%s\nDEFAULT=%s/\n" % (self.box.home, self.box.path("sorted")))
        for part in ("", "cur", "new", "tmp"):
            os.makedirs(self.box.path("sorted", part), exist_ok=True)

    def procmail(self, line):
        self.sorter()
        self.box.write_config(line + "\naccount home { %s }\n" % CONFIG)
        self.shell("ambil")
        self.came("sorted")

    def one_stream(self, line):
        self.sorter()
        self.home()
        self.shell(line)
        have = [mailstore.without_from_line(octets).rstrip(b"\n") for octets in self.maildir("sorted")]
        mailstore.assert_same(self, have, [octets.rstrip(b"\n") for octets in self.want])

    def two_weeks(self, line):
        self.home()
        self.shell(line)
        self.came()
        self.left(3)

    def what_that_would_do(self, line):
        self.home()
        said = self.shell(line).stdout.decode()
        self.assertEqual(len(re.findall(r"(?m)^ +\d +new .* fetch$", said)), 3, said)
        self.assertFalse(os.path.exists(self.box.path("Mail")))

    def new_mail(self, line):
        self.program("notify-send", 'echo "$*"\n')
        self.home()
        self.assertEqual(self.shell(line).stdout, b"New mail\n")
        self.shell("ambil")
        self.assertEqual(self.shell(line, code=1).stdout, b"")

    def several_accounts(self, block):
        self.box.write_config(block)
        self.box.write(".netrc", "machine pop.example.org login anna password %s\n"
                       "machine mail.example.net login board password %s\n" % (popd.PASSWORD, popd.PASSWORD))
        os.mkdir(self.box.path("Mail"))
        self.shell("ambil")
        self.came("Mail/home")
        self.assertFalse(os.path.exists(self.box.path("Mail", "club")))
        self.shell("ambil fetch club")
        self.came("Mail/club")

    HOW = (
        (r"ambil setup anna@example\.org", first_run),
        (r"ambil", second_run),
        (r"ambil setup .* --no-input .*", in_a_script),
        (r"ambil fetch pops://.*", without_configuration),
        (r"account home \{\n(.|\n)*", five_lines),
        (r"\*/10 .*", crontab),
        (r"systemctl .*", timer),
        (r"ambil status .*\ncase .*", monitor),
        (r"deliver = \"pipe:procmail .*", procmail),
        (r"ambil .* \| formail .*", one_stream),
        (r"ambil fetch --keep=14d", two_weeks),
        (r"ambil fetch --keep=14d --dry-run", what_that_would_do),
        (r"ambil check .*", new_mail),
        (r"deliver = maildir:~/Mail/%a\n(.|\n)*", several_accounts),
    )

    def test_each_one(self):
        tried = []
        for example in examples():
            with self.subTest(example):
                ways = [way for pattern, way in self.HOW if re.fullmatch(pattern, example)]
                self.assertEqual(len(ways), 1, "no way is known to try this one")
                self.begin()
                ways[0](self, example)
                tried += ways
        self.assertEqual(len(set(tried)), len(self.HOW))
        self.assertGreaterEqual(len(tried), 8)


if __name__ == "__main__":
    unittest.main()
