#!/usr/bin/env bash
# What the README tells a reader to type works as it stands there, and gives what it says.
source "$UDE_SOURCE_DIR/tests/cli/common.sh" || exit 1

readme=$UDE_SOURCE_DIR/README.md
mkdir build
ln -s "$UDE" build/ude
ln -s "$UDE_SOURCE_DIR/examples" examples
export XDG_CACHE_HOME=$work/cache

# blocks LANGUAGE: the fenced blocks of that language, without the fences
blocks() { awk -v want="$1" '/^```/ { open = !open; language = substr($0, 4); next } open && language == want' "$readme"; }

# Commands, one after another in one folder.
blocks '' | grep '^build/ude ' >commands
[ "$(wc -l <commands)" -ge 3 ] || bad "the README shows fewer than 3 commands"
while read -r line; do
  echo "$line" >&2
  eval "$line" >>said 2>err || { cat err >&2; bad "README: $line"; }
  count=$((count + 1))
done <commands
[ "$(wc -l <future.csv)" = 502 ] || bad "future.csv"
[ -s runs/lv/report.html ] || bad "no report"

# The equations that it shows are those that came out, to a percent.
blocks '' | grep -E '^interaction\[[01]\] = ' >shown
[ -s shown ] || bad "the README shows no equations"
grep -E '^interaction\[[01]\] = ' said >came
[ "$(sed 's/[-0-9.]* (± [0-9.]*)/#/' shown)" = "$(sed 's/[-0-9.]* (± [0-9.]*)/#/' came)" ] ||
  { cat said >&2; bad "the README shows other equations"; }
paste -d ' ' shown came | while read -r _ _ first _ _ _ _ _ second _; do
  near "$second" "$first" 0.01
done || exit 1

# The model code that it shows stands in the examples, whose derivatives all agree.
blocks c | grep -vE '^ *$' >model
[ -s model ] || bad "the README shows no model"
while IFS= read -r line; do
  grep -qF -- "$(sed 's/^ *//' <<<"$line")" examples/*/model.c || bad "the examples have no line '$line'"
done <model
for model in examples/*/model.c; do
  run 0 "$UDE" check "$model"
done

# The verbs of its table are those of the program, each with a help.
grep -oE '^\| `ude [a-z]+' "$readme" | awk '{ print $3 }' | sort -u >told
run 0 "$UDE" help
sed -nE 's/^  ([a-z]+) .*/\1/p' out | sort -u >known
diff told known >&2 || bad "the verbs of the README (<) are not those of 'ude help' (>)"
while read -r verb; do
  run 0 "$UDE" "$verb" --help
  prints "usage: ude $verb"
done <known

# Links lead somewhere.
grep -oE '\]\([^)#]+\)' "$readme" | tr -d '])(' | grep -v '^http' | while read -r link; do
  [ -e "$UDE_SOURCE_DIR/$link" ] || bad "README links to $link, which is not there"
done || exit 1
echo "$count calls"
