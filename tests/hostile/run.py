# SPDX-License-Identifier: GPL-3.0-or-later
"""Run test modules with many tests at a time: most of them only wait for a timeout.

    python3 run.py test_states [test_tls …]

A single test is named as for unittest: test_tls.Stls.test_it_is_missing
"""

import concurrent.futures
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

AT_ONCE = int(os.environ.get("HOSTILE_AT_ONCE", "8"))
ALL_SKIPPED = 77


def cases(suite):
    """The single tests of a suite, in order."""
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from cases(part)
        else:
            yield part


def run_one(case):
    result = unittest.TestResult()
    begin = time.monotonic()
    case.run(result)
    return case, result, time.monotonic() - begin


def word(result):
    for name, text in (("errors", "ERROR"), ("failures", "FAIL"),
                       ("unexpectedSuccesses", "unexpected success"),
                       ("expectedFailures", "expected failure"), ("skipped", "skipped")):
        if getattr(result, name):
            return text
    return "ok"


def main(names):
    tests = list(cases(unittest.defaultTestLoader.loadTestsFromNames(names)))
    total = {}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_one, one) for one in tests]):
            case, result, seconds = done.result()
            outcome = word(result)
            total[outcome] = total.get(outcome, 0) + 1
            print("%s ... %s (%.1f s)" % (case, outcome, seconds), flush=True)
            for _, trace in result.errors + result.failures:
                print(trace, flush=True)
            for _, reason in result.skipped:
                print("    " + reason, flush=True)
            if os.environ.get("HOSTILE_SHOW"):
                for _, trace in result.expectedFailures:
                    print(trace, flush=True)
    print("%d tests: %s" % (len(tests), ", ".join("%d %s" % (n, what)
                                                  for what, n in sorted(total.items()))))
    if {"ERROR", "FAIL", "unexpected success"} & set(total):
        return 1
    return ALL_SKIPPED if set(total) == {"skipped"} else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
