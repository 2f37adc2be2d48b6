#!/usr/bin/env python3
"""Installs everything for the lane with real clouds. If this machine cannot have it, this says why and exits with 77."""

import installation
from ironic_lab import HOME
from problem import installs


def main():
    # First, because it needs the most from apt.
    installation.install_openstack(HOME)
    for release in ('debian', 'newest'):
        installation.install(release, HOME)


if __name__ == '__main__':
    installs(main)
