#!/usr/bin/env bash
# ude compile: its object and header in a plain C and a C++ program, without LLVM and libude.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
bad() { echo "FAILED: $*" >&2; exit 1; }
run() {
  local want=$1
  shift
  "$@" >out 2>err
  local got=$?
  count=$((count + 1))
  [ "$got" = "$want" ] || { cat out err >&2; bad "'$*' ended with $got, not $want"; }
}
says() { grep -qF -- "$1" err || { cat err >&2; bad "no message '$1'"; }; }
ude() { "$UDE" "$1" --cache "$work/cache" "${@:2}"; }
cc=${CC:-cc} cxx=${CXX:-c++}

cat >pendulum.c <<'C'
#include <math.h>
struct state { double angle, speed; };
struct param { double gravity, length, drag[2]; int cycles; };
const struct state u0 = {0.5, 0.25};
const struct param p0 = {9.81, 1.5, {0.1, 0.01}, 3};
const double tspan[2] = {0, 10};
void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  double force = 0, w = u->speed;
  int k = 0;
  while (fabs(w) > 1e-3 && k < 10 * p->cycles) { force += w * p->drag[k & 1]; w *= 0.5; k++; }
  du->angle = u->speed;
  du->speed = -p->gravity / p->length * sin(u->angle) - force + cos(t);
}
C
cat >decay.c <<'C'
struct state { double amount; };
struct param { double rate; };
const struct state u0 = {2};
const struct param p0 = {0.5};
int helper(int x) { return x; }
void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->amount = -p->rate * u->amount * helper(1);
}
C
run 0 ude compile pendulum.c -o pendulum.o --header pendulum.h --derivatives jvp,vjp,jacobian --processor native
run 0 ude compile decay.c -o decay.o --derivatives vjp --prefix dk_ --p rate=0.25
[ -s decay.h ] || bad "the header stands beside the object by default"

# Only names with the prefix are exported, only the C and mathematical libraries are needed.
nm -g --defined-only pendulum.o | awk '{print $3}' | grep -v '^pendulum_' && bad "exports without the prefix"
nm -g --defined-only decay.o | awk '{print $3}' | grep -v '^dk_' && bad "exports without the prefix"
nm -u pendulum.o decay.o | grep -iE 'ude_|llvm' && bad "needs more than libc and libm"

cat >body.inc <<'C'
  double du[pendulum_state_count], du_dot[2], u_dot[2] = {1, 0.5}, jacobian[2][2], by_p[2][pendulum_param_count];
  double u_bar[2] = {0, 0}, p_bar[pendulum_param_count] = {0}, t_bar = 0, du_bar[2] = {1, -2}, one = 1, rate_bar = 0;
  const double *u = pendulum_u0, *p = pendulum_p0;
  if (pendulum_rhs_jvp(du, du_dot, u, u_dot, p, NULL, 0, 0)) return 1;
  printf("%.17g %.17g %.17g %.17g\n", du[0], du[1], du_dot[0], du_dot[1]);
  if (pendulum_rhs(du, u, p, 0)) return 1;
  if (pendulum_rhs_vjp(u, p, 0, du_bar, u_bar, p_bar, &t_bar)) return 1;
  printf("%.17g %.17g %.17g\n", u_bar[pendulum_state_angle], p_bar[pendulum_param_drag + 1], t_bar);
  if (pendulum_rhs_jacobian(&jacobian[0][0], u, p, 0)) return 1;
  if (pendulum_rhs_jacobian_param(&by_p[0][0], u, p, 0)) return 1;
  printf("row,%s,%s\n", pendulum_state_names[0], pendulum_state_names[1]);
  for (int i = 0; i < 2; i++) printf("%s,%.17g,%.17g\n", pendulum_state_names[i], jacobian[i][0], jacobian[i][1]);
  printf("row");
  for (int j = 0; j < pendulum_param_count; j++) printf(",%s", pendulum_param_names[j]);
  for (int i = 0; i < 2; i++) {
    printf("\n%s", pendulum_state_names[i]);
    for (int j = 0; j < pendulum_param_count; j++) printf(",%.17g", by_p[i][j]);
  }
  if (dk_rhs_vjp(dk_u0, dk_p0, 0, &one, NULL, &rate_bar, NULL) || rate_bar != -2 || dk_p0[dk_param_rate] != 0.25) return 1;
  printf("\n");
  return 0;
C
{ printf '#include "decay.h"\n#include "pendulum.h"\n#include <stdio.h>\nint rhs(void);\nint rhs(void) { return 5; }\nint main(void) {\n'; cat body.inc; echo '}'; } >use.c
{ printf '#include "decay.h"\n#include "pendulum.h"\n#include <cstdio>\nint main() {\n'; cat body.inc; echo '}'; } >use.cpp
run 0 "$cc" -std=c11 -pedantic -Wall -Wextra -Werror use.c pendulum.o decay.o -lm -o plain
run 0 ./plain
cp out plain.out
run 0 "$cxx" -std=c++11 -pedantic -Wall -Wextra -Werror use.cpp pendulum.o decay.o -lm -o plusplus
run 0 ./plusplus
cmp out plain.out || bad "C and C++ differ"
ldd plain | grep -iE 'llvm|libude' && bad "linked with LLVM or libude"

# The same numbers as the program's own: compiled for this processor, to the last bit.
run 0 ude jacobian pendulum.c
sed -n 3,5p plain.out | cmp - out || { cat out plain.out >&2; bad "d rhs/du differs from the JIT"; }
run 0 ude jacobian pendulum.c --wrt param
sed -n 6,8p plain.out | cmp - out || { cat out plain.out >&2; bad "d rhs/dp differs from the JIT"; }

# Everything at once: Hessian products and the sparse Jacobian against the formulas, in C and C++.
run 0 ude compile pendulum.c -o all.o --prefix all_ --p cycles=0 --derivatives jvp,vjp,hvp,jacobian,taylor,sparsity
nm -u all.o | grep -iE 'ude_|llvm' && bad "needs more than libc and libm"
cat >all.inc <<'C'
  double values[all_rhs_entries], second[2] = {0, 0}, dot[2] = {1, 0}, bar[2] = {0, 1};
  if (all_rhs_jacobian_sparse(values, all_u0, all_p0, 0)) return 1;
  if (all_rhs_hvp(all_u0, dot, all_p0, NULL, 0, 0, bar, second, NULL, NULL)) return 1;
  /* Every kind once more, against what the others say. */
  double du[2], du_dot[2], u_bar[2] = {0, 0}, down[2] = {0, 1}, dense[2][2], series[2][3];
  if (all_rhs_jvp(du, du_dot, all_u0, dot, all_p0, NULL, 0, 0)) return 1;
  if (all_rhs_vjp(all_u0, all_p0, 0, down, u_bar, NULL, NULL)) return 1;
  if (all_rhs_jacobian(&dense[0][0], all_u0, all_p0, 0)) return 1;
  if (all_taylor(&series[0][0], 2, all_u0, all_p0, 0)) return 1;
  if (du_dot[1] != dense[1][0] || u_bar[0] != dense[1][0] || u_bar[1] != dense[1][1]) return 2;
  if (values[1] != dense[1][0] || series[0][0] != all_u0[0] || series[1][1] != du[1]) return 3;
  if (series[0][2] - du[1] / 2 > 1e-15 || du[1] / 2 - series[0][2] > 1e-15) return 4;
  printf("%d %d %d %.15g %.15g %.15g\n", (int)all_rhs_entries, (int)all_rhs_pattern_start[1],
         (int)all_rhs_pattern_column[0], values[0], values[1], second[0]);
  return 0;
C
{ printf '#include "all.h"\n#include <stdio.h>\nint main(void) {\n'; cat all.inc; echo '}'; } >all.c
{ printf '#include "all.h"\n#include <cstdio>\nint main() {\n'; cat all.inc; echo '}'; } >all.cpp
run 0 "$cc" -std=c11 -pedantic -Wall -Wextra -Werror all.c all.o -lm -o all
run 0 ./all
awk '{ a = -9.81 / 1.5 * cos(0.5); b = 9.81 / 1.5 * sin(0.5); exit !($1 == 2 && $2 == 1 && $3 == 1 && $4 == 1 && ($5 - a)^2 + ($6 - b)^2 < 1e-24) }' out ||
  { cat out >&2; bad "sparse Jacobian and Hessian product"; }
cp out all.out
run 0 "$cxx" -std=c++11 -pedantic -Wall -Wextra -Werror all.cpp all.o -lm -o all
run 0 ./all
cmp out all.out || bad "C and C++ differ"

# An integer member is fixed in the object; a shared library can hold it.
run 0 ude compile pendulum.c -o one.o --p cycles=0 --prefix one_
run 0 "$cc" -shared one.o -lm -o libone.so
printf '#include "one.h"\n#include <stdio.h>\nint main(void) { double du[2]; one_rhs(du, one_u0, one_p0, 0); printf("%%.15g\\n", du[1]); return 0; }\n' >one.c
run 0 "$cc" one.c -L. -lone -Wl,-rpath,. -o one
run 0 ./one
awk '{ e = -9.81 / 1.5 * sin(0.5) + 1; d = $1 - e; exit !(d * d < 1e-24) }' out || bad "cycles=0 has no drag"

# Derivatives of the solution: of the program, and in an object.
run 0 ude taylor decay.c --order 3 --p rate=0.5 --u0 amount=8
[ "$(cat out)" = "order,amount
0,8
1,-4
2,2
3,-1" ] || bad "taylor: $(cat out)"
run 0 ude taylor pendulum.c --order 2 --t 0 --format json
grep -qF '"order":2,"derivatives":{"angle":[0.5,0.25,' out || { cat out >&2; bad "taylor json"; }
run 0 ude compile decay.c -o td.o --derivatives taylor --prefix td_
printf '#include "td.h"\n#include <stdio.h>\nint main(void) { double s[4]; int bad = td_taylor(s, 3, td_u0, td_p0, 0); printf("%%d %%.15g %%.15g %%.15g %%.15g\\n", bad, s[0], s[1], s[2], s[3]); return 0; }\n' >td.c
run 0 "$cc" td.c td.o -lm -o td
run 0 ./td
[ "$(cat out)" = "0 2 -1 0.25 -0.0416666666666667" ] || bad "taylor in an object: $(cat out)"
run 2 ude taylor decay.c --order 33
says "0 to 32"
run 2 ude taylor decay.c --format xml
says "neither csv nor json"

# Messages.
run 2 ude compile pendulum.c --derivatives jvp,nonsense
says "nonsense"
run 2 ude compile pendulum.c --prefix 1x
says "C identifier"
run 2 ude compile pendulum.c --processor 8086
says "8086"
run 2 ude compile pendulum.c -o x.h --header x.h
says "same file"
run 4 ude compile pendulum.c -o nowhere/x.o
says "nowhere"
run 2 ude compile
says "no model"
cat >unknown.c <<'C'
struct state { double x; };
struct param { double a; };
void smooth(struct state *x, int n);
#include <stdlib.h>
void rhs(struct state *du, const struct state *u, const struct param *p, double t) { du->x = strtod("1", 0) + drand48() * u->x; smooth(du, 1); }
C
run 3 ude compile unknown.c --derivatives vjp
says "smooth"

# Code that no transform can follow is still code: a model with inline assembly is solved.
sed 's/-p->rate \* u->amount/-p->rate * same(u->amount)/; s/^int helper.*/&\nstatic double same(double x) { __asm__("nop" : "+m"(x)); return x; }/' decay.c >asm.c
run 0 ude solve asm.c --method tsit5 --tspan 0,1 --saveat end
run 3 ude sparsity asm.c
says "inline assembly"
echo "$count runs"
