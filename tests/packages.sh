# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by demo.sh, check.sh and what that calls: installs Debian packages that are missing, as root or through
# sudo. On a system without apt-get, or without the right to use it, it names them and goes on: they may be
# there under another name, and the build says what is not.

build_packages='gcc libc6-dev meson ninja-build pkgconf libgnutls28-dev libgsasl-dev libsqlite3-dev
	libconfuse-dev libsecret-1-dev gettext'
test_packages='libcmocka-dev dovecot-core dovecot-pop3d procmail maildrop mpop fdm fetchmail getmail6 openssl python3 faketime
	locales libfaketime microsocks tinyproxy-bin socat netcat-openbsd openssh-server openssh-client iproute2 dnsmasq-base procps
	softhsm2 opensc tmux
	mandoc groff-base systemd bash zsh fish strace valgrind clang-format-14
	dovecot-gssapi dbus gnome-keyring libsecret-tools python3-jeepney python3-jsonschema clang libclang-rt-14-dev clang-tidy cppcheck gcovr'

# Debian lets one POP3 server be installed, and that is Dovecot. The others, with what else of theirs they need,
# are unpacked only: nothing of them is set up or started.
server_packages='courier-pop courier-base courier-authlib courier-authdaemon courier-authlib-userdb cyrus-pop3d
	cyrus-common sasl2-bin mailutils-pop3d popa3d perdition krb5-kdc krb5-admin-server krb5-user'

need_packages() {
	missing=
	for package in "$@"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
			missing="$missing $package"
	done
	test -n "$missing" || return 0
	if ! command -v apt-get >/dev/null; then
		echo "This is no Debian; these packages of it, or their like, are needed:$missing" >&2
		return 0
	fi
	if ! find_root; then
		echo "Not root, and no sudo; these packages are needed:$missing" >&2
		return 0
	fi
	echo "Installing:$missing"
	# Lists that are too old name versions that are gone: then, and only then, they are fetched anew.
	install="env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
	$as_root $install $missing >"$log" 2>&1 ||
		{ $as_root apt-get update -q >>"$log" 2>&1 && $as_root $install $missing >>"$log" 2>&1; } ||
		{ tail -n 20 "$log" >&2; echo "Could not install:$missing" >&2; }
}

# Sets $as_root to what makes a command run as root, if anything does.
find_root() {
	as_root=
	test "$(id -u)" = 0 || { as_root=sudo && command -v sudo >/dev/null; }
}

# unpack_packages FOLDER PACKAGE…: each once, into FOLDER/root. The libraries that they name are installed, but for
# those that only tools need which no test uses.
unpack_packages() {
	command -v apt-get >/dev/null || return 0
	folder=$1
	shift
	mkdir -p "$folder/root"
	for package in "$@"; do
		test -f "$folder/$package.needs" || unpack_package "$package"
	done
	need_packages $(cat "$folder"/*.needs 2>/dev/null | sort -u | grep -vE '^lib(clamav|gamin|fam|zephyr)')
}

unpack_package() {
	echo "Unpacking $1 …"
	fetched=$(mktemp -d)
	if download "$1" >"$log" 2>&1 && dpkg-deb -x "$fetched"/*.deb "$folder/root" >>"$log" 2>&1; then
		dpkg-deb -f "$fetched"/*.deb Depends | tr ',' '\n' | sed -n 's/^ *\(lib[^ |(]*\).*/\1/p' >"$folder/$1.needs"
	else
		tail -n 5 "$log" >&2
		echo "Could not get the Debian package $1: what it is for is left out" >&2
	fi
	rm -rf "$fetched"
}

# Downloads a package into $fetched, with lists that are fetched anew if these know none or an old one.
download() (
	cd "$fetched"
	apt-get download -q "$1" || { find_root && $as_root apt-get update -q && apt-get download -q "$1"; }
)

# have_tool COMMAND PACKAGE: false where it is missing; an error where apt-get should have brought it.
have_tool() {
	command -v "$1" >/dev/null && return 0
	echo "$1 is missing (Debian: $2): what it does is left out" >&2
	test "${AMBIL_TESTS_COMPLETE-}" != 1 || exit 1
	return 1
}

# build FOLDER [OPTION…]: sets up once, then only builds.
build() {
	folder=$1
	shift
	echo "Building in $folder …"
	test -f "$folder/build.ninja" || meson setup "$folder" "$@" >"$log" 2>&1 ||
		{ cat "$log" >&2; exit 1; }
	meson compile -C "$folder" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}
