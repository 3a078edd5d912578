# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to a server: through real and through hostile proxies, by a command, over a local socket,
from an address that is set; and the race of its addresses.
"""

import json
import os
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import time
import unittest

import corpus
import dovecot_case
import fakes
import harness
import needs
import ports
import proxies

UNIX = """
service pop3-login {
  unix_listener pop3 {
    mode = 0666
  }
}
"""


def setUpModule():
    dovecot_case.start(UNIX)


class LinkCase(dovecot_case.DovecotCase):
    def setUp(self):
        super().setUp()
        self.want = self.arrive(corpus.numbered(3))

    def fetch(self, want=None, **keys):
        self.configure(**keys)
        self.ambil()
        self.assert_maildir(self.want if want is None else want)

    def fails(self, code, *parts, **keys):
        """The run fails with this code and these words, and no login has reached the server."""
        self.configure(**keys)
        result = self.box.run()
        self.assert_code(result, code)
        self.assert_said(result.stderr, *parts)
        self.assertNotIn(proxies.PASSWORD, result.stderr)
        self.assertNotIn("user=<%s>" % self.user, self.server.log_text())
        return result

    def scripted(self, talk):
        """A proxy of a few lines; its URL without the scheme."""
        fake = fakes.Fake(talk)
        self.addCleanup(fake.stop)
        return "127.0.0.1:%d" % fake.port


class Socks(LinkCase):
    @classmethod
    def setUpClass(cls):
        cls.plain = proxies.microsocks()
        cls.addClassCleanup(cls.plain.stop)
        cls.locked = proxies.microsocks("-u", proxies.USER, "-P", proxies.PASSWORD)
        cls.addClassCleanup(cls.locked.stop)
        cls.url = "socks5://127.0.0.1:%d" % cls.plain.port
        cls.login_url = "socks5://%s@127.0.0.1:%d" % (proxies.USER, cls.locked.port)

    def test_mail_comes_through_octet_for_octet(self):
        self.want += self.arrive(list(corpus.tricky().values()))
        self.fetch(proxy=self.url)

    def test_mail_is_deleted_through_it(self):
        self.fetch(proxy=self.url, keep=False)
        self.assert_left([])

    def test_stls(self):
        self.fetch(proxy=self.url, tls="starttls", port=self.server.pop3)

    def test_with_a_password_of_the_configuration(self):
        self.fetch(proxy=self.login_url, proxy_password=proxies.PASSWORD)

    def test_with_a_password_from_a_command(self):
        path = self.box.write("proxy-pass", proxies.PASSWORD + "\n")
        self.fetch(proxy=self.login_url, proxy_password_command="cat '%s'" % path)

    def test_a_command_that_asks_has_the_terminal_for_itself(self):
        ask = self.box.write("ask", "sleep 1; printf 'PIN: ' >/dev/tty; sleep 1.5; echo thanks >/dev/tty; echo '%s'"
                             % proxies.PASSWORD)
        self.configure(proxy=self.login_url, proxy_password_command="sh '%s'" % ask)
        with self.box.terminal() as tty:
            self.assertEqual(tty.wait(), 0)
            said = tty.text
        # A line that stays as it is would be drawn anew after a second: wrapping is turned off for it.
        self.assertNotIn("\x1b[?7l", said[said.index("PIN: "):said.index("thanks")])

    def test_a_proxy_of_which_one_address_is_dead(self):
        """Nobody listens on ::1 there."""
        self.fetch(proxy="socks5://localhost:%d" % self.plain.port)

    def test_a_trace_does_not_show_the_password(self):
        self.configure(proxy=self.login_url, proxy_password=proxies.PASSWORD)
        result = self.box.run("-d")
        self.assert_code(result, 0)
        self.assert_said(result.stderr, "*: connected to 127.0.0.1",
                         "*: through socks5://127.0.0.1:%d" % self.locked.port, "C: QUIT")
        self.assertNotIn(proxies.PASSWORD, result.stderr)

    def test_a_command_that_fails(self):
        self.fails(78, 'proxy-password-command "false" exited 1',
                   proxy=self.login_url, proxy_password_command="false")

    def test_a_wrong_password(self):
        self.fails(78, "the proxy socks5://127.0.0.1:%d refused the login of \"%s\""
                   % (self.locked.port, proxies.USER),
                   proxy=self.login_url, proxy_password="wrong")

    def test_a_login_is_demanded(self):
        self.fails(78, "demands a login", "(try: USER@ before its name in proxy",
                   proxy="socks5://127.0.0.1:%d" % self.locked.port)

    def test_nobody_listens_behind_it(self):
        port = ports.free()[0]
        self.fails(75, "the proxy %s could not connect to localhost:%d" % (self.url, port),
                   proxy=self.url, port=port)

    def test_the_proxy_is_not_there(self):
        port = ports.free()[0]
        result = self.fails(75, "the proxy 127.0.0.1:%d refuses connections" % port,
                            proxy="socks5://127.0.0.1:%d" % port)
        self.assertNotIn("995", result.stderr)
        self.assertNotIn("through", result.stderr)

    def test_no_such_proxy(self):
        self.configure(proxy="socks5://proxy.invalid")
        result = self.box.run()
        if result.code != 75 or "no network or DNS" not in result.stderr:
            self.assert_code(result, 68)
            self.assert_said(result.stderr, 'no such host "proxy.invalid" (the proxy) (ambil.conf:')

    def test_an_error_of_the_server_names_the_proxy(self):
        self.fails(69, "does not speak TLS", "(through %s)" % self.url,
                   proxy=self.url, port=self.server.pop3)

    def test_a_default_for_all_accounts_can_be_undone_in_one(self):
        proxy = proxies.Scripted("socks5", self.server.pop3s)
        self.addCleanup(proxy.stop)
        self.box.write_config(
            harness.settings(proxy="socks5://127.0.0.1:%d" % proxy.port, proxy_password="x"),
            self.account(proxy="none"), self.account("other", deliver="maildir:~/Other"))
        self.ambil()
        self.assert_maildir(self.want)
        self.assert_maildir(self.want, "Other")
        self.assertEqual(len(proxy.asked), 1)


class Names(LinkCase):
    """What a proxy is asked for."""

    def asked(self, kind="socks5", **keys):
        proxy = proxies.Scripted(kind, self.server.pop3s)
        self.addCleanup(proxy.stop)
        self.fetch(proxy="%s://127.0.0.1:%d" % (kind, proxy.port), **keys)
        self.assertEqual(len(proxy.asked), 1)
        self.heard = b"".join(proxy.heard)
        return proxy.asked[0]

    def test_a_name_that_only_the_proxy_can_resolve(self):
        self.assertEqual(self.asked(host="pop.inner.invalid", tls_host="localhost"),
                         (3, b"pop.inner.invalid"))
        self.assertIn(b"localhost", self.heard)     # SNI, in the clear part of the handshake

    def test_the_certificate_must_bear_the_name_of_the_server(self):
        proxy = proxies.Scripted("socks5", self.server.pop3s)
        self.addCleanup(proxy.stop)
        self.fails(69, "pop.inner.invalid", "(through socks5://",
                   proxy="socks5://127.0.0.1:%d" % proxy.port, host="pop.inner.invalid")
        self.assertIn(b"pop.inner.invalid", b"".join(proxy.heard))

    def test_socks5h_is_the_same(self):
        proxy = proxies.Scripted("socks5", self.server.pop3s)
        self.addCleanup(proxy.stop)
        self.fetch(proxy="socks5h://127.0.0.1:%d" % proxy.port)
        self.assertEqual(proxy.asked, [(3, b"localhost")])

    def test_a_name_of_another_script(self):
        self.assertEqual(self.asked(host="p\u00f6p.inner.invalid", tls_host="localhost"),
                         (3, b"xn--pp-fka.inner.invalid"))

    def test_addresses_are_sent_as_such(self):
        self.assertEqual(self.asked(host="127.0.0.1"), (1, bytes([127, 0, 0, 1])))

    def test_ipv6_addresses_too(self):
        self.assertEqual(self.asked(host="::1"), (4, bytes(15) + b"\1"))

    def test_connect_names_host_and_port(self):
        lines = self.asked("http", host="pop.inner.invalid", tls_host="localhost")
        target = b"pop.inner.invalid:%d" % self.server.pop3s
        self.assertEqual(lines, [b"CONNECT %s HTTP/1.1" % target, b"Host: " + target])

    def test_connect_to_an_ipv6_address(self):
        self.assertEqual(self.asked("http", host="::1")[0],
                         b"CONNECT [::1]:%d HTTP/1.1" % self.server.pop3s)

    def test_octets_behind_the_proxys_answer_are_not_lost(self):
        for kind in ("socks5", "http"):
            proxy = proxies.Scripted(kind, self.server.pop3, glued=True)
            self.addCleanup(proxy.stop)
            self.fetch(proxy="%s://127.0.0.1:%d" % (kind, proxy.port), tls="none",
                       allow_cleartext_password=True, deliver="maildir:~/" + kind, want=[])
            self.assert_maildir(self.want if kind == "socks5" else [], kind)
            self.assertEqual(len(proxy.asked), 1)


class Http(LinkCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.server.folder
        for name, lines in (("plain", []), ("locked", ["BasicAuth hanna s3cret"]),
                            ("narrow", ["ConnectPort 443"])):
            path = os.path.join(folder, "tinyproxy-" + name)
            os.mkdir(path)
            proxy = proxies.tinyproxy(path, *lines)
            cls.addClassCleanup(proxy.stop)
            setattr(cls, name, "http://%s127.0.0.1:%d" % ("hanna@" if name == "locked" else "",
                                                           proxy.port))

    def test_mail_comes_through_octet_for_octet(self):
        self.want += self.arrive(list(corpus.tricky().values()))
        self.fetch(proxy=self.plain)

    def test_mail_is_deleted_through_it(self):
        self.fetch(proxy=self.plain, keep=False)
        self.assert_left([])

    def test_in_clear(self):
        self.fetch(proxy=self.plain, tls="none", port=self.server.pop3,
                   allow_cleartext_password=True)

    def test_with_a_password(self):
        self.fetch(proxy=self.locked, proxy_password="s3cret")

    def test_a_wrong_password(self):
        self.fails(78, "refused the login of \"hanna\"", "it said: 40", proxy=self.locked,
                   proxy_password="wrong")

    def test_a_login_is_demanded(self):
        self.fails(78, "demands a login", "407", proxy=self.locked.replace("hanna@", ""))

    def test_a_port_that_is_not_allowed(self):
        self.fails(69, "the proxy %s does not allow a connection to localhost:%d" % (
            self.narrow, self.server.pop3s), "403", "ask who runs it", proxy=self.narrow)

    def test_nobody_listens_behind_it(self):
        self.fails(75, "could not connect to localhost:", "it said: 50", proxy=self.plain,
                   port=ports.free()[0])


def answers(*octets):
    """A proxy that answers whatever it hears with these octets, one after the other, and closes."""
    def talk(connection, _):
        for one in octets:
            connection.recv(4096)
            connection.sendall(one)
    return talk


class Hostile(LinkCase):
    def test_refusals_of_socks(self):
        for reply, code, words in ((1, 75, "it gives no reason"), (2, 69, "does not allow"),
                                   (3, 75, "network is unreachable"), (4, 75, "or unknown"),
                                   (5, 75, "refused there"), (6, 75, "too many hops"),
                                   (7, 69, "does not make connections"),
                                   (8, 69, "such as localhost"), (9, 76, "does not know")):
            with self.subTest(reply=reply):
                at = self.scripted(answers(b"\5\0", bytes([5, reply]) + proxies.SOCKS_DONE[2:]))
                self.fails(code, "the proxy socks5://%s " % at, words, proxy="socks5://" + at)

    def test_refusals_of_http(self):
        for status, code, words in (("403 N\xf6", 69, "403 N\\xf6"),
                                    ("407 Who?", 69, "only Basic is"), ("502 Down", 75, "502 Down"),
                                    ("503 Busy", 75, "503 Busy"), ("301 There", 69, "301 There")):
            with self.subTest(status=status):
                at = self.scripted(answers(b"HTTP/1.1 %s\r\n\r\n" % status.encode("latin-1")))
                self.fails(code, "the proxy http://%s " % at, words, proxy="http://" + at)

    def test_what_is_no_proxy(self):
        for kind, octets in (("socks5", b"+OK POP3 ready\r\n"), ("http", b"+OK POP3 ready\r\n"),
                             ("socks5", b"HTTP/1.1 400 Bad\r\n\r\n"), ("http", b"\5\xff"),
                             ("socks5", b"\4\0\0\0"), ("http", b"HTTP/1.1 20\r\n\r\n"),
                             ("http", b"HTTP/1.1 200 O\0K\r\n\r\n"),
                             ("http", b"HTTP/1.1 403 \x1b[31mNo\r\n\r\n")):
            with self.subTest(kind=kind, octets=octets):
                at = self.scripted(answers(octets, octets))
                self.fails(76, "does not speak", proxy="%s://%s" % (kind, at))

    def test_an_answer_without_an_end(self):
        def talk(connection, _):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"X-Field: " + b"x" * 1000 + b"\r\n")
        self.fails(76, "an answer without an end", proxy="http://" + self.scripted(talk))

    def test_one_that_closes(self):
        for kind, octets in (("socks5", ()), ("socks5", (b"\5",)), ("socks5", (b"\5\0", b"\5\0")),
                             ("http", ()), ("http", (b"HTTP/1.1 200 OK\r\nX",))):
            with self.subTest(kind=kind, octets=octets):
                at = self.scripted(answers(*octets))
                self.fails(75, "the proxy %s://%s closed the connection" % (kind, at),
                           proxy="%s://%s" % (kind, at))

    def test_one_that_is_silent_or_drips_is_late(self):
        def drips(connection, _):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"x")
                time.sleep(0.05)
        for kind, talk in (("socks5", fakes.silent), ("http", drips)):
            with self.subTest(kind=kind):
                at = self.scripted(talk)
                self.fails(75, "has not opened the way within 2 s",
                           proxy="%s://%s" % (kind, at), connect_timeout="2s")

    def test_ctrl_c_while_it_is_silent(self):
        began = []

        def talk(connection, _):
            began.append(connection.recv(4096))
            fakes.silent(connection, None)
        self.configure(proxy="socks5://" + self.scripted(talk))
        process = self.box.start()
        harness.wait_until(lambda: began)
        process.send_signal(signal.SIGINT)
        self.assert_code(harness.finish(process), 130)


class Command(LinkCase):
    def nc(self, port):
        return "%s 127.0.0.1 %d" % (needs.need("nc"), port)

    def test_mail_comes_through_octet_for_octet(self):
        self.want += self.arrive(list(corpus.tricky().values()))
        self.fetch(socket_command=self.nc(self.server.pop3s))

    def test_mail_is_deleted_through_it(self):
        self.fetch(socket_command=self.nc(self.server.pop3s), keep=False)
        self.assert_left([])

    def test_stls(self):
        self.fetch(socket_command=self.nc(self.server.pop3), tls="starttls")

    def test_in_clear_when_it_is_allowed(self):
        self.fails(69, "in clear", socket_command=self.nc(self.server.pop3), tls="none")
        self.fetch(socket_command=self.nc(self.server.pop3), tls="none",
                   allow_cleartext_password=True)

    def test_socat(self):
        self.fetch(socket_command="%s - TCP:127.0.0.1:%d" % (
            needs.need("socat"), self.server.pop3s))

    def test_host_and_port_are_in_its_environment(self):
        self.fetch(socket_command="sh -c 'exec %s $AMBIL_HOST $AMBIL_PORT'" % needs.need("nc"))

    def test_the_certificate_must_bear_the_name_of_the_server(self):
        self.fails(69, "pop.inner.invalid", '(through socket-command "', host="pop.inner.invalid",
                   socket_command=self.nc(self.server.pop3s))

    def test_one_that_fails_says_why(self):
        self.fails(75, 'socket-command "', "exited 3", "no way \\x1b[31m there",
                   socket_command="sh -c 'printf \"no way \\\\033[31m there\\\\nmore\\\\n\" >&2; exit 3'",
                   tls="none", allow_cleartext_password=True)

    def test_one_that_fails_before_tls(self):
        self.fails(75, "localhost closed the connection during the TLS handshake",
                   'socket-command "false" exited 1', socket_command="false")
        self.fails(75, "closed the connection: not today", socket_command=
                   "sh -c 'echo not today >&2'")

    def test_one_that_is_killed(self):
        self.fails(75, "was ended by signal 9", socket_command="sh -c 'kill -9 $$'", tls="none",
                   allow_cleartext_password=True)

    def test_one_that_does_not_exist(self):
        result = self.fails(78, "socket-command: cannot run \"/nonexistent\"",
                            socket_command="/nonexistent")
        self.assertNotIn("75", result.stderr)
        self.assert_said(self.box.run("config", "check").stderr, "ambil.conf:", "socket-command",
                         "does not exist")

    def test_much_chatter_does_not_hold_it_up(self):
        script = "yes chatter | head -c 300000 >&2; exec %s" % self.nc(self.server.pop3s)
        self.fetch(socket_command="sh -c '%s'" % script)

    def test_nothing_of_it_is_left_behind(self):
        """Neither one that ends when it should, nor one that wants to live on."""
        needs.need("ps")
        pids = self.box.path("pids")
        for name, more in (("good", "exec "), ("bad", "trap \"\" TERM; (sleep 60)& ")):
            script = 'echo $$ >>"%s"; %s%s; sleep 60' % (pids, more, self.nc(self.server.pop3s))
            self.fetch(socket_command="sh -c " + shlex.quote(script), deliver="maildir:~/" + name,
                       want=[])
        with open(pids, encoding="ascii") as f:
            started = [int(line) for line in f]
        self.assertEqual(len(started), 2)
        # Grandchildren that are dead may wait for another to bury them.
        alive = [line.split() for line in subprocess.run(
            ["ps", "-e", "-o", "pgid=,pid=,stat=,args="], capture_output=True, text=True,
            check=True).stdout.splitlines()]
        self.assertEqual([words for words in alive if int(words[0]) in started
                          and (words[2][0] != "Z" or int(words[1]) in started)], [])

    def test_ctrl_c_leaves_it_alone_until_quit_is_said(self):
        """The first message is being delivered; it is finished, deleted, and the session ended."""
        taker = self.box.write("taker", "#!/bin/sh\ncat >>~/got\n: >~/started\n"
                               "while ! test -e ~/go; do sleep 0.05; done\n", mode=0o700)
        self.configure(socket_command=self.nc(self.server.pop3s), deliver="pipe:" + taker,
                       keep=False)
        with self.box.terminal() as terminal:
            harness.wait_until(lambda: os.path.exists(self.box.path("started")))
            terminal.send(b"\x03")
            terminal.expect("stopping in good order")
            self.box.write("go", "")
            self.assertEqual(terminal.wait(), 130)
        self.assertEqual(len(self.server.mailbox(self.user)), 2)

    def test_it_is_out_of_reach_of_the_terminal(self):
        needs.need("ps")
        seen = self.box.path("seen")
        script = ("ps -o sid= -p $$ >\"%s\"; (: </dev/tty) 2>>\"%s\"; echo $$ >>\"%s\"; exec %s"
                  % (seen, seen, seen, self.nc(self.server.pop3s)))
        self.configure(socket_command="sh -c " + shlex.quote(script))
        with self.box.terminal() as terminal:
            self.assertEqual(terminal.wait(), 0)
        self.assert_maildir(self.want)
        with open(seen, encoding="utf-8") as f:
            lines = f.read().split("\n")
        self.assertEqual(lines[0].strip(), lines[-2])
        self.assertIn("/dev/tty", lines[1])


class Ssh(LinkCase):
    """A real ssh to a private sshd, whose user is the one that runs the tests."""

    @classmethod
    def setUpClass(cls):
        sshd, _, keygen, cls.nc = needs.need("sshd", "ssh", "ssh-keygen", "nc")
        if os.path.basename(pwd.getpwuid(os.geteuid()).pw_shell) in ("nologin", "false"):
            raise unittest.SkipTest("this user may not log in")
        folder = cls.folder = os.path.join(cls.server.folder, "ssh")
        os.mkdir(folder, 0o700)
        for name in ("host", "user", "stranger"):
            subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f",
                            os.path.join(folder, name)], check=True)
        os.rename(os.path.join(folder, "user.pub"), os.path.join(folder, "authorized"))
        config = os.path.join(folder, "sshd_config")
        with open(config, "w", encoding="utf-8") as f:
            f.write("HostKey %s/host\nAuthorizedKeysFile %s/authorized\nStrictModes no\n"
                    "UsePAM no\nPidFile none\nPasswordAuthentication no\n" % (folder, folder))
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        cls.sshd = proxies.Real(sshd, "-D", "-e", "-f", config, "-o", "ListenAddress=127.0.0.1",
                                "-p", "PORT")
        cls.addClassCleanup(cls.sshd.stop)
        with open(os.path.join(folder, "host.pub"), encoding="ascii") as f, \
                open(os.path.join(folder, "known"), "w", encoding="ascii") as known:
            known.write("[127.0.0.1]:%d %s" % (cls.sshd.port, f.read()))

    def command(self, key="user"):
        return ("ssh -F none -p %d -i %s/%s -o IdentitiesOnly=yes -o BatchMode=yes "
                "-o UserKnownHostsFile=%s/known 127.0.0.1 %s 127.0.0.1 %d" % (
                    self.sshd.port, self.folder, key, self.folder, self.nc, self.server.pop3))

    def test_mail_comes_through_ssh(self):
        self.fetch(socket_command=self.command(), tls="none", allow_cleartext_password=True)

    def test_mail_comes_through_what_ssh_forwards(self):
        words = self.command().split()
        there = "%s:%s" % (words[-2], words[-1])
        self.fetch(socket_command=" ".join(words[:-4] + ["-W", there, words[-4]]), tls="starttls")

    def test_mail_comes_through_the_proxy_that_ssh_can_be(self):
        port = ports.free()[0]
        words = self.command().split()
        ssh = proxies.Real(*words[:-4], "-N", "-D", "127.0.0.1:%d" % port, words[-4], port=port)
        self.addCleanup(ssh.stop)
        self.fetch(proxy="socks5://127.0.0.1:%d" % port)

    def test_a_key_that_is_refused(self):
        result = self.fails(75, 'socket-command "ssh -F none ', '\u2026" exited 255',
                            "Permission denied", socket_command=self.command("stranger"), tls="none",
                   allow_cleartext_password=True)


class Sockets(LinkCase):
    def path(self):
        return os.path.join(self.server.folder, "run", "pop3")

    def test_mail_comes_over_it_in_clear_without_more_ado(self):
        self.want += self.arrive(list(corpus.tricky().values()))
        self.fetch(host=None, port=None, socket=self.path(), tls="none")

    @unittest.skipUnless(os.geteuid() == 0, "only root can have a server of another user")
    def test_one_of_another_user_does_not_get_the_password(self):
        nobody = pwd.getpwnam("nobody")
        folder = self.box.path("open")
        os.mkdir(folder, 0o777)
        for above in (self.box.root, self.box.home, folder):
            os.chmod(above, 0o777)
        path = os.path.join(folder, "pop3")
        relay = subprocess.Popen([needs.need("socat"), "UNIX-LISTEN:%s,fork" % path,
                                  "TCP:127.0.0.1:%d" % self.server.pop3], user=nobody.pw_uid,
                                 stderr=subprocess.DEVNULL)
        self.addCleanup(relay.wait)
        self.addCleanup(relay.kill)
        harness.wait_until(lambda: os.path.exists(path))
        self.fails(69, "is served by another user (%d), who would see the password; nothing was "
                   "sent" % nobody.pw_uid, "allow-cleartext-password = true", socket=path,
                   tls="none")
        self.fetch(socket=path, tls="none", allow_cleartext_password=True)

    def test_mail_is_deleted_over_it(self):
        self.fetch(socket=self.path(), tls="none", keep=False)
        self.assert_left([])

    def test_tls_over_it(self):
        self.fetch(socket=self.path(), tls="starttls")

    def test_the_certificate_must_bear_the_name_in_host(self):
        self.fails(69, "pop.inner.invalid", "(through the socket ", socket=self.path(),
                   tls="starttls", host="pop.inner.invalid")

    def test_nobody_is_there(self):
        self.fails(75, "cannot connect to the socket /nonexistent/pop3: No such file",
                   "no server listens on it", socket="/nonexistent/pop3", tls="none")

    def test_a_full_queue_is_waited_for_but_not_for_ever(self):
        path = self.box.path("full")
        held = []
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(0)
            try:
                while True:
                    one = socket.socket(socket.AF_UNIX)
                    held.append(one)
                    one.setblocking(False)
                    one.connect(path)
            except BlockingIOError:
                pass
            self.fails(75, "took no connection within 1 s", socket=path, tls="none",
                       connect_timeout="1s")
            for one in held:
                one.close()


class Source(LinkCase):
    def rip(self):
        """Where Dovecot saw this user come from."""
        lines = self.server.log_lines("user=<%s>" % self.user, "Login")
        self.assertEqual(len(lines), 1)
        return lines[0].split("rip=")[1].split(",")[0]

    def test_an_address_to_connect_from(self):
        self.fetch(host="127.0.0.1", source_address="127.0.0.7")
        self.assertEqual(self.rip(), "127.0.0.7")

    def test_only_addresses_of_its_family_are_tried(self):
        self.fetch(source_address="127.0.0.8")
        self.assertEqual(self.rip(), "127.0.0.8")

    def test_one_of_each_family(self):
        self.fetch(host="::1", source_address="127.0.0.9, ::1")
        self.assertEqual(self.rip(), "::1")

    def test_not_an_address_of_this_machine(self):
        self.fails(75, "source-address 192.0.2.7 is not an address of this machine",
                   host="127.0.0.1", source_address="192.0.2.7")

    def test_the_wrong_family(self):
        self.fails(78, "source-address ::1 is an IPv6 address, but 127.0.0.1 has none",
                   host="127.0.0.1", source_address="::1")

    def test_towards_a_proxy(self):
        proxy = proxies.Scripted("socks5", self.server.pop3s)
        self.addCleanup(proxy.stop)
        self.fetch(source_address="127.0.0.10", proxy="socks5://127.0.0.1:%d" % proxy.port)
        self.assertEqual(len(proxy.asked), 1)


class Excluded(harness.Case):
    """What is found before anything is connected to."""

    def check(self, line, **keys):
        self.box.write_config(harness.account("home", host="localhost", user="anna", **keys))
        result = self.box.run("config", "check")
        self.assert_code(result, 78)
        self.assertIn("ambil.conf:" + line, result.stderr)
        return result.stderr

    def test_ways_exclude_each_other(self):
        proxy = "socks5://127.0.0.1"
        self.check("5: socket cannot be used together with socket-command (ambil.conf:4)",
                   socket_command="nc a 1", socket="/run/x")
        self.check("4: socket-command cannot be used together with proxy (ambil.conf:5) "
                   "(try: proxy = none)", socket_command="nc a 1", proxy=proxy)
        self.check("4: socket cannot be used together with source-address (ambil.conf:5)",
                   socket="/run/x", source_address="127.0.0.1")
        self.check("4: ip = 6, but source-address is an IPv4 address (ambil.conf:5) (try: "
                   "source-address = any)",
                   ip=6, source_address="127.0.0.1")
        self.check("4: socket: the name is too long", socket="/" + 200 * "x")

    def test_a_password_in_the_url_is_refused_and_not_shown(self):
        said = self.check("4: proxy: the URL must not hold a password (try: proxy-password-command",
                          proxy="socks5://hanna:s3cret@127.0.0.1")
        self.assertNotIn("s3cret", said)

    def test_a_user_needs_a_password(self):
        self.check('4: proxy: no password for "hanna"', proxy="socks5://hanna@127.0.0.1")

    def test_a_zone_means_nothing_to_a_proxy(self):
        self.box.write_config(harness.account("home", host="fe80::1%lo", user="anna",
                                              proxy="socks5://127.0.0.1"))
        result = self.box.run("config", "check")
        self.assert_code(result, 78)
        self.assertIn("ambil.conf:4: proxy: it cannot know what the zone in host (ambil.conf:2)",
                      result.stderr)

    def test_the_default_password_is_for_the_default_proxy(self):
        self.box.write_config(
            harness.settings(proxy="socks5://hanna@127.0.0.1", proxy_password="x"),
            harness.account("home", host="localhost", user="anna",
                            proxy="socks5://hanna@127.0.0.2"))
        result = self.box.run("config", "check")
        self.assert_code(result, 78)
        self.assertIn('ambil.conf:6: proxy: no password for "hanna"', result.stderr)

    def test_a_file_with_the_password_must_be_private(self):
        self.box.write_config(
            harness.account("home", host="localhost", user="anna",
                            proxy="socks5://hanna@127.0.0.1", proxy_password="x"), mode=0o644)
        result = self.box.run("config", "check")
        self.assert_code(result, 78)
        self.assertIn("holds a password and can be read by others", result.stderr)

    def test_a_variable_can_be_named(self):
        self.box.write_config('account home { host = localhost user = anna '
                              'proxy = "${ALL_PROXY:-none}" }\n')
        for env, shown in (({}, b"proxy = none "),
                           ({"ALL_PROXY": "socks5h://p:1"}, b'proxy = "socks5h://p:1" ')):
            self.assertIn(shown, self.box.run("config", "show", env=env).stdout)

    def test_show_hides_it(self):
        self.box.write_config(
            harness.account("home", host="localhost", user="anna",
                            proxy="socks5://hanna@127.0.0.1", proxy_password="s3cret"))
        result = self.box.run("config", "show")
        self.assert_code(result, 0)
        self.assertIn(b"# proxy-password: (hidden)", result.stdout)
        self.assertNotIn(b"s3cret", result.stdout)


# Runs in a network and a table of mounts of its own: argv is the hosts file, then the command.
ALONE = """\
import os, subprocess, sys
def run(*words):
    subprocess.run(words, check=True)
run("mount", "--make-rprivate", "/")
run("mount", "--bind", sys.argv[1], "/etc/hosts")
run("ip", "link", "set", "lo", "up")
run("ip", "link", "add", "hole", "type", "veth", "peer", "name", "bottom")
run("ip", "address", "add", "198.51.100.1/24", "dev", "hole")
run("ip", "address", "add", "2001:db8::1/64", "dev", "hole", "nodad")
run("ip", "link", "set", "hole", "arp", "off", "up")
run("ip", "link", "set", "bottom", "up")
run("ip", "-6", "route", "add", "local", "2001:db8:1::/64", "dev", "lo")
os.execv(sys.executable, [sys.executable] + sys.argv[2:])
"""

# In there: a POP3 server of a few lines on IPv4, ambil under strace; prints the connections tried.
COUNTED = """\
import json, re, subprocess, sys
sys.path.insert(0, sys.argv[1])
import fakes
server = fakes.Fake(fakes.capabilities("UIDL"))
subprocess.run(["sed", "-i", "s/PORT/%d/" % server.port, sys.argv[2]], check=True)
done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=connect", "-o", sys.argv[3], *sys.argv[4:]],
                      capture_output=True, text=True)
tried = re.findall(r"connect\\(\\d+, .*(?:sin_addr=inet_addr\\(|sin6_addr|inet_pton\\(AF_INET6, )"
                   r".*?\\"([0-9a-f.:]+)\\".*\\) *= (-1 E[A-Z]+|0)", open(sys.argv[3]).read())
print(json.dumps([server.connections, [pair for pair in tried], done.stderr]))
"""


# Between the two: a name server that knows one address, of IPv4; argv is the resolv.conf to use.
SWALLOWS = """\
import os, socket, subprocess, sys
subprocess.run(["mount", "--bind", sys.argv[1], "/etc/resolv.conf"], check=True)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
if os.fork():
    server.close()
    os.execv(sys.executable, [sys.executable] + sys.argv[2:])
null = os.open("/dev/null", os.O_RDWR)
for fd in range(3):
    os.dup2(null, fd)
server.settimeout(100)
while True:
    question, client = server.recvfrom(512)
    end = question.index(b"\\0", 12) + 1
    if question[end:end + 2] == b"\\0\\1":
        server.sendto(question[:2] + b"\\x85\\x80\\0\\1\\0\\1\\0\\0\\0\\0" + question[12:end + 4]
                      + b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\x7f\\0\\0\\1", client)
"""


@unittest.skipUnless(os.geteuid() == 0, "only root can have a network of its own")
class Race(harness.Case):
    """RFC 8305, where an IPv6 address is a black hole."""

    def race(self, *addresses, wrap=(), seen=None, **keys):
        """The connections that were tried in turn, as (address, outcome)."""
        needs.need("strace", "ip")
        hosts = self.box.write("hosts", "127.0.0.1 localhost\n" + "".join(
            "%s pop.example.test\n" % address for address in addresses), mode=0o644)
        self.box.write_config(harness.account(
            "home", host="pop.example.test", port="PORT", user="anna", tls="none",
            password="x", allow_cleartext_password=True, **keys))
        done = subprocess.run(
            ["unshare", "-n", "-m", sys.executable, "-c", ALONE, hosts, *wrap, "-c", COUNTED,
             harness.HERE, self.box.config, self.box.path("trace"), harness.AMBIL, "check"],
            env=self.box.environment(), capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        connections, tried, said = json.loads(done.stdout)
        # getaddrinfo() connects too, without a packet, to learn which address it would be from.
        tried = [(address, outcome) for address, outcome in tried
                 if address in (seen or addresses) and outcome != "0"]
        return connections, tried, said

    def test_a_dead_ipv6_costs_one_attempt_and_not_the_time_limit(self):
        dead = ["2001:db8::%d" % n for n in range(10, 16)]
        connections, tried, said = self.race(*dead, "127.0.0.1", connect_timeout="20s")
        self.assertEqual(connections, 1, said)
        self.assertEqual(tried, [(dead[0], "-1 EINPROGRESS"), ("127.0.0.1", "-1 EINPROGRESS")])
        self.assertNotIn("cannot connect", said)

    def test_what_fails_at_once_is_not_waited_for(self):
        """Fifteen times a quarter of a second would be more than there is."""
        refusing = ["2001:db8:1::%d" % n for n in range(10, 25)]
        connections, tried, said = self.race(*refusing, "127.0.0.1", connect_timeout="3s")
        self.assertEqual(connections, 1, said)
        self.assertEqual([address for address, _ in tried], [refusing[0], "127.0.0.1"])
        connections, tried, said = self.race(*refusing, connect_timeout="3s")
        self.assertEqual(connections, 0)
        self.assertEqual([address for address, _ in tried], refusing)
        self.assertIn("refuses connections (tried 2001:db8:1::10, ", said)
        self.assertIn("and 9 more)", said)


    def test_a_name_server_that_swallows_questions_for_ipv6(self):
        """The system would wait for ten seconds, and then have nothing."""
        resolver = self.box.write("resolv.conf", "nameserver 127.0.0.1\n", mode=0o644)
        connections, tried, said = self.race(
            connect_timeout="8s", wrap=["-c", SWALLOWS, resolver], seen=["127.0.0.1"])
        self.assertEqual(connections, 1, said)
        self.assertEqual([address for address, _ in tried], ["127.0.0.1"])


if __name__ == "__main__":
    unittest.main()
