#!/usr/bin/env bash
# Builds Baton (development profile, shared with `make test`), runs the example project with it and serves it with its web pages.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
started=$SECONDS

need_rust
need_node
need_uv
trim_target

web_packages
web_pages
say "Building Baton (some minutes the first time, seconds later)"
cargo build --locked -p baton-cli
baton=$CARGO_TARGET_DIR/debug/baton

say "Running the pipeline flights of examples/flights"
note "The first run makes the project's Python environment, which takes a minute."
"$baton" run examples/flights flights

say "Done in $((SECONDS - started)) s"
note "The report: examples/flights/output/report.md"
note "The joined flights, one folder a month: examples/flights/output/flights/"
echo
head -n 12 examples/flights/output/report.md | sed 's/^/   /'
echo
note "Look at a data product:   $baton output examples/flights flights busiest_routes"
note "Start a project:          $baton init my_project"
note "Everything else:          $baton --help"
echo
say "Serving examples/flights (Ctrl-C ends it)"
exec "$baton" start examples/flights
