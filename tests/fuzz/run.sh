#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fuzzes with clang's libFuzzer and says, in one line for each fuzzer, how far it came.
#   tests/fuzz/run.sh [SECONDS [NAME…]]    each for a minute unless told, as many at once as there are cores
# The same octets by chance each time, so that a check can be repeated; FUZZ_SEED=0 for others.
# What is found along the way stays in build-fuzz/corpus/NAME, what crashed in build-fuzz/crashes/NAME-….
set -eu
cd "$(dirname "$0")/../.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
. tests/packages.sh
have_tool clang clang || exit 0

seconds=60
if test $# -gt 0; then
	seconds=$1
	shift
fi
test $# -gt 0 || set -- $(ls tests/fuzz/seeds)
CC=clang build build-fuzz -Dfuzz=true -Dtests=disabled -Db_sanitize=address,undefined -Db_lundef=false
ninja -C build-fuzz fuzzers >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
mkdir -p build-fuzz/crashes

export seconds
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" sh -c '
	name=$1
	out=build-fuzz/fuzz-$name.log
	mkdir -p "build-fuzz/corpus/$name"
	status=0
	"build-fuzz/tests/fuzz/fuzz_$name" -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -print_final_stats=1 -timeout=20 \
		-artifact_prefix="build-fuzz/crashes/$name-" "build-fuzz/corpus/$name" "tests/fuzz/seeds/$name" \
		>"$out" 2>&1 || status=$?
	coverage=$(sed -n "s/^#[0-9]*[[:space:]].* cov: \([0-9]*\) ft: \([0-9]*\) .*/\1 edges, \2 features/p" "$out" | tail -n 1)
	runs=$(sed -n "s/^stat::number_of_executed_units: *//p" "$out")
	if test $status = 0; then
		echo "fuzz $name: $runs executions, $coverage"
	else
		tail -n 60 "$out" >&2
		echo "fuzz $name: FAILED after ${runs:-some} executions, see $out" >&2
		exit 1
	fi' fuzz
