# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command and writes down the peak memory of it and of all that it waited for, in KiB.

    python3 -I -S peak.py OUTPUT COMMAND …

It is a program of its own because a child counts the memory of the process that started it
until it runs another program: what starts the command must be small.
"""

import os
import sys


def main(output, command):
    pid = os.fork()
    if pid == 0:
        try:
            os.execv(command[0], command)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(pid, 0)
    with open(output, "w") as f:
        f.write("%d\n" % usage.ru_maxrss)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
