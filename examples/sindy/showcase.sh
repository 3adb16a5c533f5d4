#!/usr/bin/env bash
# Equations from data alone: showcase.sh OUT [small]. UDE names the program. Every case: data from a plain C model, then
# `ude discover DATA.csv` with the published threshold; prints whether exactly the true terms were found and the largest
# relative error of a coefficient.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ude=${UDE:-ude}
out=$1
size=${2:-full}
mkdir -p "$out"

# terms FILE: "d(x)/dt:y 2" for every term of discovered.txt
terms() {
  awk '/^d\(/ { split($0, side, " = "); text = side[2]; gsub(/ \(± [^)]*\)/, "", text); gsub(/ - /, " + -", text)
    n = split(text, piece, / \+ /)
    for (i = 1; i <= n; i++) if (text != "0") { split(piece[i], part, " ")
      print side[1] ":" (part[2] == "" ? "1" : part[2]), part[1] } }' "$1"
}

# judge CASE "TERM VALUE;TERM VALUE...": the line of the table
judge() {
  terms "$out/$1/discovered.txt" | awk -v name="$1" -v truth="$2" '
    BEGIN { n = split(truth, item, ";"); for (i = 1; i <= n; i++) { split(item[i], part, " "); want[part[1]] = part[2] } }
    { seen[$1] = 1; if (!($1 in want)) extra++; else { e = ($2 - want[$1]) / want[$1]; if (e < 0) e = -e; if (e > worst) worst = e } }
    END { for (w in want) if (!(w in seen)) missing++
      printf "%-16s %-9s %d missing, %d false, largest relative error %.1e\n", name, missing + extra ? "wrong" : "exact", missing, extra, worst }'
}

# found CASE OPTION...
found() {
  local name=$1
  shift
  "$ude" discover "$out/$name.csv" -o "$out/$name" --library poly --quiet "$@" >"$out/$name.log" 2>&1 ||
    { cat "$out/$name.log" >&2; exit 1; }
}

solve() { "$ude" solve "$here/$1.c" --method vern7 --rtol 1e-12 --atol 1e-12 "${@:2}"; }

noise='function normal() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand()) }'

two='d(x)/dt:X -0.1;d(x)/dt:Y 2;d(y)/dt:X -2;d(y)/dt:Y -0.1'
linear=${two//X/x} && linear=${linear//Y/y}
cubic=${two//X/x^3} && cubic=${cubic//Y/y^3}
lorenz='d(x)/dt:x -10;d(x)/dt:y 10;d(y)/dt:x 28;d(y)/dt:y -1;d(y)/dt:x*z -1;d(z)/dt:z -2.6666666666666667;d(z)/dt:x*y 1'
hopf='d(x)/dt:y -1;d(x)/dt:mu*x 1;d(x)/dt:x^3 -1;d(x)/dt:x*y^2 -1;d(y)/dt:x 1;d(y)/dt:mu*y 1;d(y)/dt:x^2*y -1;d(y)/dt:y^3 -1'

for name in linear cubic; do
  solve $name --saveat 0.01 >"$out/$name.csv"
  found $name --degree 5 --threshold 0.05 --derivatives finite
  judge $name "${!name}"
  cp "$out/$name.csv" "$out/$name-weak.csv"
  found $name-weak --degree 5 --threshold 0.05 --weak 40
  judge $name-weak "${!name}"
done
solve linear3 --saveat 0.01 >"$out/linear3.csv"
found linear3 --degree 2 --threshold 0.01 --derivatives finite
judge linear3 "$linear;d(z)/dt:z -0.3"

# exact derivatives with noise on them, as published
levels='0.0001 0.01 1'
step=0.001
[ "$size" = small ] && levels='0.01' step=0.02
[ "$size" = small ] || levels='0.0001 0.001 0.01 0.1 1'
solve lorenz --saveat $step >"$out/clean.csv"
for eta in $levels; do
  awk -F, -v eta="$eta" "$noise"' BEGIN { srand(7); print "t,x,y,z,dx/dt,dy/dt,dz/dt" }
    NR > 1 { printf "%s,%.17g,%.17g,%.17g\n", $0, 10 * ($3 - $2) + eta * normal(), $2 * (28 - $4) - $3 + eta * normal(),
      $2 * $3 - 8 / 3 * $4 + eta * normal() }' "$out/clean.csv" >"$out/lorenz-$eta.csv"
  found "lorenz-$eta" --degree 5 --threshold 0.05
  judge "lorenz-$eta" "$lorenz"
done

# noise on the states instead, none of the derivatives given
if [ "$size" = full ]; then
  for sigma in 0.01 0.1 0.5; do
    awk -F, -v s="$sigma" "$noise"' BEGIN { srand(9) } NR == 1 { print; next }
      NR < 20002 { printf "%s,%.17g,%.17g,%.17g\n", $1, $2 + s * normal(), $3 + s * normal(), $4 + s * normal() }' \
      "$out/clean.csv" >"$out/states-$sigma.csv"
    found "states-$sigma" --degree 2 --weak 100 --ensemble 20
    judge "states-$sigma" "$lorenz"
  done
fi

dt=0.0025
end=75
[ "$size" = small ] && dt=0.025 end=25
k=0
echo trajectory,t,mu,x,y >"$out/hopf.csv"
for start in -0.15,2 -0.05,2 0.05,2 0.15,2 0.25,2 0.35,2 0.45,2 0.55,2 0.05,0.01 0.15,0.01 0.25,0.01 0.35,0.01 0.45,0.01 0.55,0.01; do
  k=$((k + 1))
  solve hopf --u0 "mu=${start%,*},x=${start#*,},y=0" --tspan 0,$end --saveat $dt |
    awk -F, -v k=$k "$noise"' BEGIN { srand(k) } NR > 1 { printf "%d,%s,%s,%.17g,%.17g\n", k, $1, $2, $3 + 0.001 * normal(), $4 + 0.001 * normal() }' >>"$out/hopf.csv"
done
half=200
[ "$size" = small ] && half=20
found hopf --degree 3 --threshold 0.5 --weak $half
judge hopf "$hopf"
