#!/bin/bash
#  The units of docker/systemd under a real systemd, in a container: start, reload, credentials,
#  users, several workers, drain, watchdog, jobs that outlive the broker, an end for lack of memory.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
. "$CADRE_SOURCE_DIR/tests/lib/shell/dockerd.sh"

#  What this build installs, with systemd.
image () {
    local libraries library
    mkdir "$scratch/image"
    DESTDIR=$scratch/image/root cmake --install "$CADRE_BUILD_DIR" --prefix /usr >/dev/null
    libraries=$(for library in $(ldd "$bin/cadre" "$bin/cadre-broker" | awk '$3 ~ /^\// { print $3 }' | sort -u); do
        dpkg -S "$(basename "$(realpath "$library")")"
    done | cut -d : -f 1 | sort -u | tr '\n' ' ')
    cat >"$scratch/image/Dockerfile" <<DOCKERFILE
FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends systemd dbus $libraries >/dev/null
COPY root /
RUN systemd-sysusers && rm -f /lib/systemd/system/multi-user.target.wants/* && \\
    ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
DOCKERFILE
    docker build -q -t systemd "$scratch/image" >"$scratch/build.log" 2>&1 || {
        tail -20 "$scratch/build.log"
        fault "no image with systemd"
        finish
    }
}

machine () {
    docker exec machine "$@"
}

#  As the broker's user, over ipc: no key is needed.
as_broker () {
    docker exec -i -w /tmp machine runuser -u cadre -- env CADRE_BROKER=ipc:///run/cadre cadre "$@"
}

runs () {
    is "$(machine systemctl is-system-running)" running
}

#  The property of a unit.
unit () {
    machine systemctl show -P "$2" "$1"
}

#  let_in NAME: a key for a worker, and its access file where root keeps it
let_in () {
    as_broker keygen "$1" --role worker --keys /var/lib/cadre/keys --address tcp://127.0.0.1:5700 --out - 2>/dev/null |
        docker exec -i machine install -D -m 0600 /dev/stdin "/etc/cadre/$1.access"
}

worker_is () {
    as_broker worker list -o ndjson | grep -q "\"key\":\"$1\".*\"state\":\"$2\""
}

boot () {
    heading "a machine with systemd"
    image
    docker run -d --name machine --hostname machine --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
        --tmpfs /run --tmpfs /tmp:exec -v /sys/fs/cgroup:/sys/fs/cgroup systemd \
        sh -c 'mount --make-rshared / && exec /lib/systemd/systemd' >/dev/null
    await "systemd runs" runs
    check "it finds nothing wrong with the units" \
        is "$(machine systemd-analyze verify cadre-broker.service cadre-worker.service cadre-worker@a.service 2>&1)" ""
}

broker () {
    heading "the broker"
    check "starts" machine systemctl start cadre-broker
    check "says how it is" is "$(unit cadre-broker StatusText)" "serves; 0 workers, 0 clients, 0 jobs"
    check "has made its own key, and one for the operator" machine test -s /var/lib/cadre/keys/broker.key -a -s /var/lib/cadre/admin.access
    check "runs as its own user" is "$(machine stat -c %U "/proc/$(unit cadre-broker MainPID)")" cadre
    check "lets nobody read its keys" is "$(machine stat -c '%U %a' /var/lib/cadre /var/lib/cadre/keys/broker.key)" $'cadre 700\ncadre 600'
    let_in worker
    check "takes a new key at systemctl reload" machine systemctl reload cadre-broker
    check "and says that it did" machine sh -c 'journalctl -u cadre-broker | grep -q "keys reloaded: 2 are accepted"'
}

worker () {
    heading "a worker"
    check "starts, once it is registered" machine systemctl start cadre-worker
    check "with its own key, which only it can read" worker_is worker ready
    check "as a user of the moment" is "$(as_broker run 'id -u; : {}' ::: 1 | awk '{ print ($1 >= 61184 && $1 <= 65519) }')" 1
    check "whose tasks cannot become root, or write outside of their place" is "$(as_broker run --workdir /var/lib/cadre-worker \
        'touch here && ! touch /etc/x 2>/dev/null && grep -c "NoNewPrivs:.1" /proc/self/status; : {}' ::: 1)" 1
    check "and see no socket of systemd" is "$(as_broker run 'grep -c NOTIFY_SOCKET /proc/$PPID/environ; : {}' ::: 1)" 0
}

memory () {
    heading "a task takes all memory of the unit"
    machine systemctl set-property --runtime cadre-worker MemoryMax=48M
    as_broker run tail ::: /dev/zero >/dev/null 2>"$scratch/said"
    check "it is out-of-memory" grep -q out-of-memory "$scratch/said"
    check "the worker goes on" is "$(as_broker run 'echo {}' ::: on)" on
    check "and was not started again" is "$(unit cadre-worker NRestarts) $(unit cadre-worker ActiveState)" "0 active"
}

slot_runs () {
    unit cadre-worker StatusText | grep -q '; 1 of [0-9]* slots run$'
}

drain () {
    heading "systemctl stop drains"
    as_broker run 'sleep 3; echo {} $CADRE_ATTEMPT' ::: finished >"$scratch/drained" 2>/dev/null &
    started+=($!)
    await "a task runs" slot_runs
    machine systemctl stop cadre-worker
    wait "${started[-1]}"
    check "it was finished" is "$(cat "$scratch/drained")" "finished 1"
    check "and the worker has ended well" is "$(unit cadre-worker Result) $(unit cadre-worker ActiveState)" "success inactive"
}

instances () {
    heading "two more workers, each with a name, a key and a user"
    let_in a
    let_in b
    machine systemctl reload cadre-broker
    check "both start" machine systemctl start cadre-worker@a cadre-worker@b
    check "a is there" worker_is a ready
    check "b is there" worker_is b ready
    check "they are two users" is "$(for name in a b; do machine stat -c %u "/proc/$(unit cadre-worker@$name MainPID)"; done | sort -u | wc -l)" 2
    check "a key that is no worker's is refused" refuses
}

refuses () {
    machine install -m 0600 /var/lib/cadre/admin.access /etc/cadre/c.access
    ! machine systemctl start cadre-worker@c
    machine sh -c 'journalctl -u cadre-worker@c | grep -q "not for a worker"'
    is "$(unit cadre-worker@c ExecMainStatus)" 77
}

watchdog () {
    local job
    heading "a broker that hangs is started again, and has lost no job"
    machine mkdir -p /run/systemd/system/cadre-broker.service.d
    docker exec -i machine sh -c 'cat >/run/systemd/system/cadre-broker.service.d/test.conf' <<<$'[Service]\nWatchdogSec=2'
    machine systemctl daemon-reload
    machine systemctl restart cadre-broker
    await "a is there" worker_is a ready
    job=$(as_broker submit 'sleep 1; echo {}' ::: 1 2 3 4 5 6 7 8 9 10)
    machine sh -c "kill -STOP $(unit cadre-broker MainPID)"
    await "systemd has seen it" is_restarted
    await "a comes back" worker_is a ready
    check "and computes" is "$(as_broker run 'echo {}' ::: again)" again
    check "the job of before goes on, and ends well" as_broker job wait "$job" --timeout 2m
    check "with all that it printed" is "$(as_broker job logs "$job")" "$(seq 10)"
    check "its store is nobody else's" is "$(machine stat -c '%U %a' /var/lib/cadre/store)" "cadre 600"
}

is_restarted () {
    is "$(unit cadre-broker NRestarts) $(unit cadre-broker ActiveState)" "1 active"
}

shutdown () {
    heading "all stop"
    check "workers" machine systemctl stop 'cadre-worker@*'
    check "the broker" machine systemctl stop cadre-broker
    check "each of them well" is "$(machine systemctl --failed --no-legend | grep -v 'cadre-worker@c')" ""
    docker rm -f machine >/dev/null
    dockerd_left_nothing
}

dockerd_start
for part in boot broker worker memory drain instances watchdog shutdown; do
    "$part"
done
finish
