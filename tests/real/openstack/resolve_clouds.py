"""Resolves each named cloud as openstacksdk does, and prints the result as one line of JSON.

usage: resolve_clouds.py CLOUD[@REGION]…   (the files of clouds are found as always: by HOME and the variables)
"""

import json
import sys
import warnings

import openstack.config

KEYSTONE = (3, 0)


class Recorder:
    """Stands in for a session with Keystone: keeps the sign-in, and stops there."""

    class Done(Exception):
        pass

    request = None

    def post(self, url, json=None, **_):
        self.request = {'url': url, 'body': json}
        raise self.Done


def main():
    warnings.simplefilter('ignore')
    print(json.dumps({name: resolved(name) for name in sys.argv[1:]}))


def resolved(wanted):
    name, _, region_name = wanted.partition('@')
    try:
        region = openstack.config.OpenStackConfig().get_one(cloud=name, region_name=region_name or None)
        plugin = region.get_auth()
        verify, certificate = region.get_requests_verify_args()
        request = sign_in(plugin)
    except Exception as error:
        return {'error': f'{type(error).__name__}: {error}'}
    return {
        'auth_type': region.config['auth_type'],
        'sign_in': request,
        'plain': None if request else plain(plugin),
        'region': region.get_region_name() or None,
        'interface': region.get_interface('baremetal'),
        'image_interface': region.get_interface('image'),
        'baremetal': region.get_endpoint('baremetal'),
        'image': region.get_endpoint('image'),
        'verify': verify,
        'certificate': certificate,
    }


def sign_in(plugin):
    """The request to Keystone, with all its fields."""
    if hasattr(plugin, 'create_plugin'):
        plugin = plugin.create_plugin(None, KEYSTONE, plugin.auth_url)
    if not hasattr(plugin, 'auth_methods'):
        return None
    recorder = Recorder()
    try:
        plugin.get_auth_ref(recorder)
    except Recorder.Done:
        pass
    return recorder.request


def plain(plugin):
    """The request to an Ironic without Keystone."""
    return {name: getattr(plugin, name, None) for name in ('endpoint', 'username', 'password')}


if __name__ == '__main__':
    main()
