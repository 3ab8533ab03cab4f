#!/bin/bash
#  Keys: who is made, let in, refused and put out; what each role may do; and what the doors say to
#  those without a key
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
keys=$XDG_CONFIG_HOME/cadre/keys

#  ---- keygen: right, and wrong
port=$(free_port)
tcp=tcp://127.0.0.1:$port
ipc=ipc://$scratch/broker
expect 0 alice.access '^cadre: alice: a key of role client' cadre keygen alice --role client --address "$tcp"
for peer in node:worker other:worker eve:observer boss:admin; do
    expect 0 "${peer%:*}.access" 'a key of role' cadre keygen "${peer%:*}" --role "${peer#*:}" --address "$tcp"
done
expect 0 web.access 'a key of role client' cadre keygen web --role client --address "$tcp" --function square --function 'ec*'
expect 0 picky.access 'a key of role worker' cadre keygen picky --role worker --address "$tcp" --function 'square'
expect_like 0 'secret-key = "' 'a key of role' cadre keygen printed --role client --out -
expect 64 '' 'there is a key alice already: use --rotate' cadre keygen alice --role client
expect 64 '' "'king' is not a role: give client, worker, observer or admin" cadre keygen bob --role king
expect 64 '' "'../bob' is not a name for a key" cadre keygen ../bob --role client
expect 64 '' '--role is missing' cadre keygen bob
expect 64 '' 'one name is needed' cadre keygen --role client
expect 64 '' 'is for listening only' cadre keygen bob --role client --address 'tcp://*:5700'
expect 64 '' 'is not a pattern of functions' cadre keygen bob --role client --function ''
expect 64 '' 'is not a pattern of functions' cadre keygen bob --role client --function 'a"b'
expect 66 '' 'there is no key bob' cadre keygen bob --rotate
expect 66 '' 'there is no key bob' cadre keygen bob --revoke
expect 64 '' "jobs is own or all, not 'mine'" cadre keygen bob --role client --jobs mine
expect 64 '' 'is for keys of role client' cadre keygen bob --role observer --jobs own
expect 125 '' 'cannot be written' cadre keygen bob --role client --out "$scratch/none/x"
expect_like 0 'Examples:' '' cadre keygen --help
checks=$((checks + 4))
[ "$(stat -c %a alice.access "$keys/broker.key" "$keys/alice.pub" "$keys" | tr '\n' ' ')" = '600 600 600 700 ' ] || fault "modes: $(stat -c '%n %a' alice.access "$keys"/* "$keys")"
grep -q secret "$keys/alice.pub" && grep -v '0000000000' "$keys/alice.pub" | grep -q secret-key && fault "the broker has a peer's secret"
[ "$(ls "$keys" | grep -c '\.pub$')" = 9 ] || fault "files left behind: $(ls "$keys")"
[ "$(ls -- *.access | wc -l)" = 7 ] || fault "access files: $(ls)"

#  ---- a broker beyond loopback: refused without keys, and with both ways at once
expect 78 '' "other hosts can reach tcp://\*:$port, and there are no keys in .*cadre keygen" env XDG_CONFIG_HOME="$scratch/none" cadre-broker --listen "tcp://*:$port"
expect 64 '' 'exclude each other' cadre-broker --listen "$tcp" --keys "$keys" --insecure
expect 78 '' 'cadre keygen NAME --role ROLE makes one' cadre-broker --listen "$tcp" --keys "$scratch/none"
cp -r "$keys" damaged && echo rubbish >damaged/alice.pub
expect 78 '' 'damaged/alice.pub is not a public key' cadre-broker --listen "$tcp" --keys damaged
cp -r "$keys" open && chmod 644 open/broker.key
expect 77 '' 'can be accessed by others \(mode 0644\)' cadre-broker --listen "$tcp" --keys open
chmod 600 open/broker.key && chmod 770 open
expect 77 '' 'open can be written by others \(mode 0770\)' cadre-broker --listen "$tcp" --keys open

#  ---- the cluster: keys on tcp, none needed on ipc
start "$bin/cadre-broker" --listen "tcp://*:$port,$ipc" --lost 3s 2>broker.log
broker_pid=${started[-1]}
until_ok cadre broker info --broker "$ipc"
start "$bin/cadre-worker" --access node.access --name node --slots 1 --plugin "$plugins/arithmetic.so" 2>node.log
node_pid=${started[-1]}
until_ok slots_are 1
expect 0 $'1\n2' '' cadre run --access alice.access -k 'echo {}' ::: 1 2
expect 0 3 '' env CADRE_ACCESS=alice.access cadre run 'echo {}' ::: 3
expect 0 4 '' env CADRE_ACCESS=alice.access CADRE_BROKER="$tcp" cadre run 'echo {}' ::: 4
mkdir -p "$XDG_CONFIG_HOME/cadre" && echo 'access = alice.access' >"$XDG_CONFIG_HOME/cadre/config"
expect 0 5 '' cadre run 'echo {}' ::: 5
rm "$XDG_CONFIG_HOME/cadre/config"
expect 0 6 '' cadre run --broker "$ipc" 'echo {}' ::: 6
expect 0 'none 1' '' env CADRE_ACCESS=alice.access cadre run --broker "$ipc" 'echo ${CADRE_ACCESS-none}' ::: 1
expect 0 'none 1' '' env CADRE_ACCESS=alice.access cadre run --local 'echo ${CADRE_ACCESS-none}' ::: 1
expect_like 0 'node +node .*ready' '' cadre worker list --access eve.access
expect_like 0 'security +curve' '' cadre broker info --access eve.access
expect_like 0 'CURVE on tcp, 9 keys are accepted' '' cadre doctor --access eve.access
checks=$((checks + 1))
grep -q 'worker node on .* registers with key node' broker.log || fault 'the log does not name the key of the worker'

#  ---- access files that cannot be used
cp alice.access loose.access && chmod 640 loose.access
expect 77 '' 'loose.access can be accessed by others \(mode 0640\): run chmod 600' cadre worker list --access loose.access
expect 77 '' 'loose.access can be accessed by others' cadre-worker --access loose.access
head -4 alice.access >half.access && chmod 600 half.access
expect 78 '' 'half.access is incomplete' cadre worker list --access half.access
{ echo 'what is this'; cat alice.access; } >odd.access && chmod 600 odd.access
expect 78 '' 'line 1 of access file odd.access is invalid' cadre worker list --access odd.access
expect 78 '' 'nonesuch cannot be read: No such file' cadre worker list --access nonesuch
expect 77 '' 'the key node in node.access is for a worker, not for a client' cadre worker list --access node.access
expect 77 '' 'the key alice in alice.access is for a client, not for a worker' cadre-worker --access alice.access
expect 77 '' 'the key eve in eve.access is for an observer, not for a worker' cadre-worker --access eve.access

#  ---- without a key, with the wrong broker's, with a key that nobody knows
expect 77 '' "the broker at $tcp needs a key: give your access file with --access" cadre worker list --broker "$tcp"
sed "s/^server-key.*/$(grep ^public-key eve.access | sed 's/public-key/server-key/; s/[&/\\]/\\&/g')/" alice.access >swapped.access && chmod 600 swapped.access
expect 77 '' 'rejects this key: it was revoked, or made for another broker, or since .*\(cadre broker reload\)' cadre worker list --access swapped.access

#  ---- roles and verbs
expect 77 '' 'the key eve has role observer and cannot submit' cadre run --access eve.access 'echo {}' ::: 1
expect 77 '' 'the key eve has role observer and cannot submit' cadre submit --access eve.access 'echo {}' ::: 1
expect 77 '' 'the key eve has role observer and cannot submit' cadre call --access eve.access square 3
expect_like 0 '^[0-9]+$' 'in the broker.s memory' cadre submit --access alice.access --no-durable true ::: 1
expect_like 0 '^[0-9]+$' '' cadre submit --access alice.access true ::: 1
job=$(cat stdout)
expect_like 0 '' '' cadre job wait "$job" --access eve.access
expect_like 0 '^key +alice$' '' cadre job info "$job" --access eve.access
for look in "job list" "job info $job" "job logs $job" "job results $job" "task list $job" "task info $job.0" "task explain $job.0" "worker list" "broker info"; do
    timeout 20 cadre $look --access eve.access >stdout 2>stderr || fault "an observer may not look at: $look: $(cat stderr)"
    checks=$((checks + 1))
done
for order in "job cancel $job" "job retry $job" "job forget $job"; do
    expect 77 '' 'the key eve may not request job.* that requires a key of role client' cadre $order --access eve.access
done

#  ---- another client's job is as one that is not there, until the operator says otherwise
for order in "job info" "job logs" "job results" "job wait" "job cancel" "job retry" "job forget" "task list"; do
    expect 66 '' "no job $job: list them with: cadre job list" cadre $order "$job" --access web.access
    expect 66 '' "no job 9$job: list them with: cadre job list" cadre $order "9$job" --access web.access
done
expect_like 0 '^JOB' '' cadre job list --access web.access
grep -qE "^ *$job " stdout && fault "another's job is listed: $(cat stdout)"
sed -i 's/jobs = "own"/jobs = "all"/' "$keys/web.pub"
expect_like 0 '' 'reloaded its keys' cadre broker reload --access boss.access
expect_like 0 '^job +'"$job" '' cadre job info "$job" --access web.access
sed -i 's/jobs = "all"/jobs = "own"/' "$keys/web.pub"
expect_like 0 '' 'reloaded its keys' cadre broker reload --access boss.access
for order in "worker drain all" "worker stop all" "broker drain" "broker stop" "broker reload"; do
    expect 77 '' 'the key eve may not request .* that requires a key of role admin' cadre $order --access eve.access
    expect 77 '' 'the key alice may not request .* that requires a key of role admin' cadre $order --access alice.access
done
expect_like 0 '' 'reloaded its keys' cadre broker reload --access boss.access
expect 0 '' '' cadre job forget "$job" --access boss.access

#  ---- a key for certain functions: as a client, and as a worker
expect 0 9 '' cadre call --access web.access square 3
expect 77 '' 'the key web may not call add: ask for a key that may' cadre call --access web.access add 1 2
expect 77 '' 'the key web may call certain functions and run no commands' cadre run --access web.access 'echo {}' ::: 1
start "$bin/cadre-worker" --access picky.access --name picky --slots 1 --plugin "$plugins/arithmetic.so" 2>picky.log
picky_pid=${started[-1]}
until_ok slots_are 2
cadre worker list --broker "$ipc" -o ndjson | grep '"picky"' >stdout
expect_text '"functions":\["square"\]' stdout 'functions of picky'
expect_text '"key":"picky"' stdout 'key of picky'
kill "$picky_pid"
until_ok slots_are 1

#  ---- a worker with a key, and a broker that is killed while it runs a durable task
node_runs () {
    cadre worker list --broker "$ipc" -o ndjson | grep -q '"running":1'
}
expect_like 0 '^[0-9]+$' '' cadre submit --access alice.access --workdir "$scratch" 'echo {} >>ran; sleep 3; echo {}' ::: once
job=$(cat stdout)
until_ok node_runs
kill -KILL "$broker_pid"
wait "$broker_pid" 2>/dev/null
start "$bin/cadre-broker" --listen "tcp://*:$port,$ipc" --lost 3s 2>>broker.log
broker_pid=${started[-1]}
until_ok slots_are 1 || fault "the worker does not come back: $(cat node.log)"
expect 0 '' '' cadre job wait "$job" --access alice.access
expect 0 once '' cadre job logs "$job" --access alice.access
expect 0 once '' cat ran

#  ---- rotation and revocation, while the broker runs
expect 0 alice2.access 'a key of role client' cadre keygen alice --rotate --address "$tcp" --out alice2.access
expect_like 0 '' 'reloaded its keys' cadre broker reload --broker "$ipc"
expect 77 '' 'rejects this key' cadre worker list --access alice.access
expect_like 0 'node' '' cadre worker list --access alice2.access
(cadre run --access alice2.access 'sleep 30; :' ::: 1 2>waiting.err; echo $? >waiting.code) &
until_ok node_runs
expect 0 '' 'alice is revoked' cadre keygen alice --revoke
kill -HUP "$broker_pid"
until_ok test -s waiting.code
checks=$((checks + 2))
[ "$(cat waiting.code)" = 77 ] || fault "a client whose key is revoked ends with $(cat waiting.code): $(cat waiting.err)"
expect_text 'the key of this client was revoked' waiting.err 'revoked client'
expect 0 '' 'node is revoked' cadre keygen node --revoke
expect_like 0 '' 'reloaded its keys' cadre broker reload --access boss.access
checks=$((checks + 2))
wait "$node_pid"
[ $? = 77 ] || fault 'a worker whose key is revoked does not end with 77'
expect_text 'the key node of worker node was revoked' node.log 'revoked worker'
start "$bin/cadre-worker" --access node.access --name again 2>again.log
until_ok grep -q 'rejects this key' again.log || fault "a revoked worker hears no reason: $(cat again.log)"
until_ok grep -q 'was refused at back: unknown key' broker.log || fault 'the log has no line for a peer that was not let in'
echo rubbish >"$keys/bad.pub"
expect 78 '' 'bad.pub is not a public key' cadre broker reload --access boss.access
rm "$keys/bad.pub"
expect_like 0 'security' '' cadre broker info --access boss.access

#  ---- commands run only where they are allowed
start "$bin/cadre-worker" --access other.access --name other --slots 1 --no-commands --plugin "$plugins/arithmetic.so" 2>other.log
until_ok slots_are 1
expect 0 16 '' cadre call --broker "$ipc" square 4
timeout 8 cadre run --broker "$ipc" 'echo {}' ::: 1 >stdout 2>stderr
checks=$((checks + 1))
expect_text 'none of the 1 workers fits|no worker' stderr 'a worker without commands'
cluster_stop

#  ---- the same without keys, by the operator's word
start "$bin/cadre-broker" --listen "tcp://*:$port,$ipc" --insecure 2>insecure.log
until_ok cadre broker info --broker "$ipc"
expect_like 0 'security +insecure' '' cadre broker info --broker "$tcp"
expect_like 1 'everybody who can connect may use it' '' cadre doctor --broker "$tcp"
expect 78 '' 'uses no keys, so there are none to reload' cadre broker reload --broker "$ipc"
expect 77 '' 'uses no keys, so its identity cannot be checked' cadre worker list --access boss.access
finish
