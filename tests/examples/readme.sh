#!/bin/bash
#  The README keeps its word: the blocks that stand below `<!-- tested -->` are run, in one shell,
#  from an installed cadre, and must print what they show; the block below `<!-- file: NAME -->` is
#  the file NAME. Only the port is another one.
set -euo pipefail
readme=$CADRE_SOURCE_DIR/README.md
scratch=$(mktemp -d)
shell=
stop () {
    [ -z "$shell" ] || kill "$shell" 2>/dev/null || true
    rm -rf "$scratch"
}
trap stop EXIT

#  A port whose next hundred or so are likely to be free, too.
free_port () {
    local port
    for port in $(shuf -i 20000-29000 -n 50); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
    return 1
}

#  blocks MARK: what the blocks below <!-- MARK --> hold
blocks () {
    awk -v mark="<!-- $1 -->" '
        $0 == mark { wanted = 1; next }
        /^```/ { inside = wanted && !inside; wanted = inside; next }
        inside' "$readme"
}

#  How the README says that one installs; here from this build.
export HOME=$scratch
grep -qF 'cmake --install build/release --prefix ~/cadre' "$readme"
cmake --install "$CADRE_BUILD_DIR" --prefix ~/cadre >/dev/null
unset CADRE_LIBEXEC CADRE_BROKER XDG_CONFIG_HOME
eval "$(sed -n 's/^    \(export PATH=~\/cadre.*\)/\1/p' "$readme")"
[ "$(command -v cadre)" = ~/cadre/bin/cadre ]

mkdir "$scratch/play" "$scratch/run"
chmod 700 "$scratch/run"
export XDG_RUNTIME_DIR=$scratch/run LC_ALL=C.UTF-8
ln -s "$CADRE_SOURCE_DIR/client" "$scratch/play/client"
blocks 'file: squares.c' >"$scratch/play/squares.c"
[ -s "$scratch/play/squares.c" ]

port=$(free_port)
blocks tested | sed "s/127.0.0.1:5700/127.0.0.1:$port/g" >"$scratch/expected"
[ "$(grep -c '^\$ ' "$scratch/expected")" -ge 10 ]
{
    echo 'leave () { for job in $(jobs -p | tac); do kill "$job" 2>/dev/null; wait "$job"; done; }' # the broker last
    echo 'trap leave EXIT'
    echo "trap 'exit 1' TERM"
    sed -n 's/^\$ //p' "$scratch/expected" | while IFS= read -r command; do
        printf 'printf "%%s\\n" %q\n%s\n' "\$ $command" "$command"
    done
} >"$scratch/script"

cd "$scratch/play"
bash "$scratch/script" >"$scratch/out" 2>"$scratch/err" &
shell=$!
wait "$shell" || true
shell=
diff "$scratch/expected" "$scratch/out" || {
    cat "$scratch/err"
    exit 1
}
