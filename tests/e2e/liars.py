# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that log in by SCRAM or NTLM in one wrong way each, for fakes.Fake; and the right way."""

import base64
import hashlib
import hmac
import struct

import fakes

PASSWORD = "secret"
SALT = b"sixteen octets!!"

# [MS-NLMP] 4.2.2: the challenge, the password, and what the client must answer by NTLMv1.
NTLM_CHALLENGE = bytes.fromhex("0123456789abcdef")
NTLM_PASSWORD = "Password"
NTLM_ANSWER = bytes.fromhex("67c43011f30298a2ad35ece64f16331c44bdbed927841f94")


def encoded(octets):
    return base64.b64encode(octets)


class Ended(Exception):
    """The login is over, and has been answered."""


class Login:
    """One AUTH, seen from the server."""

    def __init__(self, connection, server, said):
        self.connection, self.server = connection, server
        self.said = said

    def say(self, text):
        self.connection.sendall(text + b"\r\n")

    def ask(self, octets, raw=False):
        """One challenge; returns the response, decoded."""
        self.say(b"+ " + (octets if raw else encoded(octets)))
        line = fakes.line(self.connection, self.server)
        if line == b"*":
            self.say(b"-ERR cancelled")
            raise Ended
        return base64.b64decode(line)

    def end(self, text):
        self.say(text)
        raise Ended


class Scram:
    """`lie` is called at each point with its name; it may change what is said there, or end."""

    def __init__(self, mechanism="SCRAM-SHA-256", offers=None, rounds=4096, **lies):
        self.offers = offers or mechanism
        self.mechanism = mechanism.encode()
        self.hash = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}[mechanism]
        self.rounds = rounds
        self.lies = lies

    def lie(self, point, login, truth):
        return self.lies[point](login, truth) if point in self.lies else truth

    def mac(self, key, text):
        return hmac.new(key, text, self.hash).digest()

    def log_in(self, login):
        bare = base64.b64decode(login.said[2]).split(b",", 2)[2]
        nonce = bare.split(b"r=")[1] + b"SERVER"
        first = b"r=%s,s=%s,i=%d" % (nonce, encoded(SALT), self.rounds)
        final = login.ask(self.lie("first", login, first))
        without, _, proof = final.rpartition(b",p=")
        salted = hashlib.pbkdf2_hmac(self.hash, PASSWORD.encode(), SALT, self.rounds)
        text = b",".join((bare, first, without))
        key = self.mac(salted, b"Client Key")
        signature = self.mac(hashlib.new(self.hash, key).digest(), text)
        if bytes(a ^ b for a, b in zip(key, signature)) != base64.b64decode(proof):
            login.end(b"-ERR [AUTH] wrong password")
        proof = b"v=" + encoded(self.mac(self.mac(salted, b"Server Key"), text))
        login.ask(self.lie("proof", login, proof))
        login.end(b"+OK logged in")

    def __call__(self, connection, server):
        serve(connection, server, self.offers, self.mechanism, self.log_in)


class Ntlm:
    """Takes whoever knows the password of the specification's example."""

    offers = "NTLM"

    def __init__(self, challenge=None):
        name = "Server".encode("utf-16-le")
        self.challenge = challenge or b"".join((
            b"NTLMSSP\0", struct.pack("<IHHII", 2, len(name), len(name), 48, 0x8201),
            NTLM_CHALLENGE, bytes(16), name))

    def log_in(self, login):
        login.ask(b"", raw=True)
        answer = login.ask(self.challenge)
        length, _, offset = struct.unpack_from("<HHI", answer, 20)
        good = answer[:12] == b"NTLMSSP\0\3\0\0\0" and answer[offset:offset + length] == NTLM_ANSWER
        login.end(b"+OK logged in" if good else b"-ERR [AUTH] wrong password")

    def __call__(self, connection, server):
        serve(connection, server, self.offers, b"NTLM", self.log_in)


def serve(connection, server, offers, mechanism, log_in):
    """A mailbox that is empty, behind that login."""
    answers = {b"CAPA": b"+OK\r\nUIDL\r\nTOP\r\nUSER\r\nAUTH-RESP-CODE\r\nSASL %s\r\n." % offers.encode(),
               b"UIDL": b"+OK\r\n.", b"LIST": b"+OK\r\n.", b"QUIT": b"+OK bye"}
    connection.sendall(b"+OK fake ready\r\n")
    while line := fakes.line(connection, server):
        said = line.split(b" ")
        if said[0].upper() == b"AUTH" and said[1] == mechanism:
            try:
                log_in(Login(connection, server, said))
            except Ended:
                continue
        connection.sendall(answers.get(said[0].upper(), b"-ERR what?") + b"\r\n")
        if said[0].upper() == b"QUIT":
            return
