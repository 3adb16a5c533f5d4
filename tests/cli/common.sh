# What the tests of the program share: a folder of their own, calls with an expected status, looks at what was said.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
ude() { "$UDE" "$1" --cache "$work/cache" "${@:2}"; }
count=0
bad() { echo "FAILED: $*" >&2; exit 1; }

# run STATUS COMMAND...: output in out, messages in err
run() {
  local want=$1
  shift
  "$@" >out 2>err
  local got=$?
  count=$((count + 1))
  [ "$got" = "$want" ] || { cat out err >&2; bad "'$*' ended with $got, not $want"; }
}
says() { grep -qF -- "$1" err || { cat err >&2; bad "no message '$1'"; }; }
prints() { grep -qF -- "$1" out || { cat out >&2; bad "no output '$1'"; }; }
# near VALUE EXPECTED RELATIVE
near() { awk -v a="$1" -v b="$2" -v r="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; c = b < 0 ? -b : b; exit !(a == a + 0 && d <= r * c) }' || bad "$1 is not $2"; }

examples=$UDE_SOURCE_DIR/examples
golden=$UDE_SOURCE_DIR/tests/data/golden
lv=$examples/lotka_volterra
