#!/usr/bin/env bash
# Writes the reference pages that come from the program itself; with --check only compares them.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_rust
cargo build --quiet --locked -p baton-cli
baton=$CARGO_TARGET_DIR/debug/baton
page=docs/reference/cli.md

commands() { "$baton" "$@" --help | sed -n '/^Commands:/,/^$/p' | sed -n 's/^  \([a-z-]*\) .*/\1/p' | grep -v '^help$'; }

fence='```'
help_of() { printf '%stext\n%s\n%s\n' "$fence" "$("$baton" "$@" --help)" "$fence"; }

write_page() {
    # shellcheck disable=SC2016 # the backticks are Markdown
    printf '# Command line\n\nWritten by `make generate` from the help texts of the program.\n\n## baton\n\n'
    help_of
    for command in $(commands); do
        printf '\n## baton %s\n\n' "$command"
        help_of "$command"
        for part in $(commands "$command"); do
            printf '\n### baton %s %s\n\n' "$command" "$part"
            help_of "$command" "$part"
        done
    done
}

# The description of the API is compared by the tests of the server; here it is written.
if [ "${1:-}" != --check ]; then
    BATON_GENERATE=1 cargo test --quiet --locked -p baton-server --test it the_published_description >/dev/null
fi

if [ "${1:-}" = --check ]; then
    write_page | diff -u "$page" - || die "$page is out of date" "run: make generate"
else
    write_page >"$page"
    note "wrote $page"
fi
