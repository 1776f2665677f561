#!/bin/bash
# Boots one host and boots it again when the host asks for it. Runs as `unshare -m --propagation private launch.sh`, so that
# all its mounts vanish with it. HOST, MACHINE, FOLDER, LOWER, ADDRESS, NETNS, GATEWAY, GROUP and PACKAGES are in the environment.
set -e
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup # a pure version 2 view, only in this mount namespace
mkdir -p "/sys/fs/cgroup/$GROUP"
echo $$ > "/sys/fs/cgroup/$GROUP/cgroup.procs"
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$FOLDER/disk/up,workdir=$FOLDER/disk/wk" "$FOLDER/root"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
while :; do
    rc=0
    # the network namespace outlives the guest: a real reboot forgets firewall rules and bridges
    nsenter "--net=/run/netns/$NETNS" sh -c "nft flush ruleset
        for i in \$(ip -br link | cut -d' ' -f1 | cut -d@ -f1); do
            case \$i in lo|eth0) ;; *) ip link del \$i 2>/dev/null ;; esac; done
        ip addr replace $ADDRESS/16 dev eth0; ip link set eth0 up; ip route replace default via $GATEWAY" || true
    systemd-nspawn --register=no --keep-unit --quiet --boot -D "$FOLDER/root" -M "$MACHINE" --hostname="$HOST" \
        "--network-namespace-path=/run/netns/$NETNS" --resolv-conf=off --timezone=off \
        --link-journal=no --console=pipe --capability=all --system-call-filter='add_key keyctl bpf open_by_handle_at' \
        "--bind=$FOLDER/containers:/var/lib/containers" "--bind-ro=$PACKAGES:/srv/labrepo" || rc=$?
    [ $rc = 133 ] || exit $rc # 133: the guest asked for a reboot
done
