#!/usr/bin/env bash
# Physics-informed networks at a small size: balanced weights lower the error of the plain
# training of both problems, with either architecture, and stopped trainings go on.
source "$UDE_SOURCE_DIR/tests/cli/common.sh" || exit 1

printf '#!/bin/sh\nverb=$1\nshift\nexec "%s" "$verb" --cache "%s/cache" "$@"\n' "$UDE" "$work" >program
chmod +x program
showcase() { run 0 env UDE="$work/program" bash "$examples/gradient_pathologies/showcase.sh" "$work/pinn" small; }
showcase
cp out first
error() { awk -v problem="$1" -v method="$2" '$1 == problem && $2 == method { print $4 }' first; }
for problem in helmholtz klein_gordon; do
  for method in M2 M4; do
    awk -v plain="$(error $problem M1)" -v better="$(error $problem $method)" 'BEGIN { exit !(better > 0 && better < 0.8 * plain) }' ||
      { cat first >&2; bad "$problem $method is no better than plain"; }
  done
done
grep -q 'klein-gordon M4' pinn/errors.svg || bad "no picture"
showcase
cut -c1-40 first | cmp -s - <(cut -c1-40 out) || { cat first out >&2; bad "another run gives other errors"; }
echo "$count calls"
