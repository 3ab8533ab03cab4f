#!/bin/bash
#  The images of docker/ in a real Docker engine: size, user, keys and file system; slots and memory
#  by the container's limits; health; drain; and a compose project that is scaled 1 → 8 → 2 while a
#  batch with known results runs and containers are killed, and whose jobs outlive them all.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
. "$CADRE_SOURCE_DIR/tests/lib/shell/dockerd.sh"
cd "$CADRE_SOURCE_DIR" || exit 1

IMAGE_BYTES_MOST=60000000

compose_files=(-f docker/compose.yaml -f "$scratch/fast.yaml")
compose () {
    docker_compose "${compose_files[@]}" "$@" >>"$scratch/compose.log" 2>&1 || fault "docker-compose $*: $(tail -n 3 "$scratch/compose.log")"
}

#  Looks at health more often than people would.
cat >"$scratch/fast.yaml" <<'YAML'
x-fast: &fast {healthcheck: {interval: 1s, timeout: 5s, retries: 2, start_period: 1s}}
services: {broker: *fast, worker: *fast, client: *fast}
YAML
as_fast=(--health-interval 1s --health-retries 2)

#  ---- questions ---------------------------------------------------------------------------

containers_of () {
    docker ps -q --filter "label=com.docker.compose.service=$1"
}

#  What the broker says, asked inside of its container, without a key.
broker_says () {
    docker exec cadre_broker_1 cadre "$@" -o ndjson
}

#  broker_has FIELD VALUE, worker_has NAME FIELD VALUE: the value is a pattern
broker_has () {
    broker_says broker info | grep -Eq "\"$1\":\"?$2[\",}]"
}

worker_has () {
    broker_says worker list | grep "\"name\":\"$1\"" | grep -Eq "\"$2\":$3[,}]"
}

printed () {
    [ "$(wc -l <"$1")" -ge "$2" ]
}

#  The process below tini.
main_of () {
    local init
    init=$(docker inspect -f '{{.State.Pid}}' "$1")
    tr -d ' ' <"/proc/$init/task/$init/children"
}

no_zombies () {
    is "$(docker exec "$1" sh -c 'grep -l "^State:.Z" /proc/[0-9]*/status | xargs -r grep -H "^Name\|^PPid"' 2>/dev/null)" ""
}

#  ---- more containers than the project's -------------------------------------------------------

#  A client with a command of its own; stdin and stdout are the caller's.
as_client=(--network cadre_default -v cadre_client-access:/etc/cadre/access:ro -e CADRE_ACCESS=/etc/cadre/access/client.access)
client () {
    docker run --rm -i "${as_client[@]}" --read-only --tmpfs /tmp cadre-client "$@"
}

#  start_worker NAME [DOCKER OPTION...]: tasks reach it by its name as label
start_worker () {
    local name=$1
    shift
    docker run -d --name "$name" --hostname "$name" --network cadre_default -v cadre_worker-access:/etc/cadre/access:ro --read-only \
        --tmpfs /tmp:exec "${as_fast[@]}" "$@" cadre-worker --name "$name" --label "${name%-*}" >/dev/null
    await "worker $name is healthy" health_is "$name" healthy
}

#  ---- images -------------------------------------------------------------------------------------

images () {
    local role base size
    heading "the engine runs; images are built"
    compose build
    base=$(docker image inspect -f '{{.Size}}' debian:bookworm-slim)
    for role in broker worker client; do
        size=$(($(docker image inspect -f '{{.Size}}' "cadre-$role") - base))
        check "cadre-$role has $((size / 1000)) KB beyond its base" test "$size" -gt 0 -a "$size" -lt "$IMAGE_BYTES_MOST"
        check "cadre-$role runs as user 10001" is "$(docker run --rm --entrypoint id "cadre-$role" -u)" 10001
    done
    check "cadre-client runs a pool of its own" is "$(docker run --rm --read-only --tmpfs /tmp cadre-client run -k echo ::: a b)" $'a\nb'
}

#  ---- a project, with no edit
#  ------------------------------------------------------------------------

right_factors () {
    sed -n '/\[run, -k, factor/,/\]/p' docker/compose.yaml | grep -oE '[0-9]{13}' | factor
}

batch_is_right () {
    check "the client has ended well" is "$(docker wait cadre_client_1)" 0
    check "it printed the 16 results" is "$(docker logs cadre_client_1 2>/dev/null)" "$(right_factors)"
    check "which are 16" is "$(right_factors | wc -l)" 16
}

project () {
    heading "docker-compose up, one worker: keys, a broker, and the batch of the file"
    compose up -d --scale worker=1
    batch_is_right
    await "the broker is healthy" health_is cadre_broker_1 healthy
    await "the worker is healthy" health_is cadre_worker_1 healthy
}

locked () {
    local name
    heading "file systems, users, keys"
    for name in cadre_broker_1 cadre_worker_1; do
        check "$name: the root is read-only, /tmp is not" \
            docker exec "$name" sh -c '! touch /usr/x 2>/dev/null && ! touch /etc/cadre/x 2>/dev/null && touch /tmp/x'
        check "$name: no capabilities" docker exec "$name" grep -q '^CapEff:.0*$' /proc/1/status
        check "$name: PID 1 is tini" docker exec "$name" grep -q '^tini$' /proc/1/comm
    done
    check "a worker sees its access file alone, which nobody else can read" \
        is "$(docker exec cadre_worker_1 find /etc/cadre -type f -printf '%f %m %u\n')" "worker.access 600 cadre"
    check "the broker sees its keys, and no access file" \
        is "$(docker exec cadre_broker_1 find /etc/cadre -type f -printf '%f\n' | sort)" $'broker.key\nclient.pub\nworker.pub'
    check "no key stands in an environment or a command line" no_key_is_shown
    check "the broker wants keys" broker_has security curve
    timeout 60 docker run --rm --network cadre_default cadre-client broker info --broker tcp://broker:5700 >/dev/null 2>&1
    check "and lets nobody in without one" test $? -ne 0 -a $? -ne 124
}

no_key_is_shown () {
    ! docker inspect cadre_broker_1 cadre_worker_1 cadre_client_1 | grep -Eqi 'secret-?key|public-?key'
}

#  ---- 1 → 8 → 2 under load
#  ----------------------------------------------------------------------------

scale () {
    compose up -d --no-recreate --scale "worker=$1" --scale client=0
}

load () {
    local victim out=$scratch/batch
    heading "a batch of 300 tasks; 1 → 8 → 2 workers, three are killed"
    seq 1000000000001 2 1000000000599 >"$out.in"
    factor <"$out.in" >"$out.right"
    client run -k 'sleep 0.3; factor {}' <"$out.in" >"$out.out" 2>"$out.err" &
    started+=($!)
    await "one worker has begun" printed "$out.out" 5
    scale 8
    await "eight workers are there" broker_has workers 8
    for victim in $(containers_of worker | head -n 2); do docker kill "$victim" >/dev/null; done
    await "two were killed, the others go on" printed "$out.out" 100
    scale 2
    docker kill "$(containers_of worker | head -n 1)" >/dev/null
    wait "${started[-1]}"
    check "the batch has ended well" is $? 0
    check "all 300 results are right, once each, in order" cmp "$out.out" "$out.right"
    check "no task failed" broker_has tasks_failed 0
    await "the broker has missed those that were killed" broker_has lost_workers 3
    scale 2
    await "two workers are left" broker_has workers 2
}

#  A client goes on waiting over it and hands over again what has not ended; workers come back by
#  themselves.
reborn () {
    local out=$scratch/reborn job
    heading "the broker's container is killed in the middle of a batch"
    seq 2000000000001 2 2000000000079 >"$out.in"
    factor <"$out.in" >"$out.right"
    job=$(client submit 'sleep 1; echo {}' ::: 1 2 3 4 5 6 7 8 2>/dev/null)
    client run -k 'sleep 0.3; factor {}' <"$out.in" >"$out.out" 2>"$out.err" &
    started+=($!)
    await "some results are there" printed "$out.out" 5
    docker kill cadre_broker_1 >/dev/null
    docker start cadre_broker_1 >/dev/null
    wait "${started[-1]}"
    check "the batch goes on with the new one, and ends well" is $? 0
    check "all 40 results are right, once each, in order" cmp "$out.out" "$out.right"
    check "so does a job that was submitted" client job wait "$job" --timeout 2m
    check "with all that it printed" is "$(client job logs "$job")" "$(seq 8)"
    check "both workers have come back by themselves" broker_has workers 2
}

#  job_has JOB FIELD VALUE
job_has () {
    broker_says job info "$1" | grep -Eq "\"$2\":$3[,}]"
}

#  What cadre submit has handed over lies in the volume: it needs no container of those that were
#  there.
night () {
    local out=$scratch/night job
    heading "a job is submitted; every container is removed without a word, and others take their place"
    check "the broker keeps a store" broker_has store /var/lib/cadre/store
    seq 3000000000001 2 3000000000079 >"$out.in"
    factor <"$out.in" >"$out.right"
    job=$(client submit 'sleep 0.5; factor {}' <"$out.in" 2>"$out.err")
    await "some of it has run" job_has "$job" done '[1-9][0-9]*'
    check "and some of it has not" job_has "$job" state '"active"'
    docker rm -f $(containers_of worker) $(containers_of broker) >/dev/null
    scale 2
    check "it is known, and ends well" client job wait "$job" --timeout 2m
    client job logs "$job" >"$out.out" 2>>"$out.err"
    check "all 40 results are right, once each, in order" cmp "$out.out" "$out.right"
    check "it is forgotten when told to be" client job forget "$job"
}

#  ---- limits
#  -------------------------------------------------------------------------------------------

limits () {
    local out=$scratch/limits lost
    lost=$(broker_says broker info | sed 's/.*"lost_workers":\([0-9]*\).*/\1/')
    heading "slots follow the quota of CPUs; tasks that need too much memory are told so"
    start_worker narrow --cpus 1 --memory 64m --memory-swap 64m
    check "a quota of one CPU is one slot" worker_has narrow slots 1
    start_worker broad --cpus "$([ "$(nproc)" -ge 2 ] && echo 1.5 || echo 1)" --memory 64m --memory-swap 64m
    check "a quota of one and a half are two, where there are two" worker_has broad slots "$([ "$(nproc)" -ge 2 ] && echo 2 || echo 1)"
    client run --needs broad tail ::: /dev/zero /dev/zero /dev/zero >"$out.out" 2>"$out.err"
    check "three commands that take all memory fail" is $? 3
    check "each is out-of-memory" is "$(grep -c 'out-of-memory' "$out.err")" 3
    client run --needs narrow 'tail {}; exit $?' ::: /dev/zero >"$out.out" 2>"$out.err"
    check "one below a shell is out-of-memory, too" grep -q 'out-of-memory' "$out.err"
    check "the worker runs what fits" is "$(client run --needs broad 'echo {} fits' ::: it)" "it fits"
    check "no worker was lost for it" broker_has lost_workers "$lost"
    check "nor restarted" is "$(docker inspect -f '{{.RestartCount}} {{.State.Running}}' broad narrow)" $'0 true\n0 true'
    docker run -d --name small --memory 400m --memory-swap 400m -e CADRE_LISTEN=ipc:///tmp/cadre -e CADRE_KEYS= "${as_fast[@]}" \
        cadre-broker >/dev/null
    await "a broker in a container of 400 MB is healthy" health_is small healthy
    check "and holds at most 100" is "$(docker exec small cadre broker info -o ndjson | grep -o '"memory_limit_bytes":[0-9]*')" \
        '"memory_limit_bytes":104857600'
    docker rm -f broad small >/dev/null
}

#  ---- PID 1
#  ----------------------------------------------------------------------------------------------

orphans () {
    local slot
    heading "orphans are reaped"
    docker exec narrow sh -c '(sleep 0.1 &) ; (sleep 0.1 &)'
    check "a task leaves a process behind" is "$(client run --needs narrow '(setsid sleep 0.2 &) ; echo {}' ::: left)" left
    sleep 1
    check "the next one runs" is "$(client run --needs narrow 'echo {}' ::: next)" next
    check "no zombie is left" no_zombies narrow
    slot=$(cat "/proc/$(main_of narrow)/task/"*/children)
    kill -KILL $slot
    check "a slot that was killed is replaced" is "$(client run --needs narrow 'echo {}' ::: again)" again
    check "and reaped" no_zombies narrow
}

#  ---- docker stop
#  ------------------------------------------------------------------------------------------

drains () {
    local out=$scratch/drain
    heading "docker stop drains"
    start_worker leaver
    client run --needs leaver 'sleep 4; echo {} $CADRE_ATTEMPT' ::: finished >"$out.out" 2>"$out.err" &
    started+=($!)
    await "a task runs" worker_has leaver running 1
    docker stop -t 30 leaver >/dev/null
    check "the worker has ended by itself" is "$(docker inspect -f '{{.State.ExitCode}}' leaver)" 0
    wait "${started[-1]}"
    check "its task was finished there" is "$(cat "$out.out")" "finished 1"
    docker rm leaver >/dev/null

    start_worker leaver
    client run --needs leaver '[ "$(hostname)" = leaver-heir ] || sleep 60; echo {} $(hostname)' ::: inherited >"$out.out" 2>"$out.err" &
    started+=($!)
    await "a long task runs" worker_has leaver running 1
    docker stop leaver >/dev/null
    check "the worker has ended in the time that Docker gives it" is "$(docker inspect -f '{{.State.ExitCode}}' leaver)" 0
    start_worker leaver-heir
    wait "${started[-1]}"
    check "its task went to another one" is "$(cat "$out.out")" "inherited leaver-heir"
    docker rm -f leaver leaver-heir >/dev/null
}

#  ---- health
#  -------------------------------------------------------------------------------------------------

health () {
    local process
    heading "health"
    docker run -d --name asker "${as_client[@]}" "${as_fast[@]}" --entrypoint tini cadre-client -- sleep 600 >/dev/null
    await "a client that reaches the broker is healthy" health_is asker healthy
    process=$(main_of narrow)
    kill -STOP "$process"
    await "a worker that is stopped is unhealthy" health_is narrow unhealthy
    kill -CONT "$process"
    await "and healthy when it goes on" health_is narrow healthy
    process=$(main_of cadre_broker_1)
    kill -STOP "$process"
    await "a broker that is stopped is unhealthy" health_is cadre_broker_1 unhealthy
    await "so is its worker" health_is narrow unhealthy
    await "so is its client" health_is asker unhealthy
    kill -CONT "$process"
    await "all come back: the broker" health_is cadre_broker_1 healthy
    await "the worker" health_is narrow healthy
    await "the client" health_is asker healthy
    docker kill cadre_broker_1 >/dev/null
    await "without a broker a worker is unhealthy" health_is narrow unhealthy
    docker start cadre_broker_1 >/dev/null
    await "and healthy once there is one again" health_is narrow healthy
    docker rm -f narrow asker >/dev/null
}

#  ---- keys as secrets
#  ------------------------------------------------------------------------------------------

secrets () {
    local role
    heading "keys of one's own, as secrets"
    compose down -v
    export CADRE_SECRETS=$scratch/secrets
    install -d -o 10001 -g 10001 -m 0700 "$CADRE_SECRETS"
    for role in worker client; do
        docker run --rm -v "$CADRE_SECRETS:/secrets" --entrypoint cadre cadre-broker keygen "$role" --role "$role" --keys /secrets/keys \
            --address tcp://broker:5700 --out "/secrets/$role.access" >/dev/null 2>&1 || fault "no key for a $role"
    done
    compose_files=(-f docker/compose.yaml -f docker/compose.secrets.yaml)
    compose up -d --scale worker=2
    batch_is_right
    check "the worker's key is a secret" docker exec cadre_worker_1 test -s /run/secrets/worker.access
}

#  ---- docker/README.md keeps its word
#  ----------------------------------------------------------------------------

#  Its blocks below <!-- tested --> are run, in one shell, and must print what they show.
readme () {
    heading "docker/README.md, line by line"
    compose down -v
    unset CADRE_SECRETS
    mkdir -p "$scratch/tree/tests"
    cp -r .dockerignore CMakeLists.txt .cmake common broker worker client docker "$scratch/tree"
    cp -r tests/lint "$scratch/tree/tests"
    awk '$0 == "<!-- tested -->" { wanted = 1; next }
        /^```/ { inside = wanted && !inside; wanted = inside; next }
        inside' docker/README.md >"$scratch/expected"
    check "it shows much" test "$(grep -c '^\$ ' "$scratch/expected")" -gt 20
    sed -n 's/^\$ //p' "$scratch/expected" | while IFS= read -r command; do
        printf 'printf "%%s\\n" %q\n%s\n' "\$ $command" "$command"
    done >"$scratch/script"
    (cd "$scratch/tree" && DOCKER_HOST=unix://$scratch/docker.sock PATH=/usr/bin:$PATH bash "$scratch/script") >"$scratch/printed" \
        2>"$scratch/printed.err" </dev/null
    check "and prints what it shows" diff "$scratch/expected" "$scratch/printed" || tail -n 20 "$scratch/printed.err"
}

#  ---- nothing is left
#  --------------------------------------------------------------------------------------------

nothing_left () {
    heading "nothing is left"
    docker rm -f narrow broad leaver leaver-heir asker >/dev/null 2>&1
    compose down -v
    dockerd_left_nothing
}

#  COMPOSE_PARTS="images readme": only these
dockerd_start
for part in ${COMPOSE_PARTS:-images project locked load reborn night limits orphans drains health secrets readme} nothing_left; do
    "$part"
done
finish
