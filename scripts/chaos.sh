#!/usr/bin/env bash
# Kills and freezes processes and their database under load: scripts/chaos.sh [SECONDS] [SEED]
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
need_rust
need_uv
need_postgres || die "PostgreSQL's programs are missing" "Debian, Ubuntu: apt-get install postgresql"
dev_python
export BATON_TEST_PYTHON=$DEV_BIN/python CI=true
export BATON_CHAOS=${1:-600} BATON_SEED=${2:-1}
exec cargo test -p baton-cli --test e2e chaos -- --nocapture
