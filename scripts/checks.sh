# shellcheck shell=bash
# Sourced by suites. `check WHAT COMMAND...` runs a command, prints `ok`, or `FAILED` with the command's output, and counts the result. A
# suite ends with `checked`.
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

# Prints the counts; fails if a check failed, or if there was none.
checked() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
