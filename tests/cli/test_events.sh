#!/usr/bin/env bash
# Events through the program: rows, the file of events, selection, tolerances, gradients, a fit through bounces.
source "$UDE_SOURCE_DIR/tests/cli/common.sh" || exit 1
ball=$examples/bouncing_ball
dosing=$examples/dosing
nodrag=drag=0

# Without drag the ball has a closed form: bounces at sqrt(2h/g), then 2 e v / g apart.
run 0 ude solve "$ball/model.c" --p "$nodrag" --rtol 1e-9 --events-out events.csv --select height --stats
[ "$(head -1 out)" = "t,height" ] || bad "header of selected states"
says '"events":7'
[ "$(head -1 events.csv)" = "t,event,height" ] || bad "header of the events"
near "$(sed -n 2p events.csv | cut -d, -f1)" 0.63855085681383889 1e-9
near "$(sed -n 3p events.csv | cut -d, -f1)" 1.4048118849904456 1e-9
near "$(sed -n 4p events.csv | cut -d, -f1)" 1.8645685018964096 1e-9
run 0 ude solve "$ball/model.c" --p "$nodrag" --tspan 0,0.7 --format json
prints '"events":[{"t":0.638550856'
run 0 ude solve "$ball/model.c" --tspan 0,1 --atol height=1e-3,velocity=1e-2 --rtol 1e-3 --saveat end
run 2 ude solve "$ball/model.c" --atol hight=1e-3
says "did you mean 'height'?"
run 2 ude solve "$ball/model.c" --select speed
says "there is no state 'speed'"
run 2 ude check "$ball/model.c" --atol height=1e-3
says "solve and grad"
run 1 ude solve "$ball/model.c" --p "$nodrag" --tspan 0,9
says "make the event terminal"

# Doses: one compartment after another, Bateman's formula summed; the derivative by the time of the first dose.
run 0 ude grad "$dosing/model.c" --rtol 1e-10 --atol 1e-10
expected=$(awk 'BEGIN { a = 1.2; e = 0.15; for (i = 0; i < 6; i++) { s = 47 - 8 * i; c += 100 * a / (a - e) * (exp(-e * s) - exp(-a * s)); d += 100 * a / (a - e) * (e * exp(-e * s) - a * exp(-a * s)) } printf "%.15g %.15g", c, d }')
near "$(sed 's/{"loss":\([^,]*\),.*/\1/' out)" "${expected% *}" 1e-8
near "$(sed 's/.*"first":\([^,}]*\).*/\1/' out)" "${expected#* }" 1e-7
run 0 ude grad "$dosing/model.c" --wrt time --rtol 1e-10
prints '"gradient":{"t0":'
near "$(sed 's/.*"t1":\([^,}]*\).*/\1/' out)" "$(awk -v d="${expected#* }" 'BEGIN { printf "%.15g", -d }')" 1e-6

# The restitution and the drag that made the data (0.75, 0.1), within some three standard errors.
run 0 ude fit "$ball/model.c" "$ball/data.csv" -o run --quiet
near "$(sed -nE 's/.*"restitution": ([0-9.]+),?$/\1/p' run/params.json | head -1)" 0.75 0.006
near "$(sed -nE 's/.*"drag": ([0-9.]+),?$/\1/p' run/params.json | head -1)" 0.1 0.12
# What has no derivative is refused: a scheduled event that meets a discontinuity which moves otherwise, an event at an end that moves.
cat >meet.c <<'END'
#include <ude/model.h>
struct state { double x; };
struct param { double a, d; };
const struct state u0 = {1};
const struct param p0 = {.a = 1, .d = 2};
const double tspan[2] = {0, 4};
const int schedule_count = 1;
void schedule(double *times, const struct param *p) { times[0] = SCALE * p->a; }
const int discontinuity_count = 1;
void discontinuities(double *times, const struct param *p) { times[0] = p->d; }
void rhs(struct state *du, const struct state *u, const struct param *p, double t) { du->x = t < p->d ? -u->x : 0.5 * u->x; }
void affect(struct state *u, const struct param *p, double t, int event) { u->x += 1; }
double terminal_cost(const struct state *u, const struct param *p, double t) { return u->x; }
END
# x(4) = (e^-d + e^(a - d)) e^(2 - d/2).
run 0 ude grad meet.c -DSCALE=1 --rtol 1e-10
near "$(sed 's/{"loss":\([^,]*\),.*/\1/' out)" "$(awk 'BEGIN { printf "%.15g", exp(-2 + 1) + exp(-1 + 1) }')" 1e-8
near "$(sed 's/.*"a":\([^,}]*\).*/\1/' out)" 1 1e-7
near "$(sed 's/.*"d":\([^,}]*\).*/\1/' out)" "$(awk 'BEGIN { printf "%.15g", -1.5 * (exp(-1) + 1) }')" 1e-7
run 2 ude grad meet.c -DSCALE=2
says "an event and a discontinuity of the right-hand side coincide"
run 2 ude grad meet.c -DSCALE=4 --wrt time
says "an event at the very end of the span"
run 2 ude grad meet.c -DSCALE=1 --sensitivity gauss
says "does not go through events"
echo "$count calls"
