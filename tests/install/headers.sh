#!/usr/bin/env bash
# usage: headers.sh CC INCLUDE_DIR: every public header stands alone in strict C11, and in C++ where a
# C++ compiler is there (model.h and nn.h are for model files, which are C).
set -euo pipefail
cc=$1 include=$2
for header in "$include"/ude/*.h; do
  name=ude/$(basename "$header")
  printf "#include <%s>\nextern int something;\n" "$name" | "$cc" -x c -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only -I"$include" -
  case $name in ude/model.h | ude/nn.h) continue ;; esac
  if command -v c++ >/dev/null; then
    echo "#include <$name>" | c++ -x c++ -std=c++11 -Wall -Wextra -Werror -fsyntax-only -I"$include" -
  fi
  echo "$name"
done
