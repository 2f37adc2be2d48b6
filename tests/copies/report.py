"""The tables of one run."""

import collections
import json


def show(kills, lines, wrong, starts, nodes, left, mute, limbo):
    calls = collections.Counter(line['kind'] for line in lines)
    faces = collections.Counter(line['face'] for line in lines)
    killed = collections.Counter(name for name, _, _ in kills)
    states = collections.Counter(node['provision_state'] for node in nodes)
    seconds = sorted((line['got'] - line['sent']) / 1000 for line in lines)
    table(('What', 'Count'), [
        ('parts killed', f'{len(kills)}: {listed(killed)}'),
        ('calls', f'{len(lines)}: {listed(faces)}'),
        ('answered', calls['answer']),
        ('failed with a code', calls['failure']),
        ('without an answer of a copy', calls['lost']),
        ('idempotency keys', len({line['input']['idempotency_key'] for line in lines if line['name'] == 'provision_server'})),
        ('deployments started', sum(map(len, starts.values()))),
        ('wrong answers', len(wrong)),
        ('deployed twice', sum(each['why'] == 'deployed more than once' for each in wrong)),
        ('a call took', f'{seconds[len(seconds) // 2]:.1f} s in the middle, {seconds[-1]:.1f} s at most'),
        ('longest wait for an answer, with all repeated calls', f'{longest_wait(lines):.0f} s'),
        ('longest time in which nobody got an answer', f'{longest_silence(lines):.1f} s'),
        ('nodes that Ironic left halfway', f'{len(left)}, and {len(limbo)} after its conductors were started again'),
        ('nodes that failed or were left, without an explanation by a status call', len(mute)),
        ('nodes at the end', listed(states)),
    ])
    failed = collections.Counter((line['name'], line['code']) for line in lines if line['kind'] != 'answer')
    table(('Call', 'Failed with', 'Count'), [(f'`{name}`', code, count) for (name, code), count in sorted(failed.items())])
    if wrong:
        table(('Wrong', 'Count'), collections.Counter(each['why'][:60] for each in wrong).items())


def table(head, rows):
    for row in (head, ['---'] * len(head), *rows):
        print('| ' + ' | '.join(map(str, row)) + ' |')
    print()


def listed(counter):
    return ', '.join(f'{count} {name}' for name, count in sorted(counter.items()))


def longest_wait(lines):
    """Seconds from a caller's first call until the same call was answered, or failed for another reason than a fault."""
    waiting, longest = {}, 0
    for line in sorted(lines, key=lambda line: line['got']):
        which = (line['caller'], line['name'], json.dumps(line['input'], sort_keys=True))
        begun = waiting.setdefault(which, line['sent'])
        code = line.get('code')
        is_fault = line['kind'] == 'lost' or code in ('outcome_unknown', 'ironic_unavailable', 'overloaded')
        if not is_fault:
            longest = max(longest, line['got'] - begun)
            del waiting[which]
    return longest / 1000


def longest_silence(lines):
    times = sorted(line['got'] for line in lines if line['kind'] == 'answer')
    return max((after - before for before, after in zip(times, times[1:])), default=0) / 1000
