# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed, and where: of this build, and of one that leaves out what can be left out."""

import json
import os
import re
import subprocess
import tempfile
import unittest

import harness
import needs

BUILD = os.path.dirname(os.path.abspath(harness.AMBIL))
SOURCES = os.path.abspath(os.path.join(harness.HERE, "..", ".."))
PAGES = ("man1/ambil.1", "man5/ambil.conf.5", "man7/ambil-errors.7", "man7/ambil-json.7", "man7/ambil-migration.7",
         "man7/ambil-setup.7")
# Below the prefix, wherever nothing else is said.
ALWAYS = ["bin/ambil", "share/ambil/ambil.schema.json", "share/doc/ambil/README",
          *("share/man/" + page for page in PAGES)]
SHELLS = {"bash": "share/bash-completion/completions/ambil", "zsh": "share/zsh/site-functions/_ambil",
          "fish": "share/fish/vendor_completions.d/ambil.fish"}
CATALOGUE = "share/locale/id/LC_MESSAGES/ambil.mo"
UNITS = ("ambil.service", "ambil.timer")


def meson(*words):
    done = subprocess.run([needs.need("meson"), *words], check=False, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise AssertionError("meson %s: %s%s" % (words[0], done.stdout, done.stderr))
    return done.stdout


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


class Install(unittest.TestCase):
    maxDiff = None

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="ai")
        self.addCleanup(folder.cleanup)
        return folder.name

    def configured(self, *options):
        """A build folder with these options; nothing is built in it."""
        build = os.path.join(self.folder(), "build")
        meson("setup", build, SOURCES, "-Dtests=disabled", *options)
        return build

    def plan(self, build):
        """What would be installed, below the prefix or with a path of its own."""
        found = []
        options = {one["name"]: one["value"] for one in json.loads(meson("introspect", build, "--buildoptions"))}
        for files in json.loads(meson("introspect", build, "--install-plan")).values():
            for file in files.values():
                # "{datadir}/ambil/…", in which the name of an option of ours may stand too.
                place = re.sub("^{(.*)}", lambda name: options[name.group(1)], file["destination"])
                found.append(re.sub("^/opt/ambil/", "", place))
        return sorted(found)

    def pages(self, build, prefix, config):
        """The pages name the places of this build."""
        text = "".join(read(build, "man", os.path.basename(page)) for page in PAGES)
        self.assertNotRegex(text, "@[A-Z_]+@")
        for place in (prefix + "/bin/ambil", config, prefix + "/share/ambil/ambil.schema.json"):
            self.assertIn(place, text)

    def test_all_of_this_build(self):
        if not os.path.exists(os.path.join(BUILD, "meson-info")):
            self.skipTest("the program that is tested stands in no build folder")
        root = self.folder()
        meson("install", "-C", BUILD, "--no-rebuild", "--destdir", root)
        options = {one["name"]: one["value"] for one in json.loads(meson("introspect", BUILD, "--buildoptions"))}
        prefix = options["prefix"]
        found = sorted(os.path.relpath(os.path.join(folder, name), root + prefix)
                       for folder, _, names in os.walk(root) for name in names)
        self.assertEqual([path for path in found if path.startswith("..")], [], "outside of the prefix")
        units = [path for path in found if os.path.basename(path) in UNITS]
        languages = [CATALOGUE] if os.path.exists(os.path.join(BUILD, "po", "id")) else []
        self.assertEqual(found, sorted([*ALWAYS, *SHELLS.values(), *languages, *units]))
        self.assertIn(len(units), (0, len(UNITS)))
        # They are what they are called, and fit together.
        said = subprocess.run([root + prefix + "/bin/ambil", "--version"], check=True, capture_output=True, text=True,
                              env={"LC_ALL": "C"}).stdout
        self.assertRegex(said, r"^ambil \d+\.\d+\.\d+\n")
        self.assertEqual("Indonesian" in said, bool(languages))
        self.assertEqual(json.loads(read(root + prefix, "share/ambil/ambil.schema.json")),
                         json.loads(read(SOURCES, "man", "ambil.schema.json")))
        for unit in units:
            self.assertTrue(unit.endswith("/systemd/user/" + os.path.basename(unit)), unit)
            if unit.endswith(".service"):
                self.assertRegex(read(root + prefix, unit), r"(?m)^ExecStart=%s/bin/ambil( |$)" % prefix)
        self.pages(BUILD, prefix, prefix + "/etc/ambil.conf")

    def test_what_can_be_left_out_and_what_goes_elsewhere(self):
        build = self.configured("--prefix=/opt/ambil", "-Dlibsecret=disabled", "-Dnls=disabled",
                                "-Dsystemd-user-units=no", "-Dbash-completions=/b", "-Dzsh-completions=/z",
                                "-Dfish-completions=/f")
        self.assertEqual(self.plan(build), sorted([*ALWAYS, "/b/ambil", "/z/_ambil", "/f/ambil.fish"]))
        used = {one["name"] for one in json.loads(meson("introspect", build, "--dependencies"))}
        self.assertIn("gnutls", used)
        self.assertEqual(used & {"libsecret-1", "intl", "cmocka"}, set())
        self.pages(build, "/opt/ambil", "/opt/ambil/etc/ambil.conf")

    def test_the_places_of_a_distribution(self):
        build = self.configured("--prefix=/usr", "-Dsystemd-user-units=/usr/lib/systemd/user")
        units = ["/usr/lib/systemd/user/" + unit for unit in UNITS]
        self.assertEqual([path for path in self.plan(build) if "systemd" in path], units)
        self.pages(build, "/usr", "/etc/ambil.conf")
        self.assertIn("ExecStart=/usr/bin/ambil", read(build, "systemd", "ambil.service"))


if __name__ == "__main__":
    unittest.main()
