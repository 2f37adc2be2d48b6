"""WSGI middleware: one line `METHOD path status` for each request that Ironic answers."""

import os
from urllib.parse import quote

# The lab's own requests, such as enrolment, are not logged, because they are not the client's.
LAB_AGENT = 'ironic-lab'


class AccessLog:

    def __init__(self, app, path):
        self._app = app
        # One unbuffered write in append mode stays whole, from any thread or process.
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def __call__(self, environ, start_response):
        if environ.get('HTTP_USER_AGENT') == LAB_AGENT:
            return self._app(environ, start_response)
        request = '%s %s' % (environ['REQUEST_METHOD'], target(environ))

        # Written before the answer leaves, so that a client with the answer also finds the line.
        def log_and_start(status, *rest):
            self._write(request, status.split()[0])
            return start_response(status, *rest)

        try:
            return self._app(environ, log_and_start)
        except Exception:
            self._write(request, '500')
            raise

    def _write(self, request, status):
        os.write(self._file, ('%s %s\n' % (request, status)).encode())


def target(environ):
    """The path and query as the client sent them. Each HTTP server keeps them in another place."""
    if 'REQUEST_URI' in environ:
        return environ['REQUEST_URI']
    path = environ.get('RAW_PATH_INFO') or quote(environ.get('PATH_INFO', '/'), encoding='latin-1')
    query = environ.get('QUERY_STRING')
    return '%s?%s' % (path, query) if query else path
