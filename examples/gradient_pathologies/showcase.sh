#!/usr/bin/env bash
# Gradient pathologies of physics-informed networks: showcase.sh OUT [small]. UDE names the program. Four trainings of each
# problem, M1 plain, M2 with balanced weights, M3 with the gated architecture, M4 with both: relative errors in L2, a picture
# errors.svg. Stopped, it goes on where it was when it is called again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ude=${UDE:-ude}
out=$1
mkdir -p "$out"
if [ "${2:-full}" = small ]; then
  length=(--iterations 500 --batch 32 --sample 1000 -DWIDTH=16)
else
  length=(--iterations 40001)
fi

declare -A variant=([M1]='' [M2]='--balance' [M3]='-DGATED' [M4]='-DGATED --balance')
# means over ten seeds (Helmholtz, table 2) and the paper's runs (Klein-Gordon, table 3)
declare -A published=([helmholtz-M1]=1.06e-1 [helmholtz-M2]=1.12e-2 [helmholtz-M3]=2.46e-2 [helmholtz-M4]=3.87e-3
  [klein_gordon-M1]=1.79e-1 [klein_gordon-M2]=1.06e-2 [klein_gordon-M3]=1.97e-2 [klein_gordon-M4]=2.81e-3)
declare -A depth=([helmholtz]=3 [klein_gordon]=5)

: >"$out/table.txt"
for problem in helmholtz klein_gordon; do
  for method in M1 M2 M3 M4; do
    folder=$out/$problem-$method
    # shellcheck disable=SC2086 # a variant is several options
    "$ude" fit "$here/$problem.c" -o "$folder" "-DDEPTH=${depth[$problem]}" ${variant[$method]} "${length[@]}" \
      --resume --quiet 2>"$folder.log" || { cat "$folder.log" >&2; exit 1; }
    error=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } END { print sqrt($at["error"] / $at["solution"]) }' \
      "$folder/terms.csv")
    seconds=$(awk -F, 'END { print $NF }' "$folder/history.csv")
    printf '%-13s %s  error %.2e  published %s  %.0f s\n' "$problem" "$method" "$error" "${published[$problem-$method]}" \
      "$seconds" | tee -a "$out/table.txt"
  done
done

# A row for each training, logarithmic from 1e-3 to 10: the bar is ours, the stroke what was published.
awk 'BEGIN { print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 330\" font-family=\"sans-serif\" font-size=\"13\">"
    print "<rect width=\"760\" height=\"330\" fill=\"#fff\"/>"
    print "<text x=\"20\" y=\"22\" font-weight=\"bold\">Relative L2 error; bar: ude, stroke: Wang, Teng, Perdikaris (2021)</text>"
    for (k = -3; k <= 1; k++) { x = place(10 ^ k)
      printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"36\" y2=\"300\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"318\" text-anchor=\"middle\">%g</text>\n", x, x, x, 10 ^ k } }
  function place(e) { e = e < 1e-3 ? 1e-3 : e > 10 ? 10 : e; return 180 + 130 * (log(e) / log(10) + 3) }
  { y = 40 + 30 * (NR - 1) + (NR > 4 ? 14 : 0); name = $1; gsub("_", "-", name)
    printf "<text x=\"170\" y=\"%d\" text-anchor=\"end\">%s %s</text>", y + 17, name, $2
    printf "<rect x=\"180\" y=\"%d\" width=\"%.1f\" height=\"18\" fill=\"%s\"/>", y + 4, place($4) - 180, $2 == "M1" ? "#b0b7c3" : $2 == "M4" ? "#1f5fa8" : "#6f9bd1"
    printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#c0392b\" stroke-width=\"3\"/>", place($6), place($6), y, y + 26
    printf "<text x=\"%.1f\" y=\"%d\" font-size=\"11\">%s</text>\n", place($4 > $6 ? $4 : $6) + 6, y + 17, $4 }
  END { print "</svg>" }' "$out/table.txt" >"$out/errors.svg"
