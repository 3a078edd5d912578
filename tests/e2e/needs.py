# SPDX-License-Identifier: GPL-3.0-or-later
"""Which outside programs a test needs, and what happens when one is missing.

Normally the test is skipped and the reason names the Debian package.  With
AMBIL_TESTS_COMPLETE=1 in the environment a missing program is a failure.
"""

import glob
import os
import shutil
import unittest

PACKAGES = {
    "dbus-daemon": "dbus",
    "dbus-send": "dbus",
    "dovecot": "dovecot-pop3d",
    "gnome-keyring-daemon": "gnome-keyring",
    "secret-tool": "libsecret-tools",
    "openssl": "openssl",
    "procmail": "procmail",
    "formail": "procmail",
    "maildrop": "maildrop",
    "mpop": "mpop",
    "fetchmail": "fetchmail",
    "getmail": "getmail6",
    "fdm": "fdm",
    "libfaketime": "libfaketime",
    "strace": "strace",
    "microsocks": "microsocks",
    "tinyproxy": "tinyproxy-bin",
    "socat": "socat",
    "nc": "netcat-openbsd",
    "sshd": "openssh-server",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "ip": "iproute2",
    "dnsmasq": "dnsmasq-base",
    "ps": "procps",
    "valgrind": "valgrind",
    "tmux": "tmux",
    "softhsm2-util": "softhsm2",
    "pkcs11-tool": "opensc",
    "dovecot-gssapi": "dovecot-gssapi",
    "setpriv": "util-linux",
    "systemd-analyze": "systemd",
    "meson": "meson",
    "localedef": "libc-bin",
    "bash": "bash",
    "fish": "fish",
    "zsh": "zsh",
}

SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])


def find(tool):
    """Return the path of a program, or None."""
    if tool == "libfaketime":
        return faketime_library()
    if tool == "dovecot-gssapi":
        return first_of("/usr/lib/dovecot/modules/auth/libmech_gssapi.so",
                        "/usr/lib/*/dovecot/modules/auth/libmech_gssapi.so")
    return shutil.which(tool, path=SEARCH)


def first_of(*patterns):
    """Return the first file that there is, or None."""
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            return path
    return None


def faketime_library():
    """Return the preload library for programs with threads, or None."""
    for folder in ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime"):
        for path in sorted(glob.glob(os.path.join(folder, "libfaketimeMT.so.1"))):
            return path
    return None


def missing_here(reason):
    """Skip the test for what this machine lacks, or fail where nothing may be skipped."""
    if os.environ.get("AMBIL_TESTS_COMPLETE") == "1":
        raise AssertionError(reason)
    raise unittest.SkipTest(reason)


def need(*tools):
    """Return the paths of the programs; skip (or fail) naming the packages that are missing."""
    paths = [find(tool) for tool in tools]
    missing = [tool for tool, path in zip(tools, paths) if path is None]
    if missing:
        packages = sorted({PACKAGES.get(tool, tool) for tool in missing})
        reason = "%s not found: install the Debian package %s" % (
            ", ".join(missing), ", ".join(packages))
        missing_here(reason)
    return paths[0] if len(paths) == 1 else paths
