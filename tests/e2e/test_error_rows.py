# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error that a person is likely to meet: what is said, the exit status, and the test that shows it. And those
of them that need a name server, or the usual port."""

import importlib
import inspect
import os
import re
import unittest

import domain
import dovecot_case
import harness
import popd
import terminal
import test_errors

# The situation; the status; words of it that stand in the test; which test.
ROWS = (
    ("no configuration", 78, ("no accounts yet (looked for ~/.config/ambil/ambil.conf", "ambil setup you@example.org"),
     "test_errors.Configuration.test_no_configuration"),
    ("no configuration, but one of another program", 78, ("coming from mpop? ~/.mpoprc found:  ambil import mpop",),
     "test_error_rows.Here.test_the_configuration_of_another_program"),
    ("wrong password", 77, ("localhost refused the login of", "server: [AUTH] Authentication failed",
                            "password came from: password-file;  correct it:"),
     "test_errors.Login.test_wrong_password"),
    ("wrong password of the keyring", 77, ("password came from: keyring;  change it:  ambil login home",),
     "test_passwords.Keyring.test_a_wrong_password_is_blamed_on_it"),
    ("no password, no terminal", 78, ("no password found (tried ", "and no terminal to ask on"),
     "test_errors.Login.test_no_password_and_no_terminal"),
    ("no password in the keyring, no terminal", 78, ("no password found (tried keyring, ~/.netrc)", "ambil login home"),
     "test_passwords.Keyring.test_entries_of_all_forms_are_found"),
    ("unknown host", 68, ('no such host "pop.nosuch.test"', "ambil.conf:"),
     "test_error_rows.OnNetwork.test_unknown_host"),
    ("no name server", 75, ("no network or DNS: cannot look up pop.example.org",),
     "test_errors.Network.test_no_network"),
    ("nothing listens", 75, ("refuses connections (tried ", "POP3 over TLS is normally port 995", "ambil doctor home"),
     "test_errors.Network.test_nothing_listens"),
    ("nothing listens at several addresses", 75, ("refuses connections (tried ", " and "),
     "test_error_rows.OnNetwork.test_nothing_listens_at_two_addresses"),
    ("no network", 75, ("no network (Network is unreachable)",), "test_errors.Network.test_no_network"),
    ("no network, and nobody watches", 75, ("",),
     "test_unattended.Quiet.test_that_there_is_no_network_is_such_a_fault"),
    ("unknown authority", 69, ("the certificate of localhost is not trusted: unknown issuer", "SHA-256 ", "ca-file"),
     "test_errors.Tls.test_unknown_authority"),
    ("a certificate that nobody signed", 69, ("one server?  ambil setup home --pin=",),
     "test_tls_settings.Pins.test_what_is_offered_can_be_copied"),
    ("wrong name", 69, ("the certificate is for ", "not for 127.0.0.2", "use one of these names as host",
                        "ambil.conf:"),
     "test_errors.Tls.test_wrong_name"),
    ("TLS to a port without", 69, ("does not speak TLS (it greeted in clear: ", "tls = starttls"),
     "test_errors.Tls.test_tls_to_a_cleartext_port"),
    ("no TLS to a port with it", 69, ("sent nothing for 2 s; this port expects TLS at once", "tls = implicit"),
     "test_error_rows.OnNetwork.test_cleartext_to_the_port_of_tls"),
    ("no TLS to another port with it", 75, ("perhaps this port expects TLS at once", "tls = implicit"),
     "test_errors.Tls.test_cleartext_to_a_tls_port"),
    ("no STLS", 69, ("does not offer STLS", "nothing secret was sent"), "test_errors.Tls.test_no_stls"),
    ("the server hangs up in TLS", 75, ("closed the connection during the TLS handshake",),
     "test_errors.Tls.test_server_hangs_up_in_the_handshake"),
    ("no file of authorities", 78, ('ca-file "/nonexistent.pem": No such file or directory', '"config", "check"'),
     "test_errors.Tls.test_a_file_of_authorities_that_is_missing"),
    ("no Maildir yet", 0, ("0o700",),
     "test_destinations.Maildirs.test_a_maildir_is_made_when_its_parent_exists_and_is_private"),
    ("no folder above it", 73, ("~/Archiv/Mail: parent folder ~/Archiv does not exist", "assert_nothing_retrieved"),
     "test_errors.Delivery.test_the_folder_above_a_maildir_is_missing"),
    ("a command fails", 75, ("exited 75 (temporary failure) on message 3 of 5", "it stays on the server",
                             "nothing lost"),
     "test_errors.Delivery.test_a_command_that_fails_for_now"),
    ("no such command", 78, ("nosuchcommand", "assert_nothing_retrieved"),
     "test_errors.Delivery.test_a_command_that_does_not_exist"),
    ("a full disk", 73, ("No space left on device", "of [1-5] fetched", "stay on the server", '"tmp"'),
     "test_errors.Delivery.test_a_full_disk"),
    ("a password that others can read", 78, ("holds a password and can be read by others (mode 0644)", "chmod 600"),
     "test_errors.Configuration.test_a_password_that_others_can_read"),
    ("a configuration that others can write", 78, ("0666",),
     "test_errors.Configuration.test_a_file_that_others_can_write"),
    ("a .netrc that others can read", 78, ("can be read by others (mode 0644)", "chmod 600 ~/.netrc"),
     "test_passwords.Netrc.test_a_file_that_others_can_read_is_not_used"),
    ("unknown setting", 78, ('ambil.conf:4: unknown setting "kep", did you mean "keep"?',),
     "test_errors.Configuration.test_unknown_setting"),
    ("a wrong value", 78, ('keep = "maybe": use true, false or an age such as 14d',),
     "test_errors.Configuration.test_bad_value"),
    ("unknown account", 64, ('no account "hoem" (did you mean home?); you have: home, work',),
     "test_errors.Usage.test_unknown_account"),
    ("unknown option", 64, ("unknown option --kepe (did you mean --keep?)", "ambil fetch --help"),
     "test_errors.Usage.test_unknown_option"),
    ("unknown verb", 64, ('unknown verb "fetsch" (did you mean fetch?)',), "test_errors.Usage.test_unknown_verb"),
    ("a second run, on a terminal", 0, ("is fetching, waiting",),
     "test_accounts.TwoRuns.test_on_a_terminal_the_second_waits_and_then_finds_nothing_new"),
    ("a second run, elsewhere", 0, ("self.ambil()",),
     "test_accounts.TwoRuns.test_off_a_terminal_the_second_says_nothing_and_leaves_the_account_alone"),
    ("what was said to the server", 0, ("C: PASS <12 octets hidden>",),
     "test_passwords.Shown.test_neither_in_a_trace_nor_in_what_a_process_shows"),
)


class Rows(unittest.TestCase):
    def test_each_is_shown_by_a_test(self):
        for situation, code, words, name in ROWS:
            with self.subTest(situation):
                module, case, test = name.split(".")
                found = getattr(getattr(importlib.import_module(module), case), test)
                # A sentence may go on in the next line of the source.
                source = re.sub(r'"\s*\n\s*"', "", inspect.getsource(found))
                for said in words:
                    self.assertIn(said, source)
                if code:
                    self.assertRegex(source + self.helper(found), r"\b%d\b" % code)

    @staticmethod
    def helper(test):
        """Where an exit status stands in what several tests share."""
        shared = getattr(test_errors.Configuration, "wrong")
        return inspect.getsource(shared) if "self.wrong(" in inspect.getsource(test) else ""


class Here(test_errors.Trouble):
    def test_the_configuration_of_another_program(self):
        self.box.write(".mpoprc", "account a\nhost pop.example.org\nuser anna\n")
        self.on_terminal(78, "no accounts yet (looked for ~/.config/ambil/ambil.conf and /",
                         "coming from mpop? ~/.mpoprc found:  ambil import mpop",
                         "to add one:  ambil setup you@example.org")


@unittest.skipUnless(os.geteuid() == 0, "only root can have a network of its own")
class OnNetwork(harness.Case):
    """Off a terminal, and on one."""

    @classmethod
    def setUpClass(cls):
        cls.network = domain.Network(["host-record=pop.two.test,127.0.0.1", "host-record=pop.two.test,::1"])
        cls.addClassCleanup(cls.network.stop)
        cls.network.serve(popd.POPD, "--parent-exit", "--port", "995", "--tls", "implicit")

    def configure(self, host, **more):
        self.box.write_config(harness.account("home", host=host, user="anna", password="x", **more))

    def fails(self, code, *words):
        result = self.box.run(wrap=self.network.enter)
        self.assert_code(result, code)
        self.assertEqual(len(result.lines), 1, str(result))
        self.assert_said(result.stderr, *words)
        with terminal.Terminal([*self.network.enter, harness.AMBIL], self.box.environment({"TERM": "xterm"}),
                               cwd=self.box.home, size=test_errors.WIDE) as t:
            self.assertEqual(t.wait(), code, t.text)
            self.assert_said("\n".join(t.screen), *words)

    def test_unknown_host(self):
        self.configure("pop.nosuch.test")
        self.fails(68, 'ambil: home: no such host "pop.nosuch.test"', "ambil.conf:2")

    def test_nothing_listens_at_two_addresses(self):
        self.configure("pop.two.test", port=1995)
        self.fails(75, "ambil: home: pop.two.test:1995 refuses connections (tried ", " and ", ")",
                   "POP3 over TLS is normally port 995", "ambil doctor home")
        for address in ("127.0.0.1", "::1"):
            self.fails(75, address)

    def test_cleartext_to_the_port_of_tls(self):
        self.configure("localhost", port=995, tls="starttls", timeout="2s", connect_timeout="30s")
        self.fails(69, "ambil: home: localhost:995 sent nothing for 2 s; this port expects TLS at once",
                   "tls = implicit")


def setUpModule():
    dovecot_case.start()


if __name__ == "__main__":
    unittest.main()
