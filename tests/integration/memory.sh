#!/bin/bash
#  A broker that has no memory left says so to whoever waits, and takes what waits once there is some
. "$CADRE_SOURCE_DIR/tests/lib/cluster.sh"
cd "$scratch" || exit 1
ipc=ipc://$scratch/broker
expect 64 '' 'write 16M or more' cadre-broker --listen "$ipc" --memory 1M
CADRE_MEMORY=16M cluster_start 1
export CADRE_BROKER=$ipc
job=$(cadre submit --wait 'head -c 1000000 /dev/zero; :' ::: {1..20} 2>/dev/null)
cadre run -k echo ::: 1 2 >run.out 2>run.err &
run_pid=$!
cadre submit echo ::: 3 >submit.out 2>submit.err &
submit_pid=$!
for name in run submit; do
    checks=$((checks + 1))
    until_ok grep -q "^cadre: the broker's memory is full (.* of 16.0 MiB): " $name.err || fault "$name waits and does not say why: $(cat $name.err)"
done
sleep 7
expect 0 '' '' cadre job forget "$job"
head -c 12000000 /dev/zero | tr '\0' x >"$scratch/large"
expect 64 '' '^cadre: a payload of 11 MiB is more than half of what this broker may hold \(16 MiB\): see --memory$' \
    cadre run --stdin 'wc -c' :::: "$scratch/large"
checks=$((checks + 4))
wait "$run_pid" || fault "run that waited ends with $?"
wait "$submit_pid" || fault "submit that waited ends with $?"
[ "$(cat run.out)" = $'1\n2' ] || fault "run that waited printed '$(cat run.out)'"
[ "$(wc -l <run.err)" = 1 ] || fault "run that waited: $(cat run.err)"
finish
