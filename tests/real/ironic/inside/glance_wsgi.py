"""Glance for uwsgi, with an access log."""

import os

from glance.common import wsgi_app

from access_log import AccessLog

application = AccessLog(wsgi_app.init_app(), os.environ['IRONIC_LAB_ACCESS_LOG'])
