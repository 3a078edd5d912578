# SPDX-License-Identifier: GPL-3.0-or-later
"""The fetchers that are compared: how each is set up for a job, run, and told what it has seen.

Each is set up as its manual advises for safe use: certificates verified, mail deleted only where
the job says so, and the list of seen mail in a file below the job's folder.
"""

import dataclasses
import os

PASSWORD = "secret"


@dataclasses.dataclass
class Job:
    """What a fetcher is to do.  All files of its are below `folder`."""
    folder: str
    port: int
    ca: str             # None: in clear
    deliver: str        # maildir, mbox or procmail
    keep: bool
    users: list
    variant: dict = dataclasses.field(default_factory=dict)     # of the fetcher; see Ambil

    @property
    def mail(self):
        return os.path.join(self.folder, "mail")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def prepare(self):
        """Folders that fetchers expect to find, and the rules of procmail."""
        os.makedirs(self.path("state"), exist_ok=True)
        os.makedirs(self.path("tmp"), exist_ok=True)
        if self.deliver != "mbox":
            for part in ("tmp", "new", "cur"):
                os.makedirs(os.path.join(self.mail, part), exist_ok=True)
        place = self.mail + ("/" if self.deliver != "mbox" else "")
        self.write("procmailrc", "DEFAULT=%s\nLOGFILE=/dev/null\n" % place)

    @property
    def procmail_is_used(self):
        return self.deliver == "procmail"

    @property
    def procmail(self):
        return "procmail " + self.path("procmailrc")

    def environment(self):
        env = {"PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C.UTF-8", "TZ": "UTC",
               "LOGNAME": "bench", "USER": "bench", "TMPDIR": self.path("tmp"),
               "XDG_CONFIG_HOME": self.path("config"), "XDG_STATE_HOME": self.path("state")}
        if self.ca:
            env["SSL_CERT_FILE"] = self.ca      # read by those who have no setting for it
        return env


class Ambil:
    name, package, fine = "ambil", None, (0,)

    def setup(self, job):
        lines = ["%s = %s\n" % item for item in job.variant.items()]
        for number, user in enumerate(job.users):
            tls = ('ca-file = "%s"\n' % job.ca if job.ca else
                   "tls = none\nallow-cleartext-password = true\n")
            lines.append('account a%d {\nhost = localhost\nport = %d\nuser = "%s"\npassword = \'%s\'\n'
                         "%skeep = %s\ndeliver = \"%s\"\n}\n" % (
                             number, job.port, user, PASSWORD, tls,
                             "true" if job.keep else "false", self._destination(job)))
        job.write("config/ambil/ambil.conf", "".join(lines))

    @staticmethod
    def _destination(job):
        return "pipe:" + job.procmail if job.procmail_is_used else "%s:%s" % (job.deliver, job.mail)

    def command(self, programs, job):
        return [programs.ambil]

    def has_seen(self, programs, job, uids, run):
        """Let it look at the mailbox itself; `run` runs a command in the job's folder."""
        run([programs.ambil, "fetch", "--from-now"])


class Mpop:
    name, package, fine = "mpop", "mpop", (0,)

    def setup(self, job):
        text = ("defaults\nhost localhost\nport %d\npassword %s\nauth user\nkeep %s\ndelivery %s\n"
                "uidls_file %s\n" % (
                    job.port, PASSWORD, "on" if job.keep else "off", self._delivery(job),
                    job.path("state", "mpop-%U")))
        if job.ca:
            text += "tls on\ntls_starttls off\ntls_trust_file %s\n" % job.ca
        for number, user in enumerate(job.users):
            text += "account a%d\nuser %s\n" % (number, user)
        job.write("mpoprc", text)

    @staticmethod
    def _delivery(job):
        return "mda " + job.procmail if job.procmail_is_used else "%s %s" % (job.deliver, job.mail)

    def command(self, programs, job):
        return ["mpop", "-Q", "-C", job.path("mpoprc"), "-a"]

    def has_seen(self, programs, job, uids, run):
        for user in job.users:
            job.write("state/mpop-" + user, " %d localhost %s\n%s" % (
                len(uids), user, "".join(uid + "\n" for uid in sorted(uids))))


class Fetchmail:
    """Has no destination of its own for a Maildir or an mbox: procmail writes both."""
    name, package, fine = "fetchmail", "fetchmail", (0, 1)      # 1: no new mail

    def setup(self, job):
        job.write("fetchmailrc", "poll localhost protocol pop3 port %d timeout 600 uidl\n%s" % (
            job.port, "".join(self._user(job, user) for user in job.users)))

    @staticmethod
    def _user(job, user):
        tls = 'ssl sslcertck sslcertfile "%s"' % job.ca if job.ca else 'sslproto ""'
        return 'user "%s" password "%s" %s %s no rewrite mda "%s"\n' % (
            user, PASSWORD, tls, "keep" if job.keep else "nokeep", job.procmail)

    def command(self, programs, job):
        return ["fetchmail", "-s", "--nodetach", "-f", job.path("fetchmailrc"),
                "-i", job.path("state", "fetchids"), "--pidfile", job.path("tmp", "pid")]

    def has_seen(self, programs, job, uids, run):
        job.write("state/fetchids", "".join(
            "%s@localhost %s\n" % (user, uid) for user in job.users for uid in uids))


class Getmail:
    name, package, fine = "getmail", "getmail6", (0,)

    def setup(self, job):
        for number, user in enumerate(job.users):
            kind = "SimplePOP3SSLRetriever" if job.ca else "SimplePOP3Retriever"
            job.write("getmailrc-%d" % number,
                      "[retriever]\ntype = %s\nserver = localhost\nport = %d\nusername = %s\n"
                      "password = %s\ntimeout = 600\n%s[destination]\n%s"
                      "[options]\nverbose = 0\nread_all = %s\ndelete = %s\n" % (
                          kind, job.port, user, PASSWORD,
                          "ca_certs = %s\n" % job.ca if job.ca else "", self._destination(job),
                          "false" if job.keep else "true", "false" if job.keep else "true"))

    @staticmethod
    def _destination(job):
        if job.procmail_is_used:
            return ('type = MDA_external\npath = /usr/bin/procmail\narguments = ("%s",)\n'
                    "unixfrom = true\n" % job.path("procmailrc"))
        if job.deliver == "mbox":
            with open(job.mail, "ab"):          # it must be there
                pass
            return "type = Mboxrd\npath = %s\n" % job.mail
        return "type = Maildir\npath = %s/\n" % job.mail

    def command(self, programs, job):
        return ["getmail", "--getmaildir", job.path("state")] + [
            "--rcfile=" + job.path("getmailrc-%d" % number) for number in range(len(job.users))]

    def has_seen(self, programs, job, uids, run):
        for user in job.users:
            job.write("state/oldmail-localhost-%d-%s" % (job.port, user),
                      "".join("%s\0%d\n" % (uid, 1767614400) for uid in uids))


class Fdm:
    name, package, fine = "fdm", "fdm", (0,)

    def setup(self, job):
        text = ('set maximum-size 1G\nset lock-file "%s"\n%saction "in" %s\n'
                'match all action "in"\n' % (
                    job.path("tmp", "lock"),
                    "set verify-certificates\n" if job.ca else "", self._action(job)))
        for number, user in enumerate(job.users):
            text += 'account "a%d" %s server "localhost" port %d user "%s" pass "%s" %s%s\n' % (
                number, "pop3s" if job.ca else "pop3", job.port, user, PASSWORD,
                'new-only cache "%s" ' % job.path("state", "fdm-" + user) if job.keep else "",
                "keep" if job.keep else "")
        job.write("fdm.conf", text)

    @staticmethod
    def _action(job):
        if job.procmail_is_used:
            return 'pipe "%s"' % job.procmail
        return '%s "%s"' % (job.deliver, job.mail)

    def command(self, programs, job):
        return ["fdm", "-q", "-f", job.path("fdm.conf"), "fetch"]

    def has_seen(self, programs, job, uids, run):
        for user in job.users:
            job.write("state/fdm-" + user, "".join("%d %s\n" % (len(uid), uid) for uid in uids))


TOOLS = {tool.name: tool for tool in (Ambil(), Mpop(), Fetchmail(), Getmail(), Fdm())}
