"""One run of the lab, in namespaces of its own and with the Python that has Debian's packages: see `lab.py`."""

import concurrent.futures
import json
import shutil
import subprocess
import sys
import time

from paths import FRONT, HERE, HOME, IRONIC, STATE

import enrolment
import history
import installation
import parts
import report
from judge import Judge
from problem import Problem, installs
from rest import Rest

# Seconds of each of the four steps of a deployment.
STEP_SECONDS = 8
# Seconds after the callers' time in which deployments and undeployments end. A node whose agent is lost takes 60 and more.
SETTLE_SECONDS = 120
MOVING = ('deploying', 'wait call-back', 'deleting', 'cleaning')


def run(nodes, count, seconds):
    with installation.exclusive(HOME / 'copies.lock'):
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        shutil.rmtree(STATE, ignore_errors=True)
        STATE.mkdir(parents=True)
        killable = start(nodes)
        say('The callers begin.')
        answers = STATE / 'answers.jsonl'
        settings = {'front': FRONT, 'callers': count, 'seconds': seconds, 'settle': SETTLE_SECONDS,
                    'answers': str(answers)}
        callers = subprocess.Popen(['node', HERE / 'callers.js', json.dumps(settings)])
        kills = kill_in_turn(killable, seconds)
        if callers.wait(timeout=SETTLE_SECONDS + 240):
            raise Problem('The callers failed.')
        _, left = wait_for_quiet(60)
        mute = [node for node in left if not is_explained(node)]
        if left:
            say(f'Ironic has left {len(left)} nodes halfway: its conductors start again.')
            restart([part for part in killable if part.name.startswith('conductor')])
        nodes, limbo = wait_for_quiet(90)
        failed = [node for node in nodes if 'fail' in node['provision_state'] or node['provision_state'] == 'error']
        mute += [node for node in failed if not is_explained(node)]
        lines = [json.loads(line) for line in answers.read_text().splitlines()]
        changes = history.read()
        judge = Judge(lines, changes)
        wrong = judge.judge()
        for name, found in {'history': changes, 'wrong': wrong, 'limbo': [left, mute, limbo]}.items():
            (STATE / f'{name}.json').write_text(json.dumps(found, indent=1))
        report.show(kills, lines, wrong, judge.starts, nodes, left, mute, limbo)
        sys.exit(1 if wrong or mute or limbo else 0)


def start(nodes):
    """Starts everything, and returns what can be killed, in the order in which it is."""
    python = installation.DEBIAN_PYTHON
    (STATE / 'images.json').write_text(json.dumps({'debian': {
        'source': 'https://images.example.org/debian.qcow2', 'os_hash_algo': 'sha256', 'os_hash_value': '0' * 64}}))
    database = parts.database()
    database.start()
    database.wait()
    history.create_database()
    conductors = [parts.conductor(python, number) for number in (1, 2)]
    parts.create_schema(python)
    history.record()
    apis = [parts.api(python, number) for number in (1, 2)]
    copies = [parts.copy(number) for number in (1, 2, 3)]
    started = [*conductors, *apis, *copies, parts.balancers()]
    for part in started:
        part.start()
    for part in started:
        part.wait()
    say('All parts run.')
    api = enrolment.Api(IRONIC)
    enrolment.enrol(api, nodes, 'staged')
    delay = [{'op': 'add', 'path': '/extra/staged', 'value': {'delay': STEP_SECONDS}}]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda index: api.call('PATCH', f'/v1/nodes/bm-{index:04}', delay), range(nodes)))
    say(f'{nodes} nodes are there.')
    return [copies[0], apis[0], conductors[0], copies[1], database, apis[1], conductors[1], copies[2]]


def kill_in_turn(killable, seconds):
    """Kills one part after the other, and starts each again before the next. Returns who was down, and for how long."""
    begun, kills = time.monotonic(), []

    def kill(part, down):
        killed = time.monotonic()
        part.kill()
        time.sleep(down)
        part.start()
        part.wait()
        kills.append((part.name, killed - begun, time.monotonic() - killed))
        say('%s was killed after %.0f s, and away for %.1f s.' % kills[-1])

    # Until the callers have something to lose.
    time.sleep(12)
    while time.monotonic() - begun < seconds:
        part = killable[len(kills) % len(killable)]
        # Every other time a conductor is away for so long that the other takes its nodes over.
        is_long = part.name.startswith('conductor') and len(kills) >= len(killable)
        kill(part, parts.HEARTBEAT_TIMEOUT * 1.6 if is_long else 3)
        time.sleep(4)
    # A conductor never goes on with what it was at when its database died, and keeps the locks. Only a new start helps.
    for part in killable:
        if part.name.startswith('conductor'):
            kill(part, 3)
    return kills


def wait_for_quiet(seconds):
    """All nodes, and those on which Ironic is still at work, or which it has left halfway, after so many seconds."""
    api, deadline = enrolment.Api(IRONIC), time.monotonic() + seconds
    fields = 'uuid,name,provision_state,instance_uuid,reservation'
    while True:
        nodes = api.call('GET', f'/v1/nodes?limit=1000&fields={fields}')['nodes']
        limbo = [node for node in nodes if node['reservation'] or node['provision_state'] in MOVING
                 or node['provision_state'] == 'available' and node['instance_uuid']]
        if not limbo or time.monotonic() > deadline:
            return nodes, limbo
        time.sleep(1)


def is_explained(node):
    """Whether a status call says what is wrong with a node."""
    try:
        status = Rest(FRONT).call('GET', f'/provision/{node["uuid"]}')
        return bool(status['failure']) or 'It seems stalled' in status['message']
    except Problem as problem:
        # It carries no deployment, and the reason says why it cannot.
        return 'operation_not_found' in str(problem) and 'failed' in str(problem)


def restart(conductors):
    """What an operator does about nodes on which no conductor works. Each time the others have to notice the change."""
    for conductor in (*conductors, conductors[0]):
        conductor.kill()
        conductor.start()
        conductor.wait()
        time.sleep(20)


def say(text):
    print(f'{time.strftime("%H:%M:%S")} {text}', file=sys.stderr, flush=True)


if __name__ == '__main__':
    installs(lambda: run(*map(int, sys.argv[1:])))
