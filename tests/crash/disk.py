# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that keeps no more than POSIX promises: what a trace of steps has left on it when the power goes.

A file's octets are kept as of its last fsync, a folder's names as of the folder's last fsync; syncfs keeps all
there is. What was not synced may be kept or not; VARIANTS are the ways that are looked at.
"""

import dataclasses
import os

# name: (names that were not synced are kept, what becomes of octets that were not)
VARIANTS = {
    "nothing un-synced is kept": (False, "gone"),
    "names are kept, octets are not": (True, "gone"),
    "names and lengths are kept, octets are zeros": (True, "zeros"),
    "octets are kept, names are not": (False, "kept"),
}


@dataclasses.dataclass(eq=False)
class Node:
    """A file or folder: what it holds now, and what of it is kept in any case."""
    inode: int
    is_folder: bool = False
    now: object = b""           # octets; of a folder, names and their nodes
    safe: object = b""

    def sync(self):
        self.safe = dict(self.now) if self.is_folder else self.now


@dataclasses.dataclass
class Step:
    what: str
    inode: int
    offset: int
    path: str
    other: str
    octets: bytes

    def __str__(self):
        return " ".join(filter(None, [self.what, self.path, self.other]))


def read_trace(path):
    with open(path, "rb") as f:
        data = f.read()
    steps, at = [], 0
    while at < len(data):
        end = data.index(b"\n", at)
        what, inode, offset, size, name, other = data[at:end].decode().split("\t")
        at = end + 1 + int(size)
        steps.append(Step(what, int(inode), int(offset), name, other, data[end + 1:at]))
    return steps


class Disk:
    """The folder `top` and all below it, as it is now and as it would be after a power cut."""

    def __init__(self, top):
        self.top = top
        self.inodes = {}
        self.root = self._load(top)
        self.sync_all()

    def _load(self, path):
        node = Node(os.lstat(path).st_ino, os.path.isdir(path))
        if node.inode in self.inodes:
            return self.inodes[node.inode]
        self.inodes[node.inode] = node
        if node.is_folder:
            node.now = {name: self._load(os.path.join(path, name)) for name in os.listdir(path)}
        else:
            with open(path, "rb") as f:
                node.now = f.read()
        return node

    def sync_all(self):
        todo = [self.root]
        while todo:
            node = todo.pop()
            node.sync()
            todo += node.now.values() if node.is_folder else []

    def _find(self, path):
        """The names of the folder that holds path, and its name there; None outside of this disk."""
        if not path.startswith(self.top + "/"):
            return None, None
        *folders, name = path[len(self.top) + 1:].split("/")
        node = self.root
        for folder in folders:
            node = node.now[folder]
        return node.now, name

    def add_file(self, path, octets):
        """A file that somebody else has made, and made durable."""
        node = self.root
        *folders, name = path.split("/")
        for folder in folders:
            node = node.now.setdefault(folder, Node(0, True, {}, {}))
        node.now[name] = Node(0, False, octets, octets)
        self.sync_all()

    def apply(self, step):
        names, name = self._find(step.path)
        node = self.inodes.get(step.inode)
        if step.what in ("create", "mkdir") and names is not None:
            made = Node(step.inode, True, {}, {}) if step.what == "mkdir" else Node(step.inode)
            names[name] = self.inodes[step.inode] = made
        elif step.what == "write" and node:
            data = node.now.ljust(step.offset, b"\0")
            node.now = data[:step.offset] + step.octets + data[step.offset + len(step.octets):]
        elif step.what == "truncate" and node:
            node.now = node.now[:step.offset].ljust(step.offset, b"\0")
        elif step.what in ("rename", "link") and names is not None:
            others, other = self._find(step.other)
            # Two names of one file: rename(2) leaves both.
            if step.what == "link" or others.get(other) is not names[name]:
                others[other] = names[name] if step.what == "link" else names.pop(name)
        elif step.what == "unlink" and names is not None:
            del names[name]
        elif step.what == "fsync" and node:
            node.sync()
        elif step.what == "syncfs":
            self.sync_all()

    def image(self, variant):
        """What is found after a cut: a path below the top for each node, with its inode's number and octets."""
        keep_names, octets = VARIANTS[variant]
        found, todo = [], [("", self.root)]
        while todo:
            path, node = todo.pop()
            if node.is_folder:
                found.append((path, node.inode, None))
                names = node.now if keep_names else node.safe
                todo += [(path + "/" + name, one) for name, one in names.items()]
            else:
                data = node.now if octets == "kept" else node.safe
                found.append((path, node.inode, data.ljust(len(node.now), b"\0") if octets == "zeros" else data))
        return tuple(sorted(found, key=lambda one: one[0]))


def build(image, top, kept=None):
    """Makes the image a folder. kept: folders to use again, by inode: ambil knows some by that."""
    made = {}
    for path, inode, octets in image:
        full = top + path
        if octets is None:
            if kept and inode in kept:
                os.rename(kept[inode], full)
            else:
                os.mkdir(full, 0o700)
        elif inode and inode in made:
            os.link(made[inode], full)
        else:
            with open(full, "wb") as f:
                os.fchmod(f.fileno(), 0o600)
                f.write(octets)
            made[inode] = full
