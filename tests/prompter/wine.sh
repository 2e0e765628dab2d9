#!/bin/sh
# Tries the PIN prompt of Windows on Debian: builds `cps-prompter.exe` as it is released and drives it in Wine, as a person
# with a keyboard does. Then asks the compiler whether the one of macOS is sound, which is all that can be asked here.
#
#   tests/prompter/wine.sh            the checks
#   tests/prompter/wine.sh PICTURES   the checks, with a picture of each prompt in this folder
#
# Not a part of tests/run.sh, because of what it installs: Debian's own Rust beside yours, a cross compiler, Wine.
set -eu
cd "$(dirname "$0")/../.."
. tests/support/packages.sh

packages="cargo-web fonts-wine gcc-mingw-w64-x86-64 imagemagick libwine python3 rust-web-src rustc-web wine wine64 x11-xkb-utils xdotool xvfb"
# shellcheck disable=SC2086 # one word for each package
need_packages $packages

# Debian's compiler, because Debian also has the sources of its standard library, to be built for systems that it has none
# for.
built=$(realpath -m "${CARGO_TARGET_DIR:-target}")/wine
build() {
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo "$@" --locked -p cps-prompter --target-dir "$built" \
        -Z build-std=std,panic_abort
}
build build --release --target x86_64-pc-windows-gnu
build check --target aarch64-apple-darwin

run=$(mktemp -d)
screen=
trap 'WINEPREFIX="$run/prefix" wineserver -k 2>/dev/null || true; [ -z "$screen" ] || kill "$screen" 2>/dev/null || true; rm -rf "$run"' EXIT
trap 'exit 130' INT TERM
cp "$built/x86_64-pc-windows-gnu/release/cps-prompter.exe" "$run/"
here=tests/prompter
x86_64-w64-mingw32-gcc -Wall -Werror -shared -o "$run/bcryptprimitives.dll" $here/bcryptprimitives.c -ladvapi32
x86_64-w64-mingw32-gcc -Wall -Werror -o "$run/look.exe" $here/look.c

mkfifo "$run/display"
Xvfb -displayfd 3 -screen 0 1280x800x24 3>"$run/display" >/dev/null 2>&1 &
screen=$!
DISPLAY=:$(cat "$run/display")
# `wine` may be a command of its own or that of another version: this is the one that was installed above.
PATH="/usr/lib/wine:$PATH"
export DISPLAY
# The keyboard of those who will type here.
setxkbmap fr
export PATH WINEDEBUG=-all WINEPREFIX="$run/prefix"
python3 $here/drive.py "$run" "${1:-}"
