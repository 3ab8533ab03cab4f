#!/bin/bash
#  A broker that is killed and started again while commands wait: each result once, in its order.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1

#  during FILES COMMAND...: the command runs in the background (with our stdin, which bash would
#  take away), its output goes to FILES.out and FILES.err; then: ended CODE FILES
during () {
    local files=$1
    shift
    timeout 100 "$@" <&0 >"$files.out" 2>"$files.err" &
    waiting=$!
    started+=("$waiting")
}

ended () {
    local got
    wait "$waiting"
    got=$?
    checks=$((checks + 1))
    [ "$got" = "$1" ] || fault "$2: exit $got, not $1: $(head -c 600 "$2.err")"
}

#  printed FILES TEXT: stdout is that, byte by byte
printed () {
    checks=$((checks + 1))
    printf '%s\n' "$2" | cmp -s - "$1.out" || { fault "$1: stdout is"; head -c 2000 "$1.out" >&2; }
}

#  Kill it once the command has printed, or done, something; start it again.
restart_after () {
    until_ok "$@" || fault "nothing happens before the restart"
    broker_kill "${signal:-KILL}"
    sleep "${away:-0.3}"
    broker_again
}

lines_are () {
    [ "$(wc -l <"$1")" -ge "$2" ]
}

#  So many clients are there; one is who asks.
clients_are () {
    cadre broker info -o ndjson | grep -q "\"clients\":$1[,}]"
}

runs () {
    cadre job list -o ndjson | grep -q '"running":1[,}]'
}

#  So many tasks of a job have ended well.
done_are () {
    [ "$(cadre job info "$1" -o json | sed -n 's/.*"done": \([0-9]*\).*/\1/p')" -ge "$2" ]
}

#  ==== a broker that has a memory alone ======================================
broker_options=(--store none --lost 3s)
cluster_start 2 --plugin "$plugins/arithmetic.so" --plugin "$plugins/trouble.so" --plugin "$plugins/labour.so"
expect 77 '' 'has no store to keep the job in: start it with --store FILE' cadre submit --durable --broker "$ipc" true ::: 1
for CADRE_BROKER in "$tcp" "$ipc"; do
    export CADRE_BROKER
    #  twice, the second time with a farewell
    during run cadre run -k 'sleep 0.05; echo {}' :::: <(seq 60)
    restart_after lines_are run.out 7
    signal=TERM restart_after lines_are run.out 30
    ended 0 run
    printed run "$(seq 60)"
done

#  What a task wrote before the restart does not count, or is passed over where it is printed at
#  once.
expected=$(for i in 1 2 3 4; do printf 'a%s\nb%s\n' $i $i; done)
for how in -k --keep-order\ --line-buffer --keep-order\ --ungroup; do
    rm -f mark-*
    during halves cadre run $how 'echo a{}; echo {} >mark-{}; sleep 0.6; echo b{}' ::: 1 2 3 4
    restart_after test -e mark-1
    ended 0 halves
    printed halves "$expected"
    expect_text '' halves.err "$how"
done

#  Inputs that come slowly, lines in order; a call; failures are counted once.
during map cadre map square < <(for i in $(seq 40); do echo "$i"; sleep 0.04; done)
restart_after lines_are map.out 8
restart_after lines_are map.out 20
ended 0 map
printed map "$(for i in $(seq 40); do echo $((i * i)); done)"
during chunks cadre map --chunk 5 square < <(for i in $(seq 40); do echo "$i"; sleep 0.04; done)
restart_after lines_are chunks.out 5
ended 0 chunks
printed chunks "$(for i in $(seq 40); do echo $((i * i)); done)"
during call cadre call slow_square 7 1500
away=1 restart_after runs
ended 0 call
printed call 49
rm -f mark-*
during failures cadre run -k 'echo {} >mark-{}; sleep 0.2; exit {}' ::: 0 1 2 0 3
restart_after test -e mark-2
ended 3 failures
checks=$((checks + 1))
[ "$(grep -c '^cadre: task' failures.err)" = 3 ] || fault "failures are not told once each: $(cat failures.err)"

#  What must not run twice, and may have run, has failed: a marker for each time that a task began.
rm -f mark-*
during once cadre run --no-rerun 'echo x >>mark-{}; sleep 1; echo {}' ::: 1 2 3
restart_after test -e mark-1
ended 3 once
expect_text 'task 1 worker-lost.*must not run twice' once.err '--no-rerun'
expect 0 $'a\nb' '' cadre run -k echo ::: a b
checks=$((checks + 1))
[ "$(cat mark-* | wc -l)" = "$(ls mark-* | wc -l)" ] || fault "--no-rerun: a task ran twice: $(grep -c x mark-*)"

#  Ctrl-C while it is away.
during interrupted cadre run 'sleep 30' ::: 1
until_ok runs || fault 'no job'
broker_kill
kill -INT "$waiting"
ended 130 interrupted
broker_again

#  A detached job is gone with the memory that held it: who waits for it is told.
job=$(cadre submit 'sleep {}' ::: 30 2>/dev/null)
during gone cadre job wait "$job"
restart_after clients_are 2
ended 66 gone
expect_text "job $job, which was only in its memory, is lost" gone.err 'job wait'

#  After 5 s somebody who waits hears why, and how that ends. Meanwhile: submit --wait, and a job
#  that is followed.
during patient cadre run -k 'sleep 0.3; echo {}' ::: 1 2 3
until_ok runs || fault 'no job'
broker_kill
until_ok grep -q "the broker at $ipc does not answer; reconnecting; Ctrl-C ends this" patient.err
broker_again
ended 0 patient
printed patient $'1\n2\n3'
checks=$((checks + 1))
[ "$(grep -c 'does not answer' patient.err)" = 1 ] || fault "patient is told more than once: $(cat patient.err)"
expect_text "the broker at $ipc answers again" patient.err patient
cluster_stop

#  ==== a broker with a store ===================================================
broker_options=(--store "$scratch/store" --lost 3s)
cluster_start 2 --plugin "$plugins/labour.so"
export CADRE_BROKER=$ipc
job=$(cadre submit 'echo out{}; sleep 0.1; echo end{}' :::: <(seq 30) 2>submit.err)
expect_text '' submit.err 'submit'
during wait cadre job wait "$job"
during_wait=$waiting
during logs cadre job logs --wait --tag "$job"
until_ok done_are "$job" 5
restart_after clients_are 3
restart_after clients_are 3
ended 0 logs
waiting=$during_wait
ended 0 wait
sorted=$(for i in $(seq 30); do printf '%s.%s\tout%s\n%s.%s\tend%s\n' "$job" $((i - 1)) "$i" "$job" $((i - 1)) "$i"; done | sort)
sort -o logs.out logs.out
printed logs "$sorted"

#  Everything dies; somebody asks in the morning.
job=$(cadre submit 'sleep 0.05; echo {}' :::: <(seq 20))
cluster_stop
cluster_start 2
export CADRE_BROKER=$ipc
expect 0 '' '' cadre job wait "$job"
expect 0 "$(seq 20)" '' bash -c "cadre job logs $job | sort -n"
cadre job results "$job" -o ndjson >results.out
checks=$((checks + 1))
[ "$(grep -c '"outcome":"ok"' results.out)" = 20 ] || fault "results: $(cat results.out)"

#  submit --wait, and a submission that the restart cuts in two.
during submit cadre submit --wait 'sleep 0.05; exit {}' ::: 0 1 0 0 1 0 0 0
restart_after lines_are submit.out 1
ended 2 submit
during slowly cadre submit 'echo {}' < <(for i in $(seq 30); do echo "$i"; sleep 0.05; done)
until_ok clients_are 2 || fault 'no client'
restart_after sleep 0.5
ended 0 slowly
job=$(cat slowly.out)
expect 0 '' '' cadre job wait "$job"
expect 0 "$(seq 30)" '' bash -c "cadre job logs $job | sort -n"

#  A result that is made while the broker is dead is not made again: the worker keeps it.
rm -f mark
job=$(cadre submit --durable 'echo b >>begun; until [ -e go ]; do sleep 0.02; done; echo {} $CADRE_ATTEMPT; echo m >>mark' ::: a)
until_ok test -s begun
broker_kill
touch go
until_ok test -s mark
broker_options=(--store "$scratch/store" --lost 20s)
broker_again
expect 0 '' '' cadre job wait "$job"
expect 0 'a 1' '' cadre job logs "$job"
expect 0 $'b\nm' '' cat begun mark
finish
