#!/bin/bash
#  A broker stays within its memory whatever is asked of it, and others' tasks go on: with a limit
#  of 64 MB each case asks for several times that.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
overload=$CADRE_BUILD_DIR/tests/lib/programs/overload
limit_mb=64 most_mb=96
broker_options=(--store "$scratch/store" --memory "${limit_mb}M")
#  A sanitizer keeps what was freed for a while, and has shadows
case $CADRE_BUILD_DIR in *san) most_mb=700 ;; esac

peak_mb () {
    awk '/VmHWM/ { print int ($2 / 1024) }' "/proc/$broker_pid/status"
}

#  begin NAME: a fresh broker with two workers
begin () {
    name=$1
    cluster_start 2 --plugin "$plugins/arithmetic.so" --plugin "$plugins/labour.so" --plugin "$plugins/trouble.so"
    export CADRE_BROKER=$ipc
}

#  Somebody who asks too much; goes with the broker.
ask () {
    start "$overload" "$@" >"$scratch/asks" 2>"$scratch/asks.errors"
}

#  Others get all their results, and the broker has kept within what it may
others () {
    checks=$((checks + 2))
    timeout 50 "$overload" tasks "$ipc" 20000 >"$scratch/stdout" 2>"$scratch/stderr" ||
        fault "$name: others' tasks: $(cat "$scratch/stderr" "$scratch/asks.errors")"
    [ "$(peak_mb)" -le $most_mb ] || fault "$name: the broker held $(peak_mb) MB, which is more than $most_mb"
}

end () {
    printf '%s: at most %s MB\n' "$name" "$(peak_mb)"
    cluster_stop
    rm -rf "$scratch/broker" "$scratch"/store*
}

explains () {
    cadre task explain 1.19999 | grep -q "$1"
}

said () {
    grep -q "$1" "$scratch/asks"
}

begin "a queue of 700,000 durable tasks"
ask queue "$ipc" 700000 durable
until_ok said queued || fault "$name: it is not taken: $(cat "$scratch/asks.errors")"
others
end

begin "a client that submits 100 MB faster than they are worked off"
ask flood "$ipc" 1000 attached
until_ok said '[0-9]'
others
end

begin "results of 100 MB that their client does not read"
ask deaf "$ipc" 10000 10000 attached
until_ok said submitted
others
end

#  What was under way when they filled it comes on top, and must leave room for others' frames: with
#  64 MB that is too much.
broker_options=(--store "$scratch/store" --memory 128M) most_mb=$((most_mb + 64))
begin "results of 200 MB in memory that nobody fetches"
ask deaf "$ipc" 20000 10000 detached
until_ok said submitted
others
until_ok explains 'results that were not forgotten fill the broker.s memory' ||
    fault "$name: it does not rest: $(cadre task explain 1.19999)"
end
broker_options=(--store "$scratch/store" --memory "${limit_mb}M") most_mb=$((most_mb - 64))

begin "durable results of 100 MB that nobody fetches, and then somebody does"
ask deaf "$ipc" 10000 10000 durable
until_ok said submitted
others
expect 0 '' '' cadre job wait 1
expect 0 "$(seq -s " " 0 9999)" '' bash -c "cadre job results 1 -o ndjson | cut -d'\"' -f4 | cut -d. -f2 | sort -n | tr '\n' ' '"
others
end

begin "a command that prints 300 MB, kept on disk"
job=$(cadre submit 'head -c 300M /dev/zero #' ::: 1)
others
expect 0 '' 'output of 1 task was cut for lack of room' cadre job wait "$job"
expect 0 16 '' bash -c "cadre job logs $job 2>/dev/null | wc -c | awk '{ print int (\$1 / 1048576 + 0.5) }'"
end

begin "a command that prints 300 MB to somebody who does not read"
mkfifo "$scratch/pipe"
exec 9<>"$scratch/pipe"
start cadre run 'head -c 300M /dev/zero #' ::: 1 >&9
others
expect 0 $((300 * 1048576)) '' bash -c "head -c $((300 * 1048576)) <&9 | wc -c"
exec 9<&-
rm "$scratch/pipe"
others
end

begin "a worker that never reads its lane"
ask lane "$ipc"
until_ok said registered
others
end
finish
