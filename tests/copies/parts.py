"""The servers of the lab. All of them run in its namespaces, and each can be killed and started again."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from types import SimpleNamespace

from paths import CONDUCTORS, DATABASE, FRONT, HERE, IRONIC, REPOSITORY, STATE

import configuration
import process
from problem import Problem
from rest import Rest

# Only for a server that hangs, because a busy machine is no defect.
START_SECONDS = 120
# A conductor that is silent for so long counts as dead, and the other one takes its nodes over. Ironic's default is 60.
HEARTBEAT_TIMEOUT = 20
# More than a conductor has at a time.
DEPLOYMENTS = 200


class Part:
    """One server, in a process group of its own."""

    def __init__(self, name, command, answers, environment=()):
        self.name = name
        self._command = [str(word) for word in command]
        self._answers = answers
        self._environment = dict(environment)
        self._folder = STATE / name
        self._folder.mkdir(exist_ok=True)
        self._leader = None

    def start(self):
        environment = {**process.environment(self._folder), **self._environment}
        self._leader = process.launch(self._command, self._folder, environment, 'log')

    def wait(self):
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._leader.poll() is not None or time.monotonic() > deadline:
                raise Problem(f'{self.name} does not start: see {self._folder}/log.')
            time.sleep(0.1)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._leader.pid, signal.SIGKILL)
        self._leader.wait()


def accepts(host, port):
    def answers():
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((host, port)) == 0
    return answers


def answers_at(url):
    return Rest(url).answers


def database():
    data = STATE / 'mariadb' / 'data'
    data.parent.mkdir()
    # Another file than the machine's own, in case that it has a MariaDB.
    made = subprocess.run(['mariadb-install-db', '--no-defaults', f'--datadir={data}', '--user=root', '--skip-test-db',
                           '--auth-root-authentication-method=normal'], capture_output=True, text=True)
    if made.returncode:
        raise Problem(f'MariaDB cannot be set up: {made.stderr[-500:]}')
    # What is committed survives the end of the process: the system has it.
    return Part('mariadb', ['mariadbd', '--no-defaults', '--user=root', f'--datadir={data}', '--bind-address=127.0.0.1',
                            f'--socket={DATABASE.socket}', '--max-connections=600', '--skip-name-resolve',
                            '--innodb-flush-log-at-trx-commit=2'], accepts('127.0.0.1', 3306))


def ironic_part(python, name, kind, settings, answers):
    folder = STATE / name
    folder.mkdir()
    extra = folder / 'extra.conf'
    extra.write_text(f"""\
[DEFAULT]
rpc_transport = json-rpc
{settings}
[database]
connection = {DATABASE.url}
# Longer than the database takes to start again.
max_retries = 60
retry_interval = 1
[conductor]
heartbeat_interval = 5
heartbeat_timeout = {HEARTBEAT_TIMEOUT}
check_provision_state_interval = 15
# A conductor that starts again gives up so many of the deployments that it was at, and leaves the others as they are for
# ever. Ironic's default is 8.
periodic_max_workers = {DEPLOYMENTS}
workers_pool_size = {2 * DEPLOYMENTS}
""")
    configuration.write(folder, SimpleNamespace(auth='noauth', callback_timeout=60, clean='false', deploy_delay=0,
                                                extra_config=extra), 6390 + int(name[-1]))
    return Part(name, process.command(python, folder, kind), answers)


def conductor(python, number):
    # An API process reaches a conductor at its name, and all of them at the same port.
    host = CONDUCTORS[number - 1]
    settings = f'host = {host}\n[json_rpc]\nauth_strategy = noauth\nhost_ip = {host}\nport = 8089'
    return ironic_part(python, f'conductor-{number}', 'conductor', settings, accepts(host, 8089))


def api(python, number):
    settings = '[json_rpc]\nauth_strategy = noauth\nport = 8089'
    return ironic_part(python, f'api-{number}', 'api', settings, answers_at(f'http://127.0.0.1:{6390 + number}'))


def copy(number):
    port = 7390 + number
    environment = {
        'OS_AUTH_TYPE': 'none', 'OS_ENDPOINT': IRONIC, 'IRONIC_MCP_IMAGE_CATALOG': str(STATE / 'images.json'),
        'IRONIC_MCP_ALLOW_DEPROVISION': 'true', 'IRONIC_MCP_AUDIT_LOG': str(STATE / f'copy-{number}' / 'audit.jsonl'),
    }
    command = [shutil.which('node'), REPOSITORY / 'bin' / 'ironic-mcp.js', 'http', '--port', port]
    return Part(f'copy-{number}', command, answers_at(f'http://127.0.0.1:{port}/healthz'), environment)


def balancers():
    environment = {'LISTEN': '127.0.0.1:7385', **{f'COPY_{number}': f'127.0.0.1:{7390 + number}' for number in (1, 2, 3)}}
    configurations = ['-f', REPOSITORY / 'examples' / 'copies' / 'haproxy.cfg', '-f', HERE / 'ironic.cfg']
    return Part('haproxy', [shutil.which('haproxy', path='/usr/sbin:/usr/bin'), '-db', *configurations],
                answers_at(f'{FRONT}/healthz'), environment)


def create_schema(python):
    log = STATE / 'dbsync.log'
    command = [*process.command(python, STATE / 'conductor-1', 'dbsync'), 'create_schema']
    with open(log, 'w') as output:
        if subprocess.run(command, env=process.environment(STATE), stdin=subprocess.DEVNULL, stdout=output,
                          stderr=output).returncode:
            raise Problem(f'Ironic could not create its tables: see {log}.')
