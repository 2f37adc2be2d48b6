"""Neutron for uwsgi, with an access log."""

import os
import sys

sys.argv = ['neutron-api']

from neutron import server  # noqa: E402
from neutron.common import config  # noqa: E402

from access_log import AccessLog  # noqa: E402

application = AccessLog(server.boot_server(lambda: config.load_paste_app('neutron')),
                        os.environ['IRONIC_LAB_ACCESS_LOG'])
