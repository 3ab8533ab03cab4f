#!/bin/bash
#  namespaces.sh - six hosts: broker, four workers, client. Each is cut off, for longer than a peer
#  is waited for, and healed, at every stage of a job. Each task has one outcome and the right
#  value, and nothing is left behind.
. "$CADRE_SOURCE_DIR/tests/lib/shell/hosts.sh"

tasks=10
cut_s=1.5 #  The broker gives a silent peer up after 1 s
hosts_new hub w1 w2 w3 w4 desk
hosts_keys worker w1 w2 w3 w4
hosts_keys client desk

start_on hub cadre-broker --listen tcp://10.77.0.1:5700 --keys "$keys" --beat 200ms --lost 1s 2>>"$scratch/broker.log"
daemons=("$!")
for worker in w1 w2 w3 w4; do
    start_on "$worker" cadre-worker --access "$(access "$worker")" --name "$worker" --slots 2 2>>"$scratch/$worker.log"
    daemons+=("$!")
done
CADRE_ACCESS=$(access desk)
export CADRE_ACCESS

desk () {
    on desk cadre "$@"
}

slots_are () {
    desk broker info -o ndjson 2>/dev/null | grep -q "\"slots\":$1[,}]"
}

#  A task says that it runs, waits for the gate, and squares its number.
task () {
    printf 'touch %s/$CADRE_TASK.{}; until [ -e %s/gate ]; do sleep 0.05; done; echo $(({}*{}))' "$1" "$1"
}

running () {
    [ "$(find "$1" -name '*.*' | wc -l)" -ge "$2" ]
}

submit () {
    #  shellcheck disable=SC2046
    desk submit "$(task "$1")" ::: $(seq "$tasks") 2>>"$scratch/desk.log"
}

#  The same words, but nobody is there yet to hear them: it is tried for as long as the cut may
#  last.
submit_on () {
    local number
    until number=$(submit "$1") && [ -n "$number" ]; do
        sleep 0.1
    done
    echo "$number"
}

#  Each task once, ok, with its value.
verify () {
    local label=$1 job=$2 n
    check "$label: wait" desk job wait --timeout 40s "$job" 2>>"$scratch/desk.log"
    desk task list "$job" -o ndjson >"$scratch/list"
    check "$label: $tasks tasks" test "$(wc -l <"$scratch/list")" = "$tasks"
    check "$label: all ok" test "$(grep -c '"outcome":"ok"' "$scratch/list")" = "$tasks"
    desk job logs --tag "$job" 2>&1 | sort -t "$(printf '\t')" -k 1.1V >"$scratch/values"
    for n in $(seq "$tasks"); do
        printf '%s.%d\t%d\n' "$job" $((n - 1)) $((n * n))
    done >"$scratch/right"
    check "$label: values" cmp "$scratch/right" "$scratch/values"
    desk job forget "$job" >/dev/null 2>&1
}

cut () {
    hosts_cut "$1"
    sleep "$cut_s"
}

#  A client that waits for the job all the while.
watch_job () {
    on desk cadre job wait --timeout 40s "$1" >"$scratch/watch" 2>&1 &
    watcher=$!
}

#  stage NAME HOST: a job, and HOST is cut off at that stage of it
stage () {
    local name=$1 host=$2 label="$2 cut off $1" dir job hold=
    dir=$(mktemp -d "$scratch/job-XXXXXX")
    check "$label: all workers are there" until_ok slots_are 8
    case $name in
    before)
        hosts_cut "$host"
        submit_on "$dir" >"$dir.number" &
        sleep "$cut_s"
        hosts_heal "$host"
        wait "$!"
        job=$(cat "$dir.number")
        watch_job "$job"
        touch "$dir/gate"
        ;;
    waiting) #  All slots are taken by another job
        mkdir "$dir/hold"
        #  shellcheck disable=SC2046
        hold=$(desk submit "$(task "$dir/hold")" ::: $(seq 8) 2>/dev/null)
        until_ok running "$dir/hold" 8
        job=$(submit "$dir")
        watch_job "$job"
        cut "$host"
        hosts_heal "$host"
        touch "$dir/hold/gate" "$dir/gate"
        check "$label: the other job" desk job wait --timeout 40s "$hold"
        desk job forget "$hold" >/dev/null 2>&1
        ;;
    running)
        job=$(submit "$dir")
        watch_job "$job"
        until_ok running "$dir" 8
        cut "$host"
        hosts_heal "$host"
        touch "$dir/gate"
        ;;
    returning) #  Results are on their way, or cannot leave
        job=$(submit "$dir")
        watch_job "$job"
        until_ok running "$dir" 8
        hosts_cut "$host"
        touch "$dir/gate"
        sleep "$cut_s"
        hosts_heal "$host"
        ;;
    after)
        job=$(submit "$dir")
        watch_job "$job"
        touch "$dir/gate"
        check "$label: wait" desk job wait --timeout 40s "$job"
        cut "$host"
        hosts_heal "$host"
        ;;
    esac
    checks=$((checks + 1))
    wait "$watcher" || fault "$label: who waits is told: $(cat "$scratch/watch")"
    verify "$label" "$job"
    rm -rf "$dir"
}

for stage in before waiting running returning after; do
    for host in "${hosts[@]}"; do
        stage "$stage" "$host"
    done
done

#  ---- A cut that nobody takes for a loss: the client's own session goes on, and its output is
#  complete.
for host in "${hosts[@]}"; do
    until_ok slots_are 8
    (sleep 0.3; hosts_cut "$host"; sleep 0.4; hosts_heal "$host") &
    expect 0 "$(seq 24)" '' on desk cadre run -k 'sleep 0.2; echo {}' ::: $(seq 24)
    wait "$!"
done

#  ---- Names of workers and hosts are shown
until_ok slots_are 8
desk worker list -o ndjson >"$scratch/list"
for worker in w1 w2 w3 w4; do
    for key in name host key; do
        check "worker list shows the $key of $worker" grep -q "\"$key\":\"$worker\"" "$scratch/list"
    done
done

#  ---- Nothing is left behind
for pid in "${daemons[@]:1}" "${daemons[0]}"; do
    check "a daemon ends in peace" hosts_stop "$pid"
done
check "nothing runs on any host: $(hosts_pids | xargs -r ps -o pid,args -p 2>/dev/null)" hosts_idle
[ "$faults" = 0 ] || tail -n 40 "$scratch"/*.log >&2
finish
