"""Creates the nodes for the tests through Ironic's own API."""

import base64
import concurrent.futures
import json
import time
import urllib.error
import urllib.request
import uuid

import configuration
from inside.access_log import LAB_AGENT
from problem import Problem

# The first version that knows everything used here. Traits came last.
API_VERSION = '1.37'
PATIENCE_SECONDS = 60
# The newest Ironic has threads, and answers 500 with this text if it does not try again itself.
SQLITE_BUSY = 'database is locked'

CLASSES = {
    'baremetal.small': {'cpus': 8, 'memory_mb': 16384, 'local_gb': 240, 'cpu_arch': 'x86_64'},
    'baremetal.large': {'cpus': 64, 'memory_mb': 262144, 'local_gb': 1800, 'cpu_arch': 'x86_64'},
    'baremetal.gpu': {'cpus': 96, 'memory_mb': 524288, 'local_gb': 3600, 'cpu_arch': 'x86_64'},
}
GPU_TRAITS = ['CUSTOM_GPU', 'HW_CPU_X86_AVX2']


class Api:
    """An Ironic client with what enrolment needs."""

    def __init__(self, endpoint, auth='noauth', token=None):
        self._endpoint = endpoint
        # The proxies of the environment do not reach loopback.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._headers = {'User-Agent': LAB_AGENT, 'Content-Type': 'application/json', 'Accept': 'application/json',
                         'X-OpenStack-Ironic-API-Version': API_VERSION}
        if auth == 'http_basic':
            pair = f'{configuration.BASIC_USER}:{configuration.BASIC_PASSWORD}'
            self._headers['Authorization'] = 'Basic ' + base64.b64encode(pair.encode()).decode()
        if token:
            self._headers['X-Auth-Token'] = token

    def newest_version(self):
        """Ironic's highest microversion, or None while it does not answer."""
        try:
            return self._send('GET', '/')['versions'][0]['version']
        except OSError:
            return None

    def call(self, method, path, body=None):
        """Sends a request, and repeats it if the node is locked (409) or Ironic is busy."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._send(method, path, body)
            except urllib.error.HTTPError as error:
                text = error.read().decode(errors='replace')
                if not (error.code in (409, 503) or SQLITE_BUSY in text) or time.monotonic() > deadline:
                    raise Problem(f'Ironic answered {error.code} to {method} {path}: {text}') from None
            except OSError as error:
                raise Problem(f'Ironic did not answer {method} {path}: {error}') from None
            time.sleep(0.1)

    def wait(self, node, **wanted):
        """Waits until the node has these values and is not locked."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        fields = ','.join([*wanted, 'reservation', 'last_error'])
        while True:
            seen = self.call('GET', f'/v1/nodes/{node}?fields={fields}')
            if seen['reservation'] is None and all(seen[name] == value for name, value in wanted.items()):
                return
            if time.monotonic() > deadline:
                raise Problem(f'Node {node} did not reach {wanted}: {seen}')
            time.sleep(0.1)

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._endpoint + path, data, self._headers, method=method)
        with self._opener.open(request, timeout=PATIENCE_SECONDS) as response:
            answer = response.read()
        return json.loads(answer) if answer else None


def enrol(api, count, deploy_interface):
    # A few at a time: SQLite has one writer, and the newest Ironic ten threads for requests.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda index: enrol_node(api, index, deploy_interface), range(count)):
            pass


def enrol_node(api, index, deploy_interface):
    resource_class = ('baremetal.gpu' if index % 10 == 5 else
                      'baremetal.large' if index % 3 == 0 else 'baremetal.small')
    node = api.call('POST', '/v1/nodes', {
        'name': f'bm-{index:04}', 'driver': 'fake-hardware', 'resource_class': resource_class,
        'properties': CLASSES[resource_class],
        # The direct deploy interface needs a ramdisk. Fake hardware never loads it.
        'driver_info': {'deploy_kernel': 'file:///kernel', 'deploy_ramdisk': 'file:///ramdisk'},
    })['uuid']
    api.call('POST', '/v1/ports', {
        'node_uuid': node, 'address': '52:54:00:%02x:%02x:%02x' % (index >> 16, index >> 8 & 255, index & 255)})
    if resource_class == 'baremetal.gpu':
        api.call('PUT', f'/v1/nodes/{node}/traits', {'traits': GPU_TRAITS})

    provision(api, node, 'manage', 'manageable')
    # Fake power repeats its last order, and has none at first. Nobody deploys a node without a power state.
    api.call('PUT', f'/v1/nodes/{node}/states/power', {'target': 'power off'})
    api.wait(node, power_state='power off')

    ending = index % 10
    if ending != 8:
        provision(api, node, 'provide', 'available')
    if ending == 9:
        api.call('PATCH', f'/v1/nodes/{node}', [
            {'op': 'add', 'path': '/instance_uuid', 'value': str(uuid.uuid4())},
            {'op': 'add', 'path': '/instance_info', 'value': {'image_source': 'http://127.0.0.1/somebody-elses.qcow2'}},
        ])
        provision(api, node, 'active', 'active')
    elif deploy_interface != 'fake':
        # Only now, because any other interface cleans and deploys at its own pace, or not at all.
        api.call('PATCH', f'/v1/nodes/{node}', [
            {'op': 'add', 'path': '/deploy_interface', 'value': deploy_interface}])
    if ending == 7:
        api.call('PUT', f'/v1/nodes/{node}/maintenance', {'reason': 'a memory module is broken'})


def provision(api, node, target, state):
    api.call('PUT', f'/v1/nodes/{node}/states/provision', {'target': target})
    api.wait(node, provision_state=state)
