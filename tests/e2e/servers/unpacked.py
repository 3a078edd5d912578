# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of Debian packages that are unpacked, not installed: one machine has one POP3 server only.

check.sh unpacks them into build-servers/root (tests/packages.sh); AMBIL_SERVERS names another folder.
A program whose folders are compiled in runs in a Jail: a root folder of its own, for which the tests
have to run as root.
"""

import glob
import os
import re
import shutil
import subprocess
import unittest

import needs

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.environ.get("AMBIL_SERVERS") or os.path.normpath(
    os.path.join(HERE, "..", "..", "..", "build-servers"))
ROOT = os.path.join(FOLDER, "root")

LINKED = re.compile(r"\s+(?:(\S+) => )?(/\S+) \(0x")


def program(package, path):
    """Where a program of an unpacked package lies; skips (or fails) naming the package."""
    found = ROOT + path
    if not os.path.exists(found):
        needs.missing_here("%s not found: tests/check.sh unpacks the Debian package %s" % (
            path, package))
    return found


def need_root(what):
    """Other rights than root's would not do, on any machine: a plain skip."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("%s runs as root only" % what)


def environment():
    folders = glob.glob(ROOT + "/usr/lib/*-linux-gnu*")
    folders += [ROOT + "/usr/lib", ROOT + "/usr/lib/courier-authlib"]
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LD_LIBRARY_PATH": ":".join(folders)}


class Jail:
    """A root folder with some programs of packages, the libraries they are linked with, and files."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(self.path("/dev"))
        os.mknod(self.path("/dev/null"), 0o020666, os.makedev(1, 3))
        os.chmod(self.path("/dev/null"), 0o666)

    def path(self, inside):
        return self.folder + inside

    def add(self, package, path, name=None):
        """Add a program or a module, at the same place or under another name there."""
        self._with_libraries(program(package, path), name or path)

    def add_from_here(self, path):
        """Add something that is installed on this machine."""
        self._with_libraries(path, path)

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)

    def command(self, *words):
        """The words with which a command runs inside."""
        return [needs.need("chroot"), self.folder, *words]

    def _with_libraries(self, source, inside):
        self._copy(source, inside)
        said = subprocess.run(["ldd", source], env=environment(), text=True, check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
        for name, path in LINKED.findall(said):
            # The loader looks into /lib by itself; it has its own place, which programs name.
            self._copy(path, "/lib/" + name if name else path)

    def _copy(self, source, inside):
        target = self.path(inside)
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
            os.chmod(target, 0o755)


def module(name):
    """Where a PAM module of this machine lies."""
    for path in glob.glob("/lib/*/security/" + name) + glob.glob("/lib/security/" + name):
        return path
    raise RuntimeError("no %s on this machine" % name)
