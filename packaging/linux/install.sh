#!/bin/sh
# Installs the agent, its tray, `cps` and the PKCS#11 module for one person, into ~/.local: the agent as a systemd user
# unit, the tray as a program that the desktop starts. Never needs root.
#
#   packaging/linux/install.sh                build and install, then start
#   packaging/linux/install.sh --from DIR     install programs that are built already
#   packaging/linux/install.sh --no-start     install only
#   packaging/linux/install.sh --uninstall    remove all of it and its registrations; what the agent keeps is left and named
set -eu

programs="cps-agent cps cps-tray"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
module=libcps_pkcs11.so
bin="$HOME/.local/bin"
# Where `cps pkcs11` looks for it: beside its own folder.
modules="$HOME/.local/lib/pkcs11"
units="${XDG_DATA_HOME:-$HOME/.local/share}/systemd/user"
data="${XDG_DATA_HOME:-$HOME/.local/share}"
autostart="${XDG_CONFIG_HOME:-$HOME/.config}/autostart"
icons=icons/hicolor/scalable/apps
documents="$data/doc/cps-agent"
state="${XDG_STATE_HOME:-$HOME/.local/state}/cps-agent"
from=""
start=yes
uninstall=no

usage() {
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case "$1" in
        --from)
            [ $# -ge 2 ] || usage
            from=$2
            shift
            ;;
        --no-start) start=no ;;
        --uninstall) uninstall=yes ;;
        *) usage ;;
    esac
    shift
done

if [ "$(id -u)" = 0 ] && [ -z "${CPS_AGENT_INSTALL_AS_ROOT:-}" ]; then
    echo "install.sh: this installs for one person, not for root" >&2
    echo "hint: run it in your own session, or set CPS_AGENT_INSTALL_AS_ROOT=1 if root is that person" >&2
    exit 1
fi

# The user manager is absent in containers and over plain ssh: installing works there, starting does not.
managed() {
    systemctl --user show-environment >/dev/null 2>&1
}

if [ "$uninstall" = yes ]; then
    if managed; then
        systemctl --user disable --now cps-agent.service || true
    fi
    # Before the module is gone: no program is left with a line that names nothing. Browsers that run keep what they loaded.
    if [ -x "$bin/cps" ]; then
        "$bin/cps" pkcs11 remove --no-system || echo "left: registrations of the module, named above" >&2
    fi
    for program in $programs; do
        rm -f "$bin/$program"
    done
    rm -f "$modules/$module" "$units/cps-agent.service"
    rm -f "$data/applications/cps-tray.desktop" "$autostart/cps-tray.desktop"
    for icon in "$here/$icons"/*.svg; do
        rm -f "$data/$icons/$(basename "$icon")"
    done
    rm -f "$documents/licences.txt"
    rmdir "$documents" 2>/dev/null || true
    if managed; then
        systemctl --user daemon-reload
    fi
    echo "removed: $programs, $module, cps-agent.service, cps-tray.desktop"
    if [ -e "$state" ]; then
        echo "left: $state (registered applications, keys, audit trail)"
    fi
    exit 0
fi

if [ -z "$from" ]; then
    root=$(CDPATH='' cd -- "$here/../.." && pwd)
    (cd "$root" && cargo build --release --locked -p cps-agent -p cps-cli -p cps-pkcs11)
    # Apart: its library of the panel would add features to what the agent is made of.
    (cd "$root" && cargo build --release --locked -p cps-tray)
    from="${CARGO_TARGET_DIR:-$root/target}/release"
fi

for file in $programs $module; do
    if [ ! -f "$from/$file" ]; then
        echo "install.sh: $from/$file is missing" >&2
        exit 1
    fi
done
mkdir -p "$bin" "$modules" "$units" "$data/applications" "$data/$icons" "$documents" "$autostart"
for program in $programs; do
    # Beside the old one first, then in its place: a running agent keeps its file until it is restarted.
    install -m 0755 "$from/$program" "$bin/.$program.new"
    mv -f "$bin/.$program.new" "$bin/$program"
done
# The same for the module, which browsers keep loaded.
install -m 0644 "$from/$module" "$modules/.$module.new"
mv -f "$modules/.$module.new" "$modules/$module"
# The unit of the packages, with this person's path. A space or % in it would mean something to systemd.
case "$bin" in
    *[[:space:]%\|\&\\]*)
        echo "install.sh: systemd cannot start a program from $bin" >&2
        exit 1
        ;;
esac
sed "s|^ExecStart=/usr/bin/|ExecStart=$bin/|" "$here/cps-agent.service" >"$units/.cps-agent.service.new"
mv -f "$units/.cps-agent.service.new" "$units/cps-agent.service"
# The desktop starts the tray with the session; the same file shows it among the applications.
for folder in "$data/applications" "$autostart"; do
    sed "s|^Exec=|Exec=$bin/|" "$here/cps-tray.desktop" >"$folder/.cps-tray.desktop.new"
    mv -f "$folder/.cps-tray.desktop.new" "$folder/cps-tray.desktop"
done
install -m 0644 "$here/$icons"/*.svg "$data/$icons/"
# Whose work is in the programs, and on which terms.
install -m 0644 "$here/../doc/licences.txt" "$documents/"
echo "installed: $bin/cps-tray, $autostart/cps-tray.desktop"
echo "installed: $bin/cps-agent, $bin/cps, $modules/$module, $units/cps-agent.service"

case ":$PATH:" in
    *":$bin:"*) ;;
    *) echo "hint: add $bin to PATH" ;;
esac
echo "browsers and other programs get the card with: cps pkcs11 install"
if [ "$start" = no ]; then
    echo "start it with: systemctl --user enable --now cps-agent"
elif managed; then
    systemctl --user daemon-reload
    systemctl --user enable cps-agent.service
    systemctl --user restart cps-agent.service
    echo "started; ask it with: cps status"
    echo "the icon comes with the next session, or now with: cps-tray &"
else
    echo "there is no systemd user manager here: start $bin/cps-agent by hand"
fi
