# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one case: rounds in which each tool has its turn, every run checked."""

import collections
import os
import poplib
import shutil
import ssl
import subprocess
import sys

import mail
import measure
import tools

OTHER_MAIL = ["--generate", "3:1K", "--seed", "77"]
FEW_FILES = 100
LIMITS = ("network alone", "disk alone")


def generate(count, size):
    """The options of popd for a mailbox."""
    return ["--generate", "%d:%d" % (count, size)] if count else ["--generate", "0:1K"]


class Rounds:
    """`options`: runs, peer_runs, timeout, folder, tools (names, or empty for all)."""

    def __init__(self, programs, case, options):
        self.programs, self.case, self.options = programs, case, options
        self.folder = os.path.join(options.folder, case.key)
        self.serial = 0
        self.template = {}              # tool: folder of its state, where mail has been seen
        self.rows = collections.defaultdict(list)   # tool: one dict for each round
        self.notes = {}                 # tool: why it is missing
        os.makedirs(self.folder)

    # The mail.

    def _mail(self):
        case = self.case
        if case.log_normal:
            source = os.path.join(self.folder, "source")
            mail.log_normal(source, case.count)
            self.want, self.sizes = mail.of_crlf_folder(source)
            self.serve = ["--mail", source, "--raw"]
            return
        self.serve = generate(case.count, case.size)
        self.want = collections.Counter()
        self.sizes = [case.size] * case.new
        folder = os.path.join(self.folder, "want")
        if case.new:
            new = mail.generated(self.programs, self.serve, folder, case.seen + 1)
            for one, count in new.items():
                self.want[one] = count * case.accounts
            shutil.rmtree(folder)
        if case.primed:
            self.want += mail.generated(self.programs, OTHER_MAIL, folder)
            shutil.rmtree(folder)

    def _users(self):
        if self.case.accounts == 1:
            return ["anna"]
        return ["u%d" % number for number in range(self.case.accounts)]

    def _server(self, options, port=0, delay=True):
        options = list(options)
        if self.case.accounts > 1:
            path = os.path.join(self.folder, "users")
            with open(path, "w", encoding="utf-8") as f:
                for user in self._users():
                    f.write("%s:%s:%s\n" % (user, tools.PASSWORD, options[1]))
            options = ["--users", path]
        if delay and self.case.delay_ms:
            options += ["--delay-ms", str(self.case.delay_ms)]
        return measure.Server(self.programs, self.folder, options, self.case.tls, port)

    # One run.

    def _job(self, server, variant):
        self.serial += 1
        job = tools.Job(os.path.join(self.folder, "%04d" % self.serial), server.port, server.ca,
                        self.case.deliver, self.case.keep, self._users(), variant)
        os.mkdir(job.folder)
        job.prepare()
        return job

    def _execute(self, tool, job):
        return measure.run(self.programs, tool.command(self.programs, job), job.folder,
                           job.environment(), self.options.timeout, fine=tool.fine)

    def _uids(self, server):
        trust = ssl.create_default_context(cafile=server.ca)
        box = poplib.POP3_SSL("localhost", server.port, context=trust, timeout=60)
        box.user("anna")
        box.pass_(tools.PASSWORD)
        uids = [line.split(b" ")[1].decode() for line in box.uidl()[1]]
        box.quit()
        return uids

    def _make_template(self, label, tool, variant):
        """Have the tool take the mailbox for seen, once; returns its folder."""
        if label not in self.template:
            with self._server(generate(self.case.seen, self.case.size)) as server:
                job = self._job(server, variant)
                tool.setup(job)
                tool.has_seen(self.programs, job, self._uids(server), lambda command: measure.run(
                    self.programs, command, job.folder, job.environment(), 600))
                self.template[label] = job
        return self.template[label]

    def _start_with_state(self, label, tool, variant):
        """Whatever must have happened before; returns the port to use again and the state."""
        if self.case.seen:
            job = self._make_template(label, tool, variant)
            return job.port, job.path("state")
        if self.case.primed:
            with self._server(OTHER_MAIL, delay=False) as server:
                job = self._job(server, variant)
                tool.setup(job)
                self._execute(tool, job)
            return job.port, job.folder
        return 0, None

    def _run(self, label):
        name, _, setting = label.partition("; ")
        variant = dict([setting.split(" = ")]) if setting else {}
        tool = tools.TOOLS[name]
        port, state = self._start_with_state(label, tool, variant)
        with self._server(self.serve, port) as server:
            job = self._job(server, variant)
            if self.case.primed:
                shutil.rmtree(job.folder)
                os.rename(state, job.folder)
            elif state:
                shutil.copytree(state, job.path("state"), dirs_exist_ok=True)
            tool.setup(job)
            before = self.case.accounts if self.case.settled else 0
            if before:
                self._execute(tool, job)
                server.sessions(before)
            row = self._execute(tool, job)
            sessions = server.sessions(before + self.case.accounts)[before:]
        row["waits"] = max(session["waits"] for session in sessions)
        self._check(job, sessions)
        return row

    def _check(self, job, sessions):
        have = mail.read_mbox(job.mail) if job.deliver == "mbox" else mail.read_maildir(job.mail)
        problem = mail.difference(have, self.want)
        if problem:
            raise measure.Failed(problem)
        deleted = sum(session["dele"] for session in sessions if session["quit"])
        due = 0 if job.keep else self.case.count * self.case.accounts
        if deleted != due:
            raise measure.Failed("%d messages deleted on the server, not %d" % (deleted, due))
        # ext4 does not use the inodes of files again that were removed a moment ago, and searches long for
        # others: all but a few large files stay until the very end.
        if self.case.count <= FEW_FILES and os.path.isdir(job.mail):
            shutil.rmtree(job.mail)

    # What the machine permits.

    def _network_alone(self):
        """Of the accounts one; popd serves as many at once as come."""
        with self._server(self.serve) as server:
            command = [self.programs.rawread, "-u", self._users()[0]]
            command += ["-t", server.ca] if server.ca else []
            command += [] if self.case.keep else ["-d"]
            command += [str(server.port), str(len(self.sizes) if self.case.new else 0)]
            row = measure.run(self.programs, command, self.folder, None, self.options.timeout)
            row["waits"] = server.sessions(1)[0]["waits"]
        return row

    def _disk_alone(self):
        self.serial += 1
        place = os.path.join(self.folder, "%04d" % self.serial)
        sizes = os.path.join(self.folder, "sizes")
        with open(sizes, "w", encoding="utf-8") as f:
            f.writelines("%d\n" % size for size in self.sizes * self.case.accounts)
        kind = "mbox" if self.case.deliver == "mbox" else "maildir"
        with open(sizes, "rb") as stdin:
            return measure.run(self.programs, [self.programs.baredisk, kind, place], self.folder,
                               None, self.options.timeout, stdin=stdin)

    # All of it.

    def _turn(self, label):
        if label == LIMITS[0]:
            return self._network_alone()
        if label == LIMITS[1]:
            return self._disk_alone()
        return self._run(label)

    def _labels(self):
        chosen = [label for label in self.case.tools
                  if not self.options.tools or label.split(";")[0] in self.options.tools]
        return chosen + list(LIMITS if self.case.new and self.sizes else LIMITS[:1])

    def run(self):
        """Returns (rows, notes)."""
        self._mail()
        for number in range(self.options.runs):
            for label in self._labels():
                peer = label.split(";")[0] not in ("ambil", "mpop") + LIMITS
                if label in self.notes or (peer and number >= self.options.peer_runs):
                    self.rows[label].append(None)
                    continue
                print("%s: %s" % (self.case.key, label), file=sys.stderr)
                try:
                    self.rows[label].append(self._turn(label))
                except (measure.Failed, OSError, subprocess.SubprocessError) as problem:
                    self.rows[label].append(None)
                    self.notes[label] = str(problem)
        os.sync()
        return dict(self.rows), self.notes
