"""Servers as background processes. Each has its own process group, named by the process id of its leader."""

import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from problem import Problem

RUN = Path(__file__).parent / 'inside' / 'run.py'


def create_database(python, state):
    with open(state / 'dbsync.log', 'w') as log:
        made = subprocess.run(command(python, state, 'dbsync') + ['create_schema'], env=environment(state),
                              stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    if made.returncode:
        raise Problem(f'Ironic could not create its database: see {log.name}.')
    write_ahead(state / 'ironic.sqlite')


def write_ahead(path):
    """Makes readers no longer wait for the writer. SQLite keeps this setting in the file."""
    database = sqlite3.connect(path)
    database.execute('pragma journal_mode = wal')
    database.close()


def start(python, state):
    return launch(command(python, state, 'singleprocess'), state, environment(state), 'ironic.out')


def launch(command, folder, environment, output):
    with open(folder / output, 'a') as stream:
        leader = subprocess.Popen(command, env=environment, cwd=folder, start_new_session=True,
                                  stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    (folder / 'pid').write_text(f'{leader.pid}\n')
    return leader


def stop(state, kill=False):
    """Ends the process group that this folder has on record, if it is still the same group."""
    group = recorded_group(state)
    if members(group, state):
        if not kill:
            signal_group(group, signal.SIGTERM)
            wait_until_gone(group, state, seconds=15)
        signal_group(group, signal.SIGKILL)
        if not wait_until_gone(group, state, seconds=5):
            raise Problem(f'Process group {group} does not end.')
    (state / 'pid').unlink(missing_ok=True)


def is_running(state):
    return bool(members(recorded_group(state), state))


def recorded_group(state):
    try:
        return int((state / 'pid').read_text())
    except (FileNotFoundError, ValueError):
        return None


def members(group, state):
    """The group's processes. Process ids are reused, so only processes in this folder count."""
    found = []
    for process in Path('/proc').iterdir():
        if group and process.name.isdigit():
            try:
                # Command line and environment are no help, because the newest Ironic overwrites both with a title.
                if os.getpgid(int(process.name)) == group and (process / 'cwd').samefile(state):
                    found.append(int(process.name))
            except (ProcessLookupError, FileNotFoundError, PermissionError):
                pass
    return found


def signal_group(group, number):
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass


def wait_until_gone(group, state, seconds):
    deadline = time.monotonic() + seconds
    while members(group, state):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def command(python, state, part):
    return [str(python), str(RUN), part, '--config-file', str(state / 'ironic.conf')]


def environment(state):
    # Without the variables that redirect Python or HTTP: Ironic must find its own modules, and only loopback.
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith('PYTHON') and not name.lower().endswith('_proxy')}
    return {**kept, 'PATH': kept.get('PATH', '/usr/bin:/bin') + ':/usr/sbin:/sbin',
            'PYTHONDONTWRITEBYTECODE': '1', 'IRONIC_LAB_ACCESS_LOG': str(state / 'access.log')}
