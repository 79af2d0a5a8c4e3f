#!/bin/sh
# The password comes by file; only its hash stays.
set -eu
htpasswd -Bci /run/htpasswd recoloca < /secret/password 2>/dev/null
exec docker-registry serve /etc/registry.yml
