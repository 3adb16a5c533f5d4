#!/usr/bin/env bash
# Exposure in an epidemic: showcase.sh OUT [small]. UDE names the program. 21 days of E, I and R; a neural ODE, a universal
# ODE and the equation recovered from that one are carried on to day 60: a table, a picture infected.svg. Then what noise
# leaves of it: the intervals of two laws from data drawn anew.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ude=${UDE:-ude}
out=$1
mkdir -p "$out"
network=()
draws=100
if [ "${2:-full}" = small ]; then
  network=(-DWIDTH=8)
  draws=5
fi
exact=(--rtol 1e-10 --atol 1e-10)

# logged NAME COMMAND...: its messages in NAME.log, shown if it fails
logged() {
  local log=$out/$1.log
  shift
  "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}
later() { "$ude" solve "$1" --tspan 0,60 --saveat 1 "${@:2}" >"$out/$(basename "${1%/discovered.c}" .c)-60.csv"; }
# at60 NAME LABEL: E, I and R on day 60
at60() {
  awk -F, -v label="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    END { printf "%-20s E %8.2f  I %8.2f  R %8.2f\n", label, $at["E"], $at["I"], $at["R"] }' "$out/$1-60.csv"
}

later "$here/truth.c" "${exact[@]}"
at60 truth truth
for name in neural model; do
  logged $name "$ude" fit "$here/$name.c" "$here/data.csv" -o "$out/$name" "${network[@]}" --quiet
  later "$here/$name.c" --params "$out/$name/params.json" "${network[@]}"
done
at60 neural 'neural ODE'
at60 model 'universal ODE'
logged discovered "$ude" discover "$out/model" --library poly --degree 3 "${exact[@]}" --truth "$here/truth.c" --future 60 --quiet
mkdir -p "$out/recovered"
cp "$out/model/discovered.c" "$out/recovered"
later "$out/recovered/discovered.c" "${exact[@]}"
at60 recovered 'recovered equation'
cat "$out/discovered.log"

# E, I and R known to 0.3 persons: fits of data drawn anew, 2.5 % to 97.5 % of what they say of day 60
for law in plain damped; do
  : >"$out/$law.csv"
  for ((draw = 1; draw <= draws; draw++)); do
    awk -F, -v OFS=, -v seed="$draw" 'function normal() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand()) }
      BEGIN { srand(seed) } NR > 1 { for (i = 2; i <= NF; i++) $i += 0.3 * normal() } { print }' "$here/data.csv" >"$out/drawn.csv"
    logged drawn "$ude" fit "$here/$law.c" "$out/drawn.csv" -o "$out/drawn" --quiet
    "$ude" solve "$here/$law.c" --params "$out/drawn/params.json" --tspan 0,60 --saveat end | tail -1 >>"$out/$law.csv"
  done
  for column in 3 4 5; do
    cut -d, -f$column "$out/$law.csv" | sort -g | awk -v law="$law" -v name="$(cut -c$((column - 2)) <<<EIR)" '{ v[NR] = $1 }
      END { low = v[int(1 + 0.025 * (NR - 1) + 0.5)]; high = v[int(1 + 0.975 * (NR - 1) + 0.5)]
        printf "%-8s %s on day 60: %.0f to %.0f\n", law, name, low, high }'
  done
done

awk -F, 'BEGIN { print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 400\" font-family=\"sans-serif\" font-size=\"13\">"
    print "<rect width=\"760\" height=\"400\" fill=\"#fff\"/><rect x=\"60\" y=\"40\" width=\"227.5\" height=\"320\" fill=\"#f3f5f9\"/>"
    print "<text x=\"60\" y=\"24\" font-weight=\"bold\">Infectious persons; trained on the shaded 21 days</text>"
    for (k = 0; k <= 6; k++) printf "<text x=\"%.1f\" y=\"380\" text-anchor=\"middle\">%d</text>\n", 60 + 650 * k / 6, 10 * k
    for (k = 0; k <= 7; k++) printf "<line x1=\"60\" x2=\"710\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"52\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n", 360 - k * 45, 360 - k * 45, 364 - k * 45, 100 * k
    split("#222 #c0392b #d68910 #1f5fa8", colour, " "); split("truth|neural ODE|universal ODE|recovered equation", label, "|")
    split("6 2 2 2.5", width, " ") }
  function finish() { if (file) printf "%s\" fill=\"none\" stroke=\"%s\" stroke-opacity=\"%s\" stroke-width=\"%s\"/><text x=\"80\" y=\"%d\" fill=\"%s\">%s</text>\n", path, colour[file], file == 1 ? 0.35 : 1, width[file], 50 + 18 * file, colour[file], label[file] }
  FNR == 1 { finish(); file++; for (i = 1; i <= NF; i++) at[$i] = i; path = "<polyline points=\""; next }
  { y = $at["I"]; path = path sprintf("%.1f,%.1f ", 60 + 650 * $at["t"] / 60, 360 - 0.45 * (y < 0 ? 0 : y > 711 ? 711 : y)) }
  END { finish(); print "</svg>" }' "$out"/{truth,neural,model,recovered}-60.csv >"$out/infected.svg"
