#  cluster.sh - for tests of commands, sourced: a broker and workers of their own, and expectations.
#
#      cluster_start 2 --plugin X     a broker on ipc and tcp, and two workers (alpha on tcp, beta
#      on ipc) with these options
#      broker_kill; broker_again      kill -9, and another one at the same addresses, with
#      $broker_options
#      expect 0 'a' '' cadre run -k 'echo {}' ::: a      exit code, all of stdout, a pattern (grep
#      -E) for stderr or '' for none
#
#  Everything started here ends with the script, by process id. $scratch is a folder that goes with
#  it; TMPDIR is in it.
set -u

bin=${CADRE_BUILD_DIR:?run by ctest}/bin
plugins=$CADRE_BUILD_DIR/plugins
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cadre-test-XXXXXX")
export XDG_RUNTIME_DIR=$scratch/run XDG_CONFIG_HOME=$scratch/config XDG_STATE_HOME=$scratch/state TMPDIR=$scratch NO_COLOR=1 LC_ALL=C.UTF-8
mkdir -m 0700 "$scratch/run"
unset CADRE_BROKER
started=()
broker_options=()
checks=0
faults=0

cluster_stop () {
    local pid
    for pid in "${started[@]}"; do
        kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    started=()
}

cluster_end () {
    cluster_stop
    rm -rf "$scratch"
}
trap cluster_end EXIT

#  Run in the background; $! is remembered.
start () {
    "$@" &
    started+=($!)
}

#  Wait, for at most 20 s, until a command succeeds; it is a fault when it does not.
until_ok () {
    local i
    for i in $(seq 400); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    fault "never true: $*"
    return 1
}

#  A port in whose block (the broker's own ports, lanes from 100 on) nothing listens.
free_port () {
    local port taken
    for _ in $(seq 100); do
        port=$((20000 + (RANDOM * 7 + BASHPID) % 9000))
        taken=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
            awk -v first=$port 'function hex (s,  i, n) {
                    for (i = 1; i <= length (s); i++) n = n * 16 + index ("0123456789ABCDEF", substr (s, i, 1)) - 1
                    return n }
                { n = split ($2, part, ":"); at = hex(part [n]); if (at >= first && at < first + 200) taken++ }
                END { print taken + 0 }')
        [ "$taken" != 0 ] || break
    done
    echo "$port"
}

slots_are () {
    cadre broker info -o ndjson --broker "$ipc" | grep -q "\"slots\":$1[,}]"
}

#  cluster_start WORKERS [OPTION...]: sets $ipc and $tcp; each worker has one slot.
cluster_start () {
    local workers=$1 try port
    shift
    ipc=ipc://$scratch/broker
    for try in 1 2 3 4 5 6 7 8; do
        port=$(free_port)
        tcp=tcp://127.0.0.1:$port
        start "$bin/cadre-broker" --listen "$tcp,$ipc" "${broker_options[@]}" 2>>"$scratch/broker.log"
        until_ok_or_dead "${started[-1]}" "$scratch/broker/front" && break
        unset 'started[-1]'
    done
    broker_pid=${started[-1]}
    [ "$workers" -lt 1 ] || start "$bin/cadre-worker" --broker "$tcp" --name alpha --slots 1 "$@" 2>>"$scratch/alpha.log"
    [ "$workers" -lt 2 ] || start "$bin/cadre-worker" --broker "$ipc" --name beta --slots 1 --label gpu "$@" 2>>"$scratch/beta.log"
    until_ok slots_are "$workers" || { cat "$scratch"/*.log >&2; exit 1; }
}

#  SIGNAL: another one than KILL.
broker_kill () {
    local i
    kill "-${1:-KILL}" "$broker_pid"
    wait "$broker_pid" 2>/dev/null
    for i in "${!started[@]}"; do
        [ "${started[$i]}" != "$broker_pid" ] || unset "started[$i]"
    done
}

broker_again () {
    start "$bin/cadre-broker" --listen "$tcp,$ipc" "${broker_options[@]}" 2>>"$scratch/broker.log"
    broker_pid=$!
    until_ok "$bin/cadre" broker info --broker "$ipc" || { cat "$scratch/broker.log" >&2; exit 1; }
}

#  A broker that found its port taken ends; one that listens answers.
until_ok_or_dead () {
    local i
    for i in $(seq 400); do
        kill -0 "$1" 2>/dev/null || return 1
        [ -S "$2" ] && "$bin/cadre" broker info --broker "$ipc" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    return 1
}

fault () {
    faults=$((faults + 1))
    printf 'FAULT: %s\n' "$*" >&2
}

#  expect CODE STDOUT STDERR COMMAND...
expect () {
    local code=$1 stdout=$2 stderr=$3 got
    shift 3
    checks=$((checks + 1))
    timeout 60 "$@" >"$scratch/stdout" 2>"$scratch/stderr"
    got=$?
    [ "$got" = "$code" ] || fault "$*: exit $got, not $code"
    printf '%s' "$stdout" | cmp -s - <(head -c -1 "$scratch/stdout") || {
        fault "$*: stdout is"
        head -c 2000 "$scratch/stdout" >&2
        printf '%s\n' "and not: $stdout" >&2
    }
    expect_text "$stderr" "$scratch/stderr" "$*"
}

#  like expect, but STDOUT is a pattern, too
expect_like () {
    local code=$1 stdout=$2 stderr=$3 got
    shift 3
    checks=$((checks + 1))
    timeout 60 "$@" >"$scratch/stdout" 2>"$scratch/stderr"
    got=$?
    [ "$got" = "$code" ] || fault "$*: exit $got, not $code"
    expect_text "$stdout" "$scratch/stdout" "$*"
    expect_text "$stderr" "$scratch/stderr" "$*"
}

#  expect_text PATTERN FILE LABEL: the file has the pattern, or is empty if there is none
expect_text () {
    if [ -z "$1" ]; then
        [ ! -s "$2" ] || fault "$3: $(basename "$2") should be empty, but is: $(head -c 600 "$2")"
    else
        grep -Eq -e "$1" "$2" || fault "$3: $(basename "$2") lacks '$1': $(head -c 600 "$2")"
    fi
}

#  The last lines of a script.
finish () {
    printf '%d checks, %d faults\n' "$checks" "$faults"
    [ "$checks" -gt 0 ] && [ "$faults" = 0 ]
    exit
}
