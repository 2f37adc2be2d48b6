# Steps that both builds share. To source.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
work=$(mktemp -d "$OUTPUT/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# bootstrap FOLDER PACKAGE,… [OPTION…]: a Debian without documents in the folder.
bootstrap() {
  local folder=$1 packages=$2
  shift 2
  mmdebstrap --quiet --mode=root --variant=essential --skip=output/dev --include="$packages" \
    --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "5"' --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    "$@" "$DEBIAN" "$folder"
}

# boot_partition FILE MEBIBYTES CONFIGURATION: an EFI system partition with a GRUB that carries its configuration.
boot_partition() {
  local file=$1 size=$2 configuration=$3
  local modules='part_gpt iso9660 fat ext2 search search_label linux normal configfile test'
  printf '%s\n' "$configuration" > "$work/grub.cfg"
  grub-mkstandalone --format=x86_64-efi --output="$work/boot.efi" --modules="$modules" --install-modules="$modules" \
    --locales='' --fonts='' --themes='' "boot/grub/grub.cfg=$work/grub.cfg"
  truncate --size="${size}M" "$file"
  mkfs.vfat -n ESP "$file" > "$work/mkfs.log"
  mmd -i "$file" ::EFI ::EFI/BOOT
  mcopy -i "$file" "$work/boot.efi" ::EFI/BOOT/BOOTX64.EFI
}
