#!/usr/bin/env bash
# Stiff and differential-algebraic models from C source: auto, every implicit method, gradients, patterns of large models.
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
# near VALUE EXPECTED RELATIVE
near() { awk -v a="$1" -v b="$2" -v r="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; c = b < 0 ? -b : b; exit !(a == a + 0 && d <= r * c) }' || bad "$1 is not $2"; }
last() { tail -1 out | cut -d, -f"$1"; }
field() { sed "s/.*\"$1\":\([-+0-9.e]*\).*/\1/" out; }

# Robertson as three rates, and with the conservation law as its third equation; the start of y3 is wrong there.
cat >rober.c <<'C'
#include <ude/model.h>
struct state { double y1, y2, y3; };
struct param { double k1, k2, k3; };
const struct state u0 = {1, 0, 0};
const struct param p0 = {0.04, 1e4, 3e7};
const double tspan[2] = {0, 4000};
void rhs(struct state *d, const struct state *u, const struct param *p, double t) {
  d->y1 = -p->k1 * u->y1 + p->k2 * u->y2 * u->y3;
  d->y3 = p->k3 * u->y2 * u->y2;
  d->y2 = -d->y1 - d->y3;
}
double terminal_cost(const struct state *u, const struct param *p, double t) { return u->y1; }
C
sed -e 's/u0 = {1, 0, 0}/u0 = {1, 0, 0.5}/' -e 's/^const double tspan/const struct state mass = {1, 1, 0};\n&/' \
  -e 's/d->y3 = .*/d->y2 = -d->y1 - p->k3 * u->y2 * u->y2;/' -e 's/  d->y2 = -d->y1 - d->y3;/  d->y3 = u->y1 + u->y2 + u->y3 - 1;/' rober.c >dae.c

for model in rober dae; do
  for method in auto rodas4 rodas5p kencarp4 radau; do
    run 0 ude solve $model.c --method $method --rtol 1e-8 --atol 1e-14 --saveat end --stats
    near "$(last 2)" 1.832022577767e-01 1e-6
    near "$(last 3)" 8.942371252776e-07 1e-6
    near "$(last 4)" 8.167968479862e-01 1e-6
    run 0 ude grad $model.c --method $method --rtol 1e-8 --atol 1e-14
    near "$(field k1)" -4.750071181048 1e-5
    near "$(field k2)" 1.880886158558e-05 1e-5
    near "$(field k3)" -3.134813390982e-09 1e-5
  done
done
run 0 ude solve rober.c --stats --saveat end
says '"switches":1,"auto":"tsit5 (rtol = 1e-06, 3 states); rodas5p at t = '
says '"factorisations":'
run 2 ude solve dae.c --method tsit5
says "'tsit5' does not take a mass matrix"

# A field of 20 x 20 points: the pattern is found, so that a Jacobian takes a few products and not fifty.
cat >heat.c <<'C'
#include <ude/model.h>
struct state { double u[20][20]; };
struct param { double a; };
const struct param p0 = {1};
const double tspan[2] = {0, 0.05};
void initial(struct state *u0, const struct param *p) {
  for (int i = 0; i < 20; i++)
    for (int j = 0; j < 20; j++) u0->u[i][j] = (i + 1) * (20 - i) * (j + 1) * (20 - j) / 1e4;
}
void rhs(struct state *d, const struct state *u, const struct param *p, double t) {
  for (int i = 0; i < 20; i++)
    for (int j = 0; j < 20; j++) {
      double sum = -4 * u->u[i][j];
      if (i > 0) sum += u->u[i - 1][j];
      if (i < 19) sum += u->u[i + 1][j];
      if (j > 0) sum += u->u[i][j - 1];
      if (j < 19) sum += u->u[i][j + 1];
      d->u[i][j] = p->a * 441 * sum - u->u[i][j] * u->u[i][j];
    }
}
C
run 0 ude solve heat.c --method rodas5p --rtol 1e-6 --saveat end --stats
cp out sparse
steps=$(sed 's/.*"steps":\([0-9]*\).*/\1/' err)
calls=$(sed 's/.*"rhs":\([0-9]*\).*/\1/' err)
[ "$calls" -lt $((steps * 20)) ] || bad "$calls evaluations in $steps steps: the Jacobian is not compressed"
run 0 ude solve heat.c --method tsit5 --rtol 1e-8 --saveat end
near "$(last 200)" "$(tail -1 sparse | cut -d, -f200)" 1e-4

# A model that cannot be differentiated is still solved, with a note; an implicit method says why not.
cat >opaque.c <<'C'
#include <ude/model.h>
double unknown_to_ude(double);
struct state { double x; };
struct param { double a; };
const struct state u0 = {1};
const struct param p0 = {1};
const double tspan[2] = {0, 1};
void rhs(struct state *d, const struct state *u, const struct param *p, double t) { d->x = -p->a * lgamma(u->x + 2) ; }
C
sed -i 's/#include <ude\/model.h>/&\n#include <math.h>/; /unknown_to_ude/d; s/lgamma(u->x + 2)/nexttoward(u->x, 2.0L)/' opaque.c
if ude solve opaque.c --method rodas5p >out 2>err; then
  echo "nexttoward has derivatives" # then there is nothing to fall back from
else
  run 0 ude solve opaque.c --saveat end
  says "explicit method"
  near "$(last 2)" 0.36787944 1e-5
fi
echo "stiff models from source: done"
