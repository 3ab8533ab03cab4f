#  health.sh - cadre worker health tells a worker that works from one that has no broker, is
#  stopped, drains, or is gone; cadre broker health likewise
. "${CADRE_SOURCE_DIR:?run by ctest}/tests/lib/shell/cluster.sh"
file=$scratch/health
export CADRE_HEALTH=$file

well () {
    cadre worker health >"$scratch/said" 2>&1
}

ill () {
    ! well
}

expect_like 1 '' "no process writes $file; start a worker" cadre worker health
expect_like 64 '' 'FILE is missing' env -u CADRE_HEALTH cadre worker health
expect_like 64 '' 'one word too many' cadre worker health a b
expect_like 64 '' 'soon' cadre worker health --within soon
echo nonsense >"$file"
expect_like 1 '' 'is not a status file of cadre' cadre worker health

export CADRE_HEALTH=$scratch/broker.health
expect_like 1 '' "no process writes $CADRE_HEALTH; start a broker" cadre broker health
cluster_start 0
expect_like 0 '^ready: serves; 0 workers, [01] clients?, 0 jobs$' '' cadre broker health
export CADRE_HEALTH=$file
start "$bin/cadre-worker" --broker "$ipc" --slots 1 2>>"$scratch/gamma.log"
worker=${started[-1]}
until_ok well
expect_like 0 '^ready: registered with ipc://.*; 0 of 1 slots run$' '' cadre worker health
expect_like 0 '^ready: ' '' env -u CADRE_HEALTH cadre worker health --within 5s "$file"

#  Stopped, it no longer moves.
old () {
    ! cadre worker health --within 1s >"$scratch/said" 2>&1
}
kill -STOP "$worker"
until_ok old
expect_like 1 '' 'last wrote its status [0-9]+ s ago: it hangs, is stopped or was killed' cadre worker health --within 1s
kill -CONT "$worker"
until_ok well

#  Without its broker it cannot serve.
kill -STOP "$broker_pid"
until_ok ill
expect_like 1 '' 'the worker is away: reconnecting to the broker at ipc://.*; check its broker' cadre worker health
expect_like 1 '' 'the broker last wrote its status [0-9]+ s ago: it hangs, is stopped or was killed' cadre broker health --within 1s "$scratch/broker.health"
kill -CONT "$broker_pid"
until_ok well

#  A drain is no illness.
start "$bin/cadre" run --broker "$ipc" "touch $scratch/runs; sleep 3; : {}" ::: 1 >/dev/null 2>&1
until_ok test -e "$scratch/runs"
kill -TERM "$worker"
draining () {
    grep -q '^[0-9]* stopping' "$file"
}
until_ok draining
expect_like 0 '^stopping: drains; tasks held: 1$' '' cadre worker health
wait "$worker"
expect_like 1 '' "no process writes $file" cadre worker health

#  Who leaves with nothing to do says goodbye at once: the next beat, which would wake it, is
#  further away than it waits.
start "$bin/cadre-broker" --listen "ipc://$scratch/slow" --beat 60s --lost 600s 2>"$scratch/slow.log"
start env -u CADRE_HEALTH "$bin/cadre-worker" --broker "ipc://$scratch/slow" --name hasty 2>/dev/null
until_ok grep -q "worker hasty is ready" "$scratch/slow.log"
kill -TERM "${started[-1]}"
wait "${started[-1]}" || fault "a worker that was told to leave ends with $?"
until_ok grep -q "worker hasty leaves" "$scratch/slow.log"
finish
