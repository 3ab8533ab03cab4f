#!/bin/bash
#  The main job on real input: counts the words of every text file under /usr/share/common-licenses
#  and of this tree, by a plugin in an embedded pool and by `cadre run`, and compares both with wc.
#  Fails unless all counts agree.
#
#      run_main_job.sh [BUILD_DIR]       ./dev run calls it after the release build
#
#  A text file is UTF-8 without control characters: in others it is a matter of taste what a word
#  is. Names may hold spaces, but no newline: they travel one a line.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "${1:-build/release}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

#  The pool must be embedded, and its slots those of this build, whatever else runs on the machine.
unset CADRE_BROKER
export XDG_RUNTIME_DIR=$scratch XDG_CONFIG_HOME=$scratch CADRE_LIBEXEC=$build/bin PATH=$build/bin:$PATH LC_ALL=C.UTF-8

list_files () {
    find /usr/share/common-licenses -type f -print0
    if [ -e .git ] && git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files -z
    else
        find . -path ./build -prune -o -path ./.git -prune -o -type f -print0
    fi
}

#  Of the files whose names come in, those in which no line holds anything but printable characters
#  and white space.
only_text () {
    xargs -0 -r grep -LZsaxv '[[:print:][:space:]]*' || true
}

agree () {
    cmp -s "$scratch/$1" "$scratch/$2" && return
    printf 'run_main_job: %s and %s do not agree (< %s, > %s):\n' "$1" "$2" "$1" "$2" >&2
    diff "$scratch/$1" "$scratch/$2" | head -20 >&2
    exit 1
}

#  rate WHAT TASKS SECONDS
rate () {
    awk -v what="$1" -v tasks="$2" -v seconds="$3" \
        'BEGIN { printf "%-28s %5d tasks  %8.3f s  %9.0f tasks/s\n", what, tasks, seconds, tasks / seconds }'
}

mapfile -d '' -t files < <(list_files | only_text)
names=()
for file in "${files[@]}"; do
    [[ $file == *$'\n'* ]] || names+=("$file")
done
count=${#names[@]}
[ "$count" -gt 1 ] || { echo 'run_main_job: found no text files' >&2; exit 1; }
printf '%s\n' "${names[@]}" >"$scratch/names"
printf '%s\0' "${names[@]}" >"$scratch/names0"
printf 'words of %d text files, under /usr/share/common-licenses and %s\n\n' "$count" "$PWD"

wc --files0-from="$scratch/names0" >"$scratch/every"
tail -n 1 "$scratch/every" | awk '{ print $1, $2, $3, "total" }' >"$scratch/wc"
head -n -1 "$scratch/every" | awk '{ print $2 }' >"$scratch/wc-each"

wordcount "$build/plugins/words.so" <"$scratch/names" >"$scratch/wordcount" 2>"$scratch/took" || {
    cat "$scratch/took" >&2
    exit 1
}
seconds=$(awk '/ tasks in / { print $5 }' "$scratch/took")
rate 'plugin, embedded pool' "$count" "$seconds"

start=$EPOCHREALTIME
cadre run -k 'wc -w < {}' ::: "${names[@]}" >"$scratch/cadre-run-each"
rate "cadre run -k 'wc -w < {}'" "$count" "$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')"

agree wc wordcount
agree wc-each cadre-run-each
read -r lines words bytes _ <"$scratch/wc"
printf '\n%s\n' "wc, the plugin and cadre run: $lines lines, $words words, $bytes bytes. The counts agree."
