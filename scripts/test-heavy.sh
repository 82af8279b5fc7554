#!/usr/bin/env bash
# What is too long for test.sh: an hour of load on a server. Options go through: make test-heavy ARGS="--seconds 600".
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_rust
need_python
trim_target
dev_python

say "Building the release binary"
cargo build --locked --release -p baton-cli
say "A server under load"
exec python3 -B benches/soak.py --baton "$CARGO_TARGET_DIR/release/baton" --python "$DEV_BIN/python" \
    --seconds 3600 --write "$@"
