# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Dovecot: own configuration, certificate, users and mail in a temporary folder.

Works as root (mail then belongs to nobody) and as an ordinary user.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

import certs
import needs
import ports

CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/run
instance_name = ambil-test-{pid}
log_path = {folder}/dovecot.log
protocols = pop3
listen = 127.0.0.1, 127.0.0.2, ::1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = {uid}
first_valid_gid = {gid}
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
auth_mechanisms = plain
auth_failure_delay = 0
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
mail_location = maildir:{folder}/mail/%u
mail_fsync = never
mail_max_userip_connections = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service pop3-login {{
  chroot =
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service pop3 {{
  process_limit = 200
}}
{extra}
"""

ADDRESSES = ("127.0.0.1", "::1")


class Dovecot:
    """Attributes: pop3, pop3s (ports), ca (file to trust), folder, log."""

    def __init__(self, users, extra=""):
        self.program = needs.need("dovecot")
        self.users = dict(users)
        self.folder = tempfile.mkdtemp(prefix="ad")
        self.log = os.path.join(self.folder, "dovecot.log")
        self.serial = 0
        self.marks = 0                  # connections that are made to be found in its log
        self.process = None
        try:
            os.chmod(self.folder, 0o755)
            self._who()
            self.certificates = certs.Certificates(self.folder)
            self.ca = self.certificates.ca
            self._make_users()
            self._start(extra)
        except BaseException:
            self.stop()
            raise

    def _who(self):
        """Decide which users the parts of Dovecot run as."""
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.uid, self.gid = nobody.pw_uid, nobody.pw_gid
            self.login, self.internal = "dovenull", "dovecot"
        else:
            me = pwd.getpwuid(os.geteuid())
            self.uid, self.gid = os.geteuid(), os.getegid()
            self.login = self.internal = me.pw_name

    def _make_users(self):
        with open(os.path.join(self.folder, "users"), "w", encoding="utf-8") as f:
            for user, password in self.users.items():
                f.write("%s:{PLAIN}%s\n" % (user, password))
        for top in ("mail", "home", "run"):
            os.mkdir(os.path.join(self.folder, top), 0o755)
        for user in self.users:
            folders = [self.maildir(user), os.path.join(self.folder, "home", user)]
            folders += [os.path.join(folders[0], part) for part in ("tmp", "new", "cur")]
            for folder in folders:
                os.mkdir(folder, 0o700)
                os.chown(folder, self.uid, self.gid)

    def _start(self, extra, tries=3):
        for attempt in range(tries):
            self.pop3, self.pop3s = ports.free(2)
            config = os.path.join(self.folder, "dovecot.conf")
            with open(config, "w", encoding="utf-8") as f:
                f.write(CONFIG.format(
                    folder=self.folder, pid=os.getpid(), uid=self.uid, gid=self.gid,
                    login=self.login, internal=self.internal, internal_group=self._group(),
                    cert=self.certificates.cert, key=self.certificates.key,
                    pop3=self.pop3, pop3s=self.pop3s,
                    extra=extra.replace("{folder}", self.folder)))
            self.process = subprocess.Popen(
                [self.program, "-F", "-c", config], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
            if self._answers():
                return
            said = self._end()
            if attempt == tries - 1:
                raise RuntimeError("Dovecot did not start: %s\n%s" % (said, self._logged()))

    def _group(self):
        """The primary group of the internal user."""
        import grp
        return grp.getgrgid(pwd.getpwnam(self.internal).pw_gid).gr_name

    def _answers(self, seconds=60):
        """Wait until both ports take connections on both addresses."""
        left = [(host, port) for host in ADDRESSES for port in (self.pop3, self.pop3s)]
        end = time.monotonic() + seconds
        while left and time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(left[0], 1).close()
                left.pop(0)
            except OSError:
                time.sleep(0.02)
        return not left

    def _end(self):
        """Stop the master process, which takes its children along; return what it said."""
        if self.process is None:
            return ""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            _, said = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, said = self.process.communicate()
        self.process = None
        return said.decode(errors="replace")

    def stop(self):
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _logged(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def log_text(self, has=lambda text: True, seconds=60):
        """What it has logged until now, which takes its time; or until what is wanted is there."""
        self.marks += 1
        mark = "127.77.%d.%d" % divmod(self.marks, 256)
        socket.create_connection(("127.0.0.1", self.pop3), 20, (mark, 0)).close()
        end = time.monotonic() + seconds
        while "rip=%s," % mark not in (text := self._logged()) or not has(text):
            if time.monotonic() > end:
                raise AssertionError("Dovecot has not logged it: %s" % text)
            time.sleep(0.02)
        return text

    def log_lines(self, *parts):
        """The lines with all of these, once there is one."""
        def found(text):
            return [line for line in text.splitlines() if all(part in line for part in parts)]
        return found(self.log_text(found))

    def maildir(self, user):
        return os.path.join(self.folder, "mail", user)

    def delivers(self, user, messages):
        """Put messages into the user's mailbox, as new mail, in this order."""
        base = self.maildir(user)
        for octets in messages:
            self.serial += 1
            name = "%d.M%06dP1.test" % (time.time(), self.serial)
            path = os.path.join(base, "tmp", name)
            with open(path, "wb") as f:
                f.write(octets)
            os.chown(path, self.uid, self.gid)
            os.rename(path, os.path.join(base, "new", name))

    def mailbox(self, user):
        """What the server still holds, as stored, in order of arrival."""
        while True:
            try:
                found = self._read(user)
                break
            except FileNotFoundError:       # the server has moved it, or taken it away
                continue
        return [found[name] for name in sorted(found, key=lambda n: n.split(".M")[1])]

    def _read(self, user):
        found = {}
        for part in ("new", "cur"):
            folder = os.path.join(self.maildir(user), part)
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), "rb") as f:
                    found[name.split(":")[0]] = f.read()
        return found

    def clear(self, user):
        """Empty the user's mailbox and forget its UIDs."""
        base = self.maildir(user)
        for entry in os.listdir(base):
            path = os.path.join(base, entry)
            if os.path.isdir(path):
                for name in os.listdir(path):
                    os.unlink(os.path.join(path, name))
            else:
                os.unlink(path)
