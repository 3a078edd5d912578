# SPDX-License-Identifier: GPL-3.0-or-later
"""Where mail goes: Maildir, mbox, procmail, maildrop, a command, standard output.

Programs that sort mail change some octets themselves, so what they stored is compared with
what they store when fed directly.
"""

import os
import re
import signal
import stat
import subprocess
import unittest

import corpus
import dovecot_case
import harness
import mailstore
import needs

MAILDIR_PARTS = ("tmp", "new", "cur")


def setUpModule():
    dovecot_case.start()


class Maildirs(dovecot_case.DovecotCase):
    def test_a_maildir_is_made_when_its_parent_exists_and_is_private(self):
        self.arrive(corpus.numbered(1))
        self.configure(deliver="maildir:~/Post")
        self.ambil()
        for part in ("", *MAILDIR_PARTS):
            mode = os.stat(self.box.path("Post", part)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o700, part)

    def test_files_are_new_have_unique_names_without_flags_and_no_others_are_touched(self):
        for part in MAILDIR_PARTS:
            os.makedirs(self.box.path("Mail", part))
        self.box.write("Mail/cur/1.old:2,S", "Subject: old\n\nold\n")
        self.arrive(corpus.numbered(50))
        self.configure()
        self.ambil()
        names = os.listdir(self.box.path("Mail", "new"))
        self.assertEqual(len(names), 50)
        for name in names:
            self.assertNotRegex(name, r"[:/]")
            self.assertEqual(stat.S_IMODE(os.stat(self.box.path("Mail", "new", name)).st_mode),
                             0o600)
        self.assertEqual(os.listdir(self.box.path("Mail", "cur")), ["1.old:2,S"])

    def test_the_option_to_overrules_the_destination(self):
        want = self.arrive(corpus.numbered(2))
        self.configure()
        self.ambil("fetch", "--to", "maildir:~/Other")
        self.assert_maildir(want, "Other")
        self.assertFalse(os.path.exists(self.box.path("Mail")))
        self.ambil()
        self.assertEqual(self.maildir(), [], "seen mail is seen whatever the destination")


    def test_the_name_of_the_account_can_stand_in_a_path(self):
        want = self.arrive(corpus.numbered(2))
        os.mkdir(self.box.path("post"))
        self.configure(deliver="maildir:~/post/%a")
        self.ambil()
        self.assert_maildir(want, os.path.join("post", "home"))

    def test_two_destinations_for_one_account_in_turn_share_what_is_seen(self):
        want = self.arrive(corpus.numbered(3))
        self.configure()
        self.ambil()
        self.configure(deliver="mbox:~/mbox")
        later = self.arrive(corpus.numbered(2, start=4))
        self.ambil()
        self.assert_maildir(want)
        mailstore.assert_same(self, mailstore.read_mbox(self.box.path("mbox")), later)


class Mboxes(dovecot_case.DovecotCase):
    def read(self):
        return mailstore.read_mbox(self.box.path("mbox"))

    def test_the_corpus_arrives_octet_for_octet_in_mboxrd_quoting(self):
        want = self.arrive([*corpus.tricky().values(), corpus.starts_with_from()])
        self.configure(deliver="mbox:~/mbox", keep=False)
        self.ambil()
        mailstore.assert_same(self, self.read(), want)
        self.assert_left([])

    def test_later_mail_is_appended_and_nothing_is_left_locked(self):
        earlier = "From old@example.org Mon Nov  2 10:11:12 2026\nSubject: old\n\nold\n\n"
        self.box.write("mbox", earlier)
        self.configure(deliver="mbox:~/mbox")
        want = [b"Subject: old\n\nold\n"] + self.arrive(corpus.numbered(3))
        self.ambil()
        want += self.arrive(corpus.numbered(3, start=4))
        self.ambil()
        mailstore.assert_same(self, self.read(), want)
        with open(self.box.path("mbox"), encoding="utf-8") as f:
            self.assertTrue(f.read().startswith(earlier))
        self.assertFalse(os.path.exists(self.box.path("mbox.lock")))

    def test_from_lines_name_the_sender_and_a_date(self):
        self.arrive(corpus.numbered(2))
        self.configure(deliver="mbox:~/mbox")
        self.ambil()
        with open(self.box.path("mbox"), "rb") as f:
            separators = re.findall(rb"^From .*$", f.read(), re.MULTILINE)
        self.assertEqual(len(separators), 2)
        date = (rb"From \S+ (Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
                rb"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 123]\d \d\d:\d\d:\d\d \d{4}$")
        for line in separators:
            self.assertRegex(line, date)
            self.assertIn(b"sender@example.org", line)

    def test_a_foreign_dot_lock_is_waited_for(self):
        want = self.arrive(corpus.numbered(2))
        self.configure(deliver="mbox:~/mbox")
        self.box.write("mbox.lock", "")
        process = self.box.start()
        try:
            self.assertRaises(subprocess.TimeoutExpired, process.wait, 1.5)
            self.assertEqual(self.read(), [])
        finally:
            os.unlink(self.box.path("mbox.lock"))
        _, err = process.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual((process.returncode, err), (0, b""))
        mailstore.assert_same(self, self.read(), want)


class Commands(dovecot_case.DovecotCase):
    """Commands that sort mail, called for each message."""

    def fed(self, command, mails, box):
        """What the command stores of these mails without ambil, through folder `box`."""
        for octets in mails:
            subprocess.run(command, input=octets, env=self.box.environment(), check=True)
        return self.maildir(box)

    def procmailrc(self, box):
        for part in MAILDIR_PARTS:
            os.makedirs(self.box.path(box, part))
        return self.box.write(box + ".rc", "MAILDIR=%s\nDEFAULT=%s/\n" % (
            self.box.home, self.box.path(box)))

    def test_procmail_takes_the_corpus(self):
        procmail = needs.need("procmail")
        want = self.arrive(list(corpus.tricky().values()))
        oracle = self.fed([procmail, self.procmailrc("Direct")], want, "Direct")
        self.configure(deliver="pipe:%s -t %s" % (procmail, self.procmailrc("Mail")), keep=False)
        self.ambil(timeout=500)
        self.assert_maildir(oracle)
        self.assert_left([])

    def test_maildrop_takes_the_corpus(self):
        maildrop = needs.need("maildrop")
        want = self.arrive(list(corpus.tricky().values()))
        for box in ("Direct", "Mail"):
            for part in MAILDIR_PARTS:
                os.makedirs(self.box.path(box, part))
            self.box.write(box + ".rc", 'to "%s"\n' % self.box.path(box))
        oracle = self.fed([maildrop, self.box.path("Direct.rc")], want, "Direct")
        self.configure(deliver="pipe:%s %s" % (maildrop, self.box.path("Mail.rc")), keep=False)
        self.ambil(timeout=500)
        self.assert_maildir(oracle)
        self.assert_left([])

    def script(self, text):
        return self.box.write("command", "#!/bin/sh\n" + text, mode=0o700)

    def test_a_command_gets_each_message_octet_for_octet(self):
        want = self.arrive(list(corpus.tricky().values()))
        os.mkdir(self.box.path("out"))
        self.configure(deliver="pipe:%s" % self.script('cat >"$(mktemp ~/out/XXXXXX)"\n'))
        self.ambil()
        have = []
        for name in os.listdir(self.box.path("out")):
            with open(self.box.path("out", name), "rb") as f:
                have.append(f.read())
        mailstore.assert_same(self, have, want)

    def test_words_are_split_without_a_shell(self):
        self.arrive(corpus.numbered(1))
        tool = self.script('printf "%s\\n" "$@" >~/arguments\n')
        self.configure(deliver="pipe:%s one 'two words' \"three $HOME\" ;*|" % tool)
        self.ambil()
        with open(self.box.path("arguments"), encoding="utf-8") as f:
            words = f.read().splitlines()
        self.assertEqual(words[:2], ["one", "two words"])
        self.assertEqual(words[3:], [";*|"])

    def test_the_environment_tells_a_command_what_it_is_given(self):
        mail = corpus.numbered(1)
        self.arrive(mail)
        self.configure(deliver="pipe:%s" % self.script("env >~/environment; wc -c >~/size\n"))
        self.ambil()
        with open(self.box.path("environment"), encoding="utf-8") as f:
            env = dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)
        self.assertEqual(env.get("AMBIL_ACCOUNT"), "home")
        self.assertEqual(env.get("AMBIL_HOST"), "localhost")
        self.assertTrue(env.get("AMBIL_UID"))
        self.assertEqual(env.get("AMBIL_ATTEMPT"), "1")
        self.assertTrue(env.get("AMBIL_SIZE", "").isdigit())
        self.assertNotIn(dovecot_case.PASSWORD, env.values())

    def test_a_command_that_reads_nothing_is_no_trouble(self):
        self.arrive([corpus.mail("large", b"x" * 5_000_000 + b"\n")] + corpus.numbered(3))
        self.configure(deliver="pipe:true", keep=False)
        self.ambil()
        self.assert_left([])

    def test_a_failure_counts_also_where_the_caller_ignores_how_its_children_end(self):
        """Ignored signals are inherited, and the kernel then forgets what a process exited with."""
        want = self.arrive(corpus.numbered(2))
        self.configure(deliver="pipe:%s" % self.script("cat >/dev/null\nexit 75\n"), keep=False)
        out = self.box.run(preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(out.code, 75, out)
        self.assert_said(out.stderr, "exited 75")
        self.assert_left(want)

    def test_so_many_commands_run_side_by_side_as_the_setting_says(self):
        """Each waits until there are as many; one more would be seen."""
        want = self.arrive(corpus.numbered(12))
        os.makedirs(self.box.path("Mail", "new"))
        os.makedirs(self.box.path("running"))
        self.configure(deliver="pipe:%s" % self.script("""
            mkdir ~/running/$AMBIL_UID
            tries=0
            while test ! -e ~/enough && test $tries -lt 2000; do
                test $(ls ~/running | wc -l) -lt 3 || touch ~/enough
                tries=$((tries + 1))
                sleep 0.05
            done
            ls ~/running | wc -l >>~/beside
            cat >~/Mail/new/$AMBIL_UID
            rmdir ~/running/$AMBIL_UID
        """), keep=False, pipe_jobs=3)
        self.ambil()
        self.assert_maildir(want)
        self.assert_left([])
        with open(self.box.path("beside"), encoding="ascii") as f:
            beside = [int(line) for line in f]
        self.assertEqual((len(beside), max(beside)), (12, 3))

    def test_one_message_refused_beside_others_is_no_trouble_to_them(self):
        mails = corpus.numbered(9)
        self.arrive(mails)
        os.makedirs(self.box.path("Mail", "new"))
        self.configure(deliver="pipe:%s" % self.script("""
            cat >~/Mail/new/$AMBIL_UID
            grep -q 'number 4' ~/Mail/new/$AMBIL_UID || exit 0
            rm ~/Mail/new/$AMBIL_UID
            exit 65
        """), keep=False, pipe_jobs=4)
        marked = [mail for mail in mails if b"number 4" in mail]
        self.assertEqual(len(marked), 1)
        out = self.box.run()
        self.assertEqual(out.code, 65, out)
        self.assertIn("message 4 of 9", out.stderr)
        self.assert_maildir([mail for mail in mails if mail not in marked])
        self.assert_left(marked)


class Streams(dovecot_case.DovecotCase):
    def test_standard_output_is_one_mboxrd_stream(self):
        want = self.arrive([*corpus.tricky().values(), corpus.starts_with_from()])
        self.configure()
        result = self.box.run("fetch", "--to", "-")
        self.assertEqual((result.code, result.stderr), (0, ""))
        mailstore.assert_same(self, mailstore.mboxrd(result.stdout), want)

    def test_formail_and_procmail_take_the_stream(self):
        formail, procmail = needs.need("formail", "procmail")
        # formail believes Content-Length, wants two header fields in a message before it parts it
        # from the one before, and is generous with empty lines at the end.
        mails = [octets for name, octets in corpus.tricky().items()
                 if name not in ("content length", "tiny")]
        want = self.arrive(mails)
        for part in MAILDIR_PARTS:
            os.makedirs(self.box.path("Mail", part))
        rc = self.box.write("procmailrc", "MAILDIR=%s\nDEFAULT=%s/\n" % (
            self.box.home, self.box.path("Mail")))
        self.configure(keep=False)
        reader = subprocess.Popen([formail, "-s", procmail, rc], stdin=subprocess.PIPE,
                                  env=self.box.environment())
        result = self.box.run("fetch", "--to", "-", stdout=reader.stdin)
        reader.stdin.close()
        self.assertEqual(reader.wait(harness.PATIENCE_S), 0)
        self.assertEqual((result.code, result.stderr), (0, ""))
        have = [mailstore.unquote(mailstore.without_from_line(octets)).rstrip(b"\n")
                for octets in self.maildir()]
        mailstore.assert_same(self, have, [octets.rstrip(b"\n") for octets in want])
        self.assert_left([])

    def test_a_reader_that_goes_away_loses_nothing(self):
        mails = [corpus.mail("big %d" % n, b"x" * 500_000 + b"\n") for n in range(6)]
        want = self.arrive(mails)
        self.configure(keep=False)
        reader = subprocess.Popen(["head", "-c", "10"], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL)
        result = self.box.run("fetch", "--to", "-", stdout=reader.stdin)
        reader.stdin.close()
        reader.wait(harness.PATIENCE_S)
        self.assertNotEqual(result.code, 0)
        again = self.box.run("fetch", "--to", "-")
        self.assert_code(again, 0)
        have = mailstore.mboxrd(again.stdout)
        # Each message is larger than the buffer of a pipe, so none can count as delivered.
        mailstore.assert_same(self, have, want)


if __name__ == "__main__":
    unittest.main()
