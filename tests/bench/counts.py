# SPDX-License-Identifier: GPL-3.0-or-later
"""S10: what does not depend on the machine: system calls and syncs a message (strace), and user
instructions an octet without TLS (callgrind), of all processes together.

Each is the difference between a mailbox of messages and an empty one, so that what a start costs
does not count.  The programs run slowly so, hence the small mailbox.
"""

import glob
import os
import re
import shutil
import subprocess

import measure
import tools

SYNCS = ("fsync", "fdatasync", "syncfs", "sync", "msync")
SIZE = 4096
BATCH = 256
IR = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def _fetch(programs, folder, tool, count, wrap, timeout):
    """Fetch and delete `count` messages in clear, with the words `wrap` before the command."""
    os.makedirs(folder)
    with measure.Server(programs, folder, ["--generate", "%d:%d" % (count, SIZE)], False) as server:
        job = tools.Job(os.path.join(folder, "home"), server.port, None, "maildir", False, ["anna"])
        os.mkdir(job.folder)
        job.prepare()
        tool.setup(job)
        measure.run(programs, wrap + tool.command(programs, job), job.folder, job.environment(),
                    timeout, fine=tool.fine)
        taken = server.sessions(1)[0]["dele"]
    if taken != count:
        raise measure.Failed("%d messages taken, not %d" % (taken, count))


def calls(path):
    """{name: count} from the table that strace -c writes."""
    table = {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            words = line.split()
            if len(words) >= 5 and words[0][0].isdigit() and words[-1] != "total":
                table[words[-1]] = int(words[3])
    return table


def instructions(path):
    """Of all processes, from the files path.PID that callgrind writes."""
    total = 0
    for one in glob.glob(glob.escape(path) + ".*"):
        with open(one, encoding="utf-8", errors="replace") as f:
            total += sum(int(number) for number in IR.findall(f.read())[-1:])
    return total


def _strace(programs, folder, tool, count, timeout):
    output = folder + ".strace"
    _fetch(programs, folder, tool, count, ["strace", "-f", "-c", "-o", output], timeout)
    return calls(output)


def _callgrind(programs, folder, tool, count, timeout):
    wrap = ["valgrind", "-q", "--tool=callgrind", "--trace-children=yes",
            "--callgrind-out-file=%s.callgrind.%%p" % folder]
    _fetch(programs, folder, tool, count, wrap, timeout)
    return instructions(folder + ".callgrind")


def measure_tool(programs, root, name, messages, timeout):
    """One row; the programs of strace and valgrind must be there."""
    tool = tools.TOOLS[name]
    traced = [_strace(programs, os.path.join(root, "%s-s%d" % (name, n)), tool, n, timeout)
              for n in (0, messages)]
    more = {call: traced[1][call] - traced[0].get(call, 0) for call in traced[1]}
    executed = [_callgrind(programs, os.path.join(root, "%s-c%d" % (name, n)), tool, n, timeout)
                for n in (0, messages)]
    return {
        "calls": sum(more.values()) / messages,
        "syncs": sum(more.get(call, 0) for call in SYNCS) * BATCH / messages,
        "instructions": (executed[1] - executed[0]) / (messages * SIZE),
        "by_call": {call: count for call, count in sorted(more.items(), key=lambda one: -one[1])
                    if count > messages / 100},
    }


def run(programs, folder, scale, names, timeout):
    """({tool: row}, {tool: why it failed})"""
    messages = max(BATCH, round(2048 * scale))
    root = os.path.join(folder, "S10")
    rows, notes = {}, {}
    for name in names:
        try:
            rows[name] = measure_tool(programs, root, name, messages, timeout)
        except (measure.Failed, OSError, subprocess.SubprocessError) as problem:
            notes[name] = str(problem)
    shutil.rmtree(root, ignore_errors=True)
    return rows, notes


def text(rows, notes, markdown=False):
    heads = ("", "system calls a message", "syncs for 256 messages", "instructions an octet")
    grid = [heads] + [(name, "%.2f" % row["calls"], "%.1f" % row["syncs"],
                       "%.2f" % row["instructions"]) for name, row in rows.items()]
    title = "S10: messages of 4 KiB, Maildir, delete, in clear"
    if markdown:
        lines = ["### " + title, ""] + ["| " + " | ".join(row) + " |" for row in grid]
        lines.insert(3, "|---|---:|---:|---:|")
    else:
        lines = [title] + ["  %-10s%25s%25s%25s" % row for row in grid]
        lines += ["  %s: %s" % (name, ", ".join("%s %d" % one for one in row["by_call"].items()))
                  for name, row in rows.items()]
    lines += ["  %s: FAILED: %s" % one for one in notes.items()]
    return "\n".join(lines) + "\n"
