#!/bin/bash
#  cadre call, map and version, with a pool of their own
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
plugin=$plugins/arithmetic.so

expect 0 49 '' cadre call --plugin "$plugin" square 7
expect 0 49 '' cadre call square -7 --plugin "$plugin"
expect 0 49 '' cadre call --threads --plugin "$plugin" square 7
expect 0 4 '' cadre call --plugin "$plugin" divide 8 2
expect 1 '' '^cadre: divide: division: 1 divided by zero$' cadre call --plugin "$plugin" divide 1 0
expect 1 '' '^cadre: square: type: square takes an integer as argument 1, got text$' cadre call --plugin "$plugin" square '"x"'
expect 1 '' "no worker offers 'sqare'; nearest: square" cadre call --plugin "$plugin" sqare 1
expect 1 '' "no worker offers 'square'" cadre call square 1
expect 78 '' 'nonexistent.so' cadre call --plugin "$scratch/nonexistent.so" square 1
expect 78 '' 'ABI 9' cadre call --plugin "$plugins/future_abi.so" square 1
expect 78 '' '^cadre: slots end before they are ready \(exit code 3\); run ' cadre call --plugin "$plugins/sudden_exit.so" square 1
expect 64 '' "argument 2 of divide is not JSON: .*'two'" cadre call --plugin "$plugin" divide 1 two

#  A program that takes its time: that is told, and then it is served.
cat >"$scratch/slow.py" <<END
import sys, time
time.sleep (6)
sys.dont_write_bytecode = True
sys.path.insert (0, "$CADRE_SOURCE_DIR/client/examples/programs")
from cadre_program import serve
serve ({"seven": (lambda: 7, "", "seven")})
END
start cadre-worker --broker "ipc://$scratch/none" --program "python3 $scratch/slow.py" 2>"$scratch/worker.err"
expect 0 7 '^cadre: the pool is not ready after 5 s: a plugin or program is still being loaded$' \
    cadre call --program "python3 $scratch/slow.py" seven
checks=$((checks + 1))
until_ok grep -q 'warning W012: slots are not ready after 5 s: ' "$scratch/worker.err" || fault "a worker waits and does not say why: $(cat "$scratch/worker.err")"

expect 64 '' 'a function is missing' cadre call
expect_like 0 'Examples:' '' cadre call --help

expect 0 $'1\n4\n9' '' cadre map --plugin "$plugin" square < <(seq 3)
expect 0 $'1\n4\n9' '' cadre map square --chunk 2 --plugin "$plugin" < <(seq 3)
expect 0 $'1\n4\n9' '' cadre map square --plugin "$plugin" --threads -j3 < <(seq 3)
expect 0 '' '' cadre map --plugin "$plugin" square </dev/null
expect 0 3 '' cadre map --plugin "$plugin" --spread divide <<<'[6,2]'
checks=$((checks + 1))
[ "$(seq 2000 | cadre map --plugin "$plugin" --unordered square | sort -n | tail -1)" = 4000000 ] || fault 'map --unordered'
[ "$(seq 2000 | cadre map --plugin "$plugin" square | md5sum)" = "$(seq 2000 | awk '{print $1 * $1}' | md5sum)" ] ||
    fault 'map keeps the order'
for chunk in 1 2 3; do
    expect 1 $'1\n{"error":{"kind":"type","message":"square takes an integer as argument 1, got text"}}\n9' \
        '^cadre: line 2: type: square takes' cadre map --chunk $chunk --plugin "$plugin" square < <(printf '1\n"a"\n3\n')
    expect 64 $'1\n4' '^cadre: line 3 is not JSON: ' cadre map --chunk $chunk --plugin "$plugin" square < <(printf '1\n2\nx\n4\n')
done
expect 64 '' '^cadre: line 1 is not JSON: a NUL byte at column 2' cadre map --plugin "$plugin" square < <(printf '1\0\n2\n')
expect 64 '' 'line 1 is not an array' cadre map --spread --plugin "$plugin" divide <<<7
expect 64 '' 'a function is missing' cadre map
expect 64 '' "'7' is one word too many" cadre map square 7
expect 64 '' 'unrecognized option' cadre map --frobnicate square
expect_like 0 'Example:' '' cadre map --help

#  Results come while the input stays open, in chunks too, which are sent as long as nothing more is
#  there.
for chunk in 1 10; do
    checks=$((checks + 1))
    mkfifo "$scratch/slow.$chunk"
    cadre map --chunk $chunk --plugin "$plugin" square <"$scratch/slow.$chunk" >"$scratch/squares" &
    exec 7>"$scratch/slow.$chunk"
    for n in 3 4; do
        echo $n >&7
        until_ok grep -qx $((n * n)) "$scratch/squares" || fault "map --chunk $chunk waits for more input: $(cat "$scratch/squares")"
    done
    exec 7>&-
    wait $! || fault "map --chunk $chunk of a slow input ends with $?"
done

#  Tries by cause, as with run: what kills three slots is not tried again.
trouble=$plugins/trouble.so
for command in 'call raise 9' 'map raise'; do
    set -- $command
    error=
    [ "$1" = call ] || error='"error"'
    words=("$1" --plugin "$trouble" --backoff 1ms --expire 1h)
    expect_like 1 "$error" 'quarantined' cadre "${words[@]}" --retries signal=9 "${@:2}" < <(echo 9)
    expect_like 1 "$error" 'signal' cadre "${words[@]}" --retries exit=9,signal=1 "${@:2}" < <(echo 9)
    expect_like 64 '' "'exit=x' does not limit tries" cadre "${words[@]}" --retries exit=x "${@:2}" < <(echo 9)
    expect_like 64 '' 'worker-lost=0: give one' cadre "${words[@]}" --no-rerun --retries worker-lost=1 "${@:2}" < <(echo 9)
done
expect 0 49 '' cadre call --no-rerun --retries 1 --plugin "$plugin" square 7
for command in run submit call map; do
    expect_like 0 '--no-rerun' '' cadre $command --help
done

#  A result comes although the next line does not.
checks=$((checks + 1))
answer=$( (echo 7; sleep 5 & echo $! >"$scratch/sleeper"; wait) | cadre map --plugin "$plugin" square | { read -r line; echo "$line"; kill "$(cat "$scratch/sleeper")"; })
[ "$answer" = 49 ] || fault "map holds back results: '$answer'"
for words in --help 'job --help' version doctor; do
    checks=$((checks + 2))
    cadre $words >/dev/full 2>"$scratch/stderr"
    [ $? = 125 ] || fault "cadre $words on a full disk: not 125"
    expect_text '^cadre: cannot write to standard output: No space left on device' "$scratch/stderr" "$words on a full disk"
    [ "$(wc -l <"$scratch/stderr")" = 1 ] || fault "$words on a full disk: $(cat "$scratch/stderr")"
done
checks=$((checks + 1))
seq 20000 | timeout 20 cadre map --plugin "$plugin" square 2>"$scratch/stderr" >/dev/full
[ "${PIPESTATUS[1]}" = 125 ] || fault 'map on a full disk: not 125'
expect_text 'No space left on device' "$scratch/stderr" 'map on a full disk'
[ "$(wc -l <"$scratch/stderr")" = 1 ] || fault "map on a full disk: $(cat "$scratch/stderr")"
checks=$((checks + 1))
seq 200000 | timeout 20 cadre map --plugin "$plugin" square 2>"$scratch/stderr" | head -n 1 >/dev/null
[ "$(cat "$scratch/stderr")" = 'cadre: cannot write to standard output: Broken pipe; the reader has closed it' ] ||
    fault "map into a pipe that was closed: $(cat "$scratch/stderr")"

#  What an interrupted map has printed are the first lines, as many as it says. A second signal, as
#  timeout sends without --foreground, would end it at once.
checks=$((checks + 1))
seq 100000000 | timeout --foreground -s INT 1 cadre map --plugin "$plugin" square 2>"$scratch/stderr" >"$scratch/squares"
printed=$(wc -l <"$scratch/squares")
expect_text "^cadre: interrupted: $printed of the [0-9]+ lines that were read are done\$" "$scratch/stderr" 'map after Ctrl-C'
seq "$printed" | awk '{ printf "%.0f\n", $1 * $1 }' | cmp -s - "$scratch/squares" || fault 'map after Ctrl-C: not the first lines'

expect_like 0 '^cadre [0-9]+\.[0-9]+\.[0-9]+$' '' cadre version
expect_like 0 '^cadre [0-9]+\.[0-9]+\.[0-9]+$' '' cadre --version
for program in cadre-broker cadre-worker; do
    expect_like 0 "^$program [0-9]+\.[0-9]+\.[0-9]+\$" '' $program --version
done
expect 64 '' 'one word too many' cadre version 2
expect 64 '' "there is no command 'cadre rnu'; do you mean: run" cadre rnu
expect 64 '' 'a command is missing' cadre
expect 64 '' "do you mean: list" cadre job lsit
expect_like 0 'cadre COMMAND' '' cadre --help
for words in job task worker broker; do
    expect_like 0 "Usage: cadre $words COMMAND" '' cadre $words --help
    expect 64 '' 'a command is missing' cadre $words
done
finish
