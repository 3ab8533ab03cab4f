#!/bin/bash
#  What durable jobs outlive, and what they keep while they do: waits, tries, quarantine, identity,
#  room.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1

all_again () {
    cluster_stop
    cluster_start "${1:-2}" --plugin "$plugins/trouble.so"
    export CADRE_BROKER=$ipc
}

explained () {
    until_ok eval "cadre task explain $1 | grep -Eq '$2'" || fault "task $1: $(cadre task explain "$1")"
    checks=$((checks + 1))
}

#  Jobs that are not durable: they print what they should.
without_store () {
    expect 0 $'a\nb' '' cadre run -k echo ::: a b
    expect 0 1 '' cadre call sleep 1
    expect 0 $'1\n2' '' cadre map sleep < <(seq 2)
    light=$(cadre submit --no-durable 'echo {}; exit {}' ::: 0 1 2>/dev/null)
    expect 1 '' "task $light.1 exit 1" cadre job wait "$light"
    expect 0 $'0\n1' '' bash -c "cadre job logs $light | sort"
    expect 0 '' '' cadre job forget "$light"
}

#  What is not durable does not touch the store, and makes none where there is none yet.
broker_options=(--lost 3s)
all_again
without_store
checks=$((checks + 3))
[ -z "$(find "$XDG_STATE_HOME" -type f)" ] || fault "there is a store: $(find "$XDG_STATE_HOME" -type f)"
expect_like 0 '^[0-9]+$' '' cadre submit --durable true ::: 1
[ -n "$(find "$XDG_STATE_HOME" -type f)" ] || fault 'there is no store'
broker_options=(--store "$scratch/store" --lost 3s)
all_again
before=$(cadre broker info | grep -E '^(store|  of it live data) ')
without_store
[ "$(cadre broker info | grep -E '^(store|  of it live data) ')" = "$before" ] || fault "the store was touched: $before, and now $(cadre broker info)"

#  A wait before the next try, and a limit on waiting, go on where they were; quarantine, and what
#  was tried, stay.
backing=$(cadre submit --retries 1 --backoff 300s 'echo {} >>tries; false' ::: 1)
late=$(cadre submit --expire 2s --needs tpu true ::: 1 2)
ages=$(cadre submit --expire 1h --needs tpu true ::: 1)
explained "$backing.0" 'backs off for another [0-9]+ s: 1 try has failed'
cluster_stop
sleep 2.2
all_again
explained "$backing.0" 'backs off for another [0-9]+ s: 1 try has failed'
explained "$late.1" 'ended: expired, after 0 tries'
explained "$ages.0" 'waits: no worker has the label tpu'
[ "$(wc -l <tries)" = 1 ] || fault "a wait was cut short: $(cat tries)"
expect 1 '' "task $late.0 expired" cadre job wait "$late"

#  A drain takes tasks back, and costs no try: here each of two workers leaves in its turn.
rolling=$(cadre submit --retries worker-lost=0 'echo {} $CADRE_ATTEMPT >>ran; sleep 0.2' ::: $(seq 12))
until_ok test -s ran
for name in alpha beta; do
    start "$bin/cadre-worker" --broker "$ipc" --name "new-$name" --slots 1 2>>new.log
    until_ok slots_are 3
    expect 0 '' '^cadre: [12] workers? drained$' cadre worker drain "$name"
    until_ok slots_are 2
done
expect 0 '' '' cadre job wait "$rolling"
checks=$((checks + 1))
[ "$(sort -n ran)" = "$(for i in $(seq 12); do echo "$i 1"; done)" ] || fault "a rolling restart costs tries: $(cat ran)"

#  What must not run twice: its worker and the broker are killed together.
once=$(cadre submit --no-rerun 'echo {} >>no-rerun; sleep 30' ::: a)
until_ok test -s no-rerun
all_again
expect 1 '' "task $once.0 worker-lost" cadre job wait "$once"
checks=$((checks + 1))
[ "$(cat no-rerun)" = a ] || fault "--no-rerun ran again: $(cat no-rerun)"

#  What kills slot after slot stays in quarantine, until somebody drops it or tries it again; that
#  stays, too.
quarantined () {
    checks=$((checks + 1))
    [ "$(cadre task list "$deadly" --outcome quarantined | awk 'NR > 1 { print $1, $5 }')" = "$1" ] ||
        fault "quarantine is not '$1': $(cadre task list "$deadly")"
}
deadly=$("$CADRE_BUILD_DIR/tests/lib/programs/overload" deadly "$ipc" 2)
explained "$deadly.0" 'quarantined: it has killed 3 slots'
explained "$deadly.1" 'quarantined: it has killed 3 slots'
all_again
quarantined $'0 3\n1 3'
expect 0 '' "task $deadly.0 is cancelled" cadre task drop "$deadly.0"
expect 0 '' '1 task queued again' cadre job retry "$deadly.1"
expect 1 '' "task $deadly.1 quarantined" cadre job wait "$deadly"
quarantined '1 6'
all_again
quarantined '1 6'
explained "$deadly.0" 'ended: cancelled'
expect 77 '' 'is not in quarantine' cadre task drop "$deadly.0"

#  Failed tasks are tried again after a restart, with their inputs. The try that the restart cuts
#  off may have printed already.
failing=$(cadre submit 'test -e cure && echo cured{}' ::: 1 2 3)
expect 1 '' "task $failing.2 exit 1" cadre job wait "$failing"
all_again
touch cure
expect 0 '' '3 tasks queued again' cadre job retry "$failing"
all_again
expect 0 '' '' cadre job wait "$failing"
expect 0 $'cured1\ncured2\ncured3' '' bash -c "cadre job logs $failing | sort -u"

#  One text is one job: for another process, over a restart, and a day after it was forgotten.
expect 64 '' "write a text" cadre submit --once '' true ::: 1
named=$(cadre submit --once nightly 'echo {} >>nightly' ::: 1 2 3)
expect 0 "$named" '' cadre submit --once nightly 'echo {} >>nightly' ::: 1 2 3
all_again
expect 0 "$named" '' cadre submit --once nightly 'echo {} >>nightly' ::: 1 2 3
expect 0 '' '' cadre job wait "$named"
for others in '1 2' '1 2 3 4'; do
    expect 77 '' "was submitted before, as $named, with 3 tasks that differ from these" cadre submit --once nightly true ::: $others
done
for others in 'echo {} >>other' 'echo {} >>nightly '; do
    expect 77 '' "was submitted before, as $named, with 3 tasks that differ from these" cadre submit --once nightly "$others" ::: 1 2 3
done
for others in '1 2 4' '1 3 2'; do
    expect 77 '' "was submitted before, as $named, with 3 tasks that differ from these" cadre submit --once nightly 'echo {} >>nightly' ::: $others
done
slowly="{ sleep 0.5; printf '1\n2\n'; sleep 0.5; echo 4; } | cadre submit --once nightly 'echo {} >>nightly'"
expect 77 '' "was submitted before, as $named, with 3 tasks that differ from these" bash -c "$slowly"
expect 77 '' "as $named, in another directory than now" cadre submit --once nightly --workdir / 'echo {} >>nightly' ::: 1 2 3
expect 77 '' "as $named, with other variables" cadre submit --once nightly --env MODE=live 'echo {} >>nightly' ::: 1 2 3
expect 77 '' "as $named, with tasks that may run twice" cadre submit --once nightly --no-rerun 'echo {} >>nightly' ::: 1 2 3
expect 0 "$named" '' env -C / SHLVL=7 LS_COLORS= cadre submit --once nightly --name again --timeout 5s 'echo {} >>nightly' ::: 1 2 3
light=$(cadre submit --no-durable --once light true ::: 1 2>/dev/null)
expect 77 '' "as $light, to be kept in memory only" cadre submit --once light true ::: 1
expect 77 '' "as $light, with 1 tasks that differ from these" cadre submit --no-durable --once light false ::: 1
slow=$(cadre submit --once slow --needs tpu true ::: 1 2 3)
for others in '1 2' '1 2 3 4'; do
    expect 77 '' "was submitted before, as $slow, with 3 tasks that differ from these" cadre submit --once slow true ::: $others
done
expect 0 "$slow" '' cadre submit --once slow true ::: 1 2 3
expect 0 $'1\n2\n3' '' sort nightly
expect 0 '' '' cadre job forget "$named"
expect 77 '' "was submitted before, as $named, has ended, and was forgotten" cadre submit --once nightly true ::: 1
all_again
expect 77 '' "was submitted before, as $named, has ended, and was forgotten" cadre submit --once nightly true ::: 1
checks=$((checks + 1))
[ "$(cadre submit --once other true ::: 1)" != "$named" ] || fault 'two texts are one job'

#  A store that another broker has, that is damaged, newer or no store at all: one line says which
#  it is, and it is left as it was.
refuses () {
    expect "$1" '' "^[0-9TZ:.-]+ cadre-broker: .*$odd.*$2" timeout 30 cadre-broker --listen "ipc://$scratch/other" --store "$odd"
    checks=$((checks + 1))
    [ "$(wc -l <"$scratch/stderr")" = 1 ] || fault "$odd: more than a line: $(cat "$scratch/stderr")"
}
odd=$scratch/store
refuses 69 "is in use by process $broker_pid on "
broker_kill TERM
mkdir odd
for odd in torn changed newer text; do
    cp store "odd/$odd"
done
dd if=/dev/zero of=odd/torn bs=1024 seek=16 count=16 conv=notrunc 2>/dev/null
sed -i 's/tpu/tpx/' odd/changed
printf '\143' | dd of=odd/newer bs=1 seek=63 conv=notrunc 2>/dev/null
echo 'no store' >odd/text
cp -r odd odd.before
odd=$scratch/odd/torn refuses 125 'damaged'
odd=$scratch/odd/changed refuses 125 'damaged .*checksum'
odd=$scratch/odd/newer refuses 69 'has format 99, newer than'
odd=$scratch/odd/text refuses 78 'is not a store'
expect 0 '' '' diff -r odd.before odd

#  A full store refuses new work by name; what was accepted comes to its end.
broker_options=(--store "$scratch/small" --lost 3s --quota 38M)
all_again
accepted=$(cadre submit 'sleep 0.3; echo {}' ::: 1 2 3 4)
head -c 400000 /dev/zero | tr '\0' x | fold -w 20000 >big
for i in $(seq 150); do
    cadre submit --needs tpu true :::: big >/dev/null 2>refused || break
done
expect_text "small has no room for .* of new work: .* reserved of its limit of 38.0 MiB: forget jobs that are done, or raise the limit" refused 'a full store'
expect 77 '' 'has no room' cadre submit --needs tpu true :::: big
expect 0 '' '' cadre job wait "$accepted"
expect 0 $'1\n2\n3\n4' '' bash -c "cadre job logs $accepted | sort"
all_again 1
expect 77 '' 'has no room' cadre submit --needs tpu true :::: big
finish
