#!/usr/bin/env bash
# Writes the descriptions of all compile-time checked queries to aggregator/.sqlx, so that the crate builds without a
# database. Needs DATABASE_URL: a PostgreSQL server on which it may make (and drop) a scratch database; and psql.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATABASE_URL:?DATABASE_URL must name a PostgreSQL server, such as postgres://localhost/postgres}"

scratch="edgewatch_prepare_$$"
scratch_url="$(sed -E "s#(://[^/]+/)[^?]*#\1$scratch#" <<<"$DATABASE_URL")"
psql "$DATABASE_URL" --quiet --set ON_ERROR_STOP=1 --command "CREATE DATABASE $scratch"
trap 'psql "$DATABASE_URL" --quiet --command "DROP DATABASE $scratch WITH (FORCE)"' EXIT

# Common and plain, in order of their numbers.
for file in $(printf '%s\n' migrations/common/*.sql migrations/plain/*.sql | awk -F/ '{ print $NF, $0 }' | sort | cut -d' ' -f2); do
    psql "$scratch_url" --quiet --no-psqlrc --set ON_ERROR_STOP=1 --single-transaction --file "$file" >/dev/null
done

rm -rf aggregator/.sqlx
mkdir -p aggregator/.sqlx
# The macros describe their queries only while they are expanded: make the crate look changed.
touch aggregator/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$PWD/aggregator/.sqlx" DATABASE_URL="$scratch_url" \
    cargo check --quiet --package edgewatch-aggregator --all-targets
echo "aggregator/.sqlx: $(find aggregator/.sqlx -name 'query-*.json' | wc -l) queries"
