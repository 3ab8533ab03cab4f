#!/bin/bash
#  wordcount counts what wc counts, from arguments and from stdin; a file that is missing is named,
#  the others still count.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
export LC_ALL=C.UTF-8
wordcount=$CADRE_BUILD_DIR/bin/wordcount words=$CADRE_BUILD_DIR/plugins/words.so

printf 'one two\nthree' >'a file with spaces'
printf '' >empty
printf '\t tabs\vand\fmore\r\n\n— dash —\n' >odd
seq 100000 >numbers
expected=$(cat 'a file with spaces' empty odd numbers | wc -lc | awk '{ print $1 " " $2 }')
expected_words=$(wc -w 'a file with spaces' empty odd numbers | awk 'END { print $1 }')
read -r lines bytes <<<"$expected"
expected="$lines $expected_words $bytes total"

diff <("$wordcount" "$words" 'a file with spaces' empty odd numbers 2>said) - <<<"$expected"
grep -qE '^wordcount: 4 tasks in [0-9.]+ s, [0-9]+ a second$' said
diff <(printf '%s\n' 'a file with spaces' empty odd numbers | "$wordcount" "$words" 2>/dev/null) - <<<"$expected"

status=0
"$wordcount" "$words" numbers missing >out 2>said || status=$?
[ "$status" = 1 ]
grep -q 'missing: No such file or directory' said
diff out - <<<"$(wc numbers | awk '{ print $1, $2, $3 }') total"

status=0
"$wordcount" ./no-such-plugin.so numbers >out 2>said || status=$?
[ "$status" = 78 ]
grep -q 'no-such-plugin.so' said
