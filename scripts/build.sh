#!/usr/bin/env bash
# Makes the release binary.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_rust
need_node
trim_target

web_packages
web_pages
say "Building the release binary"
cargo build --locked --release -p baton-cli
binary=$CARGO_TARGET_DIR/release/baton
say "$binary ($(($(wc -c <"$binary") / 1000000)) MB)"
note "Copy it to a folder of your PATH to use it as \`baton\`."
