#  dockerd.sh - for tests with containers, sourced after cluster.sh: a Docker engine of the test's
#  own, and the image that all others begin with.
#
#      dockerd_start          ends the script with 77 and the reason where there can be no engine
#      docker run ...         the functions docker and docker_compose talk to this engine and no
#      other
#      check WHAT COMMAND...  says what holds, or what does not; await: in the end
#      dockerd_stop           every container, network, volume and image is gone, and so is the
#      engine; the script's end does it too
#
#  The engine lives in a network namespace of its own, joined to the machine by one pair of
#  interfaces: its bridges, and what it does to iptables, end with the namespace. On the machine
#  there are three rules while it runs, each marked with the namespace's name. All its files are
#  below $scratch; only the base image stays, in ${XDG_CACHE_HOME:-/var/cache}/cadre-tests.

docker_namespace=cadre-docker-$$
docker_net=198.18.$(($$ % 250)) # a network for tests of networks (RFC 2544): nobody's
dockerd_pid=
forward_before=

docker () {
    /usr/bin/docker -H "unix://$scratch/docker.sock" "$@"
}

docker_compose () {
    DOCKER_HOST=unix://$scratch/docker.sock COMPOSE_PROJECT_NAME=cadre /usr/bin/docker-compose --no-ansi "$@"
}

skip () {
    printf 'SKIPPED: %s\n' "$*"
    exit 77
}

#  The machine's three rules, to add (-A) or delete (-D).
docker_rules () {
    local mark=(-m comment --comment "$docker_namespace")
    iptables -w -t nat "$1" POSTROUTING -s "$docker_net.0/24" "${mark[@]}" -j MASQUERADE &&
        iptables -w "$1" FORWARD -s "$docker_net.0/24" "${mark[@]}" -j ACCEPT &&
        iptables -w "$1" FORWARD -d "$docker_net.0/24" "${mark[@]}" -j ACCEPT
}

docker_network () {
    local inside="ip -n $docker_namespace"
    mtu=$(ip -o link show "$(ip route show default | awk '{ print $5; exit }')" | sed 's/.* mtu \([0-9]*\).*/\1/')
    ip netns add "$docker_namespace" &&
        ip link add "cdk$$" mtu "${mtu:-1500}" type veth peer name eth0 mtu "${mtu:-1500}" netns "$docker_namespace" &&
        ip addr add "$docker_net.1/24" dev "cdk$$" && ip link set "cdk$$" up &&
        $inside addr add "$docker_net.2/24" dev eth0 && $inside link set eth0 up && $inside link set lo up &&
        $inside route add default via "$docker_net.1" && docker_rules -A || return 1
    forward_before=$(cat /proc/sys/net/ipv4/ip_forward)
    echo 1 >/proc/sys/net/ipv4/ip_forward
}

dockerd_start () {
    local tool
    [ "$(id -u)" = 0 ] || skip "a Docker engine needs root"
    for tool in docker dockerd docker-compose debootstrap iptables ip nsenter; do
        PATH=/usr/bin:/usr/sbin:$PATH command -v "$tool" >/dev/null || skip "there is no $tool"
    done
    docker_network 2>"$scratch/network.log" || skip "no network namespace: $(tail -n 1 "$scratch/network.log")"
    mkdir -p "$scratch/docker"
    nsenter --net="/run/netns/$docker_namespace" dockerd --data-root "$scratch/docker" --exec-root "$scratch/docker.run" \
        --pidfile "$scratch/docker.pid" -H "unix://$scratch/docker.sock" --mtu "${mtu:-1500}" --cgroup-parent "/$docker_namespace" >"$scratch/dockerd.log" 2>&1 &
    dockerd_pid=$!
    until_ok_or_gone "$dockerd_pid" docker info ||
        skip "dockerd does not run here: $(grep -E 'level=(error|fatal)|failed' "$scratch/dockerd.log" | tail -n 1)"
    docker_base
}

#  Wait, for at most 60 s, until a command succeeds or a process is gone.
until_ok_or_gone () {
    local pid=$1 i
    shift
    for i in $(seq 600); do
        "$@" >/dev/null 2>&1 && return 0
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

#  There is no registry: the base is made once by debootstrap, as the real debian:bookworm-slim is,
#  and then kept.
docker_base () {
    local cache=${XDG_CACHE_HOME:-/var/cache}/cadre-tests mirror
    local tarball=$cache/bookworm-$(dpkg --print-architecture).tar
    if [ ! -s "$tarball" ]; then
        mkdir -p "$cache"
        debootstrap --variant=minbase bookworm "$scratch/base" >"$scratch/debootstrap.log" 2>&1 ||
            skip "debootstrap makes no base image: $(tail -n 1 "$scratch/debootstrap.log")"
        docker_slim "$scratch/base"
        tar -C "$scratch/base" -cf "$tarball.$$" . && mv "$tarball.$$" "$tarball"
        rm -rf "$scratch/base"
    fi
    docker import "$tarball" debian:bookworm-slim >/dev/null
}

#  Slim: no lists, no packages, no pages of manuals, now and later.
docker_slim () {
    rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/* "$1"/usr/share/doc/* "$1"/usr/share/man/* \
        "$1"/usr/share/locale/* "$1"/usr/share/info/*
    printf 'path-exclude /usr/share/%s/*\n' doc man locale info >"$1/etc/dpkg/dpkg.cfg.d/docker"
    printf 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n' >"$1/etc/apt/apt.conf.d/docker-clean"
}

#  Ends whatever is there, in the order in which it began; may be called at any moment.
dockerd_stop () {
    local left mount
    if [ -n "$dockerd_pid" ] && kill -0 "$dockerd_pid" 2>/dev/null; then
        left=$(docker ps -aq) && [ -z "$left" ] || docker rm -f $left >/dev/null 2>&1
        kill -TERM "$dockerd_pid"
        wait "$dockerd_pid" 2>/dev/null
    fi
    dockerd_pid=
    awk -v below="$scratch/" 'index($2, below) == 1 { print $2 }' /proc/self/mounts | sort -r |
        while read -r mount; do umount -l "$mount"; done
    find /sys/fs/cgroup -depth -type d -path "*/$docker_namespace*" -exec rmdir {} + 2>/dev/null
    [ -z "$forward_before" ] || echo "$forward_before" >/proc/sys/net/ipv4/ip_forward
    docker_rules -D 2>/dev/null
    ip link del "cdk$$" 2>/dev/null
    ip netns del "$docker_namespace" 2>/dev/null
    forward_before=
}

dockerd_end () {
    dockerd_stop
    cluster_end
}
trap dockerd_end EXIT
trap 'exit 1' INT TERM

#  ---- what is checked is said, with the seconds since the beginning ------------------------

began=$(date +%s)

heading () {
    printf '%4d s  %s\n' "$(($(date +%s) - began))" "$*"
}

#  check WHAT COMMAND...: the command succeeds
check () {
    local what=$1
    shift
    checks=$((checks + 1))
    if "$@" >"$scratch/checked" 2>&1; then
        printf '        %s\n' "$what"
    else
        fault "$what: $* : $(tail -c 400 "$scratch/checked")"
    fi
}

#  await WHAT COMMAND...: the command succeeds within two minutes
await () {
    local what=$1 end=$((SECONDS + 120))
    shift
    checks=$((checks + 1))
    until "$@" >"$scratch/awaited" 2>&1; do
        [ "$SECONDS" -lt "$end" ] || { fault "never: $what: $* : $(tail -c 400 "$scratch/awaited")"; return 1; }
        sleep 0.2
    done
    printf '        %s\n' "$what"
}

is () {
    [ "$1" = "$2" ] || { printf "'%s' is not '%s'\n" "$1" "$2"; return 1; }
}

health_is () {
    is "$(docker inspect -f '{{.State.Health.Status}}' "$1")" "$2"
}

no_namespace () {
    ! ip netns list | grep -q "$docker_namespace" && ! ip link show "cdk$$" 2>/dev/null
}

#  The last checks: containers, volumes and networks of the test's own are gone, and then so is the
#  engine.
dockerd_left_nothing () {
    check "no container" is "$(docker ps -aq)" ""
    check "no volume" is "$(docker volume ls -q)" ""
    check "no network" is "$(docker network ls --format '{{.Name}}' | sort | tr '\n' ' ')" "bridge host none "
    dockerd_stop
    check "no process" is "$(pgrep -f "$scratch/docker" | tr '\n' ' ')" ""
    check "no mount" is "$(grep -c "$scratch" /proc/self/mounts)" 0
    check "no control group" is "$(find /sys/fs/cgroup -type d -name "$docker_namespace*")" ""
    check "no rule" is "$(iptables-save 2>/dev/null | grep -c "$docker_namespace")" 0
    check "no namespace, no interface" no_namespace
    heading "done"
}
