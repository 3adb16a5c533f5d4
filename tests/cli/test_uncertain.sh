#!/usr/bin/env bash
# ude uncertain as a user calls it: published values, correlations, covariance in and out, messages.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
ude() { "$UDE" "$1" --cache "$work/cache" "${@:2}"; }
bad() { echo "FAILED: $*" >&2; exit 1; }
run() {
  local want=$1
  shift
  "$@" >out 2>err
  local got=$?
  [ "$got" = "$want" ] || { cat out err >&2; bad "'$*' ended with $got, not $want"; }
}
says() { grep -qF -- "$1" err || { cat err >&2; bad "no message '$1'"; }; }
quiet() { [ ! -s err ] || { cat err >&2; bad "a message"; }; }
# column NAME ROW: a cell of out by its header
column() { awk -F, -v name="$1" -v row="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == row + 1 { print $c }' out; }
near() { awk -v a="$1" -v b="$2" -v r="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(a != "" && a == a + 0 && d <= r) }' || bad "$1 is not $2"; }

cat >pendulum.c <<'END'
#include <math.h>
#include <ude/model.h>
#ifdef LINEAR
#define SINE(x) (x)
#else
#define SINE(x) sin(x)
#endif
struct state { double theta, omega; };
struct param { double g, L; };
struct observation { double nothing, one, twice; };
const struct param  p0       = {9.79, 1};
const double        tspan[2] = {0, 6.3};
void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->theta = u->omega;
  du->omega = -p->g / p->L * SINE(u->theta);
}
void observe(struct observation *y, const struct state *u, const struct param *p, double t) {
  y->nothing = u->theta - u->theta;
  y->one     = u->omega / u->omega;
  y->twice   = u->theta + u->theta;
}
END

# The published pendulum (SciMLTutorials 02-uncertainties), linear: to six digits.
start=theta=0+-0,omega=0.052359877559829883+-0.01
run 0 ude uncertain pendulum.c -DLINEAR --u0 "$start" --p 'g=9.79+-0.02,L=1±0.01' --saveat 1,3,6.3
quiet
[ "$(head -1 out)" = t,theta,theta_sigma,omega,omega_sigma,nothing,nothing_sigma,one,one_sigma,twice,twice_sigma ] ||
  bad "header $(head -1 out)"
near "$(column omega 1)" -.05235566 5e-9
near "$(column omega_sigma 1)" .00999920 5e-9
near "$(column omega_sigma 2)" .00999320 5e-9
near "$(column omega_sigma 3)" .00763693 5e-9
near "$(column theta_sigma 3)" .00263688 5e-9
# functions of results: x - x and x / x are exact, x + x is twice as uncertain
for row in 1 2 3; do
  near "$(column nothing_sigma $row)" 0 0
  near "$(column one_sigma $row)" 0 1e-17
  near "$(column twice_sigma $row)" "$(awk -v s="$(column theta_sigma $row)" 'BEGIN { printf "%.17g", 2 * s }')" 1e-16
done

# nonlinear
run 0 ude uncertain pendulum.c --u0 theta=0,omega=1.0471975511965976+-0.02 --p g=9.79+-0.02,L=1+-0.01 --saveat 1,3,6.3 --components
near "$(column omega_sigma 1)" .01996475 5e-9
near "$(column omega_sigma 2)" .02031781 5e-9
near "$(column omega_sigma 3)" .07294564 5e-9
near "$(column theta_sigma 3)" .02454908 5e-9
for row in 1 2 3; do # the parts make up the whole
  near "$(awk -v a="$(column omega_from_omega $row)" -v b="$(column omega_from_g $row)" -v c="$(column omega_from_L $row)" 'BEGIN { printf "%.17g", sqrt(a*a + b*b + c*c) }')" \
    "$(column omega_sigma $row)" 1e-15
done

# a covariance written at one time is read as the start of the rest: the same as in one go
run 0 ude uncertain pendulum.c -DLINEAR --u0 "$start" --tspan 0,3 --saveat end -o at3.csv
cut -d, -f1,2 at3.csv | sed -n 1,3p >start.csv
run 0 ude solve pendulum.c -DLINEAR --u0 theta=0,omega=0.052359877559829883 --tspan 0,3 --saveat end --rtol 1e-11 --atol 1e-13
mid=theta=$(column theta 1),omega=$(column omega 1)
run 0 ude uncertain pendulum.c -DLINEAR --u0 "$start" --saveat end
whole=$(column theta_sigma 1)
run 0 ude uncertain pendulum.c -DLINEAR --u0 "$mid" --tspan 3,6.3 --saveat end --covariance start.csv
near "$(column theta_sigma 1)" "$whole" 1e-10

# g and L fully correlated in proportion: the motion does not notice
run 0 ude uncertain pendulum.c --u0 theta=0.3,omega=0 --p g=9.79+-0.0979,L=1+-0.01 --correlation g:L=1 --saveat end
near "$(column theta_sigma 1)" 0 1e-9

# carbon-14: 0.5326 +- 0.0023
cat >carbon.c <<'END'
#include <ude/model.h>
struct state { double u; };
struct param { double half; };
const struct state u0       = {1};
const struct param p0       = {5730};
const double       tspan[2] = {0, 5207.541347908455};
void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->u = -0.69314718055994530942 / p->half * u->u;
}
END
run 0 ude uncertain carbon.c --p half=5730+-40 --saveat end --sample 2000 --seed 3
near "$(column u 1)" .532620 5e-7
near "$(column u_sigma 1)" .002342 5e-7
near "$(column u_sample_sigma 1)" .002342 2e-4
cp out one
run 0 ude uncertain carbon.c --p half=5730+-40 --saveat end --sample 2000 --seed 3 --threads 1
cmp -s out one || bad "samples depend on the number of threads"
run 0 ude uncertain carbon.c --p half=5730+-40 --saveat 0,100 --format json --components
for key in names inputs t value sigma component covariance curvature; do
  grep -q "\"$key\":" out || bad "no $key in JSON"
done

# where linear propagation ends, a warning says so
run 0 ude uncertain carbon.c --p half=5730+-3000 --saveat end
says "linear propagation is doubtful"
says "'half'"

# messages
run 2 ude uncertain carbon.c --saveat end
says "nothing is uncertain"
run 2 ude uncertain carbon.c --p half=5730+-x
says "standard deviation of 'half'"
run 2 ude uncertain carbon.c --p half=5730+--3
says "standard deviation of 'half'"
run 2 ude uncertain carbon.c --p hal=5730+-3
says "'hal'"
run 2 ude solve carbon.c --p half=5730+-3
says "not a finite number"
run 2 ude uncertain pendulum.c --u0 "$start" --correlation theta:omega=0.5
says "'theta' has no standard deviation"
run 2 ude uncertain pendulum.c --u0 "$start" --p g=9+-1 --correlation g:omega=1.5
says "within [-1, 1]"
run 2 ude uncertain pendulum.c --u0 "$start" --p g=9+-1 --correlation g=0.5
says "a:b=r"
printf 'g,L\n1,2\n2,1\n' >bad.csv
run 4 ude uncertain pendulum.c --u0 theta=0,omega=1 --covariance bad.csv
says "bad.csv"
run 2 ude uncertain pendulum.c --u0 "$start" --covariance bad.csv
says "leave out +-"
printf 'g,K\n1,0\n0,1\n' >bad.csv
run 2 ude uncertain pendulum.c --u0 theta=0,omega=1 --covariance bad.csv
says "no state or parameter 'K'"
run 1 ude uncertain pendulum.c --u0 theta=0,omega=1+-0.1 --max-steps 3
says "limit of steps"
echo "uncertain: all as expected"
