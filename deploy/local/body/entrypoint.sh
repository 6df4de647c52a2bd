#!/bin/bash
# Linux alone. First process of the stand-in for an instance: gives systemd the world it expects, then becomes systemd.
set -eu

# A host with cgroup v1 has cgroup v2 all the same, only not where containers look. systemd and podman want it as their root:
# make a leaf, move into it, and see it as the root of a namespace of one's own.
if [ "${1:-}" != inside ] && [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
    mkdir -p /run/cgroup2
    mount -t cgroup2 none /run/cgroup2
    leaf=/run/cgroup2/tocos-body-$(cat /proc/sys/kernel/random/uuid)
    mkdir "$leaf"
    echo $$ > "$leaf/cgroup.procs"
    umount /run/cgroup2
    exec unshare --cgroup "$0" inside
fi
if [ "${1:-}" = inside ]; then
    umount -R /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
    # That leaf has no pids controller to set a limit in.
    mkdir -p /etc/containers/containers.conf.d
    printf '[containers]\npids_limit = 0\n' > /etc/containers/containers.conf.d/body.conf
fi
# A body that was killed leaves podman's word for networks that are gone.
rm -rf /run/containers /run/netns /var/lib/containers/storage/networks/*.lock
exec env -i container=docker PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
