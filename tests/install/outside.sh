#!/usr/bin/env bash
# usage: outside.sh CMAKE GENERATOR BUILD_DIR SOURCES VERSION [compiler]
# Installs BUILD_DIR into a temporary prefix, then builds and runs an outside program against it by
# find_package and by pkg-config, shared and static, and checks that a too new version is refused.
set -euo pipefail
cmake=$1 generator=$2 build=$3 sources=$4 version=$5 compiler=${6:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

fail() {
  echo "outside: $*" >&2
  exit 1
}

"$cmake" --install "$build" --prefix "$prefix" >"$work/install.log" 2>&1 ||
  { cat "$work/install.log" >&2; fail "installing failed"; }
pkgconfig=$(dirname "$(find "$prefix" -name ude.pc)")
libdir=$(dirname "$pkgconfig")

# Configure, build and run with find_package; the remaining arguments are definitions.
by_cmake() {
  local name=$1
  shift
  "$cmake" -G "$generator" -S "$sources" -B "$work/$name" -DCMAKE_PREFIX_PATH="$prefix" "$@" >"$work/$name.log" 2>&1 &&
    "$cmake" --build "$work/$name" >>"$work/$name.log" 2>&1
}

by_cmake found -DWANTED="$version" || { cat "$work/found.log" >&2; fail "find_package(ude $version) does not build"; }
"$work/found/decay" || fail "the program found by find_package does not run"
if readelf -d "$work/found/decay" "$libdir"/libude.so | grep -i llvm; then
  fail "the solver library depends on LLVM"
fi
echo "find_package: builds, runs, no LLVM"

next="${version%%.*}.$(($(echo "$version" | cut -d. -f2) + 1))"
if by_cmake refused -DWANTED="$next"; then
  fail "find_package(ude $next) accepted version $version"
fi
grep -q "$next" "$work/refused.log" || { cat "$work/refused.log" >&2; fail "refused without naming the version"; }
echo "find_package: version $next refused"

if [ -e "$libdir/libude.a" ]; then
  by_cmake static -DWANTED="$version" -DLIBRARY=ude::ude-static ||
    { cat "$work/static.log" >&2; fail "the static library does not link"; }
  "$work/static/decay" || fail "the statically linked program does not run"
  echo "find_package: static"
fi

if command -v pkg-config >/dev/null; then
  export PKG_CONFIG_PATH=$pkgconfig
  [ "$(pkg-config --define-variable=prefix="$prefix" --modversion ude)" = "$version" ] ||
    fail "ude.pc has another version"
  pkg-config --exists "ude >= $next" && fail "ude.pc satisfies version $next"
  # shellcheck disable=SC2046
  ${CC:-cc} -std=c11 "$sources/decay.c" -o "$work/by_pc" \
    $(pkg-config --define-variable=prefix="$prefix" --cflags --libs ude) -Wl,-rpath,"$libdir" -lm
  "$work/by_pc" || fail "the program built by pkg-config does not run"
  echo "pkg-config: builds, runs"
fi

if [ "$compiler" = compiler ]; then
  by_cmake compiler -DWANTED="$version" -DWITH_COMPILER=ON ||
    { cat "$work/compiler.log" >&2; fail "ude::compiler does not build"; }
  "$work/compiler/compiled" "$sources/model.c" || fail "the program with ude::compiler does not run"
  echo "ude::compiler: builds, runs"
  ude=$(find "$prefix" -type f -name ude -perm -u+x)
  "$ude" solve "$sources/model.c" --saveat end --no-cache >"$work/out.csv" || fail "the installed program does not solve"
  head -1 "$work/out.csv" | grep -qx 't,amount' || fail "the installed program printed: $(head -1 "$work/out.csv")"
  echo "installed program: solves"
fi
