#!/usr/bin/env bash
# Makes what a machine boots from its virtual CD: the kernel, a ramdisk with the deployment agent, and the boot partition
# that Ironic puts on the CD. The environment says OUTPUT (a folder), DEBIAN (a release), PYTHON (one with pip, of that
# release), AGENT (what pip installs) and CONSTRAINTS (a file for pip).
source "$(dirname "$0")/common.sh"
root=$work/root

# The kernel comes without its dependencies: nothing here needs another initramfs.
mkdir "$work/kernel"
fetch='cd "$KERNEL" && export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG && apt-get -qq download "$(apt-cache depends linux-image-cloud-amd64 | sed -n "s/.*Depends: //p" | head -n 1)"'
tools=mount,file,bsdextrautils,psmisc,procps,util-linux,udev,kmod,iproute2,iputils-ping,busybox,ca-certificates,openssl
disks=fdisk,parted,gdisk,dosfstools,e2fsprogs,qemu-utils,genisoimage,efibootmgr,hdparm,mdadm,nvme-cli,smartmontools
KERNEL=$work/kernel bootstrap "$root" "$tools,$disks,pciutils,dmidecode,lshw,python3,python3-pkg-resources" \
  --customize-hook="$fetch"
dpkg-deb --extract "$work"/kernel/*.deb "$work/kernel"
version=$(ls "$work/kernel/lib/modules")
cp "$work"/kernel/boot/vmlinuz-* "$OUTPUT/kernel"

# Only the modules that these machines and the agent use: a small ramdisk boots sooner.
depmod --basedir "$work/kernel" "$version"
for module in virtio_pci virtio_net virtio_blk virtio_scsi virtio_rng sd_mod sr_mod isofs vfat nls_ascii nls_cp437 \
  nls_utf8 ext4 efivarfs loop md_mod; do
  modprobe --dirname "$work/kernel" --set-version "$version" --show-depends "$module" | sed -n 's/^insmod //p'
done | sort --unique | while read -r file; do
  install -D --mode=644 "$file" "$root/${file#"$work/kernel/"}"
done
cp "$work/kernel/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} "$root/lib/modules/$version/"
depmod --basedir "$root" "$version"

"$PYTHON" -m pip install --quiet --constraint "$CONSTRAINTS" --target "$root/opt/agent" $AGENT
# The agent starts helpers without PYTHONPATH. A .pth file leads them to its packages as well.
echo /opt/agent > "$root/usr/lib/python3/dist-packages/agent.pth"
mkdir "$root/etc/ironic-python-agent"
# There is no systemd to ask for these. Without them, Ironic waits until the agent's last call times out.
for command in poweroff reboot; do
  printf '#!/bin/sh\nexec busybox %s -f\n' "$command" > "$root/usr/sbin/$command"
  chmod 755 "$root/usr/sbin/$command"
done
install --mode=755 "$(dirname "$0")/init.sh" "$root/init"
rm -rf "$root"/var/cache/* "$root"/var/lib/apt/lists "$root"/usr/share/{doc,info,locale,man,perl} "$root"/usr/lib/udev/hwdb.d

# gzip, because Ironic would unpack a ramdisk in zstd, and its CD would grow to the unpacked size.
(cd "$root" && find . -xdev | cpio --quiet --create --format=newc | gzip -4) > "$OUTPUT/ramdisk"
# By its label: a disk with Debian on it has a /vmlinuz as well.
boot_partition "$OUTPUT/cd-boot.img" 8 'search --no-floppy --label VMEDIA_BOOT_ISO --set root
configfile ($root)/boot/grub/grub.cfg'
