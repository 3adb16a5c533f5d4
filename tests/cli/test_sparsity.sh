#!/usr/bin/env bash
# ude sparsity as a user calls it: patterns as JSON and CSV, Hessians, paths, the picture, messages.
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
is() { [ "$(cat out)" = "$1" ] || { cat out >&2; bad "it is not $1"; }; }

cat >branch.c <<'C'
struct state { double a, b; };
struct param { double z; const double w; };
const struct param  p0       = {1, 1};
const struct state  u0       = {1, 2};
const double        tspan[2] = {0, 1};
#ifndef SWITCH
#define SWITCH z
#endif
void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  if (p->SWITCH > 0) {
    du->a = u->a;
    du->b = u->b;
  } else {
    du->a = u->b * p->z;
    du->b = u->a;
  }
}
C
run 0 ude sparsity branch.c --format json
is '{"rows":2,"columns":2,"entries":[[0,0],[0,1],[1,0],[1,1]],"colors":2}'
run 0 ude sparsity branch.c
is $'row,column\n0,0\n0,1\n1,0\n1,1'
run 0 ude sparsity branch.c --path --format json
is '{"rows":2,"columns":2,"entries":[[0,0],[1,1]],"colors":1}'
run 0 ude sparsity branch.c --path --p z=-1 --format json
is '{"rows":2,"columns":2,"entries":[[0,1],[1,0]],"colors":1}'
# What is const is known: one branch only.
run 0 ude sparsity branch.c -DSWITCH=w --format json
is '{"rows":2,"columns":2,"entries":[[0,0],[1,1]],"colors":1}'
run 0 ude sparsity branch.c -DSWITCH=w --p w=-1 --format json
is '{"rows":2,"columns":2,"entries":[[0,1],[1,0]],"colors":1}'
run 0 ude sparsity branch.c --wrt param --format json
is '{"rows":2,"columns":2,"entries":[[0,0]],"colors":1}'
run 0 ude sparsity branch.c --plot spy.svg --format json
grep -q '^<svg' spy.svg || grep -q '<svg' spy.svg || bad "no picture"
grep -q '2 x 2, 4 entries' spy.svg || bad "the picture has no title"

run 2 ude sparsity branch.c --hessian
says "--hessian needs a model that defines double cost(const struct state *u"
run 2 ude sparsity branch.c --wrt time
says "--wrt: 'time' is neither state nor param"
run 2 ude sparsity branch.c --format xml
says "--format: 'xml' is neither csv nor json"
run 4 ude sparsity branch.c --plot /nowhere/spy.svg
[ "$(wc -c <out)" = 0 ] || bad "a failure prints no pattern"

cat >cost.c <<'C'
#include <math.h>
struct state { double x[4]; };
struct param { double k[2]; };
void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  for (int i = 0; i < 4; i++) {
    du->x[i] = -p->k[i % 2] * u->x[i];
  }
}
double cost(const struct state *u, const struct param *p, double t) {
  return asin(u->x[0] / u->x[3]) * u->x[2] + p->k[0] * u->x[1] + p->k[1] * p->k[1] * t;
}
C
run 0 ude sparsity cost.c --hessian --format json
is '{"rows":4,"columns":4,"entries":[[0,0],[0,2],[0,3],[2,0],[2,3],[3,0],[3,2],[3,3]],"colors":3}'
run 0 ude sparsity cost.c --hessian --wrt param --format json
is '{"rows":2,"columns":2,"entries":[[1,1]],"colors":1}'
run 2 ude sparsity cost.c --path
says "u0"
sed 's/double cost(const struct state \*u/int cost(const struct state *u/' cost.c >wrong.c
run 3 ude sparsity wrong.c
says "'cost' must be declared as double cost(const struct state *, const struct param *, double)"

cat >unknown.c <<'C'
double mystery(double);
struct state { double x; };
struct param { double a; };
void rhs(struct state *du, const struct state *u, const struct param *p, double t) { du->x = cbrtl(u->x); }
C
run 3 ude sparsity unknown.c
[ -s err ] || bad "no message"
