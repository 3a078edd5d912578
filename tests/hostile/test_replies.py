# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are wrong: refusals, garbage, too much, too little, endless."""

import itertools
import unittest

import corpus
import hostile
import popd
import scripted
from test_states import USER_PASS

ESCAPES = b"\x1b]0;evil\x07\x1b[2J\x9b31m\xe2\x80\xae\x7f\x08\r tail"


@hostile.each({
    "CAPA refused is a server of RFC 1939": dict(verb="CAPA", codes=(0,)),
    "AUTH refused without a code may have many reasons": dict(verb="AUTH", codes=(75, 77)),
    "USER refused": dict(verb="USER", codes=(77, 75), options=USER_PASS),
    "PASS refused": dict(verb="PASS", codes=(77, 75), options=USER_PASS),
    "UIDL refused with keep": dict(verb="UIDL", codes=(75,), keep=True, nothing=True),
    # Fetched without UIDs, and not deleted for some reason, it would come again: it waits.
    "UIDL refused without keep, though it is announced": dict(
        verb="UIDL", codes=(75,), says="does not tell its UIDs now", nothing=True),
    "UIDL neither announced nor answered, without keep": dict(
        verb="UIDL", codes=(0,), says="has no UIDL", options=("--no-cap", "UIDL")),
    "UIDL neither announced nor answered, with keep": dict(
        verb="UIDL", codes=(69,), says="has no UIDL", keep=True, nothing=True,
        options=("--no-cap", "UIDL")),
    "LIST refused": dict(verb="LIST", codes=(0, 69, 75, 76), max_size="1M"),
    "every RETR refused": dict(verb="RETR", codes=(75,), nothing=True),
    "every DELE refused": dict(verb="DELE", codes=(0, 75, 76)),
    "NOOP refused": dict(verb="NOOP", codes=(0,)),
    "QUIT refused": dict(verb="QUIT", codes=(75, 76)),
    "STLS refused": dict(verb="STLS", codes=(69,), tls="starttls", nothing=True),
})
class Refused(hostile.HostileCase):
    """-ERR, with words that would like to play with the terminal."""

    def check(self, verb, **more):
        text = r"no way \x1b]0;evil\x07\x1b[2J\x9b31m\x7f %s%n"
        result = self.attack("err:%s::%s" % (verb, text), **more)
        self.assertNotIn("\x1b", result.stderr)
        self.cure()


VERBS = {"GREETING": {}, "CAPA": {}, "AUTH": {}, "USER": {"options": USER_PASS},
         "PASS": {"options": USER_PASS}, "UIDL": {}, "LIST": {"max_size": "1M"}, "RETR": {},
         "DELE": {}, "QUIT": {}, "STLS": {"tls": "starttls"}}


def garbage():
    rows = {}
    for verb, row in VERBS.items():
        rows["neither +OK nor -ERR in answer to " + verb] = dict(
            row, fault=r"reply:%s::HTTP/1.1 400 Bad\x1b[2J Request\r\n" % verb, codes=(75, 76))
        rows["NUL and 8-bit octets in answer to " + verb] = dict(
            row, fault=r"reply:%s::\0\xff\xfe+OK\r\n" % verb, codes=(75, 76))
        rows["an empty line in answer to " + verb] = dict(
            row, fault=r"reply:%s::\r\n" % verb, codes=(75, 76))
        rows["a status line without end in answer to " + verb] = dict(
            row, fault="line-endless:" + verb, codes=(75, 76))
        if verb != "GREETING":
            rows["an unasked line before the answer to " + verb] = dict(
                row, fault=r"extra-before:%s:* unasked\x07\r\n" % verb, codes=(75, 76, 69))
            rows["an unasked line behind the answer to " + verb] = dict(
                row, fault=r"extra-after:%s:* unasked\x07\r\n" % verb, codes=(0, 75, 76, 69))
            rows["a second +OK behind the answer to " + verb] = dict(
                row, fault=r"extra-after:%s:+OK again\r\n" % verb, codes=(0, 75, 76, 69))
    return rows


@hostile.each(garbage())
class Garbage(hostile.HostileCase):
    def check(self, fault, **more):
        if "GREETING" in fault:
            if fault.startswith("reply"):
                fault = "greeting:" + fault.split("::")[1].removesuffix(r"\r\n")
            more["codes"] = (76, 75)
        self.attack(fault, **more)
        self.cure()


@hostile.each({
    "IN-USE": dict(text="[IN-USE] locked", codes=(75,)),
    "LOGIN-DELAY": dict(text="[LOGIN-DELAY] wait", codes=(75,)),
    "SYS/TEMP": dict(text="[SYS/TEMP] disk sleeps", codes=(75,)),
    "SYS/PERM": dict(text="[SYS/PERM] mailbox is gone", codes=(69,)),
    "AUTH": dict(text="[AUTH] wrong", codes=(77,)),
    "a code that is not closed": dict(text="[AUTH wrong", codes=(75, 77)),
    "a code of 10000 octets": dict(text="[" + "X" * 10000 + "] wrong", codes=(75, 77)),
})
class Codes(hostile.HostileCase):
    """What a refused login means is told by its response code (RFC 2449, RFC 3206)."""

    def check(self, text, codes):
        self.attack("err:AUTH::" + text, codes=codes, nothing=True)
        self.cure()


@hostile.each({
    "SYS/TEMP at UIDL": dict(verb="UIDL", text="[SYS/TEMP] later", codes=(75,)),
    "SYS/TEMP at RETR": dict(verb="RETR", text="[SYS/TEMP] later", codes=(75,)),
    "IN-USE at the greeting": dict(verb="GREETING", text="[IN-USE] try later", codes=(75,)),
    "SYS/PERM at the greeting": dict(verb="GREETING", text="[SYS/PERM] no service", codes=(69,)),
})
class LateCodes(hostile.HostileCase):
    def check(self, verb, text, codes):
        fault = ("greeting:-ERR " if verb == "GREETING" else "err:%s::" % verb) + text
        self.attack(fault, codes=codes, nothing=True)
        self.cure()


@hostile.each({
    "+ok in lower case": dict(faults=["lower-case"]),
    "lines that end with LF alone": dict(faults=["bare-lf"]),
    "both, dripped": dict(faults=["lower-case", "bare-lf", "drip:ms=1:octets=5"], limit=20),
    "+OK alone": dict(faults=["greeting:+OK"]),
    "a greeting of 4000 octets": dict(faults=["greeting:+OK " + "g" * 4000]),
    "a greeting full of escapes": dict(faults=[r"greeting:+OK \x1b[2J\x9b\xff <a@b> \x07"]),
    "a greeting that is an empty string": dict(faults=["greeting:"], codes=(75, 76)),
    "the greeting of another protocol": dict(faults=["greeting:* OK IMAP4rev1"], codes=(76,)),
    "the greeting of SMTP": dict(faults=["greeting:220 mail.example.org ESMTP"], codes=(76,)),
    "capabilities that make no sense": dict(options=(
        "--cap", "EXPIRE -1", "--cap", "LOGIN-DELAY x y z", "--cap", "SASL " + "X " * 200,
        "--cap", "A" * 2000, "--cap", "EXPIRE 99999999999999999999")),
    "capabilities without end": dict(faults=["listing-endless:CAPA"], codes=(75, 76)),
})
class Odd(hostile.HostileCase):
    def check(self, faults=(), codes=(0,), **more):
        self.attack(*faults, codes=codes, **more)
        self.cure()


class Words(hostile.HostileCase):
    """What a server says is shown without control characters and not at length."""

    def refuse(self, text, codes, debug=False):
        self.script({"PASS": lambda session, _: b"-ERR " + text + b"\r\n"})
        self.configure()
        result = self.go(*(["-d"] if debug else []))
        self.assertIn(result.code, codes)
        self.assertIsNone(hostile.CONTROL.search(result.stderr.replace("\n", "")),
                          repr(result.stderr))
        return result

    def test_escape_sequences_are_not_passed_on(self):
        result = self.refuse(ESCAPES, (75, 77))
        self.assertEqual(len(result.lines), 1)
        self.assertIn("\\x1b", result.stderr)

    def test_nor_in_a_trace(self):
        self.refuse(ESCAPES, (75, 77), debug=True)

    def test_a_carriage_return_cannot_hide_a_line(self):
        result = self.refuse(b"bad\rambil: home: 3 new messages", (75, 77))
        self.assertIn("\\x0d", result.stderr)

    def test_broken_utf8_is_no_broken_output(self):
        self.refuse(b"\xc3\x28\xf0\x28\x8c\xbc\xed\xa0\x80\xfe", (75, 77))

    def test_words_of_15000_octets_are_cut(self):
        result = self.refuse(b"w" * 15000, (75, 77))
        self.assertLess(len(result.stderr), 700)

    def test_formats_are_not_obeyed(self):
        self.assertIn("%s%n%99999d", self.refuse(b"%s%n%99999d", (75, 77)).stderr)


class Endless(hostile.HostileCase):
    """A server that never stops talking; what it says is well formed."""

    def test_greetings_one_after_the_other(self):
        self.lie({"GREETING": lambda s, _: itertools.repeat(b"+OK hello\r\n" * 500)},
                 codes=(75, 76), nothing=True)
        self.cure()

    def test_answers_to_nothing_behind_the_login(self):
        self.lie({"PASS": lambda s, _: itertools.repeat(b"+OK more\r\n" * 500)},
                 codes=(75, 76), nothing=True)
        self.cure()

    def test_challenges_without_end(self):
        """AUTH is answered with one challenge after the other."""
        self.lie({"AUTH": lambda s, _: itertools.repeat(b"+ \r\n" * 500)}, codes=(69, 75, 76, 77),
                 nothing=True, server={"capabilities": ("SASL PLAIN", "UIDL")})

    def test_a_challenge_for_each_response(self):
        def challenge(session, _):
            return b"+ Z28gb24=\r\n"
        self.lie({"AUTH": challenge, hostile.PLAIN.upper(): challenge, "": challenge,
                  "*": challenge}, codes=(69, 75, 76, 77), nothing=True,
                 server={"capabilities": ("SASL PLAIN", "UIDL")})
        self.assertLess(len(self.server.heard), 40)

    def test_a_session_of_refusals_ends(self):
        self.post(corpus.numbered(300))
        result = self.attack("err:RETR", codes=(75,), nothing=True)
        self.assertLess(len(result.stderr), 1000)
        self.cure()


class Bursts(hostile.HostileCase):
    def test_all_answers_at_once_before_any_question(self):
        """A script of a whole session in one segment: nothing of it may be believed."""
        mail = scripted.stuffed(b"Subject: forged\n\nforged\n")
        session = (b"+OK\r\n" + scripted.lines(b"USER", b"UIDL", b"PIPELINING") + b"+OK\r\n+OK\r\n"
                   + scripted.lines(b"1 x") + b"+OK\r\n" + mail + b"+OK\r\n+OK\r\n")
        self.lie({"GREETING": lambda s, _: session}, codes=(75, 76), nothing=True)
        self.cure()

    def test_a_close_in_the_middle_of_each_line(self):
        def cut(session, _):
            session.send(b"+OK\r\n1 uid-0001\r\n2 ui")
            raise scripted.Close
        self.lie({"UIDL": cut}, codes=(75,), nothing=True)
        self.cure()

    def test_a_reset_in_the_middle_of_a_status_line(self):
        def cut(session, _):
            session.send(b"+O")
            raise scripted.Reset
        self.lie({"RETR": cut}, codes=(75,), nothing=True)
        self.cure()

    def test_the_answer_to_uidl_ends_without_its_dot(self):
        """What was listed by then is no whole listing."""
        def cut(session, _):
            session.send(b"+OK\r\n1 uid-0001\r\n2 uid-0002\r\n")
            raise scripted.Close
        self.lie({"UIDL": cut}, codes=(75,), nothing=True)
        self.cure()


if __name__ == "__main__":
    unittest.main()
