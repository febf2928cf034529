# Sourced by tests/bench/run: builds Mortise with the `dist` profile and without the sandbox, guided
# by how often each branch was taken under load, and exports its path as MORTISE. What is built from
# the sources as they are is kept. The compiler's own llvm-profdata is needed, which rustup has.
guided="$(realpath -m "${CARGO_TARGET_DIR:-target}")/guided"
MORTISE="$guided/use/dist/mortise"
if [ ! -x "$MORTISE" ] || find src Cargo.toml Cargo.lock -newer "$MORTISE" | grep -q .; then
  profdata="$(rustc --print target-libdir)/../bin/llvm-profdata"
  [ -x "$profdata" ] || rustup component add llvm-tools
  counts="$guided/counts"
  # A profile is not among what cargo looks at to know what is stale.
  rm -rf "$guided/use" "$counts"
  echo "building what counts" >&2
  RUSTFLAGS="-Cprofile-generate=$counts" CARGO_TARGET_DIR="$guided/count" \
    cargo build --quiet --profile dist -p mortise --no-default-features
  echo "counting under load" >&2
  # What ran while it was built has counted too.
  rm -f "$counts"/*.profraw
  MORTISE="$guided/count/dist/mortise" "$LAB/venv/bin/python" -B tests/bench/guide.py
  "$profdata" merge -o "$counts/all.profdata" "$counts"/*.profraw
  echo "building what is guided by it" >&2
  RUSTFLAGS="-Cprofile-use=$counts/all.profdata" CARGO_TARGET_DIR="$guided/use" \
    cargo build --quiet --profile dist -p mortise --no-default-features
fi
export MORTISE
