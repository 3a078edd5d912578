# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one part of the crash tests, so that the parts can run side by side."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import run          # noqa: E402
import test_crash   # noqa: E402

PARTS = {"maildir": "test_maildir", "mbox": "test_mbox", "steps": "test_every_step", "disk": "test_"}


def part_of(name):
    """The part whose prefix fits; what fits no other belongs to the disk."""
    return next(part for part, prefix in PARTS.items() if name.startswith(prefix))


if __name__ == "__main__":
    names = [name for name in dir(test_crash.Crash) if name.startswith("test_")]
    sys.exit(run.main(["test_crash.Crash." + name for name in names if part_of(name) == sys.argv[1]]))
