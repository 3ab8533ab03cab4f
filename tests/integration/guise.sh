#!/bin/bash
#  Whose eyes a worker's key is for: what its tasks find of it, and as whom they run (--run-as). As
#  root, with a user nobody.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
[ "$(id -u)" = 0 ] && id nobody >/dev/null 2>&1 && command -v setpriv >/dev/null || { echo 'needs root, a user nobody and setpriv'; exit 77; }
cd "$scratch" || exit 1

#  Programs where anybody can execute them, whatever folder they were built in.
public=$(mktemp -d /tmp/cadre-guise-XXXXXX)
private=$scratch/private
end () {
    cluster_end
    rm -rf "$public"
}
trap end EXIT
chmod 755 "$public" && mkdir -m 700 "$private"
cp "$bin/cadre-slot" "$bin/cadre-worker" "$plugins/arithmetic.so" "$public"
cp "$plugins/arithmetic.so" "$private"
export CADRE_LIBEXEC=$public

port=$(free_port)
tcp=tcp://127.0.0.1:$port
ipc=ipc://$scratch/broker

cadre keygen node --role worker --address "$tcp" --out "$private/node.access" >/dev/null 2>&1
cadre keygen alice --role client --address "$tcp" >/dev/null 2>&1
start "$bin/cadre-broker" --listen "$tcp,$ipc" --keys "$XDG_CONFIG_HOME/cadre/keys" 2>broker.log
until_ok cadre broker info --broker "$ipc"

#  worker OPTION...: another one, and no other
worker () {
    [ -z "${worker_pid:-}" ] || { kill "$worker_pid"; wait "$worker_pid" 2>/dev/null; until_ok slots_are 0; }
    cd / && start "$@" 2>"$scratch/worker.log"
    cd "$scratch" || exit 1
    worker_pid=${started[-1]}
    until_ok slots_are 1 || { cat worker.log >&2; exit 1; }
}

#  told LINE: what a task that runs it prints; the worker is $W.
told () {
    local line=${1//\$W/$worker_pid}
    timeout 30 cadre run --access "$scratch/alice.access" --workdir / "${line//\$KEY/$private/node.access}; :" ::: x 2>/dev/null
}

#  is WHAT GOT WANTED
is () {
    checks=$((checks + 1))
    [ "$2" = "$3" ] || fault "$1 is '$2', not '$3'"
}

#  What no task may find, whoever it is: variables, arguments, descriptors.
hidden () {
    is "$1: variables" "$(told 'env | grep -E "^CADRE_(ACCESS|BROKER|HEALTH|KEYS|SERVE)="')" ''
    is "$1: variables of the slot" "$(told 'tr "\0" "\n" </proc/$PPID/environ | grep -E "^CADRE_(ACCESS|BROKER|HEALTH|KEYS)="')" ''
    is "$1: arguments of the worker" "$(told 'tr "\0" "\n" </proc/$W/cmdline | grep -c private/node')" 0
    is "$1: descriptors of a command" "$(told 'cd /proc/self/fd && echo *' | sed 's/ [3-9]$//')" '0 1 2'
    is "$1: descriptors of a slot" "$(told 'cd /proc/$PPID/fd && ls -l | grep -cE "memfd|socket"')" 2
}

nobody=$(id -u nobody)
group=$(id -gn nobody)
CADRE_HEALTH=$scratch/health worker "$public/cadre-worker" --access "$private/node.access" --slots 1 --run-as nobody --plugin "$public/arithmetic.so"
hidden '--run-as'
is 'its user' "$(told 'id -u; id -ru')" "$nobody"$'\n'"$nobody"
is 'its groups' "$(told 'id -Gn')" "$group"
is 'its home' "$(told 'echo $HOME $USER $LOGNAME $XDG_CONFIG_HOME')" "$(getent passwd nobody | cut -d: -f6) nobody nobody"

#  over_ipc OPTION...: what a task finds there, where the submitter's environment goes along:
#  root's.
over_ipc () {
    HOME=/root USER=root LOGNAME=root SHELL=/bin/rc XDG_STATE_HOME=/root/state MAIL=/var/mail/root OTHER=goes-along \
        timeout 30 cadre run --broker "$ipc" --workdir / "$@" \
        'echo $HOME $USER $LOGNAME $SHELL $XDG_STATE_HOME $MAIL $OTHER; :' ::: x 2>/dev/null
}
IFS=: read -r -a entry < <(getent passwd nobody)
is 'its home over ipc' "$(over_ipc)" "${entry[5]} nobody nobody ${entry[6]} goes-along"
is 'a home that was asked for' "$(over_ipc --env HOME=/srv --env XDG_STATE_HOME=/srv/state)" \
    "/srv nobody nobody ${entry[6]} /srv/state goes-along"
is 'its home with --env over tcp' "$(timeout 30 cadre run --access "$scratch/alice.access" --workdir / --env A=1 'echo $A $HOME; :' ::: x)" "1 ${entry[5]}"
is 'the way back' "$(told 'setpriv --reuid 0 id -u 2>/dev/null; grep NoNewPrivs: /proc/self/status | tr -d "\t"; grep -E "CapPrm|CapEff" /proc/self/status | grep -vc 0000000000000000')" $'NoNewPrivs:1\n0'
is 'the key' "$(told 'cat $KEY 2>&1 | grep -c secret; cat /proc/$W/environ 2>/dev/null | wc -c; ls /proc/$W/fd 2>/dev/null')" $'0\n0'
is 'signals' "$(told 'kill -0 $W 2>/dev/null || kill -0 $PPID && echo own')" own
expect 0 9 '' cadre call --broker "$ipc" square 3
expect 1 '' 'timeout after 300ms' cadre run --broker "$ipc" --workdir / --timeout 300ms 'sleep 60; :' ::: 1
job=$(cadre submit --broker "$ipc" --no-durable --workdir / 'sleep 60; :' ::: 1 2>/dev/null)
runs () {
    cadre job info "$job" --broker "$ipc" -o ndjson | grep -q '"running":1'
}
until_ok runs
expect 0 '' '1 task' cadre job cancel "$job" --broker "$ipc"
expect 1 '' 'cancelled' cadre job wait "$job" --broker "$ipc"
grep -q W065 worker.log && fault 'a worker with --run-as is warned'

#  The same by a variable, and as root by one's word.
CADRE_RUN_AS=root CADRE_ACCESS=$private/node.access worker "$public/cadre-worker" --slots 1
hidden 'as root'
is 'its user' "$(told 'id -u')" 0
is 'variables of the worker' "$(told 'tr "\0" "\n" </proc/$W/environ | grep -c private/node')" 0
grep -q W065 worker.log && fault 'a worker with --run-as root is warned'
worker "$public/cadre-worker" --access "$private/node.access" --slots 1
checks=$((checks + 1))
grep -q 'W065.*--run-as USER' worker.log || fault "root is not warned: $(cat worker.log)"

#  A worker that is nobody itself: its tasks may read what it may, but not look into it.
chown nobody "$private/node.access" && cp -p "$private/node.access" "$public/node.access"
worker setpriv --reuid nobody --regid "$group" --clear-groups env -u XDG_CONFIG_HOME -u XDG_STATE_HOME HOME=/ "$public/cadre-worker" --access "$public/node.access" --slots 1
is 'the memory and variables of a worker' "$(told 'cat /proc/$W/environ /proc/$W/maps 2>/dev/null | wc -c; ls /proc/$W/fd 2>/dev/null; head -c 1 /proc/$W/mem 2>&1 | grep -c denied')" $'0\n1'
hidden 'as nobody'

#  What cannot be, said at the start.
chown root "$private/node.access"
expect 78 '' 'there is no user nosuchuser here' cadre-worker --access "$private/node.access" --run-as nosuchuser
expect 64 '' 'leave out --threads or --run-as' cadre-worker --access "$private/node.access" --run-as nobody --threads
expect 78 '' "user nobody, who is to run the tasks .*, cannot read $private/arithmetic.so: Permission denied; let others read it" \
    cadre-worker --access "$private/node.access" --run-as nobody --plugin "$private/arithmetic.so"
cp "$bin/cadre-slot" "$private"
expect 78 '' "cannot execute $private/cadre-slot: Permission denied" env CADRE_LIBEXEC="$private" cadre-worker --access "$private/node.access" --run-as nobody
expect 77 '' 'only root can run tasks as daemon' setpriv --reuid nobody --regid "$group" --clear-groups "$public/cadre-worker" --broker "$tcp" --run-as daemon
finish
