#  hosts.sh - worker deploy, up, down and run --hosts on this machine, and hosts that say strange
#  things (hosts/ssh.sh has real ones)
. "${CADRE_SOURCE_DIR:?run by ctest}/tests/lib/shell/cluster.sh"
export XDG_STATE_HOME=$scratch/state HOME=$scratch/home
unset XDG_CACHE_HOME SLURM_JOB_NODELIST
mkdir "$HOME"
cluster_start 0
trap 'cadre worker deploy --stop >/dev/null 2>&1; cadre down --timeout 0 >/dev/null 2>&1; cluster_end' EXIT

left () {
    find "$HOME" -mindepth 1 ! -path "$HOME/.config*"
}

#  ---- this machine is a host, too ----
expect_like 0 "^: running $tcp \(2 slots\)" '' cadre worker deploy --hosts 2/: --broker "$tcp"
expect_like 0 '"labels":\["gpu","big"\]' '' sh -c "printf '%s\n' ': slots=1 label=gpu,big' >$scratch/hosts; cadre worker deploy --hosts $scratch/hosts --broker $tcp >/dev/null && cadre worker list --broker $ipc -o ndjson"
expect_like 0 '^: +running' '' cadre worker deploy --status -o table
expect_like 0 "^: gone" '' cadre worker deploy --stop
[ -z "$(left)" ] || fault "stop leaves $(left)"
expect 0 $'1\n2\n3' '' cadre run -k --hosts 2/: echo ::: 1 2 3
expect 0 "$HOME" '' cadre run --hosts : --env HOME 'echo $HOME #' ::: 1
[ -z "$(left)" ] || fault "run --hosts leaves $(left)"
expect_like 64 '' '--local and --hosts exclude' cadre run --local --hosts : echo ::: 1
expect_like 64 '' 'cannot connect to the broker at ipc://' cadre run --broker "$ipc" --hosts : echo ::: 1
expect_like 64 '' 'cannot connect to the broker at ipc://' cadre worker deploy --broker "$ipc" --hosts :
expect_like 64 '' 'no hosts are named' cadre worker deploy --broker "$tcp"
expect_like 64 '' 'hosts:2: .* is not a host' sh -c "printf 'a\n-x\n' >$scratch/hosts; cadre worker deploy --hosts $scratch/hosts --broker $tcp"

#  ---- up and down, here ----
for try in 1 2 3 4 5; do
    cadre up --port "$(free_port)" >"$scratch/stdout" 2>"$scratch/stderr" && break
done
expect_text '^: running tcp://127.0.0.1' "$scratch/stdout" up
expect 0 $'1\n2' '' cadre run -k echo ::: 1 2
[ "$(stat -c %a "$XDG_CONFIG_HOME/cadre/admin.access")" = 600 ] || fault "the access file is open"
expect_like 0 '^: gone' 'the broker has ended' cadre down
expect_like 66 '' 'nothing is running' cadre down
[ -z "$(left)" ] || fault "down leaves $(left)"

#  ---- hosts that are no hosts ----
ssh_is () {
    printf '#!/bin/sh\n%s\n' "$1" >"$scratch/ssh"
    chmod +x "$scratch/ssh"
}
odd () {
    local want=$1
    ssh_is "$2"
    expect_like 1 "^a failed $want" '' cadre worker deploy --hosts a --broker "$tcp" --ssh "$scratch/ssh" --timeout 1s
}
odd 'ssh exited with 3 and gave no reason' 'exit 3'
odd 'no way there$' 'echo "Warning: this and that" >&2; echo no way there >&2; echo more >&2; exit 255'
odd 'ssh exited with 0 and gave no reason' 'echo hello; echo cadre:; echo "cadre: "; echo "cadre: running"; echo "cadre: ready"'
odd 'it requested a file that was not offered' 'echo "cadre: need 0000"; cat >/dev/null'
odd 'ssh exited with 0' 'head -c 100000 /dev/zero | tr "\0" x; exec 1>&-; exec 2>&-'
odd 'it gave no reason' 'echo "cadre: failed 0"; cat >/dev/null'
odd 'no answer in time' 'sleep 100'
ssh_is 'printf "a chatty shell\ncadre: ready\ncadre: running 7 fine\n"; cat >/dev/null'
expect 0 'a running fine' '' cadre worker deploy --hosts a --broker "$tcp" --ssh "$scratch/ssh"
ssh_is 'printf "cadre: gone 0\n"'
expect 0 'a gone' '' cadre worker deploy --stop --ssh "$scratch/ssh"
pgrep -f "^/bin/sh $scratch/ssh" >/dev/null && fault 'an ssh stays'
finish
