# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays the sessions of sessions.py and compares what the terminal shows with the pictures that
are kept here, and these with the samples in README and manual. With --write both are written.
"""

import argparse
import difflib
import os
import re
import sys
import unittest

import sessions
import stage

SKIPPED = 77                            # for meson
TOP = os.path.join(stage.HERE, "..", "..")


def picture_file(name):
    return os.path.join(stage.HERE, name + ".txt")


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def stable(text):
    for pattern in sessions.VOLATILE:
        text = re.sub(pattern, "", text)
    return text


def differences(what, kept, shown):
    return list(difflib.unified_diff(stable(kept).splitlines(), stable(shown).splitlines(),
                                     what + ", as kept", what + ", as shown", lineterm=""))


def play(session):
    """The pictures of one session, by their names."""
    place = stage.Stage()
    try:
        session(place)
    finally:
        place.close()
    return place.pictures


# Samples in files: each form says how a block of lines stands there.

PLAIN = re.compile(r"^    \$ .*\n(?:    .*\n)*", re.M)
MDOC = re.compile(r"(?:(?<=^\.Bd -literal -offset indent\n)|(?<=^\.Bd -literal\n))\$ .*\n(?:(?!\.Ed).*\n)*", re.M)
MDOC_SIGNS = [("\\", "\\e"), ("-", "\\-"), ("~", "\\(ti"), ('"', "\\(dq"), ("'", "\\(aq"),
              ("^", "\\(ha"), ("`", "\\(ga")]


def to_plain(text):
    return "".join("    %s\n" % line if line else "\n" for line in text.splitlines())


def to_mdoc(text):
    for sign, escape in MDOC_SIGNS:
        text = text.replace(sign, escape)
    text = "".join("\\[u%04X]" % ord(c) if ord(c) > 126 else c for c in text)
    return re.sub(r"^\.", r"\\&.", text, flags=re.M)


def from_mdoc(text):
    text = re.sub(r"\\\[u([0-9A-F]+)\]", lambda match: chr(int(match.group(1), 16)), text)
    for sign, escape in reversed(MDOC_SIGNS):
        text = text.replace(escape, sign)
    return text.replace("\\&", "")


def from_plain(text):
    return re.sub("^    ", "", text, flags=re.M)


def samples(path, names, update):
    """What differs between the samples in a file and the pictures; or writes them there."""
    plain = not re.search(r"\.\d$", path)
    form, back, forth = (PLAIN, from_plain, to_plain) if plain else (MDOC, from_mdoc, to_mdoc)
    full = os.path.join(TOP, path)
    text = read(full)
    blocks = form.findall(text)
    if len(blocks) != len(names):
        return ["%s has %d samples that begin with \"$ \"; sessions.py names %d" % (
            path, len(blocks), len(names))]
    if update:
        rest = iter(names)
        write(full, form.sub(lambda _: forth(read(picture_file(next(rest)))), text))
        return []
    found = []
    for name, block in zip(names, blocks):
        found += differences("%s in %s" % (name, path), back(block), read(picture_file(name)))
    return found


def run(names, update):
    found, seen = [], set()
    for session in sessions.SESSIONS:
        if names and session.__name__ not in names:
            continue
        for name, shown in play(session).items():
            seen.add(name + ".txt")
            if update:
                write(picture_file(name), shown)
            else:
                found += differences(name, read(picture_file(name)), shown)
    if not names:
        found += ["%s is the picture of no session" % name for name in os.listdir(stage.HERE)
                  if name.endswith(".txt") and name not in seen]
    for path, shown in sessions.SHOWN.items():
        found += samples(path, shown, update)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.replace("\n", " "))
    parser.add_argument("--write", action="store_true", help="keep what is shown")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("session", nargs="*", help="only these")
    options = parser.parse_args()
    if not options.inside:
        try:
            stage.needs.need("tmux", "openssl")
        except unittest.SkipTest as missing:
            print("skipped: %s" % missing)
            return SKIPPED
        if not stage.can_have_network():
            print("skipped: no network of its own can be made here (unshare)")
            return SKIPPED
        os.execvp("unshare", stage.in_own_network(
            [sys.executable, os.path.abspath(__file__), "--inside", *sys.argv[1:]]))
    stage.take_network()
    found = run(options.session, options.write)
    print("\n".join(found) or "The pictures are right.")
    if found:
        print("If the new ones are as they should be: python3 tests/screens/run.py --write")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
