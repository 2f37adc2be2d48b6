#!/usr/bin/env python3
"""Installs everything for the lane with real clouds. If this machine cannot have it, this says why and exits with 77."""

import sys

import installation
from ironic_lab import HOME
from problem import Problem, SKIPPED, Unavailable


def main():
    try:
        # First, because it needs the most from apt.
        installation.install_openstack(HOME)
        for release in ('debian', 'newest'):
            installation.install(release, HOME)
    except Unavailable as problem:
        print(f'Skipped: {problem}', file=sys.stderr)
        sys.exit(SKIPPED)
    except Problem as problem:
        sys.exit(str(problem))


if __name__ == '__main__':
    main()
