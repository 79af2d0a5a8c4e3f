#!/bin/sh
# Gives systemd a cgroup tree of its own, so that several servers can stand beside each other on one machine. The name is
# new at each boot, because a tree that was used has controllers switched on and refuses processes.
set -eu
tree="/cg/$SERVER_NAME-$(date +%s%N)"
mkdir "$tree"
echo $$ > "$tree/cgroup.procs"
# systemd units do not see the container's environment: the registry's place goes into a file.
mkdir -p /etc/systemd/system/registry-proxy.socket.d
printf '[Socket]\nListenStream=127.0.0.1:%s\n' "$REGISTRY_PORT" > /etc/systemd/system/registry-proxy.socket.d/port.conf
printf 'REGISTRY=%s\n' "$REGISTRY_HOST:5443" > /etc/registry-proxy.env
exec unshare -C sh -c 'umount /cg; umount -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec /lib/systemd/systemd'
