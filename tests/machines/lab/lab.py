#!/usr/bin/env python3
"""Brings up a real Ironic with one virtual machine that boots, and takes them down again. See docs/lab.md."""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from paths import FILES, HOST, IMAGES, IRONIC, LIBVIRT, NAMESPACE, STATE

import artifacts
import installation
import machine
import services
from artifacts import timed
from problem import SKIPPED, Problem, Unavailable

RESULT = STATE / 'lab.json'
IMAGE = 'debian'


def main():
    options = parse_arguments()
    try:
        artifacts.require_this_machine()
        if options.action == 'install':
            artifacts.install()
        elif options.action == 'up':
            print(json.dumps(up(options)))
        elif options.action == 'start':
            start(options)
        else:
            down()
    except Unavailable as problem:
        print(f'Skipped: {problem}', file=sys.stderr)
        sys.exit(SKIPPED)
    except Problem as problem:
        sys.exit(str(problem))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('action', choices=['install', 'up', 'start', 'down'],
                        help='install: only packages; start: the part of `up` inside the namespace')
    parser.add_argument('--callback-timeout', type=int, default=600,
                        help='seconds in `wait call-back` until Ironic gives up')
    return parser.parse_args()


def up(options):
    """Says where everything is, and whether it has been started now."""
    if RESULT.exists() and processes():
        return {**json.loads(RESULT.read_text()), 'started': False}
    down()
    python, bmc_python = artifacts.install()
    ramdisk, image = artifacts.build(bmc_python)
    # Anybody who can open libvirt's socket in it can become root.
    STATE.mkdir(mode=0o700, parents=True)
    try:
        timed('network', add_network)
        command = [sys.executable, __file__, 'start', '--callback-timeout', str(options.callback_timeout)]
        inside = subprocess.run(['ip', 'netns', 'exec', NAMESPACE, *command], text=True,
                                input=json.dumps([str(path) for path in (python, bmc_python, ramdisk, image)]))
        if inside.returncode:
            raise Problem('The lab did not start.')
    except BaseException:
        down(keep_logs=True)
        raise
    return {**json.loads(RESULT.read_text()), 'started': True}


def start(options):
    python, bmc_python, ramdisk, image = (Path(path) for path in json.load(sys.stdin))
    # For the servers, some of which leave files there.
    os.environ['TMPDIR'] = str(STATE / 'temporary')
    (STATE / 'temporary').mkdir()
    api = timed('servers', services.start, python, bmc_python, ramdisk, options.callback_timeout)
    timed('machine', add_machine, api)
    (FILES / 'debian.qcow2').symlink_to(image / 'debian.qcow2')
    checksum = hashlib.sha256((image / 'debian.qcow2').read_bytes()).hexdigest()
    catalogue = STATE / 'images.json'
    catalogue.write_text(json.dumps({IMAGE: {
        'source': f'{IMAGES}/debian.qcow2', 'os_hash_algo': 'sha256', 'os_hash_value': checksum,
        'disk_format': 'qcow2'}}))
    RESULT.write_text(json.dumps({
        'endpoint': IRONIC, 'namespace': NAMESPACE, 'version': installation.version(python),
        'access_log': f'{STATE}/ironic/access.log', 'catalogue': str(catalogue), 'image': IMAGE, 'state': str(STATE),
        'images': IMAGES, 'files': str(FILES), 'libvirt': LIBVIRT,
        'machine': {'name': machine.NAME, 'uuid': machine.UUID, 'resource_class': machine.RESOURCE_CLASS,
                    'address': services.ADDRESS, 'mac': services.MAC, 'user': 'debian'}}))


def add_network():
    subprocess.run(['ip', 'netns', 'add', NAMESPACE], check=True)
    for command in ('link set lo up', 'link add br0 type bridge', f'address add {HOST}/24 dev br0', 'link set br0 up'):
        subprocess.run(['ip', '-n', NAMESPACE, *command.split()], check=True)


def add_machine(api):
    machine.define()
    machine.enrol(api)


def processes():
    """Everything that runs in the namespace was started by this lab, the virtual machine included."""
    listed = subprocess.run(['ip', 'netns', 'pids', NAMESPACE], capture_output=True, text=True)
    return [int(pid) for pid in listed.stdout.split()]


def down(keep_logs=False):
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        for pid in processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + patience
        while processes() and time.monotonic() < deadline:
            time.sleep(0.1)
    if processes():
        raise Problem(f'These processes of the lab do not end: {processes()}.')
    subprocess.run(['ip', 'netns', 'delete', NAMESPACE], stderr=subprocess.DEVNULL)
    RESULT.unlink(missing_ok=True)
    if not keep_logs:
        shutil.rmtree(STATE, ignore_errors=True)


if __name__ == '__main__':
    main()
