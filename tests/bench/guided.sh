# Sourced by tests/bench/run: builds Mortise with the `dist` profile and without the sandbox, guided
# by how often each branch was taken under load, and sets MORTISE to its path. What was built of the
# sources as they are, by the compiler that is there, is kept. The compiler's own llvm-profdata is
# needed, which rustup has.
guided="$(realpath -m "${CARGO_TARGET_DIR:-target}")/guided"
sources="src tests/bench Cargo.toml Cargo.lock .cargo"
export MORTISE="$guided/use/dist/mortise"
if [ "$(cat "$guided/stamp" 2>/dev/null)" != "$(rustc -vV)" ] || [ ! -x "$MORTISE" ] ||
  [ -n "$(find $sources -newer "$guided/stamp" -print -quit)" ]; then
  profdata="$(rustc --print target-libdir)/../bin/llvm-profdata"
  [ -x "$profdata" ] || rustup component add llvm-tools >&2 || true
  [ -x "$profdata" ] || {
    echo "$0: $profdata is missing: install the compiler with rustup, and its llvm-tools" >&2
    exit 1
  }
  counts="$guided/counts"
  # A profile is not among what cargo looks at to know what is stale.
  rm -rf "$guided/use" "$counts" "$guided/stamp"
  mkdir -p "$guided"
  rustc -vV >"$guided/begun"
  echo "building what counts" >&2
  CARGO_ENCODED_RUSTFLAGS="-Cprofile-generate=$counts" CARGO_TARGET_DIR="$guided/count" \
    cargo build --quiet --profile dist -p mortise --no-default-features
  echo "counting under load" >&2
  # What ran while it was built has counted too.
  rm -f "$counts"/*.profraw
  MORTISE="$guided/count/dist/mortise" "$LAB/venv/bin/python" -B tests/bench/guide.py
  "$profdata" merge -o "$counts/all.profdata" "$counts"/*.profraw
  echo "building what is guided by it" >&2
  CARGO_ENCODED_RUSTFLAGS="-Cprofile-use=$counts/all.profdata" CARGO_TARGET_DIR="$guided/use" \
    cargo build --quiet --profile dist -p mortise --no-default-features
  # As old as what was read first.
  mv "$guided/begun" "$guided/stamp"
fi
