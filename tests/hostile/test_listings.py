# SPDX-License-Identifier: GPL-3.0-or-later
"""UIDL and LIST that are wrong in count, number, size or UID, and listings out of all measure."""

import itertools
import unittest

import corpus
import harness
import hostile
import scripted

MIB = 1024


def uidl(*rows):
    """UIDL answered with these rows; for one message, the row that begins with its number."""
    def answer(session, argument):
        if not argument:
            return scripted.lines(*rows)
        for row in rows:
            if row.split(b" ")[0] == argument.encode():
                return b"+OK " + row + b"\r\n"
        return b"-ERR no such message\r\n"
    return answer


def rows(session):
    return [b"%d %s" % (n, uid) for n, (uid, _) in enumerate(session.mails, 1)]


def changed(change):
    """The honest rows, passed through a function."""
    return lambda session, argument: uidl(*change(rows(session)))(session, argument)


UNREADABLE = {
    "the number 0": b"0 uid-0000",
    "a negative number": b"-1 uid-0000",
    "a number with a sign": b"+7 uid-0000",
    "a number in hexadecimal": b"0x7 uid-0000",
    "a number behind which letters stand": b"7th uid-0000",
    "a number past 2^32": b"4294967297 uid-0000",
    "a number past 2^63": b"9223372036854775809 uid-0000",
    "a number past 2^64": b"18446744073709551617 uid-0000",
    "a number of 4000 digits": b"7" * 4000 + b" uid-0000",
    "a number that would need 16 GiB": b"4294967295 uid-0000",
    "no number": b"uid-0000",
    "an empty line": b"",
    "NUL in front": b"\0007 uid-0000",
    "a line of 100000 octets": b"7 " + b"u" * 100000,
    "the number of another message": b"3 uid-0003-again",
    "words and escapes": b"\x1b[2J\x1b]0;x\x07 not a listing \x9b\xff",
}


@hostile.each({"UIDL with " + claim: {"row": row} for claim, row in UNREADABLE.items()})
class Unreadable(hostile.HostileCase):
    """One line that cannot be read: nothing is guessed, nothing fetched, nothing deleted."""

    def check(self, row):
        self.lie({"UIDL": changed(lambda all_rows: all_rows[:3] + [row] + all_rows[3:])},
                 codes=(76,), nothing=True)
        self.assertNotIn(b"DELE", b" ".join(self.server.heard))
        self.cure()


SIZES = {
    "a negative size": b"-1", "a size past 2^63": b"9223372036854775808",
    "a size past 2^64": b"18446744073709551616", "a size that is a word": b"big",
    "no size": b"", "a size of 4000 digits": b"9" * 4000, "a fraction": b"1.5",
    "an escape sequence": b"\x1b[2J",
}


@hostile.each({"LIST with " + claim: {"size": size} for claim, size in SIZES.items()})
class Sizes(hostile.HostileCase):
    def check(self, size):
        def answer(session, argument):
            return scripted.lines(*(b"%d %s" % (n, size) for n in range(1, 7)))
        self.lie({"LIST": answer}, codes=(0, 76), max_size="1M")
        self.cure()


@hostile.each({
    "sizes whose sum overflows": dict(size=9223372036854775807),
    "sizes of nothing": dict(size=0),
    "sizes of one octet": dict(size=1),
    "sizes of 4 GiB and one": dict(size=(1 << 32) + 1),
})
class LyingSizes(hostile.HostileCase):
    """A size is a hint: what LIST says changes at most which mail is fetched."""

    def check(self, size):
        def answer(session, argument):
            return scripted.lines(*(b"%d %d" % (n, size) for n in range(1, 7)))
        self.lie({"LIST": answer}, codes=(0,), max_size="8000000000000000000")
        self.cure()


ODD_UIDS = {
    "of one octet": [b"%d" % n for n in range(6)],
    "of 70 octets": [b"u" * 69 + b"%d" % n for n in range(6)],
    "of 700 octets": [b"u" * 699 + b"%d" % n for n in range(6)],
    "of 15000 octets": [b"u" * 14999 + b"%d" % n for n in range(6)],
    "with blanks inside": [b"a b  c %d" % n for n in range(6)],
    "that differ only in blanks": [b"a" + b" " * n + b"b" for n in range(6)],
    "with quotes and backslashes": [b"'\"\\';DROP TABLE mails;--%d" % n for n in range(6)],
    "with control characters": [b"\x1b[2J\x07\x08\x7f%d" % n for n in range(6)],
    "with NUL, and the same up to it": [b"same\0%d" % n for n in range(6)],
    "of 8-bit octets that are no UTF-8": [b"\xff\xfe\x80%c" % (n + 0x80) for n in range(6)],
    "with CR inside": [b"a\r%d" % n for n in range(6)],
    "that begin with a dot": [b".%d" % n for n in range(6)],
    "that are dots": [b"." * n for n in range(1, 7)],
    "with format characters": [b"%%s%%n%%%d$x" % n for n in range(6)],
    "that are paths": [b"../../../../tmp/x%d" % n for n in range(6)],
    "that differ in case only": [b"abc", b"ABC", b"Abc", b"aBc", b"abC", b"ABc"],
    "that are numbers which a database would take for equal": [
        b"1", b"01", b"1.0", b"1e0", b"+1", b" 1x"],
    "that all are one": [b"same"] * 6,
    "that are equal in pairs": [b"a", b"b", b"a", b"c", b"b", b"d"],
}


@hostile.each({"UIDs " + claim: {"uids": uids} for claim, uids in ODD_UIDS.items()})
class Uids(hostile.HostileCase):
    """Whatever a UID looks like, each message comes once and is known again."""

    def check(self, uids):
        pairs = list(zip(uids, self.mails))
        self.lie({}, codes=(0,), keep=True, server={"mails": pairs})
        self.assert_once("after the first run")
        self.server.heard.clear()
        self.cure(runs=2)
        self.assertEqual([line for line in self.server.heard if line.startswith(b"RETR")], [])
        traced = self.go("-d")
        self.assertIsNone(hostile.CONTROL.search(traced.stderr.replace("\n", "")),
                          repr(traced.stderr))
        # And they go when they may go.
        self.keys = {"keep": False}
        self.cure()


class Disagreeing(hostile.HostileCase):
    def test_a_message_that_uidl_does_not_name_is_left_alone(self):
        self.lie({"UIDL": changed(lambda all_rows: all_rows[:2] + all_rows[3:])}, codes=(0,))
        self.cure()

    def test_cron_hears_within_a_day_of_a_message_that_uidl_does_not_name(self):
        self.lie({"UIDL": changed(lambda all_rows: all_rows[:5])}, codes=(0,), keep=True)
        self.assertEqual(self.first.stderr, "")
        self.server.heard.clear()
        said = [self.go(env=self.box.faketime(shift)).stderr
                for shift in ("+1h", "+25h", "+26h", "+50h")]
        self.assertEqual(said, ["", "ambil: home: localhost lists 1 message without a UID; "
                                    "it stays there\n", "", ""])
        self.assertEqual(self.server.heard.count(b"LIST"), 2)

    def test_the_look_of_each_day_is_no_duty_of_the_server(self):
        self.lie({"LIST": lambda session, argument: b"-ERR not here\r\n"}, codes=(0,), keep=True)
        self.server.heard.clear()
        self.assert_tidy(self.go(env=self.box.faketime("+25h")), (0,))
        self.assertEqual(self.server.heard.count(b"LIST"), 1)

    def test_a_message_that_uidl_lists_without_a_uid_is_left_alone(self):
        """Nor is it known again: who has none cannot be told from new mail."""
        for row in (b"3", b"3   "):
            with self.subTest(row=row):
                self.setUp()
                self.lie({"UIDL": changed(lambda rows: rows[:2] + [row] + rows[3:])}, codes=(0,))
                self.assertEqual(len(self.delivered()), 5)
                self.cure()

    def test_messages_that_uidl_names_and_nobody_has(self):
        more = [b"%d ghost-%d" % (n, n) for n in range(7, 12)]
        self.lie({"UIDL": changed(lambda all_rows: all_rows + more)}, codes=(75,))
        self.cure()

    def test_more_messages_in_list_than_in_uidl(self):
        def answer(session, argument):
            return scripted.lines(*(b"%d 100" % n for n in range(1, 12)))
        self.lie({"LIST": answer}, codes=(0, 75), max_size="1M")
        self.cure()

    def test_fewer_messages_in_list_than_in_uidl(self):
        def answer(session, argument):
            return scripted.lines(b"1 100", b"5 100")
        self.lie({"LIST": answer}, codes=(0,), max_size="1M")
        self.cure()

    def test_an_empty_list_beside_a_full_uidl(self):
        self.lie({"LIST": lambda s, a: scripted.lines()}, codes=(0,), max_size="1M")
        self.cure()

    def test_the_same_size_twice_in_list(self):
        def answer(session, argument):
            return scripted.lines(*[b"%d 100" % n for n in range(1, 7)] * 2)
        self.lie({"LIST": answer}, codes=(0, 76), max_size="1M")
        self.cure()

    def test_stat_and_the_words_behind_ok_are_not_believed(self):
        def answer(session, argument):
            return b"+OK 0 messages, go away\r\n" + uidl(*rows(session))(session, "")[5:]
        self.lie({"UIDL": lambda s, a: answer(s, a) if not a else s.answer("UIDL", a)},
                 codes=(0,))
        self.cure()

    def test_an_empty_listing_while_mail_is_known_forgets_nothing(self):
        self.lie({}, codes=(0,), keep=True)
        self.server.overrides = {"UIDL": lambda s, a: scripted.lines()}
        for _ in range(2):
            self.assert_tidy(self.go(), (0,))
        self.cure()

    def test_uids_that_change_places_between_uidl_and_its_proof(self):
        """UIDL n gives another UID than UIDL gave: this is no server to pipeline with."""
        def answer(session, argument):
            if not argument:
                return session.answer("UIDL", "")
            return b"+OK %s uid-%04d\r\n" % (argument.encode(), int(argument) % 6 + 1)
        self.lie({"UIDL": answer}, codes=(0, 75, 76))
        self.cure()

    def test_a_message_that_vanishes_between_uidl_and_retr(self):
        self.lie({"RETR": lambda s, a: b"-ERR gone\r\n" if a == "2" else s.answer("RETR", a)},
                 codes=(75,))
        self.cure()

    def test_numbers_in_wild_order(self):
        self.lie({"UIDL": changed(lambda all_rows: all_rows[::-1])}, codes=(0,))
        self.cure()

    def test_blanks_and_tabs_around_the_columns(self):
        self.lie({"UIDL": changed(lambda all_rows: [b"  " + row.replace(b" ", b"   ") + b"  "
                                                    for row in all_rows])}, codes=(0, 76))
        self.cure()


def listing(count, uid=b"uid-%07d", first=1, chunk=20000):
    """A listing of so many rows, in pieces; without an end if count is None."""
    yield b"+OK\r\n"
    numbers = range(first, first + count) if count else itertools.count(first)
    numbers = iter(numbers)
    while piece := list(itertools.islice(numbers, chunk)):
        yield b"".join(b"%d " % n + (uid % n if b"%" in uid else uid) + b"\r\n" for n in piece)
    yield b".\r\n"


def big(count, uid=b"uid-%07d"):
    return {"UIDL": lambda s, a: listing(count, uid) if not a
            else b"+OK %s %s\r\n" % (a.encode(), uid % int(a) if b"%" in uid else uid),
            "RETR": lambda s, a: b"+OK\r\n" + scripted.stuffed(s.mails[int(a) - 1][1])
            if int(a) <= len(s.mails) else b"-ERR\r\n"}


class Vast(hostile.HostileCase):
    """Memory may grow by some tens of octets for each message that exists, and no further."""

    def configure(self, **more):
        """A server in Python that makes a million lines, beside others, is silent for a while."""
        super().configure(timeout="60s", **more)

    def check_first(self, count):
        self.keys = {"max_messages": 5}
        self.configure()
        result = self.go(limit=30, memory=24 * MIB + count * 256 // 1024)
        self.assert_tidy(result, (0, 75, 76))
        return result

    def test_a_listing_of_a_million_entries(self):
        self.script(big(1000000))
        self.check_first(1000000)
        self.assert_nothing_lost()

    def test_a_listing_of_a_million_entries_is_no_burden_for_check(self):
        self.script(big(1000000))
        self.configure()
        result = self.go("check", limit=30, memory=24 * MIB + 1000000 * 256 // 1024)
        self.assertEqual(result.code, 0, str(result))

    def test_many_messages_with_one_uid_take_no_more_time_than_others(self):
        self.script(big(100000, b"the-one-and-only"))
        self.check_first(100000)
        self.assert_in_time(10)

    def endless(self, overrides, **server):
        """Ends by a bound on the number of messages, or on the octets of their UIDs."""
        self.script(overrides, **server)
        self.configure()
        result = self.go(limit=60, memory=256 * MIB)
        self.assert_tidy(result, (76,), "is endless")
        self.assert_nothing_lost()
        self.assertEqual(self.delivered(), [])

    def test_a_uidl_listing_without_end(self):
        self.endless(big(None))

    def test_a_uidl_listing_without_end_of_the_shortest_lines(self):
        self.endless(big(None, b"u"))

    def test_a_uidl_listing_without_end_that_costs_most(self):
        """As many messages as are taken, with as many octets."""
        self.endless(big(None, b"%050d"))

    def test_a_uidl_listing_without_end_of_long_uids(self):
        self.endless({"UIDL": lambda s, a: listing(None, b"%015000d", chunk=100)})

    def test_a_uidl_listing_without_end_that_runs_backwards(self):
        """Each number is far ahead of the lines, and then they come down."""
        self.endless({"UIDL": lambda s, a: itertools.chain(
            [b"+OK\r\n"], (b"".join(b"%d u\r\n" % n for n in range(top, top - 20000, -1))
                           for top in itertools.count(1000000, 20000)))})

    def test_a_list_listing_without_end_and_no_uidl(self):
        self.endless({"UIDL": lambda s, a: b"-ERR\r\n",
                      "LIST": lambda s, a: listing(None, b"1")},
                     capabilities=("USER", "PIPELINING"))

    def test_a_uidl_listing_without_end_that_repeats_one_line(self):
        self.lie({"UIDL": lambda s, a: itertools.chain(
            [b"+OK\r\n"], itertools.repeat(b"1 uid-0001\r\n" * 1000))}, codes=(75, 76),
            nothing=True)
        self.cure()

    def test_a_list_listing_without_end_that_repeats_one_line(self):
        self.lie({"LIST": lambda s, a: itertools.chain(
            [b"+OK\r\n"], itertools.repeat(b"1 100\r\n" * 1000))}, codes=(75, 76),
            nothing=True, max_size="1M", limit=20)
        self.cure()

    def test_a_listing_without_end_that_drips(self):
        """Each line comes in time; a deadline for the run ends it."""
        def drip():
            yield b"+OK\r\n"
            for n in itertools.count(1):
                scripted.pause(0.2)
                yield b"%d uid-%04d\r\n" % (n, n)
        self.lie({"UIDL": lambda s, a: drip()}, codes=(75,), nothing=True, deadline="3s")
        self.cure()

    def test_a_listing_line_without_end(self):
        self.lie({"UIDL": lambda s, a: itertools.chain(
            [b"+OK\r\n1 "], itertools.repeat(b"u" * 65536))}, codes=(76,), nothing=True)
        self.cure()

    def test_a_capability_without_end(self):
        self.lie({"CAPA": lambda s, a: itertools.chain(
            [b"+OK\r\nSASL "], itertools.repeat(b"PLAIN " * 10000))}, codes=(76,), nothing=True)
        self.cure()

    def test_a_listing_that_hints_at_20_million_messages(self):
        """One line with the largest number that is taken: what it costs in memory."""
        self.lie({"UIDL": changed(lambda all_rows: all_rows + [b"19999999 far"])},
                 codes=(75, 76), memory=64 * MIB)
        self.cure()


if __name__ == "__main__":
    unittest.main()
