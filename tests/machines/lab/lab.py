#!/usr/bin/env python3
"""A real Ironic with one virtual machine that boots. See docs/lab.md."""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from paths import FAILED, FILES, HERE, HOST, IMAGES, IRONIC, LIBVIRT, NAMESPACE, REPOSITORY, STATE

import artifacts
import installation
import machine
import namespace
import services
from artifacts import timed
from problem import SKIPPED, Problem, Unavailable

RESULT = STATE / 'lab.json'
IMAGE = 'debian'
# Seconds in `wait call-back` until Ironic gives up. The tests of failures wait for it.
CALLBACK_TIMEOUTS = {'login': 600, 'all': 240, 'slow': 240, 'diagnose': 480, 'boot': 600}


def main():
    options = parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        artifacts.require_this_machine()
        sys.exit(ACTIONS[options.action](options))
    except Unavailable as problem:
        print(f'Skipped: {problem}', file=sys.stderr)
        sys.exit(SKIPPED)
    except Problem as problem:
        sys.exit(str(problem))


def parse_arguments():
    parser = argparse.ArgumentParser(prog='npm run lab:machines --', description=__doc__)
    actions = parser.add_subparsers(dest='action', required=True, metavar='ACTION')
    actions.add_parser('up', help='bring the lab up, and print the settings for an MCP client')
    actions.add_parser('ssh', help='deploy the machine with this program, and open a shell on it')
    actions.add_parser('down', help='stop everything, and delete all but the cache')
    actions.add_parser('install', help='only install what the lab needs')
    actions.add_parser('test', help='run tests/machines/TESTS.test.ts').add_argument(
        'tests', nargs='?', choices=list(CALLBACK_TIMEOUTS), default='login')
    # The part of `up` inside the namespace.
    actions.add_parser('start')
    return parser.parse_args()


def interrupted(number, _):
    """Ends this program with its clean-up. Another signal must not interrupt that."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def install(_):
    artifacts.install()


def up(_):
    with namespace.exclusive():
        lab, _ = bring_up(CALLBACK_TIMEOUTS['login'])
    settings = {'OS_AUTH_TYPE': 'none', 'OS_ENDPOINT': lab['endpoint'], 'IRONIC_MCP_IMAGE_CATALOG': lab['catalogue']}
    program = [shutil.which('node'), str(REPOSITORY / 'bin/ironic-mcp.js')]
    server = {'command': 'ip', 'args': ['netns', 'exec', NAMESPACE, *program], 'env': settings}
    print(f"Ironic {lab['version']}, with the machine {machine.NAME} and the image {IMAGE}. For an MCP client:",
          file=sys.stderr)
    print(json.dumps({'mcpServers': {'ironic': server}}, indent=2))


def down(_):
    with namespace.exclusive():
        take_down()


def ssh(_):
    with namespace.exclusive() as lock:
        lab, _ = bring_up(CALLBACK_TIMEOUTS['login'])
        return run_inside(lab, lock, 'node', HERE / 'shell.js')


def test(options):
    """Runs tests. A lab that was up before stays up."""
    with namespace.exclusive() as lock:
        lab, started = bring_up(CALLBACK_TIMEOUTS[options.tests])
        vitest = REPOSITORY / 'node_modules/vitest/vitest.mjs'
        status = 1
        try:
            status = run_inside(lab, lock, 'node', vitest, 'run', '--project', 'machines', f'machines/{options.tests}')
        finally:
            # The tests have shown the ends of the logs.
            if status:
                keep_logs()
            if started:
                take_down()
    return status


def run_inside(lab, lock, *command):
    """Runs a command in the namespace. It holds the lock as well, in case that it outlives this program."""
    return subprocess.run(['ip', 'netns', 'exec', NAMESPACE, *command], cwd=REPOSITORY, pass_fds=[lock],
                          env={**os.environ, 'MACHINES_LAB': json.dumps(lab)}).returncode


def bring_up(callback_timeout):
    """Says where everything is, and whether the lab was started now. A lab made of other files is made anew."""
    made_of = fingerprint(callback_timeout)
    if RESULT.exists() and namespace.processes():
        lab = json.loads(RESULT.read_text())
        if lab['made_of'] == made_of:
            return lab, False
    take_down()
    python, bmc_python = artifacts.install()
    ramdisk, image = artifacts.build(bmc_python)
    # Anybody who can open libvirt's socket in it can become root.
    STATE.mkdir(mode=0o700, parents=True)
    try:
        timed('network', namespace.add)
        command = [sys.executable, __file__, 'start']
        told = [str(python), str(bmc_python), str(ramdisk), str(image), callback_timeout, made_of]
        if subprocess.run(['ip', 'netns', 'exec', NAMESPACE, *command], text=True, input=json.dumps(told)).returncode:
            raise Problem('The lab did not start.')
    except BaseException:
        keep_logs(lines=8)
        take_down()
        raise
    return json.loads(RESULT.read_text()), True


def fingerprint(callback_timeout):
    """What the lab is made of: its files, the versions that it runs, and its options."""
    folders = (HERE, HERE / 'build', Path(installation.__file__).parent, installation.CONSTRAINTS.parent)
    files = sorted(path for folder in folders for path in folder.iterdir() if path.suffix in ('.py', '.sh', '.txt'))
    return hashlib.sha256(repr((callback_timeout, [path.read_text() for path in files])).encode()).hexdigest()


def start(_):
    *paths, callback_timeout, made_of = json.load(sys.stdin)
    python, bmc_python, ramdisk, image = (Path(path) for path in paths)
    # For the servers, some of which leave files there.
    os.environ['TMPDIR'] = str(STATE / 'temporary')
    (STATE / 'temporary').mkdir()
    api = timed('servers', services.start, python, bmc_python, ramdisk, callback_timeout)
    timed('machine', machine.add, api)
    (FILES / 'debian.qcow2').symlink_to(image / 'debian.qcow2')
    checksum = hashlib.sha256((image / 'debian.qcow2').read_bytes()).hexdigest()
    catalogue = STATE / 'images.json'
    catalogue.write_text(json.dumps({IMAGE: {
        'source': f'{IMAGES}/debian.qcow2', 'os_hash_algo': 'sha256', 'os_hash_value': checksum,
        'disk_format': 'qcow2'}}))
    RESULT.write_text(json.dumps({
        'endpoint': IRONIC, 'version': installation.version(python), 'made_of': made_of,
        'access_log': f'{STATE}/ironic/access.log', 'catalogue': str(catalogue), 'image': IMAGE, 'state': str(STATE),
        'images': IMAGES, 'files': str(FILES), 'libvirt': LIBVIRT,
        'machine': {'name': machine.NAME, 'uuid': machine.UUID, 'resource_class': machine.RESOURCE_CLASS,
                    'address': services.ADDRESS, 'mac': services.MAC, 'user': 'debian'}}))


def keep_logs(lines=0):
    """Keeps the logs of the last failure, and shows how each of them ends."""
    shutil.rmtree(FAILED, ignore_errors=True)
    FAILED.mkdir(mode=0o700)
    for log in sorted(file for pattern in ('log', '*.log', '*.out', 'console') for file in STATE.glob(f'*/{pattern}')):
        kept = FAILED / log.relative_to(STATE)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, kept)
        end = log.read_text(errors='replace').splitlines()[-lines:] if lines else []
        print(*(f'{log.parent.name}: {line[:200]}' for line in end), sep='\n', file=sys.stderr)
    print(f'The logs of the lab are in {FAILED}.', file=sys.stderr)


def take_down():
    namespace.clear()
    shutil.rmtree(STATE, ignore_errors=True)


ACTIONS = {'up': up, 'ssh': ssh, 'down': down, 'install': install, 'test': test, 'start': start}

if __name__ == '__main__':
    main()
