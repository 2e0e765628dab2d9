# Debian packages for a script of the tests, which reads this file.

# Installs those of its arguments that are missing.
need_packages() {
    missing=""
    for package in "$@"; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        echo "installing:$missing"
        as_root=""
        [ "$(id -u)" = 0 ] || as_root="sudo"
        export DEBIAN_FRONTEND=noninteractive
        $as_root apt-get update -q
        # shellcheck disable=SC2086 # one word for each package
        $as_root apt-get install -y -q --no-install-recommends $missing
    fi
    echo "present:" "$@"
}
