# SPDX-License-Identifier: GPL-3.0-or-later
"""Coming from fdm: the real one fetches, ambil takes over, and no message comes twice."""

import glob
import os

import popd
import test_import
from test_import import mail


class Fdm(test_import.Import):
    TOOL = "fdm"

    def run_tool(self, *args):
        done = self.as_nobody([self.tool, "-f", self.box.path(".fdm.conf"), *args])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(b"aborted", done.stderr)

    def setUp(self):
        super().setUp()
        with open(self.server.ca, encoding="utf-8") as f:
            self.box.write("ca.pem", f.read())
        usual = self.box.environment
        self.box.environment = lambda more=None: usual(
            {"SSL_CERT_FILE": self.box.path("ca.pem"), **(more or {})})

    def rc(self, only='new-only cache "%s"', keep="keep", rules="match all action \"in\"",
           password=None, more=""):
        cache = self.box.path("cache")
        return self.box.write(".fdm.conf", """# mail
set verify-certificates
set no-received
set lock-file "%s"
$folder = '%s'
action "in" maildir "${folder}"
account "home" pop3s
    server "localhost" port %d
    user "anna" pass %s
    %s %s
%s
%s
""" % (self.box.path("lock"), self.box.path("old"), self.server.port,
            password or "$(echo " + popd.PASSWORD + ")", only % cache if "%" in only else only, keep,
            more, rules), mode=0o600)


class Takeover(Fdm):
    def test_each_message_comes_once(self):
        self.rc()
        self.run_tool("fetch")
        self.takes_over("~/cache")

    def test_what_fdm_left_stays_though_it_deletes_the_rest(self):
        """With -k it keeps once what it would delete: that is in the cache, and stays."""
        self.rc(keep="")
        self.run_tool("-k", "fetch")
        self.assert_left(self.old)
        new = [mail(100)]
        self.server.delivers(new)
        self.assert_said(self.imports().stdout.decode(), "keep = false",
                         "5 messages that fdm has fetched are taken as seen")
        self.ambil()
        self.assert_left(self.old)
        self.assert_maildir(self.old + new, "old")

    def test_mail_that_a_rule_kept_back_is_never_deleted(self):
        """It is in the cache too, though it was delivered nowhere."""
        self.rc(rules='match "Subject: 3" in headers action keep\nmatch all action "in"')
        self.run_tool("fetch")
        self.assertEqual(len(self.maildir("old")), 4)
        said = self.imports().stdout.decode()
        self.assert_said(said, "# not converted (line 12): match, because mail is not looked into "
                         "here", "5 messages")
        self.box.write_config(self.config().replace("keep = true", "keep = false"))
        self.ambil()
        self.assert_left(self.old)

    def test_mail_that_comes_to_the_end_of_the_rules_stays(self):
        """It was delivered, by a rule that goes on, and fdm keeps it."""
        self.rc(keep="", rules="match all action \"in\" continue")
        self.run_tool("fetch")
        self.assert_left(self.old)
        new = [mail(100)]
        self.server.delivers(new)
        self.imports()
        self.ambil()
        self.assert_left(self.old + new)
        self.assert_maildir(self.old + new, "old")

    def test_without_a_cache_all_is_new_and_it_says_so(self):
        self.rc(only="")
        said = self.imports().stdout.decode()
        self.assert_said(said, "# changed (line 7): fdm fetches all mail each time", "home: fdm "
                         "keeps no list of what it has fetched here: all mail on the server is new")
        self.assert_said(self.count(), "5 new messages")

    def test_merge_adds_what_is_not_known(self):
        self.rc()
        self.run_tool("fetch")
        self.imports()
        result = self.imports(code=78)
        self.assert_said(result.stderr, "is account \"home\"", "ambil import fdm --merge")
        self.server.delivers([mail(7)])
        self.run_tool("fetch")
        before = self.config()
        self.assertEqual(self.imports("--merge").stdout.decode(),
                         "home: 1 message that fdm has fetched is taken as seen (~/cache)\n")
        self.assertEqual(self.config(), before)
        self.assert_said(self.count(), "no new mail")


    def test_while_fdm_runs_nothing_is_taken(self):
        """Its cache would lack what it fetches meanwhile."""
        self.rc()
        self.run_tool("fetch")
        self.box.write("lock", "")
        result = self.imports(code=75)
        self.assert_said(result.stderr, "fdm is fetching, or was killed: its lock ~/lock is there",
                         "(try: wait until it has ended; if it does not run, remove that file)")
        self.assertFalse(os.path.exists(self.box.config))
        os.unlink(self.box.path("lock"))
        self.imports()

    def test_the_lock_is_there_while_it_runs(self):
        self.rc(rules="match all action exec \"ls %s\"" % self.box.path("lock"))
        self.run_tool("fetch")
        self.assertFalse(os.path.exists(self.box.path("lock")))


class Configuration(Fdm):
    def test_what_is_in_netrc(self):
        """fdm finds user and password there; ambil the password."""
        self.box.write(".netrc", "machine localhost login anna password %s\n" % popd.PASSWORD, mode=0o600)
        path = self.rc()
        self.run_tool("fetch")      # which looks for it in another home here
        with open(path, encoding="utf-8") as f:
            text = f.read()
        self.box.write(".fdm.conf", text.replace("user \"anna\" pass $(echo %s)" % popd.PASSWORD, ""), mode=0o600)
        said = self.imports().stdout.decode()
        self.assert_said(said, "user = anna", "home: 5 messages that fdm has fetched are taken as seen")
        self.assertNotIn(popd.PASSWORD, said)
        self.assert_said(self.count(), "no new mail")

    def test_several_accounts_and_files(self):
        self.box.write("more.conf", "\naccount \"second\" disabled pop3 server \"h\" user \"v\" "
                       "pass \"hunter2\" keep new-only cache \"~/cache2\"\n")
        self.box.write("cache2", "3 abc\n1 d\n")
        self.rc(more="include \"more.conf\"\naccount \"old\" imaps server \"h\" user \"u\" pass "
                "\"hunter2\"")
        said = self.imports().stdout.decode()
        self.assert_said(said, "(line 12): account old, because imaps is no POP3 server",
                         "account second {    # more.conf:2", "enabled = false",
                         "# changed (line 2): fdm does not insist on encryption here",
                         "second: 2 messages that fdm has fetched are taken as seen (~/cache2)",
                         "its password (more.conf:2) was not taken over")
        self.assertNotIn("hunter2", said + self.config())
        self.assertEqual(self.box.run("config", "accounts").stdout, b"home\nsecond\n")

    def test_what_is_wrong_is_named_and_nothing_is_changed(self):
        for text, cache, code, words in (
                ("set nosuch", None, 78, "~/.fdm.conf:11: \"nosuch\" has no place here"),
                ("include \"more\"", None, 78, "~/.fdm.conf:11: cannot read more: No such file"),
                ("", "3 abc\n3 ab\n", 66, "~/cache:2: the UID is shorter than its length"),
                ("", "nonsense\n", 66, "~/cache:1: \"LENGTH UID\" was expected")):
            with self.subTest(words=words):
                self.rc(more=text)
                if cache:
                    self.box.write("cache", cache)
                before = self.files()
                result = self.imports(code=code)
                self.assert_said(result.stderr, words)
                self.assertEqual(self.files(), before)

    def test_a_proxy_with_a_password(self):
        self.rc(more="set proxy \"socks://me:hunter2@localhost:1\"")
        said = self.imports().stdout.decode()
        self.assert_said(said, "enabled = false", "# not converted (line 11): proxy, because its password",
                         "proxy = \"socks5://me@localhost:1\" and proxy-password-command")
        self.assertNotIn("hunter2", said + self.config())

    def test_ambil_alone_points_to_it(self):
        result = self.box.run()
        self.assertNotIn("import", result.stderr)
        self.rc()
        self.assert_said(self.box.run().stderr, "no accounts yet", "coming from fdm?", "ambil import fdm")
        self.box.write(".mpoprc", "# an older one")
        self.assert_said(self.box.run().stderr, "coming from another fetcher? ~/.mpoprc, ~/.fdm.conf found",
                         "ambil import mpop, ambil import fdm")

    def test_a_command_gets_what_fdm_would_have_told_it(self):
        self.rc(only="", rules="match all action pipe \"cat >> %s; echo '%%[server_uid]' %%a >> "
                "%s\"" % (self.box.path("taken"), self.box.path("told")))
        self.imports()
        self.ambil()
        with open(self.box.path("taken"), "rb") as f:
            self.assertEqual(f.read(), b"".join(self.old))
        with open(self.box.path("told"), encoding="utf-8") as f:
            self.assertEqual([line.split()[1] for line in f], ["home"] * 5)
        self.assertEqual(glob.glob(self.box.path("old", "new", "*")), [])
