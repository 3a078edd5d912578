#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Rules that a machine can check: form, banned calls, who may include whom, licence lines, man pages.
# Run by meson; from anywhere by hand.
cd "$(dirname "$0")/.." || exit 1
status=0
bad() {
	echo "lint: $*" >&2
	status=1
}
# offenders PATTERN WORDS FILE…: each line that matches is shown.
offenders() {
	pattern=$1
	words=$2
	shift 2
	if grep -nE "$pattern" "$@" /dev/null >&2; then
		bad "$words"
	fi
}
sources=$(find src tests -name '*.[ch]' -not -path '*/build*' | sort)

# Calls without a bound, with a hidden state, or through a shell.
offenders '(^|[^a-zA-Z_>.])(strcpy|strcat|sprintf|vsprintf|sscanf|atoi|atol|strtok|gets|system|popen|signal|alloca|tmpnam|mktemp|rand)\(' \
	'a banned call' $(echo "$sources" | grep '^src/')
# A build of the same sources is the same.
offenders '__(DATE|TIME|TIMESTAMP)__' 'the time of the build in it' $sources
# One place ends the process: main, and a worker or a child that must not run the parent's clean-up.
offenders '(^|[^a-zA-Z_])exit\(' 'exit() outside of main.c' $(echo "$sources" | grep '^src/' | grep -v '^src/main.c')
# Printing is for main, reports and verbs; out of memory has no other way.
offenders '(^|[^a-zA-Z_])(printf|puts|perror|fprintf)\(' 'printing outside of main, report and verbs' \
	$(echo "$sources" | grep '^src/' | grep -vE '^src/(main|report/.*|verbs/.*)\.[ch]$')

# may_see ROOM ROOM-OR-HEADER…: what a room includes beside itself and base. main, run and verbs join them all.
may_see() {
	if grep -n '^#include "' "src/$1"/*.[ch] | grep -vE ":#include \"($(echo base "$@" | tr ' ' '|'))[/\"]" >&2; then
		bad "$1 includes what it must not see"
	fi
}
may_see base
may_see pop3
may_see net
may_see auth
may_see local
may_see import
may_see discover net
may_see config net auth local discover/address.h fetch/plan.h
may_see report fetch/plan.h
may_see session pop3 net auth config report
may_see fetch pop3 net auth local config report session
may_see doctor net local config report session fetch discover
# Each outside library has one room, or one file.
offenders '#include <gnutls' 'GnuTLS outside of net, auth, encoded.c (base64) and the version' \
	$(echo "$sources" | grep '^src/' | grep -vE '^src/(net|auth)/|^src/report/encoded.c|^src/verbs/version.c')
offenders '#include <sqlite3' 'SQLite outside of local, json.c and the version' \
	$(echo "$sources" | grep '^src/' | grep -vE '^src/local/|^src/base/json.c|^src/verbs/version.c')
offenders '#include <confuse' 'libConfuse outside of values.c' \
	$(echo "$sources" | grep '^src/' | grep -v '^src/config/values.c')

for file in $sources; do
	head -n 1 "$file" | grep -q 'SPDX-License-Identifier: GPL-3.0-or-later' || bad "$file has no licence line"
done
if command -v clang-format-14 >/dev/null; then
	clang-format-14 --dry-run -Werror --style=file $(echo "$sources" | grep '^src/') ||
		bad 'the form differs from .clang-format'
elif test "${AMBIL_TESTS_COMPLETE-}" = 1; then
	bad 'clang-format-14 is missing (Debian: clang-format-14)'
fi
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning man/*.[1-9] || bad 'a man page has warnings'
elif test "${AMBIL_TESTS_COMPLETE-}" = 1; then
	bad 'mandoc is missing (Debian: mandoc)'
fi
for file in tests/e2e/*.py; do
	name=${file##*/}
	case $name in test_*) name=${name%.py} ;; esac
	grep -q "\<$name\>" tests/e2e/README || bad "tests/e2e/README does not name $name"
done
# A map that leaves something out is believed all the same.
for file in src/*.[ch] src/*/*.[ch]; do
	name=${file##*/}
	name=${name%.*}
	case $name in *_inner) continue ;; esac
	grep -q "\<$name\>" "${file%/*}/README" || bad "${file%/*}/README does not name $name"
done
test "$(wc -l <src/README)" -le 60 || bad 'src/README is longer than 60 lines'
test "$(wc -l <README)" -le 120 || bad 'README is longer than 120 lines'
exit $status
