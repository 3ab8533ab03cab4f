#!/bin/bash
#  Drains of brokers and workers: what they wait for, their timeouts, and who waits for the next
#  broker meanwhile.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
broker_options=(--store none)
cluster_start 1
export CADRE_BROKER=$ipc

#  joined PID CODE WHAT: a command in the background ends with CODE
joined () {
    local got
    wait "$1"
    got=$?
    checks=$((checks + 1))
    [ "$got" = "$2" ] || fault "$3: exit $got, not $2"
}

clients_are () {
    cadre broker info -o ndjson | grep -q "\"clients\":$1[,}]"
}

#  ---- the broker waits for a detached job that only its memory holds; new jobs wait for the next
job=$(cadre submit "until test -e $scratch/go; do sleep 0.1; done; #" ::: 1 2>/dev/null)
cadre job wait "$job" >wait.out 2>&1 &
waits=$!
expect 0 '' '^cadre: the broker drains$' cadre broker drain --no-wait
expect_like 0 'state +draining' '' cadre broker info
cadre run 'echo later; #' ::: 1 >run.out 2>run.err &
runs=$!
cadre submit 'touch submitted; #' ::: 1 >submit.out 2>submit.err &
submits=$!
until_ok grep -q 'drains and takes no new jobs: this one waits' run.err
until_ok grep -q 'drains and takes no new jobs; waiting until it is back' submit.err
checks=$((checks + 1))
kill -0 "$broker_pid" || fault 'the broker has dropped a job in its memory'
cadre broker drain >drain.out 2>drain.err &
drains=$!
until_ok clients_are 5 #  The four above, and who asks
touch go
joined "$waits" 0 'a job that a drain waits for'
joined "$drains" 0 'broker drain'
expect_text '^cadre: the broker has ended$' drain.err 'broker drain'
joined "$broker_pid" 0 'a drained broker'
broker_again
joined "$runs" 0 'a run that waits for the next broker'
expect 0 later '' cat run.out
joined "$submits" 0 'a submit that waits for the next broker'
until_ok test -e submitted

#  ---- a worker that was sent SIGTERM is listed as draining; the drain command waits for it
until_ok slots_are 1
job=$(cadre submit "touch began; until test -e $scratch/go2; do sleep 0.1; done; #" ::: 1 2>/dev/null)
until_ok test -e began
kill -TERM "${started[1]}"
draining () {
    cadre worker list -o ndjson | grep -q '"state":"draining"'
}
until_ok draining
cadre worker drain all --timeout 1m 2>drain.err &
drains=$!
until_ok clients_are 2
touch go2
joined "$drains" 0 'worker drain'
expect_text '^cadre: 1 worker drained$' drain.err 'worker drain'
expect 0 '' '' cadre job wait "$job"

#  ---- a timeout of 0 hands running tasks back at once
start cadre-worker --broker "$ipc" --name gamma --slots 1 --drain-timeout 1h 2>>gamma.log
until_ok slots_are 1
job=$(cadre submit 'touch began3; sleep 60; #' ::: 1 2>/dev/null)
until_ok test -e began3
expect 0 '' '^cadre: 1 worker drained$' cadre worker drain gamma --timeout 0
expect_like 0 'state +waiting' '' cadre task info "$job.0"

#  ---- the broker's timeout ends its drain, whatever is left
expect 0 '' '^cadre: the broker has ended$' cadre broker drain --timeout 100ms
joined "$broker_pid" 0 'a broker whose drain was too long'
expect_text "B002: the drain's timeout is over: 1 jobs" broker.log 'the timeout of a drain'

#  ---- a broker that is down at the start is waited for, if CADRE_RECONNECT is set
CADRE_RECONNECT=1m cadre worker list 2>down.err &
lists=$!
until_ok grep -q 'waiting for it as CADRE_RECONNECT says' down.err
broker_again
joined "$lists" 0 'a command that waits for the start of the broker'
finish
