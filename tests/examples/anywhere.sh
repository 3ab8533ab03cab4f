#!/bin/bash
#  One program is client, slots and worker: first on this machine alone, then as two workers of a
#  broker.
set -euo pipefail
scratch=$(mktemp -d)
pids=()
stop () {
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null && wait "$pid" || true
    done
    rm -rf "$scratch"
}
trap stop EXIT
anywhere=$CADRE_BUILD_DIR/bin/anywhere

#  parts FILE: of how many parts the processes say that they counted them
parts () {
    awk '/^process [0-9]+ on / { sum += $6 } END { print sum + 0 }' "$1"
}

"$anywhere" >"$scratch/alone"
[ "$(head -1 "$scratch/alone")" = '78498 primes below 1000000' ]
[ "$(parts "$scratch/alone")" = 40 ]

address=ipc://$scratch/hub
mkdir -m 700 "$scratch/hub"
cadre-broker --listen "$address" 2>"$scratch/broker" &
pids=($! "${pids[@]}") # the broker leaves last
"$anywhere" --cadre-worker --broker "$address" --slots 1 2>"$scratch/one" &
pids=($! "${pids[@]}")
"$anywhere" --cadre-worker --broker "$address" --slots 1 2>"$scratch/two" &
pids=($! "${pids[@]}")
"$anywhere" "$address" >"$scratch/spread"
[ "$(head -1 "$scratch/spread")" = '78498 primes below 1000000' ]
[ "$(parts "$scratch/spread")" = 40 ]

status=0
"$anywhere" ipc:///proc/nowhere 2>"$scratch/said" || status=$?
[ "$status" = 69 ]
[ "$(wc -l <"$scratch/said")" = 1 ]
