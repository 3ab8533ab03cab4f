#  sshd.sh - for tests over ssh, sourced after cluster.sh: real sshd, each a host of its own
#
#      sshd_start alpha beta     two hosts: $alpha is its word for --hosts (127.0.0.1:PORT), $home/alpha its HOME
#      export CADRE_SSH          set, so that cadre reaches them
#
#  Hosts share this machine, but each has a HOME, and a PATH in which cadre-worker is found (host NAME-bare: none but the system's). What is left on a
#  host shows in its HOME and in processes whose environment has that HOME. Needs sshd: exit 77 without.

sshd=$(command -v sshd || PATH=$PATH:/usr/sbin:/sbin command -v sshd) || { echo "SKIPPED: there is no sshd"; exit 77; }
sshd_port=${SSHD_PORT:-$((22300 + $$ % 600))}
home=$scratch/home
mkdir -p "$home" "$scratch/ssh"
ssh-keygen -q -t ed25519 -N '' -f "$scratch/ssh/host" </dev/null
ssh-keygen -q -t ed25519 -N '' -f "$scratch/ssh/id" </dev/null
cp "$scratch/ssh/id.pub" "$scratch/ssh/authorized"
[ "$(id -u)" != 0 ] || [ -d /run/sshd ] || mkdir -m 0755 /run/sshd
export CADRE_SSH="ssh -F none -i $scratch/ssh/id -o IdentitiesOnly=yes -o UserKnownHostsFile=$scratch/ssh/known -o StrictHostKeyChecking=no"

sshd_start () {
    local name path try
    for name in "$@"; do
        path=$bin:/usr/local/bin:/usr/bin:/bin
        case $name in bare*) path=/usr/local/bin:/usr/bin:/bin ;; esac
        mkdir -p "$home/$name"
        for try in 1 2 3 4 5 6; do
            sshd_port=$((sshd_port + 1))
            printf '%s\n' "Port $sshd_port" 'ListenAddress 127.0.0.1' "HostKey $scratch/ssh/host" \
                "AuthorizedKeysFile $scratch/ssh/authorized" "PidFile $scratch/ssh/$name.pid" 'StrictModes no' 'UsePAM no' \
                'PrintMotd no' 'MaxStartups 100:30:200' "SetEnv HOME=$home/$name PATH=$path SSHD_HOST=$name-$$ XDG_CACHE_HOME= CADRE_LIBEXEC=" \
                >"$scratch/ssh/$name.conf"
            "$sshd" -f "$scratch/ssh/$name.conf" -E "$scratch/ssh/$name.log" && until_ok test -s "$scratch/ssh/$name.pid" && break
        done
        eval "$name=127.0.0.1:$sshd_port"
        started+=("$(cat "$scratch/ssh/$name.pid")")
    done
}

#  Processes that belong to a host: ids.
pids_on () {
    local file
    for file in /proc/[0-9]*/environ; do
        grep -qaz "^SSHD_HOST=$1-$$\$" "$file" 2>/dev/null && printf '%s\n' "$(basename "$(dirname "$file")")"
    done
    return 0
}

worker_on () {
    local pid
    for pid in $(pids_on "$1"); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = cadre-worker ] && echo "$pid"
    done
    return 0
}

#  Nothing left: neither a process nor a file.
nothing_on () {
    [ -z "$(pids_on "$1")" ] && [ -z "$(find "$home/$1" -mindepth 1)" ]
}

#  All that runs on a host ends.
sshd_clear () {
    local name
    for name in "$@"; do
        pids_on "$name" | xargs -r kill -KILL 2>/dev/null
    done
}
