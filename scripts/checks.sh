# shellcheck shell=bash
# Sourced by suites. `check WHAT COMMAND...` runs a command, says `ok` or `FAILED` with what it said, and counts; a suite ends with
# `checked`.
passed=0 failed=0

check() {
  local what=$1
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    echo "ok      $what"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s\n%s\n' "$what" "$output"
  fi
}

# The counts; fails if something did, or if nothing was checked.
checked() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
