#!/usr/bin/env python3
"""Prints the state machine of an installed Ironic as JSON, or writes it to a golden file named after its version."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import installation
from ironic_lab import HOME
from problem import Problem

SCRIPT = Path(__file__).resolve().parent / 'inside' / 'dump_state_machine.py'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--release', choices=['debian', 'newest'], default='debian', help='which Ironic')
    parser.add_argument('--cache', type=Path, default=HOME, help='folder for the installed newest release')
    parser.add_argument('--golden', type=Path, help='folder to keep it in')
    options = parser.parse_args()
    try:
        python = installation.install(options.release, options.cache.absolute())
        dump = state_machine(python)
    except Problem as problem:
        sys.exit(str(problem))
    if options.golden:
        (options.golden / f'ironic-{installation.version(python)}-fsm.json').write_text(dump)
    else:
        sys.stdout.write(dump)


def state_machine(python):
    # Isolated and in a neutral folder, so that Ironic finds its own modules.
    with tempfile.TemporaryDirectory() as folder:
        dumped = subprocess.run([python, '-I', SCRIPT], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                                text=True)
    if dumped.returncode:
        raise Problem(f'The state machine cannot be read: {dumped.stderr.strip().splitlines()[-1]}')
    return dumped.stdout


if __name__ == '__main__':
    main()
