#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs what is missing, builds, and shows the main job: mail fetched over TLS from a throw-away POP3 server
# on this machine into a Maildir below a temporary home. Removes everything it made, but for the build.
set -eu
cd "$(dirname "$0")/.."
log=$(mktemp)
work=$(mktemp -d)
server=
clean_up() {
	test -z "$server" || kill "$server" 2>/dev/null || :
	rm -rf "$work" "$log"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
. tests/packages.sh

need_packages $build_packages
# A folder of its own: the one that README installs from is set up in another way.
build build-demo
ambil=$PWD/build-demo/ambil
popd=$PWD/build-demo/tests/popd/popd

HOME=$work/home
XDG_CONFIG_HOME=$HOME/.config
XDG_STATE_HOME=$HOME/.local/state
export HOME XDG_CONFIG_HOME XDG_STATE_HOME
unset AMBIL_CONFIG CREDENTIALS_DIRECTORY SSL_CERT_FILE
mkdir -p "$XDG_CONFIG_HOME/ambil"
cd "$HOME"

"$popd" --tls implicit --sample --ca-file "$work/ca.pem" --port-file "$work/port" >"$work/popd.log" 2>&1 &
server=$!
tries=0
until test -s "$work/port"; do
	tries=$((tries + 1))
	test "$tries" -lt 100 && kill -0 "$server" 2>/dev/null ||
		{ cat "$work/popd.log" >&2; echo 'The sample server did not start.' >&2; exit 1; }
	sleep 0.1
done
port=$(cat "$work/port")

umask 077
cat >"$XDG_CONFIG_HOME/ambil/ambil.conf" <<CONF
account sample {
    host = localhost    port = $port    user = anna
    ca-file = "$work/ca.pem"
    password = 'secret'
}
CONF

show() {
	printf '\n$ %s\n' "$*"
	"$@" && code=0 || code=$?
	test "$code" = 0 || printf '(exit status %s)\n' "$code"
}
ambil() {
	"$ambil" "$@"
}

echo "A sample server offers ten messages on port $port of this machine (POP3 over TLS)."
show cat .config/ambil/ambil.conf
show ambil check
show ambil -v
show ambil -v
show ls Mail/new
printf '\nA wrong password:\n'
sed -i "s/'secret'/'wrong'/" .config/ambil/ambil.conf
show ambil

cat <<END

For your own mailbox (it asks for the password and a few things more; mail stays on the server):

    build-demo/ambil setup you@example.org
    build-demo/ambil
END
