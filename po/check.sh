#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Whether each catalogue has every sentence of the sources, and no format in it takes other values than the English
# one. Needs the tools of gettext: without them it is skipped (77), unless AMBIL_TESTS_COMPLETE is 1.
set -u
cd "$(dirname "$0")/.." || exit 1
. po/sources.sh
if ! command -v xgettext >/dev/null; then
	echo "xgettext is missing (Debian: gettext)" >&2
	test "${AMBIL_TESTS_COMPLETE-}" = 1 && exit 1
	exit 77
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0
bad() {
	echo "po: $*" >&2
	status=1
}

template "$work/ambil.pot" || bad 'the sentences cannot be taken out of the sources'
for language in $(cat po/LINGUAS); do
	file=po/$language.po
	msgfmt --check --output-file=/dev/null "$file" || bad "$file: msgfmt finds errors"
	msgmerge --quiet --no-fuzzy-matching --output-file="$work/new.po" "$file" "$work/ambil.pot" || bad "$file"
	msgattrib --untranslated --no-location "$work/new.po" >"$work/missing"
	if test -s "$work/missing"; then
		cat "$work/missing" >&2
		bad "$file: these are not translated: run po/update.sh, and write them"
	fi
	msgattrib --only-fuzzy "$work/new.po" >"$work/fuzzy"
	test ! -s "$work/fuzzy" || bad "$file: a translation is marked as uncertain (fuzzy)"
	msgattrib --only-obsolete "$work/new.po" >"$work/obsolete"
	test ! -s "$work/obsolete" || bad "$file: sentences that are gone: run po/update.sh"
done
exit $status
