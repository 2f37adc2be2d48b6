#!/usr/bin/env python3
"""Installs Debian's Chromium for the browser lane. If this machine cannot have it, this says why and exits with 77."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'real' / 'ironic'))
sys.dont_write_bytecode = True

import installation  # noqa: E402
from ironic_lab import HOME  # noqa: E402
from problem import installs  # noqa: E402

CHROMIUM = {
    'chromium': '/usr/bin/chromium',
    'fonts-dejavu-core': '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
}


def main():
    HOME.mkdir(parents=True, exist_ok=True)
    with installation.exclusive(HOME / 'lock'):
        installation.install_packages(CHROMIUM, HOME / 'apt.log')


if __name__ == '__main__':
    installs(main)
