# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one part of the crash tests, so that the parts can run side by side: a test, named as for unittest."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import run          # noqa: E402
import scene        # noqa: E402

if __name__ == "__main__":
    code = run.main(sys.argv[1:])
    print("together: %s%s" % (scene.totals, "" if scene.STRIDE == 1 else " (every %d. step)" % scene.STRIDE))
    sys.exit(code)
