"""openstacksdk on the simulator, which it finds by OS_* variables."""

import openstack
from openstack import exceptions

from checks import attempt, check, finish

IMAGE = {'image_source': 'http://images.example.com/ubuntu.img', 'image_checksum': 'd41d8cd98f00b204e9800998ecf8427e'}

baremetal = openstack.connect(load_yaml_config=False).baremetal


def nodes():
    """Finding servers by openstacksdk"""
    check('openstacksdk lists all servers', len(list(baremetal.nodes(details=True))) == 12)
    check('openstacksdk follows the pages by itself', len(list(baremetal.nodes(limit=5))) == 12)
    free = list(baremetal.nodes(provision_state='available', associated=False, resource_class='baremetal.large'))
    check('openstacksdk lists the free servers of a class', 'rack2-large-01' in [node.name for node in free], free)
    check('openstacksdk finds a server by its name', baremetal.find_node('rack2-large-01').id)
    check('openstacksdk finds no server that there is not', baremetal.find_node('nosuch') is None)
    ports = list(baremetal.ports(node=baremetal.find_node('rack2-large-01').id, details=True))
    check('openstacksdk lists the ports of a server', [port.address[:5] for port in ports] == ['52:54'] * 2, ports)
    check('openstacksdk lists conductors and drivers',
          len(list(baremetal.conductors())) == 1 and len(list(baremetal.drivers())) == 1)
    valid = baremetal.validate_node('rack2-large-01', required=('power', 'management'))
    check('openstacksdk validates a server', valid['power'].result, valid)


def deployment():
    """A deployment by openstacksdk"""
    node = baremetal.find_node('rack2-large-01')
    instance = '3f0a8d5e-2a52-4d5b-9b0e-2f5f6a4f0c11'
    node = baremetal.update_node(node, instance_id=instance, instance_info=IMAGE)
    check('openstacksdk reserves a server', node.instance_id == instance, node)
    try:
        baremetal.update_node(baremetal.find_node('rack2-large-02'), instance_id=instance, retry_on_conflict=False)
        check('openstacksdk is told that an instance is elsewhere', False)
    except exceptions.ConflictException as conflict:
        check('openstacksdk is told that an instance is elsewhere', 'already associated' in str(conflict), conflict)
    drive = {'meta_data': {'name': 'web1'}, 'user_data': '#cloud-config\n'}
    node = baremetal.set_node_provision_state(node, 'active', config_drive=drive, wait=True, timeout=120)
    check('openstacksdk deploys it and waits for it', node.provision_state == 'active', node)
    check('openstacksdk sees it switched on', baremetal.get_node(node.id).power_state == 'power on')
    node = baremetal.set_node_provision_state(node, 'deleted', wait=True, timeout=120)
    check('openstacksdk undeploys it and waits for its cleaning',
          node.provision_state == 'available' and baremetal.get_node(node.id).instance_id is None, node)
    node = baremetal.find_node('rack3-large-fail-write-image')
    node = baremetal.update_node(node, instance_info=IMAGE)
    try:
        baremetal.set_node_provision_state(node, 'active', wait=True, timeout=120)
        check('openstacksdk reports a deployment that fails', False)
    except exceptions.SDKException as failure:
        check('openstacksdk reports a deployment that fails',
              "'deploy failed'; the last error is None" in str(failure), failure)
    baremetal.set_node_provision_state(node, 'deleted', wait=True, timeout=120)
    node = baremetal.find_node('rack3-gpu-02')
    baremetal.set_node_power_state(node, 'power on', wait=True, timeout=60)
    check('openstacksdk switches a server on and waits for it', baremetal.get_node(node.id).power_state == 'power on')


def allocations():
    """Allocations by openstacksdk"""
    made = baremetal.create_allocation(name='job2', resource_class='baremetal.large')
    made = baremetal.wait_for_allocation(made, timeout=60)
    node = baremetal.get_node(made.node_id)
    check('openstacksdk allocates a server', made.state == 'active' and node.allocation_id == made.id, made)
    check('openstacksdk lists the allocation', [each.name for each in baremetal.allocations()] == ['job2'])
    renamed = baremetal.update_allocation(made, name='job3')
    check('openstacksdk renames it', renamed.name == 'job3', renamed)
    baremetal.delete_allocation(made)
    check('openstacksdk deletes it', list(baremetal.allocations()) == [] and
          baremetal.get_node(node.id).instance_id is None)
    failing = baremetal.create_allocation(resource_class='nope')
    try:
        baremetal.wait_for_allocation(failing, timeout=60)
        check('openstacksdk reports an allocation that fails', False)
    except exceptions.SDKException as failure:
        check('openstacksdk reports an allocation that fails', 'resource class nope' in str(failure), failure)
    baremetal.delete_allocation(failing)


def traits_and_networks():
    """Traits and networks by openstacksdk"""
    node = baremetal.find_node('rack3-gpu-02')
    baremetal.add_node_trait(node, 'CUSTOM_MINE')
    check('openstacksdk adds a trait', 'CUSTOM_MINE' in baremetal.get_node(node.id).traits)
    baremetal.remove_node_trait(node, 'CUSTOM_MINE')
    baremetal.attach_vif_to_node(node, '0a8d3c1e-5e1f-4a57-a5a4-0d1a4d6a7b01')
    check('openstacksdk lists the networks of a server', isinstance(baremetal.list_node_vifs(node), list))
    baremetal.set_node_maintenance(node, 'a test')
    check('openstacksdk begins maintenance', baremetal.get_node(node.id).is_maintenance)
    baremetal.unset_node_maintenance(node)


for part in (nodes, deployment, allocations, traits_and_networks):
    attempt(part)
finish()
