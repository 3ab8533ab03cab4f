#!/bin/bash
#  Poor surroundings: few descriptors, no thread, no memory, no /proc, no /dev/null, a folder that
#  cannot be written, standard descriptors that are closed. Programs work, with fewer slots if it
#  must be, or end with a line that names cause and cure; nothing is aborted.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
#  A user who is nobody's, and runs nothing: ulimit -u counts all that a user runs.
uid=64998
while getent passwd $uid >/dev/null || pgrep -U $uid >/dev/null; do uid=$((uid - 1)); done
nobody="setpriv --reuid $uid --regid $uid --clear-groups"
chmod 755 "$scratch"

#  told PATTERN COMMAND...: one line that has it, and no signal
told () {
    local pattern=$1 status
    shift
    checks=$((checks + 1))
    timeout 30 "$@" >stdout 2>stderr </dev/null
    status=$?
    [ $status -lt 124 ] || [ $status = 125 ] || fault "$*: status $status"
    [ $status != 0 ] || fault "$*: went well"
    grep -Eq -- "$pattern" stderr || fault "$*: $(cat stderr)"
}

seq 60 >fifty
#  ---- descriptors: the soft limit is raised; then fewer slots, with a word
expect 0 $'1\n2' '' bash -c 'ulimit -Sn 30 && exec "$@"' - cadre run -k --local --slots 9 echo ::: 1 2
expect 0 "$(seq 60)" '^cadre: [0-9]+ slots instead of 50: .*ulimit -n' bash -c 'ulimit -n 128 && exec "$@"' - cadre run -k --local --slots 50 echo :::: fifty
for limit in 8 16 20 30 50 64; do
    told 'file descriptors, .* are free: raise the limit with ulimit -n' bash -c "ulimit -n $limit && exec \"\$@\"" - cadre run --local --slots 2 echo ::: 1
done
for limit in 8 16 20 30; do
    told 'file descriptors, .* are free: raise the limit with ulimit -n' bash -c "ulimit -n $limit && exec \"\$@\"" - cadre-broker --listen "ipc://$scratch/few"
    told 'file descriptors, .* are free: raise the limit with ulimit -n' bash -c "ulimit -n $limit && exec \"\$@\"" - cadre-worker --broker "ipc://$scratch/few"
done
cluster_start 0
start bash -c 'ulimit -n 44 && exec "$@"' - cadre-worker --broker "$ipc" --name few --slots 40 2>>few.log
until_ok grep -q 'registered' few.log
grep -Eq 'W070: [0-9]+ slots instead of 40: .*ulimit -n' few.log || fault "a worker with few descriptors: $(cat few.log)"
expect 0 $'1\n2' '' cadre run -k --broker "$ipc" echo ::: 1 2

#  ---- memory
for limit in 20000 40000; do
    for words in "cadre-broker --listen ipc://$scratch/none" "cadre-worker --broker $ipc" "cadre broker info --broker $ipc" 'cadre run --local echo ::: 1'; do
        told 'no thread can be started|no memory|out of memory' bash -c "ulimit -v $limit && exec $words"
    done
done

if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    #  ---- threads and processes
    for limit in 1 2 3; do
        for words in "cadre-broker --listen ipc://$scratch/none" "cadre-worker --broker $tcp" "cadre broker info --broker $tcp" 'cadre run --local echo ::: 1'; do
            told 'no thread can be started: .*ulimit -u' $nobody bash -c "ulimit -u $limit && exec $words"
        done
    done
    #  ---- what is usually there
    cat >inside <<'END'
mount -t tmpfs none "$1" && mkdir -p home && mount -t tmpfs -o ro none home && shift
export HOME=$PWD/home
unset XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_STATE_HOME
exec "$@"
END
    for folder in /proc /dev; do
        expect 0 $'1\n2' '' unshare -m bash inside $folder cadre run -k --local --slots 2 echo ::: 1 2
        expect 0 '3' '' unshare -m bash inside $folder sh -c 'cadre run -k --local "cat; echo 3; : {}" ::: 1 <&-'
        expect 0 '49' '' unshare -m bash inside $folder cadre call --local --plugin "$plugins/arithmetic.so" square 7
        expect 0 $'1\n2' '' unshare -m bash inside $folder cadre run -k --broker "$ipc" echo ::: 1 2
        mkdir -p own
        unshare -m bash inside $folder bash -c "cadre-broker --listen ipc://$scratch/own --store none </etc/hostname & broker=\$!
            for i in \$(seq 200); do [ -S $scratch/own/front ] && break; sleep 0.05; done
            cadre-worker --slots 2 --broker ipc://$scratch/own </etc/hostname & worker=\$!
            timeout 30 cadre run -k --broker ipc://$scratch/own 'echo {}; cat' ::: 1 2
            kill \$worker; wait \$worker; kill \$broker; wait \$broker" >stdout 2>own.log
        checks=$((checks + 1))
        [ "$(cat stdout)" = $'1\n2' ] || fault "daemons without $folder: $(cat stdout own.log)"
    done
fi

#  ---- standard descriptors that are closed: what is opened next must not be taken for them
expect 0 'hi' '' sh -c 'exec cadre run --local "echo hi; : {}" ::: 1 <&- 2>&-'
expect 125 '' 'cannot write to standard output: Bad file descriptor' sh -c 'exec cadre run --local "echo hi; : {}" ::: 1 >&- <&-'
expect 125 '' '' sh -c 'exec cadre run --local "echo hi; : {}" ::: 1 >&- <&- 2>&-'
finish
