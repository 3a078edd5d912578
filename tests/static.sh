#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Three readers that run nothing look for faults in src: gcc -fanalyzer, clang-tidy (.clang-tidy says with what)
# and cppcheck. Clean, but for what tests/static.except names.
set -u
cd "$(dirname "$0")/.." || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
. tests/packages.sh
jobs=$(nproc 2>/dev/null || echo 2)
flags="-std=c17 -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -D_FILE_OFFSET_BITS=64 -DAMBIL_VERSION=\"0\" -DAMBIL_LOCALEDIR=\"/usr/share/locale\"
	-DAMBIL_SYSTEM_CONFIG=\"/etc/ambil.conf\" -Isrc
	$(pkg-config --cflags gnutls libgsasl sqlite3 libconfuse)"

# All GLib is in one file, which can only be read with its headers.
left_out=
if pkg-config --exists libsecret-1; then
	flags="$flags -DAMBIL_LIBSECRET $(pkg-config --cflags libsecret-1 | sed 's/-I/-isystem /g')"
else
	left_out=keyring_libsecret.c
	echo "libsecret-1 is missing (Debian: libsecret-1-dev): $left_out is left out" >&2
	test "${AMBIL_TESTS_COMPLETE-}" != 1 || exit 1
fi

# judge NAME: shows the findings in the log that are not excepted.
judge() {
	sed "s|^$PWD/||" "$log" | awk -v name="$1" '
		FILENAME == "tests/static.except" { if (!/^#/) excepted[$1 " " $2] = 1; next }
		# A finding of several lines has its name at the end of the last.
		pending && !/\[.*\]$/ { next }
		pending { $0 = pending " " $0; pending = "" }
		/: (warning|error): / && !/\[.*\]$/ { pending = $0; next }
		/: (warning|error): / && !seen[$0]++ {
			file = $0
			sub(/:.*/, "", file)
			check = $0
			sub(/.*\[/, "", check)
			sub(/\].*/, "", check)
			found++
			if (!((check " " file) in excepted)) {
				print
				bad++
			}
		}
		END {
			if (pending) {
				print pending
				bad++
			}
			printf "static %s: %d findings, %d excepted\n", name, found, found - bad
			exit bad > 0
		}' tests/static.except - || status=1
}
# each N COMMAND…: over all sources, N at a time. A tool that fails without a finding shows why.
each() {
	at_once=$1
	shift
	find src -name '*.c' ! -name "$left_out" | sort | xargs -n "$at_once" -P "$jobs" "$@" >"$log" 2>&1 ||
		{ grep -q ': \(warning\|error\): ' "$log" || { cat "$log"; status=1; }; }
}

if have_tool gcc gcc; then
	each 1 gcc $flags -fanalyzer -O1 -c -o /dev/null
	judge 'gcc -fanalyzer'
fi
if have_tool cppcheck cppcheck; then
	cppcheck --enable=warning,performance,portability --std=c11 -j "$jobs" --quiet -Isrc \
		--template='{file}:{line}:{column}: warning: {message} [{id}]' src >"$log" 2>&1
	judge cppcheck
fi
if have_tool clang-tidy clang-tidy; then
	# Nearly all of its time goes into following ever more ways through the few functions that have too many to
	# end with. A third of clang's own limit reaches all but very few of the places that the whole does.
	export flags="$flags -Xclang -analyzer-config -Xclang max-nodes=75000"
	each 4 sh -c 'clang-tidy --quiet "$@" -- $flags 2>/dev/null' clang-tidy
	judge clang-tidy
fi
exit $status
