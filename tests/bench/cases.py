# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: the table of scenarios, each with one case or more."""

import dataclasses

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
ALL = ("ambil", "mpop", "fetchmail", "getmail", "fdm")


@dataclasses.dataclass
class Case:
    """One table.  A tool of `tools` may be "ambil; jobs = 4": a setting for this case."""
    scenario: str
    title: str
    count: int = 0              # messages for each account
    size: int = 0               # octets of each as transferred; 0 with mail: log-normal
    tls: bool = True
    delay_ms: int = 0
    deliver: str = "maildir"
    keep: bool = False
    accounts: int = 1
    seen: int = 0               # the first so many messages have been seen before
    primed: bool = False        # the account has fetched other mail from this server before
    settled: bool = False       # and has looked since: the very mailbox that is there now
    tools: tuple = ALL

    @property
    def key(self):
        """For a name on the command line or of a folder."""
        return self.scenario + "-" + "".join(c if c.isalnum() else "-" for c in self.title)

    @property
    def log_normal(self):
        return self.size == 0 and self.count > 0

    @property
    def new(self):
        return self.count - self.seen


def scaled(number, scale, least=1):
    return max(least, round(number * scale))


def _links(scale):
    """Not scaled: the round trips are what counts."""
    for delay in (50, 200):
        for primed in (False, True):
            yield Case("S4", "500 x 8 KiB, round trip %d ms, %s run" % (
                delay, "later" if primed else "first"), 500, 8 * KIB, delay_ms=delay,
                primed=primed, tools=ALL if delay == 50 else ("ambil", "mpop"))


def _polls(scale):
    for number, tools in ((1_000, ALL), (100_000, ("ambil", "mpop", "getmail", "fdm")),
                          (1_000_000, ("ambil", "mpop"))):
        count = scaled(number, scale)
        yield Case("S5", "idle poll, %d seen" % count, count, KIB, keep=True, seen=count,
                   tools=tools)
    # mpop takes no more than a million.
    count = scaled(1_000_000, scale)
    yield Case("S5", "10 new, %d seen" % (count - 10), count, KIB, keep=True, seen=count - 10,
               tools=("ambil", "mpop"))


def cases(scale, settings):
    """All cases.  `settings` are those that ambil knows."""
    two = ("ambil; pipe-jobs = 2",) if "pipe-jobs" in settings else ()
    n = scaled(10_000, scale)
    yield Case("S1", "%d x 4 KiB" % n, n, 4 * KIB)
    size = scaled(50 * MIB, scale)
    for tls in (True, False):
        yield Case("S2", "20 x %.0f MiB, %s" % (size / MIB, "TLS" if tls else "clear"), 20, size,
                   tls=tls)
    octets = scaled(500 * MIB, scale)
    for deliver in ("maildir", "mbox"):
        yield Case("S3", "%.0f MiB of log-normal sizes, %s" % (octets / MIB, deliver), octets,
                   keep=True, deliver=deliver)
    yield from _links(scale)
    yield from _polls(scale)
    size = scaled(GIB, scale)
    yield Case("S6", "one message of %.0f MiB" % (size / MIB), 1, size)
    yield Case("S6", "one message of 1 KiB", 1, KIB)
    n = scaled(1_000, scale)
    yield Case("S7", "%d x 4 KiB to procmail" % n, n, 4 * KIB, deliver="procmail",
               tools=("ambil",) + two + ALL[1:])
    for tls in (True, False):
        yield Case("S8", "empty mailbox, %s, later run" % ("TLS" if tls else "clear"), tls=tls, keep=True,
                   primed=True, settled=True)
    yield Case("S9", "50 accounts x 20 x 4 KiB, round trip 50 ms", 20, 4 * KIB, delay_ms=50,
               accounts=50, tools=("ambil; jobs = 50", "ambil") + ALL[1:])
