# SPDX-License-Identifier: GPL-3.0-or-later
"""PIPELINING announced by servers that cannot, and QUIT, DELE and their lost answers."""

import unittest

import corpus
import hostile
import scripted


@hostile.each({
    "only the first command of a burst is read": dict(fault="pipelining-broken:first"),
    "the second answer of each burst is lost": dict(fault="pipelining-broken:lost=2"),
    "the third answer of each burst is lost": dict(fault="pipelining-broken:lost=3"),
    "the fifth answer of each burst is lost": dict(fault="pipelining-broken:lost=5"),
    "the eighth answer of each burst is lost": dict(fault="pipelining-broken:lost=8"),
})
class Broken(hostile.HostileCase):
    """Noticed, remembered, and done in step; nothing of what came out of step is kept."""

    def check(self, fault, **more):
        self.attack(fault, codes=(0, 75, 76), **more)
        for _ in range(3):
            result = self.go()
            self.assert_nothing_lost()
            if result.code == 0:
                break
        self.assert_tidy(result, (0,))
        self.assert_once()
        self.server.serial = 6
        self.server.delivers(corpus.numbered(3, start=7))
        self.mails = self.mails + corpus.numbered(3, start=7)
        before = self.server.count_sessions()
        self.assert_tidy(self.go(), (0,))
        self.assert_once()
        session = self.server.sessions(before + 1)[-1]
        self.assertEqual(session["max_outstanding"], 1, "it is remembered: %r" % session)
        self.cure()


def per_burst(action):
    """A server that looks whether more commands have come already, and then misbehaves."""
    def wrapped(verb):
        def answer(session, argument):
            waiting = session.waiting()
            return action(session, verb, argument, waiting)
        return answer
    return {verb: wrapped(verb) for verb in ("UIDL", "RETR", "DELE", "NOOP")}


class Bursts(hostile.HostileCase):
    def test_a_server_that_hangs_up_on_any_burst(self):
        def action(session, verb, argument, waiting):
            if waiting:
                raise scripted.Close
            return session.answer(verb, argument)
        self.lie(per_burst(action), codes=(0, 75, 76))
        self.cure(runs=2, codes=(0,))

    def test_a_server_that_resets_on_any_burst(self):
        def action(session, verb, argument, waiting):
            if waiting:
                raise scripted.Reset
            return session.answer(verb, argument)
        self.lie(per_burst(action), codes=(0, 75, 76))
        self.cure(runs=2)

    def test_a_server_that_answers_each_burst_with_err(self):
        def action(session, verb, argument, waiting):
            return b"-ERR one at a time\r\n" if waiting else session.answer(verb, argument)
        self.lie(per_burst(action), codes=(0, 75, 76))
        self.cure(runs=2)

    def test_answers_in_another_order(self):
        """The answers to RETR 2 and RETR 3 come exchanged, status and all."""
        swap = {"2": "3", "3": "2"}
        self.lie({"RETR": lambda s, a: s.answer("RETR", swap.get(a, a)),
                  "UIDL": lambda s, a: s.answer("UIDL", swap.get(a, a))}, codes=(0, 75, 76))
        self.cure(runs=2)

    def test_an_answer_that_comes_twice(self):
        self.lie({"RETR": lambda s, a: s.answer("RETR", a) * (2 if s.octets(a) == self.mails[2]
                                                               else 1)}, codes=(0, 75, 76))
        self.cure(runs=2)

    def test_an_answer_that_is_left_out(self):
        self.lie({"RETR": lambda s, a: b"" if s.octets(a) == self.mails[2]
                  else s.answer("RETR", a)}, codes=(75, 76))
        self.cure(runs=2)

    def test_all_answers_to_dele_are_left_out(self):
        self.lie({"DELE": lambda s, a: b""}, codes=(75, 76))
        self.cure(runs=2)

    def test_each_answer_to_dele_comes_twice(self):
        self.lie({"DELE": lambda s, a: s.answer("DELE", a) * 2}, codes=(0, 75, 76))
        self.cure(runs=2)

    def test_a_server_that_writes_without_reading(self):
        """Neither side may block the other: 200 mails of 100 KiB, no command read meanwhile."""
        self.post([corpus.mail("number %d" % n, b"0123456789abcde\n" * 6000) for n in range(60)])
        self.lie({}, codes=(0,))
        self.cure()


@hostile.each({
    "QUIT is answered, and nothing was deleted": dict(kind="undone", codes=(0,)),
    "QUIT is answered with -ERR, and all was deleted": dict(kind="err-done", codes=(75, 76)),
    "QUIT is answered with -ERR, and nothing was deleted": dict(kind="err", codes=(75, 76)),
    "QUIT is answered with garbage, and all was deleted": dict(kind="junk", codes=(75, 76)),
    "QUIT is answered, and half was deleted": dict(kind="half", codes=(0,)),
    "QUIT is not answered, and all was deleted": dict(kind="silent-done", codes=(75,)),
    "QUIT is answered and then much more comes": dict(kind="chatty", codes=(0, 75, 76)),
    "QUIT is answered and the connection stays open": dict(kind="open", codes=(0,)),
    "half an answer to QUIT": dict(kind="torn", codes=(75,)),
})
class Quits(hostile.HostileCase):
    """What was delivered is not fetched again, whatever became of its deletion."""

    def check(self, kind, codes):
        def quit_answer(session, argument):
            if kind in ("err-done", "junk", "silent-done", "chatty", "open"):
                session.commit()
            if kind == "half":
                session.gone = set(list(session.gone)[::2])
                session.commit()
            if kind in ("undone", "half", "chatty", "open"):
                session.send(b"+OK bye\r\n")
            if kind.startswith("err"):
                session.send(b"-ERR some \x1b[1mmessages not removed\r\n")
            if kind == "junk":
                session.send(b"221 bye\r\n")
            if kind == "torn":
                session.send(b"+O")
            if kind == "chatty":
                for _ in range(300):
                    session.send(b"+OK and another thing\r\n" * 1000)
            if kind in ("silent-done", "open"):
                scripted.pause(100)
            raise scripted.Close
        self.lie({"QUIT": quit_answer}, codes=codes)
        self.assert_in_time(5)
        self.assert_once("after the first run")
        self.cure()

    def test_deles_that_are_said_to_work_and_do_not_for_ten_runs(self):
        def quit_answer(session, argument):
            session.quit = True
            return b"+OK\r\n"
        self.lie({"QUIT": quit_answer}, codes=(0,))
        for _ in range(5):
            self.assert_tidy(self.go(), (0,))
            self.assert_once()
        self.cure()

    def test_every_dele_is_refused_for_five_runs(self):
        self.lie({"DELE": lambda s, a: b"-ERR read-only\r\n"}, codes=(0, 75, 76))
        for _ in range(4):
            self.go()
            self.assert_once()
        self.cure()

    def test_messages_come_back_after_they_were_deleted(self):
        """A server restored from a backup: what was delivered is known still."""
        self.lie({}, codes=(0,))
        self.server.mails = [(b"uid-%04d" % n, m) for n, m in enumerate(self.mails, 1)]
        self.assert_tidy(self.go(), (0,))
        self.assert_once()

    def test_a_new_message_with_the_uid_of_a_deleted_one_comes(self):
        """RFC 1939 forbids it, servers that count do it: lost mail would be worse than doubled."""
        self.lie({}, codes=(0,))
        self.assert_tidy(self.go(), (0,))           # the UID is seen to be gone
        new = corpus.mail("quite another", b"with more text\n" * 50)
        self.server.mails = [(b"uid-0003", new)]
        self.mails = self.mails + [new]
        self.assert_tidy(self.go(), (0,))
        self.assert_nothing_lost()
        self.assert_once()


if __name__ == "__main__":
    unittest.main()
