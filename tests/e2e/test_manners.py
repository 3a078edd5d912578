# SPDX-License-Identifier: GPL-3.0-or-later
"""Manners towards servers: time between logins, refused logins, mailboxes in use, UTF8, proxies."""

import os
import re
import subprocess
import time
import unittest

import corpus
import fakes
import harness
import needs
import popd
import popd_case
from servers import perdition


class Pop(fakes.Fake):
    """A server of a few lines: USER and PASS, and what `answers` has for other lines or verbs.

    An answer is octets, or None to end the connection.  `capabilities` None: CAPA is refused.
    """

    def __init__(self, mails=(), answers=None, capabilities=None, after=None):
        self.mails = list(mails)
        self.answers = answers or {}
        self.capabilities = capabilities
        self.after = after              # what CAPA says behind the login
        super().__init__(Pop.converse)

    @staticmethod
    def lines(rows):
        return b"+OK\r\n" + b"".join(row.encode() + b"\r\n" for row in rows) + b".\r\n"

    def answer(self, line, inside):
        verb = line.split()[0].upper()
        for known in (line, verb):
            if known in self.answers:
                return self.answers[known]
        shown = self.after if inside and self.after is not None else self.capabilities
        if verb == b"CAPA" and shown is not None:
            return self.lines(shown)
        octets = [mail.replace(b"\n", b"\r\n") for mail in self.mails]
        if verb in (b"UIDL", b"LIST"):
            rows = ["%d %s" % (n, "uid-%d" % n if verb == b"UIDL" else len(octets[n - 1]))
                    for n in range(1, len(octets) + 1)]
            number = int(line.split()[1]) if b" " in line else 0
            return b"+OK %s\r\n" % rows[number - 1].encode() if number else self.lines(rows)
        if verb == b"RETR":
            return b"+OK\r\n" + octets[int(line.split()[1]) - 1] + b".\r\n"
        known = (b"USER", b"PASS", b"QUIT", b"UTF8", b"NOOP")
        return b"+OK\r\n" if verb in known else b"-ERR what?\r\n"

    def converse(self, server):
        connection = self
        greeting = server.answers.get(b"GREETING", b"+OK ready\r\n")
        connection.sendall(greeting)
        inside = False
        while line := fakes.line(connection, server):
            octets = server.answer(line, inside)
            if octets is None:
                return
            connection.sendall(octets)
            verb = line.split()[0].upper()
            inside = inside or (verb == b"PASS" and octets.startswith(b"+OK"))
            if verb == b"QUIT" or b"then closes" in octets:
                return

    def verbs(self):
        return [line.split()[0].decode() for line in self.heard]


class FakeCase(harness.Case):
    def serve(self, *args, **more):
        self.server = Pop(*args, **more)
        self.addCleanup(self.server.stop)
        self.configure()
        return self.server

    def configure(self, **more):
        password = self.box.write("password", "secret\n")
        self.box.write_config(harness.account("home", **{
            "host": "127.0.0.1", "port": self.server.port, "user": "anna", "tls": "none",
            "allow_cleartext_password": True, "password_file": password, "received_header": False,
            **more}))

    def by_hand(self, *args):
        with self.box.terminal(*args) as terminal:
            code = terminal.wait()
            return code, terminal.words


def standing(moment):
    """For libfaketime: a calendar that stands still."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))


class LoginDelay(popd_case.PopdCase):
    def later(self, shift):
        return {**self.box.faketime(shift), "NO_FAKE_STAT": "1"}

    def refuse(self, result, *parts):
        self.assert_code(result, 75)
        self.assertEqual(len(result.lines), 1, str(result))
        self.assert_said(result.stderr, "ambil: home: ", *parts)

    def assert_hushed(self, result, code=75):
        self.assertEqual((result.code, result.stdout, result.stderr), (code, b"", ""))

    def by_hand(self, *args):
        with self.box.terminal(*args) as terminal:
            code = terminal.wait()
            return code, terminal.words

    def test_a_run_that_comes_too_early_does_not_connect_and_says_so_once(self):
        self.serve("--cap", "LOGIN-DELAY 300", mails=corpus.numbered(2))
        self.configure()
        self.ambil()
        self.refuse(self.box.run(), "wants 5 min between logins; the next is possible in 5 min; "
                    "runs that come too early say so only once")
        self.assert_hushed(self.box.run())
        self.assert_hushed(self.box.run("check"))
        self.refuse(self.box.run("-v"), "wants 5 min between logins")
        self.assertEqual(self.server.count_sessions(), 1)
        # When the time has come, and by any clock that was turned back.
        for shift in ("+301s", "-1d"):
            self.server.delivers(corpus.numbered(1, start=10 + len(shift)))
            self.ambil(env=self.later(shift))
        self.assertEqual(len(self.maildir()), 4)
        self.assertEqual(self.server.count_sessions(), 3)

    def test_a_person_need_not_mind_what_is_announced_only(self):
        self.serve("--cap", "LOGIN-DELAY 300", mails=corpus.numbered(2))
        self.configure()
        self.ambil()
        code, screen = self.by_hand()
        self.assertEqual(code, 0, screen)
        self.assertEqual(len(self.server.sessions(2)), 2)

    def test_a_person_does_not_run_into_a_delay_that_is_enforced(self):
        self.serve("--cap", "LOGIN-DELAY 300", mails=corpus.numbered(2), faults=["login-delay@2"])
        self.configure()
        self.ambil()
        code, screen = self.by_hand()
        self.assertEqual(code, 75, screen)
        self.assert_said(screen, "wants 5 min between logins", "possible in 5 min",
                         "server: [LOGIN-DELAY]")
        code, screen = self.by_hand()
        self.assertEqual(code, 75, screen)
        self.assert_said(screen, "wants 5 min between logins", "possible in 5 min")
        self.assertEqual(self.server.count_sessions(), 2)

    def test_a_short_time_is_waited_for(self):
        self.serve("--cap", "LOGIN-DELAY 30", mails=corpus.numbered(2))
        self.configure()
        # The calendar stands still, and moves when it is told: so it is a second, however long a run takes.
        now = time.time()
        self.ambil(env=self.later(standing(now)))
        result = self.box.run("-v", env=self.later(standing(now + 29)))
        self.assert_code(result, 0)
        self.assert_said(result.stderr, "waiting", "time between logins", "no new mail")
        self.assertEqual(len(self.server.sessions(2)), 2)

    def test_a_stop_ends_the_waiting(self):
        self.serve("--cap", "LOGIN-DELAY 30", mails=corpus.numbered(2))
        self.configure()
        now = time.time()
        self.ambil(env=self.later(standing(now)))
        process = self.box.start("-v", env=self.later(standing(now + 1)))
        heard = b""
        while b"waiting" not in heard:
            octets = os.read(process.stderr.fileno(), 4096)
            self.assertTrue(octets, heard)
            heard += octets
        process.terminate()
        result = harness.finish(process)
        self.assert_code(result, 143)
        self.assertEqual(self.server.count_sessions(), 1)

    def test_a_refusal_without_a_time_is_answered_by_longer_waits(self):
        self.serve(mails=corpus.numbered(2), faults=["login-delay@1-3"])
        self.configure()
        self.refuse(self.box.run(), "so soon again", "in 1 min", "say so only once",
                    '"[LOGIN-DELAY]')
        self.assert_hushed(self.box.run())
        self.assertEqual(self.server.count_sessions(), 1)
        self.assert_hushed(self.box.run(env=self.later("+61s")))
        self.assert_hushed(self.box.run(env=self.later("+125s")))
        self.assertEqual(self.server.count_sessions(), 2)
        self.assert_hushed(self.box.run(env=self.later("+185s")))
        self.assertEqual(self.server.count_sessions(), 3)
        self.ambil(env=self.later("+10m"))
        self.assert_maildir(corpus.numbered(2))

    def test_a_run_that_is_killed_has_logged_in(self):
        self.serve("--cap", "LOGIN-DELAY 300", mails=corpus.numbered(2), faults=["silence:at=RETR"])
        self.configure()
        process = self.box.start()
        harness.wait_until(lambda: "C: RETR" in self.server.log())
        harness.end_group(process)
        harness.finish(process)
        self.refuse(self.box.run(), "wants 5 min between logins")

    def test_looking_counts_as_a_login(self):
        self.serve("--cap", "LOGIN-DELAY 300", mails=corpus.numbered(2))
        self.configure()
        self.ambil()
        self.assert_code(self.box.run("check", env=self.later("+301s")), 0)
        self.refuse(self.box.run(env=self.later("+400s")), "wants 5 min between logins")
        self.assertEqual(self.server.count_sessions(), 2)

    def test_a_session_that_goes_on_with_the_work_waits(self):
        mails = corpus.numbered(40)
        self.serve("--cap", "LOGIN-DELAY 10", mails=mails, faults=["pipelining-broken:first@1"])
        self.configure(timeout="4s")
        result = self.box.run("-v")
        self.assert_code(result, 0)
        self.assert_said(result.stderr, "connecting", "waiting", "connecting")
        self.assert_maildir(mails)

    def test_a_session_that_cannot_be_waited_for_costs_no_mail(self):
        mails = corpus.numbered(40)
        self.serve("--cap", "LOGIN-DELAY 3600", mails=mails,
                   faults=["pipelining-broken:first@1"])
        self.configure(timeout="4s")
        result = self.box.run()
        self.assert_code(result, 75)
        self.assert_said(result.stderr, "wants 1 h between logins", "a later run goes on")
        self.ambil(env=self.later("+61m"))
        self.assert_maildir(mails)
        self.assertEqual(len(self.server.sessions(2)), 2)

    def test_nor_does_a_message_that_wants_a_session_of_its_own(self):
        mails = corpus.numbered(6)
        self.serve("--cap", "LOGIN-DELAY 3600", mails=mails, faults=["list-lie:3:5000"])
        self.configure()
        result = self.box.run()
        self.assert_code(result, 75)
        self.assert_said(result.stderr, "wants 1 h between logins", "a later run goes on")
        self.assertLess(len(self.maildir()), 6)
        self.ambil(env=self.later("+61m"))
        self.assert_maildir(mails)
        self.assertEqual(len(self.server.sessions(2)), 2)

    def test_a_delay_past_all_sense_is_a_day(self):
        self.serve("--cap", "LOGIN-DELAY 4294967295", mails=corpus.numbered(2))
        self.configure()
        self.ambil()
        self.refuse(self.box.run(), "wants 1 d between logins")
        self.ambil(env=self.later("+25h"))


class OwnDelay(FakeCase):
    def test_a_user_may_have_less_than_the_longest(self):
        self.serve(corpus.numbered(1), capabilities=["UIDL", "LOGIN-DELAY 3600 USER"],
                   after=["UIDL", "LOGIN-DELAY 0"])
        self.configure(pipeline="never")
        self.ambil()
        self.assertEqual(self.server.verbs()[:4], ["CAPA", "USER", "PASS", "CAPA"])
        result = self.box.run()
        self.assert_code(result, 75)

    def test_the_time_of_this_user_is_asked_for_once(self):
        self.serve(corpus.numbered(1), capabilities=["UIDL", "LOGIN-DELAY 3600 USER"],
                   after=["UIDL", "LOGIN-DELAY 1"])
        self.configure(pipeline="never")
        self.ambil()
        self.server.heard.clear()
        self.ambil(env=self.box.faketime("+5s"))
        self.assertEqual(self.server.verbs()[:4], ["CAPA", "USER", "PASS", "UIDL"])


class Refused(popd_case.PopdCase):
    def later(self, shift):
        return {**self.box.faketime(shift), "NO_FAKE_STAT": "1"}

    def wrong(self, **more):
        self.configure(**more)
        self.box.write("password", "wrong\n")

    def assert_refused(self, result, *parts):
        self.assert_code(result, 77)
        self.assertEqual(len(result.lines), 1, str(result))
        self.assert_said(result.stderr, "ambil: home: ", "refused the login of", '"anna"', *parts)

    def pause(self):
        for _ in range(2):
            self.assert_refused(self.box.run(), ": \"[AUTH]")
        self.assert_refused(self.box.run(), ", 3 times in a row; so that the account does not get "
                            "locked, the next attempt is in 1 d: \"[AUTH]")

    def assert_paused(self, *args, **more):
        sessions = self.server.count_sessions()
        result = self.box.run(*args, **more)
        self.assertEqual((result.code, result.stdout, result.stderr), (77, b"", ""))
        self.assertEqual(self.server.count_sessions(), sessions)

    def test_three_in_a_row_pause_the_account_for_a_day(self):
        self.serve(mails=corpus.numbered(2))
        self.wrong()
        self.pause()
        self.assert_paused()
        self.assert_paused("check")
        self.assert_paused(env=self.later("+23h"))
        self.assert_refused(self.box.run("-v"), "the next attempt is in 1 d", "ambil fetch home")
        self.assertEqual(self.server.count_sessions(), 3)
        # One attempt, which says what the server says; then a day again.
        self.assert_refused(self.box.run(env=self.later("+25h")), "4 times in a row", "[AUTH]")
        self.assert_paused(env=self.later("+26h"))
        self.assert_refused(self.box.run(env=self.later("+50h")), "5 times in a row", "[AUTH]")

    def test_a_refusal_that_may_have_another_reason_pauses_it_for_less(self):
        self.serve("--no-cap", "AUTH-RESP-CODE", mails=corpus.numbered(2),
                   faults=["err:PASS::failed"])
        self.configure(auth="user")
        for _ in range(2):
            self.assert_refused(self.box.run())
        self.assert_refused(self.box.run(), "3 times in a row; so that", 'is in 1 h: "failed"')
        self.assert_paused(env=self.later("+59m"))
        self.assert_refused(self.box.run(env=self.later("+61m")), "4 times", "is in 2 h")

    def test_another_password_ends_the_pause(self):
        self.serve(mails=corpus.numbered(2))
        self.wrong()
        self.pause()
        self.assert_paused()
        self.box.write("password", popd.PASSWORD + "\n")
        self.ambil()
        self.assert_maildir(corpus.numbered(2))

    def test_another_netrc_ends_the_pause(self):
        self.serve(mails=corpus.numbered(2))
        self.configure(password_file=None)
        netrc = "machine localhost login %s password %%s\n" % popd.USER
        self.box.write(".netrc", netrc % "wrong")
        self.pause()
        self.assert_paused()
        self.box.write(".netrc", netrc % popd.PASSWORD)
        self.ambil()
        self.assert_maildir(corpus.numbered(2))

    def test_another_configuration_ends_the_pause(self):
        self.serve(mails=corpus.numbered(2))
        self.configure(password_file=None, password_command="echo wrong")
        self.pause()
        self.assert_paused()
        self.configure(password_file=None, password_command="echo " + popd.PASSWORD)
        self.ambil()
        self.assert_maildir(corpus.numbered(2))

    def test_a_person_tries_at_once_and_ends_the_pause(self):
        self.serve(mails=corpus.numbered(2))
        switch = self.box.path("right")
        self.configure(password_file=None, password_command="sh -c 'test -e %s && echo %s || "
                       "echo wrong'" % (switch, popd.PASSWORD))
        self.pause()
        self.assert_paused()
        with self.box.terminal() as terminal:
            self.assertEqual(terminal.wait(), 77)
            self.assertNotIn("in a row", terminal.text)
        self.assert_paused()
        with open(switch, "w", encoding="utf-8"):
            pass
        self.assert_paused()
        with self.box.terminal() as terminal:
            self.assertEqual(terminal.wait(), 0)
        self.ambil()
        self.assert_maildir(corpus.numbered(2))

    def test_a_login_in_between_begins_the_count_anew(self):
        self.serve(mails=corpus.numbered(2))
        self.configure(password_file=None, password_command="cat word")
        for word in ("wrong", "wrong", popd.PASSWORD, "wrong", "wrong"):
            self.box.write("word", word + "\n")
            result = self.box.run()
            self.assert_code(result, 0 if word == popd.PASSWORD else 77)
            self.assertNotIn("in a row", result.stderr)

    def test_looking_counts_too(self):
        self.serve(mails=corpus.numbered(2))
        self.configure(password_file=None, password_command="cat word")
        self.box.write("word", popd.PASSWORD + "\n")
        self.ambil()
        self.box.write("word", "wrong\n")
        for _ in range(3):
            self.assert_refused(self.box.run("check"))
        self.assert_paused("check")
        self.assert_paused()

    def test_the_number_can_be_set(self):
        self.serve(mails=corpus.numbered(2))
        self.wrong(retry_auth=1)
        self.assert_refused(self.box.run(), "; so that the account does not get locked")
        self.assert_paused()
        self.wrong(retry_auth="unlimited")
        for _ in range(5):
            self.assertNotIn("row", self.box.run().stderr)
        self.assertEqual(self.server.count_sessions(), 6)


class Keyring(FakeCase):
    def login(self):
        process = self.box.start("login", "home", "--stdin", stdin=subprocess.PIPE,
                                 env=self.keyring)
        process.stdin.write(b"secret\n")
        process.stdin.close()
        process.stdin = None
        result = harness.finish(process)
        if "no keyring here" in result.stderr:
            needs.missing_here("no libsecret: install the Debian package libsecret-1-0")
        self.assert_code(result, 0)

    def test_a_new_password_in_the_keyring_ends_the_pause(self):
        self.keyring = {"SECRET_BACKEND": "file", "SECRET_FILE_TEST_PASSWORD": "x",
                        "SECRET_FILE_TEST_PATH": self.box.path("keyring")}
        self.serve(corpus.numbered(2))
        self.configure(password_file=None)
        self.login()
        self.ambil(env=self.keyring)
        self.server.answers[b"PASS"] = b"-ERR [AUTH] no more\r\n"
        for _ in range(4):
            self.assert_code(self.box.run(env=self.keyring), 77)
        self.server.answers.clear()
        before = self.server.connections
        self.assert_code(self.box.run(env=self.keyring), 77)
        self.assertEqual(self.server.connections, before)
        self.login()
        self.ambil(env=self.keyring)


class NotThePassword(FakeCase):
    """What is no fault of the password is temporary, and never counts."""

    def assert_harmless(self, code, *parts, runs=5):
        before = self.server.connections
        for _ in range(runs):
            result = self.box.run()
            self.assert_code(result, code)
            self.assert_said(result.stderr, *parts)
        self.assertEqual(self.server.connections, before + runs)

    def test_codes_of_the_moment_at_every_step(self):
        mechanisms = {"plain": ["UIDL", "SASL PLAIN"], "user": None, "apop": None,
                      "cram-md5": ["UIDL", "SASL CRAM-MD5"]}
        steps = [("user", b"GREETING"), ("user", b"USER"), ("user", b"PASS"), ("plain", b"AUTH"),
                 ("cram-md5", b"AUTH"), ("apop", b"APOP")]
        for code in (b"[SYS/TEMP]", b"[IN-USE]", b"[SYS/OTHER]"):
            for auth, step in steps:
                with self.subTest(code=code, auth=auth, step=step):
                    answers = {b"GREETING": b"+OK <1.2@fake>\r\n",
                               step: b"-ERR %s not now\r\n" % code}
                    self.serve(answers=answers, capabilities=mechanisms[auth])
                    self.configure(auth=auth, retry_auth=1)
                    self.assert_harmless(75, '"%s not now"' % code.decode(), runs=2)
                    self.server.answers = {b"GREETING": b"+OK <1.2@fake>\r\n",
                                           step: b"-ERR [AUTH] wrong\r\n"}
                    # A greeting knows of nobody's password.
                    self.assert_code(self.box.run(), 75 if step == b"GREETING" else 77)

    def test_words_of_old_servers_do_not_count(self):
        for words in (b"-ERR mailbox is locked by another session", b"-ERR lock busy!  Is another "
                      b"session active? (11)", b"-ERR Exceeded the login limit for a 15 minute "
                      b"period"):
            with self.subTest(words=words):
                self.serve(answers={b"PASS": words + b"\r\n"})
                self.assert_harmless(77, words.decode()[5:])

    def test_a_refusal_within_the_announced_delay_may_be_due_to_that(self):
        self.serve(corpus.numbered(1), capabilities=["UIDL", "LOGIN-DELAY 300"])
        self.ambil()
        self.server.answers[b"PASS"] = b"-ERR come back later\r\n"
        code, screen = self.by_hand()
        self.assertEqual(code, 77, screen)
        self.assert_said(screen, "refused the login", "or it is too early, since that server wants "
                         "5 min between logins", "server: come back later")


class Utf8(FakeCase):
    MAIL = "From: anna\nSubject: Grüße\n\ncafé\n".encode() + b"\xff\xfe\n"

    def test_it_is_sent_before_the_login_and_the_mail_is_as_it_is(self):
        self.serve([self.MAIL], capabilities=["UIDL", "UTF8 USER"])
        self.ambil()
        self.assertEqual(self.server.verbs()[:4], ["CAPA", "UTF8", "USER", "PASS"])
        self.assert_maildir([self.MAIL])

    def test_it_is_not_sent_where_it_is_not_offered(self):
        self.serve([self.MAIL], capabilities=["UIDL"])
        self.ambil()
        self.assertNotIn("UTF8", self.server.verbs())
        self.assert_maildir([self.MAIL])

    def test_a_refusal_of_it_stops_nothing(self):
        self.serve([self.MAIL], capabilities=["UIDL", "UTF8"],
                   answers={b"UTF8": b"-ERR [SYS/PERM] not today\r\n"})
        self.ambil()
        self.assert_maildir([self.MAIL])

    def test_a_mail_that_is_refused_without_it_comes_with_the_next_run(self):
        mails = corpus.numbered(1) + [self.MAIL]
        self.serve(mails, capabilities=["UIDL"], answers={b"RETR 2": b"-ERR [UTF8] it is needed\r\n"})
        result = self.box.run()
        self.assert_code(result, 75)
        self.assertEqual(len(result.lines), 1)
        self.assert_said(result.stderr, "refuses to send message 2; it stays on the server until "
                         "the next run, which will ask for UTF8", '"[UTF8] it is needed"')
        self.assert_maildir(mails[:1])
        self.server.heard.clear()
        self.server.answers.clear()
        self.ambil()
        self.assertEqual(self.server.verbs()[:4], ["CAPA", "UTF8", "USER", "PASS"])
        self.assert_maildir(mails)

    def test_it_goes_before_any_mechanism_and_behind_stls(self):
        for auth, login in (("user", "USER"), ("plain", "AUTH"), ("apop", "APOP"),
                            ("scram-sha-256", "AUTH")):
            with self.subTest(auth=auth):
                server = popd.Popd("--apop", "--sasl", "SCRAM-SHA-256 PLAIN", tls="starttls",
                                   mails=corpus.numbered(1))
                self.addCleanup(server.stop)
                self.box.write("password", popd.PASSWORD + "\n")
                self.box.write_config(harness.account(
                    "home", host="localhost", port=server.port, user=popd.USER, tls="starttls",
                    ca_file=server.ca, auth=auth, password_file="~/password"))
                result = self.box.run("-d")
                self.assert_code(result, 0)
                said = re.findall(r"(?m)^ *[0-9.]* *C: (\S+)", result.stderr)
                self.assertLess(said.index("STLS"), said.index("UTF8"))
                self.assertLess(said.index("UTF8"), said.index(login))


class Proxies(FakeCase):
    """What knows USER and PASS only, and does not like to be asked for more."""

    def fetch(self, *verbs, connections):
        self.server.heard.clear()
        before = self.server.connections
        self.ambil()
        self.assertEqual(self.server.verbs()[:len(verbs)], list(verbs))
        self.assertEqual(self.server.connections - before, connections)
        self.assertEqual(self.server.verbs().count("PASS"), 1)

    def test_capa_is_refused(self):
        mails = corpus.numbered(3)
        self.serve(mails)
        self.fetch("CAPA", "USER", "PASS", connections=1)
        self.assert_maildir(mails)

    def test_capa_ends_the_connection(self):
        mails = corpus.numbered(3)
        self.serve(mails, answers={b"CAPA": None})
        self.fetch("CAPA", "USER", "PASS", connections=2)
        self.assert_maildir(mails)
        # It is not tried every time.
        self.fetch("USER", "PASS", connections=1)

    def test_capa_is_refused_and_ends_the_connection(self):
        mails = corpus.numbered(3)
        self.serve(mails, answers={b"CAPA": b"-ERR unknown command, then closes\r\n"})
        self.server.heard.clear()
        self.ambil()
        self.assertEqual(self.server.connections, 2)
        self.assertEqual(self.server.verbs().count("PASS"), 1)
        self.assert_maildir(mails)
        self.fetch("USER", "PASS", connections=1)

    def test_a_server_that_ends_every_connection_is_asked_twice_and_no_more(self):
        self.serve(answers={b"CAPA": None, b"USER": None})
        result = self.box.run()
        self.assert_code(result, 75)
        self.assert_said(result.stderr, "closed the connection")
        self.assertEqual(self.server.connections, 2)

    def test_a_wrong_password_is_sent_once(self):
        self.serve(answers={b"CAPA": None, b"PASS": b"-ERR wrong, then closes\r\n"})
        self.assert_code(self.box.run(), 77)
        self.assertEqual(self.server.verbs().count("PASS"), 1)

    def test_a_connection_that_ends_on_the_password_is_not_tried_again(self):
        self.serve(answers={b"PASS": None})
        self.assert_code(self.box.run(), 75)
        self.assertEqual(self.server.verbs().count("PASS"), 1)
        self.assertEqual(self.server.connections, 1)


class RealProxy(harness.Case):
    """Perdition, which has one answer for all that the server behind it refuses."""

    def setUp(self):
        super().setUp()
        self.mails = list(corpus.tricky().values())

    def serve(self, *options, **more):
        behind = popd.Popd(*options, tls="none", mails=self.mails, **more)
        self.addCleanup(behind.stop)
        self.server = perdition.Perdition(behind.port)
        self.addCleanup(self.server.stop)
        self.box.write("password", popd.PASSWORD + "\n")
        self.configure(**self.server.settings())
        return behind

    def configure(self, **more):
        self.box.write_config(harness.account(
            "home", **{"host": "localhost", "ip": "4", "user": popd.USER,
                       "password_file": "~/password", "received_header": False, **more}))

    def test_mail_comes_through_it(self):
        behind = self.serve()
        want = [octets if octets.endswith(b"\n") else octets + b"\n" for octets in self.mails]
        self.ambil()
        self.ambil()
        self.assert_maildir(want)
        self.configure(keep=False, **self.server.settings())
        self.ambil()
        self.assert_maildir(want)
        self.assertEqual(behind.mailbox(), [])

    def test_what_it_refuses_may_not_be_due_to_the_password(self):
        self.serve(faults=["in-use"])
        # One is enough: it takes three seconds for each.
        self.configure(retry_auth=1, **self.server.clear())
        result = self.box.run()
        self.assert_code(result, 77)
        self.assert_said(result.stderr, "next attempt is in 1 h", self.server.refuses)


def server_name(hello):
    """The name in the extension server_name of a ClientHello, None where there is none."""
    at = 9 + 2 + 32                             # record, handshake, version, random
    at += 1 + hello[at]                         # session
    at += 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 1 + hello[at]                         # compression
    end = at + 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 2
    while at < end:
        kind, size = (int.from_bytes(hello[at + i:at + i + 2], "big") for i in (0, 2))
        if kind == 0:
            return hello[at + 9:at + 4 + size].decode()
        at += 4 + size
    return None


class Sni(harness.Case):
    """What is said in clear of whom the client wants (RFC 6066 s.3: a name, never an address)."""

    def hello(self, **more):
        heard = []

        def talk(connection, _):
            hello = connection.recv(5, 0x100)   # MSG_WAITALL
            hello += connection.recv(int.from_bytes(hello[3:5], "big"), 0x100)
            heard.append(hello)

        server = fakes.Fake(talk)
        self.addCleanup(server.stop)
        self.box.write_config(harness.account("home", port=server.port, user="anna",
                                              password="x", **more))
        self.assert_code(self.box.run(), 75)
        return server_name(heard[0])

    def test_a_name_is_sent(self):
        self.assertEqual(self.hello(host="localhost", ip="4"), "localhost")

    def test_an_address_is_not(self):
        self.assertIsNone(self.hello(host="127.0.0.1"))

    def test_the_name_that_is_verified_is_sent_for_an_address(self):
        self.assertEqual(self.hello(host="127.0.0.1", tls_host="pop.example.org"),
                         "pop.example.org")

    def test_an_address_that_is_to_be_verified_is_not(self):
        self.assertIsNone(self.hello(host="localhost", ip="4", tls_host="127.0.0.1"))
        self.assertIsNone(self.hello(host="localhost", ip="4", tls_host="::1"))


if __name__ == "__main__":
    unittest.main()
