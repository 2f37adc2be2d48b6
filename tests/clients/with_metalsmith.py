"""metalsmith on the simulator: its library and its command line, without a network, because there is no Neutron."""

import subprocess
import sys
from pathlib import Path

import metalsmith
import openstack
from metalsmith import exceptions, instance_config, sources

from checks import attempt, check, finish

IMAGE = sources.HttpWholeDiskImage('http://images.example.com/ubuntu.img', checksum='d41d8cd98f00b204e9800998ecf8427e')

connection = openstack.connect(load_yaml_config=False)
provisioner = metalsmith.Provisioner(cloud_region=connection.config)


def library():
    """A deployment by metalsmith"""
    # metalsmith fails on instances that have no allocation, so it needs an Ironic of its own.
    for other in connection.baremetal.nodes(associated=True):
        connection.baremetal.set_node_provision_state(other.id, 'deleted', wait=True, timeout=120)
    node = provisioner.reserve_node('baremetal.small', hostname='web1', capabilities={'boot_mode': 'uefi'})
    check('metalsmith reserves a server by class and capability', node.allocation_id, node)
    config = instance_config.CloudInitConfig(ssh_keys=['ssh-ed25519 AAAA test'], user_data={'packages': ['nginx']})
    instance = provisioner.provision_node(node, IMAGE, nics=[], config=config, wait=120)
    check('metalsmith deploys it and waits for it',
          instance.is_deployed and instance.state == metalsmith.InstanceState.ACTIVE, instance)
    check('metalsmith knows its host name', instance.hostname == 'web1', instance.hostname)
    found = provisioner.show_instance('web1')
    check('metalsmith finds it by its host name', found.uuid == instance.uuid, found)
    check('metalsmith lists it', 'web1' in [each.hostname for each in provisioner.list_instances()])
    provisioner.unprovision_node(instance.node, wait=120)
    node = connection.baremetal.get_node(node.id)
    check('metalsmith undeploys it and waits for its cleaning', node.provision_state == 'available', node)
    check('nothing of it is left', node.instance_id is None and list(connection.baremetal.allocations()) == [], node)


def failures():
    """The refusals that metalsmith gets"""
    try:
        provisioner.reserve_node('nope')
        check('metalsmith is told that there is no such class', False)
    except exceptions.ReservationFailed as failure:
        check('metalsmith is told that there is no such class', 'nope' in str(failure), failure)
    try:
        provisioner.provision_node('rack3-large-fail-write-image', IMAGE, nics=[], wait=120)
        check('metalsmith is told that a deployment failed', False)
    except exceptions.DeploymentFailed as failure:
        check('metalsmith is told that a deployment failed', "'deploy failed'; the last error is None" in str(failure), failure)


def glance():
    """An image from Glance"""
    image = sources.GlanceImage('ubuntu-24.04')
    instance = provisioner.provision_node('rack1-small-03', image, nics=[], wait=120)
    check('metalsmith deploys an image of the simulated Glance', instance.is_deployed, instance)
    provisioner.unprovision_node(instance.node, wait=120)


def command_line():
    """The command line of metalsmith"""
    metalsmith = Path(sys.executable).with_name('metalsmith')
    run = lambda *words: subprocess.run([metalsmith, *words], capture_output=True, text=True, timeout=200)  # noqa: E731
    # With --quiet, because otherwise it asks Neutron for the server's addresses at the end.
    done = run('--quiet', 'deploy', '--resource-class', 'baremetal.large', '--hostname', 'db1',
               '--image', 'http://images.example.com/ubuntu.img', '--image-checksum', 'd41d8cd98f00b204e9800998ecf8427e',
               '--ssh-public-key', key_file(), '--wait', '120')
    found = provisioner.show_instance('db1')
    check('metalsmith deploy works from the command line', done.returncode == 0 and found.is_deployed, done)
    done = run('--quiet', 'undeploy', '--wait', '120', 'db1')
    state = connection.baremetal.get_node(found.node.id).provision_state
    check('metalsmith undeploy takes it down', done.returncode == 0 and state == 'available', done)


def key_file():
    path = Path('key.pub')
    path.write_text('ssh-ed25519 AAAA test\n')
    return str(path)


for part in (library, failures, glance, command_line):
    attempt(part)
finish()
