#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the programs that ambil is compared with, makes a release build in build-bench, and runs bench.py with
# the arguments given (bench.py --help): bench.sh S1 S4, bench.sh --scale 0.1 --runs 3
set -eu
cd "$(dirname "$0")/../.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
. tests/packages.sh

need_packages $build_packages python3 procmail strace valgrind mpop fetchmail getmail6 fdm
build build-bench --buildtype=release
meson compile -C build-bench starter baredisk rawread >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
python3 tests/bench/bench.py --build build-bench "$@"
