# SPDX-License-Identifier: GPL-3.0-or-later
"""ambil doctor: each check failing on cue, against popd; and a real server where all is well.

What it says is compared whole, with times, ports, days and fingerprints replaced by words.
"""

import fcntl
import hashlib
import os
import re
import struct
import subprocess
import sys
import unittest

import certs
import dovecot_case
import fakes
import harness
import keyring
import needs
import popd
import popd_case
import ports
import proxies
import test_proxies


def setUpModule():
    dovecot_case.start("auth_mechanisms = plain login")


REPLACED = (
    (r" \(\d+ ms\)", ""),
    (r"of \d+ checks failed", "of N checks failed"),
    (r"has \d+ address(es)?", "has N addresses"),
    (r"(\n  ok       address        [0-9a-f:.]+)+", r"\1"),
    (r"(ok       address        )[0-9a-f:.]+", r"\1ADDRESS"),
    (r"[\d.]+ [KMGT]iB free", "ROOM free"),
    (r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d UTC)?", "DAY"),
    (r"\d+ (day|year)s? left", "N days left"),
    (r"([0-9A-F]{2}:){31}[0-9A-F]{2}", "FINGERPRINT"),
    (r"([0-9A-F]{2}:){19}[0-9A-F]{2}", "OLD FINGERPRINT"),
    (r'pin-sha256 = "[A-Za-z0-9+/]{43}="', "PIN"),
    (r'--pin=[A-Za-z0-9+/]{43}=', "--pin=KEY"),
    (r"proved   [A-Z0-9-]+", "proved   SIGNATURE"),
    (r"1, (ECDHE|DHE)[^ ]*, [A-Z0-9]+, TLS_[A-Z0-9_]+", "1, KEYS"),
    (r"[23], (ECDHE|DHE)[^ ]*, [A-Z0-9]+, TLS_[A-Z0-9_]+", "X, KEYS"),
)


def plain(text, **words):
    """The text with all that differs from run to run replaced by words."""
    for pattern, word in REPLACED:
        text = re.sub(pattern, word, text)
    for word, found in words.items():
        text = text.replace(str(found), word.upper())
    return text


def snapshot(folder):
    """Everything below a folder: names, modes, contents."""
    found = {}
    for top, folders, files in os.walk(folder):
        for name in folders:
            found[os.path.join(top, name)] = os.lstat(os.path.join(top, name)).st_mode
        for name in files:
            path = os.path.join(top, name)
            with open(path, "rb") as f:
                found[path] = (os.lstat(path).st_mode, hashlib.sha256(f.read()).hexdigest())
    return found


class Checks:
    """What both kinds of test use."""

    def doctor(self, *args, code=0, **more):
        """Run it and see that nothing on this side has changed; what it printed, as it is."""
        before = snapshot(self.box.home)
        result = self.box.run("doctor", *args, **more)
        self.assert_code(result, code)
        self.assertEqual(result.stderr, "")
        self.assertEqual(snapshot(self.box.home), before)
        return result.stdout.decode()

    def assert_lines(self, text, *wanted):
        """These lines are there, in this order, each whole but for the blanks before it."""
        lines = [line.strip() for line in plain(text).splitlines()]
        place = 0
        for line in wanted:
            self.assertIn(line, lines[place:], text)
            place += lines[place:].index(line) + 1


class AllWell(Checks, dovecot_case.DovecotCase):
    def test_account(self):
        self.arrive([b"Subject: one\n\none\n", b"Subject: two\n\ntwo\n"])
        self.configure()
        text = plain(self.doctor("home"), port=self.server.pop3s, user=self.user)
        self.assertEqual(text.replace(" (Debian)", ""), """\
home: USER at localhost:PORT, TLS at once
  ok       configuration  ~/.config/ambil/ambil.conf:1, yours alone
  ok       password       from password-file
  ok       name           localhost has N addresses
  ok       address        ADDRESS
  ok       TLS            1.X, KEYS
  ok       certificate    ambil test server, by ambil test authority, until DAY (N days left)
  ok       greeting       "Dovecot ready."
  ok       capabilities   CAPA, TOP, UIDL, RESP-CODES, PIPELINING, AUTH-RESP-CODE, USER, SASL
  ok       mechanism      PLAIN (offered: PLAIN, LOGIN, USER)
  ok       login          as USER
  ok       listing        2 messages (42 octets), each with a UID
  ok       destination    ~/Mail, Maildir that the first run makes, ROOM free
  ok       state          none yet; the first run makes ~/.local/state/ambil/home.db
home: all is well
""")
        self.assert_nothing_retrieved()

    def test_after_a_run(self):
        """Nothing is marked or deleted: the next run does what it would have done."""
        want = self.arrive([b"Subject: one\n\none\n"])
        self.configure(keep=False)
        self.ambil()
        want += self.arrive([b"Subject: two\n\ntwo\n"])
        self.assert_lines(self.doctor(),
                          "ok       listing        1 message (21 octets), with a UID",
                          "ok       destination    ~/Mail, Maildir, ROOM free",
                          "ok       state          ~/.local/state/ambil/home.db, 0 messages known")
        self.assert_left([b"Subject: two\n\ntwo\n"])
        self.ambil()
        self.assert_maildir(want)
        self.assert_lines(self.doctor(), "ok       listing        no mail there")

    def test_stls(self):
        self.configure(tls="starttls", port=self.server.pop3)
        self.assert_lines(self.doctor(),
                          'ok       STLS           the server goes on with TLS',
                          "ok       TLS            1.X, KEYS",
                          "ok       login          as " + self.user)

    def test_clear(self):
        """Login in clear is possible here, and STLS offered: that is worth a word."""
        self.configure(tls="none", allow_cleartext_password=True, port=self.server.pop3)
        self.assert_lines(self.doctor(),
                          "note     encryption     the server offers STLS, but all goes in clear "
                          "(tls = none)",
                          "to encrypt it:  tls = starttls",
                          "ok       login          as " + self.user,
                          "home: all is well, 1 note")

    def test_server_without_a_user(self):
        """All that mpop --serverinfo says."""
        text = self.doctor("pops://localhost:%d" % self.server.pop3s,
                           env={"SSL_CERT_FILE": self.server.ca})
        self.assertEqual(plain(text, port=self.server.pop3s).replace(" (Debian)", ""), """\
localhost:PORT: TLS at once
  ok       name           localhost has N addresses
  ok       address        ADDRESS
  ok       TLS            1.X, KEYS
                          proved   SIGNATURE
  ok       certificate    ambil test server, by ambil test authority, until DAY (N days left)
                          owner    CN=ambil test server
                          issuer   CN=ambil test authority
                          for      localhost, 127.0.0.1, ::1
                          from     DAY
                          until    DAY
                          key      EC/ECDSA, 256 bits
                          SHA-256  FINGERPRINT
                          SHA-1    OLD FINGERPRINT
                          pin      PIN
  ok       greeting       "Dovecot ready."
  ok       capabilities   CAPA, TOP, UIDL, RESP-CODES, PIPELINING, AUTH-RESP-CODE, USER, SASL
                          CAPA            this list
                          TOP             headers can be asked for alone
                          UIDL            messages have names that stay, so that new mail is known as such
                          RESP-CODES      refusals say why, by a code in brackets
                          PIPELINING      commands can be sent ahead of the answers, which is fast
                          AUTH-RESP-CODE  a refused login says whether the password is the reason
                          USER            login with USER and PASS
                          SASL            login with AUTH: PLAIN LOGIN
  ok       mechanism      PLAIN (offered: PLAIN, LOGIN, USER)
  skipped  login          the URL names no user; more may be offered behind a login
localhost:PORT: all is well
""")

    def test_password_typed(self):
        """A URL with a user: asked for on a terminal; an empty answer skips the login."""
        url = "pops://%s@localhost:%d" % (self.user, self.server.pop3s)
        for typed, wanted in ((dovecot_case.PASSWORD, r"ok +login +as " + self.user),
                              ("", r"skipped +login +no password")):
            with self.box.terminal("doctor", url, env={"SSL_CERT_FILE": self.server.ca}) as tty:
                tty.expect("Password for %s at localhost: " % self.user)
                self.assertFalse(tty.echoes())
                tty.send(typed.encode() + b"\n")
                self.assertEqual(tty.wait(), 0)
                self.assertRegex("\n".join(tty.screen), wanted)
                self.assertNotIn(dovecot_case.PASSWORD, tty.text)

    def test_terminal(self):
        """Colours, and a line about what is being looked at that goes away again."""
        self.configure()
        with self.box.terminal("doctor") as tty:
            self.assertEqual(tty.wait(), 0)
            self.assertIn("  \x1b[32mok\x1b[0m       greeting", tty.text)
            self.assertIn("  ...      TLS", tty.text)
            self.assertNotIn("...", "".join(tty.screen))
            self.assertIn("home: all is well", tty.screen)
        ask = self.box.write("ask", "printf 'PIN: ' >/dev/tty; read answer </dev/tty; echo $answer")
        self.configure(password_file=None, password_command="sh " + ask)
        with self.box.terminal("doctor") as tty:
            tty.expect("PIN: ")
            tty.send(dovecot_case.PASSWORD.encode() + b"\n")
            self.assertEqual(tty.wait(), 0)
            # Not behind the words "... password".
            self.assertIn("PIN: " + dovecot_case.PASSWORD, tty.screen)
        self.configure()
        for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            with self.box.terminal("doctor", env=more) as tty:
                self.assertEqual(tty.wait(), 0)
                self.assertNotIn("\x1b[3", tty.text)
        self.assertNotIn("\x1b", self.doctor())
        self.assertIn("\x1b[32mok", self.doctor("--color=always"))

    def test_several_accounts(self):
        """In their order, each under its name, with a blank line between; the code is that of the
        first failure."""
        wrong = self.box.write("wrong", "wrong\n")
        self.box.write_config(self.account("work", password_file=wrong),
                              self.account("home", deliver="pipe:/no/such/command"))
        text = plain(self.doctor(code=77))
        self.assertLess(text.index("work: 1 of N checks failed\n\nhome: "),
                        text.index("home: 1 of N checks failed"))
        self.assertEqual(plain(self.doctor("-q", code=77), port=self.server.pop3s, user=self.user), """\
work: USER at localhost:PORT, TLS at once
  failed   login          localhost refused the login of "USER"
                          server: [AUTH] Authentication failed.
                          password came from: password-file;  correct it:  password-file in ambil.conf:5
home: USER at localhost:PORT, TLS at once
  failed   destination    the command "/no/such/command" was not found or cannot be executed
                          it is set:  deliver in ambil.conf:17
""")
        self.doctor("home", code=78)


class OnCue(Checks, popd_case.PopdCase):
    """popd, which listens on IPv4 alone: each check failing as it can."""

    def account(self, name="home", **more):
        return super().account(name, **{"ip": "4", **more})

    def check(self, *wanted, code=0, **more):
        """The one account is checked; these lines come in this order."""
        self.assert_lines(self.doctor("home", code=code, **more), *wanted)

    def assert_no_password_sent(self):
        self.assertNotIn("AUTH PLAIN", self.server.log())
        self.assertNotIn("PASS ", self.server.log())

    def test_through_a_proxy(self):
        """The proxy finds the way: no address is tried from here."""
        self.serve()
        proxy = proxies.Scripted("socks5", self.server.port)
        self.addCleanup(proxy.stop)
        self.configure(proxy="socks5://127.0.0.1:%d" % proxy.port)
        text = self.doctor("home")
        self.assert_lines(text, "ok       connection     through socks5://127.0.0.1:%d" % proxy.port,
                          "ok       login          as anna", "home: all is well")
        self.assertNotIn("address", text)
        port = ports.free()[0]
        self.configure(proxy="socks5://127.0.0.1:%d" % port)
        self.assertRegex(self.doctor("home", code=75),
                         "failed   connection     .*127.0.0.1:%d.* refuses connections" % port)

    def test_tunnel_command(self):
        self.serve()
        self.configure(socket_command="/no/such/tunnel")
        self.assertRegex(self.doctor("home", code=78), 'failed   connection     .*/no/such/tunnel')

    def test_stronger_mechanism(self):
        self.serve("--sasl", "SCRAM-SHA-256 PLAIN")
        self.configure(auth="plain")
        self.check("ok       mechanism      PLAIN (offered: SCRAM-SHA-256, PLAIN, USER)",
                   "note     mechanism      SCRAM-SHA-256 is offered, which is stronger",
                   "to take it:  auth = auto", "ok       login          as anna")
        self.configure()
        self.check("ok       mechanism      SCRAM-SHA-256 (offered: SCRAM-SHA-256, PLAIN, USER)",
                   "ok       login          as anna", "home: all is well")

    def test_stronger_mechanism_gone(self):
        """What a run would refuse, by what is remembered."""
        self.serve("--sasl", "SCRAM-SHA-256 PLAIN")
        self.configure()
        self.ambil()
        port = self.server.port
        self.server.stop()
        self.serve("--port", str(port))
        self.configure()
        self.check("failed   mechanism      localhost no longer offers SCRAM-SHA-256, with which it "
                   "was logged in to", code=69)
        self.assert_no_password_sent()

    def test_paused(self):
        """A login that nobody watches may be the one that locks the account."""
        self.serve()
        self.box.write_config(self.account(
            password_file=self.box.write("wrong", "wrong\n"), retry_auth=1))
        self.assert_code(self.box.run(), 77)
        logins = self.server.log().count("C: AUTH")
        text = self.doctor("home", code=77)
        self.assertRegex(text, 'failed   login          localhost has refused the last login of '
                         '"anna"; runs that nobody watches pause for ')
        self.assert_lines(text, "to try it now:  ambil doctor home, on a terminal")
        self.assertEqual(self.server.log().count("C: AUTH"), logins)
        with self.box.terminal("doctor") as tty:
            self.assertEqual(tty.wait(), 77)
            self.assertRegex("\n".join(tty.screen), "note +pause +localhost has refused")
        self.assertGreater(self.server.log().count("C: AUTH"), logins)

    def test_too_early(self):
        self.serve("--cap", "LOGIN-DELAY 300")
        self.configure()
        self.ambil()
        text = self.doctor("home")
        self.assertRegex(text, "skipped  login          localhost wants time between logins; the "
                         "next is possible in [45] min")
        self.assertIn("home: all is well", text)

    def test_client_certificate(self):
        made = certs.Certificates(self.box.root, authority="clients' authority")
        cert, key = made.issue("anna", ("extendedKeyUsage = clientAuth",))
        self.serve()
        self.configure(client_cert=cert, client_key=key)
        self.check("ok       own key        client certificate of anna, by clients' authority, "
                   "until DAY (N days left)", "home: all is well")
        # Who is not trusted does not see it: there is an end.
        self.configure(client_cert=cert, client_key=key, ca_file=None)
        text = self.doctor("home", code=69)
        self.assert_lines(text, 'failed   certificate    the certificate of localhost is not '
                          'trusted: unknown issuer "popd test CA"',
                          "for      localhost, 127.0.0.1, ::1",
                          "skipped  login          nothing of ours is shown to a server that is "
                          "not trusted", "ok       destination    ~/Mail, Maildir that the first "
                          "run makes, ROOM free")
        self.assertNotIn("greeting", text)
        os.chmod(key, 0o644)
        self.configure(client_cert=cert, client_key=key)
        # Nor is it tried again: a token counts the PINs that are wrong.
        text = self.doctor("home", code=78)
        self.assertRegex(text, "failed   own key        client-key .* holds a private key and can be "
                         "read by others")
        self.assert_lines(text, "skipped  login          not tried, as the own key cannot be used")
        self.assertEqual(text.count("  failed  "), 1, text)

    def test_no_such_host(self):
        self.serve()
        self.configure(host="nosuch.invalid", connect_timeout="100s")
        result = self.box.run("doctor", env={"RES_OPTIONS": "timeout:1 attempts:1"})
        # Without any network a resolver cannot tell that a name does not exist.
        self.assertIn(result.code, (68, 75), str(result))
        text = result.stdout.decode()
        self.assertIn("  failed   name           " + (
            'no such host "nosuch.invalid" (ambil.conf:2)\n' if result.code == 68 else "no network or DNS: "), text)
        self.assert_lines(text, "ok       destination    ~/Mail, Maildir that the first run makes, ROOM free")

    def test_refused_port(self):
        self.serve()
        port = ports.free()[0]
        self.configure(port=port)
        self.check("failed   address        127.0.0.1: Connection refused",
                   "POP3 over TLS is normally port 995:  port = 995", code=75)

    def test_silent_port(self):
        self.serve(faults=["silence:at=GREETING"])
        self.configure(timeout="3s")
        self.check("failed   greeting       localhost:%d sent nothing for 3 s" % self.server.port,
                   code=75)
        # Other verbs name this one as the way to find out more.
        result = self.box.run()
        self.assert_code(result, 75)
        self.assertEqual(result.stderr, "ambil: home: localhost:%d sent nothing for 3 s (try: "
                         "ambil doctor home)\n" % self.server.port)

    def test_no_tls(self):
        self.serve(tls="none")
        self.configure(tls="implicit", allow_cleartext_password=None)
        self.check("failed   TLS            localhost:%d does not speak TLS (it greeted in clear: "
                   '"+OK popd ready")' % self.server.port,
                   "either:  port = 995  or  tls = starttls", code=69)

    def test_no_stls(self):
        self.serve(tls="none")
        self.configure(tls="starttls", allow_cleartext_password=None)
        self.check('ok       greeting       "popd ready"',
                   "failed   STLS           localhost:%d does not offer STLS" % self.server.port,
                   "nothing secret was sent", code=69)
        self.assert_no_password_sent()

    def test_unknown_issuer(self):
        """Shown in detail, with the line to copy; then it goes on, but not as far as a login."""
        self.serve()
        self.configure(ca_file=None)
        text = self.doctor("home", code=69)
        self.assertEqual(plain(text, port=self.server.port), """\
home: anna at localhost:PORT, TLS at once
  ok       configuration  ~/.config/ambil/ambil.conf:1, yours alone
  ok       password       from password-file
  ok       name           localhost has N addresses
  ok       address        ADDRESS
  ok       TLS            1.X, KEYS
  failed   certificate    the certificate of localhost is not trusted: unknown issuer "popd test CA"
                          own CA?  ca-file = "/path/ca.pem"   one server?  ambil setup home --pin=KEY
                          owner    CN=popd test server
                          issuer   CN=popd test CA
                          for      localhost, 127.0.0.1, ::1
                          from     DAY
                          until    DAY
                          key      EC/ECDSA, 256 bits
                          SHA-256  FINGERPRINT
                          SHA-1    OLD FINGERPRINT
                          pin      PIN
  ok       greeting       "popd ready"
  ok       capabilities   TOP, UIDL, RESP-CODES, AUTH-RESP-CODE, PIPELINING, UTF8, USER, SASL, IMPLEMENTATION
  ok       mechanism      PLAIN (offered: PLAIN, USER)
  skipped  login          no password is sent to a server that is not trusted
  ok       destination    ~/Mail, Maildir that the first run makes, ROOM free
  ok       state          none yet; the first run makes ~/.local/state/ambil/home.db
home: 1 of N checks failed
""")
        self.assert_no_password_sent()
        self.server.settle()
        self.assertIn("C: QUIT", self.server.log())
        pin = re.search(r'pin-sha256 = "(.*)"', text).group(1)
        self.configure(ca_file=None, pin_sha256=pin)
        self.check("ok       certificate    popd test server, which has one of the pins (pin-sha256)",
                   "ok       login          as anna", "home: all is well")

    def test_untrusted_before_stls(self):
        self.serve(tls="starttls")
        self.configure(ca_file=None)
        self.check("failed   certificate    the certificate of localhost is not trusted: unknown "
                   'issuer "popd test CA"',
                   "skipped  login          no password is sent to a server that is not trusted",
                   code=69)
        self.assert_no_password_sent()

    def test_bad_certificates(self):
        for kind, words in (
                ("expired", "the certificate of localhost has expired on DAY"),
                ("wrong-name", "the certificate is for wrong-name.example, not for localhost"),
                ("not-yet", "the certificate of localhost is not valid before DAY")):
            with self.subTest(kind):
                self.serve("--cert", kind)
                self.configure()
                self.check("failed   certificate    " + words, code=69)
                self.assert_no_password_sent()
        self.check("the clock of this machine says DAY",
                   "is the clock of this machine right?  date", code=69)

    def test_certificate_ends_soon(self):
        self.serve()
        self.configure()
        # popd's certificate is good for a year.
        text = self.doctor("home", env=self.box.faketime("+355d"))
        self.assert_lines(text, "note     certificate    popd test server, by popd test CA, only "
                          "until DAY (N days left)",
                          "it is renewed by whoever runs the server: tell them if that is late",
                          "home: all is well, 1 note")

    def test_old_tls(self):
        self.serve("--tls-max", "1.1")
        self.configure(tls_min="1.0")
        self.check("note     TLS            TLS 1.1, which is not safe any more (RFC 8996)",
                   "ok       login          as anna")

    def test_login_refused(self):
        self.serve()
        self.box.write_config(self.account(
            password_file=self.box.write("wrong", "wrong\n")))
        self.check("ok       password       from password-file",
                   'failed   login          localhost refused the login of "anna"',
                   "server: [AUTH] Authentication failed.",
                   "password came from: password-file;  correct it:  password-file in ambil.conf:6",
                   "ok       destination    ~/Mail, Maildir that the first run makes, ROOM free",
                   "ok       state          none yet; the first run makes "
                   "~/.local/state/ambil/home.db",
                   "home: 1 of N checks failed", code=77)
        with self.box.terminal("doctor") as tty:
            self.assertEqual(tty.wait(), 77)
            below = [line.strip() for line in tty.screen]
        self.assertIn("password came from: password-file;  correct it:", below)
        self.assertIn("password-file in ambil.conf:6", below)

    def test_busy(self):
        self.serve(faults=["in-use"])
        self.configure()
        self.check('failed   login          localhost does not let "anna" in now; the password may '
                   "be right", code=75)

    def test_no_password(self):
        """Without one all else is checked, and nothing is sent."""
        keyring.need_built_in()         # it is named
        self.serve()
        self.configure(password_file=None)
        self.check("failed   password       no password found (tried keyring, ~/.netrc) and no "
                   "terminal to ask on",
                   "ok       destination    ~/Mail, Maildir that the first run makes, ROOM free",
                   code=78)
        self.configure(password_file=None, password_command="false")
        self.check('failed   password       password-command "false" exited 1', code=78)
        self.assert_no_password_sent()
        # To look at a server is another thing.
        text = self.doctor("pops://anna@127.0.0.1:%d" % self.server.port,
                           env={"SSL_CERT_FILE": self.server.ca})
        self.assert_lines(text, "skipped  login          no password; more may be offered behind a "
                          "login", "anna@127.0.0.1:%d: all is well" % self.server.port)

    def test_places_of_passwords(self):
        """Named, and what is wrong with each."""
        keyring.need_built_in()         # it is named
        self.serve("--token", "tok")
        netrc = self.box.write(".netrc", "machine localhost login anna password secret\n")
        self.configure(password_file=None)
        self.check("ok       password       from ~/.netrc:1", "ok       login          as anna")
        os.chmod(netrc, 0o644)
        self.check("failed   password       no password found (tried keyring, ~/.netrc) and no "
                   "terminal to ask on",
                   "~/.netrc holds a password and can be read by others (mode 0644), so it was not "
                   "used", "make it yours alone:  chmod 600 ~/.netrc", code=78)
        self.configure(password_file=None, oauth_token_command="echo tok")
        self.check("ok       password       from oauth-token-command",
                   "ok       mechanism      OAUTHBEARER (offered: PLAIN, XOAUTH2, OAUTHBEARER, USER)",
                   "ok       login          as anna")
        self.configure(password_file=None, oauth_token_command="false")
        self.check('failed   password       oauth-token-command "false" exited 1',
                   "it is set:  oauth-token-command in ambil.conf:8",
                   "skipped  login          no password; more may be offered behind a login",
                   code=78)

    def test_what_the_server_lacks(self):
        self.serve("--no-cap", "UIDL", "--no-verb", "UIDL", "--no-cap", "PIPELINING",
                   "--cap", "LOGIN-DELAY 1800", "--cap", "EXPIRE 0")
        self.configure()
        self.check("failed   listing        localhost has no UIDL, so mail kept there could not be "
                   "told from new mail",
                   "to delete mail there once it is delivered here:  keep = false",
                   "note     pipelining     not offered: each message costs the time of a question "
                   "and its answer",
                   "note     login delay    30 min must be between two logins, the usual timer "
                   "comes every 10 min",
                   "set the timer to that:  OnUnitInactiveSec=30 min",
                   "note     expiry         localhost says that mail may not stay there once it was "
                   "fetched (EXPIRE 0), but keep = true", code=69)
        self.configure(keep=False)
        self.check("note     listing        10 messages, no UIDL: one whose deletion is interrupted "
                   "will come again", "home: all is well, 3 notes")

    def test_no_capa(self):
        self.serve("--no-capa")
        self.configure()
        self.check("note     capabilities   the server tells none (no CAPA): what it can do is "
                   "found out by trying",
                   "ok       mechanism      USER and PASS (the server names none)",
                   "ok       login          as anna")

    def test_mechanism_not_offered(self):
        self.serve()
        self.configure(auth="cram-md5")
        self.check("ok       password       from password-file", code=69)

    def test_hostile_words(self):
        """Nothing of the server's reaches the terminal as it is."""
        self.serve("--cap", "X\x1b[31mRED\x07", faults=["greeting:+OK \\x1b]0;owned\\x07 \\xff\\x9b2J"])
        self.configure()
        for args in (("home",), ("home", "-v")):
            text = self.doctor(*args)
            self.assert_lines(text, r'ok       greeting       "\x1b]0;owned\x07 \xff\x9b2J"')
            self.assertIn(r"X\x1b[31mRED\x07", text)
            self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffd]")

    def test_endless_words(self):
        """A list that nobody would read to its end."""
        caps = [word for n in range(500) for word in ("--cap", "X-%d %s" % (n, "y" * 100))]
        self.serve(*caps)
        self.configure()
        text = self.doctor("home", "-v")
        self.assertRegex(text, r"\n {26}and 4\d\d more\n")
        self.assertLess(len(text), 10000)
        self.assertIn("home: all is well", text)

    def test_destination(self):
        self.serve()
        self.box.write("file", "")
        self.box.write("plain", "")
        self.box.write("box", "")
        os.mkdir(self.box.path("dir"))
        for deliver, words, code in (
                ("maildir:~/no/such/Mail", "failed   destination    ~/no/such/Mail: parent folder "
                 "~/no/such does not exist", 73),
                ("maildir:~/file", "failed   destination    ~/file is not a folder", 73),
                ("mbox:~/dir", "failed   destination    ~/dir is a folder, not an mbox file", 73),
                ("mbox:~/box", "ok       destination    ~/box, mbox, ROOM free", 0),
                ("mbox:~/new", "ok       destination    ~/new, mbox that the first run makes, "
                 "ROOM free", 0),
                ("pipe:~/plain", 'failed   destination    the command "~/plain" was not found or '
                 "cannot be executed", 78),
                ("pipe:cat -u", "ok       destination    cat -u, a command that is there", 0),
                ("-", "ok       destination    standard output", 0)):
            with self.subTest(deliver):
                self.configure(deliver=deliver)
                self.check(words, code=code)

    def test_mbox_locked(self):
        self.serve()
        self.box.write("box", "")
        self.box.write("box.lock", "")
        self.configure(deliver="mbox:~/box")
        self.check("note     lock           ~/box.lock is there now: a run would wait for it")

    def test_unwritable(self):
        """Root may write anywhere, but not without its capabilities."""
        self.serve()
        os.mkdir(self.box.path("ro"), 0o555)
        self.configure(deliver="maildir:~/ro/Mail")
        self.check("failed   destination    ~/ro cannot be written: Permission denied", code=73,
                   wrap=("setpriv", "--bounding-set", "-all") if os.geteuid() == 0 else ())

    def test_state_of_another(self):
        self.serve()
        self.configure()
        self.ambil()
        text = self.doctor("home")
        self.assert_lines(text, "ok       state          ~/.local/state/ambil/home.db, 10 messages "
                          "known")
        self.configure(user="berta")
        self.check("failed   state          the state of this account "
                   '(~/.local/state/ambil/home.db) belongs to the user "anna", not "berta"',
                   code=77)
        self.configure(host="127.0.0.1")
        self.check("note     state          it is of localhost:%d: the next run looks closely "
                   "whether mail here is the same" % self.server.port)
        os.chmod(self.box.path(".local/state/ambil/home.db"), 0o666)
        self.configure()
        # SQLite gives its second file the mode of the first.
        self.assert_lines(self.box.run("doctor").stdout.decode(),
                          "note     state          ~/.local/state/ambil/home.db can be written by "
                          "others (mode 0666)",
                          "make it yours alone:  chmod 600 ~/.local/state/ambil/home.db")

    def test_state_has_no_place(self):
        self.serve()
        self.box.write("file", "")
        for folder, words in (("~/file", "the folder of the state ~/file: Not a directory"),
                              ("/no/such/state", "the folder of the state /no/such: No such file "
                               "or directory")):
            with self.subTest(folder):
                self.box.write_config(harness.settings(state_dir=folder), self.account())
                self.check("failed   state          " + words,
                           'to keep the state elsewhere:  state-dir = "/FOLDER" in ambil.conf, or '
                           "XDG_STATE_HOME", code=74)

    def test_state_renamed(self):
        self.serve()
        self.configure()
        self.ambil()
        self.box.write_config(self.account("new"))
        said = ("failed   state          this mailbox was fetched before under the name "
                '"home"; nothing was fetched now')
        move = "mv ~/.local/state/ambil/home.db ~/.local/state/ambil/new.db"
        text = self.doctor(code=78)
        self.assert_lines(text, said)
        self.assertIn(move, text)
        # To move one file of two is what doctor, which writes nothing, may not advise.
        self.box.write(".local/state/ambil/home.db-wal", "left by a run that was killed")
        text = self.doctor(code=78)
        self.assert_lines(text, said)
        self.assertIn("to be told how to go on from there:  ambil fetch new\n", text)
        self.assertNotIn("mv ", text)
        result = self.box.run()
        self.assert_code(result, 78)
        self.assert_said(result.stderr, move)
        self.assertIn(move, self.doctor(code=78))

    def test_state_damaged(self):
        self.serve()
        self.configure()
        self.ambil()
        with open(self.box.path(".local/state/ambil/home.db"), "r+b") as f:
            f.write(b"nonsense" * 200)
        self.assertIn("failed   state ", self.doctor(code=74))

    def test_while_another_runs(self):
        """Looked at without holding it up, and said."""
        release = os.path.join(self.box.root, "release")
        self.serve("--release", release, faults=["hold-retr:3"])
        self.configure()
        run = self.box.start()
        self.wait_for("RETR 3")
        pid = self.worker()
        text = self.box.run("doctor").stdout.decode()
        self.assertIn("note     state          another ambil (pid %d) is fetching right now" % pid,
                      text)
        self.assertIn("home: all is well, 1 note", text)
        open(release, "w").close()
        self.assert_silent(harness.finish(run))
        self.assertEqual(len(self.maildir()), 10)

    def wait_for(self, words):
        harness.wait_until(lambda: words in self.server.log())

    def worker(self):
        """The process that holds the account's lock."""
        with open(self.box.path(".local/state/ambil/home.lock"), "rb") as f:
            who = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            return struct.unpack("hhqqi4x", fcntl.fcntl(f, fcntl.F_GETLK, who))[4]

    def test_interrupted(self):
        self.serve(faults=["silence:at=GREETING"])
        self.configure()
        with self.box.terminal("doctor") as tty:
            tty.expect("greeting")
            tty.send(b"\x03")
            self.assertEqual(tty.wait(), 130)
            self.assertNotIn("failed", tty.text)

    def test_no_accounts(self):
        result = self.box.run("doctor")
        self.assert_code(result, 78)
        self.assertIn("no accounts yet", result.stderr)

    def test_debug(self):
        """The conversation, on standard error, without the password."""
        self.serve()
        self.configure()
        result = self.box.run("doctor", "-d")
        self.assert_said(result.stderr, "S: +OK popd ready", "C: CAPA", "C: QUIT")
        self.assertNotIn(popd.PASSWORD, result.stderr)
        self.assertIn(b"home: all is well", result.stdout)


# In a network of its own, where the hosts file names dead addresses: argv is the configuration, then
# the command; prints what that says.
DEAD = """\
import subprocess, sys
sys.path.insert(0, sys.argv[1])
import fakes
server = fakes.Fake(fakes.capabilities("UIDL"))
subprocess.run(["sed", "-i", "s/PORT/%d/" % server.port, sys.argv[2]], check=True)
print(subprocess.run(sys.argv[3:], stdout=subprocess.PIPE, text=True).stdout)
"""


@unittest.skipUnless(os.geteuid() == 0, "only root can have a network of its own")
class Addresses(Checks, harness.Case):
    def look(self, *addresses):
        needs.need("ip")
        hosts = self.box.write("hosts", "127.0.0.1 localhost\n" + "".join(
            "%s pop.example.test\n" % address for address in addresses), mode=0o644)
        self.box.write_config(harness.account(
            "home", host="pop.example.test", port="PORT", user="anna", tls="none", password="x",
            allow_cleartext_password=True, connect_timeout="3s"))
        done = subprocess.run(
            ["unshare", "-n", "-m", sys.executable, "-c", test_proxies.ALONE, hosts, "-c", DEAD,
             harness.HERE, self.box.config, harness.AMBIL, "doctor"],
            env=self.box.environment(), capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_dead_one_is_seen(self):
        """A black hole, and one that refuses; the run takes what answers."""
        text = self.look("2001:db8::10", "2001:db8:1::10", "127.0.0.1")
        self.assertRegex(text, r"ok       name           pop.example.test has 3 addresses")
        for line in ("note     address        2001:db8::10: no answer within 3 s",
                     "note     address        2001:db8:1::10: Connection refused",
                     "ok       address        127.0.0.1",
                     "to spare the try:  ip = 4",
                     'ok       greeting       "'):
            self.assertIn(line, text)

    def test_all_are_dead(self):
        text = self.look("2001:db8::10", "2001:db8:1::10")
        self.assertIn("failed   address        2001:db8::10: no answer within 3 s", text)
        self.assertIn("failed   address        2001:db8:1::10: Connection refused", text)
        self.assertNotIn("greeting", text)


if __name__ == "__main__":
    unittest.main()
