#!/bin/bash
# Run once by the PostgreSQL image, on an empty volume: a user and a database each for Causeway and
# for Prefect. Neither can see the other's.
set -euo pipefail

for name in causeway prefect; do
  variable="${name^^}_DB_PASSWORD"
  psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres \
    --set=name="$name" --set=password="${!variable}" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
