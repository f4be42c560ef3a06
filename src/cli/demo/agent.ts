/**
 * The command that the demo's agents run: a shell script that finds its task in the environment, as
 * any agent does, and carries out its steps with ordinary tools. It spends no tokens of any model.
 */
export const AGENT_SCRIPT = String.raw`#!/bin/sh
# Carries out the steps of a task: the lines of its body that begin with a dash.
set -eu
meeting=$(dirname -- "$0")/meeting

# Waits at the first attempt until a second task is at the same point, so that both begin on the
# same commit. Who is left alone goes on after a while.
together() {
  [ "$SIGNALBOX_ATTEMPT" = 1 ] || return 0
  mkdir -p "$meeting/$1"
  : >"$meeting/$1/$SIGNALBOX_TASK_ID"
  tries=0
  while [ "$(ls "$meeting/$1" | wc -l)" -lt 2 ] && [ "$tries" -lt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
}

# The sum that the check expected, when an earlier attempt has failed; else a guess.
total() {
  sum=$2
  if [ -n "${'$'}{SIGNALBOX_LAST_FAILURE_FILE:-}" ]; then
    echo "reading what the check printed"
    told=$(sed -n 's/^ *expected \([0-9][0-9]*\).*/\1/p' "$SIGNALBOX_LAST_FAILURE_FILE" | tail -n 1)
    sum=${'$'}{told:-$sum}
  fi
  echo "total $sum" >"$1"
}

while read -r dash verb file text; do
  [ "$dash" = - ] || continue
  echo "$SIGNALBOX_AGENT: $verb $file $text"
  case $verb in
    together) together "$file" && continue ;;
    pause) sleep "$file" && continue ;;
  esac
  mkdir -p "$(dirname -- "$file")"
  case $verb in
    write) echo "$text" >"$file" ;;
    add) echo "$text" >>"$file" ;;
    extend) sed "/^Departures:/s/\$/ $text/" "$file" >"$file.new" && mv "$file.new" "$file" ;;
    total) total "$file" "$text" ;;
    copy)
      mkdir -p "$(dirname -- "$text")"
      cat "$file" >>"$text"
      file=$text
      ;;
    *) echo "no such step: $verb" >&2 && exit 2 ;;
  esac
  # Also where the repository ignores what it does not know.
  git add --force -- "$file" || :
done <<BODY
$SIGNALBOX_TASK_BODY
BODY
`;
