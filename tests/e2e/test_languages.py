# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences in Indonesian; what programs read stays as it is, whatever the locale.

The locale is made for the tests, and the catalogue is that of the build.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile

import corpus
import harness
import needs
import popd_case

CATALOGUES = os.path.join(os.path.dirname(os.path.abspath(harness.AMBIL)), "po")
ENGLISH = {"LC_ALL": "C"}
# Words that Indonesian sentences of the program are full of, and English ones are not.
INDONESIAN = re.compile(r"\b(surat|kata sandi|tidak|akun|menolak|pengambilan|perintah)\b")


def make_locale(folder, name, charset):
    if not os.path.exists("/usr/share/i18n/locales/id_ID"):
        needs.missing_here("the sources of locales are missing: install the Debian package locales")
    # It warns of what Debian's sources lack, and ends with 1 then.
    subprocess.run([needs.need("localedef"), "-i", "id_ID", "-f", charset, os.path.join(folder, name)],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if not os.path.exists(os.path.join(folder, name, "LC_MESSAGES")):
        raise AssertionError("the locale %s could not be made" % name)


class Languages(popd_case.PopdCase):
    @classmethod
    def setUpClass(cls):
        if not os.path.exists(os.path.join(CATALOGUES, "id", "LC_MESSAGES", "ambil.mo")):
            needs.missing_here("this build has no languages (nls): install the Debian package gettext")
        cls.folder = tempfile.mkdtemp(prefix="al")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        make_locale(cls.folder, "id_ID.UTF-8", "UTF-8")
        make_locale(cls.folder, "id_ID.ISO-8859-1", "ISO-8859-1")

    def setUp(self):
        super().setUp()
        self.mails = corpus.numbered(3)
        self.serve(tls="none", mails=self.mails)
        self.configure()

    def env(self, locale="id_ID.UTF-8", **more):
        # setlocale() itself does not free what it makes of LOCPATH.
        leak = self.box.write("lsan", "leak:__argz_add_sep\n")
        return {"LC_ALL": locale, "LOCPATH": self.folder, "AMBIL_LOCALEDIR": CATALOGUES,
                "LSAN_OPTIONS": "print_suppressions=0:suppressions=" + leak, **more}

    def indonesian(self, *args, code=0, **more):
        result = self.box.run(*args, env=self.env(**more))
        self.assert_code(result, code)
        return result

    def wrong_password(self):
        self.configure(password_file=self.box.write("wrong", "no\n"), quiet_for="0s")

    def test_a_run(self):
        result = self.indonesian("fetch", "-v")
        self.assert_said(result.stderr, "home   menghubungi localhost\n", "home   login\n",
                         "home   3 surat baru (", ") di ~/Mail\n")
        self.assertRegex(self.indonesian("-v").stderr, r"home   tidak ada surat baru\n$")
        self.assertEqual(self.indonesian("check").stdout, b"home   tidak ada surat baru\n")
        self.assertRegex(self.indonesian("fetch", "--all", "--dry-run").stdout.decode(),
                         r"(?m)^  1  sudah dilihat, diminta lagi +\d+ oktet  ambil$")

    def test_an_error_in_one_line_and_in_several(self):
        self.wrong_password()
        result = self.indonesian("fetch", code=77)
        self.assertEqual(len(result.lines), 1, result)
        self.assertRegex(result.stderr, r'^ambil: home: localhost menolak login "anna": ".+" '
                                        r'\(perbaiki: password-file di ambil\.conf:\d+\)\n$')
        with self.box.terminal("fetch", env=self.env()) as tty:
            self.assertEqual(tty.wait(), 77)
            self.assert_said(tty.words, 'home: localhost menolak login "anna"', "server: ",
                             "kata sandi berasal dari: password-file; perbaiki:",
                             "password-file di ambil.conf:")

    def test_the_system_s_reason_is_in_the_same_language_where_it_has_it(self):
        """What there is comes from the C library, in whose catalogue there may be nothing."""
        self.server.stop()
        result = self.box.run("doctor", env=self.env())
        self.assertNotEqual(result.code, 0)
        self.assertRegex(result.stdout.decode(), r"(?m)^  gagal    alamat         .+: \S")
        self.assertRegex(result.stdout.decode(), r"(?m)^home: \d dari \d pemeriksaan gagal")

    def test_doctor(self):
        result = self.indonesian("doctor")
        for line in (r"home: anna di localhost:\d+, tanpa enkripsi",
                     r"  baik     kata sandi     dari password-file",
                     r"  baik     daftar surat   3 surat \(.+\), masing-masing dengan UID.*",
                     r"  baik     tujuan         ~/Mail, Maildir yang akan dibuat pada pengambilan.*"):
            self.assertRegex(result.stdout.decode(), "(?m)^%s$" % line)

    def test_verbs_that_only_print(self):
        self.assert_said(self.indonesian("--help").stdout.decode(), "Pemakaian: ambil [OPTION]",
                         "  fetch                 ambil surat baru\n", "Selengkapnya: ")
        self.assert_said(self.indonesian("fetch", "--help").stdout.decode(),
                         "ambil fetch                      ambil surat baru", "Opsi:\n",
                         "  -n, --dry-run         katakan")
        self.assertIn("bahasa: Inggris, Indonesia (id)\n", self.indonesian("--version").stdout.decode())
        self.assertRegex(self.indonesian("config", "show").stdout.decode(),
                         r"(?m)^\tkeep = true +# bawaan$")
        self.assert_said(self.indonesian("feth", code=64).stderr,
                         'perintah "feth" tidak dikenal (maksud Anda fetch?) (coba: ambil --help)')

    def test_each_help_fits_one_screen(self):
        for verb in re.findall(r"(?m)^  ([a-z]+) ", self.box.run("--help").stdout.decode()) + [None]:
            with self.subTest(verb=verb):
                lines = self.indonesian(*([verb] if verb else []), "--help").stdout.decode().splitlines()
                self.assertIn(lines[0][:10], ("Pemakaian:", "ambil meng"))
                self.assertLessEqual(len(lines), 24)
                self.assertLessEqual(max(map(len, lines)), 80, max(lines, key=len))

    def test_status_after_a_run_that_went_well_and_one_that_failed(self):
        self.assertRegex(self.indonesian("status").stdout.decode(),
                         r"^AKUN   STATUS +BERHASIL\nhome   belum pernah +belum pernah\n$")
        self.indonesian("fetch")
        self.assertRegex(self.indonesian("status").stdout.decode(), r"(?m)^home   baik +\d+ (dtk|mnt) lalu$")
        self.wrong_password()
        self.indonesian("fetch", code=77)
        self.assertRegex(self.indonesian("status").stdout.decode(),
                         r"(?m)^home   gagal +\d+ (dtk|mnt) lalu +1 kali gagal.*: localhost menolak login")
        # Others read of it in English, and so do programs.
        english = self.box.run("status", env=ENGLISH).stdout.decode()
        self.assertRegex(english, r'(?m)^home +failing .*: localhost refused the login of "anna"')
        event = self.json("status", env=self.env())[0]
        self.assertRegex(event["message"], r"^localhost refused the login")
        self.assertNotRegex(json.dumps(event), INDONESIAN)

    def test_a_failure_that_is_remembered_is_the_same_one_in_every_language(self):
        """cron and a shell may have different ones; times and the words of the system are in it as well."""
        self.configure(password_file=self.box.write("wrong", "no\n"), quiet_for=None)
        self.assertEqual(len(self.indonesian("fetch", code=77).lines), 1)
        self.assertEqual(self.box.run("fetch", env=ENGLISH).lines, [])
        self.box.write("file", "")
        self.configure(deliver="maildir:~/file/Mail")
        self.indonesian("fetch", code=73)
        self.assertRegex(self.remembered(), r"^~/file/Mail: Not a directory$")
        self.server.stop()
        self.serve(tls="none", mails=self.mails, faults=["silence:at=UIDL"])
        self.configure(deadline="1s")
        self.indonesian("fetch", code=75)
        self.assertIn("1 dtk", self.indonesian("status").stdout.decode())
        self.assertIn("after 1 s (deadline)", self.remembered())

    def remembered(self):
        said = self.json("status", env=self.env())[0]["message"]
        self.assertEqual(said, self.json("status", env=ENGLISH)[0]["message"])
        return said

    def test_setup_asks(self):
        with self.box.terminal("setup", env=self.env()) as tty:
            tty.expect("Alamat surat Anda, atau akun yang akan diubah .home.: ")
            tty.send(b"\x03")
            self.assertEqual(tty.wait(), 130)

    def test_errors_of_the_configuration(self):
        self.box.write_config("account home { host = localhost user = anna tsl = none }\n"
                              "account work { port = 99999 }\n")
        self.assertEqual(self.indonesian("config", "check", code=78).lines[:2], [
            'ambil: ambil.conf:1: setelan "tsl" tidak dikenal, maksud Anda "tls"?',
            'ambil: ambil.conf:2: port = "99999": pakai bilangan dari 1 sampai 65535'])
        # Words that two places must say alike.
        self.box.write_config(harness.account("home", host="localhost", user="anna", deliver="nowhere"))
        self.assertEqual(self.indonesian("config", "check", code=78).lines, [
            'ambil: ambil.conf:4: deliver = "nowhere": pakai maildir:PATH, mbox:PATH, pipe:COMMAND atau -'])

    def test_columns_of_a_list_keep_together(self):
        with self.box.terminal("list", "home", env=self.env()) as tty:
            self.assertEqual(tty.wait(), 0)
            title = next(line for line in tty.screen if line.startswith("NO"))
            rows = [line for line in tty.screen if re.match(r" ?\d", line)]
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertEqual(row.index("baru"), title.index("STATUS"), (title, row))
            self.assertEqual(row.index("ambil"), title.index("RENCANA"), (title, row))

    def test_programs_read_the_same_in_every_locale(self):
        for args in (("list", "home"), ("seen", "home"), ("config", "path"), ("config", "accounts")):
            with self.subTest(args=args):
                english = self.box.run(*args, env=ENGLISH)
                self.assertEqual(self.indonesian(*args).stdout, english.stdout)
        self.indonesian("fetch")
        self.assertEqual(self.indonesian("seen", "home").stdout,
                         self.box.run("seen", "home", env=ENGLISH).stdout)

    def json(self, *args, env):
        events = [json.loads(line) for line in self.box.run("--json", *args, env=env).stdout.splitlines()]
        for event in events:
            event.pop("seconds", None)
        return events

    def test_json_is_english(self):
        self.wrong_password()
        for args in (("fetch",), ("feth",), ("config", "check"), ("doctor",), ("seen", "home")):
            with self.subTest(args=args):
                events = self.json(*args, env=self.env())
                self.assertNotRegex(json.dumps(events), INDONESIAN)
                if args != ("doctor",):         # that measures times
                    self.assertEqual(events, self.json(*args, env=ENGLISH))
        self.assertIn("refused the login", json.dumps(self.json("fetch", env=self.env())))

    def test_the_trace_is_english(self):
        trace = [line for line in self.indonesian("-d").lines if re.search(r"\b[CS*]: ", line)]
        self.assertGreater(len(trace), 5)
        for line in trace:
            self.assertNotRegex(line, INDONESIAN)

    def test_which_locale_counts(self):
        """LANGUAGE as well, but not in the locale C; a language that nobody has written is English."""
        for locale, language, words in (("C.UTF-8", "id", INDONESIAN), ("C.UTF-8", None, "did you mean"),
                                        ("C", "id", "did you mean"), ("C.UTF-8", "eo", "did you mean"),
                                        ("id_ID.UTF-8", "eo:id", INDONESIAN),
                                        ("id_ID.UTF-8", "en", "did you mean")):
            with self.subTest(locale=locale, language=language):
                more = {"LANGUAGE": language} if language else {}
                self.assertRegex(self.indonesian("feth", code=64, locale=locale, **more).stderr, words)
        self.assertIn("did you mean", self.indonesian("feth", code=64, AMBIL_LOCALEDIR="/nonexistent").stderr)

    def test_another_character_set(self):
        """What a charset lacks is written otherwise, and is no octet that it does not have."""
        self.box.write_config(harness.account("home", host="localhost", user="anna", netrc=False))
        process = self.box.start("fetch", env=self.env("id_ID.ISO-8859-1"))
        _, said = process.communicate(timeout=harness.PATIENCE_S)
        self.assertEqual(process.returncode, 78)
        self.assertIn(b'password-command = "..." di ambil.conf', said)

    def test_english_looks_for_no_catalogue(self):
        """A run of cron has none to open."""
        if os.geteuid() != 0:
            self.skipTest("needs root, to see what a program says that lets nobody look into it")
        for locale in ("C", "C.UTF-8", "en_US.UTF-8"):
            with self.subTest(locale=locale):
                table = self.box.path("strace")
                self.box.run("-v", env=self.env(locale), timeout=harness.PATIENCE_S,
                             wrap=(needs.need("strace"), "-f", "-e", "trace=openat,open", "-o", table))
                with open(table, encoding="utf-8", errors="replace") as f:
                    calls = f.read()
                self.assertIn("ambil.conf", calls)
                self.assertNotIn(".mo\"", calls)


if __name__ == "__main__":
    import unittest
    unittest.main()
