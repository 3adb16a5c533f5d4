#!/usr/bin/env bash
# The epidemic at a small size: the networks fit and do not extrapolate, the recovered equation does; the data are those of
# the truth.
source "$UDE_SOURCE_DIR/tests/cli/common.sh" || exit 1

printf '#!/bin/sh\nverb=$1\nshift\nexec "%s" "$verb" --cache "%s/cache" "$@"\n' "$UDE" "$work" >program
chmod +x program
run 0 env UDE="$work/program" bash "$examples/seir/showcase.sh" "$work/seir" small
cp out said
# at LABEL QUANTITY: its value on day 60
at() { awk -v label="$1" -v name="$2" 'index($0, label) == 1 { for (i = 1; i < NF; i++) if ($i == name) print $(i + 1) }' said; }
for known in 'E 493.302' 'I 637.416' 'R 1887.949'; do
  read -r name value <<<"$known"
  near "$(at truth "$name")" "$value" 1e-4
  near "$(at 'recovered equation' "$name")" "$value" 3e-3
  awk -v a="$(at 'neural ODE' "$name")" -v b="$(at 'universal ODE' "$name")" -v truth="$value" \
    'BEGIN { exit !(a < 0.8 * truth && b < 0.8 * truth) }' || { cat said >&2; bad "a network extrapolates $name"; }
done
for name in neural model; do
  awk -F, 'END { exit !($3 < 1) }' "seir/$name/history.csv" || bad "$name does not fit"
done
grep -q 'exposure = .*I\*in\[2\].*I$' said || { cat said >&2; bad "not the law of exposure"; }
# what noise leaves: the law without damping is sure of itself and wrong, the one with damping is not and right
interval() { awk -v law="$1" '$1 == law && $2 == "E" { print $6, $8 }' said; }
read -r low high <<<"$(interval plain)"
awk -v low="$low" -v high="$high" 'BEGIN { exit !(low > 493.302 && high - low < 30) }' || bad "plain: $low to $high"
read -r low high <<<"$(interval damped)"
awk -v low="$low" -v high="$high" 'BEGIN { exit !(low < 493.302 && high > 493.302) }' || bad "damped: $low to $high"
# the data are the truth and 1e-5 of noise
run 0 ude solve "$examples/seir/truth.c" --saveat 1 --method vern7 --rtol 1e-12 --atol 1e-12
cut -d, -f3-5 out | paste -d, - <(cut -d, -f2-4 "$examples/seir/data.csv") |
  awk -F, 'NR > 1 { for (i = 1; i <= 3; i++) { d = $i - $(i + 3); s += d * d; n++ } } END { s = sqrt(s / n); exit !(n == 66 && s > 7e-6 && s < 1.3e-5) }' ||
  bad "data.csv is not the truth with its noise"
grep -q 'recovered equation' seir/infected.svg || bad "no picture"
# states that were not measured, a million times as large, are not in the report's picture
run 0 "$UDE" report seir/model -o run.svg
grep -q 'I, recovered equation' run.svg || bad "the picture lacks I"
! grep -q 'N, recovered equation' run.svg || bad "the picture shows N"
echo "$count calls"
