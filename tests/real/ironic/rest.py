"""An HTTP client with what the set-up of Keystone and Glance needs."""

import json
import urllib.error
import urllib.request

from inside.access_log import LAB_AGENT
from problem import Problem

PATIENCE_SECONDS = 60


class Rest:

    def __init__(self, base, token=None, headers=None):
        self._base = base
        # The proxies of the environment do not reach loopback.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._headers = {'User-Agent': LAB_AGENT, 'Accept': 'application/json', **(headers or {})}
        if token:
            self._headers['X-Auth-Token'] = token

    def answers(self):
        try:
            self._send('GET', '/', None, {})
        except urllib.error.HTTPError:
            pass
        except OSError:
            return False
        return True

    def call(self, method, path, body=None):
        """Sends JSON or raw bytes, and returns the body of the answer."""
        return self.exchange(method, path, body)[0]

    def exchange(self, method, path, body=None):
        """Like `call`, but returns a pair of body and headers."""
        kind = 'application/octet-stream' if isinstance(body, bytes) else 'application/json'
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            return self._send(method, path, data, {'Content-Type': kind})
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors='replace')
            raise Problem(f'{method} {self._base}{path} was answered {error.code}: {text}') from None
        except OSError as error:
            raise Problem(f'{method} {self._base}{path} was not answered: {error}') from None

    def _send(self, method, path, data, headers):
        request = urllib.request.Request(self._base + path, data, {**self._headers, **headers}, method=method)
        with self._opener.open(request, timeout=PATIENCE_SECONDS) as response:
            text = response.read()
            return json.loads(text) if text else None, response.headers
