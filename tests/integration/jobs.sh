#!/bin/bash
#  cadre submit, job, task, worker, broker and doctor, with a broker and two workers
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1

#  ---- no broker
for command in 'job list' 'task list 1' 'worker list' 'broker info' 'submit true ::: 1' 'job wait 1' 'worker drain all'; do
    expect 69 '' '^cadre: there is no broker; start one with' cadre $command
done
expect 69 '' '^cadre: no broker answers at tcp://127.0.0.1:1 \(from --broker\); start one' cadre job list --broker tcp://127.0.0.1:1
expect 69 '' 'from CADRE_BROKER' env CADRE_BROKER=tcp://127.0.0.1:1 cadre run true ::: 1
expect 64 '' "'hub' is not an address" cadre job list --broker hub
expect 64 '' 'CADRE_BROKER' env CADRE_BROKER=nonsense cadre run true ::: 1
mkdir -p "$XDG_CONFIG_HOME/cadre"
echo 'brokr = ipc:///x' >"$XDG_CONFIG_HOME/cadre/config"
expect 78 '' 'line 1 of .*/config is invalid' cadre run true ::: 1
rm "$XDG_CONFIG_HOME/cadre/config"
expect_like 0 '^ok +slot: .*runs commands' '' cadre doctor
expect_like 1 '^bad +broker: no broker answers at tcp://127.0.0.1:1.*cure: ' '' cadre doctor --broker tcp://127.0.0.1:1
expect 64 '' 'one word too many' cadre doctor please
expect_like 0 '"verdict":"ok"' '' cadre doctor -o ndjson

expect 64 '' "CADRE_RECONNECT: 'soon' is not a duration: .*, or forever" env CADRE_RECONNECT=soon cadre run true ::: 1
expect 64 '' "^[0-9TZ:.-]+ cadre-broker: CADRE_BEAT: 'soon' is not a duration" env CADRE_BEAT=soon cadre-broker
expect 64 '' "^[0-9TZ:.-]+ cadre-worker: CADRE_SLOTS: 'many' is not possible" env CADRE_SLOTS=many cadre-worker

#  ---- a broker alone
cluster_start 0
expect_like 1 '^bad +workers: 0 with 0 slots; cure: start one' '' cadre doctor --broker "$ipc"
expect 0 'JOB NAME KIND STATE TASKS WAITING RUNNING DONE FAILED SUBMITTED ENDED CLIENT' '' cadre job list --broker "$ipc"
expect 0 '[]' '' cadre job list --broker "$ipc" -o json
expect 0 '' '' cadre job list --broker "$ipc" -o ndjson
cluster_stop

cluster_start 2 --plugin "$plugins/arithmetic.so"
printf '# ours\n\n  broker = %s\n' "$tcp" >"$XDG_CONFIG_HOME/cadre/config"
expect_like 0 "^ok +broker: $tcp answers \(from .*/config\)" '' cadre doctor
expect_like 0 '^ok +functions: .*square' '' cadre doctor
rm "$XDG_CONFIG_HOME/cadre/config"

#  ---- run, call and map over tcp and ipc
for broker in "$tcp" "$ipc"; do
    export CADRE_BROKER=$broker
    expect 0 $'a\nb\nc' '' cadre run -k echo ::: a b c
    expect 2 '' '^cadre: task 3 exit 4 at (alpha|beta): exit 4$' cadre run -k 'exit {}' ::: 0 3 4
    expect 0 49 '' cadre call square 7
    expect 0 $'1\n4\n9' '' cadre map square < <(seq 3)
    expect 1 '' "no worker offers 'sqare'; nearest: square" cadre call sqare 7
    expect 64 '' 'add --local' cadre call --plugin x.so square 7
    expect 1 '' 'halted' cadre run --halt now,fail=1 'sleep {}; exit 1' ::: 0.1 30 30
    expect 0 'x' '' cadre run --needs gpu echo ::: x
    expect 1 '' 'tpu' cadre run --needs tpu echo ::: x
done
expect 0 "$scratch 5" '' env FOO=5 CADRE_BROKER="$ipc" cadre run 'echo $PWD $FOO; :' ::: a
expect 0 '/usr 5' '' env FOO=5 CADRE_BROKER="$tcp" cadre run --env FOO --workdir /usr 'echo $PWD $FOO; :' ::: a
expect 0 'x' '' env CADRE_BROKER=tcp://127.0.0.1:1 cadre run --local echo ::: x
export CADRE_BROKER=$ipc

#  ---- submit and its job
expect 64 '' 'a command is missing' cadre submit
expect 64 '' "unrecognized option '--halt'" cadre submit --halt never true ::: 1
expect 0 'echo a' '' cadre submit --dry-run echo ::: a
expect_like 2 '^[0-9]+$' '^cadre: task [0-9]+\.1 exit 1 at' cadre submit --wait 'exit {}' ::: 0 1 2
expect 64 '' 'exclude each other' cadre submit --durable --no-durable true ::: 1
expect 64 '' 'worker-lost=0' cadre submit --no-rerun --retries worker-lost=1 true ::: 1
expect 64 '' "'exit=x' does not limit tries: .*out-of-memory, worker-lost" cadre run --retries exit=x true ::: 1
expect 64 '' "'soon' is not a duration|soon" cadre run --backoff soon true ::: 1
expect 64 '' 'soon' cadre run --expire soon true ::: 1
expect_like 0 '^store +.*/state/' '' cadre broker info
job=$(cadre submit --name trio --no-durable 'echo out{}; echo err{} >&2; exit {}' ::: 0 1 2 2>stderr)
checks=$((checks + 1))
[[ $job =~ ^[0-9]+$ ]] || fault "submit printed '$job'"
expect_text "^cadre: job $job is kept in the broker's memory alone" stderr submit
expect 1 '' "^cadre: task $job\.1 exit 1 at" cadre job wait "$job"
expect 1 '' "^cadre: task $job\.2 exit 2 at" cadre job wait "$job" --timeout 10s
expect_like 0 '^failed +2$' '' cadre job info "$job"
expect_like 0 '"failed": 2' '' cadre job info "$job" -o json
expect_like 0 "^$job +trio +command +done" '' cadre job list
expect_like 0 "\"job\":$job," '' cadre job list -o ndjson --state done
expect_like 0 "^$job\.2 +exit +2" '' cadre job results "$job"
expect_like 0 "\"task\":\"$job\.0\",\"outcome\":\"ok\",\"code\":0" '' cadre job results "$job" -o ndjson
expect_like 0 '^out1$' '^err2$' cadre job logs "$job"
expect_like 0 "^$job\.1	out1$" "^$job\.1	err1$" cadre job logs --tag "$job"
expect 0 out1 '^err1$' cadre task logs "$job.1"
expect_like 0 '^1 +done +exit +1' '' cadre task list "$job"
expect 0 'TASK STATE OUTCOME CODE TRIES WORKER RAN' '' cadre task list "$job" --outcome timeout
expect_like 0 '"index":2,.*"outcome":"exit"' '' cadre task list "$job" --outcome exit -o ndjson
expect_like 0 '"index":0,' '' cadre task list "$job" --outcome ok --state done -o ndjson
expect 64 '' "'well' is not an outcome; the outcomes are: ok, error, exit" cadre task list "$job" --outcome well
expect 77 '' "task $job.1 is not in quarantine" cadre task drop "$job.1"
expect_like 0 '^outcome +exit$' '' cadre task info "$job.2"
expect 0 'ended: exit, after 1 try' '' cadre task explain "$job.2"
expect 0 '' '^cadre: 2 tasks queued again$' cadre job retry "$job"
expect 1 '' 'exit 2' cadre job wait "$job"
expect 0 '' '0 tasks cancelled' cadre job cancel "$job"
for command in 'job info' 'job wait' 'job results' 'job forget' 'task list'; do
    expect 64 '' "'$job.0' is one task, and this is for a whole job: write $job\\b" cadre $command "$job.0"
done
expect 0 '' '' cadre job forget "$job"
for command in "job info $job" "job wait $job" "job results $job" "job logs $job" "job cancel $job" "job retry $job" \
    "job forget $job" "task list $job" "task info $job.0" "task explain $job.0" "task logs $job.0" "task drop $job.0"; do
    expect 66 '' "no (job|task) $job" cadre $command
done
#  Many at once
for i in 1 2 3; do cadre submit true ::: 1 >>many 2>>many.err; done
for job in $(cat many); do expect 0 '' '' cadre job wait "$job"; done
expect 0 '' '^cadre: 0 jobs forgotten$' cadre job forget --state done --older-than 1d
expect 64 '' 'give one of them' cadre job forget 1 --state done
expect 64 '' "'active' is not a state" cadre job forget --state active
expect_like 0 '' '^cadre: [1-9][0-9]* jobs forgotten$' cadre job forget --state done
expect 66 '' 'no job' cadre job info "$job"
cadre submit 'sleep 60; #' ::: 1 >>many 2>>many.err
expect_like 0 '' '^cadre: [1-9][0-9]* tasks? cancelled$' cadre job cancel --state active
expect 1 '' 'cancelled' cadre job wait "$(tail -1 many)"

for command in info wait results logs cancel retry forget; do
    expect 64 '' 'is missing' cadre job $command
    expect 64 '' "'x' is not a job" cadre job $command x
    expect 64 '' 'one word too many' cadre job $command 1 2
    expect_like 0 'Examples?:' '' cadre job $command --help
done
for command in info explain logs drop; do
    expect 64 '' 'is missing' cadre task $command
    expect 64 '' "'1' is not a task: write JOB.TASK" cadre task $command 1
    expect 64 '' "'1.x' is not a task" cadre task $command 1.x
    expect_like 0 'Examples?:' '' cadre task $command --help
done
expect 64 '' "'frob' is not a state: write open, active, done or cancelled" cadre job list --state frob
expect 64 '' "'failed' is not a state: write waiting, leased or done" cadre task list 1 --state failed
expect_like 0 '^0 +done +ok' '' cadre task list "$(cadre submit --wait true ::: 1 2>/dev/null)" --state done
expect 64 '' "'yaml' is not an output format" cadre job list -o yaml
expect 64 '' 'one word too many' cadre job list 1

#  Tries by cause; what must not run twice; a durable job; a task that kills slot after slot.
mark=$scratch/tries
expect 1 x '^cadre: task 1 exit 1' cadre run --retries exit=2,timeout=9 --backoff 10ms 'echo x; echo {} >>'"$mark"'; exit 1' ::: a
[ "$(wc -l <"$mark")" = 3 ] || fault "--retries exit=2: $(wc -l <"$mark") tries, not 3"
expect 0 'a' '' cadre run --no-rerun --expire 1h echo ::: a
durable=$(cadre submit --durable --retries 1 --expire 1h 'echo {}' ::: a b 2>stderr)
checks=$((checks + 1))
[[ $durable =~ ^[0-9]+$ ]] || fault "submit --durable printed '$durable'"
expect_text '' stderr 'submit --durable'
expect_like 0 '^durable +(true|yes|1)' '' cadre job info "$durable"

#  What a name would do to a terminal is shown, not done.
odd=$(cadre submit --name $'a\e[31m' true ::: 1)
expect_like 0 '^name +a\\x1b\[31m$' '' cadre job info "$odd"
expect_like 0 'a\\x1b\[31m ' '' cadre job list
expect 0 '' '' cadre job wait "$durable"
expect 0 $'a\nb' '' cadre job logs "$durable"

#  A job that takes its time.
job=$(cadre submit sleep ::: 30 30 30 2>/dev/null)
expect 75 '' "^cadre: job $job has not ended in time; it continues$" cadre job wait --timeout 200ms "$job"
expect 77 '' "cancel it first" cadre job forget "$job"
expect 0 '' '^cadre: 1 task cancelled$' cadre job cancel "$job.0"
expect 0 '' '^cadre: 2 tasks cancelled$' cadre job cancel "$job"
expect 1 '' 'cancelled' cadre job wait "$job"

#  ---- long lists come in pages, and end quietly when their reader has gone
long=$(cadre submit --name long --needs nowhere true :::: <(seq 25000) 2>/dev/null)
expect 0 25000 '' bash -c "cadre task list $long -o ndjson | wc -l"
expect 0 $'0\n9999\n10000\n20000\n24999' '' bash -c \
    "cadre task list $long -o ndjson | sed 's/.*\"index\":\([0-9]*\).*/\\1/' | sed -n '1p;10000p;10001p;20001p;25000p'"
expect 0 25001 '' bash -c "cadre task list $long | wc -l"
expect 0 1 '' bash -c "cadre task list $long | cut -c 1-12 | grep -c TASK"
expect 0 25000 '' bash -c "cadre task list $long -o json | grep -c '\"index\": '"
expect 0 '' '' bash -c "cadre task list $long -o json | python3 -c 'import json, sys; assert [task [\"index\"] for task in json.load (sys.stdin)] == list (range (25000))'"
expect 0 '' '^cadre: 25,?000 tasks cancelled$' cadre job cancel "$long"
for listing in "task list $long" "task list $long -o json" "job results $long" "job results --wait $long -o ndjson"; do
    checks=$((checks + 1))
    timeout 20 cadre $listing 2>stderr | head -n 2 >/dev/null
    [ "${PIPESTATUS[0]}" = 141 ] || fault "$listing, whose reader goes: not SIGPIPE"
    expect_text '' stderr "$listing, whose reader goes"
done
expect 0 25001 '' bash -c "cadre job results $long | wc -l"
expect 0 25000 '' bash -c "cadre job results $long -o json | python3 -c 'import json, sys; print (len (json.load (sys.stdin)))'"
checks=$((checks + 1))
cadre job results "$long" >/dev/full 2>stderr
[ $? = 125 ] || fault 'results on a full disk: not 125'
expect_text 'No space left on device' stderr 'results on a full disk'
loud=$(cadre submit 'seq 100000 #' ::: 1 2>/dev/null)
cadre job wait "$loud"
checks=$((checks + 1))
timeout 20 cadre job logs "$loud" 2>stderr | head -n 2 >/dev/null
[ "${PIPESTATUS[0]}" = 141 ] || fault "logs whose reader goes: not SIGPIPE"
expect_text '' stderr 'logs whose reader goes'

#  ---- output that was more than is kept is told everywhere
flood=$(cadre submit --no-durable 'head -c 20000000 /dev/zero #' ::: 1 2>/dev/null)
expect 0 '' "^cadre: job $flood: output of 1 task was cut for lack of room" cadre job wait "$flood"
expect_like 0 "^$flood\.0 +ok" 'output of 1 task was cut' cadre job results "$flood"
expect_like 0 '^cut outputs +1$' '' cadre job info "$flood"
expect_like 0 '^cut output +true$' '' cadre task info "$flood.0"
expect_like 0 '^tasks whose output was cut +1$' '' cadre broker info
expect_text "B052: job $flood: output of task 0 is cut: it is more than the 16 MiB" "$scratch/broker.log" 'the log of the broker'
expect_like 0 '^warn +output: output of 1 tasks was cut' '' cadre doctor
for logs in "job logs $flood" "task logs $flood.0"; do
    checks=$((checks + 1))
    cadre $logs >flood.out 2>stderr
    [ $? = 1 ] || fault "$logs of output that was cut: not 1"
    expect_text "task $flood.0 wrote more than is kept" stderr "$logs"
done

#  ---- workers and broker
expect_like 0 '^[0-9]+ +alpha .* ready +1 .* square, divide' '' cadre worker list
expect_like 0 '"name":"beta"' '' cadre worker list -o ndjson
expect_like 0 '"labels": \[' '' cadre worker list -o json
expect 66 '' "no worker 'nobody'" cadre worker drain nobody
expect 66 '' 'no worker 4711' cadre worker stop 4711
expect 64 '' 'is missing' cadre worker stop
expect 64 '' 'one word too many' cadre worker list all
for command in list drain stop; do
    expect_like 0 'Examples?:' '' cadre worker $command --help
done
expect_like 0 '^workers +2$' '' cadre broker info
expect_like 0 '"state": "running"' '' cadre broker info -o json
expect 64 '' 'one word too many' cadre broker info x
for command in info drain stop; do
    expect_like 0 'Examples?:' '' cadre broker $command --help
done
expect_like 0 '[Uu]sage|--slots' '' cadre worker start --help
expect_like 0 '[Uu]sage|--listen' '' cadre broker start --help
expect_like 69 '' '(address|port).*use' cadre broker start --listen "$tcp"
expect 0 '' '^cadre: 1 worker drained$' cadre worker drain alpha
until_ok slots_are 1 || fault 'alpha does not leave'
expect 0 '' '^cadre: 1 worker told to stop$' cadre worker stop beta
until_ok slots_are 0 || fault 'beta does not leave'
expect 0 '' '^cadre: the broker has ended$' cadre broker drain
checks=$((checks + 1))
wait "$broker_pid" || fault "a drained broker ends with $?"
cluster_stop
cluster_start 1
CADRE_RECONNECT=15s cadre run "touch $scratch/runs; sleep 30; :" ::: 1 2>run.err &
run_pid=$!
until_ok test -e "$scratch/runs" || fault 'nothing runs'
expect 0 '' '^cadre: the broker stops$' cadre broker stop
checks=$((checks + 2))
wait "$broker_pid" || fault "a stopped broker ends with $?"
wait "$run_pid"
[ $? = 69 ] || fault 'run whose broker has stopped: not 69'
expect_text '^cadre: the broker at .* does not answer; reconnecting; Ctrl-C ends this$' run.err 'run whose broker has stopped'
expect_text '^cadre: the broker at .* does not answer: is it running\?$' run.err 'run whose broker stays away'

#  ---- the default place
cluster_stop
start "$bin/cadre-broker" --listen "ipc://$XDG_RUNTIME_DIR/cadre" 2>>"$scratch/broker.log"
until_ok cadre broker info --broker "ipc://$XDG_RUNTIME_DIR/cadre"
unset CADRE_BROKER
expect_like 0 '^state +running$' '' cadre broker info
expect 0 'x' '' cadre run --local echo ::: x
finish
