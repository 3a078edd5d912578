# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Dovecot that gives its mail other UIDs: an index built anew, a move to another server."""

import os
import time
import unittest

import corpus
import dovecot
import dovecot_case
import wire


def setUpModule():
    dovecot_case.start()


class Moves(dovecot_case.DovecotCase):
    def uids(self, server=None):
        """What UIDL says, as lines."""
        server = server or self.server
        with wire.Wire("localhost", server.pop3s, server.ca) as session:
            session.login(self.user, dovecot_case.PASSWORD)
            return session.listing("UIDL")

    def rebuild(self):
        """Throw Dovecot's index away; the new one is of another second, and so has other UIDs."""
        before = self.uids()
        base = self.server.maildir(self.user)
        time.sleep(1.1)
        for name in os.listdir(base):
            if name.startswith("dovecot"):
                os.unlink(os.path.join(base, name))
        after = self.uids()
        self.assertEqual(len(before), len(after))
        self.assertFalse(set(before) & set(after), "the UIDs did not change")

    def messages(self):
        return [octets for name, octets in corpus.tricky().items() if name != "tiny"]

    def test_an_index_built_anew_brings_nothing_again(self):
        want = self.arrive(self.messages())
        self.configure()
        self.ambil()
        self.rebuild()
        self.ambil()
        self.assert_maildir(want)
        self.rebuild()
        want += self.arrive(corpus.numbered(5))
        self.ambil()
        self.ambil()
        self.assert_maildir(want)

    def test_the_age_goes_on_from_the_first_delivery(self):
        mails = corpus.numbered(12)
        want = self.arrive(mails)
        self.configure(keep="14d")
        self.ambil()
        self.rebuild()
        self.ambil(env=self.box.faketime("+13d"))
        self.assert_left(mails, note="after 13 days")
        self.ambil(env=self.box.faketime("+15d"))
        self.assert_left([], note="after 15 days")
        self.assert_maildir(want)

    def test_a_server_that_names_its_mail_otherwise_brings_nothing_again(self):
        mails = self.messages()
        want = self.arrive(mails)
        self.configure()
        self.ambil()
        other = dovecot.Dovecot({self.user: dovecot_case.PASSWORD},
                                "protocol pop3 {\n  pop3_uidl_format = %f\n}")
        self.addCleanup(other.stop)
        other.delivers(self.user, mails + corpus.numbered(3))
        self.assertFalse(set(self.uids()) & set(self.uids(other)))
        self.configure(port=other.pop3s, ca_file=other.ca)
        self.ambil()
        self.ambil()
        self.assert_maildir(want + [corpus.fetched(octets) for octets in corpus.numbered(3)])

    def test_marked_mail_is_asked_about(self):
        self.arrive(corpus.numbered(12))
        self.configure()
        self.assert_code(self.box.run("fetch", "--from-now"), 0)
        self.rebuild()
        result = self.box.run()
        self.assert_code(result, 78)
        self.assert_said(result.stderr, "ambil: home: localhost lists 12 messages under new names, "
                         "and 12 known ones are gone: was the mailbox moved?", "--accept")
        self.assert_nothing_retrieved()
        self.assert_code(self.box.run("fetch", "--from-now"), 0)
        want = self.arrive(corpus.numbered(1, start=13))
        self.ambil()
        self.assert_maildir(want)


if __name__ == "__main__":
    unittest.main()
