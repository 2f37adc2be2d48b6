"""Runs Keystone, Glance and Neutron in uwsgi, on loopback."""

import subprocess
import time
from pathlib import Path

import process
from problem import Problem
from rest import Rest

INSIDE = Path(__file__).parent / 'inside'
START_SECONDS = 60


def run(folder, command, log):
    """Runs a tool of the service to its end."""
    with open(folder / log, 'a') as output:
        done = subprocess.run(command, cwd=folder, env=process.environment(folder), stdin=subprocess.DEVNULL,
                              stdout=output, stderr=output)
    if done.returncode:
        raise Problem(f'{Path(command[0]).name} failed: see {folder / log}.')


def start(folder, application, ports, settings, processes=2):
    sockets = [word for port in ports for word in ('--http-socket', f'127.0.0.1:{port}')]
    command = ['/usr/bin/uwsgi', '--plugin', 'python3', *sockets, '--wsgi-file', str(INSIDE / application),
               '--pythonpath', str(INSIDE), '--master', '--die-on-term', '--need-app',
               '--processes', str(processes), '--enable-threads', '--lazy-apps', '--buffer-size', '65535', '--disable-logging',
               # uwsgi closes every connection after one answer, and this header tells clients so.
               '--add-header', 'Connection: close']
    return process.launch(command, folder, {**process.environment(folder), **settings}, 'uwsgi.out')


def wait_for_answer(server, url, folder):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if Rest(url).answers():
            return
        time.sleep(0.1)
    raise Problem(f'Nobody answers at {url}: see the logs in {folder}.')
