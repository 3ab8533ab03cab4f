#!/bin/bash
#  The output of tries that failed or were lost is not printed, unless it is asked for.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
cluster_start 2
export CADRE_BROKER=$ipc
tries='echo half $CADRE_ATTEMPT; echo bad $CADRE_ATTEMPT >&2; [ $CADRE_ATTEMPT = 3 ] && echo full #'

#  ---- failed tries
expect 0 $'half 3\nfull' '^bad 3$' cadre run --retries 2 "$tries" ::: A
job=$(cadre submit --retries 2 "$tries" ::: A 2>/dev/null)
cadre job wait "$job"
for logs in "job logs $job" "job logs --wait $job" "task logs $job.0"; do
    expect 0 $'half 3\nfull' '^bad 3$' cadre $logs
    checks=$((checks + 1))
    ! grep -q 'bad [12]' "$scratch/stderr" || fault "$logs: stderr of void tries"
    expect 0 $'half 1\nhalf 2\nhalf 3\nfull' '^bad 2$' cadre $logs --all-tries
done
expect 0 $'half 1\nhalf 2\nhalf 3\nfull' "^cadre: task $job.0: try 3 counts; what its earlier tries printed is void$" \
    cadre task logs --wait "$job.0"

#  The last try wrote nothing: what earlier ones wrote is void all the same.
silent='[ $CADRE_ATTEMPT = 2 ] || { echo half; exit 1; } #'
expect 0 '' '' cadre run --retries 1 "$silent" ::: A
expect 0 half 'task 1: try 2 counts' cadre run -u --retries 1 "$silent" ::: A
job=$(cadre submit --retries 1 "$silent" ::: A 2>/dev/null)
cadre job wait "$job"
expect 0 '' '' cadre job logs "$job"

#  A failed job that is tried again by hand.
job=$(cadre submit 'echo try $CADRE_ATTEMPT; exit 1 #' ::: A 2>/dev/null)
cadre job wait "$job" 2>/dev/null
cadre job retry "$job" 2>/dev/null
cadre job wait "$job" 2>/dev/null
expect 0 'try 2' '' cadre job logs "$job"

#  ---- a worker that is killed in the middle
cluster_stop
broker_options=(--lost 2s)
cluster_start 1
export CADRE_BROKER=$ipc
lost="echo half; test -e $scratch/mark || { touch $scratch/mark; sleep 30; }; echo full #"
cadre run "$lost" ::: A >run.out 2>run.err &
run_pid=$!
job=$(cadre submit -j1 "echo begin \$CADRE_ATTEMPT; sleep 0.1; echo end #" ::: A 2>/dev/null)
until_ok test -e mark || fault 'nothing runs'
kill -KILL "${started[1]}"
start "$bin/cadre-worker" --broker "$ipc" --name beta --slots 1 2>>"$scratch/beta.log"
checks=$((checks + 1))
wait "$run_pid" || fault "run ended with $?"
[ "$(cat run.out)" = $'half\nfull' ] || fault "run printed: $(cat run.out)"
cadre job wait "$job"
expect_like 0 '^begin 1$' '' cadre job logs "$job"

#  ---- a worker that is stopped in the middle
rm mark
cadre run "$lost" ::: A >run.out 2>run.err &
run_pid=$!
until_ok test -e mark || fault 'nothing runs'
cadre worker stop beta 2>/dev/null
start "$bin/cadre-worker" --broker "$ipc" --name gamma --slots 1 2>>"$scratch/gamma.log"
checks=$((checks + 1))
wait "$run_pid" || fault "run ended with $?"
[ "$(cat run.out)" = $'half\nfull' ] || fault "run printed: $(cat run.out)"
finish
