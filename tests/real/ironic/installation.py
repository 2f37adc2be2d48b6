"""Installs what Ironic needs before it can start."""

import contextlib
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import versions
from problem import Problem, Unavailable

DEBIAN_PYTHON = Path('/usr/bin/python3')
CONSTRAINTS = Path(__file__).parent / 'inside' / 'constraints.txt'

# Each Debian package, and a file that shows that the package or a substitute is installed.
IRONIC = {'python3-ironic': '/usr/lib/python3/dist-packages/ironic/version.py'}
TOOLS = {
    'genisoimage': '/usr/bin/mkisofs',  # config drives given as JSON
    'qemu-utils': '/usr/bin/qemu-img',  # images of the direct deploy interface
}
OPENSTACK = {
    'python3-keystone': '/usr/lib/python3/dist-packages/keystone/version.py',
    'python3-glance': '/usr/lib/python3/dist-packages/glance/version.py',
    'python3-neutron': '/usr/lib/python3/dist-packages/neutron/version.py',
    # The driver with which Neutron binds ports of bare metal.
    'python3-ironic-neutron-agent': '/usr/lib/python3/dist-packages/networking_baremetal/plugins/ml2/baremetal_mech.py',
    'uwsgi-core': '/usr/bin/uwsgi',
    'uwsgi-plugin-python3': '/usr/lib/uwsgi/plugins/python3_plugin.so',
}
TLS = {'openssl': '/usr/bin/openssl'}


def install(release, cache):
    """Installs the release if needed, and returns its Python."""
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / 'lock'):
        return install_debian(cache) if release == 'debian' else install_newest(cache)


def install_openstack(cache):
    """Installs everything for the cloud, including Debian's Ironic, with one run of apt instead of two."""
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / 'lock'):
        install_packages({**OPENSTACK, **IRONIC, **TOOLS, **TLS}, cache / 'apt.log')


@contextlib.contextmanager
def exclusive(path):
    """Holds a lock, because neither apt nor an unfinished virtual environment works for two processes."""
    with open(path, 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_debian(cache):
    install_packages({**IRONIC, **TOOLS}, cache / 'apt.log')
    return DEBIAN_PYTHON


def install_newest(cache):
    packages = dict(TOOLS)
    if not importlib.util.find_spec('ensurepip'):
        # Debian splits the standard library. The file is named after the version.
        packages['python3-venv'] = '/usr/lib/python3.%d/ensurepip/__init__.py' % sys.version_info.minor
    install_packages(packages, cache / 'apt.log')

    return install_from_pypi('newest', versions.IRONIC, cache)


def install_from_pypi(name, packages, cache, python=sys.executable):
    """Returns the Python of a virtual environment with these packages. It is made again when they change."""
    folder = cache / ('%s-python3.%d' % (name, sys.version_info.minor))
    complete = folder / 'complete'
    wanted = ' '.join(packages)
    if not complete.exists() or complete.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        log = cache / 'pip.log'
        if not (run([python, '-m', 'venv', folder], log) and
                run([folder / 'bin/python', '-m', 'pip', 'install', '--constraint', CONSTRAINTS, *packages], log)):
            raise Problem(f'{wanted} could not be installed from PyPI: see {log}.')
        complete.write_text(wanted)
    return folder / 'bin/python'


def install_packages(packages, log):
    missing = sorted(name for name, file in packages.items() if not os.path.exists(file))
    if not missing:
        return
    names = ' '.join(missing)
    if not shutil.which('apt-get'):
        raise Unavailable(f'Missing here, and this is not Debian to install them: {names}.')
    if os.geteuid() != 0:
        raise Unavailable(f'Missing here, and only root can install them: {names}.')
    # Without recommended packages: python3-ironic alone has all of Ironic's code, and asks no questions.
    apt = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', '--yes']
    command = [*apt, '--no-install-recommends', 'install', *missing]
    if not run(command, log) and not (run([*apt, 'update'], log) and run(command, log)):
        raise Problem(f'apt-get could not install {names}: see {log}.')


def run(command, log):
    with open(log, 'a') as output:
        environment = {**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'}
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                              env=environment).returncode == 0


def version(python):
    return subprocess.run([python, '-c', 'from importlib.metadata import version; print(version("ironic"))'],
                          check=True, capture_output=True, text=True).stdout.strip()
