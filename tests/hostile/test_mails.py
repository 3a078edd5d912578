# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail that is cut, endless, stretched, forged, or ends where it should not."""

import os
import unittest

import corpus
import harness
import hostile
import mailstore
import scripted

LARGE = [corpus.mail("number %d" % n, b"%06d\n" % n * 3000) for n in range(6)]
MIB = 1024 * 1024


@hostile.each({
    "%s after %s octets, %s%s" % (end, octets, "pipelined" if auto else "in step",
                                  ", over TLS" if tls == "implicit" else ""):
    dict(fault="cut:retr=3:octets=%d%s" % (octets, ":reset" if end == "a reset" else ""),
         tls=tls, pipeline="auto" if auto else "never")
    for end in ("a close", "a reset") for octets in (0, 1, 9000) for auto in (True, False)
    for tls in ("none", "implicit") if not (tls == "implicit" and octets == 1)
})
class Cut(hostile.HostileCase):
    """The third mail ends early in every session: it is never delivered, and the others are."""

    def check(self, fault, **more):
        self.post(LARGE)
        self.attack(fault, **more)
        self.assertNotIn(LARGE[2], self.delivered())
        self.cure()


class Truncated(hostile.HostileCase):
    """TLS that just stops in the middle of a mail: an attacker who cuts the line."""

    def test_without_close_notify(self):
        self.post(LARGE)
        self.attack("cut:retr=3:octets=9000", "no-close-notify", tls="implicit")
        self.cure()

    def test_without_close_notify_after_stls(self):
        self.post(LARGE)
        self.attack("cut:retr=1:octets=9000", "no-close-notify", tls="starttls")
        self.cure()

    def test_without_close_notify_in_a_listing(self):
        self.attack("close:after=UIDL", "no-close-notify", tls="implicit")
        self.cure()


def endless(piece, octets_a_second=None):
    """A RETR of the third mail that never ends; the others are honest."""
    def answer(session, argument):
        if session.octets(argument) != corpus.numbered(6)[2]:
            yield session.answer("RETR", argument)
            return
        yield b"+OK\r\nSubject: endless\r\n\r\n"
        while True:
            yield piece
            if octets_a_second:
                scripted.pause(len(piece) / octets_a_second)
    return {"RETR": answer}


class Endless(hostile.HostileCase):
    """A mail of 300 octets by LIST that never ends.  Its octets come at a bounded rate here."""

    PIECE = b"0123456789abcde\r\n" * 10000
    RATE = 8 * MIB

    def on_disk(self):
        total = 0
        for folder, _, names in os.walk(self.box.home):
            total += sum(os.path.getsize(os.path.join(folder, name)) for name in names)
        return total

    def test_max_size_ends_it(self):
        """What is larger than max-size as it comes is given up, whatever LIST said."""
        self.lie(endless(self.PIECE, self.RATE), codes=(75, 76), max_size="1M", limit=8)
        self.assertLess(self.on_disk(), 4 * MIB)
        self.cure()

    def test_a_deadline_ends_it(self):
        self.lie(endless(self.PIECE, self.RATE), codes=(75,), deadline="3s", limit=8)
        self.assertLess(self.on_disk(), 4 * MIB)
        self.cure()

    def test_a_signal_ends_it_and_nothing_is_left_on_disk(self):
        self.script(endless(self.PIECE, self.RATE))
        self.configure()
        process = self.box.start()
        harness.wait_until(lambda: any(word.startswith(b"RETR") for word in self.server.heard))
        scripted.pause(0.5)
        process.terminate()
        _, err = process.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual(process.returncode, 143, err)
        self.assertLess(self.on_disk(), 4 * MIB)
        self.assert_nothing_lost()
        self.cured_by = self.server.behave
        self.cure()

    def test_a_line_without_end_takes_no_memory(self):
        """Until somebody ends it: here the server does, after 100 MiB of one line."""
        def answer(session, argument):
            if session.octets(argument) != self.mails[2]:
                yield session.answer("RETR", argument)
                return
            yield b"+OK\r\nSubject: one line\r\n\r\n"
            for _ in range(100):
                yield b"x" * MIB
            raise scripted.Close
        self.lie({"RETR": answer}, codes=(75,), limit=20)
        self.assertLess(self.on_disk(), 4 * MIB)
        self.cure()

    def test_dots_without_end_take_no_memory(self):
        def answer(session, argument):
            if session.octets(argument) != self.mails[2]:
                yield session.answer("RETR", argument)
                return
            yield b"+OK\r\n"
            for _ in range(30):
                yield b"..\r\n.\n.\r\r" * (MIB // 10)
            raise scripted.Close
        self.lie({"RETR": answer}, codes=(75,), limit=20)
        self.cure()

    def test_a_file_size_limit_ends_it(self):
        """The kernel refuses more octets, as on a full disk."""
        self.script(endless(self.PIECE, 50 * MIB))
        self.configure()
        result = self.go(wrap=("/bin/sh", "-c", 'ulimit -f 20000; exec "$@"', "sh"))
        self.assert_tidy(result, (73, 74))
        self.assert_nothing_lost()
        self.assertLess(self.on_disk(), 4 * MIB)
        self.cured_by = self.server.behave
        self.cure()


def early(rest, mail=corpus.numbered(6)[1]):
    """This mail ends with a dot that was not stuffed; `rest` stands behind it."""
    def answer(session, argument):
        if session.octets(argument) != mail:
            return session.answer("RETR", argument)
        return b"+OK\r\nSubject: torn\r\n\r\nfirst part\r\n.\r\n" + rest + b".\r\n"
    return {"RETR": answer}


FAKE = b"+OK\r\nSubject: forged\r\n\r\nforged\r\n.\r\n"


def forged(times):
    """What somebody writes into a mail who knows how clients ask: proofs and replies."""
    return b"".join(b"+OK %d uid-%04d\r\n" % (n, n) + FAKE for n in range(3, 3 + times)) + (
        b"+OK 9 x\r\n+OK\r\nSubject: eats the rest\r\n\r\n")


TEXTS = {
    "ordinary text": b"and so on\r\nto the end\r\n",
    "an empty line": b"\r\n\r\n",
    "a line that begins with +OK": b"+OK is what I say\r\nand more\r\n",
    "a line that begins with -ERR": b"-ERR is what I say\r\nand more\r\n",
    "+OK lines only": b"+OK\r\n" * 50,
    "-ERR lines only": b"-ERR\r\n" * 50,
    "dots only": b".\r\n" * 20,
    "a whole forged reply": FAKE,
    "three whole forged replies": FAKE * 3,
    "a hundred forged replies": FAKE * 100,
    "NUL": b"\0\0\0\r\n",
    "a line of 200000 octets": b"x" * 200000 + b"\r\n",
}


def torn():
    rows = {}
    for claim, rest in TEXTS.items():
        for pipeline in ("auto", "never"):
            for known in (False, True):
                if known and pipeline == "never":
                    continue
                name = "then %s, %s%s" % (claim, "in step" if pipeline == "never" else "pipelined",
                                          " to a server that is trusted" if known else "")
                rows[name] = dict(rest=rest, pipeline=pipeline, known=known)
    return rows


@hostile.each(torn())
class EarlyEnd(hostile.HostileCase):
    """A lone dot inside a mail that the server does not stuff ends the reply early.

    The rest of that mail stands where replies should.  Nothing of the mail is delivered, nothing
    that was not delivered is deleted, and the other mails are not held up for good.
    """

    def check(self, rest, pipeline, known):
        self.keys = {"pipeline": pipeline}
        if known:                               # the server has proved its pipelining before
            self.mails = corpus.numbered(2, start=100)
            self.script({}, mails=[(b"old-%d" % n, m) for n, m in enumerate(self.mails)])
            self.configure()
            self.assert_tidy(self.go(), (0,))
            before = self.delivered()
            self.server.mails = [(b"uid-%04d" % n, octets)
                                 for n, octets in enumerate(corpus.numbered(6), 1)]
            self.server.overrides = early(rest)
            self.mails = before + corpus.numbered(6)
        else:
            self.script(early(rest))
        self.cured_by = self.server.behave
        self.configure()
        result = self.go()
        self.assert_nothing_lost_of(known)
        self.assert_tidy(result, (75, 76))
        self.configure()
        self.assert_tidy(self.go(), (75, 76))
        self.assert_nothing_lost_of(known)
        have = self.delivered()
        for n, octets in enumerate(corpus.numbered(6), 1):
            if n != 2:
                self.assertTrue(octets in have, "message %d is held up" % n)
        self.cure()

    def assert_nothing_lost_of(self, known):
        if known:
            # What went in the first, honest run is neither lost nor the server's any more.
            self.assertEqual([m for m in self.mails[:2] if m not in self.delivered()], [])
        self.assert_nothing_lost()


def listed(change):
    """LIST with other sizes: change gets the number and the octets that will come."""
    def answer(session, argument):
        sizes = [change(n, len(scripted.stuffed(octets)) - 3)
                 for n, (_, octets) in enumerate(session.mails, 1)]
        if argument:
            return b"+OK %s %d\r\n" % (argument.encode(), sizes[int(argument) - 1])
        return scripted.lines(*(b"%d %d" % row for row in enumerate(sizes, 1)))
    return {"LIST": answer}


@hostile.each({
    "%s, %s%s" % (claim, "pipelined" if auto else "in step", ", twice with --all" if twice else ""):
    dict(change=change, pipeline="auto" if auto else "never", twice=twice)
    for claim, change in {
        "exact": lambda n, size: size,
        "too large by some octets": lambda n, size: size + 17,
        "too small by some octets": lambda n, size: size - 5,
        "estimated": lambda n, size: size + (n % 3 - 1) * 40,
        "rounded up to KiB": lambda n, size: (size + 1023) // 1024 * 1024,
        "one wrong among right ones": lambda n, size: size + 9 * (n == 4),
        "one too small among right ones": lambda n, size: size - 9 * (n == 4),
        "all the same": lambda n, size: 1000,
        "all zero": lambda n, size: 0,
    }.items() for auto in (True, False) for twice in (True, False)
})
class HonestButInexact(hostile.HostileCase):
    """Sizes that are wrong cost a question or a session, and never a mail."""

    def check(self, change, pipeline, twice):
        self.script(listed(change))
        self.keys = {"keep": True, "pipeline": pipeline}
        self.configure()
        for args in [("fetch", "--all")] * 2 if twice else [(), ()]:
            self.assert_tidy(self.go(*args), (0,))
        have = self.delivered()
        for octets in self.mails:
            self.assertEqual(have.count(octets), 2 if twice else 1)
        self.assertEqual(len(have), len(self.mails) * (2 if twice else 1))
        # And they can be deleted.
        self.keys = {"keep": False}
        self.configure()
        self.assert_tidy(self.go(), (0,))
        self.assertEqual(self.server.mailbox(), [])
        self.assertEqual(len(self.delivered()), len(have))


STEPWISE = ("TOP", "USER", "UIDL")


class TooLarge(hostile.HostileCase):
    """LIST says more than comes, and something else is odd besides: each mail comes all the same."""

    LIST = staticmethod(listed(lambda n, size: size + 50)["LIST"])

    def comes_in(self, runs, overrides, **more):
        """Everything is here, once, after so many runs against this server."""
        keys = more.pop("keys", {})
        self.script({"LIST": self.LIST, **overrides}, **more)
        self.keys = keys
        self.configure()
        for _ in range(runs):
            self.assert_tidy(self.go(limit=30), (0, 75))
            self.assert_nothing_lost()
        mailstore.assert_same(self, self.delivered(), self.mails)
        self.cured_by = self.server.behave
        self.cure()

    def test_a_second_login_that_is_refused_so_soon(self):
        logins = []

        def password(session, argument):
            logins.append(argument)
            return b"-ERR [LOGIN-DELAY] too soon\r\n" if len(logins) == 2 else b"+OK\r\n"
        self.script({"LIST": self.LIST, "PASS": password}, capabilities=STEPWISE)
        self.configure()
        self.assert_tidy(self.go(), (75,))
        # How long it wants is a guess, which is longer.
        self.assert_tidy(self.go(env=self.box.faketime("+2m")), (0,))
        self.assert_once()

    def test_a_server_that_closes_at_quit(self):
        def quit_(session, argument):
            session.commit()
            raise scripted.Close
        self.comes_in(1, {"QUIT": quit_})

    def test_a_server_that_never_answers_quit(self):
        def quit_(session, argument):
            session.commit()
            scripted.pause(60)
            raise scripted.Close
        self.comes_in(1, {"QUIT": quit_})

    def test_a_mail_that_begins_like_a_reply(self):
        for capabilities in (scripted.CAPABILITIES, STEPWISE):
            with self.subTest(capabilities=capabilities):
                self.setUp()
                self.mails = [b"+OK then, this has no header\n\nbody\n"] + corpus.numbered(4)
                self.comes_in(1, {}, capabilities=capabilities)

    def test_commands_that_are_lost_from_a_burst(self):
        self.mails = corpus.numbered(30)
        count = [0]

        def lossy(verb):
            def answer(session, argument):
                count[0] += 1
                if argument and session.waiting(0) and count[0] % 5 == 0:
                    return b""
                return session.answer(verb, argument)
            return answer
        self.comes_in(2, {"RETR": lossy("RETR"), "UIDL": lossy("UIDL")})

    def test_quit_hides_what_was_sent_and_the_command_wants_no_mail(self):
        """EXPIRE 0: nothing may be fetched alone there, with QUIT before it is delivered."""
        def quit_(session, argument):
            retrieved = [session.mails[int(one) - 1] for one in session.retrieved]
            session.server.mails = [one for one in session.server.mails if one not in retrieved]
            return b"+OK\r\n"

        def retrieve(session, argument):
            session.retrieved = getattr(session, "retrieved", []) + [argument]
            return session.answer("RETR", argument)
        later = self.box.write("later", "#!/bin/sh\nexit 75\n", mode=0o700)
        self.script({"LIST": self.LIST, "RETR": retrieve, "QUIT": quit_},
                    capabilities=scripted.CAPABILITIES + ("EXPIRE 0",))
        self.keys = {"deliver": "pipe:" + later, "keep": True}
        self.configure()
        self.go()
        self.assertEqual(self.server.mailbox(), self.mails)


class Victim(hostile.HostileCase):
    def test_a_mail_made_to_fit_the_size_of_another(self):
        """The server counts its own line ends and stuffs no dot; the author knows the next mail's size."""
        victim = corpus.mail("your invoice", b"pay 10 EUR\n" * 20)
        forged = b"Subject: forged\nMessage-ID: <f@b>\n\n"
        forged += b"e" * (len(victim) - len(forged) - 5) + b"\n"
        rest = b"+OK\n" + forged
        # With CRLF as many octets as the whole has with LF.
        head = b"Subject: x\nMessage-ID: <a@b>\n\n" + b"x\n" * (len(rest) - 1)
        evil = head + b".\n" + rest

        def answer(session, argument):
            if session.octets(argument) != evil:
                scripted.pause(0.1)
                yield session.answer("RETR", argument)
                return
            yield b"+OK\r\n" + (head + b".\n").replace(b"\n", b"\r\n")
            scripted.pause(0.3)
            yield rest.replace(b"\n", b"\r\n") + b".\r\n"
        for capabilities in (scripted.CAPABILITIES, STEPWISE):
            with self.subTest(capabilities=capabilities):
                self.setUp()
                self.mails = [evil, victim]
                self.lie({"RETR": answer}, codes=(75, 76), server={"capabilities": capabilities})
                self.assertEqual(self.delivered(), [victim])
                self.assertEqual(self.server.mailbox(), [evil])


class Forged(hostile.HostileCase):
    """The writer of a mail, not the server, is the enemy: his mail holds replies that would fit."""

    def attack_with(self, mails, **keys):
        self.lie(early(forged(3)), codes=(75, 76), server={"mails": mails}, **keys)
        self.cure()

    def test_proofs_with_uids_that_can_be_guessed(self):
        self.attack_with([(b"uid-%04d" % n, octets) for n, octets in enumerate(self.mails, 1)])

    def test_proofs_with_uids_that_cannot_be_guessed(self):
        self.attack_with([(b"%x" % (n * 0x9e3779b97f4a7c15), octets)
                          for n, octets in enumerate(self.mails, 1)])

    def test_proofs_that_cannot_be_guessed_in_step(self):
        self.attack_with([(b"%x" % (n * 0x9e3779b97f4a7c15), octets)
                          for n, octets in enumerate(self.mails, 1)], pipeline="never")


@hostile.each({
    "the first mail, pipelined": dict(numbers=[1], pipeline="auto"),
    "the first mail, in step": dict(numbers=[1], pipeline="never"),
    "the last mail, pipelined": dict(numbers=[6], pipeline="auto"),
    "the last mail, in step": dict(numbers=[6], pipeline="never"),
    "three mails of six": dict(numbers=[1, 3, 6], pipeline="auto"),
    "all mails": dict(numbers=[1, 2, 3, 4, 5, 6], pipeline="auto"),
})
class FirstDot(hostile.HostileCase):
    """Dovecot 2.3, Courier and Twisted do not stuff a dot that begins the first line."""

    def check(self, numbers, pipeline):
        mails = corpus.numbered(6)
        for n in numbers:
            mails[n - 1] = b".\nrest of %d\n" % n + mails[n - 1]
        self.post(mails)
        self.attack("unstuffed-first-dot", codes=(75, 76), pipeline=pipeline)
        # Each session gives up one of them; after as many runs all the others are here.
        for _ in range(2):
            self.assert_tidy(self.go(), (75, 76))
            self.assert_nothing_lost()
        have = self.delivered()
        for n, octets in enumerate(mails, 1):
            if n not in numbers:
                self.assertTrue(octets in have, "message %d is held up" % n)
        self.cure()


class Replaced(hostile.HostileCase):
    def test_retr_gives_nothing_at_all(self):
        """+OK and the lone dot: a mail of no octets, as some servers send what they have lost."""
        self.script({"RETR": lambda s, a: b"+OK\r\n.\r\n"})
        self.configure()
        result = self.go()
        self.assert_tidy(result, (0, 75, 76))
        self.assertTrue(all(m in self.server.mailbox() for m in self.mails) or
                        len(self.delivered()) >= 6)

    def test_retr_of_one_is_answered_with_another(self):
        """Mail 2 and 3 are exchanged: both are here once in the end, whatever their UIDs."""
        swap = {"2": "3", "3": "2"}
        self.lie({"RETR": lambda s, a: s.answer("RETR", swap.get(a, a))}, codes=(0,))
        self.cure()

    def test_words_behind_retrs_ok_are_not_believed(self):
        def answer(session, argument):
            return b"+OK 0 octets" + session.answer("RETR", argument)[3:]
        self.lie({"RETR": answer}, codes=(0,))
        self.cure()

    def test_a_retr_that_is_refused_after_it_was_announced(self):
        """+OK, half a mail, then -ERR and a dot as part of the text: only the dot counts."""
        self.lie({"RETR": lambda s, a: s.answer("RETR", a) if a != "2" else
                  b"-ERR [SYS/TEMP] \x1b[31mcannot read it\r\n"}, codes=(75,))
        self.assertNotIn("\x1b", self.first.stderr)
        self.cure()

    def test_mail_full_of_control_octets_reaches_no_terminal(self):
        self.post([b"Subject: \x1b]0;evil\x07\nFrom: \x1b[2J\n\n\x1bc\n"] + self.mails)
        self.serve()
        self.configure()
        for args in (["-v"], ["-d"]):
            result = self.go(*args)
            self.assertEqual(result.code, 0)
            self.assertIsNone(hostile.CONTROL.search(result.stderr.replace("\n", "")))
        self.assert_once()

    def test_a_mail_that_kills_its_session_every_time_holds_up_no_other(self):
        self.post(corpus.numbered(8))
        self.attack("close:at=RETR:1", codes=(75,))
        self.cure()


class Many(hostile.HostileCase):
    def test_a_hundred_mails_of_which_each_second_is_torn(self):
        """Each session gives up one: runs are bounded, and each gets further."""
        self.post(corpus.numbered(20))
        torn_ones = set(range(2, 21, 2))

        def answer(session, argument):
            if int(argument) not in torn_ones:
                return session.answer("RETR", argument)
            return b"+OK\r\nSubject: torn\r\n\r\n.\r\nrest\r\n.\r\n"
        self.lie({"RETR": answer}, codes=(75, 76), keep=True)
        self.assertLess(self.server.connections, 12)
        for _ in range(12):
            before = len(self.delivered())
            self.assert_tidy(self.go(), (75, 76))
            self.assert_nothing_lost()
            if len(self.delivered()) == before:
                break
        self.assertEqual(len(self.delivered()), 10)
        self.cure()


if __name__ == "__main__":
    unittest.main()
