# shellcheck shell=bash
# Functions for scripts/setup: a line of progress for each step, and what its programs print in a file.

# The file for what programs print; what was in it is gone: start_log FILE
start_log() {
  step_log=$1
  # A new file: whoever reads the old one goes on reading that.
  rm -f -- "$step_log"
  : >"$step_log"
}

# A number of seconds in words: duration SECONDS
duration() {
  if (($1 < 100)); then
    printf '%d seconds' $((($1 + 9) / 10 * 10))
  else
    printf '%d minutes' $((($1 + 59) / 60))
  fi
}

# Runs a function or a program as one step: a line with how long it takes, which in a terminal counts the seconds. Where
# it fails, the end of what was printed is shown: logged_step TEXT COMMAND...
logged_step() {
  local text=$1 start=$SECONDS code=0 clock=
  shift
  printf -- '- %s ... ' "$text"
  if [[ -t 1 ]]; then
    # It ends with who began it, too, who may have a trap of his own for that.
    local owner=$BASHPID
    (
      trap '' INT
      while sleep 1 && kill -0 "$owner" 2>/dev/null; do printf '\r- %s ... %d s ' "$text" $((SECONDS - start)); done
    ) &
    clock=$!
  fi
  printf '\n=== %s\n' "$text" >>"$step_log"
  # In a shell of its own, where set -e holds although the result is asked for.
  set +e
  (
    set -e
    "$@"
  ) >>"$step_log" 2>&1 </dev/null
  code=$?
  set -e
  if [[ -n $clock ]]; then
    kill "$clock" 2>/dev/null || true
    wait "$clock" 2>/dev/null || true
    printf '\r- %s ... ' "$text"
  fi
  if ((code == 0)); then
    printf '%d s\n' $((SECONDS - start))
  else
    printf 'failed after %d s\n' $((SECONDS - start))
    tail -n 20 -- "$step_log" >&2
    printf '%s: all of it is in %s\n' "$0" "$step_log" >&2
  fi
  return "$code"
}
