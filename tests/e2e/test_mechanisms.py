# SPDX-License-Identifier: GPL-3.0-or-later
"""Every mechanism against every server that knows it, with the right password and a wrong one."""

import base64
import os
import re
import unittest

import certs
import corpus
import dovecot
import dovecot_case
import fakes
import harness
import kerberos
import liars
import needs
import popd
import popd_case

SCRAM = ("scram-sha-256-plus", "scram-sha-1-plus", "scram-sha-256", "scram-sha-1")
SASL = (*SCRAM, "digest-md5", "cram-md5", "plain", "login")
ALL = (*SASL, "user", "apop")
DOVECOT = tuple(name for name in ALL if not name.endswith("-plus"))

CLIENT = ("keyUsage = critical,digitalSignature", "extendedKeyUsage = clientAuth")
TLS_1_2 = {"tls_priority": "NORMAL:-VERS-ALL:+VERS-TLS1.2"}

EXTRA = """
auth_mechanisms = %s external
auth_ssl_username_from_cert = yes
ssl_ca = <{folder}/ca.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
passdb {
  driver = static
  args = nopassword=y
  mechanisms = external
}
""" % " ".join(name for name in DOVECOT if name != "user")


def setUpModule():
    dovecot_case.start(EXTRA)


def title(mechanism):
    return {"user": "", "plain": ""}.get(mechanism, " by " + mechanism.upper())


class Table:
    """An account for each mechanism, named after it; one run fetches by all of them."""

    def by_each(self, mechanisms, **more):
        self.box.write_config(*(self.account(name, auth=name, deliver="maildir:~/" + name, **more)
                                for name in mechanisms))

    def assert_all_log_in(self, mechanisms, want):
        result = self.box.run("-d")
        self.assert_code(result, 0)
        for name in mechanisms:
            self.assert_maildir(want, name, note=name)
        return result.stderr

    def assert_all_refused(self, mechanisms, user):
        result = self.box.run()
        self.assert_code(result, 77)
        self.assertEqual(len(result.lines), len(mechanisms), str(result))
        for name in mechanisms:
            self.assert_said(result.stderr, "ambil: %s: localhost refused the login of \"%s\"%s: "
                             "\"[AUTH] " % (name, user, title(name)))
        self.assertNotIn("wrong", result.stderr.replace("wrong-password", ""))


class OnPopd(Table, popd_case.PopdCase):
    def table(self, *options):
        mails = corpus.numbered(2)
        self.serve("--sasl", " ".join(SASL).upper(), "--apop", *options, mails=mails)
        self.by_each(ALL)
        trace = self.assert_all_log_in(ALL, mails)
        used = sorted(session["auth"] for session in self.server.sessions(len(ALL)))
        self.assertEqual(used, sorted(name.upper() for name in ALL))
        self.assert_hides_what_was_said(trace)
        self.box.write("password", "not it\n")
        bad = self.box.write("wrong-password", "wrong\n")
        self.by_each(ALL, password_file=bad)
        self.assert_all_refused(ALL, popd.USER)

    def test_names_and_passwords_of_other_letters(self):
        self.serve("--sasl", " ".join(SASL).upper(), "--user", "ä.müller", "--password", "päß, wörd=",
                   mails=[])
        file = self.box.write("letters", "päß, wörd=\n")
        names = [name for name in ALL if name != "apop"]
        self.by_each(names, user="ä.müller", password_file=file)
        self.assert_all_log_in(names, [])

    def assert_hides_what_was_said(self, trace):
        """Neither the password nor any response in the server's log is in the trace."""
        said = 0
        for line in self.server.log().splitlines():
            words = line.split("C: ", 1)[-1].split(" ") if " C: " in " " + line else []
            secret = {"AUTH": words[2:3], "PASS": words[1:2], "APOP": words[2:3]}.get(
                words[0] if words else "", words if len(words) == 1 else [])
            for word in secret:
                if len(word) > 8 or words[0] == "PASS":
                    said += 1
                    self.assertNotIn(word, trace)
        self.assertGreater(said, len(ALL))
        self.assertNotIn(popd.PASSWORD, trace)
        self.assertIn("C: AUTH PLAIN <16 octets hidden>", trace)
        self.assertRegex(trace, r"C: AUTH SCRAM-SHA-256-PLUS <\d+ octets hidden>")

    def test_each_over_tls_1_3(self):
        self.table()
        self.assertIn("p=tls-exporter,,", self.first_words("SCRAM-SHA-256-PLUS"))

    def test_each_over_tls_1_2(self):
        self.table("--tls-max", "1.2")
        self.assertIn("p=tls-unique,,", self.first_words("SCRAM-SHA-256-PLUS"))
        self.assertIn("n,,n=anna,", self.first_words("SCRAM-SHA-256"))

    def first_words(self, mechanism):
        """The initial response that the server was given."""
        found = re.search(r"C: AUTH %s (\S+)" % mechanism, self.server.log())
        return base64.b64decode(found[1]).decode()


class OnDovecot(Table, dovecot_case.DovecotCase):
    def table(self, mechanisms, wrong=True, **more):
        mails = self.arrive(corpus.numbered(2))
        self.by_each(mechanisms, **more)
        self.assert_all_log_in(mechanisms, mails)
        if wrong:
            bad = self.box.write("wrong-password", "wrong\n")
            self.by_each(mechanisms, password_file=bad, **more)
            self.assert_all_refused(mechanisms, self.user)

    def test_each_over_tls_1_3(self):
        self.table(DOVECOT)

    def test_each_over_tls_1_2(self):
        self.table(DOVECOT, **TLS_1_2)

    def test_those_that_keep_the_password_off_the_line_without_tls(self):
        self.table(("scram-sha-256", "scram-sha-1", "digest-md5", "cram-md5", "apop"), tls="none",
                   ca_file=None, port=self.server.pop3)

    def test_auto_without_tls_is_scram(self):
        mails = self.arrive(corpus.numbered(1))
        self.configure(tls="none", ca_file=None, port=self.server.pop3)
        result = self.box.run("-d")
        self.assert_code(result, 0)
        self.assertIn("C: AUTH SCRAM-SHA-256 <", result.stderr)
        self.assert_maildir(mails)

    def test_external_by_a_certificate(self):
        mails = self.arrive(corpus.numbered(2))
        cert, key = self.server.certificates.issue(self.user, CLIENT)
        self.configure(auth="external", password_file=None, client_cert=cert, client_key=key)
        self.ambil()
        self.assert_maildir(mails)

    def test_external_by_a_certificate_of_another_authority(self):
        os.mkdir(self.box.path("other"))
        other = certs.Certificates(self.box.path("other"), authority="other")
        cert, key = other.issue(self.user, CLIENT)
        self.configure(auth="external", password_file=None, client_cert=cert, client_key=key)
        result = self.box.run()
        self.assert_code(result, 77)
        self.assert_said(result.stderr, "refused the login of \"%s\" by EXTERNAL" % self.user)

    def test_external_without_a_certificate(self):
        self.configure(auth="external", password_file=None)
        result = self.box.run()
        self.assert_code(result, 78)
        self.assert_said(result.stderr, 'the login "external" needs a certificate', "client-cert")


class Gssapi(harness.Case):
    def test_a_ticket_and_none(self):
        needs.need("dovecot-gssapi")
        realm = kerberos.Kerberos({"anna": "ticket"})
        self.addCleanup(realm.stop)
        server = dovecot.Dovecot({"anna": "secret"}, """
auth_mechanisms = plain gssapi
auth_krb5_keytab = %s
auth_gssapi_hostname = localhost
auth_username_format = %%Ln
import_environment = $import_environment KRB5_CONFIG=%s
""" % (realm.keytab, realm.config))
        self.addCleanup(server.stop)
        server.delivers("anna", corpus.numbered(2))
        self.box.write_config(harness.account(
            "home", host="localhost", port=server.pop3s, user="anna", ca_file=server.ca,
            auth="gssapi", received_header=False))
        result = self.box.run(env=realm.without_ticket(self.box.path("none")))
        self.assert_code(result, 77)
        self.assert_said(result.stderr, "home: the login by GSSAPI failed on this side", "kinit")
        self.ambil(env=realm.ticket("anna", "ticket", self.box.path("cache")))
        self.assert_maildir([corpus.fetched(mail) for mail in corpus.numbered(2)])


class Choice(popd_case.PopdCase):
    def used(self, offers, auth="auto", **more):
        self.serve("--sasl", offers, mails=[])
        self.configure(auth=auth, **more)
        self.ambil()
        return self.server.sessions(1)[0]["auth"]

    def test_auto_takes_the_strongest(self):
        self.assertEqual(self.used("LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256-PLUS"),
                         "SCRAM-SHA-256-PLUS")

    def test_auto_prefers_plain_over_tls_to_old_challenges(self):
        self.assertEqual(self.used("LOGIN CRAM-MD5 DIGEST-MD5 PLAIN"), "PLAIN")

    def test_a_list_is_tried_in_its_order(self):
        self.assertEqual(self.used("PLAIN LOGIN", auth="scram-sha-256 login plain"), "LOGIN")

    def test_what_is_not_offered_is_an_error(self):
        self.serve("--sasl", "PLAIN", mails=[])
        self.configure(auth="scram-sha-256 scram-sha-1")
        result = self.box.run()
        self.assert_code(result, 69)
        self.assert_said(result.stderr, "localhost offers none of the logins \"scram-sha-256 "
                         "scram-sha-1\"", "auth = auto")
        self.assertFalse({"USER", "PASS", "AUTH"} & set(self.server.sessions(1)[0]["verbs"]))

    def test_a_refusal_of_scram_names_the_way_around_it(self):
        self.serve("--sasl", "SCRAM-SHA-256 PLAIN", mails=[])
        self.configure(password_file=self.box.write("other", "wrong\n"))
        result = self.box.run()
        self.assert_code(result, 77)
        self.assert_said(result.stderr, "by SCRAM-SHA-256", "or, if it is right,  auth = plain")
        self.assertEqual(self.server.sessions(1)[0]["verbs"].get("AUTH"), 1)

    def test_a_refusal_of_what_has_worked_names_no_way_around_it(self):
        self.serve("--sasl", "SCRAM-SHA-256 PLAIN", mails=[])
        self.configure()
        self.ambil()
        self.configure(password_file=self.box.write("other", "wrong\n"))
        result = self.box.run()
        self.assert_code(result, 77)
        self.assertNotIn("auth =", result.stderr)

    def test_where_there_is_only_a_url_the_way_around_is_one_in_it(self):
        self.serve("--sasl", "SCRAM-SHA-256 PLAIN", mails=[])
        url = "pops://anna%%s@localhost:%d" % self.server.port
        password = {"CREDENTIALS_DIRECTORY": self.box.home, "SSL_CERT_FILE": self.server.ca}
        self.box.write("ambil.anna@localhost+%d" % self.server.port, "wrong\n")
        result = self.box.run("fetch", url % "", env=password)
        self.assert_code(result, 77)
        self.assertIn("or, if it is right,  write ;AUTH=plain behind the user", result.stderr)
        result = self.box.run("fetch", url % ";AUTH=CRAM-MD5", env=password)
        self.assert_code(result, 69)
        self.assert_said(result.stderr, 'does not offer the login "cram-md5"',
                         "write ;AUTH=* behind the user")

    def test_a_bound_login_that_is_refused_does_not_ask_for_the_password(self):
        self.serve("--sasl", "SCRAM-SHA-256-PLUS SCRAM-SHA-1 PLAIN", mails=[])
        self.configure(password_file=self.box.write("other", "wrong\n"))
        result = self.box.run()
        self.assert_code(result, 77)
        self.assertIn("or, if it is right,  auth = scram-sha-1)", result.stderr)

    def test_waits_for_the_server(self):
        """What a login costs: SCRAM two more than PLAIN."""
        waits = {}
        for name in ("PLAIN", "SCRAM-SHA-256", "CRAM-MD5", "LOGIN"):
            server = self.serve("--sasl", name, mails=corpus.numbered(4))
            self.configure(auth=name.lower(), deliver="maildir:~/" + name)
            self.ambil()
            self.ambil()
            waits[name] = server.sessions(2)[1]["waits"]
            os.unlink(self.box.path(".local", "state", "ambil", "home.db"))
        self.assertEqual({name: n - waits["PLAIN"] for name, n in waits.items()},
                         {"PLAIN": 0, "SCRAM-SHA-256": 2, "CRAM-MD5": 1, "LOGIN": 2})


class Remembered(popd_case.PopdCase):
    """A stronger login that is no longer there."""

    def setUp(self):
        super().setUp()
        self.keep = [self.box.path("ca.pem"), self.box.path("ca.key")]
        self.visit("SCRAM-SHA-256 PLAIN")

    def visit(self, offers, code=0, args=(), **more):
        server = self.serve("--sasl", offers, mails=[])
        self.configure(**more)
        result = self.box.run(*args)
        self.assert_code(result, code)
        self.session = server.sessions(1)[0]
        return result.stderr

    def test_its_disappearance_is_an_error_before_anything_is_sent(self):
        said = self.visit("PLAIN", code=69)
        self.assert_said(said, "localhost no longer offers SCRAM-SHA-256,", "auth = plain")
        self.assertFalse({"USER", "PASS", "AUTH"} & set(self.session["verbs"]), self.session)

    def test_the_user_may_name_another_once(self):
        self.visit("PLAIN", auth="plain")
        self.assertEqual(self.session["auth"], "PLAIN")
        self.visit("PLAIN")
        self.assertEqual(self.session["auth"], "PLAIN")

    def test_a_stronger_one_is_welcome_and_kept(self):
        self.visit("SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN")
        self.assertEqual(self.session["auth"], "SCRAM-SHA-256-PLUS")
        self.visit("SCRAM-SHA-256 PLAIN", code=69)

    def test_another_host_is_another_matter(self):
        self.visit("PLAIN", host="127.0.0.1")
        self.assertEqual(self.session["auth"], "PLAIN")

    def test_looking_is_refused_as_well_and_remembers_nothing(self):
        self.visit("PLAIN", code=69, args=["check"])
        self.visit("PLAIN", auth="plain", args=["check"])
        self.visit("PLAIN", code=69)


class Unbound(popd_case.PopdCase):
    """A server that offers to bind a login to the channel, and cannot do it with this one."""

    def visit(self, number, *faults, code=0, **more):
        if number == 1:
            self.serve("--sasl", "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN", mails=[], faults=faults)
        self.configure(**more)
        result = self.box.run()
        self.assert_code(result, code)
        session = self.server.sessions(number)[-1]
        return session["auth"], session["verbs"].get("AUTH"), result.stderr

    def test_auto_goes_on_without_and_remembers_it(self):
        self.assertEqual(self.visit(1, "err:AUTH:1:[AUTH] bad protocol@1"), ("SCRAM-SHA-256", 2, ""))
        self.assertEqual(self.visit(2), ("SCRAM-SHA-256", 1, ""))

    def test_where_it_has_worked_it_is_not_given_up(self):
        self.assertEqual(self.visit(1, "err:AUTH:1:[AUTH] bad protocol@2"),
                         ("SCRAM-SHA-256-PLUS", 1, ""))
        _, tries, said = self.visit(2, code=77)
        self.assertEqual(tries, 1)
        self.assert_said(said, "by SCRAM-SHA-256-PLUS", "auth = scram-sha-256")

    def test_where_it_is_named_it_is_not_given_up(self):
        _, tries, said = self.visit(1, "err:AUTH:1:[AUTH] bad protocol", code=77,
                                    auth="scram-sha-256-plus scram-sha-256")
        self.assertEqual(tries, 1)
        self.assertIn("by SCRAM-SHA-256-PLUS", said)

    def test_a_mailbox_in_use_says_nothing_of_it(self):
        _, tries, _ = self.visit(1, "err:AUTH:1:[IN-USE] later@1", code=75)
        self.assertEqual(tries, 1)
        self.assertEqual(self.visit(2)[:2], ("SCRAM-SHA-256-PLUS", 1))

    def test_a_wrong_password_is_refused_once(self):
        _, tries, _ = self.visit(1, code=77, password_file=self.box.write("other", "wrong\n"))
        self.assertEqual(tries, 1)


class Liars(harness.Case):
    def fetch(self, talk, **more):
        self.fake = fakes.Fake(talk)
        self.addCleanup(self.fake.stop)
        self.box.write_config(harness.account("home", **{
            "host": "127.0.0.1", "port": self.fake.port, "user": "anna", "password": liars.PASSWORD,
            "tls": "none", "timeout": "5s", **more}))
        return self.box.run()

    def assert_caught(self, talk, *parts, code=76, cancelled=True, **more):
        result = self.fetch(talk, **more)
        self.assert_code(result, code)
        self.assert_said(result.stderr, *parts)
        self.assertNotIn(liars.PASSWORD, result.stderr)
        self.assertEqual(b"*" in self.fake.heard, cancelled, self.fake.heard)
        self.assertFalse({b"UIDL", b"LIST", b"STAT"} & set(self.fake.heard), self.fake.heard)

    def test_the_truth_is_taken(self):
        for name in ("SCRAM-SHA-1", "SCRAM-SHA-256"):
            self.assert_silent(self.fetch(liars.Scram(name)))

    def test_a_wrong_password_is_refused(self):
        self.assert_caught(liars.Scram(), "refused the login of \"anna\" by SCRAM-SHA-256", code=77,
                           cancelled=False, password="wrong")

    def test_welcome_without_a_word_of_proof(self):
        for point in ("first", "proof"):
            self.assert_caught(
                liars.Scram(**{point: lambda login, _: login.end(b"+OK come in")}),
                "127.0.0.1 let \"anna\" in before the login by SCRAM-SHA-256 was over",
                cancelled=False)

    def test_a_wrong_proof(self):
        for name in ("SCRAM-SHA-1", "SCRAM-SHA-256"):
            for wrong in (lambda _, truth: truth[:3] + truth[3:].swapcase(),
                          lambda _, truth: truth[:-4] + b"AAA=", lambda *_: b"v="):
                self.assert_caught(liars.Scram(name, proof=wrong), "127.0.0.1", name)

    def test_a_refusal_in_the_place_of_a_proof(self):
        self.assert_caught(
            liars.Scram(proof=lambda login, _: login.end(
                b"-ERR [AUTH] no" if login.ask(b"e=invalid-proof") == b"" else b"+OK")),
            "refused the login", code=77, cancelled=False)

    def test_welcome_behind_a_refusal(self):
        self.assert_caught(
            liars.Scram(proof=lambda login, _: login.end(
                b"+OK come in" if login.ask(b"e=other-error") == b"" else b"-ERR")),
            "in before the login by SCRAM-SHA-256 was over", cancelled=False)

    def test_nonsense(self):
        other_nonce = lambda _, truth: b"r=x" + truth[2:]
        for wrong in (other_nonce, lambda *_: b"nonsense", lambda *_: b"", lambda *_: b"\0" * 500):
            self.assert_caught(liars.Scram(first=wrong), "127.0.0.1")

    def test_what_is_not_base64(self):
        self.assert_caught(liars.Scram(first=lambda login, _: login.ask(b"%%%", raw=True)),
                           "127.0.0.1's part of the login by SCRAM-SHA-256 is not base64")

    def test_rounds_without_end_and_too_few(self):
        self.assert_caught(liars.Scram(rounds=4294967295), "more than 1000000 rounds")
        self.assert_caught(liars.Scram(rounds=1), "with 1 rounds only")

    def test_questions_without_end(self):
        def ask(login, _):
            while True:
                login.ask(b"", raw=True)
        self.assert_caught(liars.Scram(proof=ask), "127.0.0.1")

    def test_ntlm(self):
        password = {"auth": "ntlm", "user": "User", "password": liars.NTLM_PASSWORD}
        self.assert_silent(self.fetch(liars.Ntlm(), **password))
        self.assert_caught(liars.Ntlm(), "refused the login of \"User\" by NTLM", code=77,
                           cancelled=False, **{**password, "password": "other"})
        for wrong in (b"", b"NTLMSSP\0\2\0\0\0" + b"\xff" * 40, b"NTLMSSP\0\3" + bytes(60)):
            self.assert_caught(liars.Ntlm(wrong or b"x"), "127.0.0.1's part of the login by NTLM",
                               **password)


if __name__ == "__main__":
    unittest.main()
