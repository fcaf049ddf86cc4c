# Shared by the scripts; source it. Sets `jobs` and defines `stage` and `build`.

# A Beast translation unit takes about 1 GB, so memory caps the parallelism as well as the cores.
memory_gb=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
jobs=$(nproc)
[ "$memory_gb" -lt "$jobs" ] && jobs=$((memory_gb > 0 ? memory_gb : 1))

# Objects of one clone serve another.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

started=$SECONDS
stage() { printf '\n== [%4ds] %s\n' "$((SECONDS - started))" "$*"; }

# build PRESET TARGET...: configures when needed and builds.
build() {
  local preset=$1
  shift
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"/tmp/pharos-configure-$preset.log" 2>&1 ||
    { cat "/tmp/pharos-configure-$preset.log" >&2; return 1; }
  if [ -t 1 ]; then
    cmake --build "build/$preset" -j "$jobs" --target "$@"
  else
    # One line per tenth of the way keeps logs readable.
    cmake --build "build/$preset" -j "$jobs" --target "$@" 2>&1 |
      awk '/^\[[0-9]+\/[0-9]+\]/ { split(substr($1, 2), a, "[/\\]]"); tenth = int(10 * a[1] / a[2]); if (tenth != last) { print; last = tenth; fflush() } next } { print; fflush() }'
    return "${PIPESTATUS[0]}"
  fi
}
