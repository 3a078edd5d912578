# SPDX-License-Identifier: GPL-3.0-or-later
"""Maildirs and mbox files that are something else, or that somebody else holds."""

import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import unittest

import corpus
import harness
import hostile
import mailstore
import needs

VICTIM = b"do not touch\n"


class BoxCase(hostile.HostileCase):
    """`deliver` into something hostile, then the way is cleared and all comes exactly once."""

    def victim(self, name="victim"):
        path = self.box.path(name)
        with open(path, "wb") as f:
            f.write(VICTIM)
        return path

    def assert_unharmed(self, path):
        with open(path, "rb") as f:
            self.assertEqual(f.read(), VICTIM)

    def refuse(self, deliver, codes=(73,), says=(), limit=hostile.IN_TIME_S):
        """Nothing is deleted, one line is said, and it ends."""
        self.serve()
        self.cured_by = self.serve
        self.keys = {"deliver": deliver}
        self.configure()
        self.first = self.go(limit=limit)
        mailstore.assert_same(self, self.server.mailbox(), self.mails, "left on the server")
        self.assert_tidy(self.first, codes, *([says] if isinstance(says, str) else says))


class Maildirs(BoxCase):
    def maildir_with(self, **parts):
        """tmp, new and cur, each a folder unless told otherwise: 'file', or where a link points."""
        os.mkdir(self.box.path("Mail"))
        for part in ("tmp", "new", "cur"):
            what = parts.get(part)
            path = self.box.path("Mail", part)
            if what == "file":
                self.victim(os.path.join("Mail", part))
            elif what == "fifo":
                os.mkfifo(path)
            elif what:
                os.symlink(what, path)
            else:
                os.mkdir(path)

    def clear(self):
        path = self.box.path("Mail")
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:                                   # rmtree would wait for the writer of a FIFO
            os.unlink(path)

    def test_it_is_a_file(self):
        path = self.victim("Mail")
        self.refuse("maildir:~/Mail")
        self.assert_unharmed(path)
        self.clear()
        self.cure()

    def test_it_is_a_fifo(self):
        os.mkfifo(self.box.path("Mail"))
        self.refuse("maildir:~/Mail")
        self.clear()
        self.cure()

    def test_it_is_a_device(self):
        self.refuse("maildir:/dev/full")
        self.keys = {}
        self.cure()

    def test_it_is_a_link_to_nowhere(self):
        os.symlink(self.box.path("nowhere"), self.box.path("Mail"))
        self.refuse("maildir:~/Mail")
        self.assertFalse(os.path.exists(self.box.path("nowhere")))
        self.clear()
        self.cure()

    def test_it_is_a_link_to_itself(self):
        os.symlink("Mail", self.box.path("Mail"))
        self.refuse("maildir:~/Mail")
        self.clear()
        self.cure()

    def test_it_is_a_link_to_a_maildir(self):
        """That is how people move their mail: it is followed."""
        os.mkdir(self.box.path("elsewhere"))
        os.symlink("elsewhere", self.box.path("Mail"))
        self.serve()
        self.cured_by = self.serve
        self.cure()

    def test_new_is_a_file(self):
        self.maildir_with(new="file")
        self.refuse("maildir:~/Mail")
        self.assert_unharmed(self.box.path("Mail", "new"))
        self.clear()
        self.cure()

    def test_tmp_is_a_file(self):
        self.maildir_with(tmp="file")
        self.refuse("maildir:~/Mail")
        self.assert_unharmed(self.box.path("Mail", "tmp"))
        self.clear()
        self.cure()

    def test_tmp_is_a_fifo(self):
        self.maildir_with(tmp="fifo")
        self.refuse("maildir:~/Mail")
        self.clear()
        self.cure()

    def test_tmp_is_a_link_to_nowhere(self):
        self.maildir_with(tmp="nowhere")
        self.refuse("maildir:~/Mail")
        self.clear()
        self.cure()

    def test_tmp_lies_on_another_file_system(self):
        """rename cannot work: this is seen before a message is deleted, and nothing is lost."""
        if not os.path.isdir("/dev/shm") or (os.stat("/dev/shm").st_dev ==
                                             os.stat(self.box.home).st_dev):
            needs.missing_here("no second file system")
        other = tempfile.mkdtemp(dir="/dev/shm")
        self.addCleanup(shutil.rmtree, other)
        self.maildir_with(tmp=other)
        self.refuse("maildir:~/Mail")
        os.unlink(self.box.path("Mail", "tmp"))
        os.mkdir(self.box.path("Mail", "tmp"))
        self.cure()

    def test_links_in_tmp_under_names_that_could_be_ours_are_not_followed(self):
        """Names of tmp are fresh and made with O_EXCL: links beside them stay as they are."""
        self.maildir_with()
        path = self.victim()
        for n in range(20):
            os.symlink(path, self.box.path("Mail", "tmp", "%d.M%dP1Q%d.host" % (
                int(time.time()) + n, n, n)))
        self.serve()
        self.configure()
        self.assert_tidy(self.go(), (0,))
        self.assert_unharmed(path)
        mailstore.assert_same(self, self.delivered(), self.mails)

    def test_foreign_files_in_tmp_are_left_alone(self):
        self.maildir_with()
        path = self.victim("Mail/tmp/1000000000.M1P1Q1.somebody-else")
        os.utime(path, (1000000000, 1000000000))
        self.serve()
        self.configure()
        self.assert_tidy(self.go(), (0,))
        self.assert_unharmed(path)

    def test_new_vanishes_between_two_runs(self):
        self.serve()
        self.keys = {"keep": True}
        self.configure()
        self.assert_tidy(self.go(), (0,))
        shutil.rmtree(self.box.path("Mail", "new"))
        self.server.delivers(corpus.numbered(2, start=7))
        self.assert_tidy(self.go(), (0, 73))
        self.assert_tidy(self.go(), (0, 73))
        if self.go().code == 0:
            mailstore.assert_same(self, self.delivered(), corpus.numbered(2, start=7))

    def test_a_path_that_is_too_long(self):
        self.refuse("maildir:~/" + "x" * 300, codes=(73, 78))
        self.keys = {}
        self.cure()


class Mboxes(BoxCase):
    def delivered(self):
        return mailstore.read_mbox(self.box.path("mbox"))

    def refuse(self, deliver="mbox:~/mbox", **more):
        super().refuse(deliver, **more)

    def clear(self):
        path = self.box.path("mbox")
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        elif os.path.lexists(path):
            os.unlink(path)

    def test_it_is_a_folder(self):
        os.mkdir(self.box.path("mbox"))
        self.refuse(says="folder")
        self.clear()
        self.cure()

    def test_it_is_a_fifo_without_a_reader(self):
        os.mkfifo(self.box.path("mbox"))
        self.refuse()
        self.clear()
        self.cure()

    def test_it_is_a_fifo_with_a_reader(self):
        os.mkfifo(self.box.path("mbox"))
        reader = os.open(self.box.path("mbox"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.refuse()
        self.clear()
        self.cure()

    def test_it_is_a_socket(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        here = os.open(self.box.home, os.O_RDONLY)
        self.addCleanup(os.close, here)
        listener.bind("/proc/self/fd/%d/mbox" % here)
        self.refuse()
        self.clear()
        self.cure()

    def test_it_is_dev_full(self):
        self.refuse("mbox:/dev/full")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))

    def test_it_is_dev_null(self):
        """Mail that nobody keeps must not be deleted from the server."""
        self.refuse("mbox:/dev/null")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_it_is_a_link_to_dev_null(self):
        os.symlink("/dev/null", self.box.path("mbox"))
        self.refuse()
        self.clear()
        self.cure()

    def test_it_is_a_link_to_nowhere(self):
        """Another program may have planted it: what is not there is not created through a link."""
        os.symlink(self.box.path("nowhere"), self.box.path("mbox"))
        self.serve()
        self.cured_by = self.serve
        self.keys = {"deliver": "mbox:~/mbox"}
        self.configure()
        result = self.go()
        self.assert_tidy(result, (0, 73))
        if result.code:
            self.clear()
        self.cure()

    def test_it_is_a_link_to_itself(self):
        os.symlink("mbox", self.box.path("mbox"))
        self.refuse()
        self.clear()
        self.cure()

    def test_it_is_a_link_to_an_mbox(self):
        """It is followed, and the file behind it is the one that is locked."""
        os.mkdir(self.box.path("spool"))
        self.box.write("spool/real", "")
        os.symlink("spool/real", self.box.path("mbox"))
        self.serve()
        self.cured_by = self.serve
        self.keys = {"deliver": "mbox:~/mbox"}
        self.cure()
        self.assertTrue(os.path.islink(self.box.path("mbox")))
        self.assertEqual(os.listdir(self.box.path("spool")), ["real"])

    def test_its_folder_does_not_exist(self):
        self.refuse("mbox:~/no/such/mbox")

    def test_its_folder_is_a_file(self):
        path = self.victim("plain")
        self.refuse("mbox:~/plain/mbox")
        self.assert_unharmed(path)

    def test_it_is_no_mbox_but_other_text(self):
        """Never appended to in a way that makes one message of two."""
        path = self.victim("mbox")
        self.serve()
        self.keys = {"deliver": "mbox:~/mbox"}
        self.configure()
        result = self.go()
        self.assert_tidy(result, (0, 73))
        with open(path, "rb") as f:
            octets = f.read()
        self.assertTrue(octets.startswith(VICTIM))
        if result.code == 0:
            rest = octets[len(VICTIM):]
            self.assertTrue(rest.startswith(b"\nFrom "), rest[:20])
            mailstore.assert_same(self, mailstore.mboxrd(rest[1:]), self.mails)
        else:
            self.assertEqual(octets, VICTIM)
            mailstore.assert_same(self, self.server.mailbox(), self.mails)

    def test_its_last_message_is_not_ended(self):
        """A torn message of another program stays its own, and ours stay whole."""
        self.box.write("mbox", "From a@b Mon Nov  2 10:11:12 2026\nSubject: torn\n\nno end")
        self.serve()
        self.keys = {"deliver": "mbox:~/mbox"}
        self.configure()
        self.assert_tidy(self.go(), (0,))
        mailstore.assert_same(self, self.delivered(),
                              [b"Subject: torn\n\nno end\n"] + self.mails)


def hold_fcntl(path):
    """A process that holds the fcntl lock until its standard input ends."""
    code = ("import fcntl,sys\nf=open(sys.argv[1],'a')\nfcntl.lockf(f,fcntl.LOCK_EX)\n"
            "print('held',flush=True)\nsys.stdin.read()\n")
    holder = subprocess.Popen(["python3", "-I", "-S", "-c", code, path], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    holder.stdout.readline()
    return holder


class Locks(Mboxes):
    """The mbox is in use by another program."""

    def setUp(self):
        super().setUp()
        self.mbox = self.box.write("mbox", "")
        self.lock = self.mbox + ".lock"

    def release(self, holder):
        holder.stdin.close()
        holder.stdout.close()
        holder.wait(harness.PATIENCE_S)

    def delivers(self, limit=10):
        self.serve()
        self.cured_by = self.serve
        self.keys = {"deliver": "mbox:~/mbox"}
        self.configure()
        self.assert_tidy(self.go(limit=limit), (0,))
        mailstore.assert_same(self, self.delivered(), self.mails)
        self.assertFalse(os.path.lexists(self.lock))
        self.cure()

    def test_held_by_fcntl_for_good(self):
        holder = hold_fcntl(self.mbox)
        try:
            self.refuse(codes=(73, 75), says="lock", limit=45)
        finally:
            self.release(holder)
        self.assertEqual(self.delivered(), [])
        self.cure()

    def await_mail(self):
        """There is mail that is to be delivered, and it is, or waits for the lock."""
        harness.wait_until(lambda: "C: UIDL" in self.server.log())
        time.sleep(1)

    def test_held_by_fcntl_for_a_second(self):
        holder = hold_fcntl(self.mbox)
        self.serve()
        self.keys = {"deliver": "mbox:~/mbox"}
        self.configure()
        process = self.box.start()
        self.await_mail()
        self.assertEqual(self.delivered(), [])
        self.release(holder)
        _, err = process.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual((process.returncode, err), (0, b""))
        mailstore.assert_same(self, self.delivered(), self.mails)

    def test_held_by_a_dot_lock_of_a_program_that_lives(self):
        self.box.write("mbox.lock", "%d\n" % os.getpid())
        self.refuse(codes=(73, 75), says="lock", limit=45)
        self.assertEqual(self.delivered(), [])
        self.assertTrue(os.path.exists(self.lock))
        os.unlink(self.lock)
        self.cure()

    def test_a_dot_lock_of_a_program_that_is_gone(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        self.box.write("mbox.lock", "%d:%s\n" % (ended.pid, socket.gethostname()))
        self.delivers()

    def test_a_dot_lock_that_is_ten_minutes_old(self):
        self.box.write("mbox.lock", "")
        old = time.time() - 600
        os.utime(self.lock, (old, old))
        self.delivers()

    def test_a_dot_lock_of_another_machine_is_not_broken(self):
        self.box.write("mbox.lock", "1:another.example.org\n")
        self.refuse(codes=(73, 75), says="lock", limit=45)
        self.assertTrue(os.path.exists(self.lock))
        os.unlink(self.lock)
        self.cure()

    def test_a_dot_lock_that_is_a_link_to_a_file(self):
        """It may be held, but what it points to is neither written nor removed."""
        path = self.victim()
        os.symlink(path, self.lock)
        self.refuse(codes=(73, 75), limit=45)
        self.assert_unharmed(path)
        os.unlink(self.lock)
        self.cure()

    def test_a_dot_lock_that_is_a_folder(self):
        os.mkdir(self.lock)
        self.refuse(codes=(73, 75), limit=45)
        os.rmdir(self.lock)
        self.cure()

    def test_a_dot_lock_that_is_a_fifo(self):
        """To read who holds it must not wait for a writer."""
        os.mkfifo(self.lock)
        self.refuse(codes=(73, 75), limit=45)
        os.unlink(self.lock)
        self.cure()

    def test_a_signal_ends_the_wait_for_a_lock(self):
        holder = hold_fcntl(self.mbox)
        self.serve()
        self.cured_by = self.serve
        self.keys = {"deliver": "mbox:~/mbox"}
        self.configure()
        process = self.box.start()
        self.await_mail()
        process.terminate()
        _, err = process.communicate(timeout=harness.PATIENCE_S)
        self.release(holder)
        # It would end by itself, in half a minute, and otherwise.
        self.assertEqual(process.returncode, 143)
        self.assertNotIn(b"lock", err)
        self.assertEqual(self.delivered(), [])
        self.cure()


# The cases of the base class would only run a second time.
for _name in [one for one in dir(Mboxes) if one.startswith("test_")]:
    setattr(Locks, _name, None)


class State(BoxCase):
    """The state is in the way: nothing is fetched that could not be remembered."""

    def state(self, *names):
        os.makedirs(os.path.join(self.box.state, "ambil"), mode=0o700, exist_ok=True)
        return os.path.join(self.box.state, "ambil", *names)

    def test_the_state_file_is_a_folder(self):
        os.mkdir(self.state("home.db"))
        self.refuse("maildir:~/Mail", codes=(74,))
        os.rmdir(self.state("home.db"))
        self.cure()

    def test_the_state_file_is_garbage(self):
        with open(self.state("home.db"), "wb") as f:
            f.write(VICTIM * 1000)
        self.refuse("maildir:~/Mail", codes=(74,))
        with open(self.state("home.db"), "rb") as f:
            self.assertEqual(f.read(), VICTIM * 1000)
        os.unlink(self.state("home.db"))
        self.cure()

    def test_the_state_file_is_cut_short(self):
        self.serve()
        self.keys = {"keep": True}
        self.configure()
        self.assert_tidy(self.go(), (0,))
        with open(self.state("home.db"), "r+b") as f:
            f.truncate(5000)
        self.assert_tidy(self.go(), (74,))
        mailstore.assert_same(self, self.delivered(), self.mails, "not fetched again")

    def test_the_state_file_is_a_fifo(self):
        os.mkfifo(self.state("home.db"))
        self.refuse("maildir:~/Mail", codes=(74,))
        os.unlink(self.state("home.db"))
        self.cure()

    def test_the_lock_is_a_folder(self):
        os.mkdir(self.state("home.lock"))
        self.refuse("maildir:~/Mail", codes=(74,))
        os.rmdir(self.state("home.lock"))
        self.cure()

    def test_the_lock_is_a_link_to_a_file(self):
        path = self.victim()
        os.symlink(path, self.state("home.lock"))
        self.serve()
        self.configure()
        self.assert_tidy(self.go(), (0, 74))
        self.assert_unharmed(path)

    def test_the_lock_is_a_fifo(self):
        os.mkfifo(self.state("home.lock"))
        self.serve()
        self.configure()
        self.assert_tidy(self.go(limit=8), (0, 74))

    def test_the_state_folder_is_a_file(self):
        path = self.victim(os.path.join(".local", "state", "ambil"))
        self.refuse("maildir:~/Mail", codes=(74,))
        self.assert_unharmed(path)
        os.unlink(path)
        self.cure()


class Streams(BoxCase):
    """--to - with a standard output that takes nothing."""

    def stream(self, stdout, codes, wrap=(), says="standard output", sessions=None):
        self.serve()
        self.cured_by = self.serve
        self.configure()
        result = harness.finish(self.box.start("fetch", "--to", "-", stdout=stdout, wrap=wrap))
        self.assert_tidy(result, codes, says)
        if sessions is not None:
            self.assertEqual(self.server.count_sessions(), sessions)
        mailstore.assert_same(self, self.server.mailbox(), self.mails, "left on the server")
        self.cure()

    def test_dev_full(self):
        with open("/dev/full", "wb") as full:
            self.stream(full, (73, 74))

    def test_a_pipe_that_nobody_reads(self):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            self.stream(writer, (73, 74, 75))
        finally:
            os.close(writer)

    CLOSED = ("/bin/sh", "-c", 'exec "$@" >&-', "sh")

    def test_a_closed_standard_output(self):
        """Noticed before anything is fetched: no session at all."""
        self.stream(subprocess.PIPE, (73,), wrap=self.CLOSED, says="standard output is closed",
                    sessions=0)

    def test_one_that_can_only_be_read(self):
        with open("/dev/null", "rb") as readable:
            self.stream(readable, (73,), says="standard output is closed", sessions=0)

    def test_all_three_streams_closed(self):
        """There is nowhere left to complain to, and the state file does not become a stream."""
        self.serve()
        self.configure()
        process = self.box.start("fetch", "--to", "-", wrap=(
            "/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"))
        self.assertEqual(process.communicate(timeout=harness.PATIENCE_S), (b"", b""))
        self.assertEqual(process.returncode, 73)
        self.assertEqual(self.server.count_sessions(), 0)

    def test_a_fetch_needs_none_of_the_three(self):
        self.serve()
        self.configure()
        process = self.box.start(wrap=("/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"))
        process.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual(process.returncode, 0)
        self.assert_once()

    def test_what_is_asked_for_is_not_lost_in_silence(self):
        """check, --dry-run and the verbs that only print end with an error, not with 0."""
        self.serve()
        self.configure()
        for args in (["check"], ["fetch", "--dry-run"], ["config", "show"], ["config", "check"],
                     ["config", "path"], ["--help"], ["--version"]):
            with self.subTest(args), open("/dev/full", "wb") as full:
                result = harness.finish(self.box.start(*args, wrap=self.CLOSED))
                self.assert_tidy(result, (74,), "standard output is closed")
                result = harness.finish(self.box.start(*args, stdout=full))
                self.assert_tidy(result, (74,), "standard output", "No space left on device")


if __name__ == "__main__":
    unittest.main()
