"""What each client does: list the tools, deploy a server, read the structure of an answer, and read an error."""

import asyncio
import json
import os
import traceback

COMMAND = os.environ['PROGRAM_NODE']
ARGUMENTS = [os.environ['PROGRAM']]
ENVIRONMENT = {'IRONIC_MCP_SIM_SPEED': '10000', 'PATH': os.environ['PATH']}
# The same program over HTTP.
ADDRESS = os.environ['PROGRAM_URL']
TOOLS = sorted(os.environ['PROGRAM_TOOLS'].split(','))

REQUEST = {'image_id': 'debian-12', 'server_id': 'rack1-small-01'}


def structure(answer):
    """The object in an answer. Some clients hand on only its text."""
    return json.loads(answer) if isinstance(answer, str) else answer


async def failure(call, *arguments):
    """The text of a failed call: some clients raise it, others return it."""
    try:
        return str(await call(*arguments))
    except Exception as error:
        return str(error)


async def travel(names, call):
    """Makes the steps and prints each. `call(name, arguments)` returns an answer as the client hands it on."""

    async def lists():
        assert sorted(names) == TOOLS, sorted(names)
        return True

    async def deploys():
        accepted = structure(await call('provision_server', REQUEST))
        assert accepted['status'] == 'accepted', accepted
        operation = {'operation_id': accepted['operation_id'], 'wait_seconds': 50}
        status = structure(await call('check_provision_status', operation))
        while status['status'] == 'in_progress':
            status = structure(await call('check_provision_status', operation))
        assert status['status'] == 'completed', status
        return True

    async def answers():
        answer = await call('list_servers', {'limit': 3})
        servers = structure(answer)['servers']
        assert [type(server['name']) for server in servers] == [str] * 3, servers
        return 'text' if isinstance(answer, str) else 'object'

    async def errors():
        text = await failure(call, 'provision_server', {**REQUEST, 'server_id': 'nosuch'})
        assert 'Server nosuch not found' in text and 'Code: server_not_found' in text, text
        return True

    async def null():
        servers = structure(await call('list_servers', {'limit': 3, 'resource_class': None, 'cursor': None}))['servers']
        assert len(servers) == 3, servers
        return True

    for step in (lists, deploys, answers, errors, null):
        try:
            outcome = {'result': await step()}
        except Exception:
            outcome = {'result': False, 'why': traceback.format_exc()[-3000:]}
        print(json.dumps({'step': step.__name__, **outcome}), flush=True)


def main(client):
    """Runs a client: an asynchronous function that calls `travel`."""
    asyncio.run(client())
