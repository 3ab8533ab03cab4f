#!/bin/bash
#  Inputs in lines for the shell: taken as they are wherever {} stands, or refused with the cure
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
evil='$(touch ran)`touch ran`";touch ran;"'"';touch ran;'"'\'

for line in 'echo {}' 'echo "{}"' "echo '{}'" 'echo "$(echo {})"' 'echo "$(echo "{}")"' 'x={}; echo "$x"' 'echo {1}'; do
    expect 0 "$evil" '' cadre run "${line/echo/printf \"%s\\n\"}" ::: "$evil"
done
expect 0 'x y' '' cadre run 'echo "{1} {2}"' ::: x ::: y
expect 0 '$HOME/f g' '' cadre run "echo '{1.} {2/}'" ::: '$HOME/f.c' ::: 'x/g'
expect 0 'abcd' '' cadre run 'v=abc; echo "${v}{}"' ::: d
expect 0 'abcd' '' cadre run 'v=abc; echo "$v{}"' ::: d
expect 0 '2' '' cadre run 'echo {}>f; cat f' ::: 2
expect 0 '1' '' cadre run 'echo {#}>f; cat f' ::: x
expect 0 '0 1' '' cadre run -j1 'echo $(({%} - 1)) "{#}"; : {}' ::: x
expect 0 '6' '' cadre run 'echo $((9 -{} * -1))' ::: -3
[ ! -e ran ] || fault 'an input was run'

refused () {
    checks=$((checks + 1))
    local status
    cadre "$1" "$3" ::: x </dev/null 2>stderr >stdout
    status=$?
    [ $status = 64 ] && grep -Eq -- "$2" stderr && [ "$(wc -l <stderr)" = 1 ] || fault "$3: $status $(cat stderr)"
}
refused run '^cadre: \{\} at column 7 is within backticks, .* several words: sh -c .*\$1' 'echo `{}`'
refused run 'within \$\{\.\.\.\}' 'echo ${x:-{}}'
expect 0 hi '' cadre run 'echo hi # {}' ::: $'x\necho pwned'
refused run "within \\$'" "echo \$'{}'"
refused run 'here-document' $'cat <<E\n{}\nE'
refused run 'after a backslash' 'echo \{}'
refused run 'right after a dollar sign' 'echo ${1}'
refused run 'right after a dollar sign' 'echo ${#}'
refused submit 'within backticks' 'echo `{}`'
expect 0 hi '' cadre run 'echo hi #' ::: $'x\necho pwned'
expect 64 '' '^cadre: .*column 9 is in arithmetic.* task 1 .*a\[x\]' cadre run 'echo $(({}))' ::: 'a[x]'
expect 64 '' 'only integers' cadre run --dry-run 'echo $(({}))' ::: 'a[x]'
expect 0 "$evil" '' cadre run sh -c 'echo "$1"' sh {} ::: "$evil"
finish
