#!/usr/bin/env bash
# Every public function that can fail for lack of memory is called with failing allocations: its name stands in a
# tests/*/test_*fault*.c, or it is reached there through the function named here, or it allocates nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

through="ude_file_write=ude_table_write ude_run_write=ude_fit ude_loss_unpack=ude_fit ude_loss_solve=ude_fit
  ude_sample_learned=ude_discover
  ude_pattern_transpose=ude_colour ude_recover=ude_compressed"
allocates_nothing="
  ude_criterion_parse
  ude_derivative_parse
  ude_error_prefix
  ude_estimate_parse
  ude_fail
  ude_fail_memory
  ude_initial_policy_parse
  ude_optimizer_parse
  ude_pattern_check
  ude_sensitivity_method_parse
  ude_sparse_method_parse
  ude_uncertain_from_covariance
  ude_vector_field_check
  ude_vector_field_check_loss"

called=$(grep -ohE '\bude_[a-z0-9_]+\(' tests/*/test_*fault*.c | tr -d '(' | sort -u)
has() { grep -qx "$1" <<<"$2"; }

bad=0
count=0
while read -r name; do
  count=$((count + 1))
  has "$name" "$called" && continue
  has "$name" "$(tr -s ' \n' '\n' <<<"$allocates_nothing")" && continue
  caller=$(tr -s ' \n' '\n' <<<"$through" | sed -n "s/^$name=//p")
  [ -n "$caller" ] && has "$caller" "$called" && continue
  echo "$name: no test with failing allocations (tests/*/test_*fault*.c) calls it" >&2
  bad=1
done < <(tr '\n' ' ' <<<"$(cat include/ude/*.h)" | grep -oE 'UDE_API +ude_status +ude_[a-z0-9_]+' | awk '{ print $NF }' | sort -u)
echo "$count public functions"
[ "$count" -gt 40 ] && exit "$bad"
