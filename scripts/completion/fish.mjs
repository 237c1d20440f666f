// The completion for fish: one line per option, under the condition that its command is being typed.
import { brief, heading } from './kinds.mjs';

const FUNCTIONS = `
# The command of the line; with "help" in front of it, none.
function __reloadctl_is
    set -l words (commandline -opc)
    contains -- -- $words; and return 1
    for word in $words[2..]
        string match -q -- '-*' $word; and continue
        test $word = "$argv[1]"
        return
    end
    test -z "$argv[1]"
end

# Behind --: a command of the user's.
function __reloadctl_wraps
    set -l words (commandline -opc)
    contains -- -- $words
end

function __reloadctl_wrapped
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -l rest $words[(math $at + 1)..]
    complete -C (string join ' ' -- (string escape -- $rest) (commandline -ct))
end

# Pids, with the name of the process where it is one plain word; and those names. A name holds whatever its program put there:
# others are left out, and so are threads of the kernel.
function __reloadctl_processes
    set -l typed (commandline -ct | string replace -r '^--[^=]*=' '')
    if string match -q -r '^(unit|container):' -- $typed
        __reloadctl_groups
        return
    end
    # What follows the colon is asked for next.
    string join \\n unit: container:
    set -l kernel
    set -l name
    if read -l first </proc/2/comm 2>/dev/null; and test "$first" = kthreadd
        read -l children </proc/2/task/2/children 2>/dev/null; and set kernel 2 (string split ' ' -- $children)
    end
    set -l found
    for pid in (string match -r '(?<=^/proc/)[0-9]+(?=/)' -- /proc/*/comm)
        contains -- $pid $kernel; and continue
        test -e /proc/$pid/comm; and read -z name </proc/$pid/comm; and set -a found $pid\\t$name
    end
    string replace -f -r '^([0-9]+)\\t([A-Za-z_][A-Za-z0-9_.+@-]*)\\n$' '$1\\t$2' -- $found
    string replace -f -r '^[0-9]+\\t([A-Za-z_][A-Za-z0-9_.+@-]*)\\n$' '$1' -- $found
    string match -r -v '^[0-9]+\\t[A-Za-z_][A-Za-z0-9_.+@-]*\\n$' -- $found | string match -r '^[0-9]+(?=\\t)'
end

# unit:NAME and container:ID of all processes, as /proc/PID/cgroup tells them: a line of all for those in one place.
function __reloadctl_groups
    set -l text
    set -l lines
    for file in /proc/*/cgroup
        if test -e $file; and read -z text <$file; and not contains -- $text $lines
            set -a lines $text
        end
    end
    set -l paths (string split \\n -- $lines | string replace -r '^[^:]*:[^:]*:' '')
    string match -r -g '(?:^|/)(?:docker|cri-containerd|crio|libpod)-([0-9a-f]{12})[0-9a-f]{0,52}\\.scope(?:/|$)' -- $paths | string replace -r '^' container:
    string match -r -g '(?:[/:])([0-9a-f]{12})[0-9a-f]{52}(?:/|$)' -- $paths | string replace -r '^' container:
    string match -r -g '/docker/([0-9a-f]{12})[0-9a-f]{0,52}(?:/|$)' -- $paths | string replace -r '^' container:
    string match -r -g '(?:^|/)lxc\\.payload\\.([A-Za-z0-9_.-]+)(?:/|$)' -- $paths | string replace -r '^' container:
    for part in (string split / -- $paths | string match -r '^[A-Za-z0-9_.@:-]+\\.(?:service|scope)$' | string match -v -r '^(?:docker|cri-containerd|crio|libpod)-[0-9a-f]{12,64}\\.scope$')
        echo unit:$part
    end
end

# Several of a list, with commas between them.
function __reloadctl_list
    set -l before (string match -r '.*,' -- (commandline -ct | string replace -r '^--[^=]*=' ''))
    for word in $argv
        echo "$before$word"
    end
end

# NAME, or NAME=FILE.
function __reloadctl_formats
    set -l typed (commandline -ct | string replace -r '^--[^=]*=' '')
    if string match -q -- '*=*' $typed
        set -l name (string split -m 1 = -- $typed)
        for file in (complete -C "'' $name[2]")
            echo $name[1]=$file
        end
    else
        string join \\n -- $argv
    end
end
`;

function quoted(text) {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** The part of a complete line that tells what a value may be. */
function value({ type, words = [] }) {
  if (type === 'files') return '-r -F';
  if (type === 'directories') return "-x -a '(__fish_complete_directories)'";
  if (type === 'processes') return "-r -F -a '(__reloadctl_processes)'";
  if (type === 'words') return `-x -a '${words.join(' ')}'`;
  return type === 'nothing' ? '-x' : `-x -a '(__reloadctl_${type} ${words.join(' ')})'`;
}

function optionLine(condition, command, { short, long, takesValue, placeholder, description }, kindOf) {
  const flags = [short && `-s ${short.slice(1)}`, long && `-l ${long.slice(2)}`].filter(Boolean).join(' ');
  const what = takesValue ? ` ${value(kindOf(command, long, placeholder))}` : '';
  return `complete -c reloadctl -n ${condition} ${flags}${what} -d ${quoted(brief(description))}`;
}

function argumentLine(condition, command, name, kindOf) {
  const { type } = kindOf(command, undefined, name);
  if (type === 'nothing') return undefined;
  return `complete -c reloadctl -n ${condition} ${value(kindOf(command, undefined, name)).replace(/^-[rx] ?/, type === 'files' || type === 'processes' ? '' : '-f ')}`;
}

function commandLines({ name, options, arguments: places, wraps }, kindOf) {
  const condition = `'__reloadctl_is ${name}'`;
  // Those of all places at once: fish does not count words.
  const values = new Set(places.map((argument) => argumentLine(condition, name, argument.name, kindOf)).filter(Boolean));
  return [
    ...options.filter(({ hidden }) => !hidden).map((option) => optionLine(condition, name, option, kindOf)),
    `complete -c reloadctl -n ${condition} -s h -l help -d 'display help'`,
    ...(values.size > 0 ? values : [`complete -c reloadctl -n ${condition} -f`]),
    ...(wraps ? [`complete -c reloadctl -n ${condition} -f -a '--' -d 'a command to run'`] : []),
  ];
}

/** @returns {string} */
export function fishCompletion(program, version, kindOf) {
  const commands = program.commands.map(({ name, summary }) => `complete -c reloadctl -n '__reloadctl_is ""' -f -a ${name} -d ${quoted(brief(summary))}`);
  return `${heading(version, 'fish', 'In use by: reloadctl completion fish > ~/.config/fish/completions/reloadctl.fish')}
${FUNCTIONS}
complete -c reloadctl -n '__reloadctl_wraps' -f -a '(__reloadctl_wrapped)'
complete -c reloadctl -n '__reloadctl_is ""' -s h -l help -d 'display help'
complete -c reloadctl -n '__reloadctl_is ""' -s V -l version -d 'the version'
complete -c reloadctl -n '__reloadctl_is ""' -f -a help -d 'the help of a command'
complete -c reloadctl -n '__reloadctl_is help' -f -a '${program.commands.map(({ name }) => name).join(' ')}'
${commands.join('\n')}
${program.commands.flatMap((entry) => commandLines(entry, kindOf)).join('\n')}
`;
}
