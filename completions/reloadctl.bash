# Completion of reloadctl 0.1.0 for bash 4.4 and later. In use by: source <(reloadctl completion bash)
# Written by npm run docs from the tree of commands.

_reloadctl_table() {
  case $command in
    fds)
      options='--tree --list --where --sort --columns --group-by --all --owners --threads --watch --interval --tui --per-event --mark --times --settle --event-timeout --top --overhead --from --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' nothing)
      ;;
    goroutines)
      options='--list --list-processes --via --where --group-by --all --watch --interval --export --binary --entry --force --light --settle --from --no-leak-profile --bearer-env --bearer-file --header-env --header-file --cacert --cert --key --insecure --timeout --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' 'files' nothing)
      ;;
    gc)
      options='--limit --bearer-env --bearer-file --header-env --header-file --cacert --cert --key --insecure --timeout --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' nothing)
      ;;
    inotify-limits)
      options='--need-instances --need-watches --for --library --uid --count-timeout --all --from --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('directories')
      ;;
    inotify)
      options='--tree --expect --watch --all --from --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' nothing)
      ;;
    inotify-probe)
      options='--overflow --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('directories' nothing)
      ;;
    node)
      options='--tree --yes --list --watch --stacks --deep --promises --max-overhead --heap --force --from --busy --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' nothing)
      ;;
    listen)
      options='--tree --watch --outbound --all --from --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' nothing)
      ;;
    strace)
      options='-p --attach --for --until-leak --engine --stacks --max-rate --keep --dry-run --yes --exit-code --tables --at --pid --fd --all --full --events --trace --json --format --fail-on --color -q --quiet -v --verbose -h --help --'
      arguments=('files')
      ;;
    inherit)
      options='--tree --from --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' 'processes' nothing)
      ;;
    preflight)
      options='--signal --replace --pid-file --from --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' nothing)
      ;;
    drill)
      options='--pid --signal --then --change --with --http --url --tcp --send --stream --streams --hold --websocket --websockets --rate --pooled-rate --pool --method --times --every --control --rest --timeout --reload-timeout --drain --command-timeout --max-time --mode --expect --expect-metric --expect-header --metrics --policy --insecure --allow-remote --yes --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('nothing')
      ;;
    tasks)
      options='--tree --for --list --from --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' nothing)
      ;;
    report)
      options='--tree --watch --interval --tui --full --from --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' nothing)
      ;;
    assert)
      options='--fds --node --promises --goroutines --strace --pid --during --max-growth --inotify --timeout --grace --policy --baseline --write-baseline --self-test --exit-code --json --format --fail-on --color -q --quiet -v --verbose -h --help --'
      arguments=('nothing')
      ;;
    gate)
      options='--policy --module --prometheus --metrics --pprof --pid --sample --wait --record --explain --bearer-env --bearer-file --header-env --header-file --cacert --cert --key --insecure --timeout --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('nothing')
      ;;
    record)
      options='-o --output --tree --watch --interval --node --promises --yes --when --keep --max --every --pause --replace --full --from --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('processes' nothing)
      ;;
    diff)
      options='--json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('files' 'files' nothing)
      ;;
    exporter)
      options='--listen --textfile --otlp --once --interval --max-services --goroutines --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=()
      ;;
    demo)
      options='--keep --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=()
      ;;
    doctor)
      options='--json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=()
      ;;
    explain)
      options='--error --pid --json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('words epoll/stale-target fd/deleted-file fd/duplicates fd/growth fd/in-flight fd/inherited fd/near-limit fd/no-cloexec fd/open-at-exit fd/past-peak fd/unshared-table gate/accept-queue gate/canary-error-rate gate/canary-latency gate/cooldown gate/error-budget gate/error-rate gate/fd-headroom gate/gc-pause gate/goroutine-growth gate/inotify-headroom gate/latency gate/qps gc/pause goroutine/blocked goroutine/crash goroutine/growth goroutine/leak goroutine/left-at-exit goroutine/lock-cycle goroutine/lock-holder goroutine/nil-channel goroutine/truncated-dump host/conntrack host/file-max host/pids inotify/blind-filesystem inotify/churn inotify/dead-watch inotify/demand inotify/instances inotify/overflow inotify/queue inotify/watches listen/accept-queue-full listen/backlog-clipped listen/held-twice listen/never-accepted listen/overflows node/file-handle node/handle-growth node/loop-blocked node/open-handle node/orphan-fd node/pending-promise node/test-leak node/unconsumed-stream preflight/binary-unresolvable preflight/no-headroom preflight/signal-blocked preflight/signal-kills preflight/swap-not-atomic preflight/swap-unusable process/growth process/left-behind process/timeout reload/bad-response reload/binary-replaced reload/context-lost reload/not-visible reload/old-stays reload/refused reload/reset reload/residue reload/timeout reload/variables-lost socket/close-wait socket/closed-both-ways socket/ephemeral-ports socket/never-connected socket/unread-data strace/address-in-use strace/blocked strace/cloexec-race strace/coverage strace/double-close strace/epoll-after-close strace/exec-inherit strace/killed-before-drain strace/leak strace/listen-gap strace/out-of-fds strace/slow-accept strace/toctou strace/use-after-close task/blocked-on-fd task/d-state task/lock-cycle task/threadpool-starved' nothing)
      ;;
    schema)
      options='--json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('words diff go-processes goroutines gc fds fds-top strace record demo node inotify-limits listen inherit tasks report gate preflight inotify inotify-probe assert exporter drill explain doctor' nothing)
      ;;
    completion)
      options='--json --format --fail-on --color -q --quiet -v --verbose -h --help'
      arguments=('words bash zsh fish' nothing)
      ;;
    help) arguments=("words $commands" nothing) ;;
  esac
}

_reloadctl_value() {
  kind=
  case "$1 $2" in
    'inherit --tree') kind='processes' ;;
    *' --where') kind='nothing' ;;
    *' --sort') kind='list pid fd kind target cloexec deleted access key otherEnd description path bytes allocatedBytes links inode position block end protocol state local remote localPort remotePort remoteAddress receiveQueue sendQueue socketPath idleMs backlog subprotocol fdsInFlight eventCount eventfdId semaphore targets clock ticks nextMs intervalMs signals watches ofPid name errno marks pendingFaults fixedFiles fixedSlots fixedNames submissions completions polls bpfType bpfId programId maxEntries memlockBytes vcpu namespace references exporter interface ttyIndex slave' ;;
    *' --columns') kind='list pid fd kind target cloexec deleted access key otherEnd description path bytes allocatedBytes links inode position block end protocol state local remote localPort remotePort remoteAddress receiveQueue sendQueue socketPath idleMs backlog subprotocol fdsInFlight eventCount eventfdId semaphore targets clock ticks nextMs intervalMs signals watches ofPid name errno marks pendingFaults fixedFiles fixedSlots fixedNames submissions completions polls bpfType bpfId programId maxEntries memlockBytes vcpu namespace references exporter interface ttyIndex slave' ;;
    'fds --group-by') kind='list pid fd kind target cloexec deleted access key otherEnd description path bytes allocatedBytes links inode position block end protocol state local remote localPort remotePort remoteAddress receiveQueue sendQueue socketPath idleMs backlog subprotocol fdsInFlight eventCount eventfdId semaphore targets clock ticks nextMs intervalMs signals watches ofPid name errno marks pendingFaults fixedFiles fixedSlots fixedNames submissions completions polls bpfType bpfId programId maxEntries memlockBytes vcpu namespace references exporter interface ttyIndex slave' ;;
    'goroutines --group-by') kind='list state wait func file site package creator owner id locked leaked system benign depth' ;;
    *' --watch') kind='nothing' ;;
    *' --interval') kind='nothing' ;;
    *' --per-event') kind='nothing' ;;
    *' --times') kind='nothing' ;;
    *' --settle') kind='nothing' ;;
    *' --event-timeout') kind='nothing' ;;
    *' --from') kind='files' ;;
    *' --format') kind='formats text json ndjson markdown html junit sarif github tap' ;;
    *' --fail-on') kind='words info warning critical never' ;;
    *' --color') kind='words auto always never' ;;
    *' --via') kind='words memory endpoint' ;;
    *' --export') kind='formats pprof folded debug1 debug2' ;;
    *' --binary') kind='files' ;;
    *' --entry') kind='nothing' ;;
    *' --bearer-env') kind='nothing' ;;
    *' --bearer-file') kind='files' ;;
    *' --header-env') kind='nothing' ;;
    *' --header-file') kind='files' ;;
    *' --cacert') kind='files' ;;
    *' --cert') kind='files' ;;
    *' --key') kind='files' ;;
    *' --timeout') kind='nothing' ;;
    *' --limit') kind='nothing' ;;
    *' --need-instances') kind='nothing' ;;
    *' --need-watches') kind='nothing' ;;
    'inotify-limits --for') kind='directories' ;;
    'strace --for') kind='nothing' ;;
    'tasks --for') kind='nothing' ;;
    *' --library') kind='words dirs parcel inotifywait fsnotify bun chokidar6 watchdog node20 node22 node24 node26 chokidar3 chokidar4 chokidar5 nodemon watchfiles notify' ;;
    *' --uid') kind='nothing' ;;
    *' --count-timeout') kind='nothing' ;;
    'inotify --expect') kind='files' ;;
    'drill --expect') kind='nothing' ;;
    *' --max-overhead') kind='nothing' ;;
    *' -p') kind='processes' ;;
    *' --attach') kind='processes' ;;
    *' --engine') kind='words auto tracefs strace' ;;
    *' --max-rate') kind='nothing' ;;
    'strace --keep') kind='files' ;;
    'record --keep') kind='nothing' ;;
    *' --exit-code') kind='words tool' ;;
    *' --at') kind='nothing' ;;
    *' --pid') kind='processes' ;;
    *' --fd') kind='nothing' ;;
    *' --events') kind='files' ;;
    *' --trace') kind='files' ;;
    *' --signal') kind='words HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS' ;;
    *' --replace') kind='files' ;;
    *' --pid-file') kind='files' ;;
    *' --then') kind='words HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS none' ;;
    *' --change') kind='files' ;;
    *' --with') kind='nothing' ;;
    *' --http') kind='nothing' ;;
    *' --url') kind='nothing' ;;
    *' --tcp') kind='nothing' ;;
    *' --send') kind='nothing' ;;
    *' --stream') kind='nothing' ;;
    *' --streams') kind='nothing' ;;
    *' --hold') kind='nothing' ;;
    *' --websocket') kind='nothing' ;;
    *' --websockets') kind='nothing' ;;
    *' --rate') kind='nothing' ;;
    *' --pooled-rate') kind='nothing' ;;
    *' --pool') kind='nothing' ;;
    *' --method') kind='words GET HEAD POST PUT' ;;
    *' --every') kind='nothing' ;;
    *' --control') kind='nothing' ;;
    *' --rest') kind='nothing' ;;
    *' --reload-timeout') kind='nothing' ;;
    *' --drain') kind='nothing' ;;
    *' --command-timeout') kind='nothing' ;;
    *' --max-time') kind='nothing' ;;
    *' --mode') kind='words process config' ;;
    *' --expect-metric') kind='nothing' ;;
    *' --expect-header') kind='nothing' ;;
    *' --metrics') kind='nothing' ;;
    *' --policy') kind='files' ;;
    *' --during') kind='nothing' ;;
    *' --max-growth') kind='nothing' ;;
    *' --grace') kind='nothing' ;;
    *' --baseline') kind='files' ;;
    *' --write-baseline') kind='files' ;;
    *' --module') kind='nothing' ;;
    *' --prometheus') kind='nothing' ;;
    *' --pprof') kind='nothing' ;;
    *' --sample') kind='nothing' ;;
    *' --wait') kind='nothing' ;;
    *' -o') kind='files' ;;
    *' --output') kind='files' ;;
    *' --when') kind='nothing' ;;
    *' --max') kind='nothing' ;;
    *' --pause') kind='nothing' ;;
    *' --listen') kind='nothing' ;;
    *' --textfile') kind='files' ;;
    *' --otlp') kind='nothing' ;;
    *' --max-services') kind='nothing' ;;
    *' --error') kind='nothing' ;;
  esac
}

# Adds to found: pids, and names of processes that are one plain word. A name holds whatever its program put there: others are
# left out, and so are threads of the kernel.
_reloadctl_processes() {
  local LC_ALL=C kernel= name pid file
  { IFS= read -r name </proc/2/comm && [[ $name == kthreadd ]] && read -r kernel </proc/2/task/2/children; } 2>/dev/null
  for file in /proc/[1-9]*/comm; do
    pid=${file//[!0-9]/}
    [[ " $kernel " == *" $pid "* || $pid == 2 ]] && continue
    found+=("$pid")
    [[ $cur == [1-9]* ]] && continue
    name=
    { IFS= read -r -d '' name <"$file"; } 2>/dev/null
    name=${name%$'\n'}
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
    for line in "${lines[@]}"; do
      line=${line#*:*:}
      [[ $line == / || -n ${seen[$line]} ]] && continue
      seen[$line]=1
      IFS=/ read -r -a parts <<<"$line"
      parent=
      for part in "${parts[@]}"; do
        if [[ $part =~ ^(docker|cri-containerd|crio|libpod)-([0-9a-f]{12,64})\.scope$ ]]; then
          found+=("container:${BASH_REMATCH[2]:0:12}")
        elif [[ $part =~ (^|:)([0-9a-f]{64})$ ]] || [[ $parent == docker && $part =~ ^()([0-9a-f]{12,64})$ ]]; then
          found+=("container:${BASH_REMATCH[2]:0:12}")
        elif [[ $part =~ ^lxc\.payload\.([A-Za-z0-9_.-]+)$ ]]; then
          found+=("container:${BASH_REMATCH[1]}")
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
  local line=${COMP_LINE:0:COMP_POINT} at word blank
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    blank=${line%%[![:space:]]*}
    line=${line#"$blank"}
    ((at == COMP_CWORD)) && word=$line
    line=${line#"$word"}
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
    head=${whole%"$mark"*}$mark
    ((${#head} > skip)) && skip=${#head}
  done
  for word in "${found[@]}"; do
    [[ $word == "$cur"* && -z ${seen[$word]} ]] || continue
    seen[$word]=1
    word=$before$word
    COMPREPLY+=("${word:skip}")
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
        before+=${cur%,*},
        cur=${cur##*,}
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
    files | processes) ((${#COMPREPLY[@]})) || compopt -o default ;;
    directories) compopt -o dirnames -o nospace ;;
  esac
}

# Behind --: a command of the user's.
_reloadctl_wrapped() {
  local at
  for ((at = 1; at < COMP_CWORD; at++)); do
    [[ ${COMP_WORDS[at]} == -- ]] && break
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
  local commands='fds goroutines gc inotify-limits inotify inotify-probe node listen strace inherit preflight drill tasks report assert gate record diff exporter demo doctor explain schema completion help'
  local -a words=() found=() arguments=()
  local cur whole before= command= options= kind= value= word at last place=0
  _reloadctl_split
  last=$((${#words[@]} - 1))
  cur=${words[last]}
  whole=$cur
  for ((at = 1; at < last; at++)); do
    word=${words[at]}
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
    before=${cur%%=*}=
    cur=${cur#*=}
    _reloadctl_value "$command" "${before%=}"
    [[ -n $kind ]] && _reloadctl_offer $kind
  elif [[ $cur == -* ]]; then
    found=($options)
    _reloadctl_reply
  else
    ((place < ${#arguments[@]})) || place=$((${#arguments[@]} - 1))
    ((place >= 0)) && _reloadctl_offer ${arguments[place]}
  fi
}

complete -F _reloadctl reloadctl
