#  ssh.sh - worker deploy, run --hosts, up and down, over real sshd: four hosts, one of them with
#  nothing but a shell and a C library
. "${CADRE_SOURCE_DIR:?run by ctest}/tests/lib/shell/cluster.sh"
. "$CADRE_SOURCE_DIR/tests/lib/shell/sshd.sh"
export XDG_STATE_HOME=$scratch/state CADRE_KEYS=$scratch/keys
state=$scratch/state/cadre

#  ok WHAT COMMAND...: a check that is a command
ok () {
    local what=$1
    shift
    checks=$((checks + 1))
    "$@" || fault "$what"
}

clean () {
    until_ok nothing_on "$1" || { ps -fp "$(pids_on "$1" | tr '\n' ,)1" >&2; find "$home/$1" >&2; return 1; }
}

#  What was written to ssh's stdin since the last call, in KiB.
sent_kib () {
    local bytes
    bytes=$(wc -c <"$scratch/sent")
    : >"$scratch/sent"
    echo $((bytes / 1024))
}

workers_are () {
    [ "$(cadre worker list -o ndjson | grep -c '"state":"ready"')" = "$1" ]
}

sshd_start alpha beta bare
hosts=(alpha beta bare)
if [ "$(id -u)" = 0 ]; then
    sshd_start cell
    hosts+=(cell)
fi
trap 'cadre worker deploy --stop >/dev/null 2>&1; cadre down --timeout 0 >/dev/null 2>&1; sshd_clear "${hosts[@]}"; cluster_end' EXIT
printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>%s/argv\ntee -a %s/sent | %s "$@"\n' "$scratch" "$scratch" "$CADRE_SSH" >"$scratch/counting"
chmod +x "$scratch/counting"
: >"$scratch/sent"

#  ---- a broker with keys, on tcp and on the default ipc place ----
cadre keygen me --role admin --out "$scratch/me.access" >/dev/null 2>&1
cadre keygen crew --role worker --out "$scratch/crew.access" >/dev/null 2>&1
mkdir -m 0700 "$XDG_RUNTIME_DIR/cadre"
for try in 1 2 3 4 5 6; do
    port=$((22200 + RANDOM % 100 * 5))
    start cadre-broker --keys "$CADRE_KEYS" --listen "tcp://127.0.0.1:$port,ipc://$XDG_RUNTIME_DIR/cadre" --lost 2s 2>"$scratch/broker.log"
    broker=${started[-1]}
    until_ok grep -qE 'ready at|taken' "$scratch/broker.log"
    grep -q 'ready at' "$scratch/broker.log" && break
done
tcp=tcp://127.0.0.1:$port

#  ---- deploy: two hosts that work, one that refuses, one without sshd, one without cadre ----
chmod 0700 "$home/beta"
expect_like 1 "^$alpha running $tcp \(2 slots\)" '' cadre worker deploy --hosts "2/$alpha,$beta,127.0.0.1:9,nobody@$beta,$bare" --broker "$tcp" --access "$scratch/crew.access"
expect_text "^$beta running" "$scratch/stdout" deploy
expect_text '^127.0.0.1:9 failed ssh: connect to host 127.0.0.1 port 9: Connection refused$' "$scratch/stdout" deploy
expect_text "^nobody@$beta failed .*Permission denied" "$scratch/stdout" deploy
expect_text "^$bare failed there is no cadre-worker here: add --send" "$scratch/stdout" deploy
ok 'a failed deployment leaves something' clean bare
ok 'not two workers' until_ok workers_are 2
expect_like 0 '"key":"crew"' '' cadre worker list -o ndjson
expect 0 $'1\n2\n3\n4' '' cadre run -k --workdir / 'echo {}' ::: 1 2 3 4

#  ---- the access file: private, and nowhere else ----
secret=$(sed -n 's/^secret-key = "\(.*\)"/\1/p' "$scratch/crew.access")
run=$(dirname "$(find "$home/alpha" -name access)")
ok 'the access file is not of mode 0600' [ "$(stat -c %a "$run/access")" = 600 ]
ok 'its folder is not of mode 0700' [ "$(stat -c %a "$run")" = 700 ]
ok 'the secret is in an argument or environment' [ -z "$(grep -laF -e "$secret" /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null)" ]

#  ---- status; a worker that is killed comes back; what runs already is left alone ----
expect_like 0 "^$alpha running $tcp" '' cadre worker deploy --status
expect_like 0 '"state":"running","starts":1' '' cadre worker deploy --status -o ndjson
before=$(worker_on alpha)
kill -KILL "$before"
ok 'a killed worker is not started again' until_ok cadre worker deploy --status
ok 'the worker is the old one' [ "$(worker_on alpha)" != "$before" ]
expect_like 0 '"starts":2' '' cadre worker deploy --status -o ndjson
before=$(worker_on beta)
expect_like 0 "^$beta running" '' cadre worker deploy --hosts "$beta" --broker "$tcp" --access "$scratch/crew.access"
ok 'a worker that runs was replaced by the same' [ "$(worker_on beta)" = "$before" ]
expect_like 0 "^$beta running .*\(3 slots\)" '' cadre worker deploy --hosts "3/$beta" --broker "$tcp" --access "$scratch/crew.access"
ok 'a worker was not replaced by another' [ "$(worker_on beta)" != "$before" ]

#  ---- a broker that lets a worker go: it stays away; drain and stop ----
expect_like 0 '' '1 worker told to stop' cadre worker stop "$alpha"
ok 'a stopped worker shows as running' until_ok sh -c "cadre worker deploy --status | grep -q '^$alpha ended'"
expect_like 1 "^$alpha ended" '' cadre worker deploy --status
cadre run --workdir / "sleep 1; echo done >$scratch/drained" ::: 1 &
job=$!
until_ok sh -c "cadre worker list -o ndjson | grep -q '\"running\":1'"
expect_like 0 "^$beta gone" '' cadre worker deploy --drain
ok 'drain did not let a task end' test -s "$scratch/drained"
wait $job
ok 'alpha is not clean' clean alpha
ok 'beta is not clean' clean beta
expect_like 66 '' 'nothing was deployed from here' cadre worker deploy --status

#  ---- --send: to hosts without cadre, nothing twice ----
echo 'a line' >"$scratch/data.txt"
send=(cadre worker deploy --send --ssh "$scratch/counting" --broker "$tcp" --access "$scratch/crew.access")
bare_hosts=$bare
[ "${#hosts[@]}" = 3 ] || bare_hosts=$bare,$cell
sent_kib >/dev/null
expect_like 0 "^$bare running" '' "${send[@]}" --hosts "$bare_hosts" --with "$scratch/data.txt" --plugin "$CADRE_BUILD_DIR/plugins/words.so"
ok 'nothing was sent' [ "$(sent_kib)" -gt 2000 ]
ok 'the access file is in the arguments of ssh' sh -c "! grep -qF -e '$secret' '$scratch/argv'"
expect 0 $'a line\na line' '' cadre run --broker "$tcp" --access "$scratch/me.access" 'cat data.txt #' ::: 1 2
expect 0 '{"lines":1,"words":2,"bytes":7}' '' cadre call count_words '"data.txt"'
expect_like 0 "^$bare gone" '' cadre worker deploy --stop
expect_like 0 "^$bare running" '' "${send[@]}" --hosts "$bare_hosts" --with "$scratch/data.txt" --plugin "$CADRE_BUILD_DIR/plugins/words.so"
ok 'what was there was sent again' [ "$(sent_kib)" -lt 100 ]
head -c 300000 /dev/urandom >"$scratch/more"
expect_like 0 "^$bare running" '' "${send[@]}" --hosts "$bare" --with "$scratch/more"
again=$(sent_kib)
ok "a new file of 293 KiB took $again KiB" [ "$again" -gt 290 ] && [ "$again" -lt 390 ]
ok 'the file arrived otherwise' cmp -s "$scratch/more" "$(find "$home/bare" -name more)"
expect_like 0 "^$bare gone" '' cadre worker deploy --stop
expect_like 64 '' 'two different files are named' "${send[@]}" --hosts "$bare" --with "$CADRE_SOURCE_DIR/broker/main.c" --with "$CADRE_SOURCE_DIR/worker/main.c"
expect_like 64 '' 'it is not a file' "${send[@]}" --hosts "$bare" --with "$scratch/keys"
expect_like 125 '' 'cannot send /proc/no/such/file' "${send[@]}" --hosts "$bare" --with /proc/no/such/file

#  ---- --tunnel: by a name that is looked up here, and also when its ssh dies ----
expect_like 0 "^$alpha running" '' cadre worker deploy --tunnel --hosts "$alpha" --broker "tcp://localhost:$port" --access "$scratch/crew.access"
ok 'the worker has no proxy' grep -qaz '^127.0.0.1:[0-9]*$' "/proc/$(worker_on alpha)/cmdline"
expect 0 $'1\n2' '' cadre run -k --workdir / 'echo {}' ::: 1 2
tunnel=$(cut -d ' ' -f 2 "$state/workers.$alpha.tunnel")
#  socks HOST: does the tunnel lead to the broker's front by that name? The proxy's answer to a
#  connect (RFC 1928) is 10 bytes.
socks () {
    (
        exec 7<>"/dev/tcp/127.0.0.1/$tunnel"
        printf '\5\1\0' >&7
        head -c 2 <&7 >/dev/null
        printf "\\5\\1\\0\\3\\x$(printf %02x ${#1})$1\\x$(printf %02x $((port / 256)))\\x$(printf %02x $((port % 256)))" >&7
        [ "$(timeout 5 head -c 10 <&7 | wc -c)" = 10 ]
    )
}
ok 'the tunnel does not lead to the broker' socks localhost
ok 'the tunnel leads elsewhere' sh -c '! "$@"' - bash -c "$(declare -f socks); port=$port tunnel=$tunnel; socks 127.0.0.1"
keeper=$(cut -d ' ' -f 1 "$state/workers.$alpha.tunnel")
before=$(pgrep -P "$keeper")
another () {
    [ -n "$(pgrep -P "$keeper")" ] && [ "$(pgrep -P "$keeper")" != "$before" ]
}
kill -TERM "$before"
ok 'the tunnel does not come again' until_ok another
expect 0 $'1\n2' '' cadre run -k --workdir / 'echo {}' ::: 1 2
expect_like 0 "^$alpha gone" '' cadre worker deploy --stop
ok 'the tunnel stays' until_ok sh -c "[ -z \"\$(ls '$state')\" ]"
ok 'alpha is not clean' clean alpha

#  ---- run --hosts: deploy, run, vanish ----
squares=$(for i in {1..20}; do echo $((i * i)); done)
unset CADRE_KEYS
expect 0 "$squares" '' cadre run -k --hosts "2/$alpha,$beta" 'echo $(({} * {}))' ::: {1..20}
ok 'alpha is not clean' clean alpha
ok 'beta is not clean' clean beta
expect 0 "$squares" '' cadre run -k --hosts "$bare_hosts" --send --tunnel --with "$scratch/data.txt" 'test -s data.txt && echo $(({} * {}))' ::: {1..20}
ok 'hosts that were sent to are not clean' sh -c "[ -z \"\$(find '$home/bare' -name 'run-*')\" ]"
expect_like 2 '' "task 1 exit 3 at $alpha" cadre run --hosts "$alpha" 'exit {}' ::: 3 4
expect 69 '' 'host 127.0.0.1:9: ssh: connect' cadre run --hosts 127.0.0.1:9 echo ::: 1
expect 0 1 'host 127.0.0.1:9: ssh: connect' cadre run --hosts "127.0.0.1:9,$alpha" echo ::: 1
expect_like 64 '' "'-oProxyCommand=x' is not a host" cadre run --hosts '-oProxyCommand=x' echo ::: 1

#  Ctrl-C, SIGTERM, SIGKILL, and an ssh that is cut, each in the middle: nothing stays. SIGKILL
#  leaves the private folder to the next command.
tasks_run () {
    [ -n "$(pids_on alpha)" ] && ls "$scratch/started".* >/dev/null 2>&1
}
for signal in INT TERM KILL; do
    rm -f "$scratch"/started.*
    setsid env --default-signal=INT cadre run --hosts "$alpha" "touch $scratch/started.{}; sleep 100" ::: 1 2 3 >/dev/null 2>"$scratch/cut.log" &
    job=$!
    ok 'tasks do not start' until_ok tasks_run
    kill -$signal $job
    wait $job 2>/dev/null
    code=$?
    case $signal in KILL) want=137 ;; *) want=130 ;; esac
    ok "SIG$signal: exit $code" [ $code = $want ]
    ok "SIG$signal: alpha is not clean" clean alpha
    ok "SIG$signal: a broker stays" until_ok sh -c "! pgrep -f '[c]adre-broker.*$scratch/run/cadre-pool'"
done
cadre run --hosts "$alpha,$beta" -k 'sleep 0.2; echo {}' ::: {1..20} >"$scratch/cut.out" 2>"$scratch/cut.log" &
job=$!
until_ok grep -q 2 "$scratch/cut.out"
pkill -TERM -P $job -f -- "-p ${alpha#*:} "
wait $job
ok 'a host that was cut off: tasks are lost' cmp -s "$scratch/cut.out" <(seq 20)
expect_text "host $alpha: the connection was cut" "$scratch/cut.log" 'cut ssh'
ok 'the host that was cut off is not clean' clean alpha
ok 'beta is not clean' clean beta

#  ---- up and down ----
kill -KILL "$broker"
wait "$broker" 2>/dev/null
export CADRE_KEYS=$scratch/keys2
for try in 1 2 3 4 5 6; do
    port=$((22200 + RANDOM % 100 * 5))
    cadre up --hosts "2/$alpha,$bare" --send --port $port >"$scratch/stdout" 2>"$scratch/stderr" && break
done
expect_text "^$alpha running tcp://127.0.0.1:$port \(2 slots\)" "$scratch/stdout" up
expect_text "the broker listens at tcp://\*:$port" "$scratch/stderr" up
expect 0 "$squares" '' cadre run -k --workdir / 'echo $(({} * {}))' ::: {1..20}
expect_like 0 '^security *curve' '' cadre broker info --broker "tcp://127.0.0.1:$port" --access "$scratch/admin.access"
expect_like 77 '' 'key' cadre broker info --broker "tcp://127.0.0.1:$port"
expect_like 0 "^$bare running" 'the broker is already running' cadre up --hosts "2/$alpha,$bare" --send
expect_like 0 "^$alpha gone" 'the broker has ended' cadre down
ok 'down leaves something at alpha' clean alpha
ok 'down leaves something at bare' clean bare
ok 'down leaves a broker' until_ok sh -c "! pgrep -f '[c]adre-broker.*tcp://.:$port'"
expect_like 66 '' 'nothing is running' cadre down
finish
