#!/usr/bin/env bash
# Measures the release binary. Options go through: make bench ARGS="--quick --case empty".
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_rust
need_node
need_uv
trim_target

web_packages
web_pages
say "Building the release binary"
cargo build --locked --release -p baton-cli
say "Measuring"
exec python3 benches/run.py --baton "$CARGO_TARGET_DIR/release/baton" "$@"
