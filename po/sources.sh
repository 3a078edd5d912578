# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by update.sh and check.sh, in the top folder: which functions take a sentence, and where it stands among
# their arguments. A function of the sources that translates what it is given (i18n_text()) is named here.

# NAME:ARGUMENT, with "f" behind it where that is a format.
functions='error_set:3f error_sys:4f error_why:2f error_remedy:2 error_append:2f report_step:2f
	check_title:2f check_running:2 check_ok:4f check_note:2 check_remark:3f check_failed:2 check_skipped:3f check_detail:3f
	check_copy:3f imported_note:5f fdm_note:5f fdm_fail:3f proxy_fail:3f complain:3f lexer_complain:3f fail:2f
	fm_fail:2f FM_DROPPED:3f FM_CHANGED:3f cannot_deliver:3 wants:3 DROPPED:3f CHANGED:3f NOTE:3f
	gm_drop:4 refuse:3 search_tells:2f'
# The second sentence of those that take two: xgettext would take it for a plural.
functions_again='error_remedy:3f check_ok:2 check_remark:2 check_skipped:2 complain:4f'

# keywords FUNCTION…: what xgettext wants to hear of them.
keywords() {
	for function in "$@"; do
		echo "--keyword=${function%f}"
		case $function in *f) echo "--flag=${function%f}:c-format" ;; esac
	done
}

# extract FILE OPTION…: all sentences of the sources, as a template. What xgettext says is for when it fails: it
# does not know that an empty text may be wanted.
extract() {
	template=$1
	shift
	find src -name '*.c' | LC_ALL=C sort | LC_ALL=C xgettext --language=C --from-code=UTF-8 --files-from=- \
		--package-name=ambil --copyright-holder='the authors of ambil' --add-comments=TRANSLATORS \
		--add-location=file --output="$template" "$@" 2>"$template.said" ||
		{ cat "$template.said" >&2; return 1; }
	sed 's/charset=CHARSET/charset=UTF-8/' "$template" >"$template.said" && mv "$template.said" "$template"
}

# template FILE: the sentences that are translated. What is no sentence is left out: formats without a word of
# their own, a bare command, and a setting to be written.
template() {
	extract "$1.first" --keyword --keyword=_ --keyword=N_ --keyword=_n:1,2 $(keywords $functions) &&
		extract "$1.again" --keyword $(keywords $functions_again) &&
		msgcat --use-first --add-location=file --output-file="$1.all" "$1.first" "$1.again" &&
		msggrep --invert-match --msgid --extended-regexp \
			--regexp='^([^A-Za-z%]|%[-0-9.*]*(l|ll|z)?[a-z])*$' \
			--regexp='^(ambil [a-z]+)?( %s| --[a-z-]+)*$' \
			--regexp='^[a-z0-9-]+ = ("[^"]*"|[^ ]+)$' --output-file="$1" "$1.all"
}

# merge LANGUAGE TEMPLATE: the catalogue with the sentences of the template, without those that are gone, as it is
# kept: nothing in it changes but sentences.
merge() {
	msgmerge --quiet --no-fuzzy-matching --add-location=file --output-file="$2.merged" "po/$1.po" "$2" &&
		msgattrib --no-obsolete --add-location=file "$2.merged" |
		awk '/^msgid/ { begun = 1 } (begun || !/^#:/) && !/^"POT-Creation-Date: /'
}

# lines FILE: the msgids of a catalogue, each in one line, as they are written there.
lines() {
	awk '/^msgid/ { if (text != "") print text; text = ""; inside = 1; sub(/^msgid(_plural)? /, "") }
		/^msgstr/ { inside = 0 }
		inside && /^"/ { sub(/^"/, ""); sub(/"$/, ""); text = text $0 }
		END { if (text != "") print text }' "$1"
}

# unmarked TEMPLATE: of all texts in the sources those that look like words for people and are not translated. SQL
# and lists of domains do not. To be called after template().
unmarked() {
	lines "$1.all" >"$1.marked" && extract "$1.every" --extract-all && lines "$1.every" | grep -vxF -f "$1.marked" |
		grep -E '[A-Za-z]{2,}[,;:]? +[A-Za-z]{2,}|[a-z]{2,} %|%[a-z]+ [a-z]{2,}' |
		grep -vE '^ ?(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|ALTER|DROP|BEGIN|VALUES|FROM|ON CONFLICT|WHERE) ' |
		grep -vxE '([a-z0-9-]+\.)+[a-z]+( ([a-z0-9-]+\.)+[a-z]+)*' | sort -u
}

# untyped FILE: sentences whose translation lacks an option or a setting that is to be typed.
untyped() {
	awk 'function look(	rest, word) {
			rest = from
			while (match(rest, /--[a-z][a-z-]*|[a-z][a-z0-9-]* = [^(]/)) {
				word = substr(rest, RSTART, RLENGTH)
				rest = substr(rest, RSTART + RLENGTH)
				if (to != "" && !index(to, word)) print word ": " from
			}
			from = to = ""
		}
		/^msgid/ { if (part == 2) look(); part = 1 }
		/^msgstr/ { part = 2 }
		/^(msg|")/ {
			text = $0
			sub(/^[^"]*"/, "", text)
			sub(/"$/, "", text)
			if (part == 1) from = from text
			else to = to text
		}
		END { look() }' "$1"
}
