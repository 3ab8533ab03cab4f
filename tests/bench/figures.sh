#  figures.sh - for tables of figures, sourced: a folder that goes with the script, a broker and a
#  worker that do too, measurements and rows
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${CADRE_BUILD_DIR:-$root/build/release}
count=${BENCH_COUNT:-1000000}
bench=$build/tests/bench/bench
export PATH=$build/bin:$PATH CADRE_LIBEXEC=$build/bin BENCH_PLUGIN=$build/plugins/bench_square.so
unset CADRE_BROKER CADRE_ACCESS CADRE_KEYS

work=$(mktemp -d /tmp/cadre-bench-run-XXXXXX)
export XDG_RUNTIME_DIR=$work/run
mkdir -m 700 "$work/run"
broker= worker= attack=
stop () {
    local pid
    for pid in $attack $worker $broker; do
        kill "$pid" 2>/dev/null
    done
    for pid in $attack $worker $broker; do
        wait "$pid" 2>/dev/null
    done
    broker= worker= attack=
}
#  What is measured runs in a process of its own (see measure), which nobody else ends.
end () {
    [ -z "${!:-}" ] || pkill -P "$!"
    stop
    rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM

declare -A figure
#  measure PREFIX COMMAND...: takes the lines `name value` that the command prints
measure () {
    local prefix=$1 name value
    shift
    printf 'bench: %s\n' "$*" >&2
    while read -r name value; do
        figure[$prefix$name]=$value
    done < <(timeout "${patience:-90}" "$@" 2>"$work/errors" || { printf 'bench: failed: %s\n' "$*" >&2; cat "$work/errors" >&2; })
}

#  row TEXT FIGURE UNIT PEER PEER_FIGURE less|more TARGET
row () {
    awk -v text="$1" -v mine="${figure[${2:-none}]:-}" -v unit="$3" -v peer="$4" -v theirs="${figure[${5:-none}]:-}" -v target="$6" '
        function people(x) {
            return x == "" ? "-" : x >= 1000 ? sprintf("%'\''d", x) : sprintf(x == int(x) ? "%d" : x < 10 ? "%.2f" : "%.1f", x)
        }
        BEGIN {
            ratio = mine == "" || theirs == "" || theirs == 0 ? "-" : sprintf("%.2f", mine / theirs)
            printf "%-44s %12s %-4s %-28s %12s %7s  %s\n", text, people(mine), unit, peer, people(theirs), ratio, target
        }'
}

table () {
    printf '\n%-44s %12s %-4s %-28s %12s %7s  %s\n' "$1" figure "" "beside" figure ratio target
}
