#!/usr/bin/env bash
# The layering of the rooms: a file in src/ROOM includes only headers of ROOM and of the rooms below
# it (ude_room(... USES ...) in CMakeLists.txt, transitively), and only src/compiler knows LLVM.
set -euo pipefail
cd "$(dirname "$0")/.."

awk -v files="$(find src include/ude -name '*.[ch]' | sort | tr '\n' ' ')" '
  # Public headers whose name is not that of their room; model files and everybody include the others.
  BEGIN { room_of["vector_field"] = "model"; room_of["version"] = "base"; room_of["sparsity"] = "linalg"; room_of["batch"] = "fit"; anyone["model"]; anyone["nn"] }
  /^ *ude_room\(/ {
    gsub(/.*\(|\)/, "")
    n = split($0, word, " ")
    known[word[1]]
    below[word[1], word[1]]
    for (i = 3; i <= n; i++) {
      below[word[1], word[i]]
      for (r in known) if ((word[i], r) in below) below[word[1], r]
    }
  }
  END {
    n = split(files, file, " ")
    for (i = 1; i <= n; i++) bad += check(file[i])
    exit bad > 0
  }
  function owner(header,   name) {
    name = header
    sub(/\.h$/, "", name)
    return name in room_of ? room_of[name] : name
  }
  function check(path,   room, part, line, header, other, found) {
    split(path, part, "/")
    if (part[1] == "include" && part[3] == "rules") return 0 # rules for models are C that models include
    room = part[1] == "src" ? part[2] : owner(part[3])
    found = 0
    while ((getline line < path) > 0) {
      if (line !~ /^ *# *include/) continue
      header = line
      sub(/^[^<"]*[<"]/, "", header)
      sub(/[>"].*/, "", header)
      if (header ~ /^(llvm|clang)(-c)?\// && room != "compiler") {
        found += report(path, line, "only src/compiler knows LLVM")
        continue
      }
      if (room == "cli") continue
      if (header ~ /^ude\//) {
        other = owner(substr(header, 5))
        if (other in anyone && !(other in known && room_is_model_file(header))) continue
      } else if (header ~ /^[a-z_]+\// && (substr(header, 1, index(header, "/") - 1) in known)) {
        other = substr(header, 1, index(header, "/") - 1)
      } else {
        continue
      }
      if (!((room, other) in below)) found += report(path, line, "the room " room " may not use " other)
    }
    close(path)
    return found
  }
  function room_is_model_file(header) { return header != "ude/model.h" && header != "ude/nn.h" }
  function report(path, line, why) { printf "%s: %s: %s\n", path, line, why > "/dev/stderr"; return 1 }
' CMakeLists.txt
