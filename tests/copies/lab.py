#!/usr/bin/env python3
"""Three copies of ironic-mcp and an Ironic of several processes, each killed in turn. See docs/copies.md."""

import argparse
import os

from paths import HERE, HOME

import installation
from problem import installs

PACKAGES = {
    'haproxy': '/usr/sbin/haproxy',
    'mariadb-server': '/usr/sbin/mariadbd',
    'python3-pymysql': '/usr/lib/python3/dist-packages/pymysql/__init__.py',
}


def main():
    parser = argparse.ArgumentParser(prog='npm run lab:copies --', description=__doc__)
    parser.add_argument('--seconds', type=int, default=300, help='how long the callers begin deployments (300)')
    parser.add_argument('--callers', type=int, default=200, help='how many there are (200)')
    parser.add_argument('--nodes', type=int, default=240, help='how many nodes Ironic has; seven of ten are free (240)')
    options = parser.parse_args()
    installs(install)
    # Namespaces of its own: no port of the machine is used, and whatever happens, all processes end with this one.
    namespaces = ['unshare', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
    told = [str(number) for number in (options.nodes, options.callers, options.seconds)]
    os.execvp(namespaces[0], [*namespaces, str(installation.DEBIAN_PYTHON), str(HERE / 'run.py'), *told])


def install():
    installation.install('debian', HOME)
    installation.install_packages(PACKAGES, HOME / 'apt.log')


if __name__ == '__main__':
    main()
