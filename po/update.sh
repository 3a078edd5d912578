#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Puts the sentences of the sources into the catalogues: new ones come without a translation, which is then yours
# to write; those that are gone go. Run it after every change of a sentence, and commit what it changes.
set -eu
cd "$(dirname "$0")/.."
LC_ALL=C.UTF-8
export LC_ALL
. po/sources.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
template "$work/ambil.pot"
for language in $(cat po/LINGUAS); do
	merge "$language" "$work/ambil.pot" >"$work/new.po"
	cp "$work/new.po" "po/$language.po"
	msgattrib --untranslated --no-location "po/$language.po" | sed '1,/^$/d'
	printf '%s: ' "$language"
	msgfmt --check-format --statistics --output-file=/dev/null "po/$language.po"
done
