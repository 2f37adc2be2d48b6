"""Deploys with other people's clients for bench/deployment.js. A line on stdin names the client; a line on stdout says how long
it took.

Each client is used as its documentation shows it. Libraries are already loaded. Commands start anew each time, as they do for
people who type them.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid

import metalsmith
import openstack
from metalsmith import instance_config, sources

IMAGE, RESOURCE_CLASS, KEY = sys.argv[1:]
CHECKSUM = 'd41d8cd98f00b204e9800998ecf8427e'
CONFIG_DRIVE = {'meta_data': {'public_keys': {'0': KEY}}}

connection = openstack.connect(load_yaml_config=False)
provisioner = metalsmith.Provisioner(cloud_region=connection.config)


def by_metalsmith():
    node = provisioner.reserve_node(RESOURCE_CLASS)
    config = instance_config.GenericConfig(ssh_keys=[KEY])
    image = sources.FileWholeDiskImage(IMAGE, checksum=CHECKSUM)
    provisioner.provision_node(node, image, nics=[], config=config)


def by_metalsmith_command():
    # With --quiet, because otherwise it asks Neutron for the server's addresses at the end.
    run('metalsmith', '--quiet', 'deploy', '--no-wait', '--resource-class', RESOURCE_CLASS, '--image', IMAGE,
        '--image-checksum', CHECKSUM, '--ssh-public-key', key_file.name)


def by_openstacksdk():
    free = connection.baremetal.nodes(provision_state='available', is_maintenance=False, associated=False,
                                      resource_class=RESOURCE_CLASS, limit=200)
    node = connection.baremetal.update_node(next(free), instance_id=str(uuid.uuid4()),
                                            instance_info={'image_source': IMAGE})
    connection.baremetal.set_node_provision_state(node, 'active', config_drive=CONFIG_DRIVE)


def by_openstack_command():
    listed = run('openstack', 'baremetal', 'node', 'list', '--provision-state', 'available', '--unassociated',
                 '--no-maintenance', '--resource-class', RESOURCE_CLASS, '--fields', 'uuid', '-f', 'json')
    node = json.loads(listed)[0]['UUID']
    run('openstack', 'baremetal', 'node', 'set', node, '--instance-uuid', str(uuid.uuid4()),
        '--instance-info', f'image_source={IMAGE}')
    run('openstack', 'baremetal', 'node', 'deploy', node, '--config-drive', json.dumps(CONFIG_DRIVE))


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f'{command}: {done.stderr}')
    return done.stdout


WAYS = {
    'metalsmith': by_metalsmith,
    'metalsmith deploy': by_metalsmith_command,
    'openstacksdk': by_openstacksdk,
    'openstack': by_openstack_command,
}

with tempfile.NamedTemporaryFile('w') as key_file:
    key_file.write(KEY)
    key_file.flush()
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        begin = time.perf_counter()
        WAYS[line.strip()]()
        print((time.perf_counter() - begin) * 1000, flush=True)
