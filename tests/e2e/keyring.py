# SPDX-License-Identifier: GPL-3.0-or-later
"""A D-Bus session of its own, with a real gnome-keyring in it, or one that answers as it is told.

Nothing of the caller's own session is touched: bus, control socket and keyrings are in a folder
that is thrown away.
"""

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

import harness
import needs

# Nothing is started by the bus itself: not a keyring where a test wants none, nor a window.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""
SERVICE = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
OPENS_IT = b"the keyring's own"


def need_built_in():
    """Skip what a build without libsecret cannot do."""
    said = subprocess.run([harness.AMBIL, "--version"], check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"})
    if "keyring: libsecret" not in said.stdout:
        needs.missing_here("this ambil was built without libsecret (Debian: libsecret-1-dev)")


class Session:
    """A bus; the folder is what XDG_RUNTIME_DIR is for a user who has logged in."""

    def __init__(self):
        daemon = needs.need("dbus-daemon")
        self.folder = tempfile.mkdtemp(prefix="ak")
        self.address = "unix:path=%s/bus" % self.folder
        self.keyring = None
        config = os.path.join(self.folder, "bus.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(BUS % os.path.join(self.folder, "bus"))
        self.bus = subprocess.Popen([daemon, "--config-file=" + config, "--nofork", "--nopidfile",
                                     "--print-address"], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL)
        ready, _, _ = select.select([self.bus.stdout], [], [], harness.PATIENCE_S)
        if not ready or not self.bus.stdout.readline():
            self.stop()
            raise RuntimeError("dbus-daemon did not start")

    def stop(self):
        for process in (self.keyring, self.bus):
            if process is not None:
                process.kill()
                process.wait()
        self.bus.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def environment(self):
        return {"DBUS_SESSION_BUS_ADDRESS": self.address}

    def _all(self):
        return {"PATH": needs.SEARCH, "HOME": self.folder, "XDG_RUNTIME_DIR": self.folder,
                "XDG_DATA_HOME": os.path.join(self.folder, "data"), "LC_ALL": "C.UTF-8",
                **self.environment}

    def start_keyring(self):
        """Start gnome-keyring, unlocked, and wait until the bus knows it."""
        self.keyring = subprocess.Popen(
            [needs.need("gnome-keyring-daemon"), "--unlock", "--components=secrets",
             "--foreground"], env=self._all(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.keyring.stdin.write(OPENS_IT)
        self.keyring.stdin.close()
        self._wait_for_keyring(True)

    def unlock(self):
        """Only a window could; but it is unlocked when it starts, and keeps what it has."""
        self.keyring.terminate()
        self.keyring.wait()
        self._wait_for_keyring(False)
        self.start_keyring()

    def _wait_for_keyring(self, there):
        harness.wait_until(lambda: self.has_keyring() == there)

    def _call(self, path, method, *arguments, to=SERVICE):
        command = [needs.need("dbus-send"), "--bus=" + self.address, "--print-reply",
                   "--dest=" + to, path, method, *arguments]
        return subprocess.run(command, env=self._all(), check=True, capture_output=True,
                              text=True, timeout=harness.PATIENCE_S).stdout

    def has_keyring(self):
        return "true" in self._call("/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                                    "string:" + SERVICE, to="org.freedesktop.DBus")

    def lock(self):
        self._call(ROOT, "org.freedesktop.Secret.Service.Lock",
                   "array:objpath:%s/collection/login" % ROOT)

    def tool(self, *arguments, give=None):
        """Run secret-tool; returns its exit status and what it printed."""
        done = subprocess.run([needs.need("secret-tool"), *arguments], env=self._all(),
                              input=give, capture_output=True, text=True, timeout=harness.PATIENCE_S)
        return done.returncode, done.stdout

    def store(self, password, **attributes):
        words = [word for pair in attributes.items() for word in pair]
        code, _ = self.tool("store", "--label=test", *words, give=password)
        if code != 0:
            raise RuntimeError("secret-tool could not store")

    def look_up(self, **attributes):
        words = [word for pair in attributes.items() for word in pair]
        code, found = self.tool("lookup", *words)
        return found if code == 0 else None

    def forget(self):
        for name in ("service", "protocol"):
            self.tool("clear", name, "pop3")
        self.tool("clear", "service", "localhost")


class Silent:
    """A bus that takes connections and never says a word."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ak")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(os.path.join(self.folder, "bus"))
        self.socket.listen(20)
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=%s/bus" % self.folder}

    def is_asked(self, seconds):
        """Whether somebody has connected within some time."""
        return bool(select.select([self.socket], [], [], seconds)[0])

    def stop(self):
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def jeepney():
    """The library that speaks D-Bus, also for a python3 that is not Debian's."""
    try:
        import jeepney as library
    except ImportError:
        sys.path.append("/usr/lib/python3/dist-packages")
        try:
            import jeepney as library
        except ImportError:
            needs.missing_here("jeepney not found: install the Debian package python3-jeepney")
    from jeepney.io.blocking import open_dbus_connection
    return library, open_dbus_connection


class Scripted:
    """A keyring with one locked entry, on a Session's bus, whose user (who is not there) says yes
    to its window, or closes it.  Nothing can be stored there."""

    COLLECTION = ROOT + "/collection/login"
    ITEM = COLLECTION + "/1"

    def __init__(self, session, password, says_yes, mute=False):
        self.mute = mute
        self.library, connect = jeepney()
        self.password, self.says_yes = password, says_yes
        self.locked = True
        self.windows = 0
        self.bus = connect(session.address)
        self.bus.send_and_get_reply(self.library.message_bus.RequestName(SERVICE))
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self.bus.close()

    def _serve(self):
        try:
            while True:
                message = self.bus.receive()
                if message.header.message_type == self.library.MessageType.method_call \
                        and not self.mute:
                    self._answer(message)
        except (OSError, EOFError, ValueError):
            return              # closed by the test

    def _answer(self, message):
        fields = message.header.fields
        name = fields[self.library.HeaderFields.member]
        path = fields[self.library.HeaderFields.path]
        known = getattr(self, "_" + name, None)
        answer = known and known(path, message.body)
        if answer is None:
            self.bus.send(self.library.new_error(message, "org.freedesktop.DBus.Error.NotSupported"))
            return
        self.bus.send(self.library.new_method_return(message, *answer))
        if name == "Prompt":
            self._prompted(path)

    def _GetAll(self, path, _):
        known = {"Label": ("s", "x"), "Created": ("t", 1), "Modified": ("t", 1)}
        if path == ROOT:
            known = {"Collections": ("ao", [])}
        elif path == self.COLLECTION:
            known.update(Locked=("b", False), Items=("ao", []))
        else:
            known.update(Locked=("b", self.locked), Attributes=("a{ss}", {}))
        return "a{sv}", (known,)

    def _ReadAlias(self, _path, _body):
        return "o", (self.COLLECTION,)

    def _SearchItems(self, _, body):
        fits = "host" in body[0]
        return "aoao", ([self.ITEM] if fits and not self.locked else [],
                        [self.ITEM] if fits and self.locked else [])

    def _Unlock(self, _path, _body):
        return "aoo", ([], ROOT + "/prompt/1")

    def _Prompt(self, _path, _body):
        self.windows += 1
        return "", ()

    def _prompted(self, path):
        self.locked = not self.says_yes
        emitter = self.library.DBusAddress(path, interface="org.freedesktop.Secret.Prompt")
        opened = [self.ITEM] if self.says_yes else []
        self.bus.send(self.library.new_signal(emitter, "Completed", "bv",
                                              (not self.says_yes, ("ao", opened))))
        changed = self.library.DBusAddress(self.ITEM, interface="org.freedesktop.DBus.Properties")
        self.bus.send(self.library.new_signal(
            changed, "PropertiesChanged", "sa{sv}as",
            ("org.freedesktop.Secret.Item", {"Locked": ("b", self.locked)}, [])))

    def _OpenSession(self, _, body):
        if body[0] != "plain":
            return None
        return "vo", (("s", ""), ROOT + "/session/1")

    def _GetSecret(self, _path, _body):
        return "(oayays)", ((ROOT + "/session/1", b"", self.password, "text/plain"),)
