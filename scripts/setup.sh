# shellcheck shell=bash
# Sourced by the other scripts. Finds what a build needs, says plainly what is missing and how to get it, and
# decides where builds go. It changes nothing on the machine but two folders: the cache and, for Debian's Python
# without pip, the packages python3-pip and python3-venv.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# Builds stay warm between clones when the cache folder exists; else they stay in the clone.
CACHE=${BATON_CACHE:-$HOME/.cache/baton}
if [ ! -d "$CACHE" ]; then CACHE=$ROOT/target; fi
if [ "$CACHE" = "$ROOT/target" ]; then
    export CARGO_TARGET_DIR=$CACHE
else
    export CARGO_TARGET_DIR=$CACHE/target
fi
TOOLS=$CACHE/tools
TARGET_LIMIT_MB=20480
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then BOLD=$'\033[1m' PLAIN=$'\033[0m'; else BOLD='' PLAIN=''; fi
say() { printf '\n%s== %s%s\n' "$BOLD" "$*" "$PLAIN"; }
note() { printf '   %s\n' "$*"; }
die() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

# version_at_least HAVE WANT
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

need_rust() {
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        die "Rust is missing" "install Rust 1.90 or newer with rustup, or from your system's packages"
    fi
    local have
    have=$(rustc --version | cut -d' ' -f2)
    version_at_least "${have%%-*}" 1.90.0 ||
        die "Rust $have is too old; Baton needs 1.90 or newer" "with rustup: rustup update stable"
    command -v cc >/dev/null ||
        die "no C compiler (cc) found; SQLite is compiled from C" "Debian, Ubuntu: apt-get install gcc libc6-dev"
}

need_python() {
    command -v python3 >/dev/null ||
        die "python3 is missing" "install Python 3.9 or newer, for instance: apt-get install python3"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' ||
        die "$(python3 --version) is too old; Baton needs Python 3.9 or newer for its workers"
}

# As root, or where sudo asks for no password, Debian's missing packages are installed; elsewhere we say which.
apt_install() {
    command -v apt-get >/dev/null || return 1
    local run=(env DEBIAN_FRONTEND=noninteractive)
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
        run=(sudo -n "${run[@]}")
    fi
    note "installing $* with apt-get"
    "${run[@]}" apt-get install -y -q "$@" >/dev/null 2>&1 || {
        "${run[@]}" apt-get update -q >/dev/null && "${run[@]}" apt-get install -y -q "$@" >/dev/null
    }
}

# What people told pip about mirrors and certificates holds for uv as well. Variables that uv reads itself win.
carry_pip_settings() {
    local line key value
    while IFS= read -r line; do
        key=${line%%=*}
        key=${key##*.}
        value=${line#*=}
        value=${value#\'}
        value=${value%\'}
        case $key in
        cert) export SSL_CERT_FILE=${SSL_CERT_FILE:-$value} ;;
        index-url) export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-$value}} ;;
        extra-index-url) export UV_INDEX=${UV_INDEX:-$value} ;;
        find-links) export UV_FIND_LINKS=${UV_FIND_LINKS:-$value} ;;
        trusted-host) export UV_INSECURE_HOST=${UV_INSECURE_HOST:-$value} ;;
        esac
    done < <(
        if [ -n "${PIP_CERT:-}" ]; then echo "env.cert='$PIP_CERT'"; fi
        if [ -n "${PIP_INDEX_URL:-}" ]; then echo "env.index-url='$PIP_INDEX_URL'"; fi
        python3 -m pip config list 2>/dev/null || true
    )
    # A folder of wheels that does not exist is an error for uv and nothing for pip.
    if [ -n "${UV_FIND_LINKS:-}" ] && [ ! -d "$UV_FIND_LINKS" ] && [[ $UV_FIND_LINKS == /* ]]; then
        unset UV_FIND_LINKS
    fi
    export UV_PYTHON_DOWNLOADS=never
}

# uv makes the environments of projects and of our own tests.
need_uv() {
    need_python
    carry_pip_settings
    if [ -n "${BATON_UV:-}" ] && [ -x "$BATON_UV" ]; then return; fi
    local own=$TOOLS/uv/bin/uv
    if command -v uv >/dev/null && uv --version >/dev/null 2>&1; then
        BATON_UV=$(command -v uv)
    elif [ -x "$own" ]; then
        BATON_UV=$own
    else
        say "Installing uv into $TOOLS/uv"
        python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip python3-venv ||
            die "python3 has no pip, which is needed to get uv" \
                "either install uv yourself, or run: apt-get install python3-pip python3-venv"
        PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --target "$TOOLS/uv" uv ||
            die "pip could not install uv" "check the network and pip's index settings, or install uv yourself"
        BATON_UV=$own
    fi
    export BATON_UV
}

# The pages are built with Node; the binary that holds them needs none.
need_node() {
    local how="install Node 20.19 or newer with npm, for instance from https://nodejs.org"
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then die "Node is missing; the web pages are built with it" "$how"; fi
    local have
    have=$(node --version)
    version_at_least "${have#v}" 20.19.0 || die "Node $have is too old; the web pages need 20.19 or newer" "$how"
}

# What the lock file names, once for each lock file.
web_packages() {
    local stamp=web/node_modules/.baton key
    key=$(cksum <web/package-lock.json)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then return; fi
    say "Installing the packages that the web pages are built with"
    (cd web && npm ci --no-audit --no-fund --loglevel=error)
    printf '%s' "$key" >"$stamp"
}

# Builds web/dist when a source is newer.
web_pages() {
    local sources=(web/src web/public web/scripts web/index.html web/package-lock.json web/vite.config.ts web/tokens.json)
    if [ -f web/dist/index.html ] && [ -z "$(find "${sources[@]}" -newer web/dist/index.html -print -quit)" ]; then return; fi
    say "Building the web pages"
    (cd web && npm run --silent build)
}

# Browser tests drive Debian's Chromium.
have_chromium() { command -v chromium >/dev/null; }
need_chromium() { have_chromium || { apt_install chromium && have_chromium; }; }

# Tests ask Git for the history of files.
need_git() { command -v git >/dev/null || { apt_install git && command -v git >/dev/null; }; }

# Tests start a PostgreSQL server of their own from these programs.
have_postgres() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
need_postgres() { have_postgres || { apt_install postgresql && have_postgres; }; }

# Azure's blobs are tried against Microsoft's own server for development.
need_azurite() {
    need_node
    local folder=$TOOLS/azurite-3
    if [ ! -f "$folder/complete" ]; then
        say "Installing Azurite into $folder"
        npm install --prefix "$folder" --no-audit --no-fund --omit=dev --loglevel=error azurite@3 ||
            die "npm could not install Azurite" "check the network and npm's registry"
        touch "$folder/complete"
    fi
    export AZURITE=$folder/node_modules/.bin/azurite-blob
}

# The environment for our own Python code: made once for each list of requirements.
dev_python() {
    need_uv
    local lists=("$ROOT/scripts/python-dev.txt") list arguments=() key interpreter
    if [ -f python/base-set.txt ]; then lists+=("$ROOT/python/base-set.txt"); fi
    interpreter=$(python3 -c 'import sys; print(sys.executable)')
    key=$( (cat "${lists[@]}" && "$interpreter" --version && echo "$interpreter") | cksum | cut -d' ' -f1)
    local folder=$TOOLS/python-dev-$key
    if [ ! -f "$folder/complete" ]; then
        say "Making the Python environment for tests in $folder"
        for list in "${lists[@]}"; do arguments+=(-r "$list"); done
        # Joined with && because `set -e` does not hold where a caller tests the result.
        "$BATON_UV" venv --quiet --clear --python "$interpreter" "$folder" &&
            "$BATON_UV" pip install --quiet --python "$folder/bin/python" "${arguments[@]}" &&
            touch "$folder/complete" || return 1
    fi
    export DEV_BIN=$folder/bin
}

# Old incremental data goes first, then whole profiles.
trim_target() {
    local size
    for victim in incremental release debug; do
        if [ ! -d "$CARGO_TARGET_DIR" ]; then return; fi
        size=$(du -sm "$CARGO_TARGET_DIR" 2>/dev/null | cut -f1)
        if [ "${size:-0}" -le "$TARGET_LIMIT_MB" ]; then return; fi
        note "build folder holds $size MB, more than $TARGET_LIMIT_MB: deleting its $victim data"
        case $victim in
        incremental) rm -rf "$CARGO_TARGET_DIR"/*/incremental ;;
        *) rm -rf "${CARGO_TARGET_DIR:?}/$victim" ;;
        esac
    done
}
