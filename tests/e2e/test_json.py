# SPDX-License-Identifier: GPL-3.0-or-later
"""--json: every event of every verb and every kind of error, held against the schema; that the
words for people say the same; and what becomes of the events when nobody can take them."""

import fcntl
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import time

import corpus
import dovecot_case
import events
import harness
import keyring
import mailstore
import needs
import popd
import popd_case

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..", "src")
PAGE = os.path.join(HERE, "..", "..", "man", "ambil-json.7")


def setUpModule():
    events.start()
    dovecot_case.start()


def sources():
    for folder, _, names in os.walk(SOURCE):
        for name in names:
            if name.endswith(".c"):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    yield f.read()


class Popd(events.EventsCase, popd_case.PopdCase):
    def box_of(self, *mails, **more):
        """A server with these mails, and the account for it."""
        faults = more.pop("faults", ())
        options = more.pop("options", ())
        self.serve(*options, mails=mails or corpus.numbered(3), faults=faults)
        self.configure(**more)


class Schema(events.EventsCase, harness.Case):
    """It refuses what is not so: else all the other tests would prove nothing."""

    END = {"v": 1, "event": "end", "code": 0}
    ERROR = {"v": 1, "event": "account", "account": "home", "status": "error", "code": 77,
             "kind": "auth", "temporary": False, "message": "no", "seconds": 0}
    OF_ERRORS = ("code", "kind", "temporary", "message", "why", "server", "hint_intro", "hint")

    def test_it_takes_what_is_right(self):
        for event in self.END, self.ERROR:
            self.assertEqual(self.validator.faults(event), [])

    def test_it_refuses_what_is_not(self):
        wrong = [[], "end", {"v": 1, "event": "nonsense"}, {**self.END, "v": 2},
                 {**self.END, "more": 1}, {**self.END, "code": "0"}, {"v": 1, "event": "end"},
                 {**self.ERROR, "status": "ok"}, {**self.ERROR, "kind": "bad luck"},
                 {**self.ERROR, "hint": ""}, {**self.ERROR, "hint_intro": "see"},
                 {k: v for k, v in self.ERROR.items() if k != "message"},
                 {**self.ERROR, "deleted": 1}, {**self.ERROR, "new": -1}]
        for event in wrong:
            with self.subTest(event=event):
                self.assertNotEqual(self.validator.faults(event), [])

    def test_the_lines_that_the_manual_shows_are_such(self):
        with open(PAGE, encoding="utf-8") as f:
            block = re.search(r'^\.Bd -literal\n(\{"v":1,.*?)^\.Ed', f.read(), re.M | re.S).group(1)
        lines = block.replace("\n ", "").replace("\\(ti", "~").splitlines()
        self.assertEqual(len(lines), 4)
        for line in lines:
            with self.subTest(line):
                whole = re.sub(r", \.\.\. (\}?)", lambda behind: behind.group(1) or ",", line)
                faults = self.validator.faults(json.loads(whole))
                # What is cut out of a line is all that may be wrong with it.
                if whole != line:
                    faults = [fault for fault in faults
                              if not fault.endswith("is a required property") and "is a dependency of" not in fault]
                self.assertEqual(faults, [])

    def test_it_knows_every_event_and_kind_of_the_sources(self):
        with open(events.SCHEMA, encoding="utf-8") as f:
            schema = json.load(f)
        known = {one["$ref"].rsplit("/", 1)[1] for one in schema["oneOf"]}
        text = "\n".join(sources())
        written = set(re.findall(r'jsonout_begin\([^;"]*"([a-z-]+)"', text))
        written |= set(re.findall(r'\b(?:begin|add_event|tell_change)\([^;"]*"([a-z-]+)"', text))
        self.assertGreater(len(written), 10)
        self.assertEqual(known, written)
        with open(PAGE, encoding="utf-8") as f:
            part = re.search(r"^\.Sh EVENTS\n(.*?)^\.Sh ", f.read(), re.M | re.S).group(1)
        explained = dict(re.findall(r"^\.It Cm (\S+)\n(?:.*\n)*?Names: ([^.]*)\.$", part, re.M))
        self.assertEqual(sorted(explained), sorted(known))
        for name, words in explained.items():
            members = [word for one in re.split(r",\s+", words)
                       for word in (self.OF_ERRORS if one.split() == ["an", "error"] else [one])]
            self.assertEqual(sorted(members + ["v", "event"]), sorted(schema["$defs"][name]["properties"]), name)
        kinds = set(re.findall(r'\[ERROR_\w+\] = \{"(\w+)", \d+\}', text)) - {"none"}
        self.assertGreater(len(kinds), 10)
        self.assertEqual(set(schema["$defs"]["kind"]["enum"]), kinds)


class Fetching(Popd):
    def test_each_message_and_the_account(self):
        mails = corpus.numbered(4)
        self.box_of(*mails)
        said = self.run_json()
        files = []
        for event in said[:-1]:
            self.assertEqual((event["event"], event["account"], event["to"]),
                             ("message", "home", "maildir:~/Mail"))
            with open(self.box.path("Mail", event["file"]), "rb") as f:
                files.append(f.read())
            self.assertEqual(event["size"], len(files[-1]) + files[-1].count(b"\n"))
        self.assertEqual(files, [corpus.fetched(octets) for octets in mails])
        account = self.one(said, "account")
        want = {"account": "home", "status": "ok", "new": 4, "seen": 0, "deleted": 0, "left": 0,
                "bytes": sum(event["size"] for event in said[:-1])}
        self.assertEqual({name: account[name] for name in want}, want)
        again = self.run_json()
        self.assertEqual([(event["event"], event["new"], event["seen"]) for event in again],
                         [("account", 0, 4)])
        uids = [event["uid"] for event in self.run_json("seen", "home")]
        self.assertEqual(sorted(uids), sorted(event["uid"] for event in said[:-1]))

    def test_neither_quiet_nor_verbose_nor_debug_changes_the_events(self):
        self.box_of()
        plain = self.run_json("check")
        for option in "-q", "-v":
            said = self.run_json("check", option)
            self.assertEqual([sorted(event) for event in said], [sorted(event) for event in plain])
        result = self.box.run("--json", "-d", "check")
        self.assertEqual(len(self.events(result.stdout)), 2)
        self.assertIn("C: UIDL", result.stderr)

    def test_every_line_is_written_whole_and_alone(self):
        self.box_of()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with its:
                process = self.box.start("--json", stdout=its)
            writes = list(iter(lambda: ours.recv(1 << 16), b""))
            harness.finish(process)
        self.assertEqual([octets.count(b"\n") for octets in writes], [1] * 5, writes)
        self.events(b"".join(writes))

    def test_a_pipe_that_does_not_block_gets_all_of_them(self):
        """A program that runs others may have set that."""
        self.box_of(*corpus.numbered(400))
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        process = self.box.start("--json", stdout=writer)
        os.close(writer)
        # More is to be said than the pipe takes.
        select.select([reader], [], [], 20)
        time.sleep(0.3)
        with open(reader, "rb") as f:
            said = self.events(f.read())
        self.assert_code(harness.finish(process), 0)
        self.assertEqual(len(said), 402)

    def test_a_terminal_gets_neither_progress_nor_colour(self):
        self.box_of(*corpus.numbered(20, size=5000), faults=["slow:ms=20"])
        with self.box.terminal("--json", "--color", "always", "--progress", "always",
                               size=(60, 250)) as t:
            self.assertEqual(t.wait(), 0, t.text)
            self.assertNotIn("\x1b", t.text)
            self.events(t.text.replace("\r\n", "\n").encode())

    def test_mail_on_standard_output_leaves_no_place_for_events(self):
        self.box_of()
        for args in ("--to", "-"), ("--to=-", "-v"):
            error = self.one(self.run_json(*args, code=64), "error")
            self.assertIn("which --json needs", error["message"])
        self.assertEqual(self.server.count_sessions(), 0)
        self.assertEqual(self.run_json("-n", "--to", "-")[-1]["new"], 3)

    def test_another_run_has_the_account(self):
        release = self.box.path("release")
        self.box_of(faults=["hold-retr:2"], options=("--release", release))
        first = self.box.start("--json")
        harness.wait_until(lambda: "RETR 2" in self.server.log())
        second = self.run_json()
        self.assertEqual([(event["event"], event["status"]) for event in second],
                         [("account", "locked")])
        later = self.one(self.run_json("check", code=75), "account")
        self.assertEqual((later["kind"], later["temporary"]), ("later", True))
        with self.box.terminal("--json", size=(60, 250)) as t:
            t.expect(r'"event":"waiting"')
            holder = self.holder(first)
            self.box.write("release", "")
            self.assertEqual(t.wait(), 0, t.text)
        waited = self.events(t.text.replace("\r\n", "\n").encode())
        self.assertEqual(waited[0]["pid"], holder)
        self.assertEqual((waited[1]["new"], waited[1]["seen"]), (0, 3))
        result = harness.finish(first)
        self.assertEqual(self.events(result.stdout)[-2]["new"], 3)

    def holder(self, process):
        """The worker of a run."""
        with open("/proc/%d/task/%d/children" % (process.pid, process.pid), encoding="ascii") as f:
            return int(f.read())

    def test_an_interrupted_run_says_so(self):
        release = self.box.path("release")
        self.box_of(faults=["hold-retr:2"], options=("--release", release))
        process = self.box.start("--json")
        harness.wait_until(lambda: "RETR 2" in self.server.log())
        process.send_signal(signal.SIGINT)
        said = self.events(harness.finish(process).stdout)
        self.assertEqual((said[-2]["status"], said[-2]["kind"]), ("error", "interrupted"))
        self.assertEqual(said[-1]["code"], 130)


class Broken(Popd):
    """Nobody takes the events: mail is fetched all the same, and standard error says it."""

    def fetch_to(self, stdout):
        self.box_of()
        result = harness.finish(self.box.start("--json", stdout=stdout))
        self.assert_code(result, 74)
        self.assertEqual(len(self.maildir()), 3)
        return result

    def test_the_reader_is_gone(self):
        reader, writer = os.pipe()
        os.close(reader)
        result = self.fetch_to(writer)
        os.close(writer)
        self.assertEqual(result.stderr, "ambil: cannot write to standard output: Broken pipe\n")

    def test_the_disk_is_full(self):
        with open("/dev/full", "wb") as full:
            result = self.fetch_to(full)
            self.assertEqual(result.stderr,
                             "ambil: cannot write to standard output: No space left on device\n")

    def test_one_request_to_stop_is_enough_though_the_reader_is_stuck(self):
        """What has come stays, and comes no second time; the same for verbs that only print, and for mail itself."""
        mails = corpus.numbered(400)
        self.box_of(*mails)
        for args, number in ((), signal.SIGINT), (("seen", "home"), signal.SIGTERM):
            with self.subTest(args):
                result = self.stuck("--json", *args, number=number)
                self.assert_code(result, 128 + number)
                self.assert_said(result.stderr, "nobody reads standard output")
        self.assertEqual(len(self.maildir()), 400)
        self.box.run("seen", "home", "--forget-all")
        result = self.stuck("--to", "-", number=signal.SIGTERM)
        self.assert_code(result, 143)
        self.assertIn(result.stderr, ("", "ambil: home: interrupted; nothing is lost, the next run goes on\n"))
        taken = self.run_json("seen", "home")
        self.assertLess(len(taken), 400)
        again = mailstore.mboxrd(self.box.run("--to", "-").stdout)
        self.assertEqual(len(again), 400 - len(taken))

    def stuck(self, *args, number):
        """Runs with a reader that takes nothing, until nothing more goes into the pipe, and sends the signal."""
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        process = self.box.start(*args, stdout=writer)
        deadline = time.monotonic() + harness.PATIENCE_S
        while select.select([], [writer], [], 0)[1] or self.is_busy(process):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        process.send_signal(number)
        result = harness.finish(process)
        os.close(reader)
        os.close(writer)
        return result

    def is_busy(self, process):
        with open("/proc/%d/stat" % process.pid, encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "S"

    def test_an_error_does_not_get_lost_with_them(self):
        self.box_of(faults=["in-use"])
        with open("/dev/full", "wb") as full:
            result = harness.finish(self.box.start("--json", stdout=full))
            self.assert_code(result, 74)
            self.assert_said(result.stderr, "ambil: home: ", "[IN-USE]", "cannot write to standard output")
            result = harness.finish(self.box.start("--json", "--nonsense", stdout=full))
            self.assert_code(result, 64)
            self.assert_said(result.stderr, "ambil: unknown option --nonsense")

    def test_a_list_ends_with_its_reader(self):
        self.box_of()
        reader, writer = os.pipe()
        os.close(reader)
        # Of what is seen there is only the last event yet.
        for verb in "list", "seen":
            result = harness.finish(self.box.start("--json", verb, "home", stdout=writer))
            self.assertEqual((result.code, result.stderr), (-signal.SIGPIPE, ""))
        os.close(writer)


class Errors(Popd):
    """The words for people are made of the same facts."""

    def words(self, event):
        """An error's event as one line for a log."""
        who = event["account"] + ": " if "account" in event else ""
        why = (': "%s"' % event["server"] if "server" in event else
               ": " + event["why"] if "why" in event else "")
        hint = " (try: %s)" % event["hint"] if "hint" in event else ""
        return "ambil: %s%s%s%s" % (who, event["message"], why, hint)

    def assert_same_words(self, code, kind, *args, run=()):
        """A run with events and one with words; the error's event."""
        said = [event for event in self.run_json(*args, code=code, **dict(run))
                if event["event"] in ("error", "warning") or event.get("status") == "error"]
        result = self.box.run(*args, **dict(run))
        self.assert_code(result, code)
        lines = [re.sub(r" \(correct: ([^()]*)\)$", r" (try: \1)", line) for line in result.lines
                 if not re.match(r"\w+ {2,}", line)]
        self.assertEqual([self.words(event) for event in said], lines)
        self.assertEqual(said[-1]["kind"], kind)
        self.assertEqual(said[-1]["temporary"], code == 75)
        return said[-1]

    def test_the_command_line(self):
        self.box_of()
        for args in (["--nonsense"], ["nonsense"], ["fetch", "nobody"], ["--max"], ["help", "x"],
                     ["login"], ["config", "nonsense"], ["import", "nonsense"], ["list"],
                     ["list", "home", "--max", "x"], ["seen", "home", "--forget", "nothing"],
                     ["fetch", "pops://anna:secret@localhost"]):
            with self.subTest(args=args):
                self.assert_same_words(64, "usage", *args)
        result = self.box.run("fetch", "--max", "--json", "--nonsense")
        self.assertEqual([event["event"] for event in self.events(result.stdout)], ["error", "end"])
        error = self.one(self.run_json("config", "edit", code=64), "error")
        self.assertEqual(error["hint"], "ambil config edit")
        self.run_json("seen", "home", "--export", code=64)

    def test_the_configuration(self):
        error = self.assert_same_words(78, "config")
        self.assertIn("no accounts yet", error["message"])
        self.box.write_config("account home { host = localhost user = anna\nkep = 1\nport = x }\n")
        self.assert_same_words(78, "config")
        said = self.run_json("config", "check", code=78)
        self.assertEqual([event["event"] for event in said], ["error"] * len(said))
        self.assertGreater(len(said), 1)
        self.assert_same_words(66, "input", "-c", "/nonexistent/ambil.conf")

    def test_the_login(self):
        self.box_of(password_file=self.box.write("wrong", "wrong\n"))
        error = self.assert_same_words(77, "auth")
        self.assertIn("server", error)
        self.configure(password_file=None, netrc=False, keyring=False)
        self.assert_same_words(78, "config")

    def test_the_server(self):
        for kind, code, fault, more in [
                ("busy", 75, "in-use", {}), ("protocol", 76, "list-line:2:nonsense", {"max_size": "1M"}),
                ("network", 75, "close:at=UIDL", {}), ("tls", 69, None, {"ca_file": None}),
                ("tls", 69, None, {"tls_host": "pop.example.org"})]:
            with self.subTest(kind=kind):
                self.box_of(faults=[fault] if fault else [], **more)
                self.assert_same_words(code, kind)
                self.server.stop()

    def test_no_connection(self):
        self.box_of(port=1)
        self.assert_same_words(75, "network")

    def test_what_the_server_does_not_have(self):
        self.box_of(auth="APOP")
        self.assert_same_words(69, "capability")

    def test_no_such_host(self):
        self.box_of(host="nosuch.invalid", connect_timeout="100s")
        env = {"RES_OPTIONS": "timeout:1 attempts:1"}
        result = self.box.run("--json", env=env)
        error = self.one(self.events(result.stdout), "account")
        # Without any network a resolver cannot tell that a name does not exist.
        self.assertIn((error["kind"], error["code"]), [("host", 68), ("network", 75)])

    def test_the_destination(self):
        self.box_of(deliver="maildir:~/none/Mail")
        self.assert_same_words(73, "delivery")
        for kind, code in ("later", 75), ("refused", 65):
            with self.subTest(kind=kind):
                self.configure(deliver="pipe:sh -c 'exit %d'" % code)
                error = self.assert_same_words(code, kind)
                self.assertEqual(error["new"], 0)

    def test_the_state(self):
        self.box_of()
        self.box.write(".local/state/ambil", "in the way\n")
        self.assert_same_words(74, "state")

    def test_two_accounts_and_one_of_them_fails(self):
        self.serve(mails=corpus.numbered(1))
        self.box.write_config(self.account("good"), self.account("bad", port=1))
        said = self.run_json(code=75)
        self.assertEqual(sorted((event["account"], event["status"]) for event in said
                                if event["event"] == "account"), [("bad", "error"), ("good", "ok")])


class Verbs(Popd):
    def test_looking(self):
        mails = corpus.numbered(3)
        self.box_of(*mails)
        self.assertEqual(self.one(self.run_json("check"), "account")["new"], 3)
        self.run_json("check", "--exit-code")
        plan = self.run_json("fetch", "-n", "--delete")
        self.assertEqual([(event["fetch"], event["delete"], event["why"]) for event in plan[:-1]],
                         [(True, True, "new")] * 3)
        self.assertEqual(plan[-1]["new"], 3)
        self.run_json("fetch", "--max", "1")
        self.run_json("check", "--exit-code")
        listed = self.run_json("list", "home", "--max", "2")
        self.assertEqual([event["number"] for event in listed[:-1]], [3, 2])
        self.assertEqual((listed[-1]["messages"], listed[-1]["listed"], listed[-1]["new"]), (3, 2, 2))
        plan = self.run_json("fetch", "-n", "--keep=14d")
        self.assertEqual([event["why"] for event in plan[:-1]].count("kept"), 1)
        self.assertEqual(["until" in event for event in plan[:-1]],
                         [event["why"] == "kept" for event in plan[:-1]])
        self.run_json("fetch")
        self.assertEqual(self.one(self.run_json("check", "--exit-code", code=1), "account")["new"], 0)

    def test_what_is_known(self):
        self.box_of(deliver="pipe:sh -c 'exit 75'")
        self.assertEqual(self.run_json("seen", "home"), [])
        self.run_json(code=75)
        known = self.run_json("seen", "home")
        self.assertEqual({event["state"] for event in known}, {"failed"})
        self.assertIn("exited 75", known[0]["why"])
        self.configure()
        self.run_json("fetch", "--keep=1d")
        exported = self.box.run("seen", "home", "--export").stdout
        one = self.run_json("seen", "home")[0]
        self.assertEqual(one["state"], "seen")
        for dry in True, False:
            options = ["-n"] if dry else []
            event = self.one(self.run_json("seen", "home", "--forget", one["uid"], *options), "forgotten")
            self.assertEqual((event["messages"], event["dry_run"]), (1, dry))
        list_file = self.box.path("list")
        with open(list_file, "wb") as f:
            f.write(exported)
        event = self.one(self.run_json("seen", "home", "--import", list_file), "taken")
        self.assertEqual((event["messages"], event["known"]), (1, 2))
        self.run_json("seen", "home", "--forget-all")
        self.assertEqual(self.one(self.run_json("seen", "home", "--mark-all"), "account")["marked"], 3)

    def test_how_the_last_runs_went(self):
        self.box_of(keep="1d")
        self.assertEqual(self.run_json("status")[0]["status"], "never")
        self.run_json()
        now = self.one(self.run_json("status"), "status")
        self.assertEqual((now["status"], now["failures"], now["to_delete"]), ("ok", 0, 0))
        self.assertGreater(now["next_deletion"], now["worked"])
        self.configure(port=1)
        failed = self.one(self.run_json(code=75), "account")
        now = self.one(self.run_json("status"), "status")
        self.assertEqual((now["status"], now["failures"], now["kind"]), ("failing", 1, "network"))
        self.assertEqual(now["message"], failed["message"])

    def test_doctor(self):
        self.box_of()
        said = self.run_json("doctor")
        checks = [event["check"] for event in said[:-1]]
        self.assertEqual((said[-1]["checks"], said[-1]["failed_checks"]), (len(checks), 0))
        certificate = [event for event in said if event.get("check") == "certificate"][0]
        self.assertIn({"name": "issuer", "value": "CN=popd test CA"}, certificate["details"])
        self.configure(ca_file=None, deliver="maildir:~/none/Mail")
        said = self.run_json("doctor", code=69)
        failed = [event["kind"] for event in said if event.get("result") == "failed"]
        self.assertEqual(failed, ["tls", "delivery"])
        self.assertEqual((said[-1]["failed_checks"], said[-1]["kind"]), (2, "tls"))
        self.assertIn("skipped", [event.get("result") for event in said])

    def test_configuration(self):
        self.box_of(password="anna's own", password_file=None)
        shown = {event["setting"]: event for event in self.run_json("config", "show", "home")}
        self.assertEqual((shown["user"]["value"], shown["user"]["account"]), ("anna", "home"))
        self.assertEqual(shown["keep"]["origin"], "default")
        self.assertEqual((shown["password"]["hidden"], "value" in shown["password"]), (True, False))
        self.assertFalse(shown["socket"]["set"])
        self.assertNotIn("anna's own", json.dumps(shown))
        every = self.run_json("config", "show")
        self.assertEqual({event.get("account") for event in every}, {None, "home"})
        self.assertEqual(self.run_json("config", "check"), [
            {"v": 1, "event": "configuration", "file": self.box.config, "accounts": ["home"]}])
        self.assertEqual(self.run_json("config", "path")[0]["file"], self.box.config)
        self.assertEqual(self.run_json("config", "accounts")[0]["accounts"], ["home"])

    def test_import(self):
        self.box.write(".mpoprc", "defaults\ntls on\nport 995\naccount work\nhost localhost\n"
                       "user anna\npassword secret\nkeep on\ndelivery maildir ~/Mail\nfilter cat\n")
        os.mkdir(self.box.path(".mpop_uidls"))
        self.box.write(".mpop_uidls/anna_at_localhost", " 2 localhost anna\none\ntwo\n")
        for dry in True, False:
            said = self.run_json("import", "mpop", "--no-input", *["-n"] if dry else [])
            account, text = self.one(said, "imported"), self.one(said, "configuration")
            self.assertEqual((account["account"], account["messages"], account["password"],
                              account["dry_run"]), ("work", 2, "left", dry))
            self.assertIn("account work", text["added"])
            self.assertNotIn("secret", json.dumps(said))
        self.run_json("import", "mpop", "--no-input", code=78)

    def test_a_warning(self):
        self.box_of(options=("--no-cap", "TOP"))
        said = self.run_json("list", "home")
        self.assertIn("has no TOP", self.one(said, "warning")["message"])
        self.assertEqual([event["header"] for event in said if event["event"] == "listed"], [False] * 3)

    def test_keyring(self):
        if not self.one(self.run_json("--version"), "version")["keyring"]:
            needs.missing_here("this build has no keyring: install the Debian package libsecret-1-dev")
        needs.need("gnome-keyring-daemon", "dbus-send", "secret-tool")
        bus = keyring.Session()
        self.addCleanup(bus.stop)
        bus.start_keyring()
        self.box_of(password_file=None)
        password = self.box.write("password", popd.PASSWORD + "\n")
        with open(password, "rb") as stdin:
            said = self.run_json("login", "home", "--stdin", env=bus.environment, stdin=stdin)
        self.assertEqual([event["event"] for event in said], ["account", "login"])
        self.box.write(".netrc", "machine localhost login anna password old\n")
        logout = self.one(self.run_json("logout", "home", env=bus.environment), "logout")
        self.assertEqual((logout["removed"], len(logout["still_in"])), (1, 1))

    def test_no_keyring(self):
        self.box_of(password_file=None)
        said = self.run_json("logout", "home", code=78)
        self.assertEqual(self.one(said, "logout")["removed"], 0)
        error = self.one(self.run_json("login", "home", "--no-input", code=78), "error")
        self.assertIn("there is no keyring here", error["message"])

    def test_setup(self):
        self.serve(mails=corpus.numbered(2))
        password = self.box.write("password", popd.PASSWORD + "\n")
        words = ["setup", "pops://anna@localhost:%d" % self.server.port, "--name", "new", "--no-input",
                 "--password-command", needs.need("cat") + " " + password, "--from-now"]
        error = self.one(self.run_json(*words, code=69), "error")
        self.assertIn("is not trusted", error["message"])
        said = self.run_json(*words, env={"SSL_CERT_FILE": self.server.ca})
        setup = self.one(said, "setup")
        self.assertEqual((setup["account"], setup["added"], setup["marked"]), ("new", True, 2))
        self.assertIn({"setting": "user", "value": "anna"}, setup["settings"])
        self.assertEqual((setup["file"], setup["password"]), (self.box.config, "there"))
        said = self.run_json("setup", "new", "--to", "maildir:~/Other", "--no-input")
        self.assertEqual(self.one(said, "setup")["settings"],
                         [{"setting": "deliver", "value": "maildir:~/Other"}])

    def test_for_people(self):
        self.box_of()
        version = self.one(self.run_json("--version"), "version")
        self.assertIn(version["ambil"], self.box.run("--version").stdout.decode())
        for args in ["--help"], ["help", "fetch"], ["list", "--help"]:
            text = self.one(self.run_json(*args), "text")["text"]
            self.assertEqual(text, self.box.run(*args).stdout.decode())


class Strangers(Popd):
    """What others write comes through as it is, or as U+FFFD, and never as anything else."""

    def test_headers(self):
        subject = (b"Subject: \xffraw\xc3 \x1b[31m\"q\\uote\"\x07\xe2\x80\xae\r\n"
                   b"From: =?utf-8?q?J=C3=B6rg_=22x=22?= <j@example.org>\r\n"
                   b"Date: Thu, 26 Nov 2026 12:00:00 +0100\r\n\r\nx\r\n")
        self.box_of(subject)
        listed = self.run_json("list", "home")[0]
        self.assertEqual((listed["from_address"], listed["date"]), ("j@example.org", "2026-11-26T11:00:00Z"))
        self.assertIn("Jörg", listed["from_name"])
        self.assertIn("\ufffdraw\ufffd", listed["subject"])
        self.assertIn('"q\\uote"', listed["subject"])
        self.assertIn("\u202e", listed["subject"])

    def test_uids(self):
        self.box_of(faults=[r'uidl-line:2:2 #a%\x22\x5c\xff\xc3'])
        self.assertEqual(self.run_json("list", "home")[1]["uid"], '%23a%25"\\%FF%C3')
        self.assertEqual(self.run_json("fetch", "-n")[1]["uid"], '%23a%25"\\%FF%C3')

    def test_uids_are_the_same_in_every_event(self):
        self.box_of(*corpus.numbered(8), options=("--uid-format", "long"))
        uids = [event["uid"] for event in self.run_json()[:-1]]
        for sign in '"', "\\", "%25":
            self.assertIn(sign, "".join(uids))
        for args in ["list", "home"], ["seen", "home"], ["fetch", "-n"]:
            self.assertEqual({event["uid"] for event in self.run_json(*args)
                              if event["event"] != "account"}, set(uids))
        self.run_json("seen", "home", "--forget", uids[3])
        self.assertEqual([event["uid"] for event in self.run_json()[:-1]], [uids[3]])

    def test_words_of_servers_and_names_of_files(self):
        self.box_of(faults=[r"err:AUTH::[AUTH] \x1b[2J\xff\x22no\x22\\"])
        error = self.one(self.run_json(code=77), "account")
        self.assertEqual(error["server"], r'[AUTH] \x1b[2J\xff"no"' + "\\")
        error = self.one(self.run_json("-c", b"/none/\xff\n\"", code=66), "error")
        self.assertIn("/none/\ufffd\n\"", error["message"])


class Locales(Popd):
    """JSON is the same everywhere."""

    # A catalogue of GNU gettext with a sentence or two.
    def catalogue(self, pairs):
        head = "Content-Type: text/plain; charset=UTF-8\n"
        pairs = sorted({"": head, **pairs}.items())
        place, tables, texts = 28 + 16 * len(pairs), [b"", b""], b""
        for column in 0, 1:
            for pair in pairs:
                text = pair[column].encode()
                tables[column] += struct.pack("<II", len(text), place + len(texts))
                texts += text + b"\0"
        octets = struct.pack("<7I", 0x950412de, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
        folder = self.box.path("locale", "id", "LC_MESSAGES")
        os.makedirs(folder)
        with open(os.path.join(folder, "ambil.mo"), "wb") as f:
            f.write(octets + b"".join(tables) + texts)
        return {"LC_ALL": "C.UTF-8", "LANGUAGE": "id", "AMBIL_LOCALEDIR": self.box.path("locale")}

    def test_no_translation_is_ever_loaded(self):
        if not self.one(self.run_json("--version"), "version")["languages"]:
            needs.missing_here("this build has no languages: install the Debian package gettext")
        env = self.catalogue({"unknown option %s": "opsi %s tidak dikenal", "see": "lihat"})
        result = self.box.run("--xyzzyplugh", env=env)
        self.assertIn("opsi --xyzzyplugh tidak dikenal", result.stderr)
        said = self.run_json("--xyzzyplugh", code=64, env=env)
        self.assertEqual(said, self.run_json("--xyzzyplugh", code=64))
        self.assertEqual(said[0]["message"], "unknown option --xyzzyplugh")

    def test_whatever_the_locale_text_is_utf8(self):
        self.box_of(b"Subject: =?utf-8?q?K=C3=B6ln?=\r\n\r\nx\r\n")
        for locale in "C", "C.UTF-8", "no_SUCH":
            said = self.run_json("list", "home", env={"LC_ALL": locale})
            self.assertEqual(said[0]["subject"], "Köln")


class Dovecot(events.EventsCase, dovecot_case.DovecotCase):
    def test_fetch_list_and_a_wrong_password(self):
        self.configure()
        self.arrive(corpus.tricky().values())
        said = self.run_json()
        self.assertEqual(len(said) - 1, len(corpus.tricky()))
        listed = self.run_json("list", "home")
        self.assertEqual([event["state"] for event in listed[:-1]], ["seen"] * len(corpus.tricky()))
        self.assertEqual({event["uid"] for event in listed[:-1]}, {event["uid"] for event in said[:-1]})
        self.run_json("doctor")
        self.assertEqual(self.one(self.run_json("--delete"), "account")["deleted"], len(corpus.tricky()))
        self.configure(password_file=self.box.write("wrong", "wrong\n"))
        error = self.one(self.run_json(code=77), "account")
        self.assertEqual((error["kind"], error["hint"].split()[0]), ("auth", "password-file"))
