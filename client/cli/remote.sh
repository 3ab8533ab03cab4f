#  remote.sh - runs on each host of a deployment; needs only sh and coreutils
#
#  ssh starts `sh`, which reads this script from its stdin and then orders, one per line, up to "go":
#
#      verb start | attach | status | drain | stop | remove
#      name NAME                   of the deployment; a host may have several
#      wait SECONDS                timeout of the verb
#      silence SECONDS             after which an attached session counts as cut; 60
#      worker PROGRAM              cadre-worker, if the bundle has none
#      machine x86_64              architecture of the bundle
#      file SHA256 SIZE MODE PLACE a file that is sent, and its path
#      access SIZE SHA256          of the access file
#      arg WORD                    of cadre-worker; @ in tcp://@:PORT becomes the address from which
#                                  ssh connected
#
#  Answers are lines that begin with "cadre: "; other lines (output of a .bashrc) are ignored:
#
#      need SHA256                 send this file: the host does not have it
#      ready                       send the needed files, in that order, and the access file
#      STATE STARTS WHY            running, connecting, restarting, unwatched, ended, absent,
#                                  failed, gone: the state of the worker
#
#  All files are in ~/.cache/cadre: files by their hash in sha256/, and for each deployment a folder
#  of mode 0700 in hosts/HOST/NAME (hosts often share home folders). The worker's working folder is
#  files/ in it, by which its processes are identified. `attach` keeps nothing: when its stdin ends,
#  or is silent for a minute, the worker ends and its folder is removed.

set -u
trap '' HUP PIPE

say () {
    printf 'cadre: %s\n' "$*"
}

nap () {
    sleep 0.1 2>/dev/null || sleep 1
}

#  ---- processes ----

#  Is PID a process of this deployment?
alive () {
    [ -n "${1:-}" ] || return 1
    case $(readlink "/proc/$1/cwd" 2>/dev/null) in
    "$run/files" | "$run/files "*) return 0 ;;
    ?*) return 1 ;;
    esac
    # Only root can read the working folder of a worker with a key; its name and state are readable
    [ "$1" = "${worker:-}" ] && kill -0 "$1" 2>/dev/null || return 1
    case $(cat "/proc/$1/stat" 2>/dev/null) in
    *") Z "*) return 1 ;;
    "$1 (cadre-worker) "* | "$1 (exe) "*) return 0 ;;
    esac
    return 1
}

pids () {
    watcher=$(cat "$run/watcher" 2>/dev/null)
    worker=$(cat "$run/worker" 2>/dev/null)
}

#  gone TENTHS: waits until watcher and worker have ended
gone () {
    left=$1
    while pids && { alive "$watcher" || alive "$worker"; }; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        nap
    done
}

#  Signals the watcher, which passes the signal on; without a watcher the worker itself.
signal () {
    pids
    if alive "$watcher"; then
        kill "-$1" "$watcher" 2>/dev/null
    elif alive "$worker"; then
        kill "-$1" "$worker" 2>/dev/null
    fi
}

#  Kills remaining processes, also if the folder was removed: a cache may be emptied at any time.
kill_strays () {
    pids
    ! alive "$worker" || kill -KILL "$worker" 2>/dev/null
    ls -l /proc/[0-9]*/cwd 2>/dev/null | while IFS= read -r line; do
        case $line in
        *" -> $run/files" | *" -> $run/files (deleted)") ;;
        *) continue ;;
        esac
        line=${line%%/cwd -> *}
        kill -KILL "${line##*/}" 2>/dev/null
    done
}

#  end TENTHS: drains for so long; then stops, then kills
end () {
    signal TERM
    gone "$1" || { signal TERM && gone 50; }
    kill_strays
    gone 50
}

#  Reads from the log: starts so far, the last line, whether the worker is registered.
read_log () {
    starts=0 registered= last=
    while IFS= read -r line; do
        case $line in
        '== start'*) starts=$((starts + 1)) registered= ;;
        *' registered with '*) registered=${line#* registered with } last= ;;
        *'no broker answers'* | *' W021: '*) registered= last=${line#*cadre-worker: } ;;
        ?*) last=${line#*cadre-worker: } ;;
        esac
    done <"$run/log"
} 2>/dev/null

#  Sets $state and $why. The log is read first: a start in it was written after the watcher's ID.
look () {
    state=absent starts=0 why= registered= last=
    [ -d "$run" ] || return 0
    read_log
    pids
    if alive "$worker"; then
        state=connecting
        [ -z "$registered" ] || state=running last=$registered
        alive "$watcher" || state=unwatched
    elif alive "$watcher"; then
        state=restarting
    else
        state=ended
        [ "$starts" = 0 ] || read_log
    fi
    why=$last
}

report () {
    look
    say "$state $starts $why"
}

#  ---- the watcher: restarts the worker when it dies ----

#  Waits for $worker; a trap interrupts `wait`.
join () {
    while :; do
        wait "$worker"
        code=$?
        kill -0 "$worker" 2>/dev/null || return 0
    done
}

serve () {
    printf '== start %s\n' "$(date +%s)" >>"$run/log"
    "$@" </dev/null >>"$run/log" 2>&1 &
    worker=$!
    printf '%s\n' "$worker" >"$run/worker"
    [ -z "$stopping" ] || kill -TERM "$worker" 2>/dev/null
    join
    worker=
}

#  Limits the log of a worker that dies repeatedly.
shorten () {
    [ "$(wc -c <"$run/log")" -gt 262144 ] || return 0
    tail -n 200 "$run/log" >"$run/log.new" && mv "$run/log.new" "$run/log"
}

#  Exit code 0: the worker was drained or stopped; 64, 77 and 78 would repeat after a restart.
watch () {
    stopping= worker= delay=1
    trap 'stopping=yes; [ -z "$worker" ] || kill -TERM "$worker" 2>/dev/null' TERM
    trap '' INT
    printf '%s\n' $$ >"$run/watcher"
    umask "$(cat "$run/mask")"
    while IFS= read -r word; do set -- "$@" "$word"; done <"$run/args"
    while [ -z "$stopping" ]; do
        began=$(date +%s)
        serve "$@"
        case $code in 0 | 64 | 77 | 78) break ;; esac
        [ -z "$stopping" ] || break
        [ $(($(date +%s) - began)) -lt 60 ] || delay=1
        printf 'the worker ended with %s; started again in %s s\n' "$code" "$delay" >>"$run/log"
        shorten
        sleep "$delay" &
        pause=$!
        wait "$pause"
        kill "$pause" 2>/dev/null
        delay=$((delay * 2))
        [ "$delay" -le 30 ] || delay=30
    done
}

#  ---- files ----

#  Copies exactly SIZE bytes of stdin.
take () {
    [ "$1" -lt 65536 ] || dd bs=65536 count=$(($1 / 65536)) iflag=fullblock 2>/dev/null
    [ $(($1 % 65536)) = 0 ] || dd bs=$(($1 % 65536)) count=1 iflag=fullblock 2>/dev/null
}

hash_of () {
    sum=$(sha256sum <"$1") && printf '%s' "${sum%% *}"
}

#  Finds the path of a file with this hash, existing or not.
find_file () {
    found=$store/$1
    [ -f "$found" ] || found=$keep/$1
    [ -f "$found" ]
}

receive () {
    part=$keep/$1.part.$$
    take "$2" >"$part"
    if [ "$(hash_of "$part")" != "$1" ]; then
        rm -f "$part"
        fail "a file of $2 bytes is incomplete in $keep: is the disk full, or was ssh cut?"
    fi
    chmod 0555 "$part" && mv "$part" "$keep/$1"
}

each_file () {
    list=$files
    while [ -n "$list" ]; do
        entry=${list%%"$newline"*} list=${list#*"$newline"}
        hash=${entry%% *} entry=${entry#* }
        size=${entry%% *} entry=${entry#* }
        mode=${entry%% *} place=$run/${entry#* }
        "$1"
    done
}

ask_for () {
    case $needed in *" $hash "*) return ;; esac
    find_file "$hash" || { say "need $hash" && needed="$needed$hash " wanted="$wanted$hash $size$newline"; }
}

#  Files that tasks may change are copies; all others are hard links to the cache.
put () {
    find_file "$hash" || fail "$hash vanished from the cache; deploy again"
    mkdir -p "${place%/*}" || fail "no folder can be made in $run"
    case ${place#"$run/"} in
    files/*) cp "$found" "$place" && chmod "$mode" "$place" ;;
    *) ln "$found" "$place" 2>/dev/null || cp "$found" "$place" ;;
    esac || fail "cannot write $place: is the disk full?"
}

exchange () {
    needed=' ' wanted=
    each_file ask_for
    say ready
    while [ -n "$wanted" ]; do
        entry=${wanted%%"$newline"*} wanted=${wanted#*"$newline"}
        receive "${entry%% *}" "${entry#* }"
    done
    [ -z "$access" ] && return
    take "${access%% *}" >"$run/access"
    [ "$(hash_of "$run/access")" = "${access#* }" ] || fail "the access file is incomplete"
}

#  ---- verbs ----

#  Removes the files of this deployment, and folders that are empty now.
clear () {
    rm -rf "$run"
    [ "$verb" != remove ] || rmdir "${run%/*}" "$root/hosts" 2>/dev/null
    [ "$verb" != remove ] || [ -d "$root/hosts" ] || rm -rf "$store"
    rmdir "${run%/*}" "$root/hosts" "$store" "$root" "${root%/*}" 2>/dev/null
    return 0
}

fail () {
    say "failed 0 $*"
    [ "$made" != yes ] || { end 0; clear; }
    exit 1
}

#  A user who can write there could replace our programs, or read the access file.
is_ours () {
    [ -z "$(find "$1/." -prune \( ! -user "$(id -u)" -o -perm -020 -o -perm -002 \) 2>/dev/null)" ] \
        || fail "folder $1 is another user's, or can be written by others: check its content, and run chown or chmod go-w on it"
}

find_worker () {
    program=$run/bundle/cadre-worker
    if [ -x "$program" ]; then
        why=$("$program" --help 2>&1 >/dev/null) || fail "the worker does not run here: $why"
        return
    fi
    program=$(command -v "$worker_name" 2>/dev/null) && [ -x "$program" ] \
        || fail "there is no $worker_name here: add --send, or name it with --worker PATH"
}

make () {
    rm -rf "$run" && mkdir -p "${run%/*}" && mkdir "$run" "$run/files" || fail "no folder can be made at $run"
    is_ours "$root" && is_ours "$root/hosts" && is_ours "${run%/*}"
    made=yes
    run=$(cd "$run" && pwd -P) keep=$store
    printf '%s\n' $$ >"$run/owner"
    printf '%s' "$want" >"$run/want"
    printf '%s\n' "$mask" >"$run/mask"
    printf '%s\n' "$script" >"$run/remote.sh"
    : >"$run/log"
    [ "$verb" != attach ] || keep=$run/sha256
    mkdir -p "$keep" || fail "no folder can be made at $keep"
    is_ours "$keep"
}

#  Removes what sessions that were cut off have left.
sweep () {
    for old in "${run%/*}"/run-*; do
        [ -f "$old/owner" ] && ! kill -0 "$(cat "$old/owner")" 2>/dev/null && (run=$old && end 0 && rm -rf "$old")
    done
}

launch () {
    printf '%s\n%s' "$program" "$args" >"$run/args"
    cd "$run/files" || fail "cannot enter $run/files"
    detach=
    [ "$verb" = attach ] || detach=$(command -v setsid)
    $detach sh "$run/remote.sh" watch "$run" </dev/null >/dev/null 2>&1 &
    cd /
}

#  Waits until the worker has registered.
await () {
    left=$((seconds * 10)) shown=
    while look; do
        [ "$state" != running ] || break
        [ "$state" != ended ] || [ "$starts" = 0 ] || fail "$why"
        [ "$starts" -lt 4 ] || fail "$why"
        [ "$left" -gt 0 ] || fail "${why:-the worker has not registered within $seconds s}"
        left=$((left - 1))
        nap
    done
    report
}

prepare () {
    [ -z "$machine" ] || [ "$machine" = "$(uname -m)" ] \
        || fail "this host is $(uname -m), but the files to send were built for $machine: install cadre there, and omit --send"
    make
    exchange
    each_file put
    find_worker
    launch
}

start () {
    if [ -f "$run/want" ] && [ "$(cat "$run/want")" = "${want%"$newline"}" ] && look && [ "$state" = running ]; then
        report
        return
    fi
    [ ! -d "$run" ] || end 350
    prepare
    await
}

#  Ends the worker after a minute without a keepalive: a connection that was cut may not be closed.
guard () {
    silent=0
    trap 'kill "$pause" 2>/dev/null; exit' TERM
    while [ -d "$run" ]; do
        sleep 5 &
        pause=$!
        wait "$pause"
        silent=$((silent + 5))
        [ ! -e "$run/beat" ] || silent=0
        rm -f "$run/beat"
        [ "$silent" -lt "$silence" ] || break
    done
    end 0
    clear
    kill -KILL $$
}

attach () {
    sweep
    prepare
    guard </dev/null >/dev/null 2>&1 &
    guard=$!
    await
    while IFS= read -r word; do : >"$run/beat"; done
    kill "$guard" 2>/dev/null
    wait "$guard"
    end 0
    clear
    say "gone 0"
}

finish () {
    look
    if [ "$state" = absent ]; then
        kill_strays
        [ "$verb" != remove ] || clear
        report
        return
    fi
    end "$1" || fail "it cannot be ended"
    clear
    say "gone 0"
}

take_orders () {
    verb= name= seconds=30 silence=60 worker_name=cadre-worker machine= files= access= args= want= made=no
    while IFS= read -r line; do
        rest=${line#* }
        case $line in
        go) return ;;
        'verb '*) verb=$rest ;;
        'wait '*) seconds=$rest ;;
        'silence '*) silence=$rest ;;
        'name '*) name=$rest ;;
        'worker '*) worker_name=$rest ;;
        'machine '*) machine=$rest ;;
        'file '*) files=$files$rest$newline ;;
        'access '*) access=$rest ;;
        'arg tcp://@:'*) args=${args}tcp://$here:${rest#tcp://@:}$newline ;;
        'arg '*) args=$args$rest$newline ;;
        esac
        case $line in verb* | wait*) ;; *) want=$want$line$newline ;; esac
    done
    exit 1
}

main () {
    newline='
'
    mask=$(umask)
    umask 077
    here=${SSH_CONNECTION:-127.0.0.1}
    here=${here%% *}
    case $here in *:*) here="[$here]" ;; esac
    take_orders
    root=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/cadre
    store=$root/sha256 run=$root/hosts/$(uname -n)/$name
    [ ! -d "$run" ] || run=$(cd "$run" && pwd -P)
    case $verb in
    start | attach) "$verb" ;;
    status) report ;;
    drain) finish $((seconds * 10)) ;;
    stop) finish 5 ;;
    remove) finish $((seconds * 10 + 5)) ;;
    esac
}

case ${1:-} in
watch)
    run=$2
    shift 2
    watch
    ;;
*) main ;;
esac
