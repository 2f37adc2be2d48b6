#!/usr/bin/env python3
"""Installs everything that the lane with real clouds needs. Exits with 77, and says why, if this machine cannot have it."""

import sys

import installation
from ironic_lab import HOME
from problem import Problem, SKIPPED, Unavailable


def main():
    try:
        # First, because it asks apt for the most.
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
