#!/usr/bin/env bash
# Writes the descriptions of all compile-time checked queries to aggregator/.sqlx, so that the crate builds without a
# database. With --check nothing is written, and it fails when they are not up to date.
# Needs psql, and DATABASE_URL: a PostgreSQL server on which it may make (and drop) a scratch database.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATABASE_URL:?DATABASE_URL must name a PostgreSQL server, such as postgres://localhost/postgres}"

# psql knows none of sqlx's parameters.
DATABASE_URL="${DATABASE_URL%%\?*}"
scratch="edgewatch_prepare_$$"
scratch_url="$(sed -E "s#(://[^/]+/)[^?]*#\1$scratch#" <<<"$DATABASE_URL")"
new="$(mktemp -d)"
psql "$DATABASE_URL" --quiet --set ON_ERROR_STOP=1 --command "CREATE DATABASE $scratch"
trap 'rm -rf "$new"; psql "$DATABASE_URL" --quiet --command "DROP DATABASE $scratch WITH (FORCE)"' EXIT

# Common and plain, in order of their numbers.
for file in $(printf '%s\n' migrations/common/*.sql migrations/plain/*.sql | awk -F/ '{ print $NF, $0 }' | sort | cut -d' ' -f2); do
    psql "$scratch_url" --quiet --no-psqlrc --set ON_ERROR_STOP=1 --single-transaction --file "$file" >/dev/null
done

# The macros describe their queries only while they are expanded: make the crate look changed.
touch aggregator/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$new" DATABASE_URL="$scratch_url" \
    cargo check --quiet --package edgewatch-aggregator --all-targets

if [ "${1:-}" = --check ]; then
    diff --recursive --brief aggregator/.sqlx "$new" && echo "aggregator/.sqlx is up to date" && exit
    echo "aggregator/.sqlx is not up to date: run aggregator/prepare-queries.sh and commit it" >&2
    exit 1
fi
# Those that are in use stay in place all the while: somebody may be building.
mkdir -p aggregator/.sqlx
cp "$new"/query-*.json aggregator/.sqlx/
for file in aggregator/.sqlx/query-*.json; do
    [ -e "$new/${file##*/}" ] || rm "$file"
done
echo "aggregator/.sqlx: $(find aggregator/.sqlx -name 'query-*.json' | wc -l) queries"
