#!/usr/bin/env bash
# Published cases of sparse identification at a small size: every structure exactly, coefficients as well as published.
source "$UDE_SOURCE_DIR/tests/cli/common.sh" || exit 1

# the program that the script calls, with the cache of this test
printf '#!/bin/sh\nverb=$1\nshift\nexec "%s" "$verb" --cache "%s/cache" "$@"\n' "$UDE" "$work" >program
chmod +x program
run 0 env UDE="$work/program" bash "$examples/sindy/showcase.sh" "$work/sindy" small
[ "$(grep -c exact out)" = 7 ] || { cat out >&2; bad "a structure is wrong"; }
# within CASE LARGEST
within() {
  awk -v name="$1" -v most="$2" '$1 == name { seen = 1; good = $NF + 0 <= most } END { exit !(seen && good) }' out ||
    { cat out >&2; bad "$1: coefficients are worse than $2"; }
}
within linear 1e-3 # second-order differences at dt = 0.01, as published
within cubic 6e-3
within linear3 1e-3
within linear-weak 1e-5
within cubic-weak 1e-5
within lorenz-0.01 2e-4
within hopf 4e-3
run 0 ude check sindy/hopf/discovered.c
run 0 ude solve sindy/linear-weak/discovered.c --tspan 0,25
near "$(tail -1 out | cut -d, -f2)" "$(awk 'BEGIN { print 2 * exp(-2.5) * cos(50) }')" 1e-3
echo "$count calls"
