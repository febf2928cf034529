# Sourced by the scripts that install what they need: `need PACKAGE COMMAND…`.
# Installs a Debian package when the command fails and this is root with apt; else says what is
# missing.
need() {
  package=$1
  shift
  "$@" >/dev/null 2>&1 && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing $package (for $1)"
    [ -n "${need_updated:-}" ] || { apt-get -qq update; need_updated=1; }
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$package" >/dev/null
  fi
  "$@" >/dev/null 2>&1 || {
    echo "$0: $1 is missing: install the package $package" >&2
    exit 1
  }
}

# Rust is not taken from Debian, whose release may be older than the manifest's rust-version.
need_rust() {
  wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
  found=$(cargo --version 2>/dev/null | cut -d' ' -f2)
  if [ -z "$found" ] || [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
    echo "$0: Rust $wanted or newer is needed, found ${found:-none}: install it with rustup" >&2
    exit 1
  fi
}

# Debian's release may be older than what the clients' packages want. Node brings npm, or Debian does.
need_node() {
  need nodejs node --version
  wanted=$(node -p 'require("./conformance/clients/package.json").engines.node.replace(">=", "")')
  found=$(node --version | tr -d v)
  if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" != "$wanted" ]; then
    echo "$0: Node $wanted or newer is needed, found $found" >&2
    exit 1
  fi
  need npm npm --version
}

# The packages of a folder as its lock has them; not again until it changes.
install_node() {
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] ||
    npm ci --prefix "$1" --no-audit --no-fund --ignore-scripts --loglevel=error
}
