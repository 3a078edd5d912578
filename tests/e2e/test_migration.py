# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of ambil-migration(7): each one of another fetcher is taken by that program, and the one of ambil
beside it does what it says there."""

import os
import re
import subprocess
import unittest

import harness
import needs
import test_import
import test_import_fdm
import test_import_fetchmail
from test_import import mail

PAGE = os.path.join(harness.HERE, "..", "..", "man", "ambil-migration.7")
AMBIL = "/usr/local/bin/ambil"      # as a crontab names it
CRON = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "XDG_CONFIG_HOME": None, "XDG_STATE_HOME": None,
        "LC_ALL": None, "TERM": None}


def sections():
    """What the page says of each program: {name: {subsection: text}}."""
    with open(PAGE, encoding="utf-8") as f:
        parts = re.split(r"^\.Sh (.*)\n", f.read(), flags=re.M)
    found = {}
    for title, text in zip(parts[1::2], parts[2::2]):
        below = re.split(r"^\.Ss (.*)\n", text, flags=re.M)
        if "Cron" in below[1::2]:
            found[title.lower()] = dict(zip(below[1::2], below[2::2]))
    return found


def cron_lines(tool):
    """Pairs of lines of a crontab: the program's, and ambil's."""
    lines = re.findall(r"^\*/\d+ \* \* \* \*  (.*)$", sections()[tool]["Cron"], re.M)
    return list(zip(lines[0::2], lines[1::2]))


def command_lines(tool):
    """Pairs of what is typed."""
    rows = re.findall(r"^\.It Li (.*?) Ta Li (.*?)(?: No .*)?$", sections()[tool]["Commands"], re.M)
    return [(theirs.replace(" , ", " "), ours) for theirs, ours in rows]


class Lines:
    """Beside a class of test_import, for the program."""

    def one_account(self):
        """A configuration with the account "home"."""
        raise NotImplementedError

    def two_accounts(self):
        """With "home" and "work"."""
        raise NotImplementedError

    def take(self, line):
        """Let the program take a line of "Commands", without more of an effect than it must have."""
        raise NotImplementedError

    def shell(self, line, env=None):
        return subprocess.run(["/bin/sh", "-c", line], check=False, cwd=self.box.home, capture_output=True,
                              timeout=harness.PATIENCE_S, env=self.box.environment({**CRON, **(env or {})}),
                              stdin=subprocess.DEVNULL)

    def cron_of_tool(self, line):
        """What cron would mail, of the program's own line."""
        done = self.shell(line)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""), line)

    def cron_of_ambil(self, line):
        self.assertTrue(line.startswith(AMBIL), line)
        done = self.shell(line.replace(AMBIL, harness.AMBIL, 1))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""), line)

    def test_the_lines_of_cron(self):
        """They fetch what is new, and are silent."""
        pairs = cron_lines(self.TOOL)
        self.assertGreater(len(pairs), 0)
        want = list(self.old)
        self.one_account()
        for run, lines in ((self.cron_of_tool, [theirs for theirs, _ in pairs]),
                           (self.cron_of_ambil, [ours for _, ours in pairs])):
            for line in lines:
                want.append(mail(200 + len(want)))
                self.server.delivers(want[-1:])
                run(line)
                self.assert_maildir(want, "old", line)
            if run == self.cron_of_tool:
                self.assert_code(self.box.run("import", self.TOOL, env=CRON), 0)

    def test_the_lines_of_commands(self):
        pairs = command_lines(self.TOOL)
        self.assertGreater(len(pairs), 5)
        self.two_accounts()
        for theirs, _ in pairs:
            with self.subTest(line=theirs):
                self.take(theirs)
        self.imports()
        for _, ours in pairs:
            with self.subTest(line=ours):
                line = ours.replace("FILE", self.box.config).replace("HOST", "localhost:%d" % self.server.port)
                # What needs the network is only asked whether it is there.
                line = line.replace("ADDRESS", "--help")
                done = self.shell(line.replace("ambil", harness.AMBIL, 1), {
                    "EDITOR": "true", "SSL_CERT_FILE": self.server.ca})
                self.assertEqual(done.returncode, 0, done)


class Mpop(Lines, test_import.Mpop):
    def one_account(self):
        self.mpoprc()

    def two_accounts(self):
        self.mpoprc("account work : home\nuidls_file ~/work")

    def take(self, line):
        if "--configure" in line:       # it asks the network, and knows no other way
            said = subprocess.run([self.tool, "--help"], check=True, capture_output=True, text=True)
            self.assertIn("--configure=", said.stdout)
            return
        line = line.replace("HOST", "localhost").replace("FILE", self.box.path(".mpoprc"))
        done = self.shell(line.replace("mpop", "mpop --pretend", 1), {"XDG_CONFIG_HOME": self.box.path(".config")})
        self.assertEqual(done.returncode, 0, done)


class Getmail(Lines, test_import.Getmail):
    def one_account(self):
        self.rc()

    def two_accounts(self):
        self.rc(name="home")
        path = self.rc(name="work")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        # Another mailbox to both programs.
        self.box.write(".config/getmail/work", text.replace("server = localhost", "server = LOCALHOST"))

    def cron_of_tool(self, line):
        self.assertEqual(line.split()[0], "getmail")
        self.run_tool(*line.split()[1:])

    def take(self, line):
        line = line.split()
        self.assertEqual(line[0], "getmail")
        self.run_tool(*line[1:], "--dump", *([] if "-r" in line else ["-r", "home"]))


class Fdm(Lines, test_import_fdm.Fdm):
    def one_account(self):
        self.rc()

    def two_accounts(self):
        self.rc(more="account \"work\" pop3s server \"localhost\" port %d user \"anna\" pass $(echo secret) "
                     "new-only cache \"%s\" keep" % (self.server.port, self.box.path("work-cache")))

    def cron_of_tool(self, line):
        self.assertEqual(line.split()[0], "fdm")
        self.run_tool(*line.split()[1:])

    def take(self, line):
        self.cron_of_tool(line.replace(" FILE", " " + self.box.path(".fdm.conf")))


class Fetchmail(Lines, test_import_fetchmail.Fetchmail):
    def one_account(self):
        self.rc()

    def two_accounts(self):
        needs.need("procmail")
        self.rc(more="poll work via 127.0.0.1 user anna sslcommonname localhost")

    def cron_of_tool(self, line):
        done = self.as_user(line, CRON)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""), line)

    def take(self, line):
        line = line.replace("HOST", "localhost").replace("FILE", self.box.path(".fetchmailrc"))
        done = self.as_user(line.replace("fetchmail", "fetchmail -V", 1))
        self.assertEqual(done.returncode, 0, done)


SOURCE = os.path.join(harness.HERE, "..", "..", "src", "import")


def names(tool):
    """What the reader of its configuration knows by name."""
    patterns = {"mpop": (r'^\t\[\w+\] = \{"([a-z_]+)"', "mpop.c"),
                "fetchmail": (r'^\t(?:\[\w+\] = )?\{"([a-z0-9-]+)"', "fetchmail_options.c", "fetchmail.c"),
                "getmail": (r'(?:get|drop|set_path)\(c, (?:\w+|"[a-z-]+"), "(\w+)"', "getmail.c"),
                "fdm": (r'"([a-z]+-[a-z-]+)"', "fdm_parse.c")}
    pattern, *files = patterns[tool]
    found = set()
    for name in files:
        with open(os.path.join(SOURCE, name), encoding="utf-8") as f:
            found.update(re.findall(pattern, f.read(), re.M))
    return found


class Page(unittest.TestCase):
    def test_it_names_each_setting_that_is_read(self):
        for tool, parts in sections().items():
            with self.subTest(tool=tool):
                known = names(tool)
                self.assertGreater(len(known), 20)
                told = set(re.findall(r"[\w-]+", parts["Settings"]))
                # Another word for one that stands there, and what only IMAP has.
                self.assertEqual(sorted(known - told - {"protocol", "lock-type", "no-login"}), [])

    def test_each_program_has_its_lines_tried(self):
        self.assertEqual(set(sections()), {lines.TOOL for lines in Lines.__subclasses__()})


if __name__ == "__main__":
    unittest.main()
