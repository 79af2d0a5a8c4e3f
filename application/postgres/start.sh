#!/bin/sh
# Makes the cluster and the database on the first start, aside and renamed, so that a killed first start begins again.
set -eu
data=/var/lib/postgresql/data
mkdir -p "$data" /var/run/postgresql
chown postgres: "$data" /var/run/postgresql
if [ ! -f "$data/pgdata/PG_VERSION" ]; then
  rm -rf "$data/making"
  install -d -o postgres -m 0700 "$data/making"
  cat "$POSTGRES_PASSWORD_FILE" > /run/password
  chown postgres: /run/password
  setpriv --reuid postgres --regid postgres --init-groups initdb --pgdata "$data/making" --username "$POSTGRES_USER" --pwfile /run/password --auth-host scram-sha-256 --auth-local trust --encoding UTF8 --locale C.UTF-8 >/dev/null
  rm /run/password
  echo "host all all all scram-sha-256" >> "$data/making/pg_hba.conf"
  echo "create database \"$POSTGRES_DB\"" | setpriv --reuid postgres --regid postgres --init-groups postgres --single -D "$data/making" postgres >/dev/null
  mv "$data/making" "$data/pgdata"
fi
exec setpriv --reuid postgres --regid postgres --init-groups postgres -D "$data/pgdata" -c listen_addresses='*'
