"""Compares every answer with what Ironic's database recorded at that time."""

import bisect
import collections

# A change is recorded a little before its transaction ends, and until then a reader sees the state before it. One reading
# of the program may serve several callers.
LEEWAY_SECONDS = 5
# A call that waits may begin with a look of another caller, or with a list, as old as the pause between two looks.
WAITING_SECONDS = 10
# The shortest time after which a status call may doubt a server on which a conductor works.
STALLED_SECONDS = 300

DEPLOYING = ('deploying', 'wait call-back')

# What the words of a list mean.
LISTED = {
    'available': lambda state, deployment: state == 'available' and deployment is None,
    'deploying': lambda state, deployment: state in (*DEPLOYING, 'available') and deployment is not None,
    'failed': lambda state, deployment: state in ('deploy failed', 'error', 'available') and deployment is not None,
    'in_use': lambda state, deployment: deployment is not None,
}


class Judge:

    def __init__(self, answers, changes):
        self.answers = sorted(answers, key=lambda line: line['sent'])
        self._changes = changes
        self._times = {node: [row['at'] for row in rows] for node, rows in changes.items()}
        self.wrong = []
        # By deployment: when and where the callers' deployments began.
        self.starts = collections.defaultdict(list)
        begin = self.answers[0]['sent'] / 1000
        for node, rows in changes.items():
            for before, after in zip(rows, rows[1:]):
                if after['state'] == 'deploying' and before['state'] not in DEPLOYING and after['at'] > begin:
                    self.starts[after['instance']].append((after['at'], node))

    def judge(self):
        keys = collections.defaultdict(list)
        for line in self.answers:
            leeway = LEEWAY_SECONDS + (WAITING_SECONDS if line['input'].get('wait_seconds') else 0)
            line['from'], line['to'] = line['sent'] / 1000 - leeway, line['got'] / 1000
            if line['name'] == 'provision_server':
                keys[line['input']['idempotency_key']].append(line)
            elif line['kind'] != 'lost':
                getattr(self, line['name'])(line)
        for lines in keys.values():
            self.key(lines)
        self.servers_of_one(keys.values())
        self.once(keys.values())
        return self.wrong

    def rows(self, node, line):
        """What was recorded of the node for the time of the call."""
        times, rows = self._times.get(node, []), self._changes.get(node, [])
        first = max(bisect.bisect_right(times, line['from']) - 1, 0)
        last = bisect.bisect_right(times, line['to'])
        return rows[first:last]

    def moments(self, node, line):
        """What the node was at some time of the call, as pairs of state and deployment."""
        return {(row['state'], row['instance']) for row in self.rows(node, line)}

    def say(self, line, why):
        told = line.get('data') or {member: line.get(member) for member in ('code', 'reason')}
        self.wrong.append({'why': why, **{name: line[name] for name in ('caller', 'face', 'name', 'input', 'sent', 'got')},
                           'told': told})

    def check_provision_status(self, line):
        node, data = line['input']['operation_id'], line.get('data')
        seen = self.moments(node, line)
        if data is None:
            self.gone(line, seen)
            return
        deployment = line['input']['deployment_id']
        if data['deployment_id'] != deployment or data['operation_id'] != node:
            self.say(line, 'an operation of another server or deployment')
        elif (data['provision_state'], deployment) not in seen:
            self.say(line, f'the node was never so during the call: {sorted(seen, key=str)}')
        elif data['status'] == 'completed' and data['provision_state'] != 'active':
            self.say(line, 'completed, but not active')
        elif data['status'] == 'failed' and not data['failure']:
            self.say(line, 'failed, without an explanation')
        elif 'seems stalled' in data['message']:
            self.stalled(line)

    def stalled(self, line):
        """A server stands still if nobody holds its lock, or if it has been at one thing for minutes."""
        node, data = line['input']['operation_id'], line['data']
        isFree = any(row['reservation'] is None and row['state'] == data['provision_state'] for row in self.rows(node, line))
        isLate = any(at < line['to'] - STALLED_SECONDS for at, _ in self.starts[data['deployment_id']])
        if not isFree and ('no conductor' in data['message'] or not isLate):
            self.say(line, 'seems stalled, but a conductor worked on it')

    def deprovision_server(self, line):
        node, data = line['input']['operation_id'], line.get('data')
        seen = self.moments(node, line)
        if data is None:
            self.gone(line, seen)
            return
        deployment = line['input']['deployment_id']
        there = [state for state, instance in seen if instance == deployment]
        gone = [state for state, instance in seen if instance != deployment]
        if data['status'] == 'completed' and not gone:
            self.say(line, f'completed, but the deployment was there: {there}')
        elif data['status'] == 'accepted' and not any(state in ('deleting', 'deleted', 'cleaning') for state, _ in seen):
            self.say(line, f'accepted, but nothing was undeployed: {sorted(seen, key=str)}')

    def gone(self, line, seen):
        deployment = line['input']['deployment_id']
        if line['code'] == 'operation_not_found' and all(instance == deployment for _, instance in seen):
            self.say(line, 'not found, but it was there')
        elif line['code'] in ('server_not_found', 'internal'):
            self.say(line, 'no server of this lab is missing, and nothing may break')

    def list_servers(self, line):
        for server in (line.get('data') or {}).get('servers', []):
            seen = self.moments(server['id'], line)
            if server['state'] in LISTED and not any(LISTED[server['state']](*moment) for moment in seen):
                self.say(line, f'{server["name"]} was never {server["state"]} during the call: {sorted(seen, key=str)}')

    def key(self, lines):
        """All calls of one key. They follow each other, but one without an answer may go on in a copy."""
        answered = [line for line in lines if line['kind'] == 'answer']
        operations = {(line['data']['operation_id'], line['data']['deployment_id']) for line in answered}
        if len(operations) > 1:
            self.say(answered[-1], f'two operations for one key: {sorted(operations)}')
        for line in answered:
            node, deployment = line['data']['operation_id'], line['data']['deployment_id']
            if not any(instance == deployment for _, instance in self.moments(node, line)):
                self.say(line, 'the server carried another deployment')
            if line['data']['status'] == 'accepted' and not any(
                    line['from'] <= at <= line['to'] + LEEWAY_SECONDS for at, _ in self.starts[deployment]):
                self.say(line, 'accepted, but nothing was started')
        for before, line in zip([None, *lines], lines):
            # Whether an earlier call still goes on in a copy is not known.
            isFirst = before is None or before['kind'] != 'lost' and before.get('code') != 'outcome_unknown'
            if line['kind'] == 'failure' and line['code'] != 'outcome_unknown' and isFirst:
                for deployment in {deployment for _, deployment in operations}:
                    if any(line['sent'] / 1000 <= at <= line['to'] + 1 and at < line['to'] for at, _ in self.starts[deployment]):
                        self.say(line, 'said to be not started, but it was')

    def servers_of_one(self, keys):
        """Two keys never have the same deployment."""
        owners = collections.defaultdict(set)
        for lines in keys:
            for line in lines:
                if line['kind'] == 'answer':
                    owners[line['data']['deployment_id']].add(line['input']['idempotency_key'])
        for deployment, found in owners.items():
            if len(found) > 1:
                self.wrong.append({'why': 'two keys with one deployment', 'deployment': deployment})

    def once(self, keys):
        """Each deployment began once, on one server, and again for each call with `retry_failed`."""
        retries = collections.Counter()
        for lines in keys:
            for deployment in {line['data']['deployment_id'] for line in lines if line['kind'] == 'answer'}:
                retries[deployment] += sum(line['input'].get('retry_failed', False) for line in lines)
        for deployment, starts in self.starts.items():
            if len(starts) > 1 + retries[deployment] or len({node for _, node in starts}) > 1:
                self.wrong.append({'why': 'deployed more than once', 'deployment': deployment, 'starts': starts})
