"""Where things are, and the way to the modules of the lane with real Ironics, whose installation this lab shares."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
sys.path.append(str(REPOSITORY / 'tests' / 'real' / 'ironic'))
sys.dont_write_bytecode = True

from ironic_lab import HOME  # noqa: E402

# Everything that a running lab writes.
STATE = HOME / 'machines'
FILES = STATE / 'files'
# The logs of the last lab that failed.
FAILED = HOME / 'machines-failed'

# The lab's own network, within a namespace: nothing of it reaches the machine's.
NAMESPACE = 'ironic-machines'
HOST = '10.99.0.1'
IRONIC_PORT = 6385
IRONIC = f'http://{HOST}:{IRONIC_PORT}'
BMC = f'http://{HOST}:8000'
IMAGES = f'http://{HOST}:8080'
# From outside of the namespace, too.
LIBVIRT = f'qemu+unix:///system?socket={STATE}/libvirt/run/libvirt-sock'
