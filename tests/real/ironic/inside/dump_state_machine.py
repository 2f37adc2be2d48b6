"""Prints the state machine of this Python's Ironic as JSON: its states, their edges, the verbs of its API."""

import importlib
import importlib.util
import json

from ironic.common import states

# Older releases have the state machine in the module `states`.
APART = 'ironic.common.state_machine'
MACHINE = (importlib.import_module(APART) if importlib.util.find_spec(APART) else states).machine


def edges(state):
    found = {}
    for source, event, target in MACHINE:
        if source == state:
            found[event] = target
    return found


def main():
    print(json.dumps({
        'states': {name: {'stable': MACHINE.is_stable(name), 'target': MACHINE._states[name]['target']}
                   for name in MACHINE._states},
        'transitions': {name: edges(name) for name in MACHINE._states},
        'verbs': states.VERBS,
    }, indent=2))


if __name__ == '__main__':
    main()
