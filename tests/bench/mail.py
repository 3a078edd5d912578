# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fetcher must have delivered, and whether it did.

Fetchers put lines of their own on top and differ in empty lines at the end, so a message is what
lies between its own first line and its last line that is not empty.
"""

import collections
import hashlib
import math
import os
import random
import subprocess

FIRST_LINE = b"From: Popd <popd@example.org>\n"
MAILDIR_TOP = 8192
LINE = 76
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def digest(octets):
    start = octets.find(FIRST_LINE, 0, MAILDIR_TOP)
    return hashlib.sha1(octets[max(start, 0):].rstrip(b"\n")).digest()


def read_folder(folder):
    """Counter of the digests of all files in a folder."""
    have = collections.Counter()
    if os.path.isdir(folder):
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as f:
                have[digest(f.read())] += 1
    return have


def read_maildir(path):
    return read_folder(os.path.join(path, "new")) + read_folder(os.path.join(path, "cur"))


def read_mbox(path):
    """No body of these messages has a line that begins with "From "."""
    have = collections.Counter()
    if not os.path.exists(path):
        return have
    with open(path, "rb") as f:
        octets = b"\n" + f.read()
    starts = [0]
    while (at := octets.find(b"\nFrom ", starts[-1] + 1)) >= 0:
        starts.append(at)
    for start, end in zip(starts, starts[1:] + [len(octets)]):
        have[digest(octets[start:end])] += 1
    return have


def generated(programs, options, folder, first=1):
    """The digests of what popd serves with these options, which include --generate N:SIZE, from one message on."""
    os.makedirs(folder)
    spec = options[options.index("--generate") + 1]
    rest = [word for word in options if word not in ("--generate", spec)]
    subprocess.run([programs.popd, *rest, "--write-from", str(first), "--write-generated", folder, spec],
                   check=True)
    return read_folder(folder)


def difference(have, want):
    """None, or how the messages differ."""
    missing, extra = want - have, have - want
    if not missing and not extra:
        return None
    return "%d messages lost, %d doubled or wrong" % (missing.total(), extra.total())


def log_normal(folder, octets, median=10 << 10, sigma=2.0, most=25 << 20, seed=1):
    """Fill a folder with mail of about so many octets in all, in sizes as mail has them."""
    chance = random.Random(seed)
    body = bytes(chance.choice(ALPHABET) for _ in range(1 << 16))
    lines = b"\r\n".join(body[i:i + LINE] for i in range(0, len(body), LINE)) + b"\r\n"
    os.makedirs(folder)
    total = number = 0
    while total < octets:
        size = min(int(median * math.exp(chance.gauss(0, sigma))), most, octets)
        number += 1
        text = FIRST_LINE[:-1] + b"\r\nSubject: Message %d\r\n\r\n" % number
        start = chance.randrange(len(lines) // (LINE + 2)) * (LINE + 2)
        text += (lines[start:] + lines * (size // len(lines) + 1))[:size - size % (LINE + 2)]
        with open(os.path.join(folder, "%06d" % number), "wb") as f:
            f.write(text)
        total += len(text)


def of_crlf_folder(folder):
    """The digests and sizes (as delivered) of a folder of mail with CRLF line ends."""
    want, sizes = collections.Counter(), []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            octets = f.read().replace(b"\r\n", b"\n")
        want[digest(octets)] += 1
        sizes.append(len(octets))
    return want, sizes
