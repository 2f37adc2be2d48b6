"""Keystone for uwsgi, on two ports: one for clients, and one for the cloud's own services.

Only the clients' port has the access log, so that their sign-ins can be counted, and the short-lived tokens.
"""

import os

from keystone import conf
from keystone.server import wsgi

from access_log import AccessLog

SERVICE_TOKEN_SECONDS = 3600

keystone = wsgi.initialize_public_application()
logged = AccessLog(keystone, os.environ['IRONIC_LAB_ACCESS_LOG'])


def application(environ, start_response):
    client = environ['SERVER_PORT'] == os.environ['IRONIC_LAB_CLIENT_PORT']
    # Safe, because a process serves one request at a time.
    conf.CONF.set_override('expiration', client_seconds() if client else SERVICE_TOKEN_SECONDS, group='token')
    return (logged if client else keystone)(environ, start_response)


def client_seconds():
    """Reads the lifetime for each token, because a test may change it."""
    with open(os.environ['IRONIC_LAB_TOKEN_LIFETIME']) as file:
        return int(file.read())
