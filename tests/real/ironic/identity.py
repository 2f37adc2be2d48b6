"""Sets Keystone and its users up."""

import base64
import os
import secrets

import process
import wsgi_server
from rest import Rest

REGION = 'RegionOne'
# The second region has Glance but no Ironic.
OTHER_REGION = 'RegionTwo'
DOMAIN = 'Default'
OTHER_DOMAIN = 'Elsewhere'

# Each user's domain, project (in the default domain) and roles there. A user without a project has roles on the system.
USERS = {
    'provisioner': (DOMAIN, 'demo', ['admin', 'member']),
    'visitor': (OTHER_DOMAIN, 'demo', ['admin', 'member']),
    'member': (DOMAIN, 'demo', ['member']),
    'reader': (DOMAIN, 'demo', ['reader']),
    'baremetal_admin': (DOMAIN, 'demo', ['baremetal_admin']),
    'baremetal_observer': (DOMAIN, 'demo', ['baremetal_observer']),
    'owner': (DOMAIN, 'owner', ['member']),
    # While it deploys, the newest Ironic reads its own ports in Neutron with the rights of its caller.
    'owner_admin': (DOMAIN, 'owner', ['admin', 'member']),
    'lessee': (DOMAIN, 'lessee', ['member']),
    'system_admin': (DOMAIN, None, ['admin']),
    'system_reader': (DOMAIN, None, ['reader']),
    'stranger': (DOMAIN, None, []),
}


class Keystone:

    def __init__(self, folder, client_port, service_port):
        self.folder = folder
        self.url = f'http://127.0.0.1:{client_port}/v3'
        self.access_log = folder / 'access.log'
        self.lifetime_file = folder / 'token-lifetime'
        self._ports = client_port, service_port
        self._service_url = f'http://127.0.0.1:{service_port}/v3'
        self._admin_password = secrets.token_hex(8)
        self._service_password = secrets.token_hex(8)

    def start(self, token_lifetime):
        self._write_configuration()
        self.lifetime_file.write_text(f'{token_lifetime}\n')
        manage = ['/usr/bin/keystone-manage', '--config-file', str(self.folder / 'keystone.conf')]
        wsgi_server.run(self.folder, [*manage, 'db_sync'], 'manage.log')
        process.write_ahead(self.folder / 'keystone.sqlite')
        # Keystone's middleware looks for Keystone in the catalog. The services find their own port as `admin`.
        wsgi_server.run(self.folder, [
            *manage, 'bootstrap', '--bootstrap-password', self._admin_password, '--bootstrap-region-id', REGION,
            '--bootstrap-public-url', self.url, '--bootstrap-internal-url', self.url,
            '--bootstrap-admin-url', self._service_url], 'manage.log')
        server = wsgi_server.start(self.folder, 'keystone_wsgi.py', self._ports, {
            'OS_KEYSTONE_CONFIG_FILES': str(self.folder / 'keystone.conf'),
            'IRONIC_LAB_CLIENT_PORT': str(self._ports[0]),
            'IRONIC_LAB_TOKEN_LIFETIME': str(self.lifetime_file)})
        wsgi_server.wait_for_answer(server, self._service_url, self.folder)
        return server

    def admin_token(self, scope):
        """A token of the administrator who is not among the users. It lasts an hour, however long the clients' tokens last."""
        return sign_in(self._service_url, 'admin', self._admin_password, scope)

    def populate(self):
        """Creates the users, their domains and projects, and returns them as the tests need them."""
        api = Rest(self._service_url, self.admin_token({'system': {'all': True}}))
        create = Creator(api)
        domains = {DOMAIN: 'default', OTHER_DOMAIN: create('domain', name=OTHER_DOMAIN)}
        api.call('POST', '/regions', {'region': {'id': OTHER_REGION}})
        roles = {role['name']: role['id'] for role in api.call('GET', '/roles')['roles']}
        for name in ('service', 'baremetal_admin', 'baremetal_observer'):
            # Newer releases come with a role `service`.
            roles[name] = roles.get(name) or create('role', name=name)
        projects = {name: create('project', name=name, domain_id='default')
                    for name in ('service', 'demo', 'owner', 'lessee')}

        for name in ('glance', 'ironic', 'neutron'):
            user = create('user', name=name, password=self._service_password, domain_id='default')
            for role in ('admin', 'service'):
                api.call('PUT', f'/projects/{projects["service"]}/users/{user}/roles/{roles[role]}')

        users = {}
        for name, (domain, project, assigned) in USERS.items():
            password = f'{name}-{secrets.token_hex(8)}'
            user = create('user', name=name, password=password, domain_id=domains[domain])
            where = f'/projects/{projects[project]}' if project else '/system'
            for role in assigned:
                api.call('PUT', f'{where}/users/{user}/roles/{roles[role]}')
            users[name] = {'id': user, 'name': name, 'password': password, 'domain': domain, 'project': project,
                           'system': 'all' if assigned and not project else None, 'roles': assigned}
        return {'domains': domains, 'projects': projects, 'users': users,
                'application_credential': self._application_credential(users['provisioner'])}

    def _application_credential(self, user):
        """Creates an application credential. Only its user can do that."""
        token = sign_in(self._service_url, user['name'], user['password'], project_scope(user['project']))
        made = Rest(self._service_url, token).call('POST', f'/users/{user["id"]}/application_credentials', {
            'application_credential': {'name': 'ironic-mcp', 'secret': f'secret-{secrets.token_hex(8)}'}})
        return {'user': user['name'], **{name: made['application_credential'][name]
                                         for name in ('id', 'name', 'secret')}}

    def publish(self, service, kind, urls, region=REGION):
        """Puts a service into the catalog, with an address for each interface."""
        create = Creator(Rest(self._service_url, self.admin_token({'system': {'all': True}})))
        made = create('service', name=service, type=kind)
        for interface, url in urls.items():
            create('endpoint', service_id=made, interface=interface, region_id=region, url=url)

    def settings_of_service(self, user):
        """The configuration lines with which a service signs in."""
        return f"""\
auth_type = password
auth_url = {self._service_url}
username = {user}
password = {self._service_password}
user_domain_name = {DOMAIN}
project_name = service
project_domain_name = {DOMAIN}
region_name = {REGION}
"""

    def middleware_settings(self, user):
        return f"""\
[keystone_authtoken]
www_authenticate_uri = {self.url}
interface = admin
service_token_roles_required = false
# Seconds. By default a service accepts a token for five minutes after Keystone has revoked it.
token_cache_time = 5
{self.settings_of_service(user)}"""

    def _write_configuration(self):
        keys = self.folder / 'fernet-keys'
        keys.mkdir()
        for name in ('0', '1'):
            # The same file as from `keystone-manage fernet_setup`, which takes seconds.
            (keys / name).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
            (keys / name).chmod(0o600)
        keys.chmod(0o700)
        (self.folder / 'keystone.conf').write_text(f"""\
[DEFAULT]
log_file = {self.folder}/keystone.log

[auth]
methods = password,token,application_credential

[credential]
key_repository = {keys}

[database]
connection = sqlite:///{self.folder}/keystone.sqlite?timeout=30
sqlite_synchronous = false

[fernet_receipts]
key_repository = {keys}

[fernet_tokens]
key_repository = {keys}

# The lowest cost of bcrypt, because these passwords protect nothing.
[identity]
password_hash_rounds = 4

[token]
provider = fernet
""")


class Creator:
    """Creates a resource of this kind, and returns its id."""

    def __init__(self, api):
        self._api = api

    def __call__(self, kind, **values):
        return self._api.call('POST', f'/{kind}s', {kind: values})[kind]['id']


def project_scope(name):
    return {'project': {'name': name, 'domain': {'id': 'default'}}}


def sign_in(url, name, password, scope):
    user = {'name': name, 'domain': {'id': 'default'}, 'password': password}
    return Rest(url).exchange('POST', '/auth/tokens', {'auth': {
        'identity': {'methods': ['password'], 'password': {'user': user}}, 'scope': scope}})[1]['X-Subject-Token']
