#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual pages and the completions say what the program says: the same verbs, the same options in the same
# places, no others. AMBIL is the program. What needs a tool that is missing is left out and the test counts as
# skipped (77), unless AMBIL_TESTS_COMPLETE is 1: then it fails.
set -u
LC_ALL=C.UTF-8
export LC_ALL
: "${AMBIL:?the program to test}"
case $AMBIL in /*) ;; *) AMBIL=$PWD/$AMBIL ;; esac
source=${SOURCE_ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
page=$source/man/ambil.1
completions=$source/completions
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
missing=

# A home with two accounts, one of which has a sign in its name at which readline parts words; the current folder
# is another one.
umask 077
mkdir "$work/here" "$work/home" "$work/home/Mail" "$work/config" "$work/config/ambil" "$work/bin"
ln -s "$AMBIL" "$work/bin/ambil"
PATH=$work/bin:$PATH
HOME=$work/home
XDG_CONFIG_HOME=$work/config
XDG_STATE_HOME=$work/state
XDG_DATA_HOME=$work/data
XDG_CACHE_HOME=$work/cache
export PATH HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME XDG_CACHE_HOME
unset AMBIL_CONFIG LANGUAGE
printf 'account %s { host = localhost user = anna }\n' home '"anna@work"' >"$work/config/ambil/ambil.conf"
cd "$work/here" || exit 1
echo 'account other { host = localhost user = anna }' >other.conf
echo 'account { nonsense' >broken.conf
cp other.conf "$HOME/away.conf"
touch "$HOME/inbox"

fail() {
	printf 'FAILED: %s\n' "$*"
	echo "$*" >>"$work/failures"
}

# same WHAT WANTED FOUND: two files, as sets of lines.
same() {
	sort -u "$2" >"$work/wanted"
	sort -u "$3" >"$work/found"
	cmp -s "$work/wanted" "$work/found" && return
	fail "$1 (< wanted, > found)"
	diff "$work/wanted" "$work/found"
}

# need TOOL PACKAGE: whether it is there.
need() {
	command -v "$1" >/dev/null && return
	missing="$missing $2"
	return 1
}

# What the program says.

# The left column of a help text: "-n, --dry-run", "--keep[=AGE]".
left_column() {
	awk '/^  (-[A-Za-z], |    )--/ { sub(/^ +/, ""); sub(/  .*/, ""); print }'
}

# The options in that: "-n" and "--dry-run" on lines of their own.
names() {
	awk -F ', ' '{ for (i = 1; i <= NF; i++) { sub(/[[ ].*/, "", $i); print $i } }' "$@"
}

ambil --help >"$work/overview" || fail 'ambil --help'
ambil help options | left_column >"$work/every"
awk '/^  [a-z]+  / && $1 != "ambil" { print $1 }' "$work/overview" >"$work/verbs"
cp "$work/every" "$work/all"
verbs=$(cat "$work/verbs")
if test -z "$verbs" || ! test -s "$work/every"; then
	fail 'ambil --help or ambil help options was not understood'
fi
for verb in $verbs; do
	ambil help "$verb" | left_column >"$work/of.$verb"
	ambil "$verb" --help | left_column >"$work/of.$verb.again"
	same "ambil help $verb and ambil $verb --help" "$work/of.$verb" "$work/of.$verb.again"
	cat "$work/of.$verb" >>"$work/all"
	names "$work/every" "$work/of.$verb" >"$work/names.$verb"
done
names "$work/all" >"$work/names"
test -s "$work/of.fetch" || fail 'ambil help fetch was not understood'

# What each option does, on a line of its own: "--max: fetch at most N ...", without the default.
explained() {
	awk '
		/^  (-[A-Za-z], |    )--/ { tell(); text = $0; next }
		/^ / { text = text $0; next }
		{ tell() }
		END { tell() }
		function tell() {
			if (text == "") return
			gsub(/ +/, " ", text); sub(/^ (-[A-Za-z], )?/, "", text); sub(/ \(default: .*/, "", text)
			if (match(text, /^--[a-z-]+(\[=[A-Z]+\]| [A-Z]+)? /)) {
				option = text; sub(/[[ ].*/, "", option)
				print option ": " substr(text, RSTART + RLENGTH)
			}
			text = ""
		}'
}

# same_words WHAT FILE: each line of it, such as "--max: Fetch at most N", begins one in $work/words as well; the size
# of its first letter does not matter.
same_words() {
	test -s "$2" || fail "$1 was not understood"
	awk 'function lower(line,    at) {
			at = index(line, ": "); return substr(line, 1, at + 1) tolower(substr(line, at + 2, 1)) substr(line, at + 3)
		}
		NR == FNR { words[lower($0)] = 1; next }
		{ for (line in words) if (index(line, lower($0)) == 1) next; print; bad = 1 }
		END { exit bad }' "$work/words" "$2" || fail "$1 says something else than the help"
}

# unknown WHAT: the long options on the input that the program does not have.
unknown() {
	awk '{ while (match($0, /--[a-z][a-z-]*/)) {
			print substr($0, RSTART, RLENGTH); $0 = substr($0, RSTART + RLENGTH) } }' |
		sort -u >"$work/mentioned"
	grep -vxF -f "$work/names" "$work/mentioned" >"$work/unknown" &&
		fail "$1 names options that do not exist: $(tr '\n' ' ' <"$work/unknown")"
}

# The manual.

# The options below a headline, such as "Sh OPTIONS" or "Ss fetch", as the help texts write them; all of them without
# a headline.
in_page() {
	awk -v part=".$1" '
		/^\.S[hs] / { inside = part == "." || $0 == part }
		inside && /^\.It Fl / { print }' "$page" |
		sed -e 's/^\.It //' -e 's/ Ns Op = Ns Ar \(.*\)/[=\1]/' -e 's/Fl \([^ ]*\)/-\1/g' \
			-e 's/ , /, /g' -e 's/ Ar / /'
}

# defaults_of TEXT: "--max unlimited" for each option of this help text that has a default; of the page the same, below
# a headline.
defaults_of() {
	awk '
		/^  (-[A-Za-z], |    )--/ { tell(); text = $0; next }
		/^ / { text = text $0; next }
		{ tell() }
		END { tell() }
		function tell(    option) {
			option = text; sub(/^ +(-[A-Za-z], )?/, "", option); sub(/[[ ].*/, "", option)
			if (match(text, /\(default: .*\)/)) {
				text = substr(text, RSTART + 10, RLENGTH - 11); gsub(/ +/, " ", text); sub(/^ /, "", text)
				print option, text
			}
			text = ""
		}'
}
defaults_in_page() {
	awk -v part=".$1" '
		/^\.S[hs] / { inside = $0 == part }
		/^\.It Fl / { option = ""; for (i = 2; i < NF; i++) if ($i == "Fl") option = "-" $(i + 1) }
		inside && sub(/^Default: /, "") && option ~ /^--/ && !/^that / {
			gsub(/\\\(ti/, "~"); sub(/\.$/, ""); print option, $0 }' "$page"
}

in_page 'Sh OPTIONS' >"$work/page"
same 'options of every verb in ambil(1)' "$work/every" "$work/page"
ambil help options | defaults_of >"$work/defaults"
test -s "$work/defaults" || fail 'the defaults in ambil help options were not understood'
defaults_in_page 'Sh OPTIONS' >"$work/page"
same 'defaults of the options of every verb in ambil(1)' "$work/defaults" "$work/page"
for verb in $verbs; do
	in_page "Ss $verb" >"$work/page"
	same "options of $verb in ambil(1)" "$work/of.$verb" "$work/page"
	ambil help "$verb" | defaults_of >"$work/defaults"
	defaults_in_page "Ss $verb" >"$work/page"
	same "defaults of the options of $verb in ambil(1)" "$work/defaults" "$work/page"
done
in_page '' >"$work/page"
same 'all options in ambil(1)' "$work/all" "$work/page"
awk '/^  [a-z]+  / && $1 != "ambil" { sub(/^ +/, ""); sub(/  +/, ": "); print }' "$work/overview" >"$work/tasks"
awk '/^\.S[hs] / { inside = $2 == "DESCRIPTION" }
	inside && verb { print verb ": " $0; verb = "" }
	inside && /^\.It Cm / { verb = $3 }' "$page" >"$work/page"
same 'verbs in ambil(1), with what they do' "$work/tasks" "$work/page"
awk '/^\.Sh / { inside = $2 == "VERBS" } inside && /^\.Ss / { print $2 }' "$page" >"$work/page"
same 'verbs that ambil(1) explains' "$work/verbs" "$work/page"
for page_file in "$source"/man/*.[1-9]; do
	case $page_file in *-migration.7) continue ;; esac # has those of others
	sed -e 's/\\-/-/g' -e 's/Fl -/--/g' "$page_file" | grep -vE 'systemctl|journalctl|curl|--data-urlencode' |
		unknown "${page_file##*/}"
done
grep '    ambil ' "$source/README" | unknown README
sed -n 's/^    ambil \([a-z]*\)\( .*\)*$/\1/p' "$source/README" | sort -u >"$work/page"
test -s "$work/page" || fail 'README shows no command'
grep -vxF -f "$work/verbs" "$work/page" && fail 'README has a verb that does not exist'
awk '/^\t\[ERROR_/ { sub(/.*, /, ""); sub(/}.*/, ""); print } END { print 1; print 129 }' \
	"$source/src/base/error.c" >"$work/codes"
awk '/^\.Sh / { inside = $0 == ".Sh EXIT STATUS" }
	inside && /^\.It / { for (i = 2; i <= NF; i++) { sub(/,/, "", $i); print $i } }' "$page" >"$work/page"
same 'exit codes in ambil(1)' "$work/codes" "$work/page"
# Each setting has a help of its own, and stands in the list of all.
ambil help settings | awk '/^  [a-z]/ { print $1 }' >"$work/settings"
sed -n 's/^\.It Ic \([a-z0-9-]*\)$/\1/p' "$source/man/ambil.conf.5" >"$work/page"
same 'settings in ambil.conf(5)' "$work/settings" "$work/page"
while read -r setting; do
	ambil help "$setting" | grep -q "^$setting: " || fail "ambil help $setting"
done <"$work/settings"
# Variables of the environment: what is read stands there, but for what every program reads, what only tests set and
# what belongs to others (libsecret, fetchmail); and what stands there is read.
grep -rhoE 'getenv\("[A-Z_]+"\)' "$source/src" | sed 's/.*"\(.*\)".*/\1/' |
	grep -vxE 'HOME|PATH|AMBIL_BATCH|SECRET_BACKEND|FETCHMAILUSER' | sort -u >"$work/wanted"
awk '/^\.Sh / { inside = $2 == "ENVIRONMENT" }
	inside && /^\.It Ev / { for (i = 3; i <= NF; i++) if ($i != ",") print $i }' "$page" | sort -u >"$work/page"
test -s "$work/page" && test -s "$work/wanted" || fail 'ENVIRONMENT of ambil(1) was not understood'
comm -23 "$work/wanted" "$work/page" | grep . && fail 'read from the environment, and not in ambil(1)'
while read -r name; do
	grep -rq "\"$name\"" "$source/src" || fail "$name stands in ambil(1), and is not read"
done <"$work/page"
test "$(wc -l <"$page")" -le 580 || fail 'ambil(1) has more than 580 lines: what few look for has pages of its own'

# What ambil-errors(7) explains is said by the program: the words of each stand in a sentence of the sources.
# shellcheck disable=SC2016 # no expansion.
awk '/^msgid/ { sub(/^msgid(_plural)? /, ""); inside = 1; text = "" }
	/^msgstr/ { if (inside) print text; inside = 0 }
	inside && /^"/ { sub(/^"/, ""); sub(/"$/, ""); text = text $0 }
	/^msgid_plural/ { print text }' "$source/po/id.po" |
	sed -e 's/\\"/"/g' -e 's/%[.0-9]*[a-z]*[sudgcx]/%/g' >"$work/sentences"
sed -n 's/^\.It Li //p' "$source/man/ambil-errors.7" |
	sed -e 's/\\(dq/"/g' -e 's/\\-/-/g' -Ee 's/\b(HOST|PORT|USER|NAME|FILE|COMMAND|TIME|N)\b/%/g' >"$work/explained"
test "$(wc -l <"$work/explained")" -ge 40 || fail 'ambil-errors(7) was not understood'
while IFS= read -r words; do
	grep -qF -- "$words" "$work/sentences" || fail "ambil-errors(7) explains what nobody says: $words"
done <"$work/explained"

# Each example of ambil.conf(5) can be copied, and each line that shows a setting: nothing in it is refused.
awk -v folder="$work" '
	function show(line) {
		gsub(/\\\(dq/, "\"", line); gsub(/\\\(aq/, "\047", line); gsub(/\\\(ti/, "~", line); gsub(/\\-/, "-", line)
		print line > (folder "/example." n)
	}
	/^\.Sh / { inside = $2 == "EXAMPLES" }
	!inside && /^\.Dl [a-z0-9-]+ = / { n++; show("account home { host = localhost user = anna " substr($0, 5) " }") }
	!inside { next }
	/^\.Dl / { n++; show(substr($0, 5)) }
	/^\.Ed/ { copying = 0 }
	copying { show($0) }
	/^\.Bd / { copying = 1; n++ }' "$source/man/ambil.conf.5"
touch "$work/accounts-with-passwords.conf" "$HOME/uni-ca.pem"
examples=0
for file in "$work"/example.*; do
	grep -q '^#!' "$file" && continue
	grep -q '^account ' "$file" || echo 'account home { host = localhost user = anna }' >>"$file"
	ambil -c "$file" config show >/dev/null 2>"$work/said" || fail "example: $(cat "$work/said" "$file")"
	examples=$((examples + 1))
done
test "$examples" -ge 25 || fail 'the examples of ambil.conf(5) were not found'

# Each page is installed, and ambil(1) leads to it; each that is named is there.
for page_file in "$source"/man/*.[1-9]; do
	name=${page_file##*/}
	grep -q "'$name'" "$source/man/meson.build" || fail "$name is not installed"
	test "$name" = ambil.1 ||
		sed -n '/^\.Sh SEE ALSO/,$p' "$page" | grep -q "^\.Xr ${name%.?} ${name##*.}" ||
		fail "ambil(1) does not lead to $name"
	sed -n 's/^\.Xr \(ambil[^ ]*\) \([1-9]\).*/\1.\2/p' "$page_file" >"$work/named"
	while read -r named; do
		test -f "$source/man/$named" || fail "$name names $named, which is not there"
	done <"$work/named"
	sed -n 's/^\.Sx \(.*[A-Za-z]\).*/\1/p' "$page_file" >"$work/named"
	while read -r named; do
		grep -qE "^\.S[hs] $named\$" "$page_file" || fail "$name has no section $named"
	done <"$work/named"
done

if need mandoc mandoc; then
	for page_file in "$source"/man/*.[1-9]; do
		mandoc -T lint -W warning "$page_file" || fail "mandoc lint of $page_file"
	done
fi
if need groff groff-base; then
	for page_file in "$source"/man/*.[1-9]; do
		groff -mdoc -T utf8 -ww "$page_file" >"$work/text" 2>"$work/warnings"
		if ! test -s "$work/text" || test -s "$work/warnings"; then
			fail "groff of $page_file"
			cat "$work/warnings"
		fi
	done
fi

# The completions: what each proposes for a line, in files of the shell's name. Options first.

for file in ambil.bash _ambil ambil.fish; do
	grep -v '^[[:space:]]*#' "$completions/$file" | unknown "$file"
done
for verb in $verbs; do
	echo "ambil $verb -"
done >"$work/lines"
echo 'ambil -' >>"$work/lines"
names "$work/every" "$work/of.fetch" >"$work/names.none"

# propose_bash FILE: for each line in it, "LINE: PROPOSAL" for every proposal, whole, without a slash at its end.
# $2 of the function is what readline would replace: the part behind the last sign that parts words.
propose_bash() {
	bash --norc --noprofile -c '
		source "$1/ambil.bash" || exit
		while IFS= read -r COMP_LINE; do
			COMP_POINT=${#COMP_LINE}
			word=${COMP_LINE##*[[:space:]]}
			part=${word##*[:=@]}
			_ambil ambil "$part" before || echo "$COMP_LINE: status $?"
			for reply in "${COMPREPLY[@]}"; do
				reply=${word%"$part"}${reply%/}
				echo "$COMP_LINE: $reply"
			done
		done' bash "$completions" <"$1" 2>&1
}

propose_fish() {
	# shellcheck disable=SC2016 # fish expands them.
	fish --no-config -c '
		source $argv[1]/ambil.fish
		while read -l line
			for reply in (complete -C $line)
				echo "$line: "(string replace -r "/?(\t.*)?\$" "" -- $reply)
			end
		end' "$completions" <"$1" 2>&1
}

# zsh completes only at a terminal; here _arguments is another one that prints what it is told.
zsh_options() {
	zsh -f -c '
		_arguments() {
			if [[ "$*" == *-C* ]]; then
				[[ $words[1] == none ]] || { state=behind; return 1 }
			fi
			print -rl -- "$@"
		}
		words=($2) CURRENT=2
		source $1/_ambil' zsh "$completions" "$1" 2>&1 |
		sed -n -e 's/^([^)]*)//' -e 's/^\*//' -e 's/^\(--*[A-Za-z][A-Za-z-]*[a-zA-Z]\)[-+=[].*/\1/p' \
			-e 's/^\(-[A-Za-z]\)[-+=[].*/\1/p'
}

# The accounts that zsh finds with "-c FILE" on the line.
zsh_accounts() {
	zsh -f -c '
		_arguments() { return 0 }
		_call_program() { shift; eval "$*" }
		_wanted() { print -rl -- $accounts }
		words=(ambil) program=ambil
		source $1/_ambil
		typeset -A opt_args
		typeset -a ambil_config
		[[ -z $2 ]] || opt_args[-c]=$2
		_ambil_accounts' zsh "$completions" "$1" 2>&1
}

# The words that explain options and verbs there, of all verbs together.
{
	ambil help options
	for verb in $verbs; do
		ambil help "$verb"
	done
} | explained >"$work/words"
cat "$work/tasks" >>"$work/words"
fish_words() {
	fish --no-config -c '
		source $argv[1]/ambil.fish
		while read -l line
			complete -C $line
		end' "$completions" <"$work/lines" |
		sed -n "s/^\\(--[a-z-]*\\)=\\{0,1\\}$(printf '\t')\\(.*\\)/\\1: \\2/p"
	fish --no-config -c 'source $argv[1]/ambil.fish; complete -C "ambil "' "$completions" |
		sed "s/$(printf '\t')/: /"
}
zsh_words() {
	sed -n -e "s/^[[:space:]]*'\\([a-z]*\\):\\(.*\\)'/\\1: \\2/p" \
		-e 's/.*\(--[a-z-]*\)[-+=]*}\{0,1\}.\{0,1\}\[\([^]]*\)\].*/\1: \2/p' "$completions/_ambil" |
		grep -vE '^(options|settings|show|check|path|edit): (the|find|change|what)'
}

options_of() {
	for verb in none $verbs; do
		line="ambil $verb -"
		test "$verb" != none || line='ambil -'
		sed -n "s/^$line: \([^=]*\)=\{0,1\}\$/\1/p" "$work/$1" >"$work/proposed"
		same "options that $1 proposes for \"$line\"" "$work/names.$verb" "$work/proposed"
	done
}

# Then all that is no option: the line, and what is proposed.
cases() {
	cat <<END
ambil |fetch check list seen status setup login logout doctor import config help
ambil c|check config
ambil -q |fetch check list seen status setup login logout doctor import config help
ambil --color |auto always never
ambil --color a|auto always
ambil --color=|--color=auto --color=always --color=never
ambil --progress=n|--progress=never
ambil --progress always |fetch check list seen status setup login logout doctor import config help
ambil -c o|other.conf
ambil --config=o|--config=other.conf
ambil fetch |home anna@work
ambil fetch h|home
ambil fetch anna@|anna@work
ambil fetch home |home anna@work
ambil fetch --dry-run |home anna@work
ambil fetch --max 5 |home anna@work
ambil fetch -- |home anna@work
ambil check |home anna@work
ambil -c other.conf check |other
ambil -cother.conf check |other
ambil check -c other.conf |other
ambil --config=~/away.conf fetch |other
ambil -c missing.conf fetch |
ambil -c broken.conf fetch |
ambil fetch --max |
ambil fetch --keep=1|--keep=14d
ambil fetch --to |maildir: mbox: pipe: -
ambil fetch --to m|maildir: mbox:
ambil fetch --to=mb|--to=mbox:
ambil fetch --to maildir:|maildir:Mail
ambil fetch --to=maildir:~/|--to=maildir:~/Mail
ambil fetch --to mbox:i|mbox:inbox
ambil fetch --to mbox:$HOME/i|mbox:$HOME/inbox
ambil fetch --to pipe:mktem|pipe:mktemp
ambil list |home anna@work
ambil list home |
ambil list --max 5 h|home
ambil seen |home anna@work
ambil seen home |
ambil seen --forget x h|home
ambil seen --import o|other.conf
ambil setup |home anna@work
ambil setup home |
ambil setup --tls s|starttls
ambil setup --ca-file o|other.conf
ambil setup --to=mb|--to=mbox:
ambil setup --name x h|home
ambil login |home anna@work
ambil login home |
ambil login --stdin h|home
ambil logout |home anna@work
ambil config |show check path edit
ambil config s|show
ambil config show |home anna@work
ambil -c other.conf config show |other
ambil config path |
ambil help ke|keep keyring
ambil help ch|check
ambil help opt|options
ambil help setti|settings
ambil help fetch |
ambil doctor |home anna@work
ambil import |mpop fetchmail getmail fdm
ambil import mpop o|other.conf
END
}
cases | sed 's/|.*//' >"$work/case-lines"
cases | while IFS='|' read -r line proposals; do
	for proposal in $proposals; do
		echo "$line: $proposal"
	done
done >"$work/case-results"

if need bash bash; then
	bash -n "$completions/ambil.bash" || fail 'syntax of ambil.bash'
	propose_bash "$work/lines" >"$work/bash"
	options_of bash
	propose_bash "$work/case-lines" >"$work/bash"
	same 'what bash proposes' "$work/case-results" "$work/bash"
fi
if need fish fish; then
	fish --no-config -n "$completions/ambil.fish" || fail 'syntax of ambil.fish'
	propose_fish "$work/lines" >"$work/fish"
	options_of fish
	propose_fish "$work/case-lines" >"$work/fish"
	same 'what fish proposes' "$work/case-results" "$work/fish"
	fish_words >"$work/proposed"
	same_words 'fish' "$work/proposed"
fi
if need zsh zsh; then
	zsh -n "$completions/_ambil" || fail 'syntax of _ambil'
	zsh_words >"$work/proposed"
	same_words 'zsh' "$work/proposed"
	for verb in none $verbs; do
		zsh_options "$verb" >"$work/proposed"
		same "options that zsh proposes for $verb" "$work/names.$verb" "$work/proposed"
	done
	printf '%s\n' home anna@work >"$work/accounts"
	zsh_accounts '' >"$work/proposed"
	same 'accounts that zsh proposes' "$work/accounts" "$work/proposed"
	echo other >"$work/accounts"
	# shellcheck disable=SC2088 # zsh expands it.
	for file in other.conf '~/away.conf'; do
		zsh_accounts "$file" >"$work/proposed"
		same "accounts that zsh proposes with -c $file" "$work/accounts" "$work/proposed"
	done
	zsh_accounts broken.conf | grep . && fail 'zsh proposes something with -c broken.conf'
fi

if test -n "$missing"; then
	echo "Not everything could be tested: install the Debian packages$missing"
	test "${AMBIL_TESTS_COMPLETE-}" != 1 || fail 'not everything could be tested'
fi
test ! -s "$work/failures" || exit 1
test -z "$missing" || exit 77
