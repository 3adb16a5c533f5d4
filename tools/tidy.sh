#!/usr/bin/env bash
# usage: tidy.sh CLANG_TIDY BUILD_DIR JOBS
# clang-tidy over src/. A file is looked at again only when it, a header of the project that it includes,
# its compile command or the settings changed since it was found clean (stamps in BUILD_DIR/tidy).
# BUILD_DIR must be built by Ninja: it knows the headers.
set -euo pipefail
cd "$(dirname "$0")/.."
tidy=$1 build=$2 jobs=$3
stamps=$build/tidy
mkdir -p "$stamps"
settings=$({ "$tidy" --version && cat .clang-tidy; } | sha256sum)

# SOURCE HEADER... for every object of src/, one a line.
sources() {
  ninja -C "$build" -t deps | awk -v top="$PWD/" '
    /^[^ ].*: #deps/ { if (line) print line; line = "" }
    /^ / { if (index($1, top) == 1) { name = substr($1, length(top) + 1)
           if (name !~ /^build/) line = line == "" ? name : line " " name } }
    END { if (line) print line }' | grep '^src/.*\.c' | sort -u -k 1,1
}

todo=()
total=0
while read -r -a files; do
  total=$((total + 1))
  key=$({ echo "$settings" && grep -F "/${files[0]}\"" "$build/compile_commands.json" &&
    sha256sum "${files[@]}"; } | sha256sum | cut -c 1-64)
  stamp=$stamps/${files[0]//\//_}
  [ -f "$stamp" ] && [ "$(<"$stamp")" = "$key" ] || todo+=("${files[0]}" "$key" "$stamp")
done < <(sources)
[ "$total" -gt 0 ] || { echo "tidy: $build is not built" >&2; exit 1; }
echo "$((${#todo[@]} / 3)) of $total files changed"
[ "${#todo[@]}" = 0 ] && exit

export tidy build
printf '%s\0' "${todo[@]}" | xargs -0 -P "$jobs" -n 3 bash -c '
  found=$("$tidy" -p "$build" --quiet "$1" 2>/dev/null) && printf "%s" "$2" >"$3" ||
    { printf "%s\n" "$found" >&2; exit 1; }' tidy
