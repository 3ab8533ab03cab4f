#  named.sh - every function of the public headers and every command is named by a test or an
#  example
set -u
bin=${CADRE_BUILD_DIR:?run by ctest}/bin
cd "${CADRE_SOURCE_DIR:?run by ctest}" || exit 1
functions=0
commands=0
faults=0

fault () {
    faults=$((faults + 1))
    printf 'FAULT: %s\n' "$*" >&2
}

#  Names of what a header exports: the last word before the parenthesis.
exported () {
    tr '\n' ' ' <"$1" | grep -oE 'CADRE_EXPORT [^;(]*[ *]cadre_[a-z0-9_]+ \(' | grep -oE 'cadre_[a-z0-9_]+ \($' | tr -d ' (' | sort -u
}

declarations () {
    grep -cE '^CADRE_EXPORT ' "$1"
}

#  Words of the first column of a command's list.
listed () {
    "$bin/cadre" "$@" --help | sed -nE 's/^  ([a-z]+) {2,}.*/\1/p'
}

for header in client/include/cadre.h client/include/cadre_function.h common/cadre_error.h common/cadre_typed.h common/cadre_value.h; do
    found=0
    for name in $(exported "$header"); do
        found=$((found + 1))
        grep -rqwF --include='*.c' -e "$name" tests/unit tests/integration client/examples || fault "$name of $header is named by no test and no example"
    done
    [ "$found" = "$(declarations "$header")" ] || fault "$header exports $(declarations "$header") functions, but $found were looked for"
    functions=$((functions + found))
done

#  The commands' own scripts write "cadre job list", in words apart.
tested () {
    commands=$((commands + 1))
    grep -rqE --include='*.sh' --include='*_test.c' -e "cadre(\", \"| )$1(\", \"| )?$2([^a-z]|\$)" tests/integration tests/hosts \
        || fault "'cadre $1 $2' is named by no test"
}

for command in $(listed); do
    inner=
    case $command in job | task | worker | broker) inner=$(listed "$command") ;; esac
    [ -n "$inner" ] || tested "$command" ''
    for word in $inner; do
        tested "$command" "$word"
    done
done

printf '%d functions, %d commands, %d faults\n' "$functions" "$commands" "$faults"
[ "$functions" -gt 100 ] && [ "$commands" -gt 20 ] && [ "$faults" = 0 ]
