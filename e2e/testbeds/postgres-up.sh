#!/usr/bin/env bash
# A private PostgreSQL server on a loopback port and a unix socket.
#
#   postgres-up.sh [STATE_DIR]             start (again: no change), print variables
#   postgres-up.sh [STATE_DIR] --down      stop it
#
# PostgreSQL refuses to run as root; when this script is run by root, see plain_user
# in common.sh.

. "$(dirname "$0")/common.sh"
bed_args postgres "$@"
cd "$STATE_DIR"

if [ "$ACTION" = down ]; then
  # SIGINT is PostgreSQL's fast shutdown; the pid remembered is the postmaster's own.
  if p=$(pid_of postgres); then kill -INT "$p"; for i in $(seq 100); do is_up postgres || break; sleep 0.1; done; fi
  stop postgres
  exit 0
fi

newest_bin() { find /usr/lib/postgresql -maxdepth 3 -name postgres -path '*/bin/*' 2>/dev/null | sort -V | tail -n 1 | xargs -r dirname; }
bin=$(newest_bin)
[ -n "$bin" ] || { install_packages postgresql; bin=$(newest_bin); }

port=$(keep_port postgres)
[ -s password ] || (umask 077; head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >password)
if [ ! -s data/PG_VERSION ]; then
  rm -rf data
  LC_ALL=C "${plain_user[@]}" "$bin/initdb" -D "$STATE_DIR/data" -U postgres --pwfile=password -E UTF8 --locale=C.UTF-8 \
    --auth-local=trust --auth-host=scram-sha-256 --no-sync >log/initdb.log 2>&1 || die "initdb failed, see $STATE_DIR/log/initdb.log"
fi
if ! is_up postgres; then
  rm -f data/postmaster.pid
  # A socket's path may have 107 bytes at most, less than a state directory's may.
  sock=$STATE_DIR; [ ${#sock} -le 80 ] || { sock=$(mktemp -d); }
  echo "$sock" >socket-dir
  spawn postgres "${plain_user[@]}" "$bin/postgres" -D "$STATE_DIR/data" -h 127.0.0.1 -p "$port" -k "$sock" -c fsync=off -c max_connections=200
fi
sock=$(cat socket-dir)
wait_for 30 postgres "$bin/pg_isready" -q -h "$sock" -p "$port" -U postgres
psql=("$bin/psql" -X -q -h "$sock" -p "$port" -U postgres -v ON_ERROR_STOP=1)
[ "$("${psql[@]}" -Atc "select 1 from pg_database where datname='testbed'")" = 1 ] || "${psql[@]}" -c 'create database testbed'

emit_start
emit PG_BED_URL "postgres://postgres:$(cat password)@127.0.0.1:$port/testbed?sslmode=disable"
emit PG_BED_SOCKET_URL "postgres:///testbed?host=$sock&port=$port&user=postgres"
emit PG_BED_VERSION "$("$bin/postgres" --version)"
