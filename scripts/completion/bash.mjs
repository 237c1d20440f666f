// The completion for bash: one table of the commands, and functions that need no package beside bash, and start nothing.
import { heading } from './kinds.mjs';

const HELP = ['-h', '--help'];

const FUNCTIONS = `
# Adds to found: pids, and names of processes that are one plain word. A name holds whatever its program put there: others are
# left out, and so are threads of the kernel.
_reloadctl_processes() {
  local LC_ALL=C kernel= name pid file
  { IFS= read -r name </proc/2/comm && [[ $name == kthreadd ]] && read -r kernel </proc/2/task/2/children; } 2>/dev/null
  for file in /proc/[1-9]*/comm; do
    pid=\${file//[!0-9]/}
    [[ " $kernel " == *" $pid "* || $pid == 2 ]] && continue
    found+=("$pid")
    [[ $cur == [1-9]* ]] && continue
    name=
    { IFS= read -r -d '' name <"$file"; } 2>/dev/null
    name=\${name%$'\\n'}
    [[ $name == *[!A-Za-z0-9_.+@-]* || $name != [A-Za-z_]* ]] || found+=("$name")
  done
}

# Adds to found: unit:NAME and container:ID of all processes, as /proc/PID/cgroup tells them: a line of all for those in one place.
_reloadctl_groups() {
  local LC_ALL=C file line part parent
  local -A seen=()
  local -a lines parts
  for file in /proc/[1-9]*/cgroup; do
    { mapfile -t lines <"$file"; } 2>/dev/null
    for line in "\${lines[@]}"; do
      line=\${line#*:*:}
      [[ $line == / || -n \${seen[$line]} ]] && continue
      seen[$line]=1
      IFS=/ read -r -a parts <<<"$line"
      parent=
      for part in "\${parts[@]}"; do
        if [[ $part =~ ^(docker|cri-containerd|crio|libpod)-([0-9a-f]{12,64})\\.scope$ ]]; then
          found+=("container:\${BASH_REMATCH[2]:0:12}")
        elif [[ $part =~ (^|:)([0-9a-f]{64})$ ]] || [[ $parent == docker && $part =~ ^()([0-9a-f]{12,64})$ ]]; then
          found+=("container:\${BASH_REMATCH[2]:0:12}")
        elif [[ $part =~ ^lxc\\.payload\\.([A-Za-z0-9_.-]+)$ ]]; then
          found+=("container:\${BASH_REMATCH[1]}")
        elif [[ $part == *.@(service|scope) && $part != *[!A-Za-z0-9_.@:-]* ]]; then
          found+=("unit:$part")
        fi
        parent=$part
      done
    done
  done
}

# Words of the line up to the cursor. Readline has cut them at = and : too, which belong to words of ours.
_reloadctl_split() {
  local line=\${COMP_LINE:0:COMP_POINT} at word blank
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    blank=\${line%%[![:space:]]*}
    line=\${line#"$blank"}
    ((at == COMP_CWORD)) && word=$line
    line=\${line#"$word"}
    if ((at > 0)) && [[ -z $blank ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
}

# Replies with those of found that begin as the word does, less what readline keeps of it.
_reloadctl_reply() {
  local skip=0 mark head word
  local -A seen=()
  for mark in = :; do
    [[ $COMP_WORDBREAKS == *"$mark"* && $whole == *"$mark"* ]] || continue
    head=\${whole%"$mark"*}$mark
    ((\${#head} > skip)) && skip=\${#head}
  done
  for word in "\${found[@]}"; do
    [[ $word == "$cur"* && -z \${seen[$word]} ]] || continue
    seen[$word]=1
    word=$before$word
    COMPREPLY+=("\${word:skip}")
  done
}

# Replies for a kind of value: its name, then the words of a list.
_reloadctl_offer() {
  local kind=$1
  shift
  case $kind in
    processes)
      case $cur in
        unit:* | container:*) _reloadctl_groups ;;
        *)
          _reloadctl_processes
          # What follows the colon is asked for next.
          found+=(unit: container:)
          [[ -n $cur && (unit: == "$cur"* || container: == "$cur"*) ]] && compopt -o nospace
          ;;
      esac
      ;;
    words) found=("$@") ;;
    list)
      if [[ $cur == *,* ]]; then
        before+=\${cur%,*},
        cur=\${cur##*,}
      fi
      found=("$@")
      compopt -o nospace
      ;;
    formats)
      if [[ $cur == *=* ]]; then
        kind=files
      else
        found=("$@")
        compopt -o nospace
      fi
      ;;
  esac
  _reloadctl_reply
  # Readline itself quotes names of files.
  case $kind in
    files | processes) ((\${#COMPREPLY[@]})) || compopt -o default ;;
    directories) compopt -o dirnames -o nospace ;;
  esac
}

# Behind --: a command of the user's.
_reloadctl_wrapped() {
  local at
  for ((at = 1; at < COMP_CWORD; at++)); do
    [[ \${COMP_WORDS[at]} == -- ]] && break
  done
  if declare -F _command_offset >/dev/null; then
    _command_offset $((at + 1))
  elif ((COMP_CWORD == at + 1)) && [[ $cur != */* ]]; then
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  else
    compopt -o default
  fi
}

_reloadctl() {
  COMPREPLY=()
  local commands='COMMANDS'
  local -a words=() found=() arguments=()
  local cur whole before= command= options= kind= value= word at last place=0
  _reloadctl_split
  last=$((\${#words[@]} - 1))
  cur=\${words[last]}
  whole=$cur
  for ((at = 1; at < last; at++)); do
    word=\${words[at]}
    if [[ -n $value ]]; then
      value=
    elif [[ -z $command ]]; then
      [[ $word == -* ]] || { command=$word && _reloadctl_table; }
    elif [[ $word == -- ]]; then
      _reloadctl_wrapped
      return
    elif [[ $word == --*=* ]]; then
      :
    elif [[ $word == -* ]]; then
      _reloadctl_value "$command" "$word"
      value=$kind
    else
      ((place++))
    fi
  done
  if [[ -z $command ]]; then
    found=($commands)
    [[ $cur == -* ]] && found=(--help --version)
    _reloadctl_reply
  elif [[ -n $value ]]; then
    _reloadctl_offer $value
  elif [[ $cur == --*=* ]]; then
    before=\${cur%%=*}=
    cur=\${cur#*=}
    _reloadctl_value "$command" "\${before%=}"
    [[ -n $kind ]] && _reloadctl_offer $kind
  elif [[ $cur == -* ]]; then
    found=($options)
    _reloadctl_reply
  else
    ((place < \${#arguments[@]})) || place=$((\${#arguments[@]} - 1))
    ((place >= 0)) && _reloadctl_offer \${arguments[place]}
  fi
}

complete -F _reloadctl reloadctl
`;

/** A kind of value as words of the script. */
function shown({ type, words = [] }) {
  return [type, ...words].join(' ');
}

function optionWords(entry) {
  return [...entry.options.filter(({ hidden }) => !hidden).flatMap(({ short, long }) => [short, long]), ...HELP].filter(Boolean).join(' ');
}

/** Sets options and arguments, by command. */
function table({ commands }, kindOf) {
  const cases = commands.map((entry) => {
    const last = entry.arguments.at(-1);
    const places = entry.arguments.map(({ name }) => `'${shown(kindOf(entry.name, undefined, name))}'`);
    const more = last && !last.variadic ? [...places, 'nothing'] : places;
    return `    ${entry.name})\n      options='${optionWords(entry)}${entry.wraps ? ' --' : ''}'\n      arguments=(${more.join(' ')})\n      ;;`;
  });
  return `_reloadctl_table() {\n  case $command in\n${cases.join('\n')}\n    help) arguments=("words $commands" nothing) ;;\n  esac\n}`;
}

/** Sets kind to what stands behind an option; to nothing at all where it takes no value. */
function values({ commands }, kindOf) {
  const byWord = new Map();
  for (const { name, options } of commands) {
    for (const { short, long, takesValue, placeholder } of options) {
      for (const word of [short, long].filter(Boolean)) {
        const uses = byWord.get(word) ?? [];
        uses.push({ name, kind: takesValue ? shown(kindOf(name, long, placeholder)) : '' });
        byWord.set(word, uses);
      }
    }
  }
  const cases = [...byWord].flatMap(([word, uses]) => {
    // What it is to all commands that have it is said once: on a line without mistakes no other command has it.
    if (uses.every(({ kind }) => kind === uses[0].kind)) return uses[0].kind === '' ? [] : [`    *' ${word}') kind='${uses[0].kind}' ;;`];
    return uses.filter(({ kind }) => kind !== '').map(({ name, kind }) => `    '${name} ${word}') kind='${kind}' ;;`);
  });
  return `_reloadctl_value() {\n  kind=\n  case "$1 $2" in\n${cases.join('\n')}\n  esac\n}`;
}

/** @returns {string} */
export function bashCompletion(program, version, kindOf) {
  const names = [...program.commands.map(({ name }) => name), 'help'].join(' ');
  return `${heading(version, 'bash 4.4 and later', 'In use by: source <(reloadctl completion bash)')}

${table(program, kindOf)}

${values(program, kindOf)}
${FUNCTIONS.replace('COMMANDS', names)}`;
}
