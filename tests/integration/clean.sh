#!/bin/bash
#  Names and messages of others, made to do something to a terminal: no listing, log, error or
#  progress line passes them on
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
named=$'\e[2J\e]0;x\a\nforged\r\xc2\x9b31m\xe2\x80\xae\xe2\x81\xa6\x7f'
rude=$named$'\x9b\xc3'
controls=$'[\x01-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]'

#  No byte that a terminal obeys, nothing that is no UTF-8, no line that a name has made.
clean () {
    checks=$((checks + 1))
    ! LC_ALL=C grep -aqP "$controls" "$1" || fault "$2: a control character: $(LC_ALL=C grep -aP "$controls" "$1" | head -3 | cat -v)"
    iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1 || fault "$2: no UTF-8: $(cat -v "$1" | head -3)"
    ! grep -aq '^forged' "$1" || fault "$2: a forged line: $(cat -v "$1" | head -3)"
}

#  SAYS: it must have printed this, so that the test looks at something.
shown () {
    local says=$1
    shift
    timeout 60 "$@" >stdout 2>stderr
    clean stdout "$*"
    clean stderr "$*"
    cat stdout stderr | grep -aq -- "$says" || fault "$* does not say '$says': $(cat stdout stderr | head -3)"
}

export CADRE_LOG=debug
broker_options=(--name "hub$named")
cluster_start 0
start cadre-worker --broker "$tcp" --name "worker$named" --label "label$named" --slots 1 --plugin "$plugins/rude.so" 2>>"$scratch/rude.log"
export CADRE_BROKER=$ipc CADRE_LOG=
until_ok slots_are 1

job=$(cadre submit --name "job$named" --no-durable 'echo x; exit 3' ::: 1 2>/dev/null)
cadre job wait "$job" >/dev/null 2>&1
for format in table json ndjson; do
    shown 'worker' cadre worker list -o $format
    shown 'job' cadre job list -o $format
    shown 'job' cadre job info -o $format "$job"
    shown 'exit' cadre job results -o $format "$job"
    shown 'exit' cadre task list -o $format "$job"
    shown 'exit' cadre task info -o $format "$job.0"
    shown 'hub' cadre broker info -o $format
done
shown 'ended' cadre task explain "$job.0"
shown 'exit 3' cadre job wait "$job"
expect 0 'x' '' cadre job logs "$job"
shown 'message' cadre call rude
shown 'message' cadre map rude <<<'[1]'
shown 'value' cadre call value
shown 'value' cadre map value <<<'[1]'
shown 'no worker offers' cadre call "nonesuch$rude"
shown 'does not exist\|not there\|no such\|No such' cadre call --local --plugin "./none$rude" rude
held=$(cadre submit --name "job$named" --no-durable 'sleep 60; :' ::: 1 2 2>/dev/null)
shown 'worker' cadre task explain "$held.0"
shown 'task\|slot\|runs' cadre task explain "$held.1"
shown 'cancelled' cadre job cancel "$held"
shown 'exit 1' cadre run "false; : {}; false" ::: "input$rude"
shown 'file' cadre run echo :::: "file$rude"
shown 'names no port' cadre job list --broker "tcp://h$rude"
shown 'access' cadre job list --broker "$tcp" --access "access$rude"
printf 'address = "tcp://h%s"\nname = "%s"\n' "$rude" "$rude" >bad.access
shown 'access' cadre job list --access bad.access
printf 'broker = tcp://h%s:1\n' "$rude" >config.bad
mkdir -p "$XDG_CONFIG_HOME/cadre"
(unset CADRE_BROKER; cp config.bad "$XDG_CONFIG_HOME/cadre/config"; shown 'cadre' cadre job list; exit $faults) || faults=$((faults + 1))
rm -f "$XDG_CONFIG_HOME/cadre/config"
printf '%s\n' "host$rude" >hosts
cat >ssh <<END
#!/bin/sh
printf 'ssh: %s\n' '$rude' >&2
printf 'state %s\n' '$rude'
exit 255
END
chmod +x ssh
shown 'failed' cadre worker deploy --broker "$tcp" --ssh "$PWD/ssh" --hosts elsewhere
shown 'failed' cadre worker deploy --broker "$tcp" --ssh "$PWD/ssh" --hosts elsewhere -o json
shown 'hosts' cadre worker deploy --broker "$tcp" --ssh "$PWD/ssh" --hosts ./hosts
shown 'elsewhere' cadre run --broker "$tcp" --ssh "$PWD/ssh" --hosts elsewhere echo ::: 1
printf 'ready 1 %s\n' "$rude" >odd.health
shown 'health' cadre broker health odd.health
shown 'descriptors' cadre doctor

#  What is run is data, and passes as it is; on a terminal the tag does not.
expect 0 $'\e[31mx' '' cadre run 'printf "\033[31m%s\n" {}' ::: x
expect 0 $'a\e\ta' '' cadre run --tag 'echo a; : {}' ::: $'a\e'
script -qec "cadre run --tag 'echo a; : {}' ::: \$'a\\e]0;x'" /dev/null </dev/null >stdout
! grep -q $'\e' stdout || fault "--tag on a terminal: $(cat -v stdout)"
script -qec "cadre run --dry-run echo ::: \$'a\\e]0;x'" /dev/null </dev/null >stdout
! grep -q $'\e' stdout || fault "--dry-run on a terminal: $(cat -v stdout)"

cluster_stop
clean "$scratch/broker.log" "the broker's log"
clean "$scratch/rude.log" "the worker's log"
grep -aq 'worker.*forged' "$scratch/broker.log" || fault "the broker's log does not name the worker"
finish
