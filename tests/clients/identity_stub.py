"""A stand-in for Keystone, for suites that insist on one: every sign-in succeeds, and the catalog has only Ironic."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class IdentityStub(ThreadingHTTPServer):

    def __init__(self, baremetal):
        super().__init__(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server_port}/v3'
        self.catalog = [service('identity', self.url), service('baremetal', baremetal)]
        threading.Thread(target=self.serve_forever, daemon=True).start()


def service(kind, url):
    endpoints = [{'id': f'{kind}-{interface}', 'interface': interface, 'region': 'RegionOne', 'region_id': 'RegionOne',
                  'url': url} for interface in ('public', 'internal', 'admin')]
    return {'id': kind, 'type': kind, 'name': kind, 'endpoints': endpoints}


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        url = self.server.url
        self.answer(200, {'version': {'id': 'v3.14', 'status': 'stable', 'links': [{'rel': 'self', 'href': url}]}})

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers['Content-Length'])))['auth']
        user = sent['identity']['password']['user']
        domain = {'id': 'default', 'name': 'Default'}
        scope = sent.get('scope', {})
        at = {'system': {'all': True}} if 'system' in scope else {'project': {
            'id': 'project', 'name': scope.get('project', {}).get('name', 'project'), 'domain': domain}}
        self.answer(201, {'token': {
            'methods': ['password'], 'roles': [{'id': 'admin', 'name': 'admin'}], 'catalog': self.server.catalog,
            'user': {'id': 'user', 'name': user.get('name', 'user'), 'domain': domain}, **at,
            'issued_at': '2020-01-01T00:00:00.000000Z', 'expires_at': '2099-01-01T00:00:00.000000Z'}})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('X-Subject-Token', 'stub')
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass
