# SPDX-License-Identifier: GPL-3.0-or-later
"""UIDs that do not say which mail it is: shared by several, given anew, or from another server."""

import os
import unittest

import corpus
import popd_case


class Uids(popd_case.PopdCase):
    def test_of_two_mails_with_one_uid_none_is_deleted_before_it_came(self):
        mails = [corpus.mail("number %d" % n, b"x\n" * n) for n in (1, 2, 3)]
        self.serve("--uid-same", "1,2", mails=mails)
        self.configure(keep=False, max_messages=1)
        for n in (1, 2, 3):
            self.ambil()
            self.assert_maildir(mails[:n])
            self.assert_left(mails[n:])

    def test_a_twin_that_is_too_large_stays(self):
        small, big = corpus.mail("small", b"x\n"), corpus.mail("big", b"y\n" * 4000)
        self.serve("--uid-same", "1,2", mails=[small, big])
        self.configure(keep=False, max_size="2k")
        self.ambil()
        self.ambil()
        self.assert_maildir([small])
        self.assert_left([big])
        self.configure(keep=False)
        self.ambil()
        self.assert_maildir([small, big])
        self.assert_left([])

    def test_a_uid_given_to_another_mail_brings_that_mail(self):
        first, second = corpus.mail("first", b"x\n"), corpus.mail("second", b"y\n" * 20)
        for keep in (True, False):
            with self.subTest(keep=keep):
                self.setUp()
                self.serve(mails=[first])
                self.configure(keep=keep)
                self.ambil()
                if keep:
                    os.unlink(os.path.join(self.server.folder, "000001"))
                    self.ambil()
                self.server.serial = 0
                self.server.delivers([second])      # the name of the file is the UID
                self.ambil()
                self.assert_maildir([first, second])
                self.assert_left([second] if keep else [])

    def test_another_server_with_the_same_uids_brings_its_own_mail(self):
        old = [corpus.mail("old %d" % n, b"x\n" * n) for n in (1, 2)]
        new = [corpus.mail("new %d" % n, b"yy\n" * n * 7) for n in (1, 2)]
        self.serve(mails=old)
        self.configure()
        self.ambil()
        self.serve(mails=new)
        self.configure(host="127.0.0.1", keep=False)
        self.ambil()
        self.assert_maildir(old + new)
        self.assert_left([])

    def test_a_uid_given_to_another_mail_of_the_same_size_brings_that_mail(self):
        """A server that numbers its mail, and a report of constant size each night."""
        first = corpus.mail("backup", b"backup: fine, all went well\n")
        second = corpus.mail("backup", b"backup: FAIL (exit code 1)!\n").replace(
            b"02 Nov", b"03 Nov")
        self.assertEqual(len(first), len(second))
        for keep in (True, False):
            with self.subTest(keep=keep):
                self.setUp()
                self.serve(mails=[first])
                self.configure(keep=False)
                self.ambil()
                self.assert_left([])
                self.server.serial = 0
                self.server.delivers([second])      # the name of the file is the UID
                self.configure(keep=keep)
                self.ambil()
                self.assert_maildir([first, second])
                self.assert_left([second] if keep else [])

    def test_another_port_may_be_another_server(self):
        """Two tunnels on one machine: same host name, same UIDs, same sizes, other mail."""
        old = [corpus.mail("old %d" % n, b"x\n" * n) for n in (1, 2)]
        new = [corpus.mail("new %d" % n, b"y\n" * n) for n in (1, 2)]
        self.serve(mails=old)
        self.configure()
        self.ambil()
        self.serve(mails=new)
        self.configure(keep=False)
        self.ambil()
        self.assert_maildir(old + new)
        self.assert_left([])

    def test_the_same_mailbox_under_another_host_name_brings_nothing_twice(self):
        mails = corpus.numbered(5)
        self.serve(mails=mails)
        self.configure()
        self.ambil()
        self.configure(host="127.0.0.1", keep=False)
        self.ambil()
        self.assert_maildir(mails)
        self.assert_left([])


if __name__ == "__main__":
    unittest.main()
