# SPDX-License-Identifier: GPL-3.0-or-later
"""list and seen: screens, fields for scripts, hostile headers; what each option of seen changes."""

import fcntl
import os
import signal
import time
import unicodedata
import unittest

import corpus
import dovecot_case
import harness
import popd_case

UNKNOWN = "\ufffd"


def setUpModule():
    dovecot_case.start()


def message(sender, subject, date="Mon, 02 Mar 2020 10:11:12 +0100", body=b"x" * 100 + b"\n"):
    return ("From: %s\nSubject: %s\nDate: %s\n\n" % (sender, subject, date)).encode(
        "utf-8", "surrogateescape") + body


# What a mailbox may hold, the oldest first.
MAILS = [
    message("Berta Brand <berta@example.net>", "Lunch on Thursday?"),
    message("=?utf-8?Q?D=C3=B6rte_D=C3=A4umler?= <doerte@example.org>",
            "=?utf-8?B?R3LDvMOf?=\n =?iso-8859-1?Q?e_aus_K=F6ln?=, and much more than fits here"),
    message("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= <jp@example.org>",
            "=?utf-8?B?5pel5pys6Kqe44Gu5Lu25ZCN44Gv5bmF44GM5pOL44KE44GL44Gn44GZ44CC?="),
    message("anna@example.org (Anna)", "e\u0301clair", body=b"y" * 1500 + b"\n"),
]
SCREENS = {
    (80, "C.UTF-8"): """\
NO   SIZE  DATE      STATE          NEXT     FROM          SUBJECT
 4   1.6K  Mar 2020  new            get      Anna          e\u0301clair
 3    285  Mar 2020  new            get      日本          日本語の件名は幅が…
 2    300  Mar 2020  new            get      Dörte Däuml…  Grüße aus Köln, and…
 1    211  Mar 2020  new            get      Berta Brand   Lunch on Thursday?
home   4 messages, 4 new (2.3 KiB)""",
    (80, "C"): """\
NO   SIZE  DATE      STATE          NEXT     FROM          SUBJECT
 4   1.6K  Mar 2020  new            get      Anna          e?clair
 3    285  Mar 2020  new            get      ??            ???????????????
 2    300  Mar 2020  new            get      D?rte D?um..  Gr??e aus K?ln, an..
 1    211  Mar 2020  new            get      Berta Brand   Lunch on Thursday?
home   4 messages, 4 new (2.3 KiB)""",
    (40, "C.UTF-8"): """\
NO  STATE   FROM       SUBJECT
 4  new     Anna       e\u0301clair
 3  new     日本       日本語の件名は…
 2  new     Dörte Dä…  Grüße aus Köln,…
 1  new     Berta Br…  Lunch on Thursd…
home   4 messages, 4 new (2.3 KiB)""",
    (40, "C"): """\
NO  STATE   FROM       SUBJECT
 4  new     Anna       e?clair
 3  new     ??         ???????????????
 2  new     D?rte D..  Gr??e aus K?ln..
 1  new     Berta B..  Lunch on Thurs..
home   4 messages, 4 new (2.3 KiB)""",
}


def plain(result):
    return result.stdout.decode("utf-8")


def columns(text):
    """What wcwidth(3) counts, for these texts."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF"
               else 1 for c in text)


def numbers(result):
    return [int(line.split("\t")[0]) for line in plain(result).splitlines()]


def snapshot(folder):
    """All files below a folder, with what is in them."""
    found = {}
    for root, _, files in os.walk(folder):
        for name in files:
            with open(os.path.join(root, name), "rb") as f:
                found[os.path.join(root, name)] = f.read()
    return found


class Screens(popd_case.PopdCase):
    def screen(self, *args, width=80, code=0, **env):
        with self.box.terminal(*args, size=(24, width), env=env) as t:
            self.assertEqual(t.wait(), code, t.text)
            return t.screen

    def lines(self, *args, code=0, **more):
        """Off a terminal: what each line has between its tabs."""
        result = self.box.run(*args, **more)
        self.assert_code(result, code)
        self.said = result.stderr
        return [line.split("\t") for line in plain(result).splitlines()]

    def test_screens_of_all_widths_and_locales(self):
        self.serve(mails=MAILS)
        self.configure()
        for (width, locale), screen in SCREENS.items():
            with self.subTest(width=width, locale=locale):
                shown = self.screen("list", "home", width=width, LC_ALL=locale)
                self.assertEqual(shown, screen.split("\n"))
        for width in (50, 59, 60, 80, 139, 140, 200):
            for line in self.screen("list", "home", width=width):
                self.assertLess(columns(line), width, line)
        # COLUMNS wins over the terminal.
        self.assertEqual(self.screen("list", "home", width=120, COLUMNS="40"),
                         SCREENS[(40, "C.UTF-8")].split("\n"))

    def test_new_mail_is_bold_where_colours_are_wanted(self):
        self.serve(mails=MAILS[:1])
        self.configure()
        for env, bold in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            with self.box.terminal("list", "home", env=env) as t:
                t.wait()
                self.assertEqual("\x1b[1m" in t.text, bold, t.text)
                self.assertEqual("\x1b" in t.text, bold, t.text)
        self.assertNotIn(b"\x1b", self.box.run("list", "home").stdout)

    def test_fields_for_scripts(self):
        self.serve(mails=MAILS)
        self.configure(keep="14d")
        self.ambil("fetch", "--max", "1")
        rows = self.lines("list", "home")
        self.assertEqual([row[0] for row in rows], ["4", "3", "2", "1"])
        self.assertEqual([len(row) for row in rows], [10] * 4)
        self.assertEqual(rows[0][2:7], ["2020-03-02T09:11:12Z", "new", "-", "get", "-"])
        self.assertEqual(rows[0][8:], ["Anna <anna@example.org>", "e\u0301clair"])
        self.assertEqual(rows[2][8], "Dörte Däumler <doerte@example.org>")
        self.assertEqual(rows[2][9], "Grüße aus Köln, and much more than fits here")
        seen = rows[3]
        self.assertEqual((seen[1], seen[3], seen[5]), ("211", "seen", "keep"))
        since, until = [time.mktime(time.strptime(t, "%Y-%m-%dT%H:%M:%SZ")) for t in (seen[4], seen[6])]
        self.assertEqual(until - since, 14 * 86400)
        # The UID is the one that the state has.
        self.assertEqual(self.lines("seen", "home")[0][0], seen[7])
        self.assertEqual(self.said, "")

    def test_what_the_next_fetch_would_do(self):
        self.serve(mails=[message("a@b", "old"), message("a@b", "big", body=b"z" * 5000 + b"\n"),
                          message("a@b", "one"), message("a@b", "two")])
        self.configure(keep=True)
        self.ambil("fetch", "--max", "1")
        for more, words in (({"keep": True}, ["get", "get", "get", "keep"]),
                            ({"keep": False}, ["get+del", "get+del", "get+del", "delete"]),
                            ({"max_size": "2k"}, ["get", "get", "too big", "keep"]),
                            ({"max_messages": 1}, ["later", "later", "get", "keep"])):
            with self.subTest(more=more):
                self.configure(**more)
                self.assertEqual([row[5] for row in self.lines("list", "home")], words)
        # How many are shown is not how many are fetched.
        self.configure()
        self.assertEqual([row[5] for row in self.lines("list", "home", "--max", "1")], ["get"])

    def test_failed_and_marked_mail(self):
        self.serve(mails=MAILS[:2])
        self.configure(deliver="pipe:false")
        self.box.run("fetch")
        self.assertEqual([row[3] for row in self.lines("list", "home")], ["failed"] * 2)
        row = self.lines("seen", "home")[0]
        self.assertEqual((row[2], row[6]), ("failed", "1"))
        self.assertIn("false", row[7])
        self.ambil("seen", "home", "--mark-all")
        self.assertEqual([row[3] for row in self.lines("list", "home")], ["marked"] * 2)
        self.assertEqual([row[2] for row in self.lines("seen", "home")], ["marked"] * 2)

    def test_hostile_headers_stay_in_their_line(self):
        evil = [
            message("\x1b]0;owned\x07 <a@b>", "\x1b[2J\x1b[H all gone"),
            message("=?utf-8?Q?a=0D=0A99__new?= <a@b>", "=?utf-8?Q?b=0A=0D98__=1B[31mred?="),
            message("x\u202egpj.exe <a@b>", "=?utf-8?B?4oCu4oGm4oCo4oCp?="),
            message('"support@bank.example" <crook@evil.example>', "password"),
            message("raw \udce9\udcff <a@b>", "caf\udce9"),
            message("a@b", "A" * 50000),
            message("a@b", "=?utf-8?Q?" + "=61" * 30000 + "?="),
            message("a@b", "e" + "\u0301" * 500 + "\u200b\u200f"),
            message("(" * 3000, "\t\ttab\there", date="x" * 3000),
            message("a@b", "=?UTF-8//TRANSLIT?Q?x?= =?/etc/passwd?B?eA==?="),
            b"no header at all\n",
            b"\nSubject: of the body\n",
            b"Subject: first\nSubject: second\n\n",
            b"From:\nSubject:\nDate:\n\n",
            b"Subject: nul\0 here\n\n",
        ]
        self.serve(mails=evil)
        self.configure()
        for locale in ("C.UTF-8", "C"):
            with self.box.terminal("list", "home", "--color", "never", size=(24, 80),
                                   env={"LC_ALL": locale}) as t:
                self.assertEqual(t.wait(), 0)
                self.assertEqual(len(t.screen), len(evil) + 2, t.screen)
                self.assertNotRegex(t.text.replace("\r\n", ""), "[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
                for number, line in zip(range(len(evil), 0, -1), t.screen[1:]):
                    self.assertRegex(line, "^ *%d  " % number)
                    self.assertLess(columns(line), 80, line)
        rows = self.lines("list", "home")
        self.assertEqual([len(row) for row in rows], [10] * len(evil))
        shown = {int(row[0]): row[8:] for row in rows}
        self.assertEqual(shown[1], ["\\x1b]0;owned\\x07 <a@b>", "\\x1b[2J\\x1b[H all gone"])
        self.assertEqual(shown[2], ["a\\x0d\\x0a99  new <a@b>", "b\\x0a\\x0d98  \\x1b[31mred"])
        self.assertEqual(shown[3], ["x" + UNKNOWN + "gpj.exe <a@b>", UNKNOWN * 4])
        self.assertEqual(shown[5], ["raw \\xe9\\xff <a@b>", "caf\\xe9"])
        self.assertEqual(len(shown[6][1]), 899)
        self.assertEqual(shown[8][1], "e" + "\u0301" * 3)
        self.assertEqual(shown[9][1], "tab here")
        self.assertEqual(shown[10][1], "=?UTF-8//TRANSLIT?Q?x?= =?/etc/passwd?B?eA==?=")
        self.assertEqual([shown[n] for n in (11, 12, 13, 14)],
                         [["-", "-"], ["-", "-"], ["-", "first"], ["-", "-"]])
        self.assertEqual(shown[15][1], "nul  here")
        # Whose address poses as a name is shown by the true one.
        line = self.screen("list", "home", width=140, NO_COLOR="1")[-5]
        self.assertIn("crook@evil.example", line)
        self.assertNotIn("bank", line)

    def test_a_server_without_top(self):
        self.serve("--no-verb", "TOP", "--no-cap", "TOP", mails=MAILS)
        self.configure()
        rows = self.lines("list", "home")
        self.assertEqual([row[8:] for row in rows], [["-", "-"]] * 4)
        self.assertEqual([row[1] for row in rows], ["1593", "285", "300", "211"])
        self.assertEqual(self.said, "ambil: home: localhost has no TOP: date, sender and subject "
                                    "are not known without a fetch\n")
        self.assertNotIn("C: TOP", self.server.log())
        self.assertNotIn("C: RETR", self.server.log())

    def test_a_server_that_refuses_top(self):
        self.serve("--generate", "40:200", faults=["err:TOP::not here"])
        self.configure()
        rows = self.lines("list", "home")
        self.assertEqual([row[0] for row in rows], [str(n) for n in range(40, 0, -1)])
        self.assertEqual(self.said.count("refuses TOP"), 1)

    def test_one_refused_header_is_one_line_without(self):
        self.serve(mails=MAILS, faults=["err:TOP:2:not now"])
        self.configure()
        self.assertEqual([row[9] == "-" for row in self.lines("list", "home")],
                         [False, True, False, False])

    def test_a_session_that_breaks_doubles_no_line(self):
        self.serve("--generate", "20:200", faults=["close:at=TOP:7@1"])
        self.configure()
        rows = self.lines("list", "home")
        self.assertEqual([row[0] for row in rows], [str(n) for n in range(20, 0, -1)])
        self.assertEqual([row[0] for row in rows if row[9] == "-"], [])
        # Where it breaks again and again, what is known without is told all the same.
        self.serve("--generate", "20:200", faults=["close:at=TOP:7"])
        self.configure()
        rows = self.lines("list", "home")
        self.assertEqual([row[0] for row in rows], [str(n) for n in range(20, 0, -1)])
        self.assertEqual(self.said.count("breaks off at TOP"), 1)

    def test_a_server_without_uidl(self):
        self.serve("--no-verb", "UIDL", "--no-cap", "UIDL", mails=MAILS)
        self.configure()
        self.assertEqual([row[3] for row in self.lines("list", "home")], ["new"] * 4)
        self.assertIn("seen mail there cannot be told from new mail", self.said)

    def test_of_a_large_mailbox_only_so_many_headers_are_asked_for(self):
        self.serve("--generate", "100000:1K")
        self.configure()
        rows = self.lines("list", "home", "--max", "3", timeout=500)
        self.assertEqual([row[0] for row in rows], ["100000", "99999", "99998"])
        self.assertEqual(self.server.log().count("C: TOP"), 3)
        self.assertNotIn("C: RETR", self.server.log())

    def test_headers_are_not_waited_for_one_by_one(self):
        self.serve("--generate", "200:300")
        self.configure()
        self.assertEqual(len(self.lines("list", "home")), 200)
        session = self.server.sessions(1)[0]
        self.assertLess(session["waits"], 20)
        self.assertGreater(session["max_outstanding"], 10)

    def test_a_reader_that_has_enough(self):
        self.serve("--generate", "5000:200")
        self.configure()
        self.ambil("fetch", "--from-now")
        for verb in ("list", "seen"):
            with self.subTest(verb=verb):
                process = self.box.start(verb, "home")
                self.assertEqual(process.stdout.readline().count(b"\t"), {"list": 9, "seen": 7}[verb])
                process.stdout.close()
                self.assertEqual(process.stderr.read(), b"")
                self.assertEqual(process.wait(harness.PATIENCE_S), -signal.SIGPIPE)
                process.stderr.close()

    def test_one_that_has_enough_of_what_changes_nothing(self):
        self.serve("--generate", "3:200")
        self.configure()
        for words in (["fetch", "-n"], ["check"], ["doctor"]):
            with self.subTest(words=words):
                reader, writer = os.pipe()
                os.close(reader)
                result = harness.finish(self.box.start(*words, stdout=writer))
                os.close(writer)
                self.assertEqual((result.code, result.stderr), (-signal.SIGPIPE, ""))

    def test_an_empty_mailbox(self):
        self.serve(mails=[])
        self.configure()
        self.assertEqual(self.screen("list", "home"), ["home   no messages on the server"])
        self.assertEqual(self.lines("list", "home"), [])

    def test_wrong_command_lines(self):
        self.serve(mails=MAILS[:1])
        self.configure()
        for args, words in ((("list",), "list needs the name of one account"),
                            (("list", "home", "home2"), "list needs the name of one account"),
                            (("list", "home", "--max", "0"), '--max: "0" is not a number of messages'),
                            (("list", "home", "--max", "x"), '--max: "x" is not a number of messages'),
                            (("list", "home", "--forget", "x"), "--forget belongs to seen"),
                            (("list", "hom"), 'no account "hom"'),
                            (("seen",), "seen needs the name of one account"),
                            (("seen", "home", "--forget"), "--forget needs a value"),
                            (("seen", "home", "--export", "--forget-all"), "exclude each other")):
            with self.subTest(args=args):
                result = self.box.run(*args)
                self.assertIn(result.code, (64, 78))
                self.assertIn(words, result.stderr)

    def test_urls(self):
        self.serve(mails=MAILS)
        self.configure()
        result = self.box.run("list", "pops://anna@localhost:%d" % self.server.port, "--no-input")
        # A URL has no password here: what matters is that it stands for an account.
        self.assertEqual(result.code, 69 if "certificate" in result.stderr else 78, str(result))


class Dovecot(dovecot_case.DovecotCase):
    def test_nothing_is_changed_on_the_server_or_on_the_disk(self):
        self.arrive(MAILS)
        self.configure()
        result = self.box.run("list", "home")
        self.assertEqual(numbers(result), [4, 3, 2, 1])
        self.assertEqual(os.listdir(self.box.state), [])
        self.assert_nothing_retrieved()
        self.assert_left(MAILS)
        self.ambil("fetch", "--from-now")
        before = snapshot(self.box.home)
        self.assert_code(self.box.run("list", "home"), 0)
        self.assert_code(self.box.run("seen", "home"), 0)
        self.assertEqual(snapshot(self.box.home), before)
        self.assert_left(MAILS)

    def test_another_run_does_not_hold_it_up(self):
        self.arrive(MAILS)
        self.configure()
        self.ambil()
        with open(self.box.path(".local/state/ambil/home.lock"), "r+b") as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            self.assertEqual(numbers(self.box.run("list", "home")), [4, 3, 2, 1])
            self.assertEqual(len(plain(self.box.run("seen", "home")).splitlines()), 4)


class Seen(popd_case.PopdCase):
    """What is known, shown and changed."""

    def setUp(self):
        super().setUp()
        self.serve("--generate", "6:300")
        self.configure()

    def uids(self):
        return [line.split("\t")[0] for line in plain(self.box.run("seen", "home")).splitlines()]

    def export(self):
        result = self.box.run("seen", "home", "--export")
        self.assert_code(result, 0)
        return plain(result)

    def says(self, *args, code=0, **more):
        result = self.box.run("seen", "home", *args, **more)
        self.assert_code(result, code)
        return result.stderr if code else plain(result)

    def test_nothing_is_known_yet(self):
        self.assertEqual(self.says(), "")
        self.assertEqual(self.says("--export"), "# ambil seen home: UID, time of delivery\n")
        self.assertEqual(self.says("--forget-all"),
                         "home: nothing is known yet; the first fetch gets what is there\n")
        with self.box.terminal("seen", "home") as t:
            self.assertEqual(t.wait(), 0)
            self.assertEqual(t.screen, ["home: nothing is known yet; the first fetch gets what is there"])
        self.assertIn("no message with the UID", self.says("--forget", "x", code=64))
        self.assertEqual(os.listdir(self.box.state), [])

    def test_a_screen(self):
        self.configure(keep="14d")
        self.ambil("--max", "1")
        with self.box.terminal("seen", "home", size=(24, 100)) as t:
            self.assertEqual(t.wait(), 0)
            head, row = t.screen
        self.assertRegex(head, "^UID +SIZE  STATE     SINCE       NOTE$")
        self.assertRegex(row, r"^[0-9a-f]+ +300  seen      \d{4}-\d\d-\d\d  due \d{4}-\d\d-\d\d$")

    def test_mail_that_is_gone_and_mail_that_was_deleted(self):
        self.ambil("fetch", "--max", "2")
        self.ambil("fetch", "--delete", "--max", "1")
        self.ambil("fetch")
        states = [line.split("\t")[2] for line in plain(self.box.run("seen", "home")).splitlines()]
        self.assertEqual(sorted(set(states)), ["deleted", "seen"])

    def test_what_is_forgotten_comes_again(self):
        self.ambil()
        uids = self.uids()
        self.assertEqual(len(uids), 6)
        dry = self.says("--forget", uids[0], "--forget", uids[3], "--dry-run")
        self.assertEqual(dry, "home: would forget 2 messages; what the server still has is fetched again\n")
        self.assertEqual(self.uids(), uids)
        self.assertEqual(self.says("--forget", uids[0], "--forget", uids[3]),
                         "home: forgot 2 messages; what the server still has is fetched again\n")
        self.assertEqual(len(self.uids()), 4)
        self.ambil()
        self.assertEqual(sorted(self.uids()), sorted(uids))
        self.assertEqual(len(self.maildir()), 8)
        self.assertEqual(self.says("--forget-all", "-n"),
                         "home: would forget 6 messages; what the server still has is fetched again\n")
        self.assertEqual(self.says("--forget-all", "-q"), "")
        self.assertEqual(self.uids(), [])
        self.ambil()
        self.assertEqual(len(self.maildir()), 14)

    def test_a_wrong_uid_changes_nothing(self):
        self.ambil()
        uids, state = self.uids(), self.export()
        wrong = uids[2][:-1] + ("0" if uids[2][-1] != "0" else "1")
        said = self.says("--forget", uids[0], "--forget", wrong, code=64)
        self.assertIn('ambil: home: no message with the UID "%s" is known (did you mean ' % wrong, said)
        self.assertIn("(try: ambil seen home)", said)
        self.assertEqual(self.export(), state)
        self.assertNotIn("did you mean", self.says("--forget", "quite something else", code=64))

    def test_marking_all(self):
        dry = self.says("--mark-all", "--dry-run")
        self.assertRegex(dry, "^home +6 new messages")
        self.assertEqual(self.uids(), [])
        with self.box.terminal("seen", "home", "--mark-all") as t:
            self.assertEqual(t.wait(), 0)
            self.assertEqual(t.screen, ["home   6 messages marked as seen"])
        self.ambil()
        self.assertEqual(self.maildir(), [])

    def test_export_and_import_on_another_machine(self):
        self.ambil("fetch", "--max", "4")
        self.ambil("fetch", "--from-now")
        text = self.export()
        self.assertRegex(text, r"\A# .*\n([0-9a-f]+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n){4}"
                               r"([0-9a-f]+ \S+Z marked\n){2}\Z")
        path = self.box.write("uids", text)
        other = {"XDG_STATE_HOME": self.box.path("other")}
        os.mkdir(other["XDG_STATE_HOME"])
        self.assertEqual(self.says("--import", path, "--dry-run", env=other),
                         "home: would take 6 messages as seen, 0 were known already\n")
        self.assertEqual(os.listdir(other["XDG_STATE_HOME"]), [])
        self.assertEqual(self.says("--import", path, env=other),
                         "home: took 6 messages as seen, 0 were known already\n")
        self.assertEqual(self.says("--export", env=other), text)
        with open(path, "rb") as f:
            self.assertEqual(self.says("--import", "-", env=other, stdin=f),
                             "home: took 0 messages as seen, 6 were known already\n")
        self.ambil(env=other)
        self.assertEqual(len(self.maildir()), 4)
        # The retention clock goes on: what was delivered is deleted in time, what was marked is not.
        self.configure(keep="14d")
        result = self.box.run("list", "home", env={**other, **self.box.faketime("+15d")})
        self.assertEqual([line.split("\t")[5] for line in plain(result).splitlines()],
                         ["keep"] * 2 + ["delete"] * 4)

    def test_import_of_uids_alone_and_of_what_is_none(self):
        uids = [line.split("\t")[7] for line in plain(self.box.run("list", "home")).splitlines()]
        path = self.box.write("uids", "".join(uid + "\r\n" for uid in uids[:5]))
        self.assertEqual(self.says("--import", path), "home: took 5 messages as seen, 0 were known already\n")
        state = self.export()
        self.assertEqual(state.count(" marked\n"), 5)
        self.ambil()
        self.assertEqual(len(self.maildir()), 1)
        state = self.export()
        bad = self.box.write("bad", "one\ntwo\nthree days ago\n")
        self.assertIn('bad, line 3: not a UID and a time: "three days ago"', self.says("--import", bad, code=66))
        self.assertIn("No such file", self.says("--import", "nowhere", code=66))
        self.assertEqual(self.export(), state)

    def test_a_change_waits_for_nobody_and_leaves_all_as_it_was(self):
        self.ambil()
        state = self.export()
        with open(self.box.path(".local/state/ambil/home.lock"), "r+b") as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            said = self.says("--forget-all", code=75)
            self.assertEqual(said, "ambil: home: another ambil (pid %d) is fetching; nothing was changed\n"
                             % os.getpid())
        self.assertEqual(self.export(), state)

    def test_a_change_is_made_or_not(self):
        self.serve("--generate", "3000:100")
        self.configure()
        self.ambil("seen", "home", "--mark-all")
        state = self.export()
        # Killed by the kernel in the middle of writing the change down.
        result = self.box.run("seen", "home", "--forget-all",
                              wrap=("bash", "-c", 'ulimit -f 40; exec "$@"', "bash"))
        self.assertEqual(result.code, -25, str(result))
        self.assertEqual(self.export(), state)
        self.assert_code(self.box.run("seen", "home", "--forget-all"), 0)
        self.assertEqual(self.uids(), [])


if __name__ == "__main__":
    unittest.main()
