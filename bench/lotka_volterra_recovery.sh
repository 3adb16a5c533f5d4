#!/usr/bin/env bash
# How often is the structure (prey*predator in both equations, and nothing else) recovered from noisy data?
# usage: lotka_volterra_recovery.sh UDE [SEEDS [LEVEL...]]; prints a Markdown table.
# Case 1 of Rackauckas et al. 2020: 31 points on [0, 3], noise eta * mean of each state; a fresh noise and
# a fresh network for each seed. Published shares read off the figure of the archived study (100 runs a level).
set -euo pipefail
ude=$1
seeds=${2:-50}
shift $(($# > 2 ? 2 : $#))
levels=("$@")
[ ${#levels[@]} -gt 0 ] || levels=(0.001 0.005 0.01 0.025 0.05)
example=$(cd "$(dirname "$0")/../examples/lotka_volterra" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$ude" solve "$example/truth.c" --tspan 0,3 --saveat 0.1 --rtol 1e-12 --atol 1e-12 >"$work/truth.csv"

one() { # LEVEL SEED: prints 1 if the structure is right
  local folder=$work/$1-$2
  mkdir "$folder"
  awk -F, -v OFS=, -v eta="$1" -v seed="$2" '
    function normal() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand()) }
    NR == 1 { print; next }
    { n++; t[n] = $1; for (j = 2; j <= NF; j++) { x[n, j] = $j; mean[j] += $j } columns = NF }
    END { srand(seed); for (i = 1; i <= n; i++) { line = t[i]
      for (j = 2; j <= columns; j++) line = line OFS sprintf("%.15g", x[i, j] + eta * mean[j] / n * normal())
      print line } }' "$work/truth.csv" >"$folder/data.csv"
  if "$ude" fit "$example/model.c" "$folder/data.csv" -o "$folder/run" --initial trained --seed "$2" \
       --quiet 2>/dev/null && "$ude" discover "$folder/run" --quiet >"$folder/out" 2>/dev/null; then
    [ "$(grep -cE '^interaction\[[01]\] = -?[0-9.]+ \(± [0-9.e-]+\) prey\*predator$' "$folder/out")" = 2 ] && echo 1 || echo 0
  else
    echo 0
  fi
  rm -rf "$folder"
}
export -f one
export ude example work

declare -A published=([0.001]=75 [0.005]=72 [0.01]=58 [0.025]=29 [0.05]=18)
echo "| noise | correct structures | share | published |"
echo "|---|---|---|---|"
for level in "${levels[@]}"; do
  right=$(seq "$seeds" | xargs -P "$(nproc)" -I{} bash -c "one $level {}" | awk '{ n += $1 } END { print n + 0 }')
  echo "| $level | $right of $seeds | $((100 * right / seeds)) % | ${published[$level]:-} % |"
done
