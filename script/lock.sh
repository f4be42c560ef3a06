# One bootstrap works at a time in a checkout. To be sourced, with $work and $lock set.
#
# The lock is a link whose text says who holds it (process, its start, machine), so that it is made
# and filled in one step. A holder that is gone is told from a later process of the same number by
# the start; only whoever makes the folder named for it may remove its lock, so no live one breaks.

take_lock() {
  me="$$ $(started_at $$) $(uname -n)"
  tries=0
  waited=0
  until mkdir -p "$work" 2>/dev/null && ln -s "$me" "$lock" 2>/dev/null; do
    if ! holder=$(readlink "$lock" 2>/dev/null); then
      tries=$((tries + 1))
      [ "$tries" -lt 5 ] || cannot_write
    elif ! is_gone "$holder" || ! break_lock "$holder"; then
      wait_a_second "$holder"
    fi
  done
  [ "$waited" = 0 ] || echo " $waited s" >&2
  rm -rf "$work"/*.[0-9]*
}

release_lock() {
  [ "$(readlink "$lock" 2>/dev/null)" != "$me" ] || rm -f "$lock"
  rmdir "$work" 2>/dev/null || :
}

wait_a_second() {
  [ "$waited" -gt 0 ] ||
    printf 'signalbox: waiting for another bootstrap (process %s)' "${1%% *}" >&2
  [ "$waited" -lt 600 ] ||
    fail "Another bootstrap ($1) has held $lock for ten minutes." "rm -rf '$work'"
  sleep 1
  printf . >&2
  waited=$((waited + 1))
}

is_gone() {
  [ "${1##* }" = "$(uname -n)" ] &&
    [ "$1" != "${1%% *} $(started_at "${1%% *}") $(uname -n)" ]
}

# The 22nd field of /proc/PID/stat, counted from the end of the name; elsewhere what ps says.
started_at() {
  if [ -r "/proc/$1/stat" ] && read -r stat <"/proc/$1/stat"; then
    set -- ${stat##*\) }
    echo "${20}"
  else
    ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' - || :
  fi
}

break_lock() {
  mkdir "$lock.${1%% *}" 2>/dev/null || return 1
  [ "$(readlink "$lock")" != "$1" ] || rm -f "$lock"
  rmdir "$lock.${1%% *}" 2>/dev/null || :
}
