#!/bin/bash
#  cadre run, with a pool of its own: the grammar, output, exit codes, and everything that goes
#  wrong
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
printf 'one\ntwo\n' >two.txt
printf 'a\0b c\0' >nul.txt

#  ---- inputs and replacement strings
expect 0 $'a\nb\nc d' '' cadre run -k 'echo {}' ::: a b 'c d'
expect 0 $'a\nb' '' cadre run -k echo ::: a b
expect 0 $'x b c\nx b d' '' cadre run -k echo x {1} {2} ::: b ::: c d
expect 0 '2 two.txt' '' cadre run wc -l ::: two.txt
expect 0 '2' '' cadre run 'wc -l < {}' ::: two.txt
expect 0 $'one\ntwo' '' cadre run -k echo :::: two.txt
expect 0 $'one\ntwo' '' cadre run -k -a two.txt echo
expect 0 $'one\ntwo' '' cadre run -k echo <two.txt
expect 0 $'a\nb c' '' cadre run -k -0 echo <nul.txt
expect 0 'one two' '' cadre run -n 2 echo {1} {2} <two.txt
expect 0 '' '' cadre run echo </dev/null
expect 0 $'1 x\n2 y' '' cadre run -k 'echo {#} {}' ::: x y
expect 0 '1' '' cadre run -j1 'echo {%}' ::: x
expect 0 $'ONE\nTWO' '' cadre run -k --stdin 'tr a-z A-Z' <two.txt
expect 0 $'echo a\necho \'b c\'' '' cadre run --dry-run echo ::: a 'b c'
expect 0 '/d/f.c f.c /d f /d/f' '' cadre run 'echo {} {/} {//} {/.} {.}' ::: /d/f.c
expect 0 "it's \$HOME \"q\" *" '' cadre run 'printf %s {}; echo' ::: "it's \$HOME \"q\" *"

#  What parallel makes of the same words, word for word where no quoting is needed.
if command -v parallel >/dev/null; then
    parallel --will-cite -j1 --retries 3 'echo x >>{}; false' ::: "$scratch/tries.parallel" >/dev/null 2>&1
    expect 1 '' 'exit 1' cadre run --retries 2 'echo x >>{}; false' ::: "$scratch/tries.cadre"
    cmp -s "$scratch/tries.parallel" "$scratch/tries.cadre" || fault '--retries 2 are not three tries'
    for words in 'echo {.} {/.}'; do
        expect 0 "$(parallel --will-cite -k --dry-run "$words" ::: a. .hid b.c/d. x.tar.gz a/ / ..)" '' \
            cadre run --dry-run "$words" ::: a. .hid b.c/d. x.tar.gz a/ / ..
    done
    for words in 'echo' 'echo {} {#}' 'echo {.} {/} {//} {/.}' 'echo {1}-{2} {2.}' 'echo {-1}' 'echo x{}y {}'; do
        expect 0 "$(parallel --will-cite -k --dry-run "$words" ::: a/b.c ./d.e/f g ::: 1.x 2)" '' \
            cadre run --dry-run "$words" ::: a/b.c ./d.e/f g ::: 1.x 2
    done
fi

#  ---- output
expect 0 $'a\ta\nb\tb' '' cadre run -k --tag 'echo {}' ::: a b
expect 0 $'a\t1\na\t2' '' cadre run --tag 'printf "1\n2\n"; :' ::: a
expect 0 'out' '^err$' cadre run 'echo out; echo err >&2; :' ::: a
expect 0 $'1\n2\n3\n4\n5\n6\n7\n8' '' cadre run -j8 -k 'sleep 0.0$((9 - {})); echo {}' ::: 1 2 3 4 5 6 7 8
expect 0 $'a\nb' '' cadre run -u -j1 echo ::: a b
expect 0 $'a\na' '' cadre run --line-buffer 'echo {}; sleep 0.1; echo {}' ::: a
expect 0 "$(head -c 3000000 /dev/zero | tr '\0' x)" '' cadre run 'head -c 3000000 /dev/zero | tr "\0" x; echo; :' ::: a
#  A line is a line, however long.
long=$(head -c 300000 /dev/zero | tr '\0' x)
expect 0 "a	$long"$'\na\tend' '' cadre run --tag 'head -c 300000 /dev/zero | tr "\0" x; echo; echo end; :' ::: a
halves='half () { head -c 100000 /dev/zero | tr "\0" {}; }; half; sleep 0.2; half; echo'
expect 0 $'a\nb' '' bash -c "cadre run -j2 --line-buffer '$halves' ::: a b | tr -s ab | sort"
expect 0 '7' '' env FOO=7 cadre run 'echo $FOO; :' ::: a
expect 0 '8' '' cadre run --env FOO=8 'echo $FOO; :' ::: a
expect 0 "$scratch" '' cadre run 'pwd; :' ::: a
expect 0 '/usr' '' cadre run --workdir /usr 'pwd; :' ::: a
expect 0 '0 1' '' cadre run 'echo $CADRE_TASK $CADRE_ATTEMPT; :' ::: a

#  ---- failures: one line each, and their number as exit code
expect 2 '' '^cadre: task 2 exit 2: exit 2$' cadre run 'exit {}' ::: 0 2 3
expect 1 '' '^cadre: task 1 exit 1: false x$' cadre run false ::: x
expect 101 '' 'exit 1' cadre run 'exit 1; :' ::: $(seq 120)
expect 100 '' 'exit 1' cadre run 'exit 1; :' ::: $(seq 100)
expect 1 '' '^cadre: task 1 signal 9 \(KILL\): kill -9 \$\$ 1$' cadre run 'kill -9 $$' ::: 1
expect 1 '' '^cadre: task 1 timeout after 200ms: sleep 9$' cadre run --timeout 200ms sleep ::: 9
expect 1 '' '^cadre: task 1 exit 127 \(command not found\): nonesuch x 1$' cadre run nonesuch x ::: 1
expect 1 '' '^cadre: task 1 exit 127 \(command not found\): nonesuch 1$' cadre run nonesuch ::: 1
expect 1 '' '^cadre: task 1 exit 126 \(cannot be executed\): ' cadre run "$scratch/two.txt" x ::: 1
expect 0 'x' '' cadre run --retries 2 'echo x; test -e {} || { touch {}; exit 1; }' ::: "$scratch/mark"

#  ---- tries: the output of the last one counts
tries='echo half $CADRE_ATTEMPT; echo bad $CADRE_ATTEMPT >&2; [ $CADRE_ATTEMPT = 3 ] && echo full #'
expect 0 $'half 3\nfull' '^bad 3$' cadre run --retries 2 "$tries" ::: A
checks=$((checks + 1))
! grep -q 'bad [12]' "$scratch/stderr" || fault "stderr of void tries: $(cat "$scratch/stderr")"
expect 0 $'half 1\nhalf 2\nhalf 3\nfull' '^bad 1$' cadre run --retries 2 --all-tries "$tries" ::: A
expect 0 $'A\thalf 3\nA\tfull' '^A.bad 3$' cadre run --retries 2 --tag "$tries" ::: A
for how in -u --line-buffer; do
    expect 0 $'half 1\nhalf 2\nhalf 3\nfull' '^cadre: task 1: try 3 counts; what its earlier tries printed is void$' \
        cadre run --retries 2 $how "$tries" ::: A
done
expect 1 'a' 'halted: 0 done, 1 failed' cadre run -j1 --halt soon,fail=1 'echo {}; exit 1' ::: a b c
expect 1 '' 'halted: .* and what runs is ended' cadre run -j2 --halt now,fail=1 'sleep {}; exit 1' ::: 0.1 30 30
expect 0 '' 'halted: 1 done' cadre run -j1 --halt now,success=1 'exit {}' ::: 1 0 30

#  ---- the command line
expect 64 '' 'a command is missing' cadre run
expect 64 '' 'a command is missing' cadre run ::: a
expect 64 '' "unrecognized option '--frobnicate'" cadre run --frobnicate echo ::: a
expect 64 '' 'now,fail=1' cadre run --halt sometimes echo ::: a
expect 64 '' "'x'" cadre run -j x echo ::: a
expect 64 '' 'soon' cadre run --timeout soon echo ::: a
expect 64 '' 'no such variable' cadre run --env NO_SUCH_VARIABLE echo ::: a
expect 64 '' 'linked' cadre run echo ::: a :::+ b
expect 64 '' 'one source' cadre run -n 2 echo ::: a ::: b
expect 125 '' 'nonexistent: No such file' cadre run echo :::: "$scratch/nonexistent"
expect 64 'a' 'input 2 holds a NUL byte' cadre run -k echo < <(printf 'a\nb\0c\nd\n')
expect_like 0 'Examples:' '' cadre run --help
if command -v script >/dev/null; then
    expect_like 64 'there are no inputs' '' script -qec 'cadre run echo' /dev/null
fi

#  ---- too few descriptors
few='ulimit -n "$0" && exec "$@"'
expect 69 '' '^cadre: a pool of this machine needs [0-9]+ file descriptors, [0-9]+ are free: raise the limit with ulimit -n \(now 40\)$' \
    bash -c "$few" 40 cadre run true ::: 1
expect 69 '' '^[0-9TZ:.-]+ cadre-broker: the broker needs [0-9]+ file descriptors, .*ulimit -n' bash -c "$few" 20 cadre-broker --listen "ipc://$scratch/few"
expect 69 '' '^[0-9TZ:.-]+ cadre-worker: .* needs? [0-9]+ file descriptors, .*ulimit -n' bash -c "$few" 20 cadre-worker --broker "ipc://$scratch/few"

#  ---- stdout that takes no more, and Ctrl-C
checks=$((checks + 3))
timeout 20 cadre run 'seq 100000; :' ::: 1 2 3 4 >/dev/full 2>stderr
[ $? = 125 ] || fault 'a full disk: not 125'
expect_text '^cadre: cannot write to standard output: No space left on device' stderr full
[ "$(wc -l <stderr)" = 1 ] || fault "a full disk: $(cat stderr)"
checks=$((checks + 1))
cadre run --dry-run echo ::: $(seq 3000) >/dev/full 2>stderr
[ $? = 125 ] || fault 'many lines on a full disk: not 125'
expect_text '^cadre: cannot write to standard output: No space left on device' stderr 'many lines on a full disk'
timeout 20 cadre run 'seq 100000; :' ::: 1 2 3 4 2>stderr | head -1 >/dev/null
[ "${PIPESTATUS[0]}" = 125 ] || fault 'a reader that goes: not 125'
expect 125 '' 'cannot read inputs from -: Bad file descriptor' sh -c 'exec cadre run echo <&-'
expect 125 '' 'cannot write to standard output: Bad file descriptor' sh -c 'exec cadre run "echo {}" ::: 1 >&-'
expect 0 '/dev/null' '' sh -c 'exec cadre run "readlink /proc/\$PPID/fd/2; :" ::: 1 2>&-'
cadre run 'sleep 30; :' ::: 1 2 3 2>stderr &
pid=$!
sleep 0.5
kill -TERM $pid
wait $pid
[ $? = 130 ] || fault 'interrupted: not 130'
expect_text '^cadre: interrupted: 0 done, 0 failed, 3 cancelled$' stderr interrupted
finish
