#  remote.sh - what runs on a host (client/cli/remote.sh), spoken to by hand, under each shell that
#  a host may have
. "${CADRE_SOURCE_DIR:?run by ctest}/tests/lib/shell/cluster.sh"
script=$CADRE_SOURCE_DIR/client/cli/remote.sh
size=$(wc -c <"$script")
cluster_start 0

#  What a check that failed has left running goes with the script.
sweep () {
    local file
    for file in /proc/[0-9]*/environ; do
        grep -qaz "^HOME=$scratch/home\$" "$file" 2>/dev/null && kill -KILL "$(basename "$(dirname "$file")")" 2>/dev/null
    done
    cluster_end
}
trap sweep EXIT

#  talk ORDER...: orders and what follows them on stdin, as ssh would bring them; the answers on
#  stdout
mkdir "$scratch/bin"
export PATH=$scratch/bin:$PATH
cat >"$scratch/bin/talk" <<END
#!/bin/bash
{ cat "$script"; printf '%s\n' "\$@"; cat; } | HOME=$scratch/home SSH_CONNECTION='127.0.0.1 1 127.0.0.1 22' \
    \$under_test -c 'script=\$(dd bs=1 count=$size 2>/dev/null); eval "\$script"'
END
chmod +x "$scratch/bin/talk"

hash () {
    sha256sum <"$1" | cut -d ' ' -f 1
}

folder () {
    echo "$scratch/home/.cache/cadre/hosts/$(uname -n)/$1"
}

plain=('verb start' 'name x' 'wait 20' 'arg --broker' "arg tcp://@:${tcp##*:}" 'arg --name')

gone_again () {
    expect 0 'cadre: gone 0' '' talk "verb $1" 'name x' 'wait 20' go
    expect 0 'cadre: absent 0 ' '' talk 'verb status' 'name x' go
}

for shell in dash 'busybox sh' bash; do
    export under_test=$shell
    $shell -c : 2>/dev/null || { fault "there is no $shell"; continue; }
    mkdir "$scratch/home"

    #  start, status, a worker that dies, drain
    expect_like 0 "^cadre: running 1 $tcp \([0-9]+ slots?\)" '' talk "${plain[@]}" 'arg a b' go </dev/null
    expect_like 0 '"name":"a b"' '' cadre worker list --broker "$ipc" -o ndjson
    expect_like 0 '^cadre: running 1 ' '' talk 'verb status' 'name x' go </dev/null
    [ "$(stat -c %a "$(folder x)")" = 700 ] || fault "$shell: the folder is open"
    kill -KILL "$(cat "$(folder x)/worker")"
    until_ok sh -c "! kill -0 $(cat "$(folder x)/worker")"
    for i in $(seq 100); do
        talk 'verb status' 'name x' go </dev/null | grep -q '^cadre: running 2' && break
        sleep 0.1
    done
    expect_like 0 '^cadre: running 2 ' '' talk 'verb status' 'name x' go </dev/null
    gone_again drain </dev/null

    #  a watcher that was killed: the worker is seen, and taken away
    talk "${plain[@]}" 'arg c' go </dev/null >/dev/null
    kill -KILL "$(cat "$(folder x)/watcher")"
    expect_like 0 '^cadre: unwatched 1 ' '' talk 'verb status' 'name x' go </dev/null
    gone_again stop </dev/null

    #  a cache that somebody emptied: the worker is found all the same
    talk "${plain[@]}" 'arg d' go </dev/null >/dev/null
    lost=$(cat "$(folder x)/worker")
    rm -rf "$scratch/home/.cache"
    expect 0 'cadre: absent 0 ' '' talk 'verb stop' 'name x' go </dev/null
    until_ok sh -c "! kill -0 $lost" || fault "$shell: a worker whose folder is gone stays"

    #  files: asked for once, refused when damaged, not asked for again
    printf 'some bytes' >"$scratch/small"
    head -c 200000 /dev/urandom >"$scratch/large"
    files=("file $(hash "$scratch/small") 10 0644 files/small" "file $(hash "$scratch/large") 200000 0755 files/la rge" "file $(hash "$scratch/small") 10 0644 files/again")
    orders=('verb start' 'name x' 'wait 20' "${files[@]}" 'arg --broker' "arg $tcp" go)
    cat "$scratch/small" "$scratch/large" >"$scratch/both"
    expect_like 0 '^cadre: running 1' '' talk "${orders[@]}" <"$scratch/both"
    [ "$(grep -c '^cadre: need' "$scratch/stdout")" = 2 ] || fault "$shell: not two files are asked for"
    cmp -s "$scratch/large" "$(folder x)/files/la rge" || fault "$shell: a file arrived otherwise"
    cmp -s "$scratch/small" "$(folder x)/files/again" || fault "$shell: one file under two names"
    gone_again stop </dev/null
    expect_like 0 '^cadre: running 1' '' talk "${orders[@]}" </dev/null
    grep -q need "$scratch/stdout" && fault "$shell: a file is asked for again"
    expect 0 'cadre: gone 0' '' talk 'verb remove' 'name x' 'wait 0' go </dev/null
    [ -z "$(ls -A "$scratch/home")" ] || fault "$shell: remove leaves $(find "$scratch/home")"
    head -c 100000 "$scratch/both" >"$scratch/cut"
    expect_like 1 'failed 0 a file of 200000 bytes is incomplete' '' talk "${orders[@]}" <"$scratch/cut"
    tr 'a-z' 'A-Z' <"$scratch/large" >"$scratch/damaged"
    expect_like 1 'failed 0 a file of 200000 bytes is incomplete' '' talk "${orders[@]}" <"$scratch/damaged"
    find "$scratch/home" -type f | grep -v "/$(hash "$scratch/small")$" | grep -q . && fault "$shell: parts stay: $(find "$scratch/home" -type f)"
    rm -rf "$scratch/home"
    mkdir "$scratch/home"

    #  what cannot work says why, and leaves nothing
    expect 1 $'cadre: ready\ncadre: failed 0 there is no nosuch here: add --send, or name it with --worker PATH' '' talk 'verb start' 'name x' 'worker nosuch' go </dev/null
    expect_like 1 'failed 0 this host is .*, but the files to send were built for vax' '' talk 'verb start' 'name x' 'machine vax' go </dev/null
    expect_like 1 'failed 0 .*not an option' '' talk 'verb start' 'name x' 'wait 5' 'arg nonsense' go </dev/null
    expect_like 1 'failed 0 no broker answers at tcp://127.0.0.1:9' '' talk 'verb start' 'name x' 'wait 6' 'arg --broker' 'arg tcp://127.0.0.1:9' go </dev/null
    expect 1 '' '' talk 'verb start' 'name x' </dev/null
    [ -z "$(ls -A "$scratch/home")" ] || fault "$shell: failures leave $(find "$scratch/home")"

    #  attach: ends with stdin
    mkfifo "$scratch/stdin"
    talk 'verb attach' 'name run-1' 'wait 20' 'arg --broker' "arg $tcp" go <"$scratch/stdin" >"$scratch/stdout" &
    job=$!
    exec 9>"$scratch/stdin"
    until_ok grep -q '^cadre: running 1' "$scratch/stdout"
    echo >&9
    exec 9>&-
    wait $job
    expect_text '^cadre: gone 0$' "$scratch/stdout" attach
    [ -z "$(ls -A "$scratch/home")" ] || fault "$shell: attach leaves $(find "$scratch/home")"

    #  and when nothing is heard, as after a cable was cut
    talk 'verb attach' 'name run-2' 'wait 20' 'silence 5' 'arg --broker' "arg $tcp" go <"$scratch/stdin" >"$scratch/stdout" &
    job=$!
    exec 9>"$scratch/stdin"
    until_ok grep -q '^cadre: running 1' "$scratch/stdout"
    until_ok sh -c "[ -z \"\$(ls -A '$scratch/home')\" ]" || fault "$shell: a silent session stays"
    exec 9>&-
    wait $job
    until_ok sh -c "cadre worker list --broker $ipc -o json | grep -q '^\[\]'"
    rm -rf "$scratch/home" "$scratch/stdin"
done
finish
