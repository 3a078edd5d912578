# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of ambil(1) for fish.

# The words on the line that are neither options nor their values: verb, arguments.
function __ambil_words
    set -l value no
    set -l ended no
    set -l tokens (commandline -opc)
    for word in $tokens[2..-1]
        if test $value = yes
            set value no
        else if test $ended = yes
            echo -- $word
        else
            switch $word
                case --
                    set ended yes
                case -c --config --color --progress --to --max --max-size --forget --import \
                    --name --host --port --user --tls --ca-file --password-command \
                    --oauth-token-command
                    set value yes
                case '-?*'
                case '*'
                    echo -- $word
            end
        end
    end
end

# Whether the verb is one of those named; "none" when there is none yet.
function __ambil_verb
    set -l words (__ambil_words)
    set -q words[1]; or set words none
    contains -- $words[1] $argv
end

# Whether so many words stand behind the verb; and, if a word is named, whether the first is that.
function __ambil_behind
    set -l words (__ambil_words)
    test (count $words) -eq (math $argv[1] + 1); or return 1
    set -q argv[2]; or return 0
    test "$words[2]" = $argv[2]
end

function __ambil_accounts
    set -l tokens (commandline -opc)
    set -l file
    set -l previous
    for word in $tokens[2..-1]
        switch $word
            case '--config=*'
                set file -c (string replace -- --config= '' $word)
            case '-c?*'
                set file -c (string sub -s 3 -- $word)
            case '*'
                contains -- "$previous" -c --config; and set file -c $word
        end
        set previous $word
    end
    test (count $file) -eq 2; and set file[2] (string replace -r '^~' $HOME -- $file[2])
    command $tokens[1] $file config accounts 2>/dev/null </dev/null
    return 0
end

function __ambil_settings
    set -l tokens (commandline -opc)
    command $tokens[1] help settings 2>/dev/null | string replace -rf '^  ([a-z][a-z0-9-]*).*' '$1'
    return 0
end

# A relative path begins in the home folder.
function __ambil_destinations
    set -l word (commandline -ct | string replace -r '^--to=' '')
    set -l kind (string match -r '^(?:maildir|mbox|pipe):' -- $word)
    set -l rest (string replace -r '^[a-z]*:' '' -- $word)
    switch "$kind"
        case maildir: mbox:
            set -l home
            string match -qr '^[/~]' -- $rest; or set home '~/'
            set -l paths (complete -C "test $home$rest")
            test $kind = maildir:; and set paths (string match -- '*/' $paths)
            set -q home[1]; and set paths (string replace -- '~/' '' $paths)
            printf "$kind%s\n" $paths
        case pipe:
            test -n "$rest"; and printf 'pipe:%s\n' (complete -C "$rest")
        case '*'
            printf '%s\t%s\n' maildir: 'one file for each message' mbox: 'one file' \
                pipe: 'a command' - 'the standard output'
    end
end

complete -c ambil -f

complete -c ambil -n '__ambil_verb none' -a fetch -d 'Get new mail'
complete -c ambil -n '__ambil_verb none' -a check -d 'Count new mail, fetch nothing'
complete -c ambil -n '__ambil_verb none' -a list -d 'Show the messages on the server'
complete -c ambil -n '__ambil_verb none' -a seen -d 'Show or change what is known as fetched'
complete -c ambil -n '__ambil_verb none' -a status -d 'Show how the last runs went'
complete -c ambil -n '__ambil_verb none' -a setup -d 'Add an account, or change one'
complete -c ambil -n '__ambil_verb none' -a login -d 'Store a password in the keyring'
complete -c ambil -n '__ambil_verb none' -a logout -d 'Forget the password that the keyring has'
complete -c ambil -n '__ambil_verb none' -a doctor -d 'Check all that an account needs'
complete -c ambil -n '__ambil_verb none' -a import -d 'Take over the accounts of another fetcher'
complete -c ambil -n '__ambil_verb none' -a config -d 'Look at the configuration, or change it'
complete -c ambil -n '__ambil_verb none' -a help -d 'Explain a verb, or a setting'
complete -c ambil -n '__ambil_verb fetch check status doctor' -a '(__ambil_accounts)' -d Account
complete -c ambil -n '__ambil_verb list seen setup login logout; and __ambil_behind 0' -a '(__ambil_accounts)' -d Account
complete -c ambil -n '__ambil_verb import; and __ambil_behind 0' -a 'mpop fetchmail getmail fdm' -d 'Another fetcher'
complete -c ambil -n '__ambil_verb import; and __ambil_behind 1' -F
complete -c ambil -n '__ambil_verb config; and __ambil_behind 0' -a show -d 'The values in effect'
complete -c ambil -n '__ambil_verb config; and __ambil_behind 0' -a check -d 'Find every error'
complete -c ambil -n '__ambil_verb config; and __ambil_behind 0' -a path -d 'The file that is used'
complete -c ambil -n '__ambil_verb config; and __ambil_behind 0' -a edit -d 'Change it with your editor'
complete -c ambil -n '__ambil_verb config; and __ambil_behind 1 show' -a '(__ambil_accounts)' -d Account
complete -c ambil -n '__ambil_verb help; and __ambil_behind 0' -a 'fetch check list seen status setup login logout doctor import config help' -d 'A verb'
complete -c ambil -n '__ambil_verb help; and __ambil_behind 0' -a 'options settings' -d 'All of them'
complete -c ambil -n '__ambil_verb help; and __ambil_behind 0' -a '(__ambil_settings)' -d 'A setting'

complete -c ambil -s c -l config -r -F -d 'Read FILE instead of ambil.conf'
complete -c ambil -s q -l quiet -d 'Errors only'
complete -c ambil -s v -l verbose -d 'Say more, also when not on a terminal'
complete -c ambil -s d -l debug -d 'Show the conversation with the server'
complete -c ambil -l json -d 'For programs: one JSON object a line'
complete -c ambil -l no-input -d 'Never ask anything'
complete -c ambil -l color -x -a 'auto always never' -d 'Use colour'
complete -c ambil -l progress -x -a 'auto always never' -d 'Show live lines'
complete -c ambil -s h -l help -d 'Explain the verb and its options'
complete -c ambil -s V -l version -d 'The version, and what is built in'

# Without a verb mail is fetched.
set -l fetching '__ambil_verb none fetch'
complete -c ambil -n $fetching -s n -l dry-run -d 'Say what would happen; change nothing'
complete -c ambil -n $fetching -s a -l all -d 'Fetch again what was fetched before'
complete -c ambil -n $fetching -l keep -a '7d 14d 30d true' -d 'Leave mail on the server'
complete -c ambil -n $fetching -l delete -d 'Delete mail from the server'
complete -c ambil -n $fetching -l to -x -a '(__ambil_destinations)' -d 'Where to deliver'
complete -c ambil -n $fetching -l max -x -d 'Fetch at most N messages of each account'
complete -c ambil -n $fetching -l max-size -x -d 'Leave messages larger than SIZE'
complete -c ambil -n $fetching -l from-now -d 'Take all mail that is there as seen'
complete -c ambil -n $fetching -l accept -d 'Fetch all that seems new'
complete -c ambil -n '__ambil_verb check' -l exit-code -d 'Exit with 1 when there is no new mail'
complete -c ambil -n '__ambil_verb status' -l exit-code -d 'Exit as the last runs did'
complete -c ambil -n '__ambil_verb status' -l max-age -x -a '2h 6h 1d' -d 'Exit as the last runs did; with 1 where none of the last AGE'
complete -c ambil -n '__ambil_verb list' -l max -x -d 'Show the newest N messages only'
complete -c ambil -n '__ambil_verb seen' -s n -l dry-run -d 'Say what would happen; change nothing'
complete -c ambil -n '__ambil_verb seen' -l mark-all -d 'Take all mail on the server as seen'
complete -c ambil -n '__ambil_verb seen' -l forget -x -d 'Forget this message'
complete -c ambil -n '__ambil_verb seen' -l forget-all -d 'Forget all messages'
complete -c ambil -n '__ambil_verb seen' -l export -d 'Write what was seen'
complete -c ambil -n '__ambil_verb seen' -l import -r -F -d 'Take the messages in FILE'
complete -c ambil -n '__ambil_verb setup' -l name -x -d 'What to call the account'
complete -c ambil -n '__ambil_verb setup' -l host -x -d 'The server, which is not looked for'
complete -c ambil -n '__ambil_verb setup' -l port -x -d 'The port of the server'
complete -c ambil -n '__ambil_verb setup' -l user -x -d 'The name to log in with'
complete -c ambil -n '__ambil_verb setup' -l tls -x -a 'implicit starttls none' -d 'Encryption'
complete -c ambil -n '__ambil_verb setup' -l ca-file -r -F -d 'Trust the authorities in FILE'
complete -c ambil -n '__ambil_verb setup' -l pin -d 'Trust the key that the server shows'
complete -c ambil -n '__ambil_verb setup' -l to -x -a '(__ambil_destinations)' -d 'Where to deliver'
complete -c ambil -n '__ambil_verb setup' -l password-command -x -d 'A command that prints the password'
complete -c ambil -n '__ambil_verb setup' -l oauth-token-command -x -d 'One that prints a token (OAuth) instead'
complete -c ambil -n '__ambil_verb setup' -l stdin -d 'Read the password from standard input'
complete -c ambil -n '__ambil_verb setup' -l from-now -d 'Take all mail that is there as seen'
complete -c ambil -n '__ambil_verb setup' -l timer -d 'Fetch every ten minutes'
complete -c ambil -n '__ambil_verb login' -l stdin -d 'Read the password from standard input'
complete -c ambil -n '__ambil_verb import' -s n -l dry-run -d 'Say what would happen; change nothing'
complete -c ambil -n '__ambil_verb import' -l merge -d 'Also where the account has been used'
