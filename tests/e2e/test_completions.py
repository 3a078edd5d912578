# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion as a person has it: the real shells at a terminal, what they list and what they write.

Which words each completion proposes is compared in full by the test of the documents; here it is the shells
themselves that find the files, load them and show the proposals.
"""

import os
import re
import shutil
import time
import unittest

import harness
import needs
from harness import account
from terminal import Terminal

FILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "completions")
ESCAPE = re.compile(r"\x1b\[[?\d;]*[A-Za-z]|\x1b[=>]|\x1b\(.")
VERBS = ("fetch", "check", "list", "seen", "status", "setup", "login", "logout", "doctor", "import",
         "config", "help")


class Shell(harness.Case):
    def setUp(self):
        super().setUp()
        self.box.write_config(account("home", host="pop.example.org", user="anna"),
                              account("work", host="pop.example.com", user="anna"))
        programs = self.box.path("bin")
        os.mkdir(programs)
        os.symlink(os.path.realpath(harness.AMBIL), os.path.join(programs, "ambil"))
        self.env = self.box.environment({"TERM": "xterm", "LC_ALL": "C.UTF-8", "PS1": "not ready"})
        self.env["PATH"] = programs + ":" + self.env.get("PATH", os.defpath)
        self.shell = None

    def tearDown(self):
        if self.shell:
            self.shell.close()
        super().tearDown()

    def begin(self, *command, end="echo END$((1+1))"):
        needs.need(command[0])
        self.end = end
        self.shell = Terminal(list(command), self.env, cwd=self.box.home, size=(50, 120))
        self.shell.expect("> ")

    def typed(self, keys, *shows):
        """What is written at these keys; `shows` is what must come to stand on the screen first.

        The line is thrown away then.
        """
        self.shell.raw = b""
        self.shell.send(keys.encode())
        end = time.monotonic() + harness.PATIENCE_S
        while not all(re.search(one, "\n".join(self.shell.screen)) for one in shows):
            self.assertLess(time.monotonic(), end, self.shell.screen)
            self.shell.read(0.1)
        self.shell.send(b"\x05\x15" + self.end.encode() + b"\r")
        self.shell.expect(r"END2\r\n[^\n]*> ")
        return ESCAPE.sub("", self.shell.text).replace("\r\n", "\n")


class Zsh(Shell):
    def test_zsh_at_a_terminal(self):
        self.box.write(".zshrc", "fpath=(%s $fpath)\nautoload -Uz compinit\ncompinit -u -D\n"
                                 "PS1='> '\nLISTMAX=0\nbindkey -e\nbindkey '^I' complete-word\n"
                       % os.path.realpath(FILES))
        self.env["ZDOTDIR"] = self.box.home
        self.begin("zsh", "-i")
        self.assertEqual(re.findall(r"(?m)^(\w+) +-- ", self.typed("ambil \x04", *(
            r"(?m)^%s +-- " % verb for verb in VERBS))), sorted(VERBS))
        for verb in VERBS:
            with self.subTest(verb=verb):
                wanted = sorted(set(re.findall(r"(?m)^  .*?(--[a-z-]+)",
                                               (self.box.run(verb, "--help").stdout +
                                                self.box.run("help", "options").stdout).decode())))
                listed = re.findall(r"(?m)^(--[a-z-]+) +-- ", self.typed(
                    "ambil %s --\x04" % verb, *(r"(?m)^%s +-- " % one for one in wanted)))
                self.assertEqual(sorted(listed), wanted)
        self.typed("ambil fetch \x04", r"home +work")
        self.typed("ambil --color=\x04", r"always +auto +never")
        self.typed("ambil setup --tls \x04", r"implicit +none +starttls")
        self.assertRegex(self.typed("ambil fetch --to \x04", r"maildir:"),
                         r"(?m)^- +maildir: +mbox: +pipe:")
        self.typed("ambil che\tw\t", "ambil check work")


class Bash(Shell):
    def test_bash_at_a_terminal(self):
        self.box.write("rc", "PS1='> '\nset -o emacs\nbind 'set enable-bracketed-paste off'\n"
                             "source %s/ambil.bash\n" % os.path.realpath(FILES))
        self.begin("bash", "--noprofile", "--rcfile", self.box.path("rc"), "-i")
        listed = self.typed("ambil \t\t", *(r"\b%s\b" % verb for verb in VERBS))
        self.assertEqual(sorted(set(re.findall(r"\w+", listed)) & set(VERBS)), sorted(VERBS))
        self.typed("ambil fetch \t\t", r"home +work")
        self.typed("ambil fetch --max\t\t", "--max-size")
        self.typed("ambil setup --tls \t\t", r"implicit +none +starttls")
        self.typed("ambil fetch --to \t\t", r"- +maildir: +mbox: +pipe:")
        self.typed("ambil che\tw\t", "ambil check work")


class Fish(Shell):
    def test_fish_at_a_terminal(self):
        folder = self.box.path("fish-config")
        os.makedirs(os.path.join(folder, "fish", "completions"))
        shutil.copy(os.path.join(FILES, "ambil.fish"), os.path.join(folder, "fish", "completions"))
        with open(os.path.join(folder, "fish", "config.fish"), "w", encoding="utf-8") as rc:
            rc.write("function fish_prompt; echo -n '> '; end\nset fish_greeting\n"
                     "set -g fish_autosuggestion_enabled 0\n")
        self.env["XDG_CONFIG_HOME"] = folder
        self.env["AMBIL_CONFIG"] = os.path.join(self.box.home, ".config", "ambil", "ambil.conf")
        self.begin("fish", "-i", end="echo END(math 1+1)")
        listed = self.typed("ambil \t", r"status +\(")
        self.assertEqual(sorted(set(re.findall(r"(\w+) +\(", listed))), sorted(VERBS))
        self.typed("ambil fetch \t", r"home +\(Account\) +work")
        self.typed("ambil setup --tls \t", r"implicit +\(Encryption\) +none +\(Encryption\) +starttls")
        self.typed("ambil che\tw\t", "ambil check work")
        self.typed("ambil fetch --max\t", r"--max-size")


if __name__ == "__main__":
    unittest.main()
