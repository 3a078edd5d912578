# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that mail is piped to, and that do anything but take it."""

import os
import subprocess
import time
import unittest

import corpus
import harness
import hostile
import mailstore

TAKE = 'cat >"$HOME/taken/$AMBIL_UID" || exit 75\n'


class CommandCase(hostile.HostileCase):
    def setUp(self):
        super().setUp()
        os.mkdir(self.box.path("taken"))

    def delivered(self):
        folder = self.box.path("taken")
        mails = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as f:
                mails.append(f.read())
        return mails

    def command(self, text, interpreter="/bin/sh"):
        return self.box.write("command", "#!%s\n%s" % (interpreter, text), mode=0o700)

    def pipe(self, text, codes, says=(), limit=hostile.IN_TIME_S, **keys):
        """One run with a command of these lines."""
        self.serve()
        self.cured_by = self.mend
        self.keys = {"deliver": "pipe:" + self.command(text), "command_timeout": "5m", **keys}
        self.configure()
        self.first = self.go(limit=limit)
        self.assert_nothing_lost()
        self.assert_tidy(self.first, codes, *([says] if isinstance(says, str) else says))
        return self.first

    def mend(self):
        self.command(TAKE)
        self.serve()

    def left(self, mails):
        mailstore.assert_same(self, self.server.mailbox(), mails, "left on the server")


FEW = 4         # mails for a command; fewer for one that hangs, which is stopped each time


@hostile.each({
    "exits at once without reading": dict(text="exit 75\n", codes=(75,), says="exited 75"),
    "refuses at once without reading": dict(text="exit 1\n", codes=(65,)),
    "reads one octet and refuses": dict(text="head -c 1 >/dev/null; exit 75\n", codes=(75,)),
    "hangs": dict(text="exec sleep 60\n", codes=(75,), says="1 s", mails=2),
    "hangs with children": dict(text="sleep 60 & sleep 60\n", codes=(75,), says="1 s", mails=2),
    "hangs and does not mind SIGTERM": dict(
        text="trap '' TERM INT HUP\nwhile :; do sleep 1; done\n", codes=(75,), mails=1),
    "stops itself": dict(text="kill -STOP $$\n", codes=(75,), mails=1),
    "is killed": dict(text="kill -KILL $$\n", codes=(75,), says="signal 9"),
    "crashes": dict(text="kill -SEGV $$\n", codes=(75,), says="signal 11"),
    "dies of SIGPIPE": dict(text="kill -PIPE $$\n", codes=(75,), says="signal"),
    "says wrong usage": dict(text="exit 64\n", codes=(78,)),
    "says that it cannot create its output": dict(text="exit 73\n", codes=(73,)),
    "exits with 255": dict(text="exit 255\n", codes=(65,)),
    "writes megabytes to its error output and fails": dict(
        text="head -c 8000000 /dev/zero | tr '\\0' 'x' >&2; exit 75\n", codes=(75,)),
    "writes megabytes to its standard output and fails": dict(
        text="head -c 8000000 /dev/zero; exit 75\n", codes=(75,)),
    "writes lines without end until it is stopped": dict(text="exec yes >&2\n", codes=(75,), mails=2),
    "complains with escape sequences": dict(
        text="printf '\\033]0;evil\\007\\033[2J\\230\\377 why\\r\\n' >&2; exit 75\n", codes=(75,),
        says="\\x1b"),
    "complains with NUL and broken UTF-8": dict(
        text="printf '\\000\\303\\050\\342\\200\\256' >&2; exit 75\n", codes=(75,)),
    "complains in formats": dict(text="echo '%s%n%99999d' >&2; exit 75\n", codes=(75,),
                                 says="%s%n%99999d"),
    "closes all its streams and fails": dict(
        text="exec <&- >&- 2>&-\nexit 75\n", codes=(75,)),
    "closes all its streams and hangs": dict(
        text="exec <&- >&- 2>&-\nexec sleep 60\n", codes=(75,), mails=1),
    "leaves a process behind that holds its streams, and fails": dict(
        text="sleep 200 &\nexit 75\n", codes=(75,)),
    "removes itself": dict(text='rm -f "$0"; exit 75\n', codes=(75, 78)),
})
class Failing(CommandCase):
    """The mail stays on the server, and the next run delivers it once."""

    def check(self, text, codes, says=(), mails=FEW):
        self.post(corpus.numbered(mails))
        self.pipe(text, codes, says, command_timeout="5m" if mails == FEW else "1s")
        self.assertEqual(self.delivered(), [])
        self.left(self.mails)
        self.cure()


@hostile.each({
    "reads nothing": dict(text=": >/dev/null\n"),
    "writes megabytes to its error output": dict(
        text="head -c 8000000 /dev/zero >&2\n"),
    "writes megabytes to its standard output": dict(text="head -c 8000000 /dev/zero\n"),
    "leaves a process behind that holds its streams": dict(text="sleep 200 &\n"),
    "leaves a process behind that writes without end": dict(
        text="(trap 'exit 0' TERM; end=$(($(date +%s) + 200)); "
             "while [ $(date +%s) -lt $end ]; do head -c 1000000 /dev/zero || exit; done) &\n"),
    "leaves a process behind that reads the mail later": dict(text="(sleep 1; cat >/dev/null) &\n"),
    "closes its streams": dict(text="exec <&- >&- 2>&-\n"),
})
class Succeeding(CommandCase):
    """Exit 0 is a promise: the mail counts as delivered, and nothing is waited for behind it."""

    def check(self, text):
        self.post(corpus.numbered(3))
        self.pipe_only(text)
        self.left([])

    def pipe_only(self, text):
        self.serve()
        self.keys = {"deliver": "pipe:" + self.command(text), "command_timeout": "5m"}
        self.configure()
        self.assert_tidy(self.go(), (0,))


class Standing(CommandCase):
    def test_a_command_that_takes_some_and_hangs_on_others(self):
        """What it took is not given to it again."""
        self.pipe('case $(grep Subject | tee "$HOME/s") in *[135]) sleep 60;; esac\n'
                  'cp "$HOME/s" /dev/null\nexit 75\n', (75,), limit=20, command_timeout="1s")
        self.cure()

    def test_a_command_that_fails_every_other_time(self):
        count = self.box.path("count")
        self.pipe('echo >>%s; [ $(($(wc -l <%s) %% 2)) = 0 ] || exit 75\n%s' % (count, count, TAKE),
                  (75,))
        self.assertEqual(len(self.delivered()), 3)
        self.left([m for m in self.mails if m not in self.delivered()])
        self.cure()

    def test_two_hundred_messages_and_a_command_that_hangs(self):
        """It is not called two hundred times, one timeout after the other."""
        self.post(corpus.numbered(200))
        self.pipe("echo >>$HOME/calls; exec sleep 60\n", (75,), limit=25, command_timeout="1s")
        with open(self.box.path("calls"), encoding="ascii") as f:
            self.assertLess(len(f.readlines()), 15)
        self.left(self.mails)
        self.cure()

    def test_a_signal_ends_a_run_whose_command_hangs(self):
        self.serve()
        self.cured_by = self.mend
        self.keys = {"deliver": "pipe:" + self.command(": >~/begun\nexec sleep 300\n"), "command_timeout": "10m"}
        self.configure()
        process = self.box.start()
        harness.wait_until(lambda: os.path.exists(self.box.path("begun")))
        process.terminate()
        time.sleep(1)
        process.terminate()
        process.communicate(timeout=harness.PATIENCE_S)
        self.assertIn(process.returncode, (143, -15))
        self.left(self.mails)
        self.cure()

    def test_nothing_of_a_command_that_hung_is_left_running(self):
        self.post(corpus.numbered(1))
        mark = "%d.25" % (os.getpid() + 100000)
        self.pipe("sleep %s & sleep %s\n" % (mark, mark), (75,), command_timeout="1s")
        running = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, check=True)
        self.assertNotIn(("sleep " + mark).encode(), running.stdout)
        self.cure()

    def test_an_interpreter_that_does_not_exist(self):
        self.serve()
        self.cured_by = self.mend
        self.keys = {"deliver": "pipe:" + self.command(TAKE, "/no/such/interpreter")}
        self.configure()
        self.assert_tidy(self.go(), (78,))
        self.left(self.mails)
        self.cure()

    def test_a_file_that_is_no_program(self):
        self.serve()
        self.cured_by = self.mend
        path = self.box.write("command", "\x7fELF nonsense", mode=0o700)
        self.keys = {"deliver": "pipe:" + path}
        self.configure()
        self.assert_tidy(self.go(), (78,), "cannot run")
        self.left(self.mails)
        self.cure()

    def test_a_folder_for_a_command(self):
        self.serve()
        self.cured_by = self.mend
        self.keys = {"deliver": "pipe:" + self.box.path("taken")}
        self.configure()
        self.assert_tidy(self.go(), (78,))
        self.left(self.mails)
        self.keys = {"deliver": "pipe:" + self.command(TAKE)}
        self.cure()

    def test_a_uid_that_is_a_command(self):
        """Nothing a server says is ever read by a shell."""
        uids = [b"$(touch~pwned)", b"`touch${IFS}pwned`", b";touch pwned", b"|touch pwned",
                b"'\"; touch pwned #", b"--help"]
        self.script({}, mails=list(zip(uids, self.mails)))
        self.cured_by = self.server.behave
        self.keys = {"deliver": "pipe:" + self.command(
            'cat >"$(mktemp "$HOME/taken/XXXXXX")"\nprintf "%s\\n" "$AMBIL_UID" >>~/uids\n')}
        self.cure()
        self.assertFalse(os.path.exists(self.box.path("pwned")))

    def test_a_uid_with_line_breaks_and_escapes_in_the_environment(self):
        self.script({}, mails=[(b"a\r\x1b[2J\x07\0x", self.mails[0])])
        self.mails = self.mails[:1]
        self.cured_by = self.server.behave
        self.keys = {"deliver": "pipe:" + self.command(
            'cat >"$HOME/taken/one"\nprintf %s "$AMBIL_UID" >~/uid\n')}
        self.cure()
        with open(self.box.path("uid"), "rb") as f:
            self.assertNotRegex(f.read(), rb"[\x00-\x1f\x7f]")


if __name__ == "__main__":
    unittest.main()
