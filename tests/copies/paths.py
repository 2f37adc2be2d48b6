"""Where things are, and the way to the modules of the lane with real Ironics, whose installation this lab shares."""

import sys
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path.append(str(REPOSITORY / 'tests' / 'real' / 'ironic'))
sys.dont_write_bytecode = True

from ironic_lab import HOME  # noqa: E402

# Everything that a run writes. It stays until the next run.
STATE = HOME / 'copies'

# All addresses are loopback's, in a network namespace of the lab's own.
IRONIC = 'http://127.0.0.1:6385'
FRONT = 'http://127.0.0.1:7385'
CONDUCTORS = ('127.0.0.1', '127.0.0.2')
DATABASE = SimpleNamespace(socket=str(STATE / 'mariadb' / 'socket'), url='mysql+pymysql://ironic:ironic@127.0.0.1/ironic')
