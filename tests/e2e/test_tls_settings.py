# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS beyond the usual: pins, certificates of the client, tokens, revocation, sessions resumed."""

import unittest

import corpus
import popd_case


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


if __name__ == "__main__":
    unittest.main()
