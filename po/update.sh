#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Puts the sentences of the sources into the catalogues: new ones come without a translation, which is then yours
# to write; those that are gone go. Run it after every change of a sentence, and commit what it changes.
set -eu
cd "$(dirname "$0")/.."
. po/sources.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
template "$work/ambil.pot"
for language in $(cat po/LINGUAS); do
	msgmerge --quiet --no-fuzzy-matching --add-location=file --previous --output-file="$work/new.po" \
		"po/$language.po" "$work/ambil.pot"
	msgattrib --no-obsolete --add-location=file --output-file="po/$language.po" "$work/new.po"
	printf '%s: ' "$language"
	msgfmt --check --statistics --output-file=/dev/null "po/$language.po"
	msgattrib --untranslated --no-location "po/$language.po"
done
