-- On plain PostgreSQL results wait for the rollups; continuous aggregates add them by themselves.
SELECT;
