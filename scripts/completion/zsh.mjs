// The completion for zsh: its own _arguments takes the options and their descriptions.
import { brief, heading } from './kinds.mjs';

const FUNCTIONS = `
# Pids, with the name of the process beside them where it is one plain word; and those names. A name holds whatever its program
# put there: others are left out, and so are threads of the kernel.
_reloadctl_processes() {
  emulate -L zsh
  [[ $PREFIX == (unit|container):* ]] && { _reloadctl_groups; return }
  local LC_ALL=C file pid name kernel
  local -a pids
  local -A names
  { [[ $(</proc/2/comm) == kthreadd ]] && kernel=$(</proc/2/task/2/children) } 2>/dev/null
  for file in /proc/<1->/comm(N); do
    pid=\${file//[^0-9]/}
    [[ " $kernel " == *" $pid "* || $pid == 2 && -n $kernel ]] && continue
    name=
    { IFS= read -r -d '' name <$file } 2>/dev/null
    name=\${name%$'\\n'}
    if [[ $name == [A-Za-z_]* && $name != *[^A-Za-z0-9_.+@-]* ]]; then
      names[$name]=1
      pids+=("$pid:$name")
    else
      pids+=("$pid")
    fi
  done
  # What follows the colon is asked for next.
  compadd -S '' -- unit: container:
  _alternative 'pids:pid:((\${(@)pids}))' "names:process:(\${(k)names})" 2>/dev/null
}

# unit:NAME and container:ID of all processes, as /proc/PID/cgroup tells them: a line of all for those in one place.
_reloadctl_groups() {
  emulate -L zsh
  setopt extended_glob
  local LC_ALL=C file text line part parent
  local -A seen found
  for file in /proc/<1->/cgroup(N); do
    { IFS= read -r -d '' text <$file } 2>/dev/null
    for line in \${(f)text}; do
      line=\${line#*:*:}
      ((\${+seen[$line]})) && continue
      seen[$line]=1
      parent=
      for part in \${(s:/:)line}; do
        if [[ $part == (docker|cri-containerd|crio|libpod)-[0-9a-f](#c12,64).scope ]]; then
          found[container:\${\${\${part%.scope}##*-}[1,12]}]=1
        elif [[ \${part##*:} == [0-9a-f](#c64) || $parent == docker && $part == [0-9a-f](#c12,64) ]]; then
          found[container:\${\${part##*:}[1,12]}]=1
        elif [[ $part == lxc.payload.[A-Za-z0-9_.-]## ]]; then
          found[container:\${part#lxc.payload.}]=1
        elif [[ $part == *.(service|scope) && $part != *[^A-Za-z0-9_.@:-]* ]]; then
          found[unit:$part]=1
        fi
        parent=$part
      done
    done
  done
  compadd -- \${(k)found}
}

# NAME, or NAME=FILE.
_reloadctl_formats() {
  if compset -P '*='; then
    _files
  else
    compadd -S '' -- "$@"
  fi
}

# Several of a list, with commas between them.
_reloadctl_list() {
  compset -P '*,'
  compadd -S '' -- "$@"
}

_reloadctl() {
  local curcontext=$curcontext state line at=\${words[(i)--]}
  typeset -A opt_args
  # Behind --: a command of the user's.
  if ((at > 1 && at < CURRENT)); then
    words=("\${(@)words[at + 1, -1]}")
    ((CURRENT -= at))
    _normal
    return
  fi
  _arguments -C '(- *)'{-h,--help}'[display help]' '(- *)'{-V,--version}'[the version]' '1: :_reloadctl_commands' '*:: :->command' && return 0
  [[ $state == command ]] || return 1
  _reloadctl_command
}

# In fpath it is run as a function; from source it says what it completes.
if [[ \${funcstack[1]} == _reloadctl ]]; then
  _reloadctl "$@"
else
  compdef _reloadctl reloadctl
fi
`;

/** Inside an _arguments spec in single quotes. */
function quoted(text) {
  return text.replaceAll("'", "'\\''").replace(/[[\]\\:]/g, '\\$&');
}

/** What completes a kind of value, as the last part of a spec. */
function action({ type, words = [] }) {
  if (type === 'processes') return '_reloadctl_processes';
  if (type === 'files') return '_files';
  if (type === 'directories') return '_files -/';
  if (type === 'words') return `(${words.join(' ')})`;
  return type === 'nothing' ? ' ' : `_reloadctl_${type} ${words.join(' ')}`;
}

function optionSpec(entry, { short, long, takesValue, placeholder, description }, kindOf) {
  const repeats = /several times/.test(description) ? '*' : '';
  const value = takesValue ? `:${quoted(placeholder)}:${action(kindOf(entry.name, long, placeholder))}` : '';
  const rest = `[${quoted(brief(description))}]${value}`;
  const at = takesValue ? '=' : '';
  if (!short) return `'${repeats}${long}${at}${rest}'`;
  return repeats === '' ? `'(${short} ${long})'{${short}${takesValue ? '+' : ''},${long}${at}}'${rest}'` : `'*'{${short},${long}${at}}'${rest}'`;
}

function argumentSpec(entry, { name, variadic, required }, at, kindOf) {
  return `'${variadic ? '*' : at + 1}:${required ? '' : ':'}${quoted(name)}:${action(kindOf(entry.name, undefined, name))}'`;
}

function commandCase(entry, kindOf) {
  const specs = [
    ...entry.options.filter(({ hidden }) => !hidden).map((option) => optionSpec(entry, option, kindOf)),
    "'(- *)'{-h,--help}'[display help]'",
    ...entry.arguments.map((argument, at) => argumentSpec(entry, argument, at, kindOf)),
  ];
  return `    ${entry.name})\n      _arguments -s ${specs.map((spec) => `\\\n        ${spec}`).join(' ')}\n      ;;`;
}

/** @returns {string} */
export function zshCompletion(program, version, kindOf) {
  const described = program.commands.map(({ name, summary }) => `    '${name}:${brief(summary).replaceAll("'", "'\\''")}'`).join('\n');
  return `#compdef reloadctl
${heading(version, 'zsh', 'In use by: source <(reloadctl completion zsh), behind compinit; or as _reloadctl in a folder of fpath.')}

_reloadctl_commands() {
  local -a commands=(
${described}
    'help:the help of a command'
  )
  _describe -t commands command commands
}

_reloadctl_command() {
  case $words[1] in
    help) ((CURRENT == 2)) && _reloadctl_commands ;;
${program.commands.map((entry) => commandCase(entry, kindOf)).join('\n')}
  esac
}
${FUNCTIONS}`;
}
