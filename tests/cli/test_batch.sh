#!/usr/bin/env bash
# Training on random samples by the program: a physics-informed network, what it leaves, stopping and going on, what is refused.
. "$(dirname "$0")/common.sh"

# u'' = -sin(pi x) on [0, 1], u(0) = u(1) = 0: u = sin(pi x)/pi^2. A float and an integer on the way.
cat >poisson.c <<'END'
#include <ude/model.h>
#include <ude/nn.h>
struct sample { float x; };
struct param { UDE_MLP(1, 8, 1) net; int sign; };
const struct param p0 = {.sign = -1};
struct loss { double residual; UDE_METRIC double error; double ends; };
void draw(struct sample *s, ude_random *random) { s->x = (float)ude_uniform(random); }
static double u(double x, const struct param *p) { double y; ude_mlp(&p->net, &x, &y); return y; }
static double u_x(double x, const struct param *p) { return ude_jvp(u, (x, p), (1, 0)); }
void loss(struct loss *l, const struct sample *s, const struct param *p)
{
  double x = s->x, r = ude_jvp(u_x, (x, p), (1, 0)) - p->sign * sin(3.14159265358979 * x);
  double e = u(x, p) - sin(3.14159265358979 * x) / 9.8696044;
  l->residual = r * r;
  l->error = e * e;
  l->ends = u(0, p) * u(0, p) + u(1, p) * u(1, p);
}
END
run 0 ude fit poisson.c --seed 3 --rate 0.01 --batch 32 --iterations 3000 --sample 500 --weights ends=10 -o net
says "3000 iterations of 32 samples"
says "(reported only)"
error=$(sed -n 's/^error = \([^ ]*\) .*/\1/p' err)
awk -v e="$error" 'BEGIN { exit !(e > 0 && e < 1e-5) }' || bad "the error is $error" # u^2 has the mean 5e-3
head -1 net/terms.csv | grep -qx "residual,error,ends" || bad "terms.csv: $(head -1 net/terms.csv)"
[ "$(wc -l <net/history.csv)" = 301 ] || bad "history.csv has not a row every 10 iterations"
grep -q '"status": "finished"' net/params.json || bad "params.json"

# The parameters go into another training, and a constant of the model can be set.
run 0 ude fit poisson.c --params net/params.json --iterations 1 --sample 500 --weights ends=10 --seed 3 -o again
again=$(sed -n 's/^loss \([^ ]*\) .*/\1/p' err)
first=$(sed -n 's/.*"loss": \([^,]*\),/\1/p' net/params.json)
near "$again" "$first" 1e-5
run 0 ude fit poisson.c --params net/params.json --p sign=1 --iterations 1 --sample 500 -o sign
awk -F, 'NR == 2 { exit !($1 > 1) }' sign/terms.csv || bad "the sign made no difference"

# Stopped and resumed: the same bits.
"$UDE" fit poisson.c --cache cache --seed 3 --rate 0.01 --batch 32 --iterations 100000 --sample 50 -o part 2>err &
job=$!
for _ in $(seq 200); do
  [ -f part/settings.json ] && break
  sleep 0.05
done
sleep 0.3
kill -INT "$job"
wait "$job"
status=$?
[ "$status" = 130 ] || bad "an interrupted training ended with $status, not 130"
done_=$(sed -n 's/.*variables, \([0-9]*\) iterations.*/\1/p' err)
run 0 ude fit poisson.c --seed 3 --rate 0.01 --batch 32 --iterations $((done_ + 500)) --sample 50 --resume -o part
run 0 ude fit poisson.c --seed 3 --rate 0.01 --batch 32 --iterations $((done_ + 500)) --sample 50 -o whole
cmp part/params.json whole/params.json || bad "resuming gave other parameters"
run 4 ude fit poisson.c --seed 4 --batch 32 --resume -o part
says "is of another training"

# What is refused.
run 2 ude fit poisson.c --weights middle=1
says "struct loss has no member 'middle'"
run 2 ude fit poisson.c --weights ends=-1
says "--weights"
run 2 ude fit "$lv/model.c"
says "fit needs data"
run 2 ude solve poisson.c --tspan 0,1
sed 's/void draw(struct sample \*s, ude_random \*random)/void draw(struct sample *s)/; s/ude_uniform(random)/0.5/' poisson.c >other.c
run 3 ude fit other.c
says "void draw(struct sample *s, ude_random *random)"
sed '/^void draw/d' poisson.c >other.c
run 3 ude fit other.c
says "where its samples come from"
sed '/^struct sample/d; /^void draw/d; s/s->x/0.5/; s/const struct sample/const void/' poisson.c >other.c
run 3 ude fit other.c
says "other.c"
sed 's/l->residual = r \* r/l->residual = log(r - 1e9)/' poisson.c >other.c
run 1 ude fit other.c
says "not finite at the start"
echo "$count calls"
