#  hosts.sh - for tests of several hosts, sourced: network namespaces that are hosts on one
#  Ethernet. Brings cluster.sh along.
#
#      hosts_new h1 h2 h3         hosts, each with eth0 at 10.77.0.N and fd77::N (N counts from 1),
#      who know each other by name
#      on h2 cadre run ...        runs in one
#      start_on h2 cadre-worker   the same in the background; its process id is remembered
#      hosts_cut h2               pulls the plug
#      hosts_mute h2              nothing leaves it any more; hosts_deafen h2: nothing reaches it
#      any more
#      hosts_heal h2              ends all of these
#      hosts_name h2 hub 10.77.0.1 fd77::1     on h2, hub stands for these (none: for nothing); h2
#      alone
#      hosts_behind n1 h2         a host n1 behind h2, which hides it (NAT): nobody can connect to
#      it
#
#      hosts_keys worker h2 h3    keys for the peers on them: see below
#
#  The hosts share the file system. Nothing is made outside the namespaces, whose names hold this
#  script's process id; all of it ends with the script. Exit 77 when this user may not make
#  namespaces.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"

net=cadre$$
hosts=()

hosts_skip () {
    printf 'SKIPPED: %s\n' "$*"
    exit 77
}

#  Of a script that was killed before it could tidy up.
hosts_sweep () {
    local name pid
    for name in $(ip netns list 2>/dev/null | grep -oE '^cadre[0-9]+-[a-z0-9]+'); do
        pid=${name#cadre}
        [ ! -d "/proc/${pid%%-*}" ] || continue
        for pid in $(ip netns pids "$name"); do
            kill -KILL "$pid" 2>/dev/null
        done
        ip netns del "$name"
        rm -rf "/etc/netns/$name"
    done
}

for tool in ip iptables ip6tables; do
    command -v "$tool" >/dev/null || hosts_skip "$tool is missing: ./dev test installs it"
done
hosts_sweep
ip netns add "$net-switch" 2>/dev/null || hosts_skip "network namespaces cannot be made: run as root"

#  A program, so that timeout and the like can start it; it becomes what it starts.
mkdir "$scratch/bin"
cat >"$scratch/bin/on" <<'END'
#!/bin/sh
host=$1
shift
exec ip netns exec "$CADRE_NET-$host" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$host" "$@"
END
chmod +x "$scratch/bin/on"
export CADRE_NET=$net PATH=$scratch/bin:$PATH

start_on () {
    start on "$@"
}

#  What runs on the hosts, by process id.
hosts_pids () {
    local host
    for host in "${hosts[@]}"; do
        ip netns pids "$net-$host"
    done
}

hosts_end () {
    local host pid
    cluster_stop
    for pid in $(hosts_pids); do
        kill -KILL "$pid" 2>/dev/null
    done
    for host in "${hosts[@]}" switch; do
        ip netns del "$net-$host" 2>/dev/null
        rm -rf "/etc/netns/$net-$host"
    done
    cluster_end
}
trap hosts_end EXIT
trap 'exit 130' INT TERM

#  A namespace that looks like a host: its own lo, and its own /etc/hosts.
hosts_make () {
    ip netns add "$net-$1" || exit 1
    hosts+=("$1")
    mkdir -p "/etc/netns/$net-$1"
    ip -n "$net-$1" link set lo up
}

#  IPv6 addresses are of use at once: no wait for duplicates.
hosts_quick () {
    on "$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
}

hosts_number () {
    local i
    for i in "${!hosts[@]}"; do
        [ "${hosts[i]}" != "$1" ] || echo $((i + 1))
    done
}

hosts_new () {
    local host n
    ip -n "$net-switch" link add br0 type bridge forward_delay 0
    ip -n "$net-switch" link set br0 up
    for host; do
        hosts_make "$host"
        hosts_quick "$host"
        n=${#hosts[@]}
        ip -n "$net-$host" link add eth0 type veth peer name "p$n" netns "$net-switch" || exit 1
        ip -n "$net-switch" link set "p$n" master br0 up
        ip -n "$net-$host" link set eth0 up
        ip -n "$net-$host" addr add "10.77.0.$n/24" dev eth0
        ip -n "$net-$host" addr add "fd77::$n/64" dev eth0 nodad
    done
    for host; do
        hosts_name "$host"
    done
}

#  Writes into the file that is there, since running programs of the host have it open by bind
#  mount.
hosts_name () {
    local host=$1 name=${2:-} n
    {
        printf '127.0.0.1 localhost\n'
        for n in "${!hosts[@]}"; do
            [ "${hosts[n]}" = "$name" ] || printf '10.77.0.%d %s\n' $((n + 1)) "${hosts[n]}"
        done
        for n in "${@:3}"; do
            printf '%s %s\n' "$n" "$name"
        done
    } >"/etc/netns/$net-$host/hosts"
}

hosts_cut () {
    ip -n "$net-switch" link set "p$(hosts_number "$1")" down
}

hosts_mute () {
    on "$1" iptables -w -A OUTPUT ! -o lo -j DROP
    on "$1" ip6tables -w -A OUTPUT ! -o lo -j DROP
}

hosts_deafen () {
    on "$1" iptables -w -A INPUT ! -i lo -j DROP
    on "$1" ip6tables -w -A INPUT ! -i lo -j DROP
}

hosts_heal () {
    local n
    n=$(hosts_number "$1")
    on "$1" iptables -w -F
    on "$1" ip6tables -w -F
    ip -n "$net-switch" link set "p$n" up
}

hosts_behind () {
    hosts_make "$1"
    hosts_quick "$1"
    ip -n "$net-$1" link add eth0 type veth peer name "to-$1" netns "$net-$2" || exit 1
    ip -n "$net-$2" addr add 192.168.77.1/24 dev "to-$1"
    ip -n "$net-$2" link set "to-$1" up
    ip -n "$net-$1" addr add 192.168.77.2/24 dev eth0
    ip -n "$net-$1" link set eth0 up
    ip -n "$net-$1" route add default via 192.168.77.1
    on "$2" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    on "$2" iptables -w -t nat -A POSTROUTING -o eth0 -j MASQUERADE
    hosts_name "$1"
}

#  Nothing runs on any host.
hosts_idle () {
    [ -z "$(hosts_pids)" ]
}

#  hosts_stop PID: SIGTERM, and wait for the end; its exit code
hosts_stop () {
    kill -TERM "$1" 2>/dev/null
    wait "$1"
}

#  check LABEL COMMAND...: counts one check; the command must succeed
check () {
    local label=$1
    shift
    checks=$((checks + 1))
    "$@" || fault "$label"
}

#  hosts_keys ROLE NAME...: a key for each, for the broker at hub: its folder is $keys, and `access
#  NAME` is where the access file is
keys=$scratch/keys

access () {
    printf '%s/%s.access' "$scratch" "$1"
}

hosts_keys () {
    local name
    for name in "${@:2}"; do
        "$bin/cadre" keygen "$name" --role "$1" --keys "$keys" --address tcp://hub:5700 --out "$(access "$name")" >/dev/null || exit 1
    done
}
