# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that nobody watches: what they say of failures and when, the journal, on-new, status, the units.

Time passes by a shifted calendar: no test waits for it.
"""

import os
import signal
import socket
import subprocess
import time
import unittest

import corpus
import events
import harness
import needs
import popd_case
import terminal

SYSTEMD = os.path.join(harness.HERE, "..", "..", "systemd")


def setUpModule():
    events.start()


class Case(popd_case.PopdCase):
    def account(self, name="home", **more):
        return super().account(name, **{"quiet_for": None, **more})

    def later(self, shift):
        # The times of files are what they are.
        return {**self.box.faketime(shift), "NO_FAKE_STAT": "1"}

    def at(self, shift, *args, **more):
        return self.box.run(*args, env=self.later(shift), **more)

    def assert_hushed(self, result, code=75):
        self.assertEqual((result.code, result.stdout, result.stderr), (code, b"", ""))

    def assert_line(self, result, code, *parts):
        """One line, with these parts."""
        self.assert_code(result, code)
        self.assertEqual((len(result.lines), result.stdout), (1, b""), str(result))
        self.assert_said(result.stderr, *parts)

    def state(self, name):
        return os.path.join(self.box.state, "ambil", name)

    def works_first(self, *faults, **more):
        self.serve(mails=corpus.numbered(2), faults=list(faults))
        self.configure(**more)
        self.ambil()


class Quiet(events.EventsCase, Case):
    def test_a_fault_that_passes_is_not_said(self):
        self.works_first("in-use@2-3")
        self.assert_hushed(self.at("+10m"))
        self.assert_hushed(self.at("+1h"))
        self.ambil(env=self.later("+70m"))
        self.assertEqual(len(self.server.sessions(4)), 4)

    def test_one_that_lasts_is_said_once_and_then_daily_whatever_its_reasons(self):
        self.works_first("in-use@2-5")
        self.assert_hushed(self.at("+10m"))
        self.configure(port=1)
        self.assert_hushed(self.at("+1h"))
        self.assert_hushed(self.at("+2h"))
        self.configure()
        self.assert_line(self.at("+131m"), 75, "ambil: home: ", "; no run has gone well for 2 h (4 failed)")
        self.configure(port=1)
        self.assert_hushed(self.at("+3h"))
        self.configure()
        self.assert_hushed(self.at("+25h"))
        self.assert_line(self.at("+27h"), 75, "; no run has gone well for 1 d (7 failed)")
        self.assert_line(self.at("+28h"), 0, "ambil: home: works again after 1 d (7 failed runs)")
        self.ambil(env=self.later("+29h"))

    def test_that_there_is_no_network_is_such_a_fault(self):
        """In a network of its own, where nothing is up."""
        if os.geteuid() != 0:
            self.skipTest("needs root, for a network of its own")
        self.works_first()
        self.configure(host="192.0.2.7")
        apart = ["unshare", "-n"]
        self.assert_hushed(self.at("+10m", wrap=apart))
        self.assert_hushed(self.at("+2h", wrap=apart))
        self.assert_line(self.at("+131m", wrap=apart), 75, "ambil: home: no network (Network is unreachable); "
                         "no run has gone well for 2 h (3 failed)")
        self.configure()
        self.assert_line(self.at("+5h"), 0, "ambil: home: works again after 4 h (3 failed runs)")

    def test_from_who_types_it_nothing_is_kept_wherever_the_words_go(self):
        self.works_first("in-use@2-4")
        words = self.box.path("words")
        for _ in range(2):
            with terminal.Terminal(["sh", "-c", 'exec "$0" 2>words', harness.AMBIL],
                                   self.box.environment({}), cwd=self.box.home) as t:
                self.assertEqual(t.wait(), 75)
            with open(words, encoding="utf-8") as f:
                self.assert_said(f.read(), "ambil: home: ")
        self.assert_hushed(self.at("+10m"))

    def test_a_permanent_failure_is_said_at_once_and_not_by_every_run(self):
        self.works_first(retry_auth="unlimited")
        self.box.write("password", "wrong\n")
        self.assert_line(self.at("+10m"), 77, "refused the login")
        self.assert_hushed(self.at("+20m"), 77)
        self.configure(deliver="maildir:~/nowhere/else/Mail")
        self.assert_line(self.at("+30m"), 73, "nowhere")
        self.assert_hushed(self.at("+40m"), 73)
        self.assert_line(self.at("+25h"), 73, "nowhere", "no run has gone well for 1 d (5 failed)")
        self.configure()
        self.assert_line(self.at("+26h"), 0, "works again after 1 d (5 failed runs)")
        # It was said today: that it comes and goes is no news, unless it lasts.
        self.ambil(env=self.later("+27h"))
        self.configure(deliver="maildir:~/nowhere/else/Mail")
        self.assert_hushed(self.at("+28h"), 73)
        self.assert_line(self.at("+30h"), 73, "nowhere", "no run has gone well for 2 h (2 failed)")

    def test_an_account_that_has_never_worked_says_so(self):
        self.serve(mails=corpus.numbered(1))
        self.configure(port=1)
        self.assert_line(self.box.run(), 75, "refuses connections")
        self.assert_hushed(self.box.run())
        # So does one whose history is lost.
        os.unlink(self.state("home.runs"))
        self.assert_line(self.box.run(), 75, "refuses connections")
        with open(self.state("home.runs"), "w", encoding="utf-8") as f:
            f.write("fails over and over\n")
        self.assert_line(self.box.run(), 75, "refuses connections")
        self.configure()
        result = self.box.run()
        # Seconds are not worth a word.
        self.assert_line(result, 0, "works again")
        self.assertRegex(result.stderr, r"again( after \d+ min)? \(1 failed run\)")

    def test_a_clock_that_is_turned_back_delays_it_by_no_more_than_that_time(self):
        self.works_first("in-use@2-5")
        self.assert_hushed(self.at("+10m"))
        self.assert_hushed(self.at("-1d"))
        self.assert_hushed(self.at("-23h"))
        self.assert_line(self.at("-21h"), 75, "no run has gone well for 3 h (4 failed)")

    def test_each_account_has_its_own(self):
        self.serve(mails=corpus.numbered(2))
        self.box.write_config(self.account("home"), self.account("work", deliver="maildir:~/Work"),
                              self.account("club", port=1, deliver="maildir:~/Club"))
        self.assert_line(self.box.run(), 75, "ambil: club: ")
        self.box.write_config(self.account("home"), self.account("work", port=1),
                              self.account("club", port=1))
        self.assert_hushed(self.at("+1h"))
        self.assert_line(self.at("+4h"), 75, "ambil: work: ", "for 3 h (2 failed)")

    def test_a_good_run_behind_a_good_one_only_touches_the_file(self):
        self.works_first()
        before = os.stat(self.state("home.runs"))
        with open(self.state("home.db"), "rb") as f:
            held = f.read()
        trace = self.box.path("strace")
        self.box.run(wrap=(needs.need("strace"), "-f", "-o", trace, "-e",
                           "trace=fsync,fdatasync,rename,renameat,renameat2,unlink,utimensat"))
        with open(trace, encoding="utf-8") as f:
            calls = [line.split()[1].split("(")[0] for line in f if "(" in line]
        self.assertEqual(calls, ["utimensat"])
        after = os.stat(self.state("home.runs"))
        self.assertEqual(before.st_ino, after.st_ino)
        self.assertGreaterEqual(after.st_mtime, before.st_mtime)
        with open(self.state("home.db"), "rb") as f:
            self.assertEqual(f.read(), held)

    def test_what_cannot_be_remembered_is_said(self):
        self.works_first("in-use@2-3")
        os.unlink(self.state("home.runs"))
        os.mkdir(self.state("home.runs"))
        for _ in range(2):
            self.assert_line(self.box.run(), 75, "ambil: home: ")

    def test_a_disk_that_is_full_is_remembered(self):
        """Of the state, on a file system of its own."""
        if os.geteuid() != 0:
            self.skipTest("needs root, for a file system of its own")
        self.serve(mails=corpus.numbered(2))
        self.configure()
        small = os.path.join(self.box.state, "ambil")
        os.mkdir(small)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k,mode=0700", "ambil-test", small],
                          check=False).returncode:
            needs.missing_here("cannot mount a file system")
        self.addCleanup(subprocess.run, ["umount", small], check=True)
        self.ambil()
        self.server.delivers(corpus.numbered(1, start=7))
        with self.assertRaises(OSError), open(self.state("full"), "wb", buffering=0) as full:
            while full.write(bytes(4096)):
                pass
        self.assert_line(self.at("+10m"), 74, "home.db", "No space left on device")
        self.assert_hushed(self.at("+20m"), 74)
        os.unlink(self.state("full"))
        self.assert_line(self.at("+30m"), 0, "works again after ", " (2 failed runs)")
        self.assertEqual(len(self.maildir()), 3)

    def test_a_run_that_does_not_end_is_said_by_those_that_find_it(self):
        """Else one that has got stuck would keep all others silent for ever."""
        release = self.box.path("release")
        self.serve("--release", release, mails=corpus.numbered(3), faults=["hold-retr:2"])
        self.configure()
        process = self.box.start()
        harness.wait_until(lambda: "RETR 2" in self.server.log())
        self.assert_hushed(self.at("+10m"), 0)
        self.assert_hushed(self.at("+2h"), 0)
        pid, = (event["pid"] for event in self.run_json("status") if "pid" in event)
        self.assert_line(self.at("+131m"), 0, "ambil: home: another ambil (pid %d) has had the account for 2 h "
                         "(try: kill %d)" % (pid, pid))
        self.assert_hushed(self.at("+3h"), 0)
        warning = self.one(self.run_json(env=self.later("+27h")), "warning")
        self.assertEqual(warning["hint"], "kill %d" % pid)
        os.kill(pid, signal.SIGTERM)
        self.assert_code(harness.finish(process), 143)
        self.box.write("release", "")
        self.ambil(env=self.later("+28h"))
        self.assertEqual(len(self.maildir()), 3)

    def test_whoever_wants_to_hear_it_does(self):
        self.works_first("in-use@2-")
        self.assert_said(self.box.run("-v").stderr, "ambil: home: ")
        with self.box.terminal() as terminal:
            self.assertEqual(terminal.wait(), 75)
            self.assert_said(terminal.text, "ambil:", "home: ", "in now")
        result = self.box.run("--json")
        self.assertIn('"status":"error","code":75', result.stdout.decode())
        self.assert_hushed(self.box.run())
        self.configure(quiet_for="0s")
        for _ in range(2):
            self.assertEqual(len(self.box.run().lines), 1)

    def test_so_is_what_prevents_a_run_for_another_reason(self):
        """No password is found before any process of the account runs."""
        self.works_first()
        self.configure(password_file=None, netrc=False, keyring=False)
        self.assert_line(self.box.run(), 78, "no password")
        self.assert_hushed(self.box.run(), 78)


class Journal(Case):
    def run_into(self, stream, *args, told=None):
        """Run with a stream as standard error that JOURNAL_STREAM names, or another."""
        st = os.fstat(stream.fileno())
        told = "%d:%d" % (st.st_dev, st.st_ino) if told is None else told
        process = subprocess.run([harness.AMBIL, *args], stderr=stream, cwd=self.box.home, check=False,
                                 env=self.box.environment({"JOURNAL_STREAM": told}))
        return process.returncode

    def heard(self, *args, **more):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            code = self.run_into(theirs, *args, **more)
            theirs.shutdown(socket.SHUT_WR)
            octets = b""
            while more_octets := ours.recv(65536):
                octets += more_octets
        return code, octets.decode().splitlines()

    def test_each_line_has_its_priority(self):
        self.serve(mails=corpus.numbered(2), faults=["in-use@2"])
        self.configure(on_new="false")
        code, lines = self.heard("-v")
        self.assertEqual(code, 0)
        self.assertEqual({line[:3] for line in lines if "on-new command \"" not in line}, {"<6>"})
        self.assertEqual([line[:3] for line in lines if "on-new command \"" in line], ["<4>"])
        code, lines = self.heard("-v")
        self.assertEqual((code, [line[:17] for line in lines if "ambil: " in line]),
                         (75, ["<4>ambil: home: l"]))
        self.box.write("password", "wrong\n")
        code, lines = self.heard()
        self.assertEqual((code, [line[:16] for line in lines]), (77, ["<3>ambil: home: "]))
        code, lines = self.heard("--nonsense")
        self.assertEqual((code, lines[0][:10]), (64, "<3>ambil: "))

    def test_of_another_stream_nothing_is_said(self):
        self.serve(mails=corpus.numbered(2))
        self.configure(port=1)
        for told in ("1:1", "", "nonsense"):
            os.makedirs(os.path.join(self.box.state, "ambil"), exist_ok=True)
            code, lines = self.heard("-v", told=told)
            self.assertEqual(code, 75)
            self.assertEqual([line for line in lines if line.startswith("<")], [])

    def test_a_file_is_as_good(self):
        self.serve(mails=corpus.numbered(2))
        self.configure(port=1)
        with open(self.box.path("log"), "w+", encoding="utf-8") as log:
            self.assertEqual(self.run_into(log), 75)
            log.seek(0)
            self.assertEqual(log.read()[:10], "<4>ambil: ")


NOTE = """#!/bin/sh
{ printf '%s|' "$@"; echo; env | grep ^AMBIL_ | sort; wc -c; } >>"$HOME/note"
"""


class OnNew(Case):
    def noted(self):
        try:
            with open(self.box.path("note"), encoding="utf-8") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def configure_note(self, mails, **more):
        self.box.write("note.sh", NOTE, 0o700)
        self.serve(mails=mails)
        self.configure(on_new="%s 'two words' \\$HOME ; x" % self.box.path("note.sh"), **more)

    def test_it_is_run_once_when_mail_has_come(self):
        mails = corpus.numbered(3)
        self.configure_note(mails)
        size = sum(len(mail) + mail.count(b"\n") for mail in mails)
        self.box.run("--dry-run")
        self.box.run("check")
        self.assertEqual(self.noted(), [])
        self.ambil()
        self.assertEqual(self.noted(), [
            "two words|$HOME|;|x|", "AMBIL_ACCOUNT=home", "AMBIL_DELIVER=maildir:~/Mail",
            "AMBIL_HOST=localhost", "AMBIL_NEW=3", "AMBIL_SIZE=%d" % size, "AMBIL_USER=anna", "0"])
        self.ambil()
        self.server.delivers(corpus.numbered(1, start=7))
        self.box.run("--from-now")
        self.assertEqual(len(self.noted()), 8)

    def test_it_is_run_for_each_account(self):
        self.configure_note(corpus.numbered(2))
        note = self.box.path("note.sh")
        self.box.write_config(self.account("home", on_new=note),
                              self.account("work", on_new=note, deliver="mbox:~/work"))
        self.ambil()
        self.assertEqual([line for line in sorted(self.noted()) if line.startswith("AMBIL_ACCOUNT")],
                         ["AMBIL_ACCOUNT=home", "AMBIL_ACCOUNT=work"])

    def test_it_is_run_for_what_came_before_a_failure(self):
        mails = corpus.numbered(3)
        self.configure_note(mails)
        self.server.stop()
        self.serve(mails=mails, faults=["err:RETR:2:no"])
        self.configure(on_new=self.box.path("note.sh"))
        self.box.run()
        self.assertIn("AMBIL_NEW=2", self.noted())

    def test_it_is_run_past_the_deadline_too(self):
        mails = corpus.numbered(3)
        self.serve("--release", self.box.path("release"), mails=mails, faults=["hold-retr:3"])
        self.box.write("note.sh", NOTE, 0o700)
        self.configure(on_new=self.box.path("note.sh"), deadline="8s")
        self.assert_line(self.box.run(), 75, "stopped after 8 s (deadline)")
        self.assertIn("AMBIL_NEW=2", self.noted())

    def test_its_failure_costs_nothing_but_a_warning(self):
        fails = self.box.write("fails.sh", "#!/bin/sh\necho; echo 'no index here' >&2\nexit 3\n", 0o700)
        for command, timeout, *words in (
                (fails, "1m", "exited 3: no index here"),
                (self.box.path("missing"), "1m", "cannot run"),
                ("sh -c 'kill -9 $$'", "1m", "was ended by signal 9"),
                ("sleep 60", "1s", "had not ended after 1 s and was stopped")):
            with self.subTest(command=command):
                self.setUp()
                self.box.write("fails.sh", "#!/bin/sh\necho; echo 'no index here' >&2\nexit 3\n", 0o700)
                command = command.replace(os.path.dirname(fails), self.box.home)
                self.serve(mails=corpus.numbered(2))
                self.configure(on_new=command, command_timeout=timeout)
                self.assert_line(self.box.run(), 0, "ambil: home: ", *words)
                self.assert_maildir(corpus.numbered(2))
                self.ambil()

    def test_doctor_looks_for_the_command(self):
        self.serve(mails=corpus.numbered(1))
        self.configure(on_new="sh -c true")
        result = self.box.run("doctor")
        self.assertRegex(result.stdout.decode(), r"(?m)^ *ok +on-new +sh -c true, a command that is there$")
        self.assert_code(result, 0)
        self.configure(on_new="no-such-command --now")
        result = self.box.run("doctor")
        self.assert_code(result, 0)
        self.assert_said(result.stdout.decode(), "on-new", 'the command "no-such-command" was not found',
                         "on-new in ambil.conf:")

    def test_config_check_looks_for_it_too(self):
        self.serve(mails=corpus.numbered(1))
        for command, words in (("no-such-command", 'on-new: the command "no-such-command" does not exist'),
                               ("sh -c 'true", "has an open quote"), (" ", "is empty")):
            self.configure(on_new=command)
            self.assert_line(self.box.run("config", "check"), 78, "ambil.conf:", words)
        self.configure(on_new="sh -c true")
        self.assert_code(self.box.run("config", "check"), 0)

    def test_a_signal_ends_it_and_its_mail_is_there(self):
        self.serve(mails=corpus.numbered(2))
        os.mkfifo(self.box.path("fifo"))
        self.configure(on_new="sh -c 'trap \"echo ended >~/ended; exit 1\" TERM; echo >fifo; sleep 60 & wait'")
        process = self.box.start()
        with open(self.box.path("fifo"), "rb") as fifo:
            fifo.readline()
        process.send_signal(signal.SIGTERM)
        result = harness.finish(process)
        self.assert_line(result, 143, "ambil: home: the on-new command", "was stopped before its end, as the run was")
        self.assert_maildir(corpus.numbered(2))
        self.assertTrue(os.path.exists(self.box.path("ended")))
        self.ambil()

    def test_no_other_run_has_the_account_meanwhile(self):
        self.serve(mails=corpus.numbered(2))
        os.mkfifo(self.box.path("fifo"))
        self.configure(on_new="sh -c 'echo >fifo; cat <fifo'")
        process = self.box.start()
        with open(self.box.path("fifo"), "rb") as fifo:
            fifo.read()
        result = self.box.run("-v")
        self.assert_said(result.stderr, "another ambil is fetching; skipped")
        self.assertEqual(self.box.run("status").code, 0)
        with open(self.box.path("fifo"), "wb"):
            pass
        self.assert_silent(harness.finish(process))


class Status(events.EventsCase, Case):
    def status(self, *args, **more):
        result = self.box.run("status", *args, **more)
        self.assertEqual(result.stderr, "")
        return result.code, result.stdout.decode().splitlines()

    def everything(self):
        found = {}
        for folder, _, names in os.walk(self.box.state):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    found[path] = (os.stat(path).st_mtime_ns, f.read())
        return found

    def test_it_shows_how_the_accounts_stand_and_touches_nothing(self):
        self.serve(mails=corpus.numbered(3), faults=["in-use@2-"])
        self.configure(keep="14d")
        self.assertEqual(self.status(), (0, ["ACCOUNT   STATE       WENT WELL", "home      never run   never"]))
        self.assertEqual(self.everything(), {})
        days = {harness.day(14)}
        self.ambil()
        sessions, before = self.server.count_sessions(), self.everything()
        code, lines = self.status("home", env=self.later("+4m"))
        self.assertEqual((code, lines[1][:-10]), (0, "home      ok      4 min ago   next deletion "))
        self.assertIn(lines[1][-10:], days | {harness.day(14)})
        _, lines = self.status(env=self.later("+15d"))
        self.assertEqual(lines[1], "home      ok      15 d ago    3 messages to be deleted")
        self.assertEqual((self.server.count_sessions(), self.everything()), (sessions, before))
        for shift in ("+10m", "+70m"):
            self.assert_hushed(self.at(shift))
        code, lines = self.status("--exit-code", env=self.later("+190m"))
        self.assertEqual(code, 75)
        self.assert_said(lines[1], "home      failing   3 h ago     2 failed runs in 3 h: localhost")
        self.assertEqual(self.status()[0], 0)
        self.assertEqual(self.status("-q", "--exit-code"), (75, []))

    def test_a_monitor_reads_it(self):
        self.works_first(retry_auth=1)
        begun = int(time.time())
        self.box.write("password", "wrong\n")
        self.assert_code(self.at("+1h"), 77)
        status, = self.run_json("status", "--exit-code", env=self.later("+2h"), code=77)
        times = {name: status.pop(name) for name in ("worked", "failing_since", "failed", "next_login")}
        self.assertRegex(status.pop("message"), "refused the login")
        self.assertRegex(status.pop("server"), "AUTH")
        self.assertEqual(status, {
            "v": 1, "event": "status", "account": "home", "status": "paused", "failures": 1, "code": 77,
            "kind": "auth", "temporary": False, "to_delete": 0})
        seconds = {name: int(time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))) - time.timezone
                   for name, text in times.items()}
        self.assertAlmostEqual(seconds["worked"], begun, delta=60)
        self.assertAlmostEqual(seconds["failed"], begun + 3600, delta=60)
        self.assertEqual(seconds["failed"], seconds["failing_since"])
        self.assertAlmostEqual(seconds["next_login"], begun + 25 * 3600, delta=60)
        _, lines = self.status(env=self.later("+90m"))
        self.assert_said(lines[1], "home      paused   1 h ago     next login in 23 h; 1 failed run in 30 min: ")
        self.assertNotIn("next attempt", "".join(lines))

    def test_a_monitor_hears_that_no_run_is_started_any_more(self):
        self.serve(mails=corpus.numbered(1))
        self.configure()
        unknown = "no run went well in the last 2 h: does cron or a timer start any?"
        code, lines = self.status("--max-age", "2h")
        self.assertEqual((code, lines[1]), (1, "home      never run   never       " + unknown))
        self.ambil()
        self.assertEqual(self.status("--max-age", "2h", env=self.later("+1h"))[0], 0)
        code, lines = self.status("--max-age=2h", env=self.later("+3h"))
        self.assertEqual((code, lines[1]), (1, "home      late    3 h ago     " + unknown))
        home, = self.run_json("status", "--max-age", "2h", code=1, env=self.later("+3h"))
        self.assertEqual((home["status"], home["late"]), ("late", True))
        # What fails for the time being does so for two hours; then it is no better than what is not tried.
        self.configure(port=1)
        self.assert_hushed(self.at("+1h"))
        home, = self.run_json("status", "--max-age", "2h", code=75, env=self.later("+1h"))
        self.assertEqual((home["status"], home["late"]), ("failing", False))
        code, lines = self.status("--max-age", "2h", env=self.later("+3h"))
        self.assertEqual(code, 1)
        self.assert_said(lines[1], "home      failing   3 h ago     no run went well in the last 2 h; 1 failed run in 2 h: ")
        # A failure that stays tells more.
        self.configure(deliver="maildir:~/nowhere/else/Mail")
        self.at("+2h")
        self.assertEqual(self.status("--max-age", "2h", env=self.later("+3h"))[0], 73)

    def test_what_cannot_be_read_of_earlier_runs_is_said_and_stops_nothing(self):
        self.serve(mails=corpus.numbered(2))
        self.configure()
        self.ambil()
        runs = self.state("home.runs")
        with open(runs, encoding="utf-8") as f:
            first = f.read()
        for text in "", "nonsense\n", "works-2 5\n", "fails 1 2 3\n", first + "more 1 2\n":
            with open(runs, "w", encoding="utf-8") as f:
                f.write(text)
            result = self.box.run("status")
            if "more" in text:
                # One of a later version has what this one knows, and more.
                self.assertEqual((result.code, result.stderr), (0, ""))
                self.assert_said(result.stdout.decode(), "home      ok ")
            else:
                self.assert_line_of_status(result, "home.runs does not say how the last runs went")
            self.server.delivers(corpus.numbered(1, start=7))
            self.ambil()
            self.assertEqual(self.status()[0], 0)
        os.unlink(runs)
        os.mkdir(runs)
        self.assert_line_of_status(self.box.run("status"), "cannot read how the last runs went", "home.runs: ")
        self.ambil()

    def assert_line_of_status(self, result, *parts):
        self.assert_code(result, 74)
        self.assertEqual(len(result.lines), 1, str(result))
        self.assert_said(result.stderr, "ambil: home: ", *parts)
        self.assert_said(result.stdout.decode(), "home      not known   never")

    def test_the_code_of_several_is_that_of_a_run_of_them(self):
        self.serve(mails=corpus.numbered(1))
        self.box.write_config(self.account("home"), self.account("work", port=1),
                              self.account("club", deliver="maildir:~/no/such/Mail"))
        self.box.run()
        self.assertEqual([self.status("--exit-code", *names)[0] for names in
                          (("home",), ("home", "work"), ("work", "club"), ())], [0, 75, 73, 73])
        self.assertEqual([one["status"] for one in self.run_json("status")], ["ok", "failing", "failing"])

    def test_it_does_not_wait_for_a_run(self):
        self.serve(mails=corpus.numbered(1), faults=["silence:at=UIDL@2"])
        self.configure(timeout="5m")
        self.ambil()
        asked = self.server.log().count("C: UIDL")
        process = self.box.start()
        harness.wait_until(lambda: self.server.log().count("C: UIDL") > asked)
        code, lines = self.status("--exit-code")
        self.assertEqual(code, 0)
        self.assertRegex(lines[1], r"home      ok      \d+ (s|min) ago +a run is under way \(pid \d+\)")
        event, = self.run_json("status")
        self.assertEqual((event["status"], "to_delete" in event), ("ok", False))
        self.assertGreater(event["pid"], 1)
        harness.end_group(process)
        harness.finish(process)

    def test_a_state_that_cannot_be_read_is_an_error(self):
        self.works_first()
        with open(self.state("home.db"), "r+b") as f:
            f.write(b"nonsense" * 200)
        result = self.box.run("status")
        self.assert_code(result, 74)
        self.assert_said(result.stderr, "ambil: home: ", "home.db")
        self.assert_said(result.stdout.decode(), "home      ok")

    def test_a_state_that_is_read_only_is_said_to_be_so(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, for a file system of its own")
        self.works_first()
        script = "mount --bind %s %s && mount -o remount,ro,bind %s && exec \"$@\"" % ((self.box.state,) * 3)
        result = self.box.run("status", wrap=["unshare", "-m", "sh", "-c", script, "sh"])
        self.assert_said(result.stderr, "ambil: home: cannot read the state", ": Read-only file system")
        self.assert_said(result.stdout.decode(), "home      ok")

    def test_a_note_that_has_hardly_any_room_stands_below(self):
        self.serve(mails=corpus.numbered(1))
        self.configure(port=1)
        self.box.run()
        with self.box.terminal("status", env={"COLUMNS": "50"}) as terminal:
            self.assertEqual(terminal.wait(), 0)
            lines = terminal.text.replace("\r", "").splitlines()
        self.assertEqual(lines[1], "home      failing   never")
        self.assertEqual(lines[2][:16], "    1 failed run")
        self.assertTrue(all(len(line) <= 50 and line.startswith("    ") for line in lines[2:]), lines)

    def test_a_note_that_is_long_goes_on_below(self):
        self.serve(mails=corpus.numbered(1))
        self.configure(port=1)
        self.box.run()
        with self.box.terminal("status", env={"COLUMNS": "70"}) as terminal:
            self.assertEqual(terminal.wait(), 0)
            lines = terminal.text.replace("\r", "").splitlines()
        self.assertGreater(len(lines), 2)
        self.assertTrue(all(len(line) <= 70 for line in lines), lines)
        column = lines[1].index("1 failed run")
        self.assertEqual({line[:column].strip() for line in lines[2:]}, {""})


class Units(Case):
    def setUp(self):
        super().setUp()
        self.analyze = needs.need("systemd-analyze")
        self.folder = self.box.path("units")
        os.mkdir(self.folder)
        for name, text in (("ambil.service.in", "@BINDIR@"), ("ambil.timer", None)):
            with open(os.path.join(SYSTEMD, name), encoding="utf-8") as f:
                unit = f.read()
            if text:
                unit = unit.replace(text, os.path.dirname(os.path.abspath(harness.AMBIL)))
            self.box.write(os.path.join("units", name.replace(".in", "")), unit)

    def run_analyze(self, *args):
        result = subprocess.run([self.analyze, "--user", *args], cwd=self.folder, capture_output=True,
                                text=True, check=False,
                                env=self.box.environment({"XDG_RUNTIME_DIR": self.folder}))
        return result.returncode, result.stdout + result.stderr

    def test_systemd_finds_nothing_wrong_with_them(self):
        verify = ("verify", "--man=no", "./ambil.service", "./ambil.timer")
        self.assertEqual(self.run_analyze(*verify), (0, ""))
        # It would say so.
        with open(os.path.join(self.folder, "ambil.timer"), "a", encoding="utf-8") as f:
            f.write("Nonsense=1\n")
        self.assertIn("Nonsense", self.run_analyze(*verify)[1])

    def test_a_failure_that_passes_and_a_stop_are_no_failure_of_the_service(self):
        """OnFailure= must not be told of every logout: the statuses are those that such runs have."""
        with open(os.path.join(self.folder, "ambil.service"), encoding="utf-8") as f:
            accepted = [line.split("=")[1].split() for line in f if line.startswith("SuccessExitStatus=")]
        release = self.box.path("release")
        self.serve("--release", release, mails=corpus.numbered(1), faults=["in-use@1", "hold-retr:1"])
        self.configure()
        codes = [self.box.run().code]
        process = self.box.start("-v", bufsize=0)
        while b"listing" not in (line := process.stderr.readline()):
            self.assertNotEqual(line, b"")
        process.send_signal(signal.SIGTERM)
        codes.append(harness.finish(process).code)
        self.assertEqual(accepted, [[str(code) for code in codes]])

    def test_they_ask_for_nothing_that_a_user_may_not(self):
        """Each of these takes a capability away, for which the manager of a user has no right: the service ends
        with 218 before the program is started (tried with systemd 252)."""
        with open(os.path.join(self.folder, "ambil.service"), encoding="utf-8") as f:
            names = {line.split("=")[0] for line in f if "=" in line and not line.startswith("#")}
        self.assertIn("NoNewPrivileges", names)
        self.assertEqual(names & {"ProtectClock", "ProtectKernelLogs", "ProtectKernelModules", "PrivateUsers",
                                  "CapabilityBoundingSet", "AmbientCapabilities", "User", "DynamicUser"}, set())

    def test_they_leave_little_to_whoever_takes_over_the_program(self):
        code, text = self.run_analyze("security", "--offline=true", "--threshold=60", "--no-pager",
                                      "./ambil.service")
        self.assertEqual(code, 0, text)

    def test_procmail_delivers_without_new_rights(self):
        setpriv, procmail = needs.need("setpriv", "procmail")
        mails = corpus.numbered(2)
        rc = self.box.write("procmailrc", "MAILDIR=%s\nDEFAULT=%s/\n" % (
            self.box.home, self.box.path("Mail")))
        self.serve(mails=mails)
        self.configure(deliver="pipe:%s -t %s" % (procmail, rc))
        self.assert_silent(self.box.run(wrap=(setpriv, "--no-new-privs")))
        self.assertEqual(len(self.maildir()), 2)


if __name__ == "__main__":
    unittest.main()
