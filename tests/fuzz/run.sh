#!/usr/bin/env bash
# Fuzzes every target for a number of seconds each (default 10). Findings stop the run and are kept in target/fuzz/.
# The stable compiler has libFuzzer's instrumentation behind RUSTC_BOOTSTRAP; nothing that is shipped is built this way.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-10}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(apdu tlv pkcs15 certificate fci jws id_token discovery jwks ocsp userinfo authorization token endpoints door pkcs11)
host=$(rustc -vV | sed -n 's/^host: //p')
out=${CARGO_TARGET_DIR:-target}/fuzz
mkdir -p "$out"
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$out/build" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_STRIP=none
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address -Ccodegen-units=1 -Cdebug-assertions=on"
bins=()
for target in "${targets[@]}"; do bins+=(--bin "$target"); done
cargo build --quiet --release --target "$host" -p cps-fuzz "${bins[@]}"
for target in "${targets[@]}"; do
    mkdir -p "$out/corpus/$target"
    "$CARGO_TARGET_DIR/$host/release/$target" "$out/corpus/$target" "tests/fuzz/corpus/$target" \
        -max_total_time="$seconds" -max_len=8192 -timeout=25 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$out/$target-" >"$out/$target.log" 2>&1 || {
        tail -40 "$out/$target.log"
        echo "fuzz: $target found something, see $out" >&2
        exit 1
    }
    echo "fuzz: $target $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target.log") inputs, no finding"
done
