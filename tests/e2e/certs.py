# SPDX-License-Identifier: GPL-3.0-or-later
"""A certification authority and a server certificate, made fresh in a folder by openssl."""

import base64
import hashlib
import os
import subprocess

import needs

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

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
        self._run("req", "-x509", *NEW_KEY, "-days", "3650", "-subj", "/CN=" + authority,
                  "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                  "-keyout", self._path("ca.key"), "-out", self.ca)
        self._run("req", "-new", *NEW_KEY, "-subj", "/CN=ambil test server",
                  "-keyout", self.key, "-out", self._path("server.csr"))
        with open(self._path("leaf.cnf"), "w", encoding="ascii") as f:
            f.write(LEAF % ",".join(names))
        self._run("x509", "-req", "-in", self._path("server.csr"), "-days", "3650",
                  "-CA", self.ca, "-CAkey", self._path("ca.key"), "-CAcreateserial",
                  "-extfile", self._path("leaf.cnf"), "-extensions", "leaf", "-out", self.cert)

    def issue(self, name, extensions, days=3650):
        """One more certificate, signed by the authority; returns the paths of it and its key."""
        cert, key, request = (self._path(name + end) for end in (".pem", ".key", ".csr"))
        self._run("req", "-new", *NEW_KEY, "-subj", "/CN=" + name, "-keyout", key, "-out", request)
        with open(self._path(name + ".cnf"), "w", encoding="ascii") as f:
            f.write("[leaf]\n" + "\n".join(extensions) + "\n")
        self._run("x509", "-req", "-in", request, "-days", str(days), "-CA", self.ca,
                  "-CAkey", self._path("ca.key"), "-CAcreateserial",
                  "-extfile", self._path(name + ".cnf"), "-extensions", "leaf", "-out", cert)
        return cert, key

    def ocsp(self, name, state, days=7, by=None):
        """A response of the authority, in DER, about a certificate that it has issued: its path.

        state is V (valid) or R (revoked); by: other certificates, whose authority signs it.
        """
        by = by or self
        cert, index, out = (self._path(name + end) for end in (".pem", ".index", ".der"))
        serial = self._run("x509", "-in", cert, "-noout", "-serial").strip().split("=")[1]
        with open(index, "w", encoding="ascii") as f:
            f.write("%s\t351231235959Z\t%s\t%s\tunknown\t/CN=%s\n" % (
                state, "200101000000Z" if state == "R" else "", serial, name))
        self._run("ocsp", "-index", index, "-CA", self.ca, "-rsigner", by.ca,
                  "-rkey", by._path("ca.key"), "-issuer", self.ca, "-cert", cert,
                  "-ndays", str(days), "-noverify", "-respout", out)
        return out

    def digest(self, path, of):
        """SHA-256 of a certificate's key, in base64, or of the certificate, in hexadecimal."""
        if of == "certificate":
            said = self._run("x509", "-in", path, "-noout", "-fingerprint", "-sha256")
            return said.strip().split("=")[1]
        pem = self._run("x509", "-in", path, "-noout", "-pubkey")
        der = base64.b64decode("".join(pem.strip().splitlines()[1:-1]))
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    def _run(self, *args):
        done = subprocess.run([self.openssl, *args], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError("openssl %s: %s" % (args[0], done.stdout))
        return done.stdout
