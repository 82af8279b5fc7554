#!/usr/bin/env bash
# What is too long or too large for test.sh: a server for Azure's blobs, which is 190 MB of Node packages, and an hour of load. Options go through: make test-heavy ARGS="--seconds 600".
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_rust
need_python
trim_target
dev_python

say "Blobs of Azure (Azurite)"
need_azurite
(cd python && "$DEV_BIN/python" -B -m pytest -q -rs -p no:cacheprovider tests/stores_azure.py)
say "Building the release binary"
cargo build --locked --release -p baton-cli
say "A server under load"
exec python3 -B benches/soak.py --baton "$CARGO_TARGET_DIR/release/baton" --python "$DEV_BIN/python" \
    --seconds 3600 --write "$@"
