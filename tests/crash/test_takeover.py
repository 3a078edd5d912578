# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills an import at the n-th durable step, for n = 1 until none is left.

Whatever it left, a run of ambil fetches no old message: either there is no account yet, or all that is known of
them. The same import once more comes to its end (with --merge, where ambil.conf has its accounts); then just the new messages come, each once. The
files of the other program, and what stood in ambil.conf, are as they were.
"""

import os
import poplib
import unittest

import scene

import popd         # found by scene

USERS = ("anna", "bob")
OLD, NEW = 3, 2
STEPS_MAX = 3000
MINE = "# mine\naccount mine { host = localhost user = me enabled = false }\n"


def mpop(home, port, uids):
    write(home, ".mpoprc", "defaults\nhost 127.0.0.1\nport %d\nauth user\npasswordeval echo %s\nkeep on\n"
          "delivery maildir ~/Mail\nreceived_header off\n" % (port, popd.PASSWORD) +
          "".join("account %s\nuser %s\n" % (user, user) for user in USERS))
    for user in USERS:
        write(home, ".mpop_uidls/%s_at_127.0.0.1" % user, " %d 127.0.0.1 %s\n%s" % (
            len(uids[user]), user, "".join(uid + "\n" for uid in uids[user])))


def getmail(home, port, uids):
    for user in USERS:
        write(home, ".config/getmail/" + user, "[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\n"
              "port = %d\nusername = %s\npassword_command = (\"echo\", \"%s\")\n[destination]\ntype = Maildir\n"
              "path = ~/Mail/\n[options]\nread_all = false\nreceived = false\n" % (port, user, popd.PASSWORD))
        write(home, ".config/getmail/oldmail-127.0.0.1-%d-%s" % (port, user),
              "".join("%s\0%d\n" % (uid, 1700000000) for uid in uids[user]))


def fdm(home, port, uids):
    write(home, ".fdm.conf", "set no-received\n" + "".join(
        "account \"%s\" pop3 server \"127.0.0.1\" port %d user \"%s\" pass $(echo %s) new-only cache \"%s\" keep\n" %
        (user, port, user, popd.PASSWORD, os.path.join(home, "cache-" + user)) for user in USERS) +
          "match all action maildir \"~/Mail\"\n")
    for user in USERS:
        write(home, "cache-" + user, "".join("%d %s\n" % (len(uid), uid) for uid in uids[user]))


TOOLS = {tool.__name__: tool for tool in (mpop, getmail, fdm)}


def write(home, name, text):
    path = os.path.join(home, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o600)


def files(folder):
    """All below the folder but what ambil may write."""
    found = {}
    for where, _, names in os.walk(folder):
        if "ambil" not in where and "/Mail" not in where:
            for name in names:
                with open(os.path.join(where, name), "rb") as f:
                    found[os.path.join(where, name)] = f.read()
    return found


class Takeover(scene.Scene):
    """A home in which another program has fetched, and a server with mail of two users."""

    def __init__(self, tool, mine):
        self.tool, self.mine, self.merged, self.went_on = tool, mine, 0, 0
        self.all = {user: [scene.mail(100 * n + i) for i in range(OLD + NEW)] for n, user in enumerate(USERS)}
        super().__init__("maildir", "true", None, [mail for mails in self.all.values() for mail in mails[OLD:]])
        try:
            self.serve_both()
            self.imports = self.start("import", tool)
            self.merges = self.start("import", tool, "--merge")
        except BaseException:
            self.close()
            raise

    def start(self, *args):
        starter = scene.Starter(args=args)
        self.stuff.append((starter.stop,))
        return starter

    def serve_both(self):
        """The server of the scene has one user."""
        self.server.stop()
        users = os.path.join(self.root, "users")
        with open(users, "w", encoding="utf-8") as f:
            for user in USERS:
                folder = os.path.join(self.root, "mail-" + user)
                os.mkdir(folder)
                for i, mail in enumerate(self.all[user]):
                    with open(os.path.join(folder, "%03d" % i), "wb") as mailfile:
                        mailfile.write(mail)
                f.write("%s:%s:%s\n" % (user, popd.PASSWORD, folder))
        self.server = popd.Popd("--users", users, tls="none")
        self.stuff.append((self.server.stop,))
        self.uids = {user: self.list(user)[:OLD] for user in USERS}

    def list(self, user):
        box = poplib.POP3("127.0.0.1", self.server.port, timeout=120)
        box.user(user)
        box.pass_(popd.PASSWORD)
        uids = [line.split()[1].decode() for line in box.uidl()[1]]
        box.quit()
        return uids

    @property
    def name(self):
        return "import %s%s" % (self.tool, ", beside an account" if self.mine else "")

    def begin(self):
        self.config = self.mine
        self.empty_home()
        if not self.mine:
            os.unlink(self.path)
        TOOLS[self.tool](self.home, self.server.port, self.uids)

    @property
    def path(self):
        return os.path.join(self.home, ".config", "ambil", "ambil.conf")

    def run_with(self, starter, **stop):
        usual, self.starter = self.starter, starter
        try:
            return self.run(**stop)
        finally:
            self.starter = usual

    def expect_no_surprise(self, note):
        """An old message is not fetched, however little of the import there is."""
        config = scene.read(self.path)
        done = "account anna" in config
        self.expect(config.startswith(self.mine) and done == ("account bob" in config), note, config)
        run = self.run()
        self.expect(run.code == (0 if done else 78), note, run)
        self.expect_same(self.delivered(), self.mails if done else [], note + ", at once")

    def expect_end(self, note):
        """At once, and not with --merge but where the accounts are in ambil.conf already."""
        done = "account anna" in scene.read(self.path)
        run = self.run_with(self.imports)
        if done and self.expect("ambil import %s --merge" % self.tool in run.stderr, note, run):
            self.merged += 1
            run = self.run_with(self.merges)
        else:
            self.went_on += 1
        self.expect(run.code == 0 and not run.stderr, note, run)
        self.expect_silence(self.run(), note + ", imported")
        have = self.delivered()
        self.lost += len(set(self.mails) - set(have))
        self.torn += len(set(have) - set(self.mails))
        self.doubled += len(have) - len(set(have))
        self.expect_same(have, self.mails, note + ", imported")
        self.expect(scene.read(self.path).startswith(self.mine), note, "ambil.conf is not as it was")


def kill_everywhere(tool, mine, steps=None):
    kills = at = misses = 0
    with Takeover(tool, mine) as s:
        s.begin()
        before = files(s.home)
        for at in range(1, STEPS_MAX, scene.STRIDE):
            note = "killed at step %d" % at
            s.begin()
            run = s.run_with(s.imports, at=at, steps=steps)
            if run.steps < at:
                s.expect(run.code == 0, "not killed", run)
                misses += 1
                if misses == scene.MISSES:
                    break
            elif not s.expect(run.code == -9, note, run):
                break
            else:
                kills += 1
            s.expect_no_surprise(note)
            s.expect_end(note)
            s.expect(files(s.home) == before, note, "a file of %s was changed" % tool)
        else:
            s.expect(False, note, "the steps do not end")
        s.expect(s.went_on > 0, "", "no import was killed before ambil.conf was there")
        return "%s: %s" % (s.name, s.verdict(kills=kills, went_on=s.went_on, completed_by_merge=s.merged)), s.problems


class Takeovers(unittest.TestCase):
    def test_an_import_is_killed(self):
        scene.at_once(self, kill_everywhere, [
            ("fdm", ""), ("mpop", MINE, "create,sync,rename"), ("getmail", "", "create,sync,rename")])


if __name__ == "__main__":
    unittest.main()
