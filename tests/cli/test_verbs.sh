#!/usr/bin/env bash
# The verbs as a user calls them: results, exit statuses, messages.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
ude() { "$UDE" "$1" --cache "$work/cache" "${@:2}"; }
count=0
bad() { echo "FAILED: $*" >&2; exit 1; }

# run STATUS COMMAND...: output in out, messages in err
run() {
  local want=$1
  shift
  "$@" >out 2>err
  local got=$?
  count=$((count + 1))
  [ "$got" = "$want" ] || { cat out err >&2; bad "'$*' ended with $got, not $want"; }
}
says() { grep -qF -- "$1" err || { cat err >&2; bad "no message '$1'"; }; }
prints() { grep -qF -- "$1" out || { cat out >&2; bad "no output '$1'"; }; }
# near VALUE EXPECTED RELATIVE
near() { awk -v a="$1" -v b="$2" -v r="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; c = b < 0 ? -b : b; exit !(a == a + 0 && d <= r * c) }' || bad "$1 is not $2"; }

examples=$UDE_SOURCE_DIR/examples
golden=$UDE_SOURCE_DIR/tests/data/golden
lv=$examples/lotka_volterra

# solve: the published end state, header, 17 digits, formats
run 0 ude solve "$lv/truth.c" --rtol 1e-10 --atol 1e-10 --saveat end
[ "$(head -1 out)" = "t,prey,predator" ] || bad "header"
near "$(tail -1 out | cut -d, -f2)" 0.1870206 1e-6
near "$(tail -1 out | cut -d, -f3)" 1.3131019 1e-6
run 0 ude solve "$lv/truth.c" --tspan 0,3 --saveat 0.1
[ "$(wc -l <out)" = 32 ] || bad "31 saved points"
run 0 ude solve "$lv/truth.c" --tspan 0,3 --saveat 1,2,3 --format json --stats
prints '"t":[1,2,3]'
says '"retcode":"Success"'
run 0 ude solve "$lv/truth.c" --p beta=0,gamma=0 --u0 prey=1 --tspan 0,1 --saveat end --rtol 1e-10
near "$(tail -1 out | cut -d, -f2)" 3.6692966676192444 1e-8

# every method; without an error estimate the step has to be given
for method in rk4 ssprk43 bs3 tsit5 dp5 vern6 vern7 dop853 vern9; do
  run 0 ude solve "$lv/truth.c" --tspan 0,3 --rtol 1e-8 --atol 1e-8 --step 0.002 --method $method --saveat end
  near "$(tail -1 out | cut -d, -f2)" 1.6063512 1e-5
done
run 2 ude solve "$lv/truth.c" --method euler
says "set initial_step"

# golden values of the published run (87 weights)
for pair in initial:72.6489148 trained:9.94118e-4; do
  run 0 ude grad "$lv/model.c" "$lv/data.csv" --method vern7 --rtol 1e-6 --atol 1e-6 \
    --params "$golden/lv_scenario1_params_${pair%%:*}_87.csv"
  near "$(sed 's/{"loss":\([^,]*\),.*/\1/' out)" "${pair##*:}" 2e-7
done

# adjoint and forward agree to 1e-10
for mode in adjoint forward; do
  run 0 ude grad "$lv/model.c" "$lv/data.csv" --sensitivity $mode \
    --params "$golden/lv_scenario1_params_initial_87.csv"
  sed 's/.*"gradient":{\([^}]*\)}.*/\1/; s/"[^"]*"://g' out | tr , '\n' >$mode
done
paste adjoint forward | awk '{ d = $1 - $2; if (d < 0) d = -d; c = $1 < 0 ? -$1 : $1; if (c > m) m = c; if (d > w) w = d }
  END { exit !(NR == 87 && w <= 1e-10 * m) }' || bad "adjoint and forward gradients differ"

# costs without data, and integer members as constants
cat >cost.c <<'C'
struct state { double u; };
struct param { double q; int n; };
const struct state u0 = {2};
const struct param p0 = {.q = 0.7, .n = 1};
const double tspan[2] = {0, 3};
void rhs(struct state *du, const struct state *u, const struct param *p, double t) { du->u = -p->q * p->n * u->u; }
double terminal_cost(const struct state *u, const struct param *p, double t) { return u->u; }
double running_cost(const struct state *u, const struct param *p, double t) { return u->u; }
C
run 0 ude grad cost.c --rtol 1e-10 --atol 1e-12 --method vern7
near "$(sed 's/{"loss":\([^,]*\),.*/\1/' out)" 2.7521802043545 1e-9
run 0 ude grad cost.c --wrt state --rtol 1e-10 --atol 1e-12
near "$(sed 's/.*"u":\([^,}]*\).*/\1/' out)" 1.3760901021773 1e-8
run 0 ude solve cost.c --p n=2 --saveat end --rtol 1e-10
near "$(tail -1 out | cut -d, -f2)" 0.029991153640955 1e-8
run 0 ude jacobian cost.c --wrt param --format json
prints '"columns":["q"]'

# jacobian: both modes, names of arrays
cat >grid.c <<'C'
struct state { double g[2][2]; };
struct param { double a; };
const struct state u0 = {{{1, 2}, {3, 4}}};
const struct param p0 = {2};
void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  for (int i = 0; i < 2; i++) for (int j = 0; j < 2; j++) du->g[i][j] = p->a * u->g[i][j] * u->g[j][i];
}
C
run 0 ude jacobian grid.c --format json --mode forward
prints '"rows":["g[0][0]","g[0][1]","g[1][0]","g[1][1]"]'
prints '[[4,0,0,0],[0,6,4,0],[0,6,4,0],[0,0,0,16]]'
cp out forward.json
run 0 ude jacobian grid.c --format json --mode reverse
cmp -s out forward.json || bad "modes of the Jacobian differ"
run 0 ude jacobian grid.c --u0 'g[1][0]=0' --format json
prints '[0,0,4,0]'

# check
run 0 ude check "$lv/truth.c" --tspan 0,3
prints 'adjoint'

# fit: noise floor from a fresh seed, run folder readable again
run 0 ude fit "$lv/model.c" "$lv/data.csv" -o new/deep --adam 1 --iterations 1 --quiet
run 0 ude fit "$lv/model.c" "$lv/data.csv" -o fitted --seed 3 --quiet
for file in params.json settings.json history.csv data.csv predicted.csv trajectory.csv checkpoint.json; do
  [ -s "fitted/$file" ] || bad "fitted/$file is missing"
done
awk '/"loss"/ { gsub(/[",]/, ""); exit !($2 < 1.05e-3) }' fitted/params.json || bad "the fit is above the noise floor"
run 0 ude grad "$lv/model.c" "$lv/data.csv" --params fitted/params.json

# discover: the structure x*y in both equations, coefficients within 1 %, a model again, the report
run 0 ude discover fitted --truth "$lv/truth.c" --future 50 --quiet
[ "$(grep -c '^interaction\[[01]\] = [-0-9.]* (± [0-9.]*) prey\*predator$' out)" = 2 ] || { cat out >&2; bad "the structure"; }
near "$(sed -n 's/^interaction\[0\] = \([-0-9.]*\) .*/\1/p' out)" -0.9 0.01
near "$(sed -n 's/^interaction\[1\] = \([-0-9.]*\) .*/\1/p' out)" 0.8 0.01
for file in discovered.c discovered.txt discovered.tex discovered.json extrapolation.csv learned_interaction.csv report.html; do
  [ -s "fitted/$file" ] || bad "fitted/$file is missing"
done
! grep -qE '(src|href)="?https?://' fitted/report.html || bad "the report loads something"
run 0 ude check fitted/discovered.c
run 0 ude solve fitted/discovered.c --tspan 0,50 --saveat 0.1
[ "$(wc -l <out)" = 502 ] || bad "501 points of the future"
run 0 ude fit fitted/discovered.c "$lv/data.csv" -o again --optimizer lm --adam -1 --quiet
run 0 "$UDE" report fitted -o page.html
[ -s page.html ] || bad "page.html is missing"
# discover from data alone: both equations whole, again a model
run 0 ude solve "$lv/truth.c" --tspan 0,8 --saveat 0.1 --rtol 1e-8
awk -F, -v OFS=, 'NR == 1 { print } NR > 1 { print $1, $2 + 0.01 * sin(7 * NR * NR), $3 + 0.01 * cos(5 * NR * NR) }' out >alone.csv
run 0 ude discover alone.csv -o alone --degree 3 --library poly --quiet
near "$(sed -n 's/.*prey_prey = \([-0-9.]*\),.*/\1/p' alone/discovered.c)" 1.3 0.02
near "$(sed -n 's/.*predator_prey_predator = \([-0-9.]*\),.*/\1/p' alone/discovered.c)" 0.8 0.02
run 0 ude solve alone/discovered.c --saveat end
run 0 ude check alone/discovered.c
run 4 ude discover alone.csv -o alone --states wolf
says "alone.csv: there is no column 'wolf'"
run 4 ude discover alone.csv -o alone --derivatives given
run 2 ude discover alone.csv -o alone --derivatives guess
run 2 ude discover alone.csv -o alone --criterion cic
run 2 ude discover alone.csv again
run 4 ude discover "$work"
says "is no run folder"

# messages and exit statuses
run 2 "$UDE" nonsense
run 2 ude solve "$lv/truth.c" --rtol -1
says "--rtol: must be positive, but is -1"
run 2 ude solve "$lv/truth.c" --method rk99
says "unknown method 'rk99'; the methods are: auto, euler, rk4"
run 2 ude solve "$lv/truth.c" --u0 hare=1
says "unknown name in 'hare=1'; the names are: prey, predator"
run 2 ude solve "$lv/truth.c" --p beta=x
run 2 ude solve "$lv/truth.c" --tspan 0
run 2 ude solve "$lv/truth.c" --saveat 0.1,60
says "lies outside the time span"
run 2 ude solve
echo 'struct state { double x; };' >empty.c
run 3 ude solve empty.c
says "does not define the function rhs"
printf 'int x = ;\n' >broken.c
run 3 ude solve broken.c
says "error: expected expression"
cat >unknown.c <<'C'
double mystery(double);
struct state { double x; };
struct param { double a; };
const struct state u0 = {1};
const struct param p0 = {1};
const double tspan[2] = {0, 1};
void rhs(struct state *du, const struct state *u, const struct param *p, double t) { du->x = mystery(u->x); }
C
run 3 ude jacobian unknown.c
says "unknown.c:7"
says "mystery"
cat >nan.c <<'C'
#include <math.h>
struct state { double x, y; };
struct param { double a; };
const struct state u0 = {1, 1};
const struct param p0 = {1};
const double tspan[2] = {0, 5};
void rhs(struct state *du, const struct state *u, const struct param *p, double t) { du->x = 1; du->y = t > 2 ? NAN : 0; }
C
run 1 ude solve nan.c
says "not finite"
says "'y'"
[ "$(wc -l <out)" -gt 1 ] || bad "a failed solve prints what it reached"
printf 't,prey,predator\n0,1,2\n1,2\n' >ragged.csv
run 4 ude grad "$lv/truth.c" ragged.csv
says "ragged.csv:3: 2 cells, but the header names 3 columns"
printf 't,prey,predator\n0,1,many\n' >text.csv
run 4 ude grad "$lv/truth.c" text.csv
says "text.csv:2: column 3 ('predator'): 'many' is not a number"
printf 't,prey,wolf\n0,1,2\n' >column.csv
run 4 ude grad "$lv/truth.c" column.csv
says "column.csv: column 'wolf' is no member of struct state of the model; its members are: prey, predator"
: >empty.csv
run 4 ude grad "$lv/truth.c" empty.csv
says "empty.csv: is empty"
run 4 ude grad "$lv/truth.c" absent.csv
says "absent.csv: cannot open"
run 2 ude grad "$lv/truth.c"
says "grad needs data"
run 0 "$UDE" help
run 0 "$UDE" fit --help
prints "--resume"
echo "$count calls"
