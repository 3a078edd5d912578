# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS beyond the usual: pins, certificates of the client, tokens, revocation, sessions resumed."""

import glob
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

import certs
import corpus
import dovecot
import dovecot_case
import harness
import needs
import popd
import popd_case
import ports

CLIENT = ("basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature",
          "extendedKeyUsage = clientAuth")
SERVER = ("basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature",
          "extendedKeyUsage = serverAuth", "subjectAltName = DNS:localhost")
MUST_STAPLE = SERVER + ("tlsfeature = status_request",)

STRICT = """
ssl_ca = <%s
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_require_client_cert = yes
"""


def setUpModule():
    """Certificates for all tests here, and a Dovecot that lets in only who shows one of them."""
    folder = tempfile.mkdtemp(prefix="at")
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    os.chmod(folder, 0o755)
    Shared.made = made = certs.Certificates(folder, authority="clients' authority")
    Shared.cert, Shared.key = made.issue("anna", CLIENT)
    Shared.other_cert, Shared.other_key = made.issue("bert", CLIENT)
    dovecot_case.start(STRICT % made.ca)


class Shared:
    made = cert = key = other_cert = other_key = None


class Pins(popd_case.PopdCase):
    def run_pinned(self, pin, code, **keys):
        self.configure(**{"ca_file": None, "pin_sha256": pin, **keys})
        return self.box.run() if code is None else self.expect(code)

    def expect(self, code):
        result = self.box.run()
        self.assert_code(result, code)
        return result.stderr

    def assert_no_login(self):
        self.assertIsNone(re.search("^C: (USER|PASS|AUTH)", self.server.log(), re.M))

    def test_what_is_offered_can_be_copied(self):
        mails = corpus.numbered(2)
        self.serve("--cert", "self-signed", mails=mails)
        self.configure(ca_file=None)
        said = self.expect(69)
        self.assert_said(said, "signed by nobody but itself", "SHA-256 ", "ca-file = ",
                         "one server?  ambil setup home --pin=")
        self.assert_no_login()
        pin = re.search("--pin=([A-Za-z0-9+/]+=)", said)[1]
        self.configure(ca_file=None, pin_sha256=pin)
        self.ambil()
        self.assert_maildir(mails)

    def test_a_server_with_another_key(self):
        for tls in ("implicit", "starttls"):
            with self.subTest(tls=tls):
                self.serve(tls=tls)
                # An authority vouches for it, and the name is right: it is another all the same.
                self.configure(pin_sha256="A" * 43 + "=")
                said = self.expect(69)
                self.assert_said(said, "ambil: home: localhost has another key than the one in "
                                 "pin-sha256", "ask whoever runs the server", 'issued by "popd test CA"',
                                 'pin-sha256 = "')
                self.assert_no_login()

    def test_each_way_to_write_a_pin(self):
        cert = self.box.path("shown.pem")
        mails = corpus.numbered(1)
        self.serve("--cert", "expired", "--cert-file", cert, mails=mails)
        key = Shared.made.digest(cert, "key")
        whole = Shared.made.digest(cert, "certificate")
        for pin in (key, "sha256//" + key, whole, whole.lower(), whole.replace(":", ""),
                    "A" * 43 + "=, " + key):
            with self.subTest(pin=pin):
                self.configure(ca_file=None, pin_sha256=pin, host="127.0.0.1")
                self.ambil()
        self.assert_maildir(mails)

    def test_the_name_is_of_no_interest_then(self):
        cert = self.box.path("shown.pem")
        self.serve("--cert", "wrong-name", "--cert-file", cert)
        self.configure(pin_sha256=Shared.made.digest(cert, "key"), ca_file=None)
        self.ambil()

    def test_a_weak_key_is_refused_all_the_same(self):
        cert = self.box.path("shown.pem")
        self.serve("--cert", "weak-key", "--cert-file", cert)
        self.configure(pin_sha256=Shared.made.digest(cert, "key"))
        self.assert_said(self.expect(69), "a key that is too weak (its own: RSA, 1024 bits)")
        self.assert_no_login()

    def test_a_wrong_one_is_found_in_the_file(self):
        self.serve()
        for pin, said in (("abc", '"abc" is no SHA-256'), ("AB:" * 19 + "CD", "by SHA-1")):
            with self.subTest(pin=pin):
                self.configure(pin_sha256=pin)
                result = self.box.run("config", "check")
                self.assert_code(result, 78)
                self.assert_said(result.stderr, "ambil.conf:", "pin-sha256 = ", said)


class Priority(dovecot_case.DovecotCase):
    def configure(self, **keys):
        super().configure(client_cert=Shared.cert, client_key=Shared.key, **keys)

    def test_what_is_offered_is_what_is_used(self):
        self.configure(tls_priority="NORMAL:-VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305")
        result = self.box.run("--debug")
        self.assert_code(result, 0)
        self.assertIn("*: TLS 1.2, CHACHA20-POLY1305\n", result.stderr)

    def test_faults_are_found_in_the_file(self):
        for keys, said in (
                ({"tls_priority": "NORMAL:+NONSENSE:%COMPAT"},
                 ('tls-priority = "NORMAL:+NONSENSE:%COMPAT"', '"+NONSENSE"', "character 8")),
                ({"tls_priority": "NORMAL:-VERS-ALL:+VERS-TLS1.1"},
                 ("tls-priority leaves no version of TLS that tls-min = 1.2 allows",))):
            with self.subTest(keys=keys):
                self.configure(**keys)
                for words in (("config", "check"), ()):
                    result = self.box.run(*words)
                    self.assert_code(result, 78)
                    self.assert_said(result.stderr, "ambil: ambil.conf:", *said)


class Client(dovecot_case.DovecotCase):
    """A server that lets in only clients with a certificate of its authority."""

    def setUp(self):
        super().setUp()
        self.want = self.arrive(corpus.numbered(2))

    def copy(self, *paths, mode=0o600):
        """One file of all these."""
        text = ""
        for path in paths:
            with open(path, encoding="ascii") as f:
                text += f.read()
        return self.box.write("copy%d.pem" % len(os.listdir(self.box.home)), text, mode)

    def test_two_files(self):
        self.configure(client_cert=Shared.cert, client_key=Shared.key)
        self.ambil()
        self.assert_maildir(self.want)

    def test_one_file_with_both(self):
        self.configure(client_cert=self.copy(Shared.cert, Shared.key))
        self.ambil()
        self.assert_maildir(self.want)

    def test_behind_stls(self):
        self.configure(client_cert=Shared.cert, client_key=Shared.key, tls="starttls",
                       port=self.server.pop3)
        self.ambil()
        self.assert_maildir(self.want)

    def test_none(self):
        self.configure()
        self.assert_code(self.box.run(), 77)
        self.assert_maildir([])

    def test_one_of_another_authority(self):
        folder = self.box.path("strangers")
        os.mkdir(folder)
        cert, key = certs.Certificates(folder).issue("anna", CLIENT)
        self.configure(client_cert=cert, client_key=key)
        self.assertIn(self.box.run().code, (69, 77))
        self.assert_maildir([])

    def test_faults_are_found_before_any_connection(self):
        encrypted = self.box.write("encrypted.key", subprocess.run(
            [Shared.made.openssl, "pkey", "-in", Shared.key, "-aes256", "-passout", "pass:x"],
            check=True, capture_output=True, text=True).stdout)
        old = self.box.write("old.key", subprocess.run(
            [Shared.made.openssl, "ec", "-in", Shared.key, "-aes256", "-passout", "pass:x"],
            check=True, capture_output=True, text=True).stdout)
        nothing = self.box.write("nothing.pem", "nothing\n")
        open_key = self.copy(Shared.key, mode=0o640)
        for cert, key, said in (
                (self.box.path("no.pem"), Shared.key,
                 ('client-cert "~/no.pem": No such file or directory',)),
                (Shared.cert, self.box.path("no.key"),
                 ('client-key "~/no.key": No such file or directory',)),
                (Shared.cert, Shared.other_key, ("client-key ", "is not the key of client-cert ")),
                (nothing, Shared.key, ("client-cert ", "holds no certificate that can be read")),
                (Shared.cert, nothing, ("client-key ", "holds no private key that can be read")),
                (Shared.cert, encrypted, ("client-key ", "is encrypted", "openssl pkey -in ")),
                (Shared.cert, old, ("client-key ", "is encrypted", "openssl pkey -in ")),
                (Shared.cert, open_key, ("client-key ", "holds a private key and can be read by "
                                         "others (mode 0640)", "chmod 600 ~/")),
                (self.box.home, Shared.key, ("client-cert ", "Is a directory")),
                (None, Shared.key, ("client-key needs client-cert beside it",))):
            with self.subTest(said=said):
                self.configure(client_cert=cert, client_key=key)
                result = self.box.run("config", "check")
                self.assert_code(result, 78)
                self.assert_said(result.stderr, "ambil: ambil.conf:", *said)
                # Nor does a run get as far as the server, which is not there.
                self.configure(client_cert=cert, client_key=key,
                               port=ports.free()[0])
                result = self.box.run()
                self.assert_code(result, 78)
                self.assert_said(result.stderr, *said)
        self.assert_maildir([])

    def test_what_stands_in_no_file_has_no_line(self):
        self.configure(client_cert=Shared.cert, client_key=Shared.key, ca_file=None)
        result = self.box.run("config", "check", env={"SSL_CERT_FILE": "/no/ca.pem"})
        self.assert_code(result, 78)
        self.assert_said(result.stderr, 'ambil: SSL_CERT_FILE "/no/ca.pem": No such file')

    def test_one_that_is_not_asked_for_harms_nothing(self):
        with_popd = popd.Popd(mails=corpus.numbered(1))
        self.addCleanup(with_popd.stop)
        password = self.box.write("popd password", popd.PASSWORD + "\n")
        self.box.write_config(harness.account(
            "home", host="localhost", port=with_popd.port, user=popd.USER, ca_file=with_popd.ca,
            password_file=password, received_header=False, client_cert=Shared.cert,
            client_key=Shared.key))
        self.ambil()
        self.assert_maildir(corpus.numbered(1))


class Token(dovecot_case.DovecotCase):
    """The same with a certificate and key that never leave a token, here one of SoftHSM."""

    PIN = "4711"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hsm, cls.tool = needs.need("softhsm2-util", "pkcs11-tool")
        cls.folder = tempfile.mkdtemp(prefix="ap11")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        os.mkdir(os.path.join(cls.folder, "tokens"))
        cls.settings = os.path.join(cls.folder, "softhsm2.conf")
        with open(cls.settings, "w", encoding="ascii") as f:
            f.write("directories.tokendir = %s/tokens\nobjectstore.backend = file\n" % cls.folder)
        key, cert = (os.path.join(cls.folder, name) for name in ("key.p8", "cert.der"))
        openssl = Shared.made.openssl
        for command in (
                [openssl, "pkcs8", "-topk8", "-nocrypt", "-in", Shared.key, "-out", key],
                [openssl, "x509", "-in", Shared.cert, "-outform", "DER", "-out", cert],
                [cls.hsm, "--init-token", "--free", "--label", "ambil", "--pin", cls.PIN,
                 "--so-pin", "0815"],
                [cls.hsm, "--import", key, "--token", "ambil", "--label", "anna", "--id", "a1",
                 "--pin", cls.PIN],
                [cls.tool, "--module", cls.module(), "--login", "--pin", cls.PIN,
                 "--write-object", cert, "--type", "cert", "--label", "anna", "--id", "a1"]):
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL,
                           env={**os.environ, "SOFTHSM2_CONF": cls.settings})
        os.unlink(key)

    @staticmethod
    def module():
        for path in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
                     "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"):
            if os.path.exists(path):
                return path
        return needs.missing_here("libsofthsm2.so not found: install the Debian package softhsm2")

    def use(self, key, cert="pkcs11:token=ambil;object=anna", **more):
        self.configure(client_cert=cert, client_key=key, **more)

    def run_it(self, *words):
        return self.box.run(*words, env={"SOFTHSM2_CONF": self.settings})

    def test_a_pin_from_a_file(self):
        want = self.arrive(corpus.numbered(2))
        self.use("pkcs11:token=ambil;object=anna;type=private?pin-source="
                 + self.box.write("pin", self.PIN + "\n"))
        self.assert_silent(self.run_it())
        self.assert_maildir(want)
        self.use("pkcs11:token=ambil;id=%A1?pin-source=file:" + self.box.path("pin"))
        self.assert_silent(self.run_it())
        self.use("pkcs11:token=ambil;pin-source=%s;object=anna" % self.box.path("pin"))
        self.assert_silent(self.run_it())

    def test_a_certificate_file_beside_it(self):
        want = self.arrive(corpus.numbered(1))
        self.use("pkcs11:token=ambil;object=anna?pin-value=" + self.PIN, Shared.cert)
        self.assert_silent(self.run_it())
        self.assert_maildir(want)

    def test_faults_have_words_and_no_pin(self):
        for key, said in (
                ("pkcs11:token=ambil;object=anna", ("asks for a PIN", "pin-source=/path")),
                ("pkcs11:token=ambil;object=anna?pin-value=" + self.PIN * 2, ("refuses the PIN",)),
                ("pkcs11:token=ambil;object=bert?pin-value=" + self.PIN, ("no token has such",)),
                ("pkcs11:token=ambil;object=bert;pin-value=" + self.PIN, ("no token has such",)),
                ("pkcs11:token=ambil;pin-value=%s;object=anna" % (self.PIN * 2),
                 ('"pkcs11:token=ambil": the token refuses the PIN',)),
                ("pkcs11:token=ambil;object=anna;pin-source="
                 + self.box.write("wide", self.PIN, 0o644),
                 ("holds a PIN and can be read by others (mode 0644)", "chmod 600 ~/wide")),
                ("pkcs11:nonsense", ("is no PKCS #11 URL",)),
                ("pkcs11:token=ambil;object=anna?pin-source=/no/pin",
                 ('client-key: pin-source "/no/pin": No such file',)),
                ("pkcs11:token=ambil;object=anna?pin-source="
                 + self.box.write("open", self.PIN, 0o644),
                 ("holds a PIN and can be read by others (mode 0644)", "chmod 600 ~/open"))):
            with self.subTest(key=key):
                self.use(key)
                for words in (("config", "check"), ()):
                    result = self.run_it(*words)
                    self.assert_code(result, 78)
                    self.assert_said(result.stderr, *said)
                    self.assertNotIn(self.PIN, result.stderr)

    def test_a_pin_in_the_file_makes_it_private(self):
        for before in ";?":     # where modules take it, and where it belongs
            self.use("pkcs11:token=ambil;object=anna%spin-value=%s" % (before, self.PIN))
            shown = self.run_it("config", "show", "home")
            self.assertNotIn(self.PIN.encode(), shown.stdout)
            self.assertIn(b"pkcs11:token=ambil;object=anna?(hidden)", shown.stdout)
        os.chmod(self.box.config, 0o644)
        result = self.run_it()
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "can be read by others (mode 0644)")

    def loaded(self, **keys):
        """Whether a run loads modules for tokens, as the dynamic linker tells it."""
        log = self.box.path("linker%d" % len(os.listdir(self.box.home)))
        self.use(**keys)
        self.assert_silent(self.box.run(env={
            "SOFTHSM2_CONF": self.settings, "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": log}))
        said = ""
        for path in glob.glob(log + ".*"):      # one of each process
            with open(path, encoding="utf-8", errors="replace") as f:
                said += f.read()
        self.assertIn("libgnutls", said)
        return "libsofthsm2.so" in said

    def test_modules_are_loaded_only_when_they_are_needed(self):
        self.assertFalse(self.loaded(key=Shared.key, cert=Shared.cert))
        self.assertTrue(self.loaded(key="pkcs11:token=ambil;object=anna?pin-value=" + self.PIN))


class Demanded(popd_case.PopdCase):
    """Servers that end the handshake for want of a certificate, or of a better one."""

    def serve_openssl(self, *options):
        """openssl's server, which demands a client certificate; its port."""
        port = ports.free()[0]
        cert, key = Shared.made.cert, Shared.made.key
        process = subprocess.Popen(
            [Shared.made.openssl, "s_server", "-accept", "127.0.0.1:%d" % port, "-cert", cert,
             "-key", key, "-CAfile", Shared.made.ca, "-Verify", "3", "-verify_return_error",
             *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stdout:
            if line.startswith(b"ACCEPT"):
                break
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return port

    def refused(self, options, **keys):
        self.box.write_config(harness.account(
            "home", host="localhost", ip=4, port=self.serve_openssl(*options), user="anna",
            ca_file=Shared.made.ca, password="secret", **keys))
        result = self.box.run()
        self.assert_code(result, 69)
        return result.stderr

    def test_none_is_shown(self):
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version=version):
                self.assert_said(self.refused([version]),
                                 "ambil: home: localhost demands a client certificate",
                                 'client-cert = "/path/cert.pem"')

    def test_a_stranger_s_is_shown(self):
        folder = self.box.path("strangers")
        os.mkdir(folder)
        cert, key = certs.Certificates(folder).issue("anna", CLIENT)
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version=version):
                self.assert_said(self.refused([version], client_cert=cert, client_key=key),
                                 "localhost does not accept the certificate in client-cert")


class Revocation(popd_case.PopdCase):
    """What a server attaches about itself (OCSP), and what its certificate demands."""

    def go(self, extensions, proof, code, *said, tls="1.3", env=None, **keys):
        mails = corpus.numbered(1)
        name = "server%d" % len(os.listdir(Shared.made.folder))
        cert, key = Shared.made.issue(name, extensions)
        options = ["--use-cert", cert, "--use-key", key]
        options += ["--tls-max", tls] if tls != "1.3" else []
        options += ["--ocsp", Shared.made.ocsp(name, *proof)] if proof else []
        self.serve(*options, mails=mails)
        if keys.get("pin_sha256") == "its own":
            keys["pin_sha256"] = Shared.made.digest(cert, "key")
        self.configure(**{"ca_file": Shared.made.ca, **keys})
        result = self.box.run(env=env)
        self.assert_code(result, code)
        self.assert_said(result.stderr, *said)
        self.assertEqual("C: " in self.server.log(), code == 0)
        if code == 0:
            self.assert_maildir(mails)

    def test_none_where_it_is_demanded(self):
        for tls in ("1.2", "1.3"):
            with self.subTest(tls=tls):
                self.go(MUST_STAPLE, None, 69,
                        "ambil: home: localhost does not prove that its certificate is not revoked",
                        "must-staple, RFC 7633", tls=tls)

    def test_a_good_one_where_it_is_demanded(self):
        # With a certificate of the client all is looked at before the handshake ends.
        for keys in ({}, {"client_cert": Shared.cert, "client_key": Shared.key}):
            for tls in ("1.2", "1.3"):
                with self.subTest(tls=tls, keys=keys):
                    self.setUp()
                    self.go(MUST_STAPLE, ("V",), 0, tls=tls, **keys)

    def test_none_where_it_is_not_demanded(self):
        self.go(SERVER, None, 0)

    def test_one_that_is_too_old(self):
        self.go(MUST_STAPLE, ("V", 7), 69, "ambil: home: what localhost sends to prove that its "
                "certificate is not revoked is too old", env=self.box.faketime("+8d"))

    def test_one_that_somebody_else_has_signed(self):
        folder = self.box.path("strangers")
        os.mkdir(folder)
        stranger = certs.Certificates(folder, authority="stranger")
        self.go(MUST_STAPLE, ("V", 7, stranger), 69, "ambil: home: what localhost sends to prove "
                "that its certificate is not revoked is wrong")

    def test_revoked(self):
        for extensions in (SERVER, MUST_STAPLE):
            for tls in ("1.2", "1.3"):
                with self.subTest(extensions=extensions, tls=tls):
                    self.go(extensions, ("R",), 69, "ambil: home: the certificate of localhost "
                            "has been revoked by its issuer", tls=tls)
                    self.go(extensions, ("R",), 69, "has been revoked by its issuer", tls=tls,
                            client_cert=Shared.cert, client_key=Shared.key)

    def test_revoked_and_pinned(self):
        self.go(SERVER, ("R",), 69, "has been revoked by its issuer", pin_sha256="its own")


class Names(popd_case.PopdCase):
    """The server is asked for by name, never by address; names may have any letters."""

    def test_a_name_of_any_script(self):
        mails = corpus.numbered(1)
        self.serve("--cert-name", "xn--mller-kva.example", mails=mails)
        for name in ("müller.example", "MÜLLER.example", "xn--mller-kva.example",
                     "müller.example."):
            with self.subTest(name=name):
                self.configure(host="127.0.0.1", tls_host=name)
                self.ambil()
                self.assertEqual(self.server.sessions(self.server.count_sessions())[-1]
                                 ["server_name"], "xn--mller-kva.example")
        self.assert_maildir(mails)
        self.configure(host="127.0.0.1", tls_host="möller.example")
        result = self.box.run()
        self.assert_code(result, 69)
        self.assert_said(result.stderr, "the certificate is for xn--mller-kva.example, not for "
                         "möller.example")

    def test_a_host_of_any_script(self):
        self.serve()
        for host in ("müller.invalid", "xn--mller-kva.invalid"):
            with self.subTest(host=host):
                self.configure(host=host)
                result = self.box.run("config", "show", "home")
                self.assertIn(host, result.stdout.decode())
                result = self.box.run()
                self.assertIn(result.code, (68, 75))
                self.assertIn(host, result.stderr)
                result = self.box.run("fetch", "pops://anna@%s/" % host)
                self.assertIn(host, result.stderr)

    def test_no_address_is_sent_as_a_name(self):
        self.serve("--ipv6", mails=[])
        for host, name in (("127.0.0.1", ""), ("::1", ""), ("localhost", "localhost")):
            with self.subTest(host=host):
                self.configure(host=host)
                self.ambil()
                self.assertEqual(self.server.sessions(self.server.count_sessions())[-1]
                                 ["server_name"], name)


class Resumed(popd_case.PopdCase):
    """A ticket of one session serves the next one of the same run."""

    def check(self, *options, breaks):
        """Two sessions of one run, of which the first one breaks; and one of another run."""
        self.serve("--tickets", *options, mails=corpus.numbered(9), faults=[breaks])
        self.configure()
        first = self.box.run("--debug")
        self.assertEqual(first.code, 75, str(first))        # the mail that broke it is left
        self.ambil()
        self.assert_maildir(corpus.numbered(9))
        self.assertEqual([s["resumed"] for s in self.server.sessions(3)], [False, True, False])
        said = [line for line in first.stderr.splitlines() if "*: TLS 1." in line]
        self.assertEqual([line.endswith(", resumed") for line in said], [False, True], str(first))

    def test_tls_1_3(self):
        self.check(breaks="close:at=RETR:6@1")

    def test_tls_1_2(self):
        self.check("--tls-max", "1.2", breaks="close:at=RETR:6@1")

    def test_after_a_reset(self):
        self.check(breaks="reset:at=RETR:6@1")


class ResumedByDovecot(dovecot_case.DovecotCase):
    """The same with OpenSSL on the other side, through a way that breaks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.easy = dovecot.Dovecot({"anna1": dovecot_case.PASSWORD})
        cls.addClassCleanup(cls.easy.stop)

    def relay(self, octets):
        """A way to the server that breaks once, behind so many octets from it; its port."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)

        def pass_on(source, sink, limit):
            try:
                while (limit is None or limit > 0) and (piece := source.recv(limit or 65536)):
                    sink.sendall(piece)
                    limit = limit and limit - len(piece)
                for end in (source, sink):
                    end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

        def serve(limit):
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                server = socket.create_connection(("127.0.0.1", self.server.pop3s))
                for end in (client, server):
                    self.addCleanup(end.close)
                threading.Thread(target=pass_on, args=(client, server, None), daemon=True).start()
                threading.Thread(target=pass_on, args=(server, client, limit), daemon=True).start()
                limit = None
        threading.Thread(target=serve, args=(octets,), daemon=True).start()
        return listener.getsockname()[1]

    def check(self, resumed, **keys):
        want = self.arrive(corpus.numbered(60))
        self.configure(port=self.relay(20000), ip=4, **keys)
        result = self.box.run("--debug")
        said = [line for line in result.stderr.splitlines() if "*: TLS 1." in line]
        self.assertEqual([line.endswith(", resumed") for line in said], [False, resumed],
                         str(result))
        self.configure(**keys)
        self.ambil()
        self.assert_maildir(want)

    def test_after_a_break(self):
        self.server, self.user = self.easy, "anna1"
        self.check(True)

    def test_never_where_a_certificate_is_asked_for(self):
        """Such a server ends the handshake when its ticket comes back."""
        self.check(False, client_cert=Shared.cert, client_key=Shared.key)


if __name__ == "__main__":
    unittest.main()
