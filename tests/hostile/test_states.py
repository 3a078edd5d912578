# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that falls silent, ends or is reset at every state of a session."""

import unittest

import hostile

USER_PASS = ("--no-cap", "SASL", "--no-verb", "AUTH")
# Verb, and what brings the client to say it.
STATES = {
    "GREETING": {}, "CAPA": {}, "AUTH": {}, "USER": {"options": USER_PASS},
    "PASS": {"options": USER_PASS}, "UIDL": {}, "LIST": {"max_size": "1M"}, "RETR": {},
    "RETR:4": {}, "DELE": {}, "DELE:3": {}, "NOOP": {}, "QUIT": {}, "STLS": {"tls": "starttls"},
    "TLS": {"tls": "implicit"},
}
STEPWISE = {"UIDL": {}, "RETR:4": {}, "DELE": {}}


def table():
    rows = {}
    for verb, row in STATES.items():
        if verb != "TLS":
            rows["silence in place of the answer to " + verb] = dict(row, fault="silence:at=" + verb)
            rows["a close in place of the answer to " + verb] = dict(row, fault="close:at=" + verb)
            rows["a reset in place of the answer to " + verb] = dict(row, fault="reset:at=" + verb)
            rows["a close behind the answer to " + verb] = dict(row, fault="close:after=" + verb)
        else:
            rows["a silent handshake"] = dict(row, fault="silence:at=TLS")
            rows["a close in the handshake"] = dict(row, fault="tls-close")
    for verb in STEPWISE:
        rows["silence at %s without pipelining" % verb] = dict(
            fault="silence:at=" + verb, pipeline="never")
        rows["a close at %s without pipelining" % verb] = dict(
            fault="close:at=" + verb, pipeline="never")
    return rows


@hostile.each(table())
class Interrupted(hostile.HostileCase):
    """Temporary trouble: the words name it, and the next run puts all right."""

    def check(self, fault, **more):
        # Where it breaks behind the last thing that mattered nothing is wrong, nor where the session
        # is taken up again and does not break a second time.
        good = ("NOOP" in fault or "after=QUIT" in fault or "after=RETR" in fault or
                fault in ("silence:at=RETR:4", "close:at=RETR:4"))
        codes = (0, 75) if good else (75,)
        # Perhaps it does not like to be asked: without CAPA it is another server.
        if fault in ("close:at=CAPA", "reset:at=CAPA"):
            codes = (0,)
        self.attack(fault, codes=codes, **more)
        self.cure()


@hostile.each({"a close at %s of a session that deletes nothing" % verb: {"verb": verb}
               for verb in ("UIDL", "RETR:3", "QUIT")})
class Keeping(hostile.HostileCase):
    def check(self, verb):
        self.attack("close:at=" + verb, codes=(0, 75), keep=True)
        self.cure()


class Slow(hostile.HostileCase):
    def test_answers_that_come_just_in_time_are_waited_for(self):
        self.attack("slow:ms=300", codes=(0,), limit=20)
        self.cure()

    def test_an_answer_that_comes_too_late_is_not_waited_for(self):
        self.attack("wait:UIDL:ms=30000", codes=(75,))
        self.cure()

    def test_dripped_octets_do_not_hold_a_run_past_its_deadline(self):
        self.post([b"Subject: big\n\n" + b"x" * 70 + b"\n"] * 1)
        self.attack("drip:ms=300", codes=(75,), deadline="3s")
        self.cure()

    def test_octets_dripped_one_by_one_make_a_whole(self):
        self.attack("drip:ms=1:octets=1", codes=(0,), limit=30)
        self.cure()


if __name__ == "__main__":
    unittest.main()
