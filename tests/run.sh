#!/bin/sh
# Installs what the tests need when it is missing (Debian), then runs everything: formatting, lints, the whole suite.
# Safe to run again and again. Ends with the closing lines of cargo's test runner and their sum; the exit code is that of
# the first step that failed.
set -eu
cd "$(dirname "$0")/.."
. tests/support/packages.sh

begun=$(date +%s)
step() {
    printf '\n== %s (after %d s)\n' "$1" $(($(date +%s) - begun))
}

# Programs of other people that judge ours, and the real PC/SC daemon with a virtual reader.
packages="apache2-bin ca-certificates chromium curl dbus default-jdk-headless desktop-file-utils firefox-esr gcc
    imagemagick libapache2-mod-auth-openidc libc6-dev libcmocka-dev libengine-pkcs11-openssl libfaketime libnss3-tools libssl-dev
    opensc openssh-client openssh-server openssl p11-kit pcsc-tools pcscd pinentry-gtk2 pinentry-qt pinentry-tty
    python3-venv softhsm2 vsmartcard-vpcd xdotool xfce4-panel xfconf xfwm4 xvfb"
step "system packages"
# shellcheck disable=SC2086 # one word for each package
need_packages $packages

step "node packages"
for program in cargo node npm; do
    if ! command -v "$program" >/dev/null; then
        echo "$program is missing: install Rust (rustup.rs) and Node.js 20 or later first" >&2
        exit 1
    fi
done
judges=tests/support/node
# npm writes its own copy of the lock file when it has finished.
if [ ! "$judges/node_modules/.package-lock.json" -nt "$judges/package-lock.json" ]; then
    npm ci --prefix "$judges" --no-audit --no-fund
fi
echo "present: node $(node --version) with $(ls -d $judges/node_modules/openid-client $judges/node_modules/oidc-provider | wc -l) judges"

step "python packages"
venv=${CARGO_TARGET_DIR:-target}/venv
pinned=tests/support/python/requirements.txt
# The list is copied beside the packages when all of them are there.
if ! cmp -s "$pinned" "$venv/requirements.txt"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$pinned"
    cp "$pinned" "$venv/requirements.txt"
fi
echo "present: $("$venv/bin/python" --version) with $(grep -c == "$pinned") packages"

step "p11test"
# OpenSC's test suite for PKCS#11 modules comes as source only; Debian's archive has that of the opensc it ships.
p11test=${CARGO_TARGET_DIR:-target}/p11test
version=$(dpkg-query -W -f '${Version}' opensc)
if [ ! -x "$p11test/p11test" ] || [ "$(cat "$p11test/version" 2>/dev/null)" != "$version" ]; then
    rm -rf "$p11test"
    mkdir -p "$p11test/lists/partial"
    for suite in "" -updates; do
        echo "deb-src http://deb.debian.org/debian $(. /etc/os-release && echo "$VERSION_CODENAME")$suite main"
    done >"$p11test/sources.list"
    echo "deb-src http://deb.debian.org/debian-security $(. /etc/os-release && echo "$VERSION_CODENAME")-security main" \
        >>"$p11test/sources.list"
    here=$(cd "$p11test" && pwd)
    apt="apt-get -q -o Dir::Etc::SourceList=$here/sources.list -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=$here/lists
        -o APT::Sandbox::User=$(id -un) -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
    $apt update >/dev/null
    (cd "$p11test" && $apt source --download-only "opensc=$version" >/dev/null && tar -xf opensc_*.orig.tar.*)
    # What its configure script would find out.
    printf '#define ENABLE_OPENSSL 1\n#define HAVE_DLFCN_H 1\n#define PACKAGE_VERSION "%s"\n' "$version" >"$p11test/config.h"
    source=$(echo "$p11test"/OpenSC-*/src)
    cc -w -I"$p11test" -I"$source" "$source"/tests/p11test/*.c -o "$p11test/p11test" -lcmocka -lcrypto -ldl
    echo "$version" >"$p11test/version"
fi
echo "present: p11test of opensc $version"

step "formatting"
cargo fmt --all --check
echo "formatted"

step "lints"
cargo clippy --workspace --all-targets -- -D warnings

step "build"
cargo build --workspace --all-targets

step "tests"
# Most tests wait for other programs more than they compute.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-4}"
# A test that hangs ends its own target, and the rest still says its word: the slowest target needs three minutes on a
# machine of two cores that does nothing else.
host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
result=$(mktemp -d)
tests=
trap 'kill $tests 2>/dev/null || true; rm -rf "$result"' EXIT
trap 'exit 130' INT TERM
# Into a file, not a pipe: a program that a failed test leaves behind keeps a pipe open, and whoever reads it waits. In the
# background a shell has the signals of the keyboard ignored, which the programs under test are not to inherit.
env --default-signal=INT,QUIT "CARGO_TARGET_${host}_RUNNER=timeout --verbose --kill-after=10 900" \
    cargo test --workspace --no-fail-fast >"$result/log" 2>&1 </dev/null &
tests=$!
tail -n +1 --pid="$tests" --follow "$result/log"
wait "$tests" && status=0 || status=$?
tests=
step "the slowest targets"
awk '/^ +Running / { target = $2 " " $3 } /^ +Doc-tests / { target = "documentation of " $2 }
    /^test result:/ { sub(/s$/, "", $NF); printf "%8.1f s  %s\n", $NF, target }' "$result/log" | sort -rn | head -n 12

# A target that was ended before it gave its result counts as one failure.
awk '/^ +Running / { failed += open; open = 1 } /^ +Doc-tests / { failed += open; open = 0 }
    /^test result:/ { passed += $4; failed += $6; skipped += $8; open = 0 }
    END { printf "\n%d passed, %d failed, %d skipped\n", passed, failed + open, skipped }' "$result/log"
exit "$status"
