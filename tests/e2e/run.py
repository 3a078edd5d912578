# SPDX-License-Identifier: GPL-3.0-or-later
"""Run test modules and tell meson the outcome: 0 fine, 1 failed, 77 everything was skipped.

    python3 run.py test_dovecot [test_errors …]

A single test is named as for unittest: test_dovecot.Fetching.test_delete
"""

import sys
import unittest

ALL_SKIPPED = 77


def main(names):
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    outcome = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    if not outcome.wasSuccessful():
        return 1
    # Where a whole module is skipped no test counts as run, and one skip stands for all of it.
    if outcome.skipped and len(outcome.skipped) >= outcome.testsRun:
        return ALL_SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
