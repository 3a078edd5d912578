# SPDX-License-Identifier: GPL-3.0-or-later
"""From a mail address to its server: a real name server, a web server, and popd on port 995.

The program is `find`, beside this file: what the setup of an account is told, as lines.
"""

import os
import signal
import sys
import tempfile
import unittest

import certs
import domain
import harness
import popd

FIND = os.environ.get("FIND") or os.path.join(os.path.dirname(harness.AMBIL), "tests", "e2e", "find")

# argv: certificate, key, a folder. The file HOST@PATH in it, with , for /, is what is answered, as it
# stands; what was asked for goes into the file `asked`.
WEB = """\
import os, socket, ssl, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
os.chdir(sys.argv[3])
listener = socket.create_server(("127.0.0.1", 443))
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    try:
        with context.wrap_socket(connection, server_side=True) as s, s.makefile("rb") as lines:
            path, host = lines.readline().split()[1].decode(), ""
            while line := lines.readline().strip():
                if line.lower().startswith(b"host:"):
                    host = line[5:].strip().decode()
            with open("asked", "a") as f:
                f.write(host + path + "\\n")
            name = host + "@" + path.split("?")[0].replace("/", ",")
            s.sendall(open(name, "rb").read() if os.path.exists(name)
                      else b"HTTP/1.1 404 Not Found\\r\\nContent-Length: 0\\r\\n\\r\\n")
    except OSError:
        connection.close()
"""

# argv: a file, which is there as soon as somebody waits for a word of this server.
SILENT = """\
import socket, sys, threading
listener = socket.create_server(("127.0.0.4", 443))
print("ready", flush=True)
def wait():
    held = []
    while True:
        held.append(listener.accept())
        open(sys.argv[1], "w").close()
threading.Thread(target=wait, daemon=True).start()
sys.stdin.read()
"""

FILE = ",mail,config-v1.1.xml"
WELL_KNOWN = ",.well-known,autoconfig,mail,config-v1.1.xml"

XML = """<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="x"><domain>x</domain>
<incomingServer type="imap"><hostname>imap.x.test</hostname></incomingServer>
<incomingServer type="pop3"><hostname>%s</hostname><port>%d</port><socketType>%s</socketType>
<username>%%EMAILLOCALPART%%</username><authentication>%s</authentication></incomingServer>
</emailProvider></clientConfig>
"""

RECORDS = """
srv-host=_pop3s._tcp.one.test,pop.one.test,9950
srv-host=_pop3._tcp.one.test,pop.one.test,1100
srv-host=_pop3._tcp.stls.test,mail.stls.test,110
srv-host=_pop3s._tcp.never.test
srv-host=_pop3._tcp.never.test
srv-host=_pop3s._tcp.half.test
srv-host=_pop3._tcp.half.test,pop.half.test,110
srv-host=_pop3._tcp.notclear.test
host-record=mail.notclear.test,127.0.0.1
srv-host=_pop3s._tcp.away.test,pop.hosted.test,995
srv-host=_pop3s._tcp.trap.test,notpop.nottrap.test,995
srv-host=_pop3s._tcp.xn--mller-kva.test,pop.xn--mller-kva.test,995
srv-host=_pop3s._tcp.spare.test,dead.spare.test,995,1
srv-host=_pop3s._tcp.spare.test,gone.spare.test,995,2
srv-host=_pop3s._tcp.spare.test,live.spare.test,995,3
host-record=dead.spare.test,127.0.0.2
host-record=live.spare.test,127.0.0.1
srv-host=_pop3s._tcp.dead.test,b.dead.test,995,2
srv-host=_pop3s._tcp.dead.test,a.dead.test,995,1
host-record=autoconfig.file.test,127.0.0.1
host-record=well.test,127.0.0.1
host-record=autoconfig.well.test,127.0.0.1
host-record=autoconfig.token.test,127.0.0.1
host-record=autoconfig.moved.test,127.0.0.1
host-record=autoconfig.long.test,127.0.0.1
host-record=autoconfig.silent.test,127.0.0.4
host-record=autoconfig.html.test,127.0.0.1
host-record=autoconfig.chunks.test,127.0.0.1
host-record=autoconfig.untrusted.test,127.0.0.1
host-record=pop.usual.test,127.0.0.1
host-record=mail.usual.test,127.0.0.1
host-record=pop.third.test,127.0.0.2
host-record=mail.third.test,127.0.0.1
host-record=pop.mixed.test,127.0.0.1
host-record=pop3.mixed.test,127.0.0.1
host-record=pop.wrong.test,127.0.0.1
host-record=mail.wrong.test,127.0.0.2
""".split() + [
    "srv-host=_pop3s._tcp.many.test,pop%02d.%s.many.test,995,%d" % (n, "x" * 60, 99 - n)
    for n in range(20)] + ["host-record=pop08.%s.many.test,127.0.0.1" % ("x" * 60)]

# Who has a certificate: not pop.mixed.test, pop.wrong.test and autoconfig.untrusted.test.
NAMES = """mail.notclear.test autoconfig.file.test well.test autoconfig.well.test autoconfig.token.test
autoconfig.moved.test autoconfig.long.test autoconfig.html.test autoconfig.chunks.test pop.usual.test
mail.usual.test mail.third.test pop3.mixed.test""".split()


def answer(body, status="200 OK", *fields):
    return "HTTP/1.1 %s\r\n%s\r\n%s" % (
        status, "".join(field + "\r\n" for field in fields), body)


def chunked(text):
    half = len(text) // 2
    return "%x\r\n%s\r\n%x;a=b\r\n%s\r\n0\r\n\r\n" % (
        half, text[:half], len(text) - half, text[half:])


FILES = {
    "autoconfig.file.test@" + FILE: answer(XML % ("pop.else.test", 9951, "SSL", "plain")),
    "well.test@" + WELL_KNOWN: answer(XML % ("pop.well.test", 110, "STARTTLS", "secure")),
    "autoconfig.token.test@" + FILE: answer(XML % ("pop.token.test", 995, "SSL", "OAuth2")),
    "autoconfig.moved.test@" + FILE: answer(
        "", "301 Moved", "Location: https://autoconfig.file.test/mail/config-v1.1.xml"),
    "autoconfig.long.test@" + FILE: answer(
        XML % ("pop.long.test", 995, "SSL", "plain") + " " * 65536),
    "autoconfig.html.test@" + FILE: answer("<!DOCTYPE html><html><body>Welcome</body></html>"),
    "autoconfig.chunks.test@" + FILE: answer(
        chunked(XML % ("pop.chunks.test", 995, "SSL", "plain")), "200 OK",
        "Transfer-Encoding: chunked"),
    "autoconfig.untrusted.test@" + FILE: answer(XML % ("evil.test", 995, "SSL", "plain")),
}


@unittest.skipUnless(os.geteuid() == 0, "only root can have a network of its own")
class Discover(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.network = domain.Network(RECORDS)
        cls.addClassCleanup(cls.network.stop)
        folder = tempfile.TemporaryDirectory(prefix="ac")
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = certs.Certificates(folder.name, ["DNS:" + name for name in NAMES])
        cls.web = os.path.join(folder.name, "web")
        os.mkdir(cls.web)
        for name, text in FILES.items():
            with open(os.path.join(cls.web, name), "w", encoding="ascii", newline="") as f:
                f.write(text)
        shown = [cls.certificates.cert, cls.certificates.key]
        cls.network.serve(sys.executable, "-c", WEB, *shown, cls.web)
        cls.waited = os.path.join(folder.name, "waited")
        cls.network.serve(sys.executable, "-c", SILENT, cls.waited)
        cls.network.serve(popd.POPD, "--parent-exit", "--port", "995", "--tls", "implicit",
                          "--use-cert", shown[0], "--use-key", shown[1])

    def asked(self):
        """What the web server was asked for so far."""
        path = os.path.join(self.web, "asked")
        if not os.path.exists(path):
            return []
        with open(path, encoding="ascii") as f:
            return f.read().splitlines()

    def find(self, address, *, options=(), trust=True, wrap=()):
        """The lines that find prints, as {word: [rest, …]}."""
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        if trust:
            env["SSL_CERT_FILE"] = self.certificates.ca
        for name in harness.PASSED_ON:
            if name in os.environ:
                env[name] = os.environ[name]
        said = {}
        for line in self.network.run(*wrap, FIND, *options, address, env=env).splitlines():
            word, _, rest = line.partition(" ")
            said.setdefault(word, []).append(rest)
        return said

    def assert_found(self, address, want, *steps, confirmed=True, **more):
        said = self.find(address, **more)
        self.assertEqual(said.get("found"), [want], said)
        self.assertEqual(said.get("step", []), list(steps), said)
        self.assertEqual("unconfirmed" in said, not confirmed, said)
        return said

    def assert_nothing(self, address, *steps, **more):
        said = self.find(address, **more)
        self.assertEqual(said.get("nothing"), ["host"], said)
        self.assertEqual(said["step"], list(steps) or ["srv", "autoconfig", "guess"])
        self.assertEqual(said["text"],
                         ["found no POP3 server for " + address.rpartition("@")[2]])
        self.assertEqual(said["remedy"],
                         ["if you know its name: ambil setup %s --host NAME" % address])
        return said

    # ---- SRV records ----

    def test_a_record_for_tls_at_once_comes_first(self):
        said = self.assert_found("anna@one.test",
                                 "pop.one.test 9950 implicit anna@one.test password srv", "srv")
        self.assertEqual(said["told"], ["_pop3s._tcp.one.test: pop.one.test:9950"])
        self.assertEqual(said["origin"], ["SRV record"])

    def test_a_record_for_starttls(self):
        for name, host in (("stls", "mail"), ("half", "pop")):
            self.assert_found("anna@%s.test" % name,
                              "%s.%s.test 110 starttls anna@%s.test password srv" % (
                                  host, name, name), "srv")

    def test_a_domain_that_says_it_has_no_pop3(self):
        said = self.find("anna@never.test")
        self.assertEqual(said["no-pop3"], ["capability"], said)
        self.assertEqual(said["step"], ["srv"])
        self.assertEqual(said["text"], ["never.test has no POP3"])
        self.assertEqual(said["why"], ['its name server says so (the SRV record of '
                                       '_pop3s._tcp.never.test is ".")'])

    def test_no_pop3_in_clear_is_not_the_same(self):
        self.assert_found("anna@notclear.test",
                          "mail.notclear.test 995 implicit anna@notclear.test password guess",
                          "srv", "autoconfig", "guess")

    def test_a_server_elsewhere_is_to_be_confirmed(self):
        self.assert_found("anna@away.test",
                          "pop.hosted.test 995 implicit anna@away.test password srv", "srv",
                          confirmed=False)
        self.assert_found("anna@trap.test",
                          "notpop.nottrap.test 995 implicit anna@trap.test password srv", "srv",
                          confirmed=False)

    def test_letters_of_the_world(self):
        self.assert_found("anna@m\u00fcller.test",
                          "pop.xn--mller-kva.test 995 implicit anna@m\u00fcller.test password srv",
                          "srv")

    def test_of_several_the_first_that_can_be_reached(self):
        self.assert_found("anna@spare.test",
                          "live.spare.test 995 implicit anna@spare.test password srv", "srv")
        self.assert_found("anna@dead.test",
                          "a.dead.test 995 implicit anna@dead.test password srv", "srv")

    def test_an_answer_that_needs_tcp(self):
        """Twenty long names; sixteen are kept, and of these the reachable one is taken."""
        said = self.find("anna@many.test")
        self.assertEqual(len(said["told"]), 16)
        self.assertRegex(said["found"][0], r"^pop\d\d\.x{60}\.many\.test 995 implicit ")

    # ---- autoconfig ----

    def test_a_file_of_the_domain(self):
        """Its certificate stands for what it says, wherever the server is."""
        before = len(self.asked())
        self.assert_found("anna+a&b@file.test",
                          "pop.else.test 9951 implicit anna+a&b password autoconfig",
                          "srv", "autoconfig")
        self.assertEqual(self.asked()[before:], [
            "autoconfig.file.test/mail/config-v1.1.xml?emailaddress=anna%2Ba%26b%40file.test"])

    def test_the_well_known_place(self):
        """It is not told the address."""
        before = len(self.asked())
        said = self.assert_found("anna@well.test",
                                 "pop.well.test 110 starttls anna password autoconfig",
                                 "srv", "autoconfig")
        self.assertEqual(self.asked()[before + 1:],
                         ["well.test/.well-known/autoconfig/mail/config-v1.1.xml"])
        self.assertIn("autoconfig.well.test answered with status 404", said["told"])

    def test_a_file_in_chunks(self):
        self.assert_found("anna@chunks.test",
                          "pop.chunks.test 995 implicit anna password autoconfig",
                          "srv", "autoconfig")

    def test_a_token_is_needed(self):
        self.assert_found("anna@token.test", "pop.token.test 995 implicit anna oauth autoconfig",
                          "srv", "autoconfig")

    def test_answers_that_do_not_count(self):
        for name, told in (
                ("moved", "autoconfig.moved.test answered with status 301"),
                ("long", "the answer of autoconfig.long.test is too long"),
                ("html", "the answer of autoconfig.html.test is no configuration of mail")):
            self.assertIn(told, self.assert_nothing("anna@%s.test" % name)["told"])
        self.assertNotIn("autoconfig.file.test/mail/config-v1.1.xml", self.asked())

    def test_a_web_server_that_is_not_trusted(self):
        before = self.asked()
        said = self.assert_nothing("anna@untrusted.test")
        self.assertRegex("\n".join(said["told"]),
                         r"the certificate is for .*not for autoconfig\.untrusted\.test")
        self.assertEqual(self.asked(), before)

    # ---- usual names ----

    def test_the_first_usual_name_that_is_trusted(self):
        for name, host in (("usual", "pop"), ("third", "mail"), ("mixed", "pop3")):
            self.assert_found("anna@%s.test" % name, "%s.%s.test 995 implicit anna@%s.test "
                              "password guess" % (host, name, name), "srv", "autoconfig", "guess")

    def test_authorities_can_be_named(self):
        said = self.assert_nothing("anna@usual.test", trust=False)
        self.assertRegex(said["why"][0], r"^the certificate of pop\.usual\.test is not trusted")
        said = self.find("anna@usual.test", options=("-c", self.certificates.ca), trust=False)
        self.assertIn("found", said)

    def test_why_a_server_that_is_there_is_not_taken(self):
        said = self.assert_nothing("anna@wrong.test")
        self.assertRegex(said["why"][0], r"^the certificate is for .*, not for pop\.wrong\.test$")

    def test_nothing_at_all(self):
        said = self.assert_nothing("anna@unknown.test")
        self.assertEqual(said["why"], [""])
        for name in ("pop", "pop3", "mail", "autoconfig"):
            self.assertIn('no such host "%s.unknown.test"' % name, said["told"])

    # ---- doctor ----

    def doctor(self, *args):
        box = harness.Sandbox()
        self.addCleanup(box.remove)
        return box.run("doctor", *args, wrap=self.network.enter,
                       env={"SSL_CERT_FILE": self.certificates.ca})

    def test_doctor_finds_a_server_and_looks_at_it(self):
        result = self.doctor("anna@usual.test")
        self.assertEqual(result.code, 0, result)
        text = result.stdout.decode()
        self.assertRegex(text, r"(?m)^anna@usual\.test: the server of this address\n"
                               r"  ok       discovery      pop\.usual\.test:995 \(usual name\)")
        for line in ("                          _pop3s._tcp.usual.test: no record\n",
                     "  ok       name           pop.usual.test has 1 address",
                     '  ok       greeting       "popd ready"',
                     "  skipped  login          an address is no account yet; ",
                     "\nanna@usual.test: all is well\n"):
            self.assertIn(line, text)

    def test_doctor_says_what_was_asked_in_vain(self):
        result = self.doctor("anna@unknown.test", "-q")
        self.assertEqual(result.code, 68, result)
        text = result.stdout.decode()
        for line in ("  failed   discovery      found no POP3 server for unknown.test\n",
                     "if you know its name:  ambil setup anna@unknown.test --host NAME\n",
                     'no such host "pop3.unknown.test"\n'):
            self.assertIn(line, text)
        self.assertNotIn("greeting", text)

    def test_doctor_says_who_has_no_pop3(self):
        result = self.doctor("anna@never.test")
        self.assertEqual(result.code, 69, result)
        self.assertIn(b"  failed   discovery      never.test has no POP3\n", result.stdout)

    def test_doctor_warns_of_a_server_elsewhere(self):
        result = self.doctor("anna@away.test")
        self.assertEqual(result.code, 68, result)
        self.assertIn(b"  note     discovery      only the DNS says so of this host, which is in "
                      b"another domain\n", result.stdout)
        self.assertIn(b'  failed   name           no such host "pop.hosted.test"\n', result.stdout)

    def test_a_search_can_be_interrupted(self):
        """While a web server keeps it waiting; what would come behind it is not begun."""
        box = harness.Sandbox()
        self.addCleanup(box.remove)
        run = box.start("doctor", "anna@silent.test", wrap=self.network.enter)
        harness.wait_until(lambda: os.path.exists(self.waited))
        run.send_signal(signal.SIGINT)
        result = harness.finish(run)
        self.assertEqual(result.code, 130, result)
        self.assertNotIn(b"pop.silent.test", result.stdout)

    def test_doctor_wants_an_address(self):
        result = self.doctor("anna@")
        self.assertEqual((result.code, result.stderr),
                         (64, 'ambil: "anna@" is no mail address\n'))

    # ---- what is around ----

    def test_a_known_provider_costs_no_question(self):
        self.assert_found("anna@gmail.com",
                          "pop.gmail.com 995 implicit anna@gmail.com app-password providers")

    def test_no_name_server(self):
        resolver = self.network.write("dead.conf", "nameserver 127.0.0.3\n")
        said = self.find("anna@usual.test", wrap=[
            "unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
            resolver])
        self.assertEqual(said["failed"], ["network"], said)
        self.assertEqual(said["text"], ["no network or DNS: cannot look up pop.usual.test"])

    def test_behind_a_proxy_nothing_is_looked_up_beside_it(self):
        """There is none: and no name server was asked, which would have had an answer."""
        said = self.assert_nothing("anna@one.test", "autoconfig", "guess",
                                   options=("-p", "socks5://127.0.0.1:1"))
        self.assertIn("127.0.0.1:1", said["why"][0])


if __name__ == "__main__":
    unittest.main()
