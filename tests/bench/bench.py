# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares ambil with other fetchers on this machine; bench.sh makes everything ready for it.

The tools take turns within each round, every run is checked for lost and doubled mail, and what is
printed are medians.  "network alone" reads all mail as fast as it comes and throws it away, "disk
alone" writes the same files as durably as a careful fetcher must.
"""

import argparse
import encodings.idna  # noqa: F401, poplib's, and perhaps out of reach once root is given up
import json
import os
import platform
import pwd
import shutil
import subprocess
import sys
import tempfile

import cases
import counts
import measure
import rounds
import table
import tools


def options():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("scenario", nargs="*", help="S1 … S10, or part of a case's name; default: all")
    p.add_argument("--build", required=True, help="folder of the build, made with -Dbuildtype=release")
    p.add_argument("--scale", type=float, default=1, help="of the numbers and sizes; 0.1 for a look")
    p.add_argument("--runs", type=int, default=5, help="rounds for ambil and mpop")
    p.add_argument("--peer-runs", type=int, default=1, help="rounds for the others, which are slow")
    p.add_argument("--tools", type=lambda words: words.split(","), default=[], help="only these")
    p.add_argument("--timeout", type=int, default=600, help="seconds for a run")
    p.add_argument("--dir", help="where to work: on the disk to measure; default: $TMPDIR or /tmp")
    p.add_argument("--json", metavar="FILE", help="write every run there")
    p.add_argument("--markdown", action="store_true", help="tables for a README")
    return p.parse_args()


def known_settings(programs):
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
        f.write("account a {\nhost = localhost\nuser = a\n}\n")
        f.flush()
        out = subprocess.run([programs.ambil, "-c", f.name, "config", "show"],
                             capture_output=True, text=True, check=False).stdout
    return {line.split("=")[0].strip() for line in out.splitlines() if "=" in line}


def wanted(name, words):
    """S1 is not S10, but a part of a name will do otherwise."""
    return not words or any(name.split("-")[0] == word or (word in name and not word[1:].isdigit())
                            for word in words)


def machine():
    return "%s %s, %d processors" % (platform.system(), platform.release(), os.cpu_count())


def missing_tools():
    return [name for name, tool in tools.TOOLS.items()
            if tool.package and not shutil.which(name)]


def measure_all(programs, chosen, opts):
    """Yields (name, text, what is to be kept as JSON)."""
    for case in cases.cases(opts.scale, known_settings(programs)):
        if not wanted(case.key, chosen):
            continue
        rows, notes = rounds.Rounds(programs, case, opts).run()
        summed = table.summary(rows)
        yield (table.text("%s: %s" % (case.scenario, case.title), summed, notes, opts.markdown),
               {"case": case.key, "summary": summed, "runs": rows, "failed": notes})
    if wanted("S10", chosen):
        names = [name for name in ("ambil", "mpop") if not opts.tools or name in opts.tools]
        rows, notes = counts.run(programs, opts.folder, opts.scale, names, opts.timeout)
        yield counts.text(rows, notes, opts.markdown), {"case": "S10", "runs": rows, "failed": notes}


def keep(file, data):
    """Write all there is so far, in place of what was written before."""
    if file:
        file.seek(0)
        json.dump(data, file, indent=1)
        file.truncate()
        file.flush()


def give_up_root(folder):
    """getmail and fdm behave differently for root, and nobody fetches mail as root."""
    if os.getuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


def main():
    opts = options()
    programs = measure.Programs(os.path.abspath(opts.build))
    result = open(opts.json, "w", encoding="utf-8") if opts.json else None
    opts.folder = tempfile.mkdtemp(prefix="ambil-bench", dir=opts.dir)
    give_up_root(opts.folder)
    opts.tools = opts.tools or [name for name in tools.TOOLS if name not in missing_tools()]
    for name in missing_tools():
        print("%s is not installed (Debian package %s)" % (name, tools.TOOLS[name].package),
              file=sys.stderr)
    kept, failed = [], False
    try:
        print(machine())
        for words, data in measure_all(programs, opts.scenario, opts):
            print("\n" + words, flush=True)
            kept.append(data)
            failed = failed or "ambil" in data["failed"]
            keep(result, {"machine": machine(), "scale": opts.scale, "cases": kept})
    finally:
        shutil.rmtree(opts.folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
