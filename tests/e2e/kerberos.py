# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Kerberos realm in a temporary folder: one KDC on a loopback port, no system service.

Its programs are those of the system, or of packages that are only unpacked.
"""

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time

import needs
import ports
from servers import unpacked

REALM = "AMBIL.TEST"

CLIENT = """\
[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
[realms]
 {realm} = {{
  kdc = 127.0.0.1:{port}
 }}
[domain_realm]
 localhost = {realm}
"""

SERVER = """\
[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
[realms]
 {realm} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  acl_file = {folder}/acl
 }}
[dbmodules]
{modules}
[logging]
 kdc = FILE:{folder}/kdc.log
"""


def program(package, path):
    return needs.find(os.path.basename(path)) or unpacked.program(package, path)


class Kerberos:
    """Attributes: config (for KRB5_CONFIG), keytab (of pop/localhost)."""

    def __init__(self, users):
        self.kdc = program("krb5-kdc", "/usr/sbin/krb5kdc")
        self.util = program("krb5-kdc", "/usr/sbin/kdb5_util")
        self.admin = program("krb5-admin-server", "/usr/sbin/kadmin.local")
        self.kinit = program("krb5-user", "/usr/bin/kinit")
        self.folder = tempfile.mkdtemp(prefix="ak")
        self.config = os.path.join(self.folder, "krb5.conf")
        self.keytab = os.path.join(self.folder, "keytab")
        self.environment = {**os.environ, "KRB5_CONFIG": self.config,
                            "LD_LIBRARY_PATH": unpacked.environment()["LD_LIBRARY_PATH"],
                            "KRB5_KDC_PROFILE": os.path.join(self.folder, "kdc.conf")}
        self.process = None
        try:
            os.chmod(self.folder, 0o755)
            self._configure()
            self._run([self.util, "create", "-s", "-P", "master", "-r", REALM])
            for user, password in users.items():
                self._run([self.admin, "-q", "addprinc -pw %s %s" % (password, user)])
            self._run([self.admin, "-q", "addprinc -randkey pop/localhost"])
            self._run([self.admin, "-q", "ktadd -k %s pop/localhost" % self.keytab])
            os.chmod(self.keytab, 0o644)
            self._start()
        except BaseException:
            self.stop()
            raise

    def _configure(self):
        self.port, = ports.free()
        modules = "".join(" db_module_dir = %s\n" % folder for folder in glob.glob(
            unpacked.ROOT + "/usr/lib/*/krb5/plugins/kdb"))
        for name, text in (("krb5.conf", CLIENT), ("kdc.conf", SERVER)):
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as f:
                f.write(text.format(realm=REALM, port=self.port, folder=self.folder,
                                    modules=modules))

    def _run(self, command, **more):
        done = subprocess.run(command, env=self.environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, **more)
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (command[0], done.stdout))

    def _start(self, seconds=60):
        self.process = subprocess.Popen([self.kdc, "-n"], env=self.environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("the KDC did not start")

    def ticket(self, user, password, path):
        """Get one into a file of its own; returns the environment that shows it to a program."""
        cache = "FILE:" + path
        self._run([self.kinit, "-c", cache, user], input=password + "\n")
        return self.without_ticket(path)

    def without_ticket(self, path):
        return {"KRB5_CONFIG": self.config, "KRB5CCNAME": "FILE:" + path}

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
