# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what was delivered (Maildir, mboxrd) and comparing it with what should be there."""

import collections
import hashlib
import os
import re

QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


def maildir(path):
    """Every message of a Maildir, from new/ and cur/, as a list of octets in order of name."""
    mails = []
    for part in ("new", "cur"):
        folder = os.path.join(path, part)
        if os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as f:
                    mails.append(f.read())
    return mails


def unfinished(path):
    """Names left in tmp/ of a Maildir."""
    folder = os.path.join(path, "tmp")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def mboxrd(octets):
    """The messages of an mbox in mboxrd quoting, each without From_ line and quoting.

    A message starts at a From_ line at the beginning or behind an empty line, and is
    followed by one empty line which does not belong to it.
    """
    if not octets:
        return []
    if not octets.startswith(b"From "):
        raise ValueError("mbox does not begin with a From_ line: %r" % octets[:60])
    starts = [0] + [m.start() + 2 for m in re.finditer(rb"\n\nFrom ", octets)]
    mails = []
    for start, end in zip(starts, starts[1:] + [len(octets)]):
        body = octets[octets.index(b"\n", start) + 1:end]
        if not body.endswith(b"\n"):
            raise ValueError("a message of the mbox lacks its empty line at %d" % end)
        mails.append(unquote(body[:-1]))
    return mails


def read_mbox(path):
    """The messages of an mbox file; a missing file has none."""
    if not os.path.exists(path):
        return []
    with open(path, "rb") as f:
        return mboxrd(f.read())


def unquote(octets):
    """Take one '>' from each quoted From_ line."""
    return QUOTED_FROM.sub(rb"\1", octets)


def without_received(octets):
    """The message without the Received: field at its top (with its folded lines)."""
    lines = octets.split(b"\n")
    if not lines[0].startswith(b"Received:"):
        raise ValueError("no Received: field on top: %r" % lines[0][:80])
    end = 1
    while end < len(lines) and lines[end][:1] in (b" ", b"\t"):
        end += 1
    return b"\n".join(lines[end:])


def without_from_line(octets):
    """The message without a From_ line at its top, if it has one."""
    if octets.startswith(b"From "):
        return octets[octets.index(b"\n") + 1:]
    return octets


def describe(octets):
    """A short name for a message in a failure text."""
    subject = re.search(rb"^subject: ?(.*)$", octets[:4000], re.MULTILINE | re.IGNORECASE)
    return "%s (%d octets, sha256 %s)" % (
        repr(subject.group(1)[:60]) if subject else repr(octets[:40]),
        len(octets), hashlib.sha256(octets).hexdigest()[:12])


def first_difference(a, b):
    """Where two messages begin to differ, with some octets around it."""
    limit = min(len(a), len(b))
    low, high = 0, limit                    # a[:low] equals b[:low]; compared by halves
    while low < high:
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    begin = max(0, low - 20)
    return "at octet %d: have %r, want %r" % (low, a[begin:low + 30], b[begin:low + 30])


def difference(have, want):
    """None if both lists hold the same messages equally often, else a readable account of it."""
    have_count, want_count = collections.Counter(have), collections.Counter(want)
    missing = list((want_count - have_count).elements())
    extra = list((have_count - want_count).elements())
    if not missing and not extra:
        return None
    lines = ["%d messages where %d are wanted" % (len(have), len(want))]
    for mail in extra[:10]:
        what = "more often than wanted" if mail in want_count else "not wanted"
        lines.append("  %s: %s" % (what, describe(mail)))
    for mail in missing[:10]:
        lines.append("  missing: %s" % describe(mail))
        subject = describe(mail).split(" (")[0]
        for other in extra:
            if describe(other).split(" (")[0] == subject:
                lines.append("    " + first_difference(other, mail))
                break
    more = max(0, len(extra) - 10) + max(0, len(missing) - 10)
    if more:
        lines.append("  … and %d more" % more)
    return "\n".join(lines)


def assert_same(test, have, want, note=""):
    """Fail unless both lists hold the same messages, each equally often, in any order."""
    text = difference(list(have), list(want))
    if text:
        test.fail((note + ": " if note else "") + text)
