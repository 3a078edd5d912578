# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks on TLS: each is refused before anything secret is sent."""

import os
import shutil
import socket
import threading
import unittest

import hostile
import scripted

INJECTED = {
    "a whole answer": r"+OK injected\r\n",
    "a whole listing": r"+OK\r\nSASL PLAIN\r\n.\r\n",
    "one octet": "x",
    "an empty line": r"\r\n",
    "NUL": r"\0",
    "a TLS alert in clear": r"\x15\x03\x03\0\x02\x02\x28",
    "much text": "y" * 3000,
}


@hostile.each({claim + " behind the answer to STLS": {"text": text}
               for claim, text in INJECTED.items()})
class Injected(hostile.HostileCase):
    """Octets in clear behind +OK, in one segment with it: they must not be read as if by TLS."""

    def check(self, text):
        self.attack("inject-after-stls:" + text, tls="starttls", codes=(69, 76), nothing=True)
        self.assert_no_login()
        self.cure()


@hostile.each({
    "STLS is not offered": dict(options=("--no-cap", "STLS"), codes=(69,), says="STLS"),
    "STLS is refused": dict(faults=["err:STLS::not today"], codes=(69,)),
    "STLS is refused for now": dict(faults=["err:STLS::[SYS/TEMP] later"], codes=(69, 75)),
    "CAPA is refused, and so is STLS": dict(faults=["err:CAPA", "err:STLS"], codes=(69,)),
    "STLS is answered with garbage": dict(faults=[r"reply:STLS::what?\r\n"], codes=(76,)),
    "CAPA says that SASL is there before TLS": dict(
        options=("--no-cap", "STLS", "--cap", "SASL PLAIN LOGIN"), codes=(69,)),
    "the greeting says that all is well already": dict(
        options=("--no-cap", "STLS"), faults=["greeting:+OK authenticated and encrypted"],
        codes=(69,)),
    "the connection ends at STLS": dict(faults=["close:at=STLS"], codes=(75,)),
    "the connection ends behind STLS": dict(faults=["close:after=STLS"], codes=(75,)),
    "the handshake ends early": dict(faults=["tls-close"], codes=(75,)),
    "the handshake is never answered": dict(faults=["silence:at=TLS"], codes=(75,)),
})
class Stripped(hostile.HostileCase):
    """tls = starttls is a demand: whatever the server says, nothing goes in clear."""

    def check(self, options=(), faults=(), **more):
        self.attack(*faults, options=options, tls="starttls", nothing=True, **more)
        self.assert_no_login()
        self.server.stop()
        self.cured_by = lambda: self.serve(tls="starttls")
        self.cure()


NOT_TRUSTED = "the certificate of localhost is not trusted: "
OLD = ("localhost speaks only TLS 1.0 or 1.1, older than tls-min", "(try: tls-min = 1.0)")


@hostile.each({"%s, by %s" % (claim, tls): dict(options=options, tls=tls, says=says)
               for tls in ("implicit", "starttls") for claim, options, says in (
    ("a certificate that has expired", ("--cert", "expired"),
     ["the certificate of localhost has expired on 20"]),
    ("a certificate that is not valid yet", ("--cert", "not-yet"),
     ["the certificate of localhost is not valid before 20", "the clock of this machine says 20"]),
    ("a certificate for another name", ("--cert", "wrong-name"),
     ["the certificate is for wrong-name.example, not for localhost",
      "use one of these names as host in ambil.conf:2"]),
    ("a certificate that nobody signed", ("--cert", "self-signed"),
     [NOT_TRUSTED + "it is signed by nobody but itself", "valid until 20", "SHA-256 ", "ca-file"]),
    ("a certificate for clients", ("--cert", "wrong-usage"),
     ["the certificate of localhost is not meant for a server"]),
    ("an RSA key of 1024 bits", ("--cert", "weak-key"),
     [NOT_TRUSTED + "a key that is too weak (its own: RSA, 1024 bits)"]),
    ("a signature with SHA-1", ("--cert", "sha1"),
     [NOT_TRUSTED + "signed with a method that is too weak (ECDSA-SHA1)"]),
    ("a signature with MD5", ("--cert", "md5"),
     [NOT_TRUSTED + "signed with a method that is too weak (RSA-MD5)"]),
    ("TLS 1.0", ("--tls-max", "1.0"), OLD),
    ("TLS 1.1", ("--tls-max", "1.1"), OLD),
    ("a name that only looks alike", ("--cert-name", "localhost.example.org"),
     ["the certificate is for localhost.example.org, not for localhost"]),
    ("a name with a NUL-like trick", ("--cert-name", "localhost\\0.example.org"),
     ["not for localhost"]),
    ("a wildcard for a whole domain", ("--cert-name", "*"), ["not for localhost"]),
    ("an address for a name", ("--cert-name", "127.0.0.1"), ["not for localhost"]),
)})
class Untrusted(hostile.HostileCase):
    def check(self, options, tls, says):
        self.attack(options=options, tls=tls, codes=(69,), says=["ambil: home: ", *says],
                    nothing=True)
        self.assert_no_login()
        self.cured_by = lambda: self.serve(tls=tls)
        self.cure()


@hostile.each({
    "PIPELINING and all mechanisms before TLS, none behind": dict(
        faults=[r"reply:CAPA:1:+OK\r\nSTLS\r\nPIPELINING\r\nUIDL\r\nUSER\r\n"
                r"SASL PLAIN LOGIN CRAM-MD5 EXTERNAL\r\n.\r\n", r"reply:CAPA:2:+OK\r\n.\r\n"]),
    "no capabilities behind TLS": dict(faults=["err:CAPA:2"]),
    "STLS once more behind TLS": dict(faults=[r"reply:CAPA:2:+OK\r\nSTLS\r\nUIDL\r\n.\r\n"]),
    "mechanisms behind TLS that nobody knows": dict(
        faults=[r"reply:CAPA:2:+OK\r\nSASL NONSENSE \x1b[2J\r\nUIDL\r\n.\r\n"]),
    "STLS only where it is not": dict(
        faults=[r"reply:CAPA:1:+OK\r\nUIDL\r\n.\r\n"], codes=(69,), says="does not offer STLS"),
    "no end behind TLS": dict(faults=[r"reply:CAPA:2:+OK\r\nUIDL\r\n"], codes=(75,)),
    "garbage behind TLS": dict(faults=[r"reply:CAPA:2:\0\xff\r\n"], codes=(76,)),
})
class Lies(hostile.HostileCase):
    """Capabilities that differ before and behind TLS: none of them brings a login in clear."""

    def check(self, faults, codes=(0,), says=()):
        self.attack(*faults, tls="starttls", codes=codes, says=says, nothing=codes != (0,))
        said = [line[3:].split()[0] for line in self.server.log().splitlines()
                if line.startswith("C: ")]
        logins = [n for n, verb in enumerate(said) if verb in ("USER", "PASS", "AUTH", "APOP")]
        self.assertEqual(bool(logins), codes == (0,), said)
        self.assertTrue(all(n > said.index("STLS") for n in logins), said)
        self.cured_by = lambda: self.serve(tls="starttls")
        self.cure()


class Authority(hostile.HostileCase):
    def test_another_authority(self):
        """Everything fits but who signed it."""
        self.serve(tls="implicit")
        other = self.box.path("other.pem")
        shutil.copy(self.server.ca, other)
        self.attack(tls="implicit", codes=(69,), says="not trusted", nothing=True, ca_file=other)
        self.assert_no_login()

    def test_a_certificate_that_changed_between_two_runs(self):
        ca, key = self.box.path("ca.pem"), self.box.path("ca.key")
        self.serve("--ca-key-file", key, tls="implicit")
        shutil.copy(self.server.ca, ca)
        self.keys = {"ca_file": ca, "keep": True}
        self.configure()
        self.assert_tidy(self.go(), (0,))
        self.serve(tls="implicit")              # an impostor with an authority of his own
        self.configure()
        self.assert_tidy(self.go(), (69,), "not trusted")
        self.assert_no_login()
        self.serve("--ca-cert", ca, "--ca-key", key, tls="implicit")
        self.configure()
        self.assert_tidy(self.go(), (0,))       # a new certificate of the same authority is fine
        self.assert_once()

    def test_a_file_of_authorities_that_is_empty(self):
        self.serve(tls="implicit")
        empty = self.box.write("empty.pem", "")
        self.keys = {"ca_file": empty}
        self.configure()
        self.assert_tidy(self.go(), (69, 78))
        self.assert_no_login()

    def test_a_file_of_authorities_that_is_garbage(self):
        self.serve(tls="implicit")
        self.keys = {"ca_file": self.box.write("bad.pem", "-----BEGIN CERTIFICATE-----\nx\n" * 9)}
        self.configure()
        self.assert_tidy(self.go(), (69, 78))
        self.assert_no_login()


class Raw(hostile.HostileCase):
    """A peer that is not TLS at all, behind a port that should be."""

    def peer(self, octets, then=None, every=None):
        """Listens; sends these octets to whoever comes, and perhaps more for as long as he stays."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.heard, self.came = b"", 0

        def talk():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                self.came += 1
                with connection:
                    connection.settimeout(15)
                    try:
                        connection.sendall(octets)
                        while then:
                            connection.sendall(then)
                            scripted.pause(every)
                        while piece := connection.recv(4096):
                            self.heard += piece
                    except OSError:
                        pass
        threading.Thread(target=talk, daemon=True).start()
        self.addCleanup(listener.close)
        self.addCleanup(lambda: listener.shutdown(socket.SHUT_RDWR))
        self.port = listener.getsockname()[1]

    def refused(self, codes, limit=6, says=()):
        self.serve(tls="implicit")
        self.keys = {"port": self.port}
        self.configure()
        self.assert_tidy(self.go(limit=limit), codes, *says)
        self.assertNotIn(hostile.PASSWORD.encode(), self.heard)
        self.assertNotIn(hostile.PLAIN.encode(), self.heard)
        self.keys = {}
        self.cured_by = lambda: None
        self.cure()

    def test_fatal_alerts(self):
        """Each has its words, and none makes the client try again with less."""
        for code, said in ((40, "refused the TLS handshake"), (70, "speaks only TLS 1.0 or 1.1"),
                           (71, "refused the TLS handshake"), (80, "refused the TLS handshake"),
                           (86, "refused the TLS handshake"), (112, "refused the TLS handshake"),
                           (42, "refused the TLS handshake"), (116, "refused the TLS handshake"),
                           (255, "refused the TLS handshake: unknown alert")):
            with self.subTest(alert=code):
                self.setUp()
                self.peer(b"\x15\x03\x03\x00\x02\x02" + bytes([code]))
                self.refused((69,), says=[said])
                self.assertEqual(self.came, 1)

    def test_a_warning_and_then_the_end(self):
        self.peer(b"\x15\x03\x03\x00\x02\x01\x70\x15\x03\x03\x00\x02\x01\x00")
        self.refused((69, 75))

    def test_an_alert_of_no_known_level(self):
        self.peer(b"\x15\x03\x03\x00\x02\x07\x28")
        self.refused((69, 75))

    def test_garbage_in_the_handshake(self):
        self.peer(os.urandom(3000))
        self.refused((69, 75, 76))

    def test_a_record_that_announces_more_than_comes(self):
        self.peer(b"\x16\x03\x03\x40\x00\x02\x00")
        self.refused((75, 69))

    def test_a_handshake_that_drips(self):
        self.peer(b"\x16\x03\x03\x40\x00", b"\x02", 0.2)
        self.refused((75, 69))

    def test_warnings_without_end(self):
        self.peer(b"", b"\x15\x03\x03\x00\x02\x01\x5a" * 100, 0.001)
        self.refused((75, 69, 76))

    def test_a_greeting_in_clear_without_end(self):
        self.peer(b"+OK ", b"x" * 10000, 0.001)
        self.refused((69, 75, 76))


class Clear(hostile.HostileCase):
    """The line is in clear: what an attacker in it may say."""

    STARTTLS = {"tls": "starttls", "allow_cleartext_password": None}

    def test_octets_between_the_answer_to_stls_and_the_handshake(self):
        def answer(session, argument):
            session.send(b"+OK go ahead\r\n")
            scripted.pause(0.3)
            session.send(b"+OK in clear\r\n+OK\r\n")
            scripted.pause(0.3)
            raise scripted.Close
        self.lie({"STLS": answer}, codes=(69, 75, 76), nothing=True, **self.STARTTLS,
                 server={"capabilities": ("STLS", "USER", "UIDL", "SASL PLAIN")})
        self.assertEqual([w for w in self.server.heard
                          if w[:4].upper() in (b"USER", b"PASS", b"AUTH", b"APOP")], [])

    def test_tls_none_without_permission_sends_no_password(self):
        self.lie({}, codes=(69, 78), nothing=True, allow_cleartext_password=False)
        self.assertEqual([w for w in self.server.heard
                          if w[:4].upper() in (b"USER", b"PASS", b"AUTH", b"APOP")], [])

    def test_a_server_that_asks_for_apop_gets_none(self):
        """A stamp in the greeting must not lure the client into a weaker login in clear."""
        self.lie({"GREETING": lambda s, a: b"+OK <1.2@example.org>\r\n"}, codes=(69, 78),
                 nothing=True, allow_cleartext_password=False)
        self.assertEqual([w for w in self.server.heard
                          if w[:4].upper() in (b"USER", b"PASS", b"AUTH", b"APOP")], [])


if __name__ == "__main__":
    unittest.main()
