#  sshd.sh - for tests over ssh, sourced after cluster.sh: real sshd, each a host of its own
#
#      sshd_start alpha beta     two hosts: $alpha is its word for --hosts (127.0.0.1:PORT),
#      $home/alpha its HOME
#      export CADRE_SSH          set, so that cadre reaches them
#
#  Hosts share this machine, but each has a HOME, and a PATH in which cadre-worker is found (bare*:
#  only what the system has). A host whose name begins with cell has a root of its own, too:
#  busybox, a C library, and nothing else (root only). What is left on a host shows in its HOME, and
#  in processes with its SSHD_HOST in their environment. Needs sshd: exit 77 without.

sshd=$(command -v sshd || PATH=$PATH:/usr/sbin:/sbin command -v sshd) || { echo "SKIPPED: there is no sshd"; exit 77; }
sshd_port=${SSHD_PORT:-$((22300 + $$ % 600))}
home=$scratch/home
mkdir -p "$home" "$scratch/ssh"
ssh-keygen -q -t ed25519 -N '' -f "$scratch/ssh/host" </dev/null
ssh-keygen -q -t ed25519 -N '' -f "$scratch/ssh/id" </dev/null
cp "$scratch/ssh/id.pub" "$scratch/ssh/authorized"
[ "$(id -u)" != 0 ] || [ -d /run/sshd ] || mkdir -m 0755 /run/sshd
export CADRE_SSH="ssh -F none -i $scratch/ssh/id -o IdentitiesOnly=yes -o UserKnownHostsFile=$scratch/ssh/known -o StrictHostKeyChecking=no"

#  A root with a shell, coreutils and a C library; $1 is its name.
cell_make () {
    local cell=$scratch/cell/$1 file
    mkdir -p "$cell"/{bin,lib64,lib,dev,proc,tmp,"$home/$1"}
    chmod 1777 "$cell/tmp"
    cp "$(command -v busybox)" "$cell/bin/"
    for file in $(busybox --list); do
        case $file in setsid | gzip | xargs | awk | sed | grep | ssl_client | busybox) ;; *) ln -s busybox "$cell/bin/$file" ;; esac
    done
    for file in $(ldd "$bin/cadre-worker" | grep -oE '/[^ ]*/(lib(c|m|pthread|resolv|dl|rt)\.so\.[0-9]|ld-linux[^ ]*)'); do
        mkdir -p "$cell/$(dirname "$file")"
        cp -L "$file" "$cell/$file"
    done
    mknod -m 666 "$cell/dev/null" c 1 3
}

#  sshd of a cell: its mounts go with its last process.
cell_sshd () {
    printf '%s\n' "ForceCommand exec chroot $scratch/cell/$1 /bin/sh -c \"\$SSH_ORIGINAL_COMMAND\"" >>"$scratch/ssh/$1.conf"
    unshare -m sh -c "mount -t proc proc $scratch/cell/$1/proc && exec '$sshd' -f '$scratch/ssh/$1.conf' -E '$scratch/ssh/$1.log'"
}

sshd_start () {
    local name path try
    for name in "$@"; do
        path=$bin:/usr/local/bin:/usr/bin:/bin
        case $name in bare*) path=/usr/local/bin:/usr/bin:/bin ;; esac
        case $name in cell*) path=/bin:/usr/sbin:/usr/bin && cell_make "$name" ;; esac
        mkdir -p "$home/$name"
        for try in 1 2 3 4 5 6; do
            sshd_port=$((sshd_port + 1))
            printf '%s\n' "Port $sshd_port" 'ListenAddress 127.0.0.1' "HostKey $scratch/ssh/host" \
                "AuthorizedKeysFile $scratch/ssh/authorized" "PidFile $scratch/ssh/$name.pid" 'StrictModes no' 'UsePAM no' \
                'PrintMotd no' 'MaxStartups 100:30:200' "SetEnv HOME=$home/$name PATH=$path SSHD_HOST=$name-$$ XDG_CACHE_HOME= CADRE_LIBEXEC=" \
                >"$scratch/ssh/$name.conf"
            case $name in
            cell*) cell_sshd "$name" ;;
            *) "$sshd" -f "$scratch/ssh/$name.conf" -E "$scratch/ssh/$name.log" ;;
            esac && until_ok test -s "$scratch/ssh/$name.pid" && break
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
    [ -z "$(pids_on "$1")" ] && [ -z "$(find "$home/$1" "$scratch/cell/$1/$home/$1" -mindepth 1 2>/dev/null)" ]
}

#  All that runs on a host ends.
sshd_clear () {
    local name
    for name in "$@"; do
        pids_on "$name" | xargs -r kill -KILL 2>/dev/null
    done
}
