#!/bin/bash
#  crowd.sh - 64 workers on hosts of their own, which are started, and so register, in the same
#  instant. Each runs a task of a job that waits for them. How long that took is printed, not
#  judged.
. "$CADRE_SOURCE_DIR/tests/lib/shell/hosts.sh"

count=64
workers=()
for n in $(seq "$count"); do
    workers+=("w$n")
done
hosts_new hub desk "${workers[@]}"
hosts_keys worker "${workers[@]}"
hosts_keys client desk
CADRE_ACCESS=$(access desk)
export CADRE_ACCESS

start_on hub cadre-broker --listen tcp://10.77.0.1:5700 --keys "$keys" 2>>"$scratch/broker.log"
broker=$!
until_ok on desk cadre broker info

#  A task says on which host it runs, and goes on until all of them do.
mkdir "$scratch/ran"
#  shellcheck disable=SC2046
job=$(on desk cadre submit "hostname >$scratch/ran/{}; until [ -e $scratch/gate ]; do sleep 0.2; done" ::: $(seq "$count") 2>/dev/null)

ran () {
    [ "$(cat "$scratch"/ran/* 2>/dev/null | sort -u | wc -l)" = "$count" ]
}

#  Who opens the pipe for reading waits for a writer; then all of them go on at once.
mkfifo "$scratch/go"
pids=()
for worker in "${workers[@]}"; do
    start_on "$worker" sh -c 'read -r go <"$0"; exec "$@"' "$scratch/go" \
        cadre-worker --access "$(access "$worker")" --name "$worker" --slots 1 2>>"$scratch/$worker.log"
    pids+=("$!")
done
sleep 1
begun_ms=$(date +%s%3N)
: >"$scratch/go"
check "all $count workers run a task" until_ok ran
printf '%d workers in namespaces of their own ran a task each %d ms after they were started in the same instant\n' \
    "$count" "$(($(date +%s%3N) - begun_ms))"
touch "$scratch/gate"
expect 0 '' '' on desk cadre job wait --timeout 30s "$job"
on desk cadre worker list -o ndjson >"$scratch/list"
check "all are listed" test "$(grep -c '"state":"ready"' "$scratch/list")" = "$count"
check "nobody registered twice" test "$(grep -c 'registers with key' "$scratch/broker.log")" = "$count"
check "nobody was lost" eval '! grep -q "is lost" "$scratch/broker.log"'

kill -TERM "${pids[@]}"
for pid in "${pids[@]}" "$broker"; do
    check "a daemon ends in peace" hosts_stop "$pid"
done
check "nothing runs on any host" hosts_idle
[ "$faults" = 0 ] || tail -n 5 "$scratch"/*.log >&2
finish
