#!/bin/bash
#  networks.sh - networks as they are: IPv6, names with several addresses, NAT, firewalls that
#  forget, clocks that differ, hosts that vanish, wires that work in one direction, and brokers that
#  come back elsewhere. All with keys.
. "$CADRE_SOURCE_DIR/tests/lib/shell/hosts.sh"

faketime=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
[ -n "$faketime" ] || hosts_skip "faketime is missing: ./dev test installs it"
hosts_new hub spare w desk gate
hosts_behind inner gate
hosts_keys worker w inner
hosts_keys client desk
export CADRE_ACCESS
CADRE_ACCESS=$(access desk)
steady=$CADRE_BUILD_DIR/tests/lib/programs/steady_client

#  broker_on HOST [ADDRESS]: sets $broker
broker_on () {
    start_on "$1" cadre-broker --listen "${2:-tcp://*:5700}" --keys "$keys" --beat 200ms --lost 1s 2>>"$scratch/broker.log"
    broker=$!
}

#  worker_on HOST ADDRESS [WRAPPER...]: sets $worker; it has one slot, and its name for a label
worker_on () {
    local host=$1 address=$2
    shift 2
    start_on "$host" "$@" cadre-worker --access "$(access "$host")" --broker "$address" --name "$host" --label "$host" --slots 1 \
        --plugin "$plugins/arithmetic.so" 2>>"$scratch/$host.log"
    worker=$!
}

stop () {
    kill -TERM "$1" 2>/dev/null
    wait "$1"
}

registered () {
    on desk cadre worker list -o ndjson --broker "${2:-tcp://10.77.0.1:5700}" 2>/dev/null | grep -q "\"name\":\"$1\",.*\"state\":\"ready\""
}

gone () {
    ! registered "$@"
}

#  computes LABEL HOST ADDRESS: a client at desk that reaches the broker there has a task done on
#  HOST
computes () {
    check "$1: $2 is there" until_ok registered "$2"
    expect 0 "$2" '' on desk cadre run --broker "$3" --needs "$2" 'hostname; :' ::: x
}

#  talk NUMBER PATTERN LABEL: what the client that stays says to a number, within 20 s; asked again
#  while it is not that
talk () {
    local i answer
    checks=$((checks + 1))
    for i in $(seq 100); do
        echo "$1" >&7
        read -r -t 20 answer <&8
        [[ $answer != $2 ]] || return 0
        sleep 0.2
    done
    fault "$3: the client says '$answer'"
}

#  steady_at ADDRESS: a client that stays, for talk
steady_at () {
    rm -f "$scratch/ask" "$scratch/tell"
    mkfifo "$scratch/ask" "$scratch/tell"
    exec 7<>"$scratch/ask" 8<>"$scratch/tell"
    start_on desk sh -c 'exec "$0" "$1" <"$2/ask" >"$2/tell"' "$steady" "$1" "$scratch" 2>>"$scratch/steady.log"
    client=$!
}

steady_end () {
    echo end >&7
    wait "$client"
    exec 7>&- 8<&-
}

broker_on hub
main_broker=$broker
until_ok on desk cadre broker info --broker tcp://10.77.0.1:5700

#  ---- IPv6, and an address of the link alone, with its interface
worker_on w 'tcp://[fd77::1]:5700'
computes 'IPv6' w 'tcp://[fd77::1]:5700'
stop "$worker"
link=$(ip -n "$net-hub" -6 -o addr show dev eth0 scope link | grep -oE 'fe80[^/]*')
worker_on w "tcp://[$link%eth0]:5700"
computes 'link-local IPv6' w "tcp://[$link%eth0]:5700"
check 'it is told of by that address' grep -qF "w registered with tcp://[$link%eth0]:5700" "$scratch/w.log"
stop "$worker"

#  ---- A name of which some addresses are dead: nobody at one, no service at another, and the other
#  family
for numbers in '10.77.0.99 fd77::99 10.77.0.1' '10.77.0.2 10.77.0.1' 'fd77::2 fd77::1' 'fd77::99 10.77.0.99 fd77::1'; do
    #  shellcheck disable=SC2086
    hosts_name w hub $numbers
    #  shellcheck disable=SC2086
    hosts_name desk hub $numbers
    check "the system knows hub as $numbers" test "$(on w getent ahosts hub | awk '{print $1}' | sort -u | wc -l)" = "$(wc -w <<<"$numbers")"
    worker_on w tcp://hub:5700
    computes "hub is $numbers" w tcp://hub:5700
    stop "$worker"
done
check 'it is told of by its name' grep -qF 'w registered with tcp://hub:5700' "$scratch/w.log"

#  ---- A list of addresses
worker_on w tcp://10.77.0.2:5700,tcp://10.77.0.99:5700,tcp://10.77.0.1:5700
computes 'the last of a list' w tcp://10.77.0.99:5700,tcp://10.77.0.1:5700
stop "$worker"

#  ---- A worker behind NAT, and a firewall there that forgets connections which were idle for 40 s:
#  it lets nothing through that it does not know. It has a broker of its own, which nothing
#  disturbs: its lane and sink are idle until they are looked at again, at the end.
quiet=tcp://10.77.0.2:5900
broker_on spare "$quiet"
quiet_broker=$broker
on gate sh -c 'cd /proc/sys/net/netfilter && echo 40 >nf_conntrack_tcp_timeout_established && echo 0 >nf_conntrack_tcp_loose'
on gate iptables -w -A FORWARD -m conntrack --ctstate INVALID -j DROP
on gate iptables -w -A FORWARD -i eth0 -m conntrack --ctstate NEW -j DROP
check 'nobody can connect to it' eval '! on hub ping -c 1 -W 1 192.168.77.2 >/dev/null 2>&1'
worker_on inner "$quiet"
behind=$worker
check 'behind NAT: inner is there' until_ok registered inner "$quiet"
expect 0 inner '' on desk cadre run --broker "$quiet" 'hostname; :' ::: x
idle_since=$SECONDS
registrations=$(grep -c registered "$scratch/inner.log")

#  ---- Clocks that differ: wall clocks by more than a year each way, and the clock since the start
#  by eleven days
export FAKETIME_DONT_FAKE_MONOTONIC=1
worker_on w tcp://10.77.0.1:5700 unshare --time --boottime 1000000 --monotonic 500000 env "LD_PRELOAD=$faketime" FAKETIME=-400d
computes 'clocks that differ' w tcp://10.77.0.1:5700
expect_like 0 "^$(($(date +%Y) - 2))|^$(($(date +%Y) - 1))" '' on desk cadre run --broker tcp://10.77.0.1:5700 --needs w 'date +%Y; :' ::: x
expect 0 w '' on desk env "LD_PRELOAD=$faketime" FAKETIME=+400d cadre run --broker tcp://10.77.0.1:5700 --needs w 'hostname; :' ::: x
check 'nobody was lost' eval '! grep -q "worker w .* is lost" "$scratch/broker.log"'
stop "$worker"

#  ---- A host that vanishes: no FIN, no RST, the process dies while nobody can hear it
worker_on w tcp://10.77.0.1:5700
until_ok registered w
hosts_cut w
kill -KILL "$worker"
check 'a vanished worker is given up' until_ok gone w
hosts_heal w
worker_on w tcp://10.77.0.1:5700
computes 'it comes back' w tcp://10.77.0.1:5700

#  ---- The broker's host vanishes and comes back; so does a client that stays
steady_at tcp://10.77.0.1:5700
talk 7 '49 at *' 'a client that stays'
hosts_cut hub
kill -KILL "$main_broker"
talk 7 'error: *' 'the broker is gone'
hosts_heal hub
broker_on hub
check 'the worker has found it' until_ok registered w
talk 8 '64 at tcp://10.77.0.1:5700' 'the broker is back'

#  ---- A cut in one direction only, at each end of the wire and at the client
for way in mute deafen; do
    for host in w hub desk; do
        "hosts_$way" "$host"
        sleep 1.5
        hosts_heal "$host"
        check "after $way of $host" until_ok registered w
        talk 9 '81 at *' "after $way of $host"
        computes "after $way of $host" w tcp://10.77.0.1:5700
    done
done
steady_end

#  ---- A task that runs while the wire is cut in one direction has one outcome
for way in mute deafen; do
    job=$(on desk cadre submit --broker tcp://10.77.0.1:5700 "sleep 2; echo $way; :" ::: x 2>/dev/null)
    sleep 0.3
    "hosts_$way" w
    sleep 1.5
    hosts_heal w
    expect 0 '' '' on desk cadre job wait --broker tcp://10.77.0.1:5700 "$job"
    expect 0 "$way" '' on desk cadre job logs --broker tcp://10.77.0.1:5700 "$job"
done
stop "$worker"

#  ---- The firewall that forgets
left=$((idle_since + 80 - SECONDS))
[ "$left" -le 0 ] || sleep "$left"
expect 0 inner '' on desk cadre run --broker "$quiet" 'hostname; :' ::: x
check 'and it has not registered again meanwhile' test "$(grep -c registered "$scratch/inner.log")" = "$registrations"

#  ---- A broker that comes back at another host: under the same name, and as another address of the
#  list
for address in tcp://hub:5700 tcp://10.77.0.1:5700,tcp://10.77.0.2:5700; do
    hosts_name w hub 10.77.0.1
    hosts_name desk hub 10.77.0.1
    worker_on w "$address"
    until_ok registered w
    steady_at "$address"
    talk 5 '25 at *' "$address"
    stop "$broker"
    hosts_name w hub 10.77.0.2
    hosts_name desk hub 10.77.0.2
    broker_on spare
    check "$address: the worker has found it" until_ok registered w tcp://10.77.0.2:5700
    talk 6 '36 at *' "$address: the client has found it"
    steady_end
    stop "$worker"
    stop "$broker"
    broker_on hub
done

stop "$behind"
stop "$broker"
stop "$quiet_broker"
check "nothing runs on any host: $(hosts_pids | xargs -r ps -o pid,args -p 2>/dev/null)" hosts_idle
[ "$faults" = 0 ] || tail -n 30 "$scratch"/*.log >&2
finish
