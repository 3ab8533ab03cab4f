#!/bin/bash
#  Whoever waits for more than 5 s reads on stderr what for: once, in a line, whatever the command;
#  and task explain says the same.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1

#  told NAME PATTERN COMMAND...: it waits in the background; stderr goes to NAME.err, and must come
#  to have the pattern.
names=()
patterns=()
told () {
    names+=("$1")
    patterns+=("$2")
    timeout 60 "${@:3}" </dev/null >"$1.out" 2>"$1.err" &
    started+=($!)
}

all_are_told () {
    local i
    for i in "${!names[@]}"; do
        checks=$((checks + 2))
        until_ok grep -Eq "${patterns[$i]}" "${names[$i]}.err" || fault "${names[$i]} is not told '${patterns[$i]}': $(cat "${names[$i]}.err")"
        [ "$(grep -c . "${names[$i]}.err")" = 1 ] || fault "${names[$i]} is told more than once: $(cat "${names[$i]}.err")"
    done
}

explains () {
    expect_like 0 "$2" '' cadre task explain "$1"
}

broker_options=(--store "$scratch/store" --lost 60s)
cluster_start 2 --plugin "$plugins/arithmetic.so"
export CADRE_BROKER=$ipc
start "$bin/cadre-worker" --broker "$ipc" --name gamma --slots 1 --label quick 2>>gamma.log
until_ok slots_are 3
failing=$(cadre submit --needs quick --retries 1 --backoff 50s false ::: 1)
until_ok eval "cadre task explain $failing.0 | grep -q 'backs off'"
blocker=$(cadre submit 'sleep 50' ::: 1 2 3)
until_ok eval "cadre job info $blocker -o ndjson | grep -q '\"running\":3[,}]'"
nobody=$(cadre submit --needs tpu true ::: 1)
behind=$(cadre submit true ::: 1 2)
mkfifo pipe
cadre submit true <pipe >open.number 2>open.err &
started+=($!)
exec 9>pipe
until_ok eval 'cadre job list --state open -o ndjson | grep -q job'
open=$(cadre job list --state open -o ndjson | sed -n 's/.*"job":\([0-9]*\).*/\1/p')

full='task [0-9]+\.0 waits for a free slot: all [23] that fit are taken, and about [0-9]+ tasks go first'
told run "$full" cadre run true ::: 1
told call "$full" cadre call square 7
told map "$full" bash -c 'seq 3 | cadre map square'
told chunks "$full" bash -c 'seq 3 | cadre map --chunk 2 square'
told submit "$full" cadre submit --wait true ::: 1
told wait "$full" cadre job wait "$behind"
told logs "$full" cadre job logs --wait "$behind"
told results "$full" cadre job results --wait "$behind"
told running "^cadre: task $blocker.0 is at worker (alpha|beta|gamma) on .* for [0-9]+ s$" cadre job wait "$blocker"
told nobody "^cadre: task $nobody.0 waits: no worker has the label tpu" cadre job wait "$nobody"
told backoff "^cadre: task $failing.0 backs off for another [0-9]+ s: 1 try has failed" cadre job wait "$failing"
told open "^cadre: job $open is open: its client, .*, has not sent all of its tasks" cadre job wait "$open"
all_are_told
explains "$blocker.0" '^is at worker (alpha|beta|gamma) on .* for [0-9]+ s$'
explains "$nobody.0" '^waits: no worker has the label tpu'
explains "$failing.0" '^backs off for another [0-9]+ s: 1 try has failed'
explains "$behind.1" '^waits for a free slot: all 3 that fit are taken, and about [0-9]+ tasks go first$'

#  The broker dies with one of its workers: their tasks wait for them.
names=()
patterns=()
exec 9>&-
cluster_stop
cluster_start 0
told away "^cadre: task $blocker.[0-9] waits for worker (alpha|beta|gamma), which has it and is away: it runs elsewhere unless that comes back within [0-9]+ s$" \
    cadre job wait "$blocker"
all_are_told
explains "$blocker.0" '^waits for worker'
finish
