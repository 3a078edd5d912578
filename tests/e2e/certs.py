# SPDX-License-Identifier: GPL-3.0-or-later
"""A certification authority and a server certificate, made fresh in a folder by openssl."""

import os
import subprocess

import needs

LEAF = """[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = %s
"""


class Certificates:
    """Paths: ca (what a client trusts), cert and key (what the server shows)."""

    def __init__(self, folder, names=("DNS:localhost", "IP:127.0.0.1", "IP:::1"),
                 authority="ambil test authority"):
        self.openssl = needs.need("openssl")
        self.folder = folder
        self.ca = self._path("ca.pem")
        self.cert = self._path("server.pem")
        self.key = self._path("server.key")
        self._make(names, authority)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _make(self, names, authority):
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        self._run("req", "-x509", *new_key, "-days", "3650", "-subj", "/CN=" + authority,
                  "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                  "-keyout", self._path("ca.key"), "-out", self.ca)
        self._run("req", "-new", *new_key, "-subj", "/CN=ambil test server",
                  "-keyout", self.key, "-out", self._path("server.csr"))
        with open(self._path("leaf.cnf"), "w", encoding="ascii") as f:
            f.write(LEAF % ",".join(names))
        self._run("x509", "-req", "-in", self._path("server.csr"), "-days", "3650",
                  "-CA", self.ca, "-CAkey", self._path("ca.key"), "-CAcreateserial",
                  "-extfile", self._path("leaf.cnf"), "-extensions", "leaf", "-out", self.cert)

    def _run(self, *args):
        done = subprocess.run([self.openssl, *args], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError("openssl %s: %s" % (args[0], done.stdout))
