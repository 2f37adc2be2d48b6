#!/bin/sh
# Process 1 of the ramdisk: devices, network, then the agent for ever.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /run /tmp
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/mounts /etc/mtab
exec < /dev/null > /dev/console 2>&1
hostname agent

for module in virtio_pci virtio_net virtio_blk virtio_scsi virtio_rng sd_mod sr_mod isofs vfat nls_ascii nls_cp437 efivarfs; do
  modprobe -q "$module"
done
/lib/systemd/systemd-udevd --daemon
udevadm trigger --type=subsystems --action=add
udevadm trigger --type=devices --action=add
udevadm settle -t 60
mount -t efivarfs efivars /sys/firmware/efi/efivars

cat > /run/lease << 'SCRIPT'
#!/bin/sh
case $1 in
  bound | renew)
    ip address flush dev "$interface"
    ip address add "$ip/${mask:-24}" dev "$interface"
    [ -z "$router" ] || ip route replace default via "$router"
    ;;
esac
SCRIPT
chmod +x /run/lease
ip link set lo up
for path in /sys/class/net/e*; do
  ip link set "${path##*/}" up
  busybox udhcpc -i "${path##*/}" -s /run/lease -t 5 -T 2 -b -S
done

while :; do
  python3 /opt/agent/bin/ironic-python-agent --config-dir /etc/ironic-python-agent
  echo "The agent ended with $?."
  sleep 3
done
