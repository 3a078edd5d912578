# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of ambil(1) for bash. The line is cut at blanks only: COMP_WORDS is also cut at ":", "=" and
# "@", which stand in destinations, options and account names. What readline would replace is only the part
# behind the last of these, so the rest is taken off each proposal at the end.

# $1 the program, $2 the configuration file or nothing.
_ambil_accounts()
{
	local program=${1/#\~/$HOME} file=${2/#\~/$HOME}

	if [[ -n $file ]]; then
		"$program" -c "$file" config accounts 2>/dev/null </dev/null
	else
		"$program" config accounts 2>/dev/null </dev/null
	fi
	return 0
}

# The names of all settings; $1 the program.
_ambil_settings()
{
	"${1/#\~/$HOME}" help settings 2>/dev/null </dev/null | sed -n 's/^  \([a-z][a-z0-9-]*\).*/\1/p'
	return 0
}

# Destinations; a relative path begins in the home folder, not in the current one.
_ambil_destinations()
{
	local kind=${1%%:*} path=${1#*:}

	case $1 in
	maildir:*) (cd ~ && compgen -d -P maildir: -- "$path") ;;
	mbox:*) (cd ~ && compgen -f -P mbox: -- "$path") ;;
	pipe:*) compgen -c -P pipe: -- "$path" ;;
	*) compgen -W 'maildir: mbox: pipe: -' -- "$kind" ;;
	esac
}

# What may follow an option that takes a value; $1 the option, $2 the word so far.
_ambil_values()
{
	case $1 in
	--color | --progress) compgen -W 'auto always never' -- "$2" ;;
	--tls) compgen -W 'implicit starttls none' -- "$2" ;;
	--password-command | --oauth-token-command) compgen -c -- "$2" ;;
	--config | --import | --ca-file) compgen -f -- "$2" ;;
	--to) _ambil_destinations "$2" ;;
	--keep) compgen -W '7d 14d 30d true' -- "$2" ;;
	--max-age) compgen -W '2h 6h 1d' -- "$2" ;;
	esac
}

_ambil_options()
{
	local -a options=(-c --config -q --quiet -v --verbose -d --debug --json --no-input --color
		--progress -h --help -V --version)

	case $1 in
	'' | fetch)
		# Without a verb mail is fetched.
		options+=(-n --dry-run -a --all --keep --keep= --delete --to --max --max-size --from-now
			--accept)
		;;
	check) options+=(--exit-code) ;;
	status) options+=(--exit-code --max-age) ;;
	list) options+=(--max) ;;
	seen)
		options+=(-n --dry-run --mark-all --forget --forget-all --export --import)
		;;
	setup)
		options+=(--name --host --port --user --tls --ca-file --pin --pin= --to --password-command
			--oauth-token-command --stdin --from-now --timer)
		;;
	login) options+=(--stdin) ;;
	import) options+=(-n --dry-run --merge) ;;
	esac
	printf '%s\n' "${options[@]}"
}

# Words that are no options. $1 is the verb, $2 the number of words behind it, $3 the first of them; $4 the
# program as it was typed, $5 the configuration file, if given; $6 the word so far.
_ambil_arguments()
{
	case $1 in
	'') printf '%s\n' fetch check list seen status setup login logout doctor import config help ;;
	fetch | check | status | doctor) _ambil_accounts "$4" "$5" ;;
	list | seen | setup | login | logout) [[ $2 -gt 0 ]] || _ambil_accounts "$4" "$5" ;;
	import)
		if [[ $2 -eq 0 ]]; then
			printf '%s\n' mpop fetchmail getmail fdm
		elif [[ $2 -eq 1 ]]; then
			compgen -f -- "$6"
		fi
		;;
	config)
		if [[ $2 -eq 0 ]]; then
			printf '%s\n' show check path edit
		elif [[ $2 -eq 1 && $3 == show ]]; then
			_ambil_accounts "$4" "$5"
		fi
		;;
	help)
		if [[ $2 -eq 0 ]]; then
			printf '%s\n' fetch check list seen status setup login logout doctor import config help options settings
			_ambil_settings "$4"
		fi
		;;
	esac
}

_ambil()
{
	local line=${COMP_LINE:0:COMP_POINT}
	local cur='' waiting='' verb='' first='' file='' ended='' proposals='' count=0 i word head
	local -a words

	# Without -r: a backslash hides a blank here as it does on the line.
	# shellcheck disable=SC2162
	read -a words <<<"$line"
	if [[ $line == *[![:space:]] ]]; then
		i=$((${#words[@]} - 1))
		cur=${words[i]}
		unset "words[i]"
	fi
	for word in "${words[@]:1}"; do
		if [[ -n $waiting ]]; then
			[[ $waiting != --config ]] || file=$word
			waiting=
			continue
		fi
		case $ended$word in
		--) ended=yes ;;
		-c | --config) waiting=--config ;;
		-c*) file=${word#-c} ;;
		--config=*) file=${word#*=} ;;
		--color | --progress | --to | --max | --max-size | --forget | --import | --name | --host | \
			--port | --user | --tls | --ca-file | --password-command | --oauth-token-command)
			waiting=$word
			;;
		-?*) ;;
		*)
			if [[ -z $verb ]]; then
				verb=$word
			else
				first=${first:-$word}
				count=$((count + 1))
			fi
			;;
		esac
	done

	if [[ -n $waiting ]]; then
		proposals=$(_ambil_values "$waiting" "$cur")
	elif [[ -z $ended && $cur == --*=* ]]; then
		proposals=$(_ambil_values "${cur%%=*}" "${cur#*=}")
		proposals=${proposals:+${cur%%=*}=${proposals//$'\n'/$'\n'${cur%%=*}=}}
	elif [[ -z $ended && $cur == -* ]]; then
		proposals=$(compgen -W "$(_ambil_options "$verb")" -- "$cur")
	else
		proposals=$(_ambil_arguments "$verb" "$count" "$first" "$1" "$file" "$cur")
	fi

	# $2 is what readline will replace, the end of cur.
	head=${cur%"$2"}
	COMPREPLY=()
	while IFS= read -r word; do
		[[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("${word#"$head"}")
	done <<<"$proposals"

	# A value, or the rest of a path, is still to come.
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=] ]]; then
		compopt -o nospace 2>/dev/null
	elif [[ $waiting == --config || $waiting == --import || $waiting == --ca-file || $waiting == --to || $cur == --config=* || $cur == --import=* || $cur == --to=* ]]; then
		compopt -o filenames 2>/dev/null
	fi
	return 0
}

complete -F _ambil ambil
