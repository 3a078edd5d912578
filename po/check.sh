#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Whether every sentence of the sources is marked to be translated, and translated in each catalogue, and no format
# in those takes other values than the English one. Needs the tools of gettext: without them it is skipped (77),
# unless AMBIL_TESTS_COMPLETE is 1.
set -u
cd "$(dirname "$0")/.." || exit 1
LC_ALL=C.UTF-8
export LC_ALL
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

# With "formats" only what a translator can do wrong.
if test "${1-}" = formats; then
	for language in $(cat po/LINGUAS); do
		msgfmt --check-format --output-file=/dev/null "po/$language.po" || status=1
	done
	exit $status
fi

template "$work/ambil.pot" || bad 'the sentences cannot be taken out of the sources'
unmarked "$work/ambil.pot" >"$work/unmarked"
grep -v '^#' po/plain | grep . | sort -u >"$work/plain"
comm -23 "$work/unmarked" "$work/plain" >"$work/new"
if test -s "$work/new"; then
	cat "$work/new" >&2
	bad 'these are not translated: mark them (base/i18n.h), or say in po/plain why they are not'
fi
comm -13 "$work/unmarked" "$work/plain" >"$work/gone"
if test -s "$work/gone"; then
	cat "$work/gone" >&2
	bad 'these stand in po/plain, but nowhere else'
fi
# A translation of a format is only compared with it where xgettext has seen that it is one.
awk -v RS= '/\nmsgid[^\n]*%[^ %"]/ && !/c-format/' "$work/ambil.pot" >"$work/formats"
if test -s "$work/formats"; then
	cat "$work/formats" >&2
	bad 'these look like formats, but were not taken for any: see po/sources.sh'
fi
for language in $(cat po/LINGUAS); do
	file=po/$language.po
	msgfmt --check-format --output-file=/dev/null "$file" || bad "$file: msgfmt finds errors"
	merge "$language" "$work/ambil.pot" >"$work/new.po" || bad "$file cannot be read"
	msgattrib --untranslated --no-location "$work/new.po" >"$work/missing"
	msgattrib --only-fuzzy --no-location "$work/new.po" >>"$work/missing"
	if test -s "$work/missing"; then
		sed '1,/^$/d' "$work/missing" >&2
		bad "$file lacks these, or is uncertain (fuzzy) of them: run po/update.sh, and write them"
	fi
	untyped "$file" >"$work/untyped"
	if test -s "$work/untyped"; then
		cat "$work/untyped" >&2
		bad "$file: what is to be typed must be in the translation as it is"
	fi
	lines "$file" | sort -u >"$work/there"
	lines "$work/new.po" | sort -u | comm -23 "$work/there" - >"$work/gone"
	if test -s "$work/gone"; then
		cat "$work/gone" >&2
		bad "$file has these, which are in no source any more: run po/update.sh"
	fi
done
exit $status
