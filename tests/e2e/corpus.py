# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that catch fetchers out, each under a name that says why.

They are given as a server stores them: LF or CRLF, with everything else raw.  None begins
with a dot in its very first octet, since some servers send that line without the second dot
which the protocol asks for.
"""

import random


def header(subject, *more):
    fields = [
        "From: Sender <sender@example.org>",
        "To: anna@example.org",
        "Subject: " + subject,
        "Date: Mon, 02 Nov 2026 10:11:12 +0000",
        "Message-ID: <%s@example.org>" % subject.replace(" ", "-"),
        *more,
    ]
    return ("\n".join(fields) + "\n").encode()


def mail(subject, body, *more):
    return header(subject, *more) + b"\n" + body


def numbered(count, start=1, size=300):
    """Plain small messages, all different."""
    return [mail("number %d" % n, (b"line %d\n" % n) * max(1, size // 8))
            for n in range(start, start + count)]


def binary(length, seed=7):
    """Octets of every kind, among them NUL and bare CR, but no LF."""
    noise = random.Random(seed).randbytes(length)
    return noise.replace(b"\n", b"\0")


def tricky():
    """Return {name: stored octets}."""
    eight_bit = bytes(range(0x80, 0x100))
    return {
        "plain": mail("plain", b"hello\n"),
        "dots": mail("dots", b"a\n.\n..\n...\n.a\n..a\n.\r\n. \n.\n"),
        "dot first in body": mail("dot first in body", b".\n.second\nend\n"),
        "dot last": mail("dot last", b"the end is near\n.\n"),
        "dot without newline": mail("dot without newline", b"text\n."),
        "many dots": mail("many dots", b".\n" * 3000),
        "dotted header": header("dotted header", ".Odd: field", "..: x") + b"\nbody\n",
        "eight bit": mail("eight bit", eight_bit + b"\n" + eight_bit * 20 + b"\n"),
        "eight bit header": mail("eight bit header", b"x\n", "X-Latin: caf\u00e9")
        .replace("\u00e9".encode(), b"\xe9"),
        "utf8 header": mail("utf8 \u65e5\u672c\u8a9e \u00fcml\u00e4ut", "gr\u00fc\u00df dich\n".encode()),
        "nul": mail("nul", b"a\0b\n\0\n\0\0\0\n.\0\n"),
        "bare cr": mail("bare cr", b"one\rtwo\r\rthree\n\r.\r\nfour\r\r\nfive\n"),
        "crlf stored": mail("crlf stored", b"one\ntwo\n\n.\nthree\n").replace(b"\n", b"\r\n"),
        "mixed line ends": mail("mixed line ends", b"one\r\ntwo\nthree\r\n\r\n\n.x\r\n.y\n"),
        "long line 100k": mail("long line 100k", b"x" * 100_000 + b"\nshort\n"),
        "long line 2M": mail("long line 2M", b"0123456789abcdef" * 131_072 + b"\n.end\n"),
        "long header line": mail("long header line", b"b\n", "X-Long: " + "h" * 20_000),
        "lines at 64k": mail("lines at 64k", b"".join(
            b"y" * (65_536 - 3 + k) + b"\n.\n" for k in range(6))),
        "binary": mail("binary", binary(50_000) + b"\n"),
        "no final newline": mail("no final newline", b"last line is not ended"),
        "from lines": mail("from lines", b"From a\n>From b\n>>From c\n>>>From d\n\nFrom e\n"
                           b"\n>From f\nFromg\nfrom h\n From i\n>>>>>From\n> From j\n"),
        "looks like mbox": mail("looks like mbox",
                                b"\nFrom x@example.org Thu Jan  1 00:00:00 1970\n"
                                b"Subject: not a message\n\nbody\n"),
        "empty body": header("empty body") + b"\n",
        "headers only": header("headers only"),
        "empty lines": mail("empty lines", b"\n" * 5000),
        "empty lines at end": mail("empty lines at end", b"text\n" + b"\n" * 7),
        "folded header": mail("folded header", b"x\n", "X-Folded: one,\n two,\n\tthree"),
        "content length": mail("content length", b"From here on it lies\n\nFrom there\n",
                               "Content-Length: 3"),
        "spaces": mail("spaces", b"   \n\t\n x \n"),
        "tiny": b"a: b\n\nc\n",
    }


def starts_with_from():
    """A message whose first line looks like mbox's own separator."""
    return b"From someone@example.org Mon Nov  2 10:11:12 2026\n" + mail("starts with From_", b"x\n")


def starts_with_dot():
    """A message that begins with a dot; for servers that stuff it properly."""
    return b".Odd: 1\n" + mail("starts with a dot", b"x\n")


def fetched(stored):
    """What a fetcher must have at the end of a stored message: LF, and a last line that ends."""
    octets = stored.replace(b"\r\n", b"\n")
    return octets if octets.endswith(b"\n") else octets + b"\n"
