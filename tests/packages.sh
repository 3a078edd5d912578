# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by demo.sh, check.sh and what that calls: installs Debian packages that are missing, as root or through
# sudo. On a system without apt-get, or without the right to use it, it names them and goes on: they may be
# there under another name, and the build says what is not.

build_packages='gcc libc6-dev meson ninja-build pkgconf libgnutls28-dev libgsasl-dev libsqlite3-dev
	libconfuse-dev libsecret-1-dev'
test_packages='libcmocka-dev dovecot-core dovecot-pop3d procmail maildrop mpop fetchmail openssl python3 faketime
	libfaketime microsocks tinyproxy-bin socat netcat-openbsd openssh-server openssh-client iproute2 procps
	mandoc groff-base bash zsh fish strace valgrind clang-format-14
	krb5-kdc krb5-admin-server krb5-user dovecot-gssapi
	dbus gnome-keyring libsecret-tools python3-jeepney clang libclang-rt-14-dev clang-tidy cppcheck gcovr'

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
	as_root=
	if test "$(id -u)" != 0; then
		if ! command -v sudo >/dev/null; then
			echo "Not root, and no sudo; these packages are needed:$missing" >&2
			return 0
		fi
		as_root=sudo
	fi
	echo "Installing:$missing"
	# Lists that are too old name versions that are gone: then, and only then, they are fetched anew.
	install="env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
	$as_root $install $missing >"$log" 2>&1 ||
		{ $as_root apt-get update -q >>"$log" 2>&1 && $as_root $install $missing >>"$log" 2>&1; } ||
		{ tail -n 20 "$log" >&2; echo "Could not install:$missing" >&2; }
}

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
