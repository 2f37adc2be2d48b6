#!/usr/bin/env python3
"""Starts and stops a small OpenStack cloud on loopback (Keystone, Glance, Ironic, Neutron). See README.md."""

import argparse
import concurrent.futures
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import identity
import images
import installation
import ironic_lab
import process
import tls
from problem import Problem
from rest import Rest

sys.path.append(str(Path(__file__).parent.parent / 'neutron'))
import neutron as neutron_part  # noqa: E402

# In the order in which they stop: a service stops before the services that it uses.
PARTS = ['tls', 'ironic', 'neutron', 'glance', 'keystone']
# The first version with a node's owner and lessee.
IRONIC_API_VERSION = '1.65'
# The network interfaces of the first nodes, where there is Neutron. Each of these nodes has two cards.
NETWORK_INTERFACES = ['flat', 'flat', 'neutron', 'neutron']


def main():
    options = parse_arguments()
    try:
        if options.action == 'down':
            stop(options.state, options.kill)
        else:
            print(json.dumps(up(options) if options.action == 'up' else tls_alone(options)))
    except Problem as problem:
        sys.exit(str(problem))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest='action', required=True)

    up = actions.add_parser('up', help='start a cloud and print what it is made of, as one line of JSON',
                            formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    up.add_argument('--state', type=Path, default=ironic_lab.HOME / 'openstack',
                    help='folder for everything that it writes')
    up.add_argument('--cache', type=Path, default=ironic_lab.HOME, help='as for ironic_lab.py')
    up.add_argument('--release', choices=['debian', 'newest'], default='debian', help='which Ironic')
    up.add_argument('--nodes', type=int, default=20, help='how many to enrol, at least 3')
    up.add_argument('--deploy-interface', choices=['fake', 'staged', 'direct'], default='fake')
    up.add_argument('--deploy-delay', type=int, default=1, help='seconds in each half of a fake deployment')
    up.add_argument('--token-lifetime', type=int, default=3600, help="seconds, of the clients' tokens")
    up.add_argument('--networks', action='store_true', help='also start Neutron, for the first nodes')
    up.add_argument('--tls', action='store_true', help='also serve everything with TLS')

    front = actions.add_parser('tls', help='serve one URL with TLS, and print where')
    front.add_argument('--to', required=True, metavar='URL', help='what to serve, say an Ironic without Keystone')
    front.add_argument('--state', type=Path, required=True)

    down = actions.add_parser('down', help='stop what `up` or `tls` started')
    down.add_argument('--state', type=Path, required=True)
    down.add_argument('--kill', action='store_true', help='at once')

    options = parser.parse_args()
    options.state = options.state.absolute()
    return options


def up(options):
    if options.nodes < 3:
        raise Problem('A cloud needs at least 3 nodes: one of them belongs to a project, and one is leased to another.')
    with started_in(options.state) as state:
        installation.install_openstack(options.cache.absolute())
        client_port, service_port, image_port, network_port = free_ports(4)
        keystone = identity.Keystone(fresh(state / 'keystone'), client_port, service_port)
        glance = images.Glance(fresh(state / 'glance'), image_port)
        neutron = neutron_part.Neutron(fresh(state / 'neutron'), network_port) if options.networks else None

        with concurrent.futures.ThreadPoolExecutor() as pool:
            glance_database = pool.submit(glance.create_database)
            neutron_database = pool.submit(neutron.create_database) if neutron else None
            pids = {'keystone': keystone.start(options.token_lifetime).pid}
            directory = keystone.populate()
            glance_database.result()
            networks = {}
            if neutron:
                neutron_database.result()
                pids['neutron'] = neutron.start(keystone.middleware_settings('neutron')).pid
                networks = neutron.populate(keystone.admin_token(identity.project_scope('admin')),
                                            directory['projects'])
            ironic_started = pool.submit(start_ironic, options, keystone, glance, neutron)
            pids['glance'] = glance.start(keystone.middleware_settings('glance')).pid
            # An administrator of Glance is an administrator of a project.
            image_ids = glance.populate(keystone.admin_token(identity.project_scope('admin')),
                                        directory['projects']['owner'])
            ironic = ironic_started.result()
        pids['ironic'] = ironic['pid']
        nodes = assign_nodes(ironic['endpoint'], keystone, directory['projects'])
        publish(keystone, ironic['endpoint'], glance.url)
        if neutron:
            nodes['connected'] = connect_nodes(ironic['endpoint'], keystone, directory['projects'], neutron)
            keystone.publish('neutron', 'network', {'public': neutron.url})

        result = {
            'auth_url': keystone.url, 'region': identity.REGION, 'region_without_baremetal': identity.OTHER_REGION,
            'baremetal_endpoint': ironic['endpoint'], 'image_endpoint': glance.url, **directory, 'images': image_ids,
            'nodes': nodes, 'release': ironic['release'], 'version': ironic['version'],
            'api_version': ironic['api_version'], 'token_lifetime_file': str(keystone.lifetime_file), 'pids': pids,
            'state': str(state), 'access_log': ironic['access_log'], 'keystone_access_log': str(keystone.access_log),
            'glance_access_log': str(glance.access_log),
        }
        if neutron:
            result.update(network_endpoint=neutron.url, networks=networks,
                          network_admin_token=keystone.admin_token(identity.project_scope('admin')),
                          baremetal_admin_token=keystone.admin_token({'system': {'all': True}}))
        if options.tls:
            front, result['tls'] = tls.up(fresh(state / 'tls'), {
                name: result[name] for name in ('auth_url', 'baremetal_endpoint', 'image_endpoint')}, free_ports)
            pids['tls'] = front.pid
        (state / 'lab.json').write_text(json.dumps(result))
        return result


def tls_alone(options):
    with started_in(options.state) as state:
        front, result = tls.up(fresh(state / 'tls'), {'endpoint': options.to}, free_ports)
        return {**result, 'pids': {'tls': front.pid}, 'state': str(state)}


@contextlib.contextmanager
def started_in(state):
    """Stops everything again if a part does not start."""
    state.mkdir(parents=True, exist_ok=True)
    with installation.exclusive(state / 'lock'):
        if any(process.is_running(state / part) for part in PARTS):
            raise Problem(f'A cloud is running from {state} already: take it down first.')
        try:
            yield state
        except BaseException:
            stop(state, kill=True)
            raise


def stop(state, kill):
    for part in PARTS:
        process.stop(state / part, kill)


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def free_ports(count):
    with contextlib.ExitStack() as stack:
        # All ports stay open until the last one is found. Otherwise one could be found twice.
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(('127.0.0.1', 0))
        return [probe.getsockname()[1] for probe in probes]


def start_ironic(options, keystone, glance, neutron):
    settings = options.state / 'ironic-keystone.conf'
    settings.write_text(f"""\
{keystone.middleware_settings('ironic')}
[glance]
endpoint_override = {glance.url}
{keystone.settings_of_service('ironic')}
[service_catalog]
{keystone.settings_of_service('ironic')}
{'' if neutron is None else network_settings(keystone, neutron)}""")
    command = [sys.executable, ironic_lab.__file__, 'up', '--auth', 'keystone', '--extra-config', str(settings),
               '--state', str(fresh(options.state / 'ironic')), '--cache', str(options.cache),
               '--release', options.release, '--nodes', str(options.nodes),
               '--deploy-interface', options.deploy_interface, '--deploy-delay', str(options.deploy_delay)]
    # An administrator of the system: the nodes then have no owner, and every Ironic shows them.
    token = keystone.admin_token({'system': {'all': True}})
    done = subprocess.run(command, env={**os.environ, 'IRONIC_LAB_TOKEN': token}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode:
        raise Problem(done.stderr.strip().rpartition('\n')[2])
    return json.loads(done.stdout)


def network_settings(keystone, neutron):
    return f"""\
[neutron]
endpoint_override = {neutron.url}
cleaning_network = provisioning
provisioning_network = provisioning
rescuing_network = provisioning
inspection_network = provisioning
port_setup_delay = 0
{keystone.settings_of_service('ironic')}
[DEFAULT]
enabled_network_interfaces = noop, flat, neutron
"""


def connect_nodes(endpoint, keystone, projects, neutron):
    """Gives some nodes network interfaces, a second card and an owner. Returns their ids, names and interfaces."""
    api = Rest(endpoint, keystone.admin_token({'system': {'all': True}}),
               {'X-OpenStack-Ironic-API-Version': IRONIC_API_VERSION})
    connected = []
    for index, interface in enumerate(NETWORK_INTERFACES):
        name = f'bm-{index:04}'
        node = api.call('PATCH', f'/v1/nodes/{name}', [
            {'op': 'add', 'path': '/network_interface', 'value': interface},
            {'op': 'add', 'path': '/owner', 'value': projects['owner']},
            {'op': 'remove', 'path': '/lessee'}] if index == 2 else [
            {'op': 'add', 'path': '/network_interface', 'value': interface},
            {'op': 'add', 'path': '/owner', 'value': projects['owner']}])['uuid']
        for port in api.call('GET', f'/v1/ports?node={node}')['ports']:
            api.call('DELETE', f'/v1/ports/{port["uuid"]}')
        for card in range(2):
            link = {'switch_id': '00:11:22:33:44:%02x' % index, 'port_id': f'Eth1/{card}', 'switch_info': 'tor1'}
            api.call('POST', '/v1/ports', {
                'node_uuid': node, 'address': '52:54:01:%02x:%02x:00' % (index, card), 'pxe_enabled': card == 0,
                **({'local_link_connection': link} if interface == 'neutron' else {})})
        neutron.add_agent(node)
        connected.append({'id': node, 'name': name, 'interface': interface})
    return connected


def assign_nodes(endpoint, keystone, projects):
    api = Rest(endpoint, keystone.admin_token({'system': {'all': True}}),
               {'X-OpenStack-Ironic-API-Version': IRONIC_API_VERSION})
    nodes = {'owned': 'bm-0001', 'leased': 'bm-0002'}
    for node, role in ((nodes['owned'], 'owner'), (nodes['leased'], 'lessee')):
        api.call('PATCH', f'/v1/nodes/{node}', [{'op': 'add', 'path': f'/{role}', 'value': projects[role]}])
    return nodes


def publish(keystone, baremetal, image):
    # Catalogs append different paths. The interfaces show the forms that a client meets.
    keystone.publish('ironic', 'baremetal', {
        'public': baremetal, 'internal': baremetal + '/v1', 'admin': baremetal + '/'})
    keystone.publish('glance', 'image', {'public': image, 'internal': image + '/v2', 'admin': image + '/'})
    keystone.publish('glance', 'image', {'public': image}, identity.OTHER_REGION)


if __name__ == '__main__':
    main()
