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
                case -c --config --color --progress --to --max --max-size
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

# How many words stand behind the verb, and, with a second argument, whether the first is that.
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

# A relative path begins in the home folder.
function __ambil_destinations
    set -l word (commandline -ct | string replace -r '^--to=' '')
    set -l kind (string match -r '^(?:maildir|mbox|pipe):' -- $word)
    set -l rest (string replace -r '^[a-z]*:' '' -- $word)
    switch "$kind"
        case maildir: mbox:
            set -l here $PWD
            builtin cd ~
            set -l paths (complete -C "test $rest")
            test $kind = maildir:; and set paths (string match -- '*/' $paths)
            builtin cd $here
            test (count $paths) -gt 0; and printf "$kind%s\n" $paths
        case pipe:
            printf 'pipe:%s\n' (__fish_complete_command $rest)
        case '*'
            printf '%s\t%s\n' maildir: 'one file for each message' mbox: 'one file' \
                pipe: 'a command' - 'the standard output'
    end
end

complete -c ambil -f

complete -c ambil -n '__ambil_verb none help; and __ambil_words | test (count) -lt 2' -a fetch -d 'Get new mail'
