#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs what the tests need, builds, and passes every test. Nothing is skipped where apt-get works.
#   tests/check.sh            all: the tests, the same with sanitizers, what valgrind and static checks say, fuzzers
#   tests/check.sh --quick    the tests of the ordinary build only
set -eu
cd "$(dirname "$0")/.."
umask 022
log=$(mktemp)
beside=
# What runs beside the tests ends with them, when they fail.
trap 'test -z "$beside" || kill -- "-$beside" 2>/dev/null || :; rm -f "$log" "$log.beside"' EXIT
. tests/packages.sh

quick=
test "${1-}" != --quick || quick=yes

need_packages $build_packages $test_packages
unpack_packages build-servers $server_packages
if command -v apt-get >/dev/null && test -z "$quick"; then
	export AMBIL_TESTS_COMPLETE=1
fi
jobs=$(nproc 2>/dev/null || echo 2)
# Most of a test's time is waiting, for a disk or for time to pass.
at_once=$((jobs * 2))

# What can be found without running anything, and what ten seconds of octets by chance find. These need
# processors and nothing else, and many tests wait for other things: so they run beside them, and give way.
if test -z "$quick"; then
	setsid nice -n 19 sh -c 'tests/static.sh && tests/fuzz/run.sh 10' >"$log.beside" 2>&1 &
	beside=$!
fi

build build-check -Dtests=enabled -Dwerror=true
meson test -C build-check --num-processes "$at_once" --print-errorlogs
test -n "$quick" && exit 0

# What may be left out is.
build build-least -Dtests=disabled -Dwerror=true -Dlibsecret=disabled -Dnls=disabled --buildtype=plain
build-least/ambil --version | grep -q 'keyring: left out' || { echo 'ambil --version says nothing of libsecret'; exit 1; }
build-least/ambil --version | grep -q 'languages: .* left out' || { echo 'ambil --version says nothing of languages'; exit 1; }

# The same once more with every access watched, and every line that is walked counted; what such a program
# takes of memory and time says nothing, and failing disks were tried at every step before.
# Not optimised it builds in a third of the time, and the compiler leaves no access out.
build build-asan -Dtests=enabled -Doptimization=0 -Db_sanitize=address,undefined -Db_lundef=false -Db_coverage=true
find build-asan -name '*.gcda' -delete
ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	meson test -C build-asan --no-suite costs --no-suite faults --no-suite once --no-suite docs --no-suite languages \
	--num-processes "$at_once" --print-errorlogs --timeout-multiplier 4
tests/coverage.sh build-asan

# The unit tests once more under valgrind, which also sees what was never initialised. Leaks were looked for
# above; children of a test that end in the middle of things would count here. posix_spawn() cannot tell there
# that a program is missing, which is what "spawn" is about.
meson test -C build-check --suite unit --no-suite spawn --num-processes "$jobs" --print-errorlogs \
	--timeout-multiplier 20 \
	--wrap "valgrind --quiet --error-exitcode=99 --leak-check=no --suppressions='$PWD/tests/valgrind.supp'"

# They have ended by now, or nearly.
status=0
wait "$beside" || status=$?
beside=
cat "$log.beside"
exit $status
