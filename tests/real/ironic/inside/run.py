"""Runs a part of Ironic, with this folder's deploy interface and an access log around its API.

usage: run.py singleprocess|dbsync ARGUMENTS…     (the access log's path is in IRONIC_LAB_ACCESS_LOG)
"""

import importlib
import importlib.util
import os
import sys


def ironic_command(name):
    # The package was `cmd` until Ironic dropped eventlet. Import it before any other part of Ironic, because it decides
    # between green and real threads.
    package = 'ironic.command' if importlib.util.find_spec('ironic.command') else 'ironic.cmd'
    return importlib.import_module(package + '.' + name)


def log_access(path):
    # Only the newest Ironic has a setting for other middleware. All releases have this function.
    from access_log import AccessLog
    from ironic.api import app

    setup = app.setup_app
    app.setup_app = lambda *args, **kwargs: AccessLog(setup(*args, **kwargs), path)


def main():
    name, *arguments = sys.argv[1:]
    sys.argv = ['ironic', *arguments]
    command = ironic_command(name)
    if name == 'singleprocess':
        log_access(os.environ['IRONIC_LAB_ACCESS_LOG'])
    command.main()


if __name__ == '__main__':
    main()
