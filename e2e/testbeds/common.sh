# Shared helpers of the test-bed scripts. Sourced, not run.
#
# A bed keeps everything it writes in one state directory: pids/, logs, keys,
# configuration and data. A pid is remembered together with the start time of
# its process, so that a later "down" never signals an unrelated process that
# was given the same number.

set -euo pipefail

CACHE_ROOT="${XDG_CACHE_HOME:-$HOME/.cache}/innoclaw-testbeds"
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# bed_args NAME "$@": sets STATE_DIR, ACTION (up or an action flag's name) and
# REST (remaining flags). The state directory may be given before or after flags.
bed_args() {
  local name=$1; shift
  ACTION=up; STATE_DIR=; REST=()
  local arg
  for arg in "$@"; do
    case $arg in
      --help|-h) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
      --down) ACTION=down ;;
      --*) REST+=("$arg") ;;
      *) [ -z "$STATE_DIR" ] || die "one state directory only"; STATE_DIR=$arg ;;
    esac
  done
  STATE_DIR=${STATE_DIR:-$CACHE_ROOT/$name}
  mkdir -p "$STATE_DIR/pids" "$STATE_DIR/log"
  STATE_DIR=$(cd "$STATE_DIR" && pwd)
  export STATE_DIR
}

has_flag() {
  local want=$1 f
  for f in ${REST[@]+"${REST[@]}"}; do [ "$f" = "$want" ] && return 0; done
  return 1
}

# need COMMAND PACKAGE...: installs the packages when the command is missing.
need() {
  local cmd=$1; shift
  [ -x "$cmd" ] || PATH="$PATH:/usr/sbin:/sbin" command -v "$cmd" >/dev/null 2>&1 || install_packages "$@"
}

install_packages() {
  [ "$(id -u)" = 0 ] || die "missing packages, and only root can install them: $*"
  say "installing: $*"
  export DEBIAN_FRONTEND=noninteractive
  # Installing a daemon's package must not start that daemon.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; made=1; fi
  { apt-get install -y --no-install-recommends "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }; } \
    >>"$STATE_DIR/log/apt.log" 2>&1 || { [ -z "$made" ] || rm -f "$policy"; die "apt-get could not install: $* (see $STATE_DIR/log/apt.log)"; }
  [ -z "$made" ] || rm -f "$policy"
}

# Daemons often live in sbin, which a user's PATH may lack.
PATH="$PATH:/usr/sbin:/sbin"

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# keep_port NAME: a loopback port chosen once and remembered in the state directory.
keep_port() {
  local file="$STATE_DIR/port.$1" p i
  if [ -s "$file" ]; then cat "$file"; return; fi
  for i in $(seq 200); do
    p=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if ! port_taken "$p" && ! grep -qsx "$p" "$STATE_DIR"/port.*; then echo "$p" >"$file"; echo "$p"; return; fi
  done
  die "no free port"
}

start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# is_up NAME: true when the process remembered under NAME is that same process still.
is_up() {
  local pid started
  [ -s "$STATE_DIR/pids/$1" ] || return 1
  read -r pid started <"$STATE_DIR/pids/$1"
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && ! grep -qs '^State:.Z' "/proc/$pid/status"
}

pid_of() { is_up "$1" && cut -d' ' -f1 "$STATE_DIR/pids/$1"; }

remember() { echo "$2 $(start_time "$2")" >"$STATE_DIR/pids/$1"; }

# spawn NAME COMMAND...: starts a daemon that outlives this script, output to log/NAME.log.
spawn() {
  local name=$1; shift
  is_up "$name" && return 0
  setsid "$@" </dev/null >>"$STATE_DIR/log/$name.log" 2>&1 &
  remember "$name" $!
}

# stop NAME [SECONDS]: TERM, then KILL when it has not gone in time.
stop() {
  local name=$1 limit=${2:-10} pid i
  if pid=$(pid_of "$name"); then
    kill "$pid" 2>/dev/null || true
    for i in $(seq $((limit * 10))); do is_up "$name" || break; sleep 0.1; done
    if is_up "$name"; then kill -9 "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$STATE_DIR/pids/$name"
}

# wait_for SECONDS WHAT COMMAND...: polls until the command succeeds.
wait_for() {
  local limit=$1 what=$2 i; shift 2
  for i in $(seq $((limit * 5))); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done
  say "--- last log lines"; tail -n 5 "$STATE_DIR"/log/*.log >&2 || true
  die "$what did not come up within $limit s (logs in $STATE_DIR/log)"
}

# What to put before a program that refuses to be root. Root gets it a user namespace
# in which root's own files belong to user 1000, so that it can still reach a state
# directory that only root may enter.
plain_user=(env)
[ "$(id -u)" != 0 ] || plain_user=(unshare --user --map-user=1000 --map-group=1000)

# emit NAME VALUE: one variable for the caller, also kept in the state directory's env file.
emit() { printf "export %s='%s'\n" "$1" "$2" | tee -a "$STATE_DIR/env"; }
emit_start() { : >"$STATE_DIR/env"; }
