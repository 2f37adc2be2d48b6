"""An Ironic deploy interface that takes the steps of a real deployment without touching any hardware.

A node's `extra["staged"]` chooses its fate; every member is optional:

    delay            seconds that each step takes (1)
    fail             the step that fails as hardware does
    fail_unexpected  the step that fails as a bug in a driver does
    hang             the step that never ends; the node stays in `wait call-back`
    fail_teardown    true: the server cannot be undeployed
    message          the text of the failure

No agent speaks here: the end of `write_image` is a timer inside this process, so it does not survive a restart.
"""

import threading
import time

from oslo_log import log

from ironic.common import context
from ironic.common import exception
from ironic.common import states
from ironic.conductor import task_manager
from ironic.conductor import utils as conductor_utils
from ironic.drivers import base
from ironic.drivers.modules import deploy_utils
from ironic.drivers.modules import fake

LOG = log.getLogger(__name__)


class Fate:
    """The wishes in a node's `extra`."""

    def __init__(self, node):
        wishes = node.extra.get('staged') or {}
        self.delay = float(wishes.get('delay', 1))
        self.fail = wishes.get('fail')
        self.fail_unexpected = wishes.get('fail_unexpected')
        self.hang = wishes.get('hang')
        self.fail_teardown = bool(wishes.get('fail_teardown'))
        self.message = wishes.get('message', 'staged: no space left on device /dev/sda')


class StagedDeploy(fake.FakeDeploy):

    def __init__(self):
        super().__init__()
        self._timers = {}

    def validate(self, task):
        # Plain fake accepts a node without an image. This is the check of the real interfaces, with their words.
        deploy_utils.get_image_instance_info(task.node)

    # Only the node decides how long a step takes. Fake's own delays would come on top.
    def prepare(self, task):
        # As the real interfaces do, so that the network interface of the node has its say.
        if task.node.provision_state == states.DEPLOYING:
            task.driver.network.add_provisioning_network(task)

    def take_over(self, task):
        pass

    def clean_up(self, task):
        self._forget(task.node.uuid)

    def tear_down(self, task):
        self._forget(task.node.uuid)
        fate = Fate(task.node)
        if fate.fail_teardown:
            raise exception.InstanceDeployFailure(fate.message)
        conductor_utils.node_power_action(task, states.POWER_OFF)
        task.driver.network.unconfigure_tenant_networks(task)
        return states.DELETED

    @base.deploy_step(priority=100)
    def deploy(self, task):
        return self._run(task, 'deploy')

    @base.deploy_step(priority=80)
    def write_image(self, task):
        fate = Fate(task.node)
        if fate.fail_unexpected == 'write_image':
            raise RuntimeError(fate.message)
        if fate.hang != 'write_image':
            self._answer_later(task.node.uuid, fate)
        return states.DEPLOYWAIT

    @base.deploy_step(priority=60)
    def prepare_instance_boot(self, task):
        waiting = self._run(task, 'prepare_instance_boot')
        if not waiting:
            task.driver.network.remove_provisioning_network(task)
            task.driver.network.configure_tenant_networks(task)
        return waiting

    @base.deploy_step(priority=20)
    def boot_instance(self, task):
        waiting = self._run(task, 'boot_instance')
        if not waiting:
            conductor_utils.node_power_action(task, states.POWER_ON)
        return waiting

    def _run(self, task, step):
        fate = Fate(task.node)
        if fate.hang == step:
            return states.DEPLOYWAIT
        time.sleep(fate.delay)
        if fate.fail == step:
            raise exception.InstanceDeployFailure(fate.message)
        if fate.fail_unexpected == step:
            raise RuntimeError(fate.message)
        return None

    def _answer_later(self, node_id, fate):
        self._forget(node_id)
        # An answer before the step has released the node's lock would wait a whole second for it.
        timer = threading.Timer(max(fate.delay, 0.1), self._answer, args=(node_id, fate))
        timer.daemon = True
        self._timers[node_id] = timer
        timer.start()

    def _forget(self, node_id):
        """Cancels the timer, so that it never answers for the next deployment."""
        timer = self._timers.pop(node_id, None)
        if timer:
            timer.cancel()

    def _answer(self, node_id, fate):
        """Stands in for the agent's report that it wrote the image, or failed to."""
        try:
            # This patient lock is granted only after the step's own worker has released it and recorded the wait.
            with task_manager.acquire(context.get_admin_context(), node_id, patient=True,
                                      purpose='end of a staged step') as task:
                if task.node.provision_state != states.DEPLOYWAIT:
                    return
                if fate.fail == 'write_image':
                    conductor_utils.deploying_error_handler(
                        task, 'Deploy step deploy.write_image failed on node %s. %s' % (node_id, fate.message))
                else:
                    conductor_utils.notify_conductor_resume_operation(task, 'deploy')
        except Exception:
            LOG.exception('The staged step of node %s could not be ended', node_id)
