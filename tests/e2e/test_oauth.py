# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins with a token: Dovecot that asks a provider, Microsoft's ways, and commands that fail."""

import base64
import json
import os
import shlex
import time
import unittest

import corpus
import dovecot_case
import mailstore
import popd
import popd_case
import tokeninfo

BOTH = ("oauthbearer", "xoauth2")
TOKEN = "ya29.a0AfH6SMBx-_~+/s3cretT0ken="
# As long as most tokens are, and as long as any is that is known of.
USUAL = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9." + "Zx9-_" * 400
LONGEST = "EwB4" + "0Ab/+" * 13106


def setUpModule():
    OnDovecot.provider = tokeninfo.Tokeninfo()
    unittest.addModuleCleanup(OnDovecot.provider.stop)
    dovecot_case.start(OnDovecot.provider.dovecot)


class Command:
    """A command that gives tokens: what it prints in its first run, and in each later one."""

    def __init__(self, box, *answers, code=0):
        for number, answer in enumerate(answers, 1):
            box.write("answer%d" % number, answer)
        self.runs_file = box.path("runs")
        self.line = box.write("give-token", """#!/bin/sh
cd "$HOME" || exit
env >>runs
echo END >>runs
n=$(grep -c END runs)
test -f answer$n || n=%d
cat answer$n
exit %d
""" % (len(answers), code), mode=0o700)

    def runs(self):
        """The environment of each run."""
        if not os.path.exists(self.runs_file):
            return []
        with open(self.runs_file, encoding="utf-8") as f:
            return [dict(row.split("=", 1) for row in run.splitlines() if "=" in row)
                    for run in f.read().split("END\n")[:-1]]


class TokenTests:
    """What both servers' tests do with a command."""

    def give(self, *answers, auth="auto", code=0, **more):
        """An account whose command prints this."""
        if os.path.exists(self.box.path("runs")):
            os.unlink(self.box.path("runs"))
        self.command = Command(self.box, *answers, code=code)
        self.configure(password_file=None, oauth_token_command=self.command.line, auth=auth,
                       **more)
        return self.command

    def assert_refused(self, result, *parts):
        self.assert_code(result, 77)
        self.assertEqual(len(result.lines), 1, str(result))
        self.assert_said(result.stderr, *parts)

    def assert_hidden(self, text, *tokens):
        """Nothing of it, nor of its first octets alone, as it is or in base64."""
        for token in tokens or (TOKEN,):
            self.assertNotIn(token[:24], text)
            self.assertNotIn(base64.b64encode(token.encode()).decode().strip("=")[4:-4], text)


class OnDovecot(TokenTests, dovecot_case.DovecotCase):
    provider = None

    def good(self, token):
        self.provider.tokens[token] = self.user
        return token

    def logins(self):
        """How often a token of this test was shown to the provider."""
        return self.provider.asked

    def setUp(self):
        super().setUp()
        self.provider.tokens.clear()
        self.provider.asked.clear()

    def test_both_mechanisms_with_short_and_long_tokens(self):
        for number, (auth, token) in enumerate(
                [(auth, token) for auth in BOTH for token in (TOKEN, USUAL, "x" * 6000)]):
            with self.subTest(auth=auth, octets=len(token)):
                want = self.arrive(corpus.numbered(2))
                self.give(self.good(token) + "\n", auth=auth, deliver="maildir:~/Mail%d" % number,
                          keep=False)
                self.ambil()
                self.assert_maildir(want, "Mail%d" % number)
                self.assert_left([])
                self.assertEqual(self.logins()[-1], token)
                self.assertEqual(len(self.command.runs()), 1)

    def test_the_command_alone_decides_for_a_token(self):
        """And OAUTHBEARER comes first."""
        want = self.arrive(corpus.numbered(1))
        self.give(self.good(TOKEN), password_command="false")
        result = self.box.run("-d")
        self.assert_code(result, 0)
        self.assertIn("C: AUTH OAUTHBEARER <", result.stderr)
        self.assert_maildir(want)

    def test_a_password_where_the_mechanism_wants_one(self):
        want = self.arrive(corpus.numbered(1))
        self.give("no token at all", auth="plain")
        self.box.write_config(self.account(oauth_token_command=self.command.line, auth="plain"))
        self.ambil()
        self.assert_maildir(want)
        self.assertEqual(self.command.runs(), [])

    def test_an_expired_token_is_asked_for_once_more(self):
        for auth in BOTH:
            with self.subTest(auth=auth):
                want = self.arrive(corpus.numbered(1))
                fresh = self.good("fresh." + auth)
                self.give("expired.token", fresh, auth=auth, keep=False,
                          deliver="maildir:~/" + auth)
                self.provider.asked.clear()
                self.ambil()
                self.assert_maildir(want, auth)
                self.assertEqual(self.logins(), ["expired.token", fresh])
                first, second = self.command.runs()
                self.assertEqual(
                    [first[name] for name in ("AMBIL_ACCOUNT", "AMBIL_HOST", "AMBIL_USER",
                                              "AMBIL_OAUTH_REFUSED")],
                    ["home", "localhost", self.user, ""])
                self.assertEqual(second["AMBIL_OAUTH_REFUSED"], "1")

    def test_a_wrong_token_is_told_in_the_servers_words(self):
        for auth, reason in (("oauthbearer", "(status invalid_token)"),
                             ("xoauth2", "(status 401, scope mail, schemes bearer)")):
            with self.subTest(auth=auth):
                self.give("wrong.one", "wrong.two", auth=auth)
                self.provider.asked.clear()
                self.assert_refused(
                    self.box.run(), 'localhost refused the login of "%s" by %s: ' % (
                        self.user, auth.upper()),
                    '"[AUTH] Authentication failed.', reason + '"',
                    "(try: sign in again with what oauth-token-command runs (ambil.conf:")
                self.assertEqual(self.logins(), ["wrong.one", "wrong.two"])
                self.assertEqual(len(self.command.runs()), 2)

    def test_a_token_that_stays_the_same_is_not_shown_again(self):
        self.give("wrong.one")
        self.assert_refused(self.box.run(), "by OAUTHBEARER, and oauth-token-command gives no "
                            "other token: ", "(status invalid_token)")
        self.assertEqual(self.logins(), ["wrong.one"])
        self.assertEqual(len(self.command.runs()), 2)

    def test_a_token_of_somebody_else(self):
        self.provider.tokens["others"] = "somebody"
        self.give("others")
        self.assert_refused(self.box.run(), "refused the login")

    def test_a_provider_in_trouble_is_not_a_wrong_token(self):
        self.give(self.good(TOKEN))
        self.provider.broken = True
        self.addCleanup(setattr, self.provider, "broken", False)
        result = self.box.run()
        self.assert_code(result, 75)
        self.assert_said(result.stderr, "the token may be right", "[SYS/TEMP]")
        self.assertEqual(len(self.command.runs()), 1)

    def test_json_with_an_end(self):
        later, before = int(time.time()) + 600, int(time.time()) - 7200
        for number, (said, runs) in enumerate([
                ({"access_token": TOKEN, "expires_in": 3599, "refresh_token": "r"}, 1),
                ({"token": TOKEN, "expires_at": later}, 1),
                ({"credential": {"access_token": TOKEN, "token_expiry": time.strftime(
                    "%Y-%m-%dT%H:%M:%SZ", time.gmtime(later))}}, 1),
                ({"access_token": "expired", "expires_at": before}, 2)]):
            with self.subTest(said=said):
                want = self.arrive(corpus.numbered(1))
                self.good(TOKEN)
                self.give(json.dumps(said, indent=2) + "\n", TOKEN, keep=False,
                          deliver="maildir:~/Mail%d" % number)
                self.provider.asked.clear()
                self.ambil()
                self.assert_maildir(want, "Mail%d" % number)
                self.assertEqual(self.logins(), [TOKEN])
                self.assertEqual(len(self.command.runs()), runs)

    def test_json_that_has_expired_for_good(self):
        self.give(json.dumps({"token": TOKEN, "expires_at": int(time.time()) - 7205}))
        result = self.box.run()
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "oauth-token-command", "gives a token that expired 2 h ago",
                         "nothing was sent to the server")
        self.assert_hidden(result.stderr)
        self.assertEqual(len(self.command.runs()), 2)
        self.assertEqual(self.logins(), [])

    def test_nothing_of_it_is_told(self):
        """Not in a trace, on a terminal or off it; nor kept in the state."""
        for auth in BOTH:
            for token in (TOKEN, USUAL):
                with self.subTest(auth=auth, octets=len(token)):
                    self.give(self.good(token), auth=auth)
                    result = self.box.run("-d")
                    self.assert_code(result, 0)
                    self.assert_said(result.stderr, "C: AUTH " + auth.upper(), " octets hidden>")
                    self.assert_hidden(result.stderr, token)
        for folder, _, names in os.walk(self.box.state):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    octets = f.read()
                self.assertNotIn(TOKEN.encode(), octets)
                self.assertNotIn(USUAL[:100].encode(), octets)

    def test_on_a_terminal(self):
        self.give("wrong.one", "wrong.two")
        with self.box.terminal() as terminal:
            self.assertEqual(terminal.wait(), 77, terminal.text)
            screen = terminal.text
        self.assert_said(screen, 'refused the login of "%s" by OAUTHBEARER' % self.user,
                         "server: [AUTH] Authentication failed. (status invalid_token)",
                         "perhaps:  sign in again with what oauth-token-command runs (ambil.conf:")


class OnPopd(TokenTests, popd_case.PopdCase):
    def auth_lines(self):
        return [row for row in self.server.log().splitlines() if row.startswith("C: AUTH")]

    def test_the_longest_token(self):
        for number, auth in enumerate(BOTH):
            with self.subTest(auth=auth):
                self.assertEqual(len(LONGEST), 65534)
                self.serve("--token", LONGEST, mails=corpus.numbered(2))
                self.give(LONGEST, auth=auth, name=auth, deliver="maildir:~/Mail%d" % number)
                self.ambil()
                self.assertEqual(len(self.maildir("Mail%d" % number)), 2)
                self.assertEqual(self.auth_lines(), ["C: AUTH " + auth.upper()])
                session, = self.server.sessions(1)
                self.assertEqual(session["auth"], auth.upper())

    def test_a_token_in_one_line_where_it_fits(self):
        self.serve("--token", TOKEN)
        self.give(TOKEN, auth="xoauth2")
        self.ambil()
        line, = self.auth_lines()
        self.assertTrue(line.startswith("C: AUTH XOAUTH2 dXNlcj"), line)
        session, = self.server.sessions(1)
        self.assertEqual(session["notes"], [])

    def test_a_form_that_is_refused_is_remembered(self):
        """As at Microsoft: the second try is in two lines, and so is every later one."""
        mails = corpus.numbered(2)
        self.serve("--token", TOKEN, mails=mails, faults=["two-lines"])
        self.give(TOKEN, auth="xoauth2")
        self.ambil()
        mailstore.assert_same(self, self.maildir(), [corpus.fetched(m) for m in mails], "got")
        self.assertEqual([row.split(" ")[2:3] + ["in one line"] * (row.count(" ") > 2)
                          for row in self.auth_lines()],
                         [["XOAUTH2", "in one line"], ["XOAUTH2"]])
        self.ambil()
        self.assertEqual(self.auth_lines()[2:], ["C: AUTH XOAUTH2"])
        self.assertEqual(len(self.command.runs()), 2)

    def test_a_form_is_tried_once(self):
        self.serve("--token", TOKEN,
                   faults=["reply:AUTH::-ERR Protocol error. Connection is closed. 10\\r\\n"])
        self.give(TOKEN, auth="xoauth2")
        result = self.box.run()
        self.assertIn(result.code, (75, 77))
        self.assertIn("Protocol error. Connection is closed. 10", result.stderr)
        self.assertEqual(len(self.auth_lines()), 2)
        self.assertEqual(self.auth_lines()[1], "C: AUTH XOAUTH2")

    def test_looking_remembers_no_form(self):
        self.serve("--token", TOKEN, faults=["two-lines"])
        self.give(TOKEN, auth="xoauth2")
        for _ in range(2):
            self.assert_code(self.box.run("check"), 0)
        self.assertEqual(len(self.auth_lines()), 4)

    def test_the_answer_to_a_reason(self):
        for auth in BOTH:
            with self.subTest(auth=auth):
                self.serve("--token", TOKEN)
                self.give("wrong.one", "wrong.two", auth=auth)
                self.assert_refused(
                    self.box.run(), "refused the login", "[AUTH] Authentication failed. "
                    "(status invalid_token, scope mail, schemes bearer)")
                for session in self.server.sessions(2):
                    self.assertEqual(session["notes"], [])
                    self.assertIsNone(session["user"])

    def test_a_reason_that_is_no_good(self):
        for reason, said in (
                ('{"status":"\\u001b[2J\\r\\nx","scope":"%s"}' % ("a" * 5000),
                 "(status \\x1b[2J\\x0d\\x0ax, scope " + "a" * 60),
                ("{}", '"[AUTH] Authentication failed."'),
                ("[[[", '"[AUTH] Authentication failed."'),
                ("", '"[AUTH] Authentication failed."')):
            with self.subTest(reason=reason[:40]):
                self.serve("--token", TOKEN, "--token-reason", reason)
                self.give("wrong.one")
                result = self.box.run()
                self.assert_refused(result, said)
                self.assertLess(len(result.stderr), 700)

    def test_a_server_that_repeats_the_token(self):
        for auth in BOTH:
            for reason, options in (('{"status":"no %s","scope":"%s"}' % (TOKEN, TOKEN), ()),
                                    ("{}", ("err:AUTH::[AUTH] not " + TOKEN,)),
                                    ("{}", ("err:AUTH::[AUTH] not %s..." % TOKEN[:24],)),
                                    ("{}", ("greeting:+OK " + TOKEN,))):
                with self.subTest(auth=auth, reason=reason, options=options):
                    self.serve("--token", "another", "--token-reason", reason, faults=options)
                    self.give(TOKEN, auth=auth)
                    result = self.box.run("-d")
                    self.assert_code(result, 77)
                    self.assertIn("<hidden>" if "s3cret" in reason + str(options) else "-ERR",
                                  result.stderr)
                    self.assert_hidden(result.stderr)

    def test_a_server_that_asks_for_more_and_more(self):
        self.serve("--token", "another", faults=["reply:AUTH::+ e30=\\r\\n+ e30=\\r\\n+ e30=\\r\\n"])
        self.give(TOKEN)
        result = self.box.run()
        self.assertIn(result.code, (75, 76, 77))
        self.assertEqual(len(result.lines), 1)

    def test_after_starttls(self):
        self.serve("--token", TOKEN, "--tls-required", tls="starttls")
        for auth in BOTH:
            self.give(TOKEN, auth=auth)
            self.ambil()
        for session, auth in zip(self.server.sessions(2), BOTH):
            self.assertEqual((session["tls"], session["auth"], session["notes"]),
                             (True, auth.upper(), []))

    def test_none_is_offered(self):
        self.serve()
        self.give(TOKEN)
        result = self.box.run()
        self.assert_code(result, 69)
        self.assert_said(result.stderr, "localhost offers no login with a token (OAUTHBEARER or "
                         "XOAUTH2)")
        self.assertEqual(self.auth_lines(), [])

    def test_no_token_goes_in_clear(self):
        self.serve("--token", TOKEN, tls="none")
        self.give(TOKEN, allow_cleartext_password=None)
        result = self.box.run()
        self.assert_code(result, 69)
        self.assertIn("the token would go in clear", result.stderr)
        self.assertEqual(self.auth_lines(), [])
        self.assertNotIn(TOKEN, self.server.log())

    def test_commands_that_give_none(self):
        self.serve("--token", TOKEN)
        for answer, code, parts in (
                ("", 0, ["gives an empty token"]),
                ("\n" + TOKEN, 0, ["gives an empty token"]),
                ("NOTICE: Obtained new access token\n" + TOKEN, 0, ["gives no token: "]),
                (TOKEN + "\x01auth", 0, ["gives no token: "]),
                (TOKEN, 3, ["exited 3"]),
                ("x" * 65537, 0, ["gives a token of more than 65536 octets"]),
                ("x" * 300000, 0, ["wrote more than 262144 octets"]),
                ('{"access_token": "' + TOKEN, 0, ["gives no token, but JSON that is broken"]),
                ('{"refresh_token": "%s"}' % TOKEN, 0,
                 ["gives no token, but JSON without access_token"]),
                ('{"error": "invalid_grant", "error_description": "It has been\\nrevoked."}', 0,
                 ["gives no token, but the error invalid_grant", "It has been\\x0arevoked."])):
            with self.subTest(answer=answer[:60], code=code):
                self.give(answer, code=code)
                result = self.box.run()
                self.assert_code(result, 78)
                self.assertEqual(len(result.lines), 1, str(result))
                self.assert_said(result.stderr, "ambil: home: oauth-token-command", *parts)
                self.assert_hidden(result.stderr)
                self.assertEqual(len(self.command.runs()), 1)
        self.assertEqual(self.server.count_sessions(), 0)

    def test_refused_tokens_bring_no_pause(self):
        """Whoever has signed in again need not tell ambil of it."""
        self.serve("--token", TOKEN)
        self.give("wrong", retry_auth=1)
        for _ in range(2):
            self.assert_refused(self.box.run(), "refused the login")
        self.box.write("answer1", TOKEN)
        self.ambil()

    def test_what_follows_the_first_line_is_ignored(self):
        self.serve("--token", TOKEN)
        self.give(TOKEN + "\r\nexpires tomorrow\n")
        self.ambil()

    def test_a_command_that_complains(self):
        self.serve("--token", TOKEN)
        for line, part in (("sh -c 'echo sign in at https://example.org >&2; exit 1'",
                            "sign in at https://example.org"),
                           ("nosuch-token-program", "nosuch-token-program"),
                           ("sh -c 'open quote", "open quote")):
            self.configure(password_file=None, oauth_token_command=line)
            result = self.box.run()
            self.assert_code(result, 78)
            self.assert_said(result.stderr, "oauth-token-command", part)

    def test_a_command_that_fails_the_second_time(self):
        self.serve("--token", TOKEN)
        line = self.box.write("once", "#!/bin/sh\ntest \"$AMBIL_OAUTH_REFUSED\" && exit 5\n"
                              "echo wrong\n", mode=0o700)
        self.configure(password_file=None, oauth_token_command=line)
        self.assert_refused(self.box.run(), "refused the login",
                            "; run again for another token, oauth-token-command ", " exited 5: ",
                            "(status invalid_token")

    def test_a_command_that_hangs(self):
        self.serve("--token", TOKEN)
        self.configure(password_file=None, oauth_token_command="sleep 100", deadline="1s")
        result = self.box.run()
        self.assert_code(result, 75)
        self.assertEqual(self.server.count_sessions(), 0)

    def test_config_check_knows_the_command(self):
        self.serve("--token", TOKEN)
        self.configure(password_file=None, oauth_token_command="nosuch-token-program x")
        result = self.box.run("config", "check")
        self.assert_code(result, 78)
        self.assert_said(result.stderr + result.stdout.decode(), "oauth-token-command",
                         '"nosuch-token-program" does not exist')
        self.configure(password_file=None, auth="xoauth2")
        result = self.box.run("config", "check")
        self.assert_code(result, 78)
        self.assert_said(result.stderr + result.stdout.decode(), "xoauth2")

    def test_the_script_of_the_manual(self):
        """With a pizauth that needs to be told before it gives another token."""
        page = os.path.join(os.path.dirname(__file__), "..", "..", "man", "ambil.conf.5")
        with open(page, encoding="utf-8") as f:
            text = f.read()
        script = text[text.index("#!/bin/sh\nif test"):]
        script = script[:script.index(".Ed")].replace("sleep 5", ":")
        self.box.write("script", script, mode=0o700)
        os.mkdir(self.box.path("bin"))
        self.box.write("bin/pizauth", "#!/bin/sh\ntest \"$2\" = home || exit 1\n"
                       "case $1 in\nrefresh) echo %s >~/fresh ;;\n"
                       "show) cat ~/fresh 2>/dev/null || echo old ;;\nesac\n" % shlex.quote(TOKEN),
                       mode=0o700)
        self.serve("--token", TOKEN)
        self.configure(password_file=None, oauth_token_command=self.box.path("script"))
        self.ambil(env={"PATH": self.box.path("bin") + ":" + os.environ["PATH"]})
        self.assertEqual(len(self.maildir()), 10)
        self.assertEqual(popd.USER, self.server.sessions(2)[1]["user"])
