# SPDX-License-Identifier: GPL-3.0-or-later
"""tmux: a real terminal, and one that can be asked what it shows."""

import os
import shutil
import subprocess
import tempfile

import needs


class Tmux:
    """A terminal with a shell in it."""

    def __init__(self, env, cwd, size):
        self.tmux = needs.need("tmux")
        self.folder = tempfile.mkdtemp(prefix="at")
        self.env = env
        configuration = os.path.join(self.folder, "conf")
        with open(configuration, "w", encoding="ascii") as f:
            f.write("set -g status off\nset -g default-terminal screen\nset -sg escape-time 0\n")
        self._do("-f", configuration, "new-session", "-d", "-x", str(size[1]), "-y", str(size[0]),
                 "-c", cwd, "/bin/sh", "-i")

    def _do(self, *words):
        return subprocess.run([self.tmux, "-u", "-S", os.path.join(self.folder, "socket"), *words],
                              env=self.env, check=True, capture_output=True, text=True).stdout

    def lines(self):
        """What it shows, and what has been scrolled off."""
        return self._do("capture-pane", "-p", "-S", "-").rstrip("\n").split("\n")

    def type(self, text):
        self._do("send-keys", "-l", "--", text)
        self.press("Enter")

    def press(self, *keys):
        self._do("send-keys", *keys)

    def resize(self, rows, columns):
        self._do("resize-window", "-x", str(columns), "-y", str(rows))

    def close(self):
        try:
            self._do("kill-server")
        except subprocess.CalledProcessError:
            pass                        # it ends with its shell
        shutil.rmtree(self.folder, ignore_errors=True)
