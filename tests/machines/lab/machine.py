"""The virtual machine: a domain of libvirt, switched off, and a node of Ironic that is free."""

import shutil
import subprocess

from paths import BMC, STATE
from services import FIRMWARE, FIRMWARE_VARIABLES, MAC, virsh

import configuration
import enrolment

NAME = 'vm1'
UUID = '00000000-0000-4000-8000-000000000001'
RESOURCE_CLASS = 'vm'
# The agent takes no disk of less than 4 GiB.
DISK = '4G'
MEMORY_MIB = 1536


def add(api):
    define()
    enrol(api)


def define():
    folder = STATE / NAME
    folder.mkdir()
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', folder / 'disk.qcow2', DISK], check=True)
    shutil.copy(FIRMWARE_VARIABLES, folder / 'firmware.fd')
    # virtio-scsi for the disk, and for the CD that the BMC will add: Debian's cloud kernel has no AHCI.
    (folder / 'domain.xml').write_text(f"""\
<domain type='qemu'>
  <name>{NAME}</name>
  <uuid>{UUID}</uuid>
  <memory unit='MiB'>{MEMORY_MIB}</memory>
  <vcpu>2</vcpu>
  <cpu mode='maximum'/>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader readonly='yes' type='pflash'>{FIRMWARE}</loader>
    <nvram template='{FIRMWARE_VARIABLES}'>{folder}/firmware.fd</nvram>
    <boot dev='hd'/>
  </os>
  <features><acpi/><apic/></features>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='scsi' model='virtio-scsi'/>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='unsafe' discard='unmap'/>
      <source file='{folder}/disk.qcow2'/>
      <target dev='sda' bus='scsi'/>
      <serial>{NAME}</serial>
    </disk>
    <interface type='bridge'>
      <mac address='{MAC}'/>
      <source bridge='br0'/>
      <model type='virtio'/>
    </interface>
    <serial type='file'><source path='{folder}/console' append='on'/></serial>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
""")
    virsh('define', str(folder / 'domain.xml'))


def enrol(api):
    api.call('POST', '/v1/nodes', {
        'uuid': UUID, 'name': NAME, 'driver': 'redfish', 'resource_class': RESOURCE_CLASS,
        'driver_info': {
            'redfish_address': BMC, 'redfish_system_id': f'/redfish/v1/Systems/{UUID}',
            'redfish_username': configuration.BASIC_USER, 'redfish_password': configuration.BASIC_PASSWORD},
        'properties': {'cpu_arch': 'x86_64', 'capabilities': 'boot_mode:uefi'},
    })
    api.call('POST', '/v1/ports', {'node_uuid': UUID, 'address': MAC})
    enrolment.provision(api, UUID, 'manage', 'manageable')
    enrolment.provision(api, UUID, 'provide', 'available')
