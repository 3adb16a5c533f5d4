#!/usr/bin/env bash
# Discovery from data alone with each family of candidates, and what it leaves.
source "$UDE_SOURCE_DIR/tests/cli/common.sh" || exit 1

# system NAME STATES U0 END STEP RHS: data of a known system, with a little noise
system() {
  printf 'struct state { double %s; };\nconst struct state u0 = {%s};\nstruct param { double none; };\n%s\n%s\n' "$2" "$3" \
    "const struct param p0 = {0}; const double tspan[2] = {0, $4};" \
    "#include <math.h>
void rhs(struct state *du, const struct state *u, const struct param *p, double t) { $6 }" >"$1.c"
  run 0 ude solve "$1.c" --saveat "$5" --rtol 1e-10 --atol 1e-12
  awk -F, -v OFS=, 'NR > 1 { for (i = 2; i <= NF; i++) $i += 1e-4 * sin(7 * NR * NR + i) } { print }' out >"$1.csv"
}
# finds PATTERN VALUE RELATIVE: the coefficient of that line
finds() {
  local found
  found=$(sed -nE "s/^$1\$/\\1/p" out)
  [ -n "$found" ] || { cat out >&2; bad "no equation '$1'"; }
  near "$found" "$2" "$3"
}
number='(-?[0-9.e+-]+) \(± [0-9.e+-]+\)'
noted='-?[0-9.e+-]+ \(± [0-9.e+-]+\)'

system pendulum 'angle, rate' '2, 0' 12 0.1 'du->angle = u->rate; du->rate = -1.7 * sin(u->angle);'
run 0 ude discover pendulum.csv -o pendulum --library poly,trig --degree 2 --quiet
finds "d\(angle\)\/dt = $number rate" 1 0.01
finds "d\(rate\)\/dt = $number sin\(angle\)" -1.7 0.01

system cooling x 3 4 0.1 'du->x = 2 * exp(-u->x) - 0.5;'
run 0 ude discover cooling.csv -o cooling --library exp --quiet
finds "d\(x\)\/dt = $number \+ $noted exp\(-x\)|d\(x\)\/dt = - ?([0-9.]+) \(± [0-9.e+-]+\) \+ $noted exp\(-x\)" -0.5 0.02

system enzyme x 4 9 0.1 'du->x = -1.2 * u->x / (1 + u->x);'
run 0 ude discover enzyme.csv -o enzyme --library rational --quiet
finds "d\(x\)\/dt = $number x\/\(1 \+ x\)" -1.2 0.01

system ricker x 3 8 0.05 'du->x = -2 * u->x * exp(-u->x);'
run 0 ude discover ricker.csv -o ricker --library poly,exp,products --degree 1 --quiet
finds "d\(x\)\/dt = $number x\*exp\(-x\)" -2 0.02

# the folder is a run: data, predictions, settings, the page
for file in discovered.c discovered.txt discovered.tex discovered.json params.json settings.json data.csv predicted.csv \
  trajectory.csv extrapolation.csv report.html; do
  [ -s "pendulum/$file" ] || bad "pendulum/$file is missing"
done
[ "$(wc -l <pendulum/data.csv)" = "$(wc -l <pendulum.csv)" ] || bad "rows of data.csv"
paste -d, pendulum/data.csv pendulum/predicted.csv | awk -F, 'NR > 1 { a = $3 - $7; b = $4 - $8; s += a * a + b * b }
  END { exit !(NR > 100 && sqrt(s / (2 * NR)) < 2e-4) }' || bad "the predictions are not within the noise"
grep -q 'sin' pendulum/report.html || bad "the page shows no equation"
! grep -qE '(src|href)="?https?://' pendulum/report.html || bad "the report loads something"
run 0 "$UDE" report pendulum -o page.html
cmp -s page.html pendulum/report.html || bad "the page is not made again"
run 0 ude grad pendulum/discovered.c pendulum.csv --params pendulum/params.json
run 0 ude check pendulum/discovered.c
run 0 ude fit pendulum/discovered.c pendulum.csv -o again --adam -1 --optimizer lm --quiet

# two trajectories, the time column named otherwise, one cell missing
{
  echo trajectory,time,x
  awk -F, 'NR > 1 { print "7," $1 "," (NR == 9 ? "" : $2) }' enzyme.csv
  awk -F, 'NR > 21 { print "9," $1 "," $2 }' enzyme.csv
} >two.csv
run 0 ude discover two.csv -o two --library rational --quiet
finds "d\(x\)\/dt = $number x\/\(1 \+ x\)" -1.2 0.01
[ "$(cut -d, -f1 two/predicted.csv | sort -u | wc -l)" = 3 ] || bad "predictions of two trajectories"
[ -s two/report.html ] || bad "no page of two trajectories"
run 0 ude discover pendulum.csv -o parts --library trig,poly --degree 1 --segment 30 --quiet
[ -s parts/report.html ] || bad "no page of segments"

# a run whose start was given to the fit: the model alone would start elsewhere
sed 's/^const struct state  *u0 = .*/const struct state u0 = {9, 0.1};/' "$lv/model.c" >elsewhere.c
grep -q '{9, 0.1}' elsewhere.c || bad "the model's u0"
run 0 ude fit elsewhere.c "$lv/data.csv" -o given --u0 prey=0.44249296,predator=4.6280594 --seed 3 --quiet
run 0 ude discover given --quiet
finds "interaction\[0\] = $number prey\*predator" -0.9 0.01
finds "interaction\[1\] = $number prey\*predator" 0.8 0.02
near "$(sed -n 2p given/learned_interaction.csv | cut -d, -f2)" 0.44249296 1e-6 # where the samples begin

run 2 ude discover pendulum.csv --library magic
says "--library: 'magic' is none of poly, trig, exp, rational, products"
run 2 ude discover pendulum.csv --library products
says "--library: products needs families to multiply"
run 2 ude discover pendulum.csv --degree 99
says "--degree: must be from 1 to 20"
run 2 ude discover pendulum.csv --window -4
run 2 ude discover pendulum.csv --regression lasso
says "--regression: unknown sparse regression 'lasso'; known are stlsq, sr3, sr3-l1"
run 2 ude discover pendulum.csv --ensemble 1
says "--ensemble and --weak must be at least 2"
run 2 ude discover given --weak 9
says "are for discover DATA.csv, not for a run"
run 0 ude discover pendulum.csv -o single --library trig,poly --degree 1 --regression sr3 --ensemble 8 --weak 10 --seed 4 --quiet
prints "sin(angle) 100 %"
finds "d\(rate\)\/dt = $number sin\(angle\)" -1.7 0.02
run 2 ude discover
says "discover needs one run folder of ude fit, or one data file"
run 2 ude discover pendulum.csv cooling.csv
printf 't,x\n0,1\n1,2\n' >tiny.csv
run 4 ude discover tiny.csv -o tiny
says "derivatives need at least 5 points"
: >file
run 4 ude discover pendulum.csv -o file
says "file: is a file, not a folder"
echo "$count calls"
