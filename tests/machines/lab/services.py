"""The lab's servers. They run inside the namespace, and see a libvirt of their own where the machine's would be."""

import subprocess
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

from paths import BMC, FILES, HOST, IMAGES, IRONIC, IRONIC_PORT, LIBVIRT, STATE

import configuration
import enrolment
import process
from ironic_lab import START_SECONDS, wait_for_answer
from problem import Problem
from rest import Rest

FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.fd'
FIRMWARE_VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd'
MAC = '52:54:00:99:00:01'
ADDRESS = '10.99.0.101'


def start(python, bmc_python, ramdisk, callback_timeout):
    """Starts all of them, and returns a client of Ironic."""
    start_libvirt()
    start_dhcp()
    start_files()
    start_bmc(bmc_python)
    return start_ironic(python, ramdisk, callback_timeout)


def launch(name, command):
    folder = STATE / name
    folder.mkdir(parents=True, exist_ok=True)
    return process.launch([str(part) for part in command], folder, process.environment(folder), 'log')


def wait_until(answers, server, name):
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if server.poll() is not None or time.monotonic() > deadline:
            raise Problem(f'{name} does not start: see {STATE / name / "log"}.')
        time.sleep(0.1)


def virsh(*arguments, check=True):
    return subprocess.run(['virsh', '--quiet', '--connect', LIBVIRT, *arguments], check=check, capture_output=True,
                          text=True)


def start_libvirt():
    folder = STATE / 'libvirt'
    # The mounts are this namespace's alone, so the machine's own libvirt, if it has one, is neither seen nor changed.
    for name, place in {'etc': '/etc/libvirt', 'lib': '/var/lib/libvirt', 'cache': '/var/cache/libvirt',
                        'run': '/run/libvirt'}.items():
        (folder / name).mkdir(parents=True)
        bind(folder / name, place)
    # libvirtd wants this user even if its machines run as root. Debian makes it in a package that wants systemd.
    for file, line in {'passwd': 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n',
                       'group': 'libvirt-qemu:x:64055:\n'}.items():
        text = open(f'/etc/{file}').read()
        (folder / file).write_text(text if 'libvirt-qemu:' in text else text + line)
        bind(folder / file, f'/etc/{file}')
    (folder / 'etc' / 'qemu.conf').write_text("""\
user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
namespaces = []
cgroup_controllers = []
remember_owner = 0
""")
    (folder / 'libvirtd.conf').write_text('auth_unix_rw = "none"\nauth_unix_ro = "none"\nunix_sock_group = "root"\n')
    server = launch('libvirt', ['libvirtd', '--config', folder / 'libvirtd.conf', '--pid-file', folder / 'run/pid'])
    wait_until(lambda: virsh('uri', check=False).returncode == 0, server, 'libvirt')
    (folder / 'pool').mkdir()
    virsh('pool-create-as', 'default', 'dir', '--target', str(folder / 'pool'))


def bind(source, place):
    if source.is_dir():
        subprocess.run(['mkdir', '-p', place], check=True)
    subprocess.run(['mount', '--bind', source, place], check=True)


def start_dhcp():
    server = launch('dhcp', ['dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--port=0', '--interface=br0',
                             '--bind-interfaces', '--dhcp-authoritative', '--dhcp-ignore-clid', '--user=root',
                             '--dhcp-range=10.99.0.100,10.99.0.199,255.255.255.0,1h', f'--dhcp-host={MAC},{ADDRESS}',
                             f'--dhcp-leasefile={STATE}/dhcp/leases'])
    log = STATE / 'dhcp' / 'log'
    wait_until(lambda: 'dnsmasq-dhcp: DHCP, sockets bound' in log.read_text(), server, 'dhcp')


def start_files():
    FILES.mkdir()
    server = launch('http', ['python3', '-m', 'http.server', '--bind', HOST, '--directory', FILES,
                             urlsplit(IMAGES).port])
    wait_until(Rest(f'{IMAGES}/nothing').answers, server, 'http')


def start_bmc(python):
    folder = STATE / 'bmc'
    folder.mkdir()
    (folder / 'htpasswd').write_text(configuration.BASIC_HTPASSWD)
    (folder / 'emulator.conf').write_text(f"""\
SUSHY_EMULATOR_LISTEN_IP = '{HOST}'
SUSHY_EMULATOR_LISTEN_PORT = {urlsplit(BMC).port}
SUSHY_EMULATOR_AUTH_FILE = '{folder}/htpasswd'
SUSHY_EMULATOR_LIBVIRT_URI = '{LIBVIRT}'
SUSHY_EMULATOR_STORAGE_POOL = 'default'
SUSHY_EMULATOR_STATE_DIR = '{folder}'
SUSHY_EMULATOR_BOOT_LOADER_MAP = {{'UEFI': {{'x86_64': '{FIRMWARE}'}}, 'Legacy': {{'x86_64': None}}}}
SUSHY_EMULATOR_SECURE_BOOT_DISABLED_NVRAM = '{FIRMWARE_VARIABLES}'
""")
    server = launch('bmc', [python.parent / 'sushy-emulator', '--config', folder / 'emulator.conf'])
    wait_until(Rest(f'{BMC}/redfish/v1').answers, server, 'bmc')


def start_ironic(python, ramdisk, callback_timeout):
    state = STATE / 'ironic'
    state.mkdir()
    # Nobody is there to choose at the boot menu.
    template = next(python.parents[1].glob('lib/python3*/site-packages/ironic/common/grub_conf.template'))
    (state / 'grub.template').write_text(template.read_text().replace('timeout=5', 'timeout=0'))
    settings = STATE / 'ironic-machines.conf'
    settings.write_text(f"""\
[DEFAULT]
my_ip = {HOST}
enabled_hardware_types = redfish
enabled_boot_interfaces = redfish-virtual-media
enabled_deploy_interfaces = direct
enabled_management_interfaces = redfish
enabled_power_interfaces = redfish
enabled_bios_interfaces = no-bios
enabled_console_interfaces = no-console
enabled_firmware_interfaces = no-firmware
enabled_inspect_interfaces = no-inspect
enabled_raid_interfaces = no-raid
enabled_rescue_interfaces = no-rescue
enabled_storage_interfaces = noop
enabled_vendor_interfaces = no-vendor
default_deploy_interface = direct
default_boot_mode = uefi
esp_image = {ramdisk}/cd-boot.img
grub_config_path = boot/grub/grub.cfg
grub_config_template = {state}/grub.template
tempdir = {state}

[agent]
image_download_source = http

[api]
host_ip = {HOST}
# The agent calls again after a third to a half of it.
ramdisk_heartbeat_timeout = {callback_timeout // 2}

[conductor]
check_provision_state_interval = 10
clean_callback_timeout = {callback_timeout}
deploy_kernel = file://{ramdisk}/kernel
deploy_ramdisk = file://{ramdisk}/ramdisk
file_url_allowed_paths = {ramdisk}
sync_power_state_interval = 30

[deploy]
http_root = {FILES}
http_url = {IMAGES}
default_boot_mode = uefi
erase_devices_priority = 0
erase_devices_metadata_priority = 10

[redfish]
use_swift = false
# On a busy machine an emulated timer fails the kernel's test of it, and the kernel panics.
kernel_append_params = console=ttyS0,115200 net.ifnames=0 no_timer_check

[service_catalog]
auth_type = none
endpoint_override = {IRONIC}
""")
    configuration.write(state, SimpleNamespace(auth='noauth', callback_timeout=callback_timeout, clean='false',
                                               deploy_delay=0, extra_config=settings), IRONIC_PORT)
    process.create_database(python, state)
    api = enrolment.Api(IRONIC)
    wait_for_answer(api, process.start(python, state), state)
    return api
