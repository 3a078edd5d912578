#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How many lines of src the tests have walked that were run in a build with -Db_coverage=true, and which files
# have less than 85 % of them.
#   tests/coverage.sh BUILD          in short
#   tests/coverage.sh BUILD lines    also the lines that no test has walked
set -eu
cd "$(dirname "$0")/.."
. tests/packages.sh
have_tool gcovr gcovr || exit 0
report() {
	gcovr --root . --filter 'src/' --gcov-ignore-parse-errors -j "$(nproc)" "$@"
}

if test "${2-}" = lines; then
	report --txt - "$1/src" "$1/ambil.p"
fi
report --csv - "$1/src" "$1/ambil.p" | awk -F, '
	NR == 1 { next }
	{ total += $2; walked += $3 }
	$2 && $3 < 0.85 * $2 { printf "coverage: %s %.0f %% of %d lines\n", $1, 100 * $3 / $2, $2 }
	END {
		if (!total) {
			print "coverage: no figures: was it built with -Db_coverage=true?"
			exit 1
		}
		printf "coverage: src %.1f %%, %d of %d lines\n", 100 * walked / total, walked, total
	}'
