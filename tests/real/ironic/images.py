"""Sets Glance up, and creates the images for the tests."""

import os

import process
import wsgi_server
from rest import Rest

PASTE = """\
[pipeline:glance-api-keystone]
pipeline = versionnegotiation authtoken context rootapp

[composite:rootapp]
paste.composite_factory = glance.api:root_app_factory
/: apiversions
/v2: apiv2app

[app:apiversions]
paste.app_factory = glance.api.versions:create_resource

[app:apiv2app]
paste.app_factory = glance.api.v2.router:API.factory

[filter:versionnegotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory

[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory

[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
"""

RAW = {'disk_format': 'raw', 'container_format': 'bare', 'visibility': 'public'}
QCOW2 = {**RAW, 'disk_format': 'qcow2'}


class Glance:

    def __init__(self, folder, port):
        self.folder = folder
        self.url = f'http://127.0.0.1:{port}'
        self.access_log = folder / 'access.log'
        self._port = port

    def create_database(self):
        (self.folder / 'glance-api-paste.ini').write_text(PASTE)
        self._write_configuration('')
        # Debian puts the command itself into the package of the daemon.
        manage = ['/usr/bin/python3', '-W', 'ignore', '-c', 'from glance.cmd.manage import main; main()']
        wsgi_server.run(self.folder, [*manage, '--config-file', str(self.folder / 'glance-api.conf'), 'db', 'sync'],
                        'manage.log')
        process.write_ahead(self.folder / 'glance.sqlite')

    def start(self, middleware_settings):
        self._write_configuration(middleware_settings)
        server = wsgi_server.start(self.folder, 'glance_wsgi.py', [self._port],
                                   {'OS_GLANCE_CONFIG_DIR': str(self.folder)})
        wsgi_server.wait_for_answer(server, self.url, self.folder)
        return server

    def populate(self, token, other_project):
        """Creates the images, and returns their ids by name."""
        images = Images(Rest(self.url + '/v2', token))
        # A real qcow2, although an empty one, because Ironic reads it.
        qcow2 = self.folder / 'empty.qcow2'
        wsgi_server.run(self.folder, ['/usr/bin/qemu-img', 'create', '-f', 'qcow2', str(qcow2), '1M'], 'manage.log')
        qcow2, raw = qcow2.read_bytes(), os.urandom(65536)

        kernel = images.create('partition-1-kernel', raw, disk_format='aki', container_format='aki')
        ramdisk = images.create('partition-1-ramdisk', raw, disk_format='ari', container_format='ari')
        made = {
            'ubuntu-22.04': images.create('ubuntu-22.04', raw, **RAW, min_disk=10, min_ram=1024, os_distro='ubuntu'),
            'debian-12': images.create('debian-12', qcow2, **QCOW2, min_disk=10, os_distro='debian'),
            'twins': [images.create('twins', raw, **RAW), images.create('twins', raw, **RAW)],
            'queued-only': images.create('queued-only', None, **RAW),
            'too-big': images.create('too-big', raw, **RAW, min_disk=100000),
            'arm-only': images.create('arm-only', raw, **RAW, architecture='aarch64'),
            'partition-1': images.create('partition-1', raw, **RAW, kernel_id=kernel, ramdisk_id=ramdisk),
            'partition-1-kernel': kernel,
            'partition-1-ramdisk': ramdisk,
            'deactivated': images.create('deactivated', raw, **RAW),
            'deleted': images.create('deleted', raw, **RAW),
            'private-other': images.create('private-other', raw, **{**RAW, 'visibility': 'private'},
                                           owner=other_project),
        }
        images.call('POST', made['deactivated'], '/actions/deactivate')
        images.call('DELETE', made['deleted'])
        return made

    def _write_configuration(self, middleware_settings):
        for name in ('images', 'staging'):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / 'glance-api.conf').write_text(f"""\
[DEFAULT]
log_file = {self.folder}/glance.log
node_staging_uri = file://{self.folder}/staging
worker_self_reference_url = {self.url}

[database]
connection = sqlite:///{self.folder}/glance.sqlite?timeout=30
sqlite_synchronous = false

[glance_store]
stores = file
default_store = file
filesystem_store_datadir = {self.folder}/images

[oslo_concurrency]
lock_path = {self.folder}

[paste_deploy]
flavor = keystone
config_file = {self.folder}/glance-api-paste.ini

{middleware_settings}""")


class Images:

    def __init__(self, api):
        self._api = api

    def create(self, name, data, **properties):
        """Creates an image, which is `queued` without data, and returns its id."""
        image = self._api.call('POST', '/images', {'name': name, 'visibility': 'public', **properties})['id']
        if data is not None:
            self.call('PUT', image, '/file', data)
        return image

    def call(self, method, image, what='', body=None):
        self._api.call(method, f'/images/{image}{what}', body)
