#!/bin/bash
#  A broker that has no memory left says so to whoever waits, lets small things in all the same, and
#  takes what waits once there is some
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
ipc=ipc://$scratch/broker
expect 64 '' 'write 16M or more' cadre-broker --listen "$ipc" --memory 1M
CADRE_MEMORY=16M cluster_start 1
export CADRE_BROKER=$ipc
for _ in {1..20}; do
    head -c 1000000 /dev/zero | tr '\0' x
    echo
done >lines
start cadre run --needs nobody --stdin 'wc -c' :::: lines 2>fill.err
fill_pid=${started[-1]}
checks=$((checks + 3))
until_ok grep -q "^cadre: the broker's memory is full (.* of 16.0 MiB): " fill.err || fault "who fills it is not told: $(cat fill.err)"
expect 0 $'1\n2' '' cadre run -k echo ::: 1 2
expect_like 0 '^[0-9]+$' 'in the broker.s memory alone' cadre submit --no-durable echo ::: 3
head -c 12000000 /dev/zero | tr '\0' x >"$scratch/large"
expect 64 '' '^cadre: a payload of 11 MiB is more than half of what this broker may hold \(16 MiB\): see --memory$' \
    cadre run --stdin 'wc -c' :::: "$scratch/large"
cadre run --stdin 'wc -c' :::: lines >run.out 2>run.err &
run_pid=$!
kill "$fill_pid"
wait "$run_pid" || fault "run that waited ends with $?: $(cat run.err)"
[ "$(sort -u run.out)" = 1000001 ] && [ "$(wc -l <run.out)" = 20 ] || fault "run that waited printed '$(head -c 200 run.out)'"
finish
