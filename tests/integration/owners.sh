#!/bin/bash
#  A store, folder or key of another owner, or open to others, is refused: each by a line with path,
#  owner or mode, and cure; and left as it was.
. "$CADRE_SOURCE_DIR/tests/lib/shell/cluster.sh"
cd "$scratch" || exit 1
ipc=ipc://$scratch/broker

#  refused PATTERN [OPTION...]: a broker does not start
refused () {
    local pattern=$1
    shift
    expect 77 '' "$pattern" timeout 20 cadre-broker --listen "$ipc" "$@"
}

#  starts [OPTION...]: one does
starts () {
    checks=$((checks + 1))
    start "$bin/cadre-broker" --listen "$ipc" "$@" 2>broker.log
    until_ok cadre broker info --broker "$ipc" || fault "a broker with $* does not start: $(cat broker.log)"
    kill "${started[-1]}" && wait "${started[-1]}"
    unset 'started[-1]'
}

#  ---- the store's folder
mkdir -m 0700 folder
starts --store "$scratch/folder/store"
for mode in 0777 0770 1777; do
    chmod "$mode" folder
    refused "folder $scratch/folder can be written by others \\(mode $mode\\): check its content, and run chmod go-w" --store "$scratch/folder/store"
done
chmod 0755 folder
starts --store "$scratch/folder/store"

#  ---- its files
chmod 0644 folder/store
refused "the store $scratch/folder/store can be accessed by others \\(mode 0644\\): run chmod 600" --store "$scratch/folder/store"
chmod 0660 folder/store
refused "the store $scratch/folder/store can be written by others \\(mode 0660\\): check it" --store "$scratch/folder/store"
chmod 0600 folder/store
echo precious >precious
before=$(cat precious; stat -c '%a %s' precious)
for beside in -wal -shm .lock; do
    ln -s "$scratch/precious" "folder/store$beside"
    refused "the store $scratch/folder/store$beside is not a file \\(links are not followed\\)" --store "$scratch/folder/store"
    rm "folder/store$beside"
done
ln -s "$scratch/precious" folder/fresh.new
starts --store "$scratch/folder/fresh"
[ "$(cat precious; stat -c '%a %s' precious)" = "$before" ] || fault 'what a link led to was changed'
mkdir -m 0777 open && chmod 0777 open && ln -s "$scratch/folder/store" open/link
refused "folder $scratch/open can be written by others" --store "$scratch/open/link"
ln -s "$scratch/folder/store" folder/link
starts --store "$scratch/folder/link"
[ "$(stat -c %a folder/store folder/fresh | sort -u)" = 600 ] || fault "modes: $(stat -c '%n %a' folder/*)"

#  ---- of another user; for root alone to try
if [ "$(id -u)" = 0 ]; then
    chown 4711 folder/store
    refused "the store $scratch/folder/store belongs to user 4711, not to you \\(0\\)" --store "$scratch/folder/store"
    chown 0 folder/store && chown 4711 folder
    refused "folder $scratch/folder belongs to user 4711, not to you \\(0\\).*chown" --store "$scratch/folder/store"
    chown 0 folder
    starts --store "$scratch/folder/store"
    cadre keygen alice --role client >/dev/null 2>&1
    keys=$XDG_CONFIG_HOME/cadre/keys
    chown 4711 "$keys"
    refused "folder of keys $keys belongs to user 4711" --listen tcp://127.0.0.1:1 --keys "$keys"
    chown 0 "$keys" && chown 4711 "$keys/alice.pub"
    refused "key $keys/alice.pub belongs to user 4711" --listen tcp://127.0.0.1:1 --keys "$keys"
    chown 0 "$keys/alice.pub" && chown 4711 "$keys/broker.key"
    refused "the broker's key $keys/broker.key belongs to user 4711" --listen tcp://127.0.0.1:1 --keys "$keys"
    mkdir -p "$XDG_STATE_HOME/cadre" && chown 4711 "$XDG_STATE_HOME/cadre"
    expect 77 '' "folder $XDG_STATE_HOME/cadre belongs to user 4711" cadre worker deploy --status
    chown 0 "$XDG_STATE_HOME/cadre"
    mkdir -m 0700 broker-of-another && chown 4711 broker-of-another
    expect 77 '' "folder $scratch/broker-of-another belongs to user 4711" cadre-broker --store none --listen "ipc://$scratch/broker-of-another"
fi

#  ---- what others have put where a file is to be made
health=$scratch/health
ln -s "$scratch/precious" "$health.new"
start "$bin/cadre-broker" --listen "$ipc" --store none --health "$health" 2>broker.log
until_ok test -s "$health"
checks=$((checks + 1))
[ "$(cat precious; stat -c '%a %s' precious)" = "$before" ] || fault 'health was written to what a link led to'
[ "$(stat -c %a "$health")" = 600 ] || fault "the mode of health is $(stat -c %a "$health")"
finish
