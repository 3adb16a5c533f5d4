#!/usr/bin/env bash
# What a user gets wrong: the exit status and the message.
source "$UDE_SOURCE_DIR/tests/cli/common.sh" || exit 1

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

# ---- the command line
run 2 "$UDE"
run 2 ude slove "$lv/truth.c"
says "unknown verb 'slove' (did you mean 'solve'?)"
run 2 ude solve "$lv/truth.c" --rtoll 1
says "unknown option '--rtoll' (did you mean '--rtol'?)"
run 2 ude solve "$lv/truth.c" --rtol
says "--rtol needs a value: R"
run 2 ude solve "$lv/truth.c" --method --rtol 1
says "--method needs a value: NAME, not '--rtol'"
run 2 ude fit "$lv/model.c" "$lv/data.csv" -o --quiet
says "-o needs a value"
run 2 ude solve "$lv/truth.c" --stats=1
says "--stats takes no value"
run 2 ude solve "$lv/truth.c" --rtol nan
says "--rtol: 'nan' is not a finite number"
run 2 ude solve "$lv/truth.c" --rtol 1e400
run 2 ude solve "$lv/truth.c" --atol 0
says "--atol: must be positive, but is 0"
run 2 ude solve "$lv/truth.c" --max-steps 99999999999999999999
says "is not an integer"
run 2 ude solve "$lv/truth.c" --tspan a,b
says "--tspan: 'a,b' is not of the form a,b with finite numbers"
run 2 ude solve "$lv/truth.c" --format xml
run 2 ude solve "$lv/truth.c" "$lv/data.csv"
says "solve takes no data, but '$lv/data.csv' was given"
run 2 ude grad "$lv/truth.c" "$work"
says "is no C file and no CSV file (*.csv)"
run 0 ude solve "$lv/truth.c" --rtol 1e-3 --saveat end --rtol 1e-10 --atol 1e-10 # the last one counts
near "$(tail -1 out | cut -d, -f2)" 0.1870206 1e-6

# ---- times
run 0 ude solve "$lv/truth.c" --tspan 3,0 --saveat 1 # backwards
[ "$(cut -d, -f1 out | tr '\n' ' ')" = "t 3 2 1 0 " ] || bad "times of a solve backwards"
run 0 ude solve "$lv/truth.c" --tspan 1,1
for step in -1 0 1e-300; do
  run 2 ude solve "$lv/truth.c" --saveat $step
  says "the step must be positive and give fewer than 1e8 points"
done
for times in , 1,,2 x 1,nan; do
  run 2 ude solve "$lv/truth.c" --saveat $times
  says "is neither a step, nor times t1,t2,..., nor 'end'"
done
run 2 ude solve "$lv/truth.c" --saveat 2,1
says "save times must be ordered"

# ---- values by name
run 2 ude solve "$lv/truth.c" --u0 prei=1
says "--u0: unknown name in 'prei=1' (did you mean 'prey'?); the names are: prey, predator"
run 2 ude solve "$lv/truth.c" --p bta=1
says "no integer member 'bta' (did you mean 'beta'?); its members are: alpha, beta, gamma, delta"
run 2 ude solve "$lv/truth.c" --u0 prey
says "--u0: 'prey' is not of the form name=value"
run 2 ude solve "$lv/truth.c" --p beta=0x10
says "the value of 'beta' is not a finite number: '0x10'"
printf '\xef\xbb\xbf# start\r\nprey=1\r\n\r\n predator = 2\r\n' >list
run 0 ude solve "$lv/truth.c" --u0 @list --tspan 0,1 --saveat 0,1
[ "$(sed -n 2p out)" = 0,1,2 ] || bad "values of a file"
printf 'prey=1\npredator 2\n' >list
run 2 ude solve "$lv/truth.c" --u0 @list
says "list:2: 'predator 2' is not of the form name=value"
printf '# two\nprey=1\nwolf=2\n' >list
run 2 ude solve "$lv/truth.c" --u0 @list
says "list:3: unknown name in 'wolf=2'"
printf 'prey=1\0predator=2\n' >list
run 2 ude solve "$lv/truth.c" --u0 @list
says "is not a text file"
run 4 ude solve "$lv/truth.c" --u0 @absent
says "absent: cannot open"

# ---- model files
run 3 ude solve absent.c
says "absent.c: cannot open"
mkdir folder.c
run 3 ude solve folder.c
says "folder.c: is a directory"
run 3 ude solve "$lv/truth.c" --clang /no/clang --no-cache
says "cannot run clang ('/no/clang')"
run 3 ude solve "$lv/truth.c" "$lv/truth.c"
says "multiply defined"
# model NAME STATE U0 P0 TSPAN RHS
model() {
  printf 'struct state { %s };\nstruct param { double a; };\n%s\n%s\n%s\n%s\n' "$2" "$3" "$4" "$5" \
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t) { $6 }" >"$1.c"
}
u0='const struct state u0 = {1};'
p0='const struct param p0 = {1};'
span='const double tspan[2] = {0, 1};'
decay='du->x = -p->a * u->x;'
model span1 'double x;' "$u0" "$p0" 'const double tspan[1] = {0};' "$decay"
run 3 ude solve span1.c
says "'tspan' must be declared as const double tspan[2]"
model span3 'double x;' "$u0" "$p0" 'const double tspan[3] = {0, 1, 2};' "$decay"
run 3 ude solve span3.c
says "'tspan' must be declared as const double tspan[2]"
model endless 'double x;' "$u0" "$p0" 'const double tspan[2] = {0, 1. / 0};' "$decay"
run 2 ude solve endless.c
says "the time span [0, inf] is not finite"
model long 'double x;' "$u0" 'const struct param p0 = {1, 2, 3};' "$span" "$decay"
run 0 ude solve long.c --saveat end
says "excess elements"
model nospan 'double x;' "$u0" "$p0" '' "$decay"
run 2 ude solve nospan.c
says "no time span: define 'const double tspan[2]' in the model or give --tspan a,b"
model nou0 'double x, y;' '' "$p0" "$span" "$decay du->y = 0;"
run 2 ude solve nou0.c
says "no initial state"
run 2 ude solve nou0.c --u0 x=1
says "--u0 gives no value for 'y'"
model nop0 'double x;' "$u0" '' "$span" "$decay"
run 2 ude solve nop0.c
says "parameter 'a' has no value: define p0 in the model, or give --p a=VALUE"
model integers 'int n;' "$u0" "$p0" "$span" ''
run 3 ude solve integers.c
says "struct state has no double or float member"
model pointer 'double *x;' '' "$p0" "$span" ''
run 3 ude solve pointer.c
says "member 'x' of struct state is a pointer: use an array of fixed length"
printf 'struct state { double x; };\nvoid rhs(struct state *du, const struct state *u) { du->x = u->x; }\n' >prototype.c
run 3 ude solve prototype.c
says "prototype.c:2: 'rhs' must be declared as void rhs("
printf '#include <nothere.h>\n' >include.c
run 3 ude solve include.c
says "'nothere.h' file not found"

# ---- numbers that are not finite
model start 'double x;' 'const struct state u0 = {0. / 0};' "$p0" "$span" "$decay"
run 1 ude solve start.c
says "the initial state or its derivative is not finite"
model root 'double x;' 'const struct state u0 = {0};' "$p0" "$span" 'du->x = __builtin_sqrt(u->x);'
run 1 ude jacobian root.c --format json
says "the derivative of the rate of 'x' with respect to 'x' is not finite"
model negative 'double x;' "$u0" "$p0" "$span" 'du->x = __builtin_sqrt(-u->x);'
printf 't,x\n0,1\n1,2\n' >x.csv
for verb in "grad negative.c x.csv" "fit negative.c x.csv -o nan --quiet" "check negative.c"; do
  run 1 ude $verb
  says "is not finite"
done
echo 'double terminal_cost(const struct state *u, const struct param *p, double t) { return __builtin_sqrt(u->x); }' |
  cat nospan.c - >slope.c
run 1 ude grad slope.c --tspan 0,1 --u0 x=0 --wrt state
says "is not finite"

# ---- data files
# data CONTENT: the message of ude grad, status 4
data() {
  printf "$1" >d.csv
  run 4 ude grad "$lv/truth.c" d.csv
}
data 't;prey;predator\n0;1;2\n'
says "d.csv:1: cells must be separated by commas, but here is a semicolon"
data 't\tprey\n0\t1\n'
says "but here is a tab"
data 't,prey\r0,1\r'
says "lines end in a carriage return alone"
data 't,prey,prey\n0,1,2\n'
says "d.csv:1: columns 2 and 3 are both named 'prey'"
data 'x,prey\n0,1\n'
says "there is no time column 't'"
data '0,1,2\n1,1,2\n'
says "the first line must name the columns"
data 't,prey\n'
says "has a header but no rows"
data 't,prey\n0,1\n0,2\n'
says "d.csv:3: times must increase within a trajectory"
data 't,prey\n0,1\n1,1e999\n'
says "d.csv:3: column 2 ('prey'): '1e999' is not finite"
data 't,prey\n0,1\n1,"0,5"\n'
says "'0,5' is not a number"
data 't,prey\n0,\n1,NA\n'
says "every cell is missing"
data 't,prey\n,1\n'
says "d.csv:2: the time is missing"
data '\xff\xfet\0'
says "is not a text file"
data 'trajectory,t,prey\n0,0,1\n1,0,1\n0,1,1\n'
says "trajectory 0 comes back"
for text in '\xef\xbb\xbft,prey\n0,1\n1,2\n' 't,prey\r\n0,1\r\n1,2\r\n' '# note\n"t",prey \n 0,1\n1 ,2\n\n\n'; do
  printf "$text" >d.csv
  run 0 ude grad "$lv/truth.c" d.csv
done
mkdir folder.csv
run 4 ude grad "$lv/truth.c" folder.csv
says "folder.csv: is a directory"
run 4 ude grad "$lv/truth.c" "$lv/data.csv" --params absent.json
says "absent.json: cannot open"
run 4 ude grad "$lv/truth.c" "$lv/data.csv" --params "$lv/data.csv"
says "the model has no parameter 't'"
echo '{"params": {"alpha": "x"}}' >p.json
run 4 ude grad "$lv/truth.c" "$lv/data.csv" --params p.json
says "the value of 'alpha' is not a finite number"

printf '\xef\xbb\xbfalpha=1.2\r\nbeta=1\r\n' >p.txt
printf '\xef\xbb\xbf{"alpha":1.2,"beta":1}' >p.json
run 0 ude grad "$lv/truth.c" "$lv/data.csv" --params p.txt
mv out named
run 0 ude grad "$lv/truth.c" "$lv/data.csv" --params p.json
cmp -s out named || bad "parameters with a byte order mark"

# ---- output
: >file
quick="--adam 1 --iterations 1 --quiet"
run 4 ude fit "$lv/model.c" "$lv/data.csv" -o file $quick
says "file: is a file, not a folder"
run 4 ude fit "$lv/model.c" "$lv/data.csv" -o file/below $quick
run 2 ude fit "$lv/model.c" "$lv/data.csv" -o run --iterations -1 $quick --iterations -1
says "is negative"
run 2 ude fit "$lv/model.c" "$lv/data.csv" -o run --optimizer newton
says "unknown optimizer 'newton'"
run 2 ude fit "$lv/model.c"
says "fit needs data: name at least one CSV file"
run 2 ude fit "$lv/data.csv"
says "no model: name at least one C file"
run 0 ude fit "$lv/model.c" "$lv/data.csv" -o run $quick
echo '{"key":1' >run/checkpoint.json
run 4 ude fit "$lv/model.c" "$lv/data.csv" -o run --resume $quick
says "the checkpoint is damaged"
run 2 "$UDE" report
run 4 "$UDE" report absent
says "absent: cannot open the run folder"
run 4 "$UDE" report "$work/cache"
says "is no run folder"
run 4 "$UDE" report run -o absent/page.html
says "absent/page.html: cannot write"
run 2 "$UDE" report run -o
echo '{' >run/params.json
run 4 "$UDE" report run
says "run/params.json:"
echo '{"model":[]}' >run/settings.json
run 4 ude discover run
says "is damaged: a list of model files is missing"
# a disk that is full
# (not under ThreadSanitizer, which keeps the shadow of constants in a file of its own)
if ! grep -q __tsan_init "$UDE"; then
  (ulimit -f 1; run 4 ude fit "$lv/model.c" "$lv/data.csv" -o full --no-cache $quick; says ": cannot write: File too large") || exit 1
  [ -z "$(find full -name '*.tmp' 2>/dev/null)" ] || bad "a temporary file is left"
fi
for call in "solve $lv/truth.c" "jacobian $lv/truth.c" "grad $lv/truth.c $lv/data.csv" "check $lv/truth.c"; do
  count=$((count + 1))
  ude $call >/dev/full 2>err && bad "ude $call: a full disk is no success"
  says "writing to standard output failed"
done
"$UDE" help >/dev/full 2>err && bad "help to a full disk"

# ---- several processes fill one cache
rm -rf cache
for i in 1 2 3 4 5; do
  ude solve "$lv/truth.c" --saveat end >"end.$i" 2>"err.$i" &
done
wait
for i in 1 2 3 4 5; do
  cmp -s end.1 "end.$i" && [ -s "end.$i" ] || { cat "err.$i" >&2; bad "process $i printed something else"; }
done
echo "$count calls"
