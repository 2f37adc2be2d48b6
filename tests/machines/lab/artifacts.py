"""What the lab needs before it can start: packages, and a ramdisk and an image made of packages."""

import concurrent.futures
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from paths import HERE, HOME

import installation
import versions
from problem import Problem, Unavailable

BUILD = HERE / 'build'
UNSHARED = ['unshare', '--mount', '--propagation', 'private']
DEBIAN_PYTHON = Path('/usr/bin/python3')
LIBVIRT_MODULES = '/usr/lib/python3/dist-packages'

# Each Debian package, and a file that shows that it is there.
PACKAGES = {
    **installation.TOOLS,
    'cpio': '/usr/bin/cpio',
    'dnsmasq-base': '/usr/sbin/dnsmasq',
    'dosfstools': '/usr/sbin/mkfs.vfat',
    'fdisk': '/usr/sbin/sfdisk',
    'grub-common': '/usr/bin/grub-mkstandalone',
    'grub-efi-amd64-bin': '/usr/lib/grub/x86_64-efi/normal.mod',
    'iproute2': '/usr/bin/ip',
    'kmod': '/usr/sbin/depmod',
    'libvirt-clients': '/usr/bin/virsh',
    'libvirt-daemon': '/usr/sbin/libvirtd',
    'libvirt-daemon-driver-qemu': '/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so',
    'mmdebstrap': '/usr/bin/mmdebstrap',
    'mtools': '/usr/bin/mcopy',
    'openssh-client': '/usr/bin/ssh',
    'ovmf': '/usr/share/OVMF/OVMF_CODE_4M.fd',
    'python3-libvirt': f'{LIBVIRT_MODULES}/libvirt.py',
    'python3-venv': '/usr/lib/python3.11/ensurepip/__init__.py',
    'qemu-system-x86': '/usr/bin/qemu-system-x86_64',
}


def timed(what, make, *arguments):
    begun = time.monotonic()
    made = make(*arguments)
    print(f'{time.monotonic() - begun:5.0f} s  {what}', file=sys.stderr, flush=True)
    return made


def require_this_machine():
    release = platform.freedesktop_os_release().get('VERSION_CODENAME') if sys.platform == 'linux' else None
    if os.geteuid() != 0 or release != versions.DEBIAN or platform.machine() != 'x86_64':
        raise Unavailable(f'The lab of machines needs root on Debian {versions.DEBIAN}, x86_64.')
    if subprocess.run([*UNSHARED, '--net', 'true'], stderr=subprocess.DEVNULL).returncode:
        raise Unavailable('The lab of machines needs the right to make network and mount namespaces.')


def install():
    """Returns the Python of the newest Ironic and that of the BMCs."""
    HOME.mkdir(parents=True, exist_ok=True)
    with installation.exclusive(HOME / 'lock'):
        timed('Debian packages', installation.install_packages, PACKAGES, HOME / 'apt.log')
    ironic = timed('Ironic from PyPI', installation.install, 'newest', HOME)
    return ironic, timed('sushy-tools from PyPI', install_bmc)


def install_bmc():
    with installation.exclusive(HOME / 'lock'):
        python = installation.install_from_pypi('sushy-tools', versions.SUSHY_TOOLS, HOME, DEBIAN_PYTHON)
        # After its own packages it looks among Debian's: libvirt's module is there, and not on PyPI.
        for folder in (python.parents[1] / 'lib').glob('python3.*'):
            (folder / 'site-packages' / 'debian.pth').write_text(LIBVIRT_MODULES)
    return python


def build(python):
    """Returns the folders of the ramdisk and of the image. What was made before, of the same, is in the cache."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(lambda name: timed(f'the {name}', cached, name, python), ('ramdisk', 'image')))


def cached(name, python):
    made_of = {'DEBIAN': versions.DEBIAN, 'AGENT': ' '.join(versions.AGENT)}
    scripts = (BUILD / script for script in ('common.sh', 'init.sh', f'{name}.sh'))
    files = [*scripts, installation.CONSTRAINTS]
    key = hashlib.sha256(repr((made_of, [file.read_text() for file in files])).encode()).hexdigest()[:16]
    cache = cache_folder()
    folder = cache / f'{name}-{key}'
    cache.mkdir(parents=True, exist_ok=True)
    with installation.exclusive(cache / f'{name}.lock'):
        if not folder.exists():
            partial = cache / f'{name}-partial'
            # Nothing but what this function made before. The user may have chosen a folder with other files.
            for older in cache.iterdir():
                if older == partial or re.fullmatch(f'{name}-[0-9a-f]{{16}}', older.name):
                    shutil.rmtree(older)
            partial.mkdir()
            log = cache / f'{name}.log'
            with open(log, 'w') as output:
                # mmdebstrap mounts /proc and more, which must not show up in the machine's own mounts.
                made = subprocess.run([*UNSHARED, 'bash', BUILD / f'{name}.sh'], stdin=subprocess.DEVNULL,
                                      stdout=output, stderr=output,
                                      env={**os.environ, **made_of, 'OUTPUT': partial, 'PYTHON': python,
                                           'CONSTRAINTS': installation.CONSTRAINTS})
            if made.returncode:
                raise Problem(f'The {name} could not be made: see {log}, which ends with:\n{log.read_text()[-1500:]}')
            partial.rename(folder)
    return folder


def cache_folder():
    chosen = os.environ.get('IRONIC_LAB_CACHE')
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'ironic-mcp'
