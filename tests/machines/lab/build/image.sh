#!/usr/bin/env bash
# Makes the image that is deployed: a small Debian with cloud-init and sshd, for UEFI, as a qcow2 of a whole disk. The
# environment says OUTPUT (a folder) and DEBIAN (a release). No loop devices: containers seldom have them.
source "$(dirname "$0")/common.sh"
root=$work/root
boot_mib=40
root_mib=900

bootstrap "$root" systemd-sysv,systemd-resolved,udev,dbus,iproute2,openssh-server,cloud-init,cloud-guest-utils,sudo,fdisk,e2fsprogs,linux-image-cloud-amd64,zstd,ca-certificates
# Locales are not there to generate, and RSA keys take an emulated processor long.
cat > "$root/etc/cloud/cloud.cfg.d/90_lab.cfg" << 'YAML'
locale: false
ssh_genkeytypes: [ed25519]
datasource_list: [ConfigDrive, None]
system_info:
  network: {renderers: [networkd]}
YAML
echo 'LABEL=system / ext4 errors=remount-ro 0 1' > "$root/etc/fstab"
echo localhost > "$root/etc/hostname"
: > "$root/etc/machine-id"
rm -rf "$root"/etc/ssh/ssh_host_* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
chroot "$root" systemctl --quiet enable systemd-networkd serial-getty@ttyS0.service

kernel=$(basename "$root"/boot/vmlinuz-*)
# no_timer_check: on a busy machine an emulated timer fails the kernel's test of it, and the kernel panics.
boot_partition "$work/boot.img" "$boot_mib" "search --no-floppy --label system --set root
linux /boot/$kernel root=LABEL=system ro console=tty0 console=ttyS0,115200 net.ifnames=0 no_timer_check
initrd /boot/initrd.img-${kernel#vmlinuz-}
boot"
truncate --size="${root_mib}M" "$work/root.img"
mke2fs -q -t ext4 -L system -m 1 -d "$root" "$work/root.img"
truncate --size="$((1 + boot_mib + root_mib + 1))M" "$work/disk.img"
sfdisk --quiet "$work/disk.img" << TABLE
label: gpt
start=1MiB, size=${boot_mib}MiB, type=uefi
size=${root_mib}MiB, type=linux
TABLE
dd status=none conv=notrunc,sparse bs=1M seek=1 if="$work/boot.img" of="$work/disk.img"
dd status=none conv=notrunc,sparse bs=1M seek=$((1 + boot_mib)) if="$work/root.img" of="$work/disk.img"
qemu-img convert -c -O qcow2 "$work/disk.img" "$OUTPUT/debian.qcow2"
