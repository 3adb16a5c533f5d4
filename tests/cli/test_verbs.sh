#!/usr/bin/env bash
# The verbs as a user calls them: results, exit statuses, messages.
source "$UDE_SOURCE_DIR/tests/cli/common.sh" || exit 1

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
prints 'rhs hvp, several at once'
prints 'series of the solution'
prints 'rhs vjp in lanes'
cat >single.c <<'END'
#include <math.h>
struct state { float x, y; };
struct param { float a, b; };
const struct state u0 = {1, 2};
const struct param p0 = {.7f, .2f};
void rhs(struct state *d, const struct state *u, const struct param *p, double t) {
  d->x = p->a * u->x - u->x * u->y;
  d->y = sinf(u->x) * p->b - u->y;
}
END
run 0 ude check single.c --tspan 0,1

# fit: noise floor from a fresh seed, run folder readable again
run 0 ude fit "$lv/model.c" "$lv/data.csv" -o new/deep --adam 1 --iterations 1 --quiet
run 0 ude fit "$lv/model.c" "$lv/data.csv" -o fitted --seed 3 --quiet
for file in params.json settings.json history.csv data.csv predicted.csv trajectory.csv checkpoint.json; do
  [ -s "fitted/$file" ] || bad "fitted/$file is missing"
done
awk '/"loss"/ { gsub(/[",]/, ""); exit !($2 < 1.05e-3) }' fitted/params.json || bad "the fit is above the noise floor"
run 0 ude grad "$lv/model.c" "$lv/data.csv" --params fitted/params.json

# the same bits whatever the number of threads
OPENBLAS_NUM_THREADS=1 run 0 ude fit "$lv/model.c" "$lv/data.csv" -o threads --seed 3 --quiet
cmp -s fitted/params.json threads/params.json || bad "another number of threads gives another fit"

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
run 0 "$UDE" report fitted "$lv/data.csv" -o picture.svg
grep -q 'prey, used for the fit' picture.svg && grep -q 'predator, recovered equation' picture.svg || bad "picture.svg"
grep -q '"stopped_because": "the loss does not change any more"' fitted/params.json || bad "why the fit stopped"
grep -q '"standard_errors"' fitted/params.json || bad "standard errors"

# real data: the classic model is among the best that are linear, sines that yearly counts cannot follow are no
# candidates, and its rates are those of the published Bayesian fit of the same model (Carpenter 2018)
hudson=$examples/hudson_bay
run 0 ude fit "$hudson/model.c" "$hudson/data.csv" -o hudson --quiet
says "growth = "
run 0 ude discover hudson --degree 1 --quiet
prints "candidate sin(lynx) dropped"
prints "interaction[0]: lynx; interaction[1]: hare"
run 0 ude fit "$hudson/lotka_volterra.c" "$hudson/data.csv" -o classic --quiet
for pair in growth:0.55 eaten:0.028 decline:0.80 eating:0.024; do
  near "$(sed -n "s/^${pair%%:*} = \([0-9.]*\) (± .*/\1/p" err)" "${pair##*:}" 0.05
done

# many seeds: a table, the share of each structure, folders of their own
run 0 ude fit "$lv/model.c" "$lv/data.csv" -o many --repeat 2 --seed 5 --reach 1.05e-3 \
  --expect 'interaction[0]: prey*predator; interaction[1]: prey*predator'
[ "$(wc -l <out)" = 3 ] && [ "$(cut -d, -f1 out | tail -1)" = 6 ] || bad "the table of two seeds"
says "2 of 2 (100 %): with a loss that was to be reached"
says "2 of 2 (100 %): with the expected structure"
[ -s many/seed-5/discovered.c ] && [ -s many/seed-6/params.json ] || bad "folders of the seeds"
run 2 ude fit "$lv/model.c" "$lv/data.csv" -o many --reach 1
says "belong to --repeat"
run 2 ude fit "$lv/model.c" "$lv/data.csv" -o many --repeat -3
says "--repeat: must be positive"

run 3 ude fit nosuch.c "$lv/data.csv" -o none --repeat 2
says "nosuch.c"
# columns of unlike size: a word, and an option
awk -F, -v OFS=, '/^[0-9]/ { print $1, 1000 * $2, $3; next } { print }' "$lv/data.csv" >unlike.csv
run 0 ude fit "$lv/truth.c" unlike.csv -o unlike --adam 1 --iterations 1 --segment -1 --quiet
says "'prey' varies 314 times as much as 'predator'"
run 0 ude fit "$lv/truth.c" unlike.csv -o unlike --adam 1 --iterations 1 --segment -1 --quiet --scale deviation
run 2 ude fit "$lv/truth.c" unlike.csv -o unlike --scale most --quiet
says "--scale: 'most' is neither none nor deviation"

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

run 0 "$UDE" help
run 0 "$UDE" fit --help
prints "--resume"
echo "$count calls"
