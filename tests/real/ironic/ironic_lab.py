#!/usr/bin/env python3
"""Starts and stops a real Ironic on loopback, with fake hardware. See README.md."""

import argparse
import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

import configuration
import enrolment
import installation
import process
from problem import Problem

HOME = Path(tempfile.gettempdir()) / 'ironic-lab'
# Only for a process that hangs, because a busy machine is no defect.
START_SECONDS = 180


def main():
    options = parse_arguments()
    try:
        if options.action == 'up':
            print(json.dumps(up(options)))
        else:
            process.stop(options.state, kill=options.kill)
    except Problem as problem:
        sys.exit(str(problem))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest='action', required=True)

    up = actions.add_parser('up', help='start an Ironic and print where it is, as one line of JSON',
                            formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    up.add_argument('--release', choices=['debian', 'newest'], default='debian', help='which Ironic')
    up.add_argument('--port', type=int, default=0, help='0: a free one')
    up.add_argument('--nodes', type=int, default=20, help='how many to enrol')
    up.add_argument('--state', type=Path, help=f'folder for everything that it writes (default: {HOME}/RELEASE)')
    up.add_argument('--cache', type=Path, default=HOME, help='folder for the installed newest release')
    up.add_argument('--deploy-interface', choices=['fake', 'staged', 'direct'], default='fake',
                    help='the deploy interface of the nodes, except for nodes that are already active')
    up.add_argument('--deploy-delay', type=int, default=1, help='seconds in each half of a fake deployment')
    up.add_argument('--callback-timeout', type=int, default=1800, help='seconds in `wait call-back` before it fails')
    up.add_argument('--clean', choices=['true', 'false'], default='false', help='clean between two deployments')
    up.add_argument('--auth', choices=['noauth', 'http_basic', 'keystone'], default='noauth',
                    help='keystone: enrols with the token in IRONIC_LAB_TOKEN')
    up.add_argument('--extra-config', type=Path, help='file to append to ironic.conf')
    up.add_argument('--keep-database', action='store_true', help='go on with the nodes, and the port, of the last time')

    down = actions.add_parser('down', help='stop it')
    down.add_argument('--state', type=Path, required=True)
    down.add_argument('--kill', action='store_true', help='at once, as in a power failure')

    options = parser.parse_args()
    options.state = (options.state or HOME / options.release).absolute()
    return options


def up(options):
    token = os.environ.get('IRONIC_LAB_TOKEN')
    if options.auth == 'keystone' and options.nodes and not token:
        raise Problem('To enrol nodes with --auth keystone, IRONIC_LAB_TOKEN must hold a token.')
    if options.extra_config and not options.extra_config.is_file():
        raise Problem(f'There is no file {options.extra_config}.')
    state = options.state
    state.mkdir(parents=True, exist_ok=True)

    with installation.exclusive(state / 'lock'):
        if process.is_running(state):
            raise Problem(f'An Ironic is running from {state} already: take it down first.')
        python = installation.install(options.release, options.cache.absolute())
        fresh = not (options.keep_database and (state / 'ironic.sqlite').exists())
        if fresh:
            forget_last_time(state)
        port = free_port(options.port or (0 if fresh else last_port(state)))
        configuration.write(state, options, port)
        if fresh:
            process.create_database(python, state)

        ironic = process.start(python, state)
        try:
            api = enrolment.Api(f'http://127.0.0.1:{port}', options.auth, token)
            api_version = wait_for_answer(api, ironic, state)
            if fresh:
                enrolment.enrol(api, options.nodes, options.deploy_interface)
        except BaseException:
            process.stop(state, kill=True)
            raise

        result = {
            'endpoint': f'http://127.0.0.1:{port}', 'release': options.release,
            'version': installation.version(python), 'api_version': api_version,
            'pid': ironic.pid, 'state': str(state), 'access_log': str(state / 'access.log'),
        }
        if options.auth == 'http_basic':
            result.update(username=configuration.BASIC_USER, password=configuration.BASIC_PASSWORD)
        (state / 'lab.json').write_text(json.dumps(result))
        return result


def forget_last_time(state):
    for name in ('ironic.sqlite', 'ironic.sqlite-shm', 'ironic.sqlite-wal', 'ironic.log', 'ironic.out', 'access.log'):
        (state / name).unlink(missing_ok=True)


def last_port(state):
    try:
        return int(json.loads((state / 'lab.json').read_text())['endpoint'].rpartition(':')[2])
    except FileNotFoundError:
        return 0


def free_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', port))
        except OSError as error:
            raise Problem(f'Port {port} on 127.0.0.1 cannot be used: {error.strerror}.') from None
        return probe.getsockname()[1]


def wait_for_answer(api, ironic, state):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and ironic.poll() is None:
        version = api.newest_version()
        if version:
            return version
        time.sleep(0.1)
    raise Problem(f'Ironic does not start: see ironic.out and ironic.log in {state}.')


if __name__ == '__main__':
    main()
