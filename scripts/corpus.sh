#!/usr/bin/env bash
# Runs public pipelines that were written for Mage, from clones that are fetched when asked: docs/development/corpus.md.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_python
need_git || die "git is missing" "install it, for instance: apt-get install git"
dev_python
baton=${BATON_BIN:-$CARGO_TARGET_DIR/release/baton}
if [ ! -x "$baton" ]; then
    need_rust
    say "Building the release binary"
    cargo build --locked --release -p baton-cli
fi
exec "$DEV_BIN/python" -B tests/corpus/run.py --baton "$baton" --folder "$CACHE/corpus" "$@"
