"""Sets Neutron up, and creates the networks for the tests. It binds ports for bare metal, and has no other agent."""

import json
import sqlite3
import uuid

import process
import wsgi_server
from rest import Rest

PASTE = """\
[composite:neutron]
use = egg:Paste#urlmap
/: neutronversions
/v2.0: neutronapi

[pipeline:neutronapi]
pipeline = catch_errors authtoken keystonecontext extensions apirouter

[app:neutronversions]
paste.app_factory = neutron.pecan_wsgi.app:versions_factory

[app:apirouter]
paste.app_factory = neutron.api.v2.router:APIRouter.factory

[filter:catch_errors]
paste.filter_factory = oslo_middleware:CatchErrors.factory

[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory

[filter:keystonecontext]
paste.filter_factory = neutron.auth:NeutronKeystoneContext.factory

[filter:extensions]
paste.filter_factory = neutron.api.extensions:plugin_aware_extension_middleware_factory
"""

# Its migrations do not run on SQLite, but its models do.
CREATE_TABLES = """
import sys, sqlalchemy
from neutron.db.migration.models import head
head.get_metadata().create_all(sqlalchemy.create_engine('sqlite:///' + sys.argv[1]))
"""

SLAAC = {'ipv6_address_mode': 'slaac', 'ipv6_ra_mode': 'slaac'}
PHYSICAL = ['tenants', 'provisioning']


class Neutron:

    def __init__(self, folder, port):
        self.folder = folder
        self.url = f'http://127.0.0.1:{port}'
        self.access_log = folder / 'access.log'
        self._port = port

    def create_database(self):
        database = self.folder / 'neutron.sqlite'
        wsgi_server.run(self.folder, ['/usr/bin/python3', '-W', 'ignore', '-c', CREATE_TABLES, str(database)],
                        'manage.log')
        process.write_ahead(database)

    def start(self, middleware_settings):
        self._write_configuration(middleware_settings)
        # One process and one thread: SQLite's writer then never waits for itself.
        server = wsgi_server.start(self.folder, 'neutron_wsgi.py', [self._port],
                                   {'OS_NEUTRON_CONFIG_DIR': str(self.folder),
                                    'OS_NEUTRON_CONFIG_FILES': str(self.folder / 'neutron.conf')}, processes=1)
        wsgi_server.wait_for_answer(server, self.url, self.folder)
        return server

    def populate(self, token, projects):
        """Creates the networks, and returns their ids by name."""
        api = Rest(self.url + '/v2.0', token)

        def network(name, project, subnets, physical='tenants', **more):
            made = api.call('POST', '/networks', {'network': {
                'name': name, 'project_id': projects[project], 'provider:physical_network': physical,
                'provider:network_type': 'flat' if physical == 'provisioning' else 'vlan', **more}})['network']['id']
            for subnet in subnets:
                version = 6 if ':' in subnet['cidr'] else 4
                api.call('POST', '/subnets', {'subnet': {
                    'network_id': made, 'project_id': projects[project], 'ip_version': version, **subnet}})
            return made

        return {
            # Ironic looks for it with the caller's rights, so that every project must see it.
            'provisioning': network('provisioning', 'service', [{'cidr': '10.20.0.0/24'}], 'provisioning', shared=True),
            'tenant-a': network('tenant-a', 'owner', [{
                'cidr': '10.30.0.0/24', 'allocation_pools': [{'start': '10.30.0.100', 'end': '10.30.0.200'}]}]),
            'tenant-dual': network('tenant-dual', 'owner', [{'cidr': '10.40.0.0/24'},
                                                           {'cidr': 'fd00:40::/64', **SLAAC}]),
            'shared-net': network('shared-net', 'service', [{'cidr': '10.50.0.0/24'}], shared=True),
        }

    def add_agent(self, node):
        """What the agent for bare metal would report about a node: without it no port could be bound."""
        mappings = {'bridge_mappings': {name: '' for name in PHYSICAL}, 'log_agent_heartbeats': False}
        when = '2036-01-01 00:00:00.000000'
        with sqlite3.connect(self.folder / 'neutron.sqlite', timeout=30) as database:
            database.execute(
                'insert into agents (id, agent_type, binary, topic, host, admin_state_up, created_at, started_at,'
                ' heartbeat_timestamp, configurations, load) values (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, 0)',
                (str(uuid.uuid4()), 'Baremetal Node', 'ironic-neutron-agent', 'N/A', node, when, when, when,
                 json.dumps(mappings)))

    def _write_configuration(self, middleware_settings):
        (self.folder / 'api-paste.ini').write_text(PASTE)
        (self.folder / 'policy.yaml').write_text('{}\n')
        (self.folder / 'neutron.conf').write_text(f"""\
[DEFAULT]
state_path = {self.folder}
log_file = {self.folder}/neutron.log
core_plugin = ml2
service_plugins =
api_paste_config = {self.folder}/api-paste.ini
auth_strategy = keystone
transport_url = fake://
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
dhcp_agent_notification = false
rpc_response_timeout = 5
host = neutron-lab

[database]
connection = sqlite:///{self.folder}/neutron.sqlite?timeout=30
sqlite_synchronous = false

[ml2]
mechanism_drivers = baremetal
type_drivers = flat,vlan
tenant_network_types = vlan
extension_drivers = port_security

[ml2_type_flat]
flat_networks = *

[ml2_type_vlan]
network_vlan_ranges = tenants:100:199

[oslo_concurrency]
lock_path = {self.folder}

[oslo_messaging_notifications]
driver = noop

[oslo_policy]
policy_file = {self.folder}/policy.yaml

{middleware_settings}""")
