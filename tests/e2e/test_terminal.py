# SPDX-License-Identifier: GPL-3.0-or-later
"""ambil on a pseudo-terminal: live line, summary, password prompt, Ctrl-C; and silence elsewhere."""

import os
import re
import signal
import subprocess
import termios
import time
import unittest

import corpus
import dovecot_case
import harness
import terminal

ESCAPE = re.compile(r"\x1b")
COLOR = re.compile(r"\x1b\[[\d;]*m")


def setUpModule():
    dovecot_case.start()


def large(count, octets=400_000):
    return [corpus.mail("large %d" % n, (b"z" * 70 + b"\n") * (octets // 71))
            for n in range(1, count + 1)]


class Lines(dovecot_case.DovecotCase):
    def fetch(self, *args, code=0, **more):
        with self.box.terminal(*args, **more) as t:
            self.assertEqual(t.wait(), code, t.text)
            self.screen, self.text = t.screen, t.text

    def slow(self):
        """Fetch through a command that takes its time, so that the live line is seen at work."""
        command = self.box.write("command", "#!/bin/sh\ncat >/dev/null\nsleep 0.3\n", mode=0o700)
        self.configure(deliver="pipe:" + command)

    def test_a_live_line_shows_how_far_it_is_and_is_replaced_by_the_summary(self):
        self.arrive(large(12))
        self.slow()
        with self.box.terminal() as t:
            t.expect(r"home .*\d+ %.*\d+ of 12")
            self.assertEqual(t.wait(), 0)
            self.assertRegex(t.text, r"MiB")
            self.assertEqual(len(t.screen), 1, t.screen)
            self.assertRegex(t.screen[0], r"^home +12 new messages \(4\.\d MiB\)")

    def test_the_summary_names_counts_place_and_what_was_seen_before(self):
        self.arrive(corpus.numbered(7))
        self.configure()
        self.fetch()
        self.assertEqual(len(self.screen), 1, self.screen)
        self.assertRegex(self.screen[0], r"^home +7 new messages \([\d.]+ KiB\) in ~/Mail")
        self.arrive(corpus.numbered(1, start=8))
        self.fetch()
        self.assertRegex(self.screen[0], r"^home +1 new message \(\d+ \S+\) in ~/Mail, 7 seen before")
        self.fetch()
        self.assertRegex(self.screen[0], r"^home +no new mail")

    def test_each_account_has_its_line(self):
        other = next(self.users)
        self.arrive(corpus.numbered(2))
        self.arrive(corpus.numbered(3), other)
        self.box.write_config(self.account(), self.account("work", user=other))
        self.fetch()
        self.assertEqual(len(self.screen), 2, self.screen)
        text = "\n".join(sorted(self.screen))
        self.assertRegex(text, r"home +2 new messages")
        self.assertRegex(text, r"work +3 new messages")

    def test_no_line_is_wider_than_the_terminal(self):
        self.arrive(large(8))
        self.slow()
        self.fetch(size=(24, 40))
        self.assertLessEqual(len(self.screen), 3, self.screen)
        self.fetch(size=(24, 1))
        self.fetch(size=(0, 0))

    def test_quiet_silences_a_terminal(self):
        self.arrive(corpus.numbered(3))
        self.configure()
        self.fetch("-q")
        self.assertEqual(self.text, "")

    def test_a_dumb_terminal_gets_no_escapes(self):
        self.arrive(large(4))
        self.slow()
        self.fetch(env={"TERM": "dumb"})
        self.assertNotRegex(self.text, ESCAPE)
        self.assertRegex("\n".join(self.screen), r"home +4 new messages")

    def test_no_color_means_no_color(self):
        self.arrive(large(4))
        self.slow()
        self.fetch(env={"NO_COLOR": "1"})
        self.assertNotRegex(self.text, COLOR)
        self.assertRegex("\n".join(self.screen), r"home +4 new messages")

    def test_errors_are_without_color_under_no_color(self):
        wrong = self.box.write("wrong", "no\n")
        self.configure(password_file=wrong)
        self.fetch(code=77, env={"NO_COLOR": "1"})
        self.assertNotRegex(self.text, COLOR)
        self.assertIn("refused the login", self.text)

    def test_progress_never_leaves_only_the_summary(self):
        self.arrive(large(6))
        self.slow()
        self.fetch("--progress", "never")
        self.assertEqual(len(self.text.splitlines()), 1, self.text)


class Prompts(dovecot_case.DovecotCase):
    def setUp(self):
        super().setUp()
        self.want = self.arrive(corpus.numbered(2))

    def test_the_password_is_asked_for_and_not_echoed(self):
        self.configure(password_file=None)
        with self.box.terminal() as t:
            t.expect(r"(?i)password.*: ?$")
            self.assertFalse(t.echoes())
            t.send(dovecot_case.PASSWORD.encode() + b"\n")
            self.assertEqual(t.wait(), 0, t.text)
            self.assertTrue(t.echoes(), "the terminal shows again what is typed")
            self.assertNotIn(dovecot_case.PASSWORD, t.text)
            self.assertRegex("\n".join(t.screen), r"home +2 new messages")
        self.assert_maildir(self.want)

    def test_the_prompt_uses_the_terminal_even_when_the_streams_are_redirected(self):
        self.configure(password_file=None)
        script = '"$@" </dev/null >"$HOME/out" 2>"$HOME/err"; echo "ended $?"'
        command = ["/bin/sh", "-c", script, "sh", harness.AMBIL]
        with terminal.Terminal(command, self.box.environment({"TERM": "xterm"}), cwd=self.box.home) as t:
            t.expect(r"(?i)password.*: ?$")
            t.send(dovecot_case.PASSWORD.encode() + b"\n")
            self.assertEqual(t.wait(), 0)
            self.assertIn("ended 0", t.text)
        self.assert_maildir(self.want)

    def test_a_wrong_answer_is_tried_once(self):
        self.configure(password_file=None)
        with self.box.terminal() as t:
            t.expect(r"(?i)password.*: ?$")
            t.send(b"wrong\n")
            self.assertEqual(t.wait(), 77, t.text)
        tried = self.server.log_lines("user=<%s>" % self.user, "auth failed")
        self.assertEqual(len(tried), 1)

    def test_an_empty_answer_is_not_sent(self):
        self.configure(password_file=None)
        with self.box.terminal() as t:
            t.expect(r"(?i)password.*: ?$")
            t.send(b"\n")
            self.assertEqual(t.wait(), 78, t.text)
        self.assertNotIn("user=<%s>" % self.user, self.server.log_text())

    def test_ctrl_c_at_the_prompt_ends_with_130_and_restores_the_terminal(self):
        self.configure(password_file=None)
        with self.box.terminal() as t:
            t.expect(r"(?i)password.*: ?$")
            t.send(b"\x03")
            self.assertEqual(t.wait(), 130, t.text)
            self.assertTrue(t.echoes())

    def test_ctrl_backslash_at_the_prompt_ends_it_at_once_and_restores_the_terminal(self):
        self.configure(password_file=None)
        with self.box.terminal() as t:
            t.expect(r"(?i)password.*: ?$")
            t.send(b"half an ans\x1c")
            self.assertEqual(t.wait(), -signal.SIGQUIT, t.text)
            self.assertTrue(t.echoes())

    def shell(self):
        """A shell with job control, in which `ambil` is the program."""
        os.mkdir(self.box.path("bin"))
        os.symlink(os.path.abspath(harness.AMBIL), self.box.path("bin", "ambil"))
        path = self.box.path("bin") + ":" + os.environ.get("PATH", "/usr/bin:/bin")
        env = self.box.environment({"TERM": "xterm", "PATH": path, "PS1": "shell> ", "ENV": None})
        return terminal.Terminal(["/bin/sh", "-i"], env, cwd=self.box.home)

    def test_ctrl_z_at_the_prompt_gives_the_terminal_back_and_fg_asks_anew(self):
        self.configure(password_file=None)
        with self.shell() as t:
            t.expect(r"shell> $")
            t.send(b"ambil\n")
            t.expect(r"(?i)password.*: ?$")
            t.send(b"half an ans\x1a")
            t.expect(r"(?i)stopped[\s\S]*shell> $")
            self.assertTrue(t.echoes(), "the shell has its terminal")
            t.send(b"echo no''thing for ambil\n")
            t.expect(r"\nnothing for ambil\r\n[\s\S]*shell> $")
            t.send(b"fg\n")
            t.expect(r"(?i)shell> fg[\s\S]*password.*: ?$")
            self.assertFalse(t.echoes())
            t.send(dovecot_case.PASSWORD.encode() + b"\n")
            t.expect(r"home +2 new messages[^\n]*\r\n[\s\S]*shell> $")
            self.assertTrue(t.echoes())
        self.assert_maildir(self.want)

    def test_in_the_background_it_asks_when_it_is_brought_to_the_foreground(self):
        self.configure(password_file=None)
        with self.shell() as t:
            t.expect(r"shell> $")
            # A shell that edits lines has modes of its own while it waits for one.
            modes = termios.tcgetattr(t.slave)
            editing = modes[:3] + [modes[3] & ~termios.ECHO] + modes[4:]
            termios.tcsetattr(t.slave, termios.TCSANOW, editing)
            t.send(b"ambil &\n")
            t.expect(r"shell> [\s\S]*shell> $")
            time.sleep(0.5)
            self.assertNotRegex(t.text, r"(?i)password")
            termios.tcsetattr(t.slave, termios.TCSANOW, modes)
            t.send(b"fg\n")
            t.expect(r"(?i)password.*: ?$")
            t.send(dovecot_case.PASSWORD.encode() + b"\n")
            t.expect(r"home +2 new messages[^\n]*\r\n[\s\S]*shell> $")
            self.assertTrue(t.echoes())
        self.assert_maildir(self.want)

    def test_in_the_background_no_live_line_disturbs_the_shell(self):
        command = self.box.write("command", "#!/bin/sh\ncat >/dev/null\n"
                                 "while ! test -e ~/go; do sleep 0.05; done\n", mode=0o700)
        self.arrive(corpus.numbered(8))
        self.configure(deliver="pipe:" + command)
        with self.shell() as t:
            t.expect(r"shell> $")
            t.send(b"ambil &\n")
            t.expect(r"shell> [\s\S]*shell> $")
            with self.assertRaises(AssertionError, msg=t.text):
                t.expect(r"\x1b|home", 1)
            t.send(b"fg\n")
            t.expect(r"home [^\n]*of 10")
            self.box.write("go", "")
            t.expect(r"home +10 new messages[^\n]*\r\n[\s\S]*shell> $")
            self.assertIn("shell> fg", t.screen[-3] + t.screen[-4], t.screen)

    def test_a_url_needs_no_configuration_but_the_password(self):
        url = "pops://%s@localhost:%d" % (self.user, self.server.pop3s)
        with self.box.terminal("fetch", url, "--to", "maildir:~/Mail",
                               env={"SSL_CERT_FILE": self.server.ca}) as t:
            t.expect(r"(?i)password.*: ?$")
            t.send(dovecot_case.PASSWORD.encode() + b"\n")
            self.assertEqual(t.wait(), 0, t.text)
        self.assertEqual(len(self.maildir()), 2)


class CtrlC(dovecot_case.DovecotCase):
    def test_ctrl_c_in_the_middle_ends_with_130_and_loses_nothing(self):
        want = self.arrive(corpus.numbered(40))
        os.mkdir(self.box.path("out"))
        # The fourth and all behind it are held up until the program was asked to stop.
        command = self.box.write("command", "#!/bin/sh\ncat >\"$(mktemp ~/out/XXXXXX)\"\n"
                                 "test $(ls ~/out | wc -l) -lt 4 || while ! test -e ~/go; do sleep 0.05; done\n",
                                 mode=0o700)
        self.configure(deliver="pipe:" + command, keep=False)
        with self.box.terminal() as t:
            t.expect(r"of 40")
            harness.wait_until(lambda: len(os.listdir(self.box.path("out"))) > 3)
            t.send(b"\x03")
            t.expect(r"\rstopping in good order; Ctrl-C again stops at once\r\n")
            self.box.write("go", "")
            self.assertEqual(t.wait(), 130, t.text)
            self.assertEqual(t.screen[0], "stopping in good order; Ctrl-C again stops at once")
        taken = len(os.listdir(self.box.path("out")))
        self.assertTrue(0 < taken < 40)
        self.assert_code(self.box.run(), 0)
        have = []
        for name in os.listdir(self.box.path("out")):
            with open(self.box.path("out", name), "rb") as f:
                have.append(f.read())
        self.assertEqual(sorted(have), sorted(want))
        self.assert_left([])


class OffTerminal(dovecot_case.DovecotCase):
    def test_success_is_silent(self):
        self.arrive(large(3))
        self.configure()
        self.ambil()
        self.ambil()
        self.ambil(env={"TERM": "xterm-256color", "COLUMNS": "120"})

    def test_color_and_progress_can_be_forced_but_are_not_by_default(self):
        self.arrive(large(2))
        self.configure()
        result = self.box.run("-v", env={"CLICOLOR_FORCE": None})
        self.assertNotRegex(result.stderr, ESCAPE)

    def test_color_can_be_forced(self):
        self.configure(password_file=self.box.write("wrong", "no\n"))
        for args, env in (("--color", "always"), {}), ((), {"CLICOLOR_FORCE": "1"}):
            with self.subTest(args=args, env=env):
                result = self.box.run(*args, env=env)
                self.assert_code(result, 77)
                self.assertEqual(len(result.lines), 1)
                self.assertTrue(result.stderr.startswith("\x1b[31mambil:\x1b[0m home: "), str(result))
        result = self.box.run("--color=always", "--nonsense")
        self.assert_code(result, 64)

    def test_progress_can_be_forced(self):
        self.arrive(large(3))
        self.configure()
        result = self.box.run("--progress=always", env={"COLUMNS": "70", "TERM": None})
        self.assert_code(result, 0)
        self.assertRegex(result.stderr, r"home +\S")
        self.assertEqual(terminal.render(result.stderr), [])
        self.assertNotRegex(result.stderr, COLOR)
        self.assertEqual(self.box.run("-q", "--progress=always").stderr, "")

    def test_it_runs_with_the_environment_of_cron(self):
        want = self.arrive(corpus.numbered(2))
        self.configure()
        env = {"HOME": self.box.home, "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh",
               "XDG_CONFIG_HOME": None, "XDG_STATE_HOME": None, "LC_ALL": None, "TERM": None}
        self.ambil(env=env)
        self.assert_maildir(want)
        self.assertTrue(os.path.exists(self.box.path(".local", "state", "ambil", "home.db")))

    def test_it_runs_with_closed_standard_streams(self):
        want = self.arrive(corpus.numbered(2))
        self.configure()
        # A shell closes them; no descriptor of the program's own must take their place unguarded.
        code = subprocess.run(["/bin/sh", "-c", 'exec "$0" <&- >&- 2>&-', harness.AMBIL],
                              env=self.box.environment(), check=False, timeout=harness.PATIENCE_S).returncode
        self.assertEqual(code, 0)
        self.assert_maildir(want)


if __name__ == "__main__":
    unittest.main()
