#!/usr/bin/env bash
# The counts of hare and lynx, 1900 to 1920: the fit, the equation, and how well either extrapolates beside the classic
# model and naive predictions. usage: hudson_bay.sh UDE [PICTURE.svg]; prints Markdown.
# Errors are root mean squares of log(predicted/counted) over both species: 0.3 is off by a third, typically.
set -euo pipefail
ude=$1
picture=${2:-}
example=$(cd "$(dirname "$0")/../examples/hudson_bay" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# score PREDICTIONS FIRST LAST: the error over the years FIRST to LAST
score() {
  awk -F, -v first="$2" -v last="$3" '
    FNR == 1 { file++ }
    $1 + 0 != $1 { next } # comment, header
    file == 1 { hare[$1] = $2; lynx[$1] = $3; next }
    $1 >= first && $1 <= last { n += 2
      sum += (log($2 / hare[$1]))^2 + (log($3 / lynx[$1]))^2; years++ }
    END { if (years != last - first + 1) print "no solution"; else printf "%.2f", sqrt(sum / n) }' \
    "$example/data.csv" "$1"
}

# Solution of a run's model, or of another model file with its own parameters, year by year.
solve() { # OUT MODEL [PARAMS]
  "$ude" solve "$2" ${3:+--params "$3"} --tspan 0,20 --saveat 1 >"$1" 2>/dev/null || true
}

# Naive predictions of the years after LAST.
naive() { # KIND LAST
  awk -F, -v OFS=, -v kind="$1" -v last="$2" '
    /^#/ { next }
    $1 == "t" { print; next }
    { hare[$1] = $2; lynx[$1] = $3
      if ($1 <= last) { n++; h += log($2); l += log($3) } }
    END { for (t = last + 1; t <= 20; t++)
      if (kind == "last year") print t, hare[last], lynx[last]
      else if (kind == "mean") print t, exp(h / n), exp(l / n)
      else print t, hare[t - 10], lynx[t - 10] }' "$example/data.csv"
}

echo "All 21 years, plain defaults (\`ude fit model.c data.csv -o run && ude discover run\`):"
echo
start=$(date +%s.%N)
"$ude" fit "$example/model.c" "$example/data.csv" -o "$work/run" --quiet 2>"$work/fit.log"
"$ude" discover "$work/run" --quiet 2>/dev/null >"$work/equation"
seconds=$(echo "$(date +%s.%N) $start" | awk '{ printf "%.1f", $1 - $2 }')
sed 's/^/    /' "$work/fit.log" | grep -v 'run folder'
echo
sed 's/^/    /' "$work/equation"
"$ude" fit "$example/lotka_volterra.c" "$example/data.csv" -o "$work/classic" --quiet 2>"$work/classic.log"
echo
echo "Lotka and Volterra's model:"
echo
sed 's/^/    /' "$work/classic.log" | grep -v 'run folder'
solve "$work/a" "$example/model.c" "$work/run/params.json"
solve "$work/b" "$work/run/discovered.c"
solve "$work/c" "$example/lotka_volterra.c" "$work/classic/params.json"
echo
echo "Error over the years of the fit: network $(score "$work/a" 0 20), equation $(score "$work/b" 0 20)," \
  "Lotka-Volterra $(score "$work/c" 0 20). Fit and discovery took $seconds s."
echo
echo "Trained on the first years only; error over the years after them:"
echo
echo "| trained on | predicted | network | equation | Lotka-Volterra, logarithms | Lotka-Volterra, counts | ten years before | mean | last year |"
echo "|---|---|---|---|---|---|---|---|---|"
for last in 11 12 13 14 15 16; do
  awk -F, -v last="$last" '!/^#/ && ($1 == "t" || $1 + 0 <= last)' "$example/data.csv" >"$work/early.csv"
  rm -rf "$work/early"
  "$ude" fit "$example/model.c" "$work/early.csv" -o "$work/early" --quiet 2>/dev/null
  "$ude" discover "$work/early" --future 20 --quiet >"$work/equation-$last" 2>/dev/null || true
  "$ude" fit "$example/lotka_volterra.c" "$work/early.csv" -o "$work/log" --quiet 2>/dev/null
  "$ude" fit "$example/lotka_volterra.c" "$work/early.csv" -o "$work/count" -DERROR= --quiet 2>/dev/null
  solve "$work/1" "$example/model.c" "$work/early/params.json"
  solve "$work/2" "$work/early/discovered.c"
  solve "$work/3" "$example/lotka_volterra.c" "$work/log/params.json"
  solve "$work/4" "$example/lotka_volterra.c" "$work/count/params.json"
  naive "ten years before" "$last" >"$work/5"
  naive mean "$last" >"$work/6"
  naive "last year" "$last" >"$work/7"
  row="| 1900 to $((1900 + last)) | $((1901 + last)) to 1920"
  for k in 1 2 3 4 5 6 7; do
    row="$row | $(score "$work/$k" $((last + 1)) 20)"
  done
  echo "$row |"
  if [ "$last" = 13 ] && [ -n "$picture" ]; then
    "$ude" report "$work/early" "$example/data.csv" -o "$picture" 2>/dev/null
  fi
done
echo
echo "Equations found from the first years:"
echo
for last in 11 12 13 14 15 16; do
  echo "    1900 to $((1900 + last)): $(grep '^interaction' "$work/equation-$last" | tr '\n' ';' | sed 's/;$//; s/;/; /')"
done
