# SPDX-License-Identifier: GPL-3.0-or-later
"""Live lines: windows that change their size, many accounts, sizes that lie, signals, other locales.

The server holds a message back until it is told, so that what is looked at stands still.
"""

import os
import re
import select
import signal
import time
import unittest

import corpus
import harness
import popd_case
import terminal
import tmux

PATIENCE_S = harness.PATIENCE_S
DRAWING = "\x1b[?7l"                    # each begins so


class ProgressCase(popd_case.PopdCase):
    def hold(self, *names, at=3, mails="6:2K", jobs=None, faults=(), **more):
        """Accounts that all stand still at that message, until `let_go`."""
        self.release = os.path.join(self.box.root, "release")
        self.serve("--release", self.release, "--generate", mails, tls="none",
                   faults=["hold-retr:%d" % at, *faults])
        self.box.write_config(harness.settings(jobs=jobs),
                              *[self.account(name, deliver="maildir:~/%a", **more)
                                for name in names or ("home",)])

    def let_go(self):
        open(self.release, "w").close()

    def terminal(self, *args, before="true", **more):
        """ambil in a terminal on which something stands already."""
        env = self.box.environment({"TERM": "xterm", **more.pop("env", {})})
        script = before + '; echo above; exec "$0" "$@"'
        return terminal.Terminal(["/bin/sh", "-c", script, harness.AMBIL, *args], env,
                                 cwd=self.box.home, **more)

    def wait_for(self, tty, looks_right):
        """Read until the screen is as it should be."""
        end = time.monotonic() + PATIENCE_S
        while not looks_right(tty.screen):
            self.assertLess(time.monotonic(), end, tty.screen)
            tty.read(0.05)

    def live(self, tty, *names, total=6):
        """Wait until each of them has its line, in their order, below what stood there.

        The message that is held back is the third: what has come is told, though no more comes.
        """
        patterns = [r"%s +[^ ].* 2 of %d " % (name, total) for name in names]
        self.wait_for(tty, lambda screen: len(screen) == len(patterns) + 1 and all(
            re.match(pattern, line) for pattern, line in zip(patterns, screen[1:])))
        self.assertEqual(tty.screen[0], "above")


class Windows(ProgressCase):
    def test_a_window_becomes_narrow_and_wide_again(self):
        self.hold("home", "office", "club")
        with self.terminal() as tty:
            self.live(tty, "home", "office", "club")
            for columns in 30, 79, 12, 120, 40, 80:
                tty.resize(24, columns)
                before = len(tty.raw)
                self.wait_for(tty, lambda _: DRAWING in tty.since(before))
                for wraps_anew in True, False:
                    self.wait_for(tty, lambda _, anew=wraps_anew: self.fits(tty.shown(anew), columns))
            self.let_go()
            self.assertEqual(tty.wait(), 0)
            self.assertEqual(tty.screen[0], "above")
            self.assertEqual(sorted(line.split()[0] for line in tty.screen[1:]),
                             ["club", "home", "office"], tty.screen)

    def fits(self, screen, columns):
        """All three stand there, and are as wide as is possible now."""
        return [line.split()[0] for line in screen] == ["above", "home", "office", "club"] and \
            max(map(len, screen)) < columns

    def test_a_resize_is_answered_at_once(self):
        """Not only by the drawing that is due when nothing was heard for a second."""
        self.hold()
        with self.terminal() as tty:
            self.live(tty, "home")
            for columns in range(40, 60, 5):
                tty.resize(24, columns)
                before = len(tty.raw)
                self.wait_for(tty, lambda _: DRAWING in tty.since(before))
            self.assertNotIn(DRAWING * 2, tty.text)
            self.let_go()
            self.assertEqual(tty.wait(), 0)

    def test_a_low_window_sums_up_and_a_high_one_shows_all(self):
        self.hold("a", "b", "c", "d", "e")
        with self.terminal() as tty:
            self.live(tty, *"abcde")
            tty.resize(4, 80)
            self.wait_for(tty, lambda screen: len(screen) == 4 and screen[3].startswith(
                "0 of 5 accounts done   3 more at work"))
            self.assertEqual([line[0] for line in tty.screen[1:3]], ["a", "b"])
            tty.resize(1, 80)
            self.wait_for(tty, lambda screen: len(screen) == 2 and screen[1].startswith(
                "0 of 5 accounts done   5 at work"))
            tty.resize(24, 80)
            self.live(tty, *"abcde")
            self.let_go()
            self.assertEqual(tty.wait(), 0)

    def test_fifty_accounts(self):
        names = ["account%02d" % n for n in range(50)]
        self.hold(*names, jobs=64, at=2, mails="2:1K")
        with self.terminal() as tty:
            self.wait_for(tty, lambda screen: screen and screen[-1].startswith(
                "0 of 50 accounts done   28 more at work"))
            self.assertEqual([line.split()[0] for line in tty.screen[1:-1]], names[:22])
            self.assertEqual(tty.screen[0], "above")
            self.let_go()
            self.assertEqual(tty.wait(), 0)
            self.assertEqual(tty.screen[0], "above")
            self.assertEqual(sorted(line.split()[0] for line in tty.screen[1:]), names)
            for line in tty.screen[1:]:
                self.assertRegex(line, r"^account\d\d   2 new messages \(2\.0 KiB\) in ~/")

    def test_accounts_that_wait_are_counted(self):
        self.hold("a", "b", "c", jobs=1)
        with self.terminal() as tty:
            self.wait_for(tty, lambda screen: len(screen) == 3 and screen[2].startswith(
                "0 of 3 accounts done   2 waiting"))
            self.let_go()
            self.assertEqual(tty.wait(), 0)
            self.assertEqual([line[0] for line in tty.screen], ["a"] * 2 + ["b", "c"])

    def test_wide_names(self):
        self.release = os.path.join(self.box.root, "release")
        self.serve("--release", self.release, "--user", "自宅", "--generate", "6:2K",
                   faults=["hold-retr:3"])
        self.box.write_config(
            harness.settings(ca_file=self.server.ca, deliver="maildir:~/%a"),
            self.account("e", user="自宅", password_file=None))
        self.box.write(".netrc", "machine localhost login 自宅 password secret\n")
        url = "pops://%%E8%%87%%AA%%E5%%AE%%85@localhost:%d" % self.server.port
        with self.terminal("fetch", url, "e", size=(24, 100)) as tty:
            self.live(tty, r"自宅\S+", "e")
            places = [terminal.columns_of(line[:re.search(r"\d+ %|[█-▏]", line).start()])
                      for line in tty.screen[1:]]
            self.assertEqual(len(set(places)), 1, tty.screen)
            self.let_go()
            self.assertEqual(tty.wait(), 0)
            places = [terminal.columns_of(line[:line.index("6 new")]) for line in tty.screen[1:]]
            self.assertEqual(len(set(places)), 1, tty.screen)


class RealTerminal(ProgressCase):
    """tmux wraps lines anew, and its window is resized while lines stand in it."""

    def wait_for_lines(self, pattern):
        end = time.monotonic() + PATIENCE_S
        while not re.search(pattern, "\n".join(self.tmux.lines())):
            self.assertLess(time.monotonic(), end, self.tmux.lines())
            time.sleep(0.03)

    def test_its_window_changes(self):
        self.hold("home", "office", "club")
        env = self.box.environment({"PS1": "$ ", "AMBIL": os.path.abspath(harness.AMBIL)})
        self.tmux = tmux.Tmux(env, self.box.home, (24, 80))
        self.addCleanup(self.tmux.close)
        self.wait_for_lines(r"^\$$")
        # In the last rows, as after a while in any terminal.
        self.tmux.type("seq 30; echo above; $AMBIL")
        three = r"\n30\nabove\nhome +%s\noffice +%s\nclub +%s$"
        self.wait_for_lines(three % ((".* 2 of 6   6.0 of 12.0 KiB.*",) * 3))
        # Nothing of the wide ones is left, above or below, however it was wrapped.
        for columns, rest in (30, r"\S* +50 %   2 of 6"), (16, r"50 %"), (80, r".* 2 of 6   6.0 of 12.0 KiB.*"):
            self.tmux.resize(24, columns)
            self.wait_for_lines(three % ((rest,) * 3))
        self.tmux.resize(3, 80)
        self.wait_for_lines(r"\nhome.*\n0 of 3 accounts done   2 more at work.*$")
        self.tmux.resize(24, 80)
        self.wait_for_lines(r"\nhome.*\noffice.*\nclub.*$")
        self.tmux.press("C-c")
        self.wait_for_lines("stops at once\nhome     stopping …\noffice   stopping …\nclub     stopping …$")
        self.let_go()
        self.wait_for_lines(r"\n\$$")
        text = "\n".join(self.tmux.lines())
        self.assertEqual(text.count("above"), 2, text)
        self.assertNotRegex(text, r"%|stopping …|accounts done")


class Numbers(ProgressCase):
    def per_cents(self, text):
        return [int(n) for n in re.findall(r"(-?\d+) %", text)]

    def test_sizes_that_lie(self):
        for lies in [1] * 5, [10 ** 12] * 5, [2 ** 63 - 1] * 5, [10 ** 9, 1, 10 ** 9, 1, 0]:
            with self.subTest(lies=lies):
                self.setUp()
                self.hold(at=4, mails="5:40K", faults=["slow:ms=30"] + [
                    "list-lie:%d:%d" % (n + 1, lie) for n, lie in enumerate(lies)])
                with self.box.terminal() as tty:
                    tty.expect(r"% +\d of 5")
                    self.let_go()
                    self.assertEqual(tty.wait(), 0)
                    shown = self.per_cents(tty.text)
                    self.assertEqual(shown, sorted(shown), tty.text)
                    self.assertTrue(all(0 <= n <= 100 for n in shown), shown)
                    self.assertEqual(100 in shown, " 5 of 5" in tty.text)
                    self.assertNotRegex(tty.text, r"-\d|nan|inf")
                    self.assertRegex(tty.screen[0], r"^home   5 new messages \(200\.0 KiB\)")

    def test_not_drawn_more_often_than_ten_times_a_second(self):
        """By the time that the program had, whatever the machine made of it."""
        names = ["a%d" % n for n in range(8)]
        self.serve("--generate", "60:2K", tls="none", faults=["wait:RETR:ms=60"])
        self.box.write_config(*[self.account(name, deliver="maildir:~/%a") for name in names])
        start = time.monotonic()
        with self.box.terminal() as tty:
            self.assertEqual(tty.wait(), 0, tty.text)
            ticks = (time.monotonic() - start) * 10
            # Below a line that comes above them they are written again as they were, which is no
            # drawing, and begins in a row of its own.
            drawn = tty.text.count("\r" + DRAWING)
            self.assertGreater(ticks, 11)
            self.assertLessEqual(drawn, ticks + 1)
            self.assertGreater(drawn, 3, tty.text)


class Looks(ProgressCase):
    def test_the_c_locale(self):
        self.hold()
        with self.terminal(env={"LC_ALL": "C"}) as tty:
            self.live(tty, "home")
            self.assertRegex(tty.screen[1], r"home   #+ +\d+ %   \d of 6 ")
            self.let_go()
            self.assertEqual(tty.wait(), 0)
            self.assertTrue(tty.raw.isascii(), tty.text)

    def test_colour_is_one_thing_and_lines_are_another(self):
        self.hold()
        with self.terminal(env={"NO_COLOR": "1"}) as tty:
            self.live(tty, "home")
            self.assertNotRegex(tty.text, r"\x1b\[[\d;]*m")
            self.let_go()
            self.assertEqual(tty.wait(), 0)

    def test_lines_can_be_forced_on_a_dumb_terminal_and_forbidden_on_another(self):
        self.hold()
        with self.terminal("--progress", "always", env={"TERM": "dumb"}) as tty:
            self.live(tty, "home")
            self.let_go()
            self.assertEqual(tty.wait(), 0)
        for more in {"args": ("--progress=never",)}, {"env": {"TERM": "dumb"}}, {"env": {"TERM": ""}}:
            with self.subTest(**more), self.terminal(*more.pop("args", ()), **more) as tty:
                self.assertEqual(tty.wait(), 0)
                self.assertNotIn("\x1b", tty.text)
                self.assertEqual(len(tty.text.splitlines()), 2, tty.text)

    def test_mail_that_goes_to_the_terminal_is_not_mixed_with_lines(self):
        self.serve(mails=corpus.numbered(3), tls="none")
        self.configure(deliver="-")
        with self.box.terminal() as tty:
            self.assertEqual(tty.wait(), 0)
            self.assertNotIn("\x1b", tty.text)

    def test_an_error_stands_above_the_lines_of_others(self):
        self.hold("home", "office")
        self.box.write_config(self.account("home"), self.account("wrong", user="nobody"),
                              self.account("office"))
        with self.terminal() as tty:
            self.wait_for(tty, lambda screen: len(screen) > 5 and all(
                re.match(name + " .* of 6 ", line) for name, line in zip(("home", "office"), screen[-2:])))
            self.assertRegex(tty.screen[1], 'ambil: wrong: .* refused the login of "nobody"')
            self.assertEqual([line.split()[0] for line in tty.screen[-2:]], ["home", "office"])
            # In the same moment as the error: there is no gap.
            self.assertRegex(tty.text, r"refused the login[^%]*?\x1b\[\?7lhome ")
            self.let_go()
            self.assertEqual(tty.wait(), 77)
            self.assertEqual([line.split()[0] for line in tty.screen[-2:]].count("wrong"), 0)

    def test_a_command_that_asks_has_the_terminal_for_itself(self):
        self.hold("club", "home")
        ask = self.box.write("ask", "printf 'PIN: ' >/dev/tty; read answer </dev/tty; "
                             "echo thanks >/dev/tty; echo $answer")
        self.box.write_config(self.account("club", deliver="maildir:~/%a"),
                              self.account("home", deliver="maildir:~/%a", password_file=None,
                                           password_command="sh %s" % ask))
        with self.terminal() as tty:
            self.wait_for(tty, lambda screen: screen[-1:] == ["PIN:"])
            # Others are at work, and a window that changes has its lines drawn at once else.
            tty.resize(24, 60)
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                tty.read(0.1)
            tty.send(popd_case.popd.PASSWORD.encode() + b"\n")
            self.wait_for(tty, lambda screen: len(screen) > 3 and all(
                re.match(name + ".* 2 of 6 ", line) for name, line in zip(("club", "home"), screen[-2:])))
            self.assertEqual(tty.screen[:3], ["above", "PIN: " + popd_case.popd.PASSWORD, "thanks"])
            self.assertNotIn(DRAWING, tty.text[tty.text.index("PIN"):tty.text.index("thanks")])
            self.let_go()
            self.assertEqual(tty.wait(), 0)

    def test_messages_are_told_above_the_line(self):
        self.hold()
        with self.terminal("-v") as tty:
            self.wait_for(tty, lambda screen: re.match(r"home +\S.*of 6", "".join(screen[-1:])))
            self.let_go()
            self.assertEqual(tty.wait(), 0)
            self.assertEqual(len([line for line in tty.screen if "octets" in line or "KiB  new/" in line
                                  or re.search(r"KiB  \S", line)]), 6, tty.screen)
            self.assertFalse([line for line in tty.screen if "%" in line], tty.screen)


class Ends(ProgressCase):
    """Whatever ends or stops it, the terminal is left clean."""

    def worker(self, tty):
        with open("/proc/%d/task/%d/children" % (tty.process.pid, tty.process.pid),
                  encoding="ascii") as f:
            return int(f.read().split()[0])

    def test_a_worker_is_killed(self):
        self.hold("home", "office")
        with self.terminal() as tty:
            self.live(tty, "home", "office")
            os.kill(self.worker(tty), signal.SIGKILL)
            self.wait_for(tty, lambda screen: len(screen) > 2 and screen[-1].startswith("office "))
            self.let_go()
            self.assertEqual(tty.wait(), 70)
            self.assertRegex(" ".join(tty.screen),
                             "^above ambil: home: the worker ended by signal 9; nothing is lost, "
                             "the next +run goes on office +6 new messages")

    def test_signals(self):
        for sign, code in (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130):
            with self.subTest(sign=sign):
                self.setUp()
                self.hold("home", "office")
                with self.terminal() as tty:
                    self.live(tty, "home", "office")
                    os.kill(tty.process.pid, sign)
                    self.wait_for(tty, lambda screen: screen[2:] == ["home     stopping …",
                                                                     "office   stopping …"])
                    self.let_go()
                    self.assertEqual(tty.wait(), code)
                    self.assertNotRegex("\n".join(tty.screen), r"%|stopping …")
                    self.assertTrue(tty.echoes())

    def test_a_terminal_that_takes_nothing(self):
        """One request to stop ends the program, though it is stuck in writing."""
        self.serve("--generate", "2000:1K", tls="none")
        self.configure()
        with self.terminal("-v", env={"AMBIL_BATCH": "8"}) as tty:
            tty.expect(re.escape(DRAWING))
            end = time.monotonic() + PATIENCE_S
            while select.select([], [tty.slave], [], 0)[1]:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            self.assertIsNone(tty.process.poll())
            os.kill(tty.process.pid, signal.SIGINT)
            self.assertEqual(tty.process.wait(PATIENCE_S), 130)

    def test_ctrl_backslash(self):
        self.hold("home", "office")
        with self.terminal() as tty:
            self.live(tty, "home", "office")
            tty.send(b"\x1c")
            self.assertEqual(tty.wait(), -signal.SIGQUIT)
            self.assertEqual([line for line in tty.screen if line != "^\\"], ["above"], tty.screen)
            self.assertTrue(tty.text.endswith("\r \x1b[J\r"), tty.text[-60:])

    def test_ctrl_z_and_fg(self):
        self.hold("home", "office")
        os.mkdir(self.box.path("bin"))
        os.symlink(os.path.abspath(harness.AMBIL), self.box.path("bin", "ambil"))
        path = self.box.path("bin") + ":" + os.environ.get("PATH", "/usr/bin:/bin")
        env = self.box.environment({"TERM": "xterm", "PATH": path, "PS1": "shell> ", "ENV": None})
        with terminal.Terminal(["/bin/sh", "-i"], env, cwd=self.box.home) as tty:
            tty.expect(r"shell> $")
            tty.send(b"ambil\n")
            self.wait_for(tty, lambda screen: len(screen) == 3 and " of 6" in screen[2])
            tty.send(b"\x1a")
            tty.expect(r"(?i)stopped[\s\S]*shell> $")
            self.assertNotRegex("\n".join(tty.screen), r"%|office")
            tty.send(b"fg\n")
            self.wait_for(tty, lambda screen: re.match(r"office .* of 6", screen[-1]))
            self.assertRegex(tty.screen[-2], r"^home .* of 6")
            self.let_go()
            tty.expect(r"6 new messages[\s\S]*6 new messages[^\n]*\n[\s\S]*shell> $")
            self.assertNotIn("%", "\n".join(tty.screen))
            self.assertEqual(tty.screen[-1], "shell>")


if __name__ == "__main__":
    unittest.main()
