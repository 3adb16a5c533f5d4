#!/usr/bin/env bash
# usage: symbols.sh NM LIBRARY...: every symbol that a shared library exports starts with ude_.
set -euo pipefail
nm=$1
shift
for library in "$@"; do
  [ -n "$library" ] || continue
  exported=$("$nm" -D --defined-only "$library" | awk '{print $NF}' | grep -vE '^(_init|_fini|__bss_start|_edata|_end)$' || true)
  count=$(printf '%s\n' "$exported" | grep -c '^ude_' || true)
  foreign=$(printf '%s\n' "$exported" | grep -v '^ude_' | grep -v '^$' || true)
  if [ -n "$foreign" ]; then
    printf '%s exports symbols without the prefix ude_:\n%s\n' "$library" "$foreign" >&2
    exit 1
  fi
  if [ "$count" -lt 2 ]; then
    echo "$library exports only $count symbols of ude: visibility is wrong" >&2
    exit 1
  fi
  echo "$library: $count symbols, all ude_*"
done
