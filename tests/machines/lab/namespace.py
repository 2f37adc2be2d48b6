"""The lab's network namespace. There is one on a machine, so only one program may use the lab at a time."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from paths import HOST, NAMESPACE, REPOSITORY

from problem import Problem

LOCK = Path('/run/lock/ironic-machines')


@contextlib.contextmanager
def exclusive():
    """Holds the lab, and gives the file descriptor of the lock."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with open(LOCK, 'a+') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Problem(f'The lab is in use by {lock.read()}. Wait until that ends.') from None
        lock.truncate(0)
        lock.write(f'process {os.getpid()}, "{" ".join(sys.argv[1:])}" in {REPOSITORY}')
        lock.flush()
        yield lock.fileno()


def add():
    ip('netns', 'add', NAMESPACE)
    for command in ('link set lo up', 'link add br0 type bridge', f'address add {HOST}/24 dev br0', 'link set br0 up'):
        ip('-n', NAMESPACE, *command.split())


def ip(*arguments):
    return subprocess.run(['ip', *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def exists():
    return Path('/run/netns', NAMESPACE).exists()


def processes():
    """Everything that runs in the namespace was started by this lab, the virtual machine included."""
    return [int(pid) for pid in ip('netns', 'pids', NAMESPACE).split()] if exists() else []


def clear():
    """Ends every process in the namespace, and deletes it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + 10
        while processes() and time.monotonic() < deadline:
            time.sleep(0.1)
    if processes():
        raise Problem(f'These processes of the lab do not end: {processes()}.')
    if exists():
        ip('netns', 'delete', NAMESPACE)
