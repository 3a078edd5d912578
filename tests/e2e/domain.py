# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of its own, with a real name server (dnsmasq) that is asked for every name in it.

    network = domain.Network(records=["host-record=pop.example.test,127.0.0.1"])
    network.enter      put in front of a command, runs it there
    network.serve(…)   runs one that goes on until the network is stopped

Only root can have one. What the machine itself resolves, and reaches, cannot be reached from there.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile

import needs

# In there, until its standard input ends: argv is the resolv.conf, the hosts file, then the server.
HOLD = """\
import socket, subprocess, sys, time
def run(*words):
    subprocess.run(words, check=True)
run("mount", "--make-rprivate", "/")
run("mount", "--bind", sys.argv[1], "/etc/resolv.conf")
run("mount", "--bind", sys.argv[2], "/etc/hosts")
run("ip", "link", "set", "lo", "up")
server = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL)
end = time.monotonic() + 60
while True:
    try:
        socket.create_connection(("127.0.0.1", 53)).close()
        break
    except OSError:
        if server.poll() is not None or time.monotonic() > end:
            sys.exit("the name server did not start")
        time.sleep(0.02)
print("ready", flush=True)
sys.stdin.read()
server.kill()
server.wait()
"""


def first_line(process, seconds=60):
    """What a program says first, or "" if it says nothing."""
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return process.stdout.readline().decode(errors="replace") if ready else ""


class Network:
    """records: lines of a configuration of dnsmasq; names in .test that they do not have are unknown."""

    def __init__(self, records):
        needs.need("dnsmasq", "ip")
        self.root = tempfile.mkdtemp(prefix="an")
        self.processes = []
        try:
            self._start(records)
        except BaseException:
            self.stop()
            raise

    def write(self, name, text):
        path = os.path.join(self.root, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o644)
        return path

    def _start(self, records):
        resolver = self.write("resolv.conf", "nameserver 127.0.0.1\n")
        hosts = self.write("hosts", "127.0.0.1 localhost\n")
        settings = self.write("dnsmasq.conf", "\n".join([
            "no-resolv", "no-hosts", "no-daemon", "listen-address=127.0.0.1", "bind-interfaces",
            "user=root", "local=/test/", *records, ""]))
        self.holder = self._popen(["unshare", "-n", "-m", sys.executable, "-c", HOLD, resolver, hosts,
                                   needs.need("dnsmasq"), "--conf-file=" + settings])
        if first_line(self.holder) != "ready\n":
            raise RuntimeError("no network with a name server")
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "--"]

    def _popen(self, command):
        with open(os.path.join(self.root, "said"), "ab") as said:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=said, start_new_session=True)
        self.processes.append(process)
        return process

    def serve(self, *command):
        """Start a program there that says a line when it is ready, and ends with its standard input."""
        process = self._popen([*self.enter, *command])
        if not first_line(process):
            raise RuntimeError("%s did not start" % command[0])

    def run(self, *command, env=None, timeout=120):
        """What a program there says on standard output."""
        done = subprocess.run([*self.enter, *command], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                              check=False)
        if done.returncode != 0:
            raise AssertionError("%s: exit %d: %s" % (
                command[0], done.returncode, done.stderr.decode(errors="replace")))
        return done.stdout.decode(errors="replace")

    def stop(self):
        for process in reversed(self.processes):
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            process.stdout.close()
        shutil.rmtree(self.root, ignore_errors=True)
