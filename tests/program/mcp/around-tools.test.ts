import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimulator } from '../../../src/simulator/cloud.js';
import { faults } from '../../support/faults/fault-proxy.js';
import { openFaultyCloud } from '../../support/faults/faulty-cloud.js';
import { type ClientLine, clientLines, type McpSession, openSession } from '../../support/mcp-session.js';
import { check, provision } from '../../support/tool-answers.js';

const uuidOf = (name: string) => createSimulator().world.fleet.byName(name)?.uuid ?? '';
const nobody = '00000000-0000-4000-8000-000000000000';
const prompt = { type: 'ref/prompt', name: 'provision' } as const;
const template = (name: string) => ({ type: 'ref/resource', uri: `ironic://${name}/{id}` }) as const;
const options = { concurrent: true };

describe.each(clientLines)('around the tools, a %s client', options, (line: ClientLine) => {
  let session: McpSession;
  beforeAll(async () => {
    session = await openSession(line);
  });
  afterAll(async () => {
    expect(session.stderr()).toMatch(/^ironic-mcp: No OS_\* variable is set.*\n$/);
    expect(await session.close()).toEqual({ code: 0, signal: null });
  });

  const walkThrough = async (given: Record<string, string>) => {
    const { messages } = (await session.client.getPrompt({ name: 'provision', arguments: given })) as {
      messages: { role: string; content: { type: string; text: string } }[];
    };
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({ role: 'user', content: { type: 'text' } });
    return messages[0]?.content.text ?? '';
  };
  const completed = async (
    ref: Parameters<McpSession['client']['complete']>[0]['ref'],
    name: string,
    value: string,
  ) => {
    const { completion } = (await session.client.complete({ ref, argument: { name, value } })) as {
      completion: { values: string[]; hasMore?: boolean };
    };
    expect(completion.hasMore).toBe(false);
    return completion.values;
  };
  const read = async (uri: string) => {
    const { contents } = (await session.client.readResource({ uri })) as {
      contents: { uri: string; mimeType: string; text: string }[];
    };
    expect(contents).toEqual([{ uri, mimeType: 'application/json', text: expect.any(String) }]);
    return JSON.parse(contents[0]?.text ?? '') as unknown;
  };

  it('sees one prompt, whose arguments are described', async () => {
    expect(await session.client.listPrompts()).toMatchObject({
      prompts: [
        {
          name: 'provision',
          arguments: ['image_id', 'resource_class', 'server_id', 'hostname'].map((name) => ({
            name,
            description: expect.any(String),
            required: false,
          })),
        },
      ],
    });
  });

  it('gets a prompt that names existing tools and asks for missing arguments', async () => {
    const nothing = await walkThrough({});
    const tools = (await session.listTools()).map(({ name }) => name);
    const named = nothing.match(/\b[a-z]+_(?:servers?|images|provision_status)\b/g) ?? [];
    expect(new Set(named)).toEqual(
      new Set(['list_images', 'list_servers', 'provision_server', 'check_provision_status']),
    );
    expect(tools).toEqual(expect.arrayContaining(named));
    expect(nothing.split('\n').map((step) => step.slice(0, 3))).toEqual(
      expect.arrayContaining(['1. ', '2. ', '3. ', '4. ', '5. ', '6. ', '7. ', '8. ']),
    );
    const all = await walkThrough({ image_id: 'debian-12', server_id: 'rack1-small-01', hostname: 'web-1' });
    for (const given of ['"debian-12"', '"rack1-small-01"', '"web-1"']) expect(all).toContain(given);
    expect(all).not.toContain('list_');
    expect(await walkThrough({ resource_class: 'baremetal.gpu' })).toContain('class "baremetal.gpu"');
  });

  it('gets completions of the arguments of the prompt from the cloud', async () => {
    expect(await completed(prompt, 'image_id', 'DEB')).toEqual(['debian-12']);
    expect(await completed(prompt, 'image_id', 'fedora')).toEqual([]);
    for (const unknown of ['colour', 'constructor', '__proto__'])
      expect(await completed(prompt, unknown, '')).toEqual([]);
    expect(await completed(prompt, 'resource_class', '')).toEqual([
      'baremetal.gpu',
      'baremetal.large',
      'baremetal.small',
    ]);
    expect(await completed(prompt, 'resource_class', 'gpu')).toEqual(['baremetal.gpu']);
    expect(await completed(prompt, 'server_id', 'rack2')).toEqual(expect.arrayContaining(['rack2-large-02']));
    // This server is not free.
    expect(await completed(prompt, 'server_id', 'rack1-small-04')).toEqual([]);
    expect(await completed(prompt, 'hostname', 'w')).toEqual([]);
    expect(await completed(prompt, 'no_such_argument', '')).toEqual([]);
  });

  it('gets completions of the variables of the resources, from free and used servers', async () => {
    expect(await completed(template('servers'), 'id', 'rack1-small-04')).toEqual(['rack1-small-04']);
    const busy = uuidOf('rack1-small-04');
    expect(await completed(template('operations'), 'id', busy.slice(0, 6))).toEqual([busy]);
    expect(await completed(template('operations'), 'id', 'rack1-small-04')).toEqual([busy]);
    expect(await completed(template('operations'), 'id', uuidOf('rack1-small-01'))).toEqual([]);
  });

  it('gets an error of the protocol for a completion of an unknown name', async () => {
    for (const ref of [{ type: 'ref/prompt', name: 'toString' } as const, template('nodes')]) {
      const asked = session.client.complete({ ref, argument: { name: 'id', value: '' } });
      await expect(asked).rejects.toMatchObject({ code: -32602 });
    }
  });

  it('finds templates of servers and operations, and no list that would cost Ironic a request', async () => {
    expect(await session.client.listResourceTemplates()).toMatchObject({
      resourceTemplates: [{ uriTemplate: 'ironic://servers/{id}' }, { uriTemplate: 'ironic://operations/{id}' }],
    });
    expect(await session.client.listResources()).toMatchObject({ resources: [] });
  });

  it('reads a server as list_servers shows it, by name or id', async () => {
    const { data } = await session.callTool('list_servers', { name_contains: 'rack1-small-04' });
    const [server] = (data?.servers ?? []) as object[];
    expect(await read('ironic://servers/rack1-small-04')).toEqual(server);
    expect(await read(`ironic://servers/${uuidOf('rack1-small-04')}`)).toEqual(server);
  });

  it('reads an operation as check_provision_status shows it', async () => {
    const operation_id = uuidOf('rack1-small-04');
    expect(await read(`ironic://operations/${operation_id}`)).toEqual(await check(session, { operation_id }));
    const begun = await provision(session, { image_id: 'debian-12', server_id: 'rack1-small-03' });
    expect(await read(`ironic://operations/${begun.operation_id}`)).toMatchObject({
      status: 'in_progress',
      deployment_id: begun.deployment_id,
    });
  });

  it.each([
    ['ironic://servers/no-such-server', 'Server no-such-server not found'],
    ['ironic://servers/..%2Fports', 'Server ../ports not found'],
    ['ironic://servers/%E0%A4%A', 'Server %E0%A4%A not found'],
    [`ironic://operations/${nobody}`, `Server ${nobody} not found`],
    ['ironic://operations/rack1-small-04', 'Invalid request: operation_id: must be a UUID'],
    ['ironic://nodes/rack1-small-04', 'Resource not found: ironic://nodes/rack1-small-04'],
  ])('gets an error of the protocol for %s: %s', async (uri, message) => {
    await expect(session.client.readResource({ uri })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining(message),
      data: { uri },
    });
  });
});

describe.each(clientLines)('around the tools of an Ironic that fails, a %s client', options, (line: ClientLine) => {
  it('learns why from a resource, with the next step, and gets no completions', async () => {
    const cloud = await openFaultyCloud(line);
    const { proxy, session } = cloud;
    await session.client.listPrompts();
    await session.client.listResourceTemplates();
    expect(proxy.log, 'looking around costs Ironic nothing').toEqual([]);
    proxy.on({}, faults.answerBefore(500));
    await expect(session.client.readResource({ uri: 'ironic://servers/rack1-small-01' })).rejects.toMatchObject({
      code: -32603,
      message: expect.stringContaining('Failed to communicate with Ironic: Ironic answered with HTTP status 500'),
      data: { code: 'ironic_unavailable', hint: expect.stringContaining('Nothing was changed'), retryable: true },
    });
    const asked = session.client.complete({ ref: prompt, argument: { name: 'server_id', value: '' } });
    expect(await asked).toMatchObject({ completion: { values: [] } });
    await cloud.close();
  });
});

describe.each(clientLines)('where only some servers may be deployed, a %s client', options, (line: ClientLine) => {
  it('gets completions of their classes only', async () => {
    const session = await openSession(line, { IRONIC_MCP_RESOURCE_CLASSES: 'baremetal.gpu,*.large' });
    const asked = session.client.complete({ ref: prompt, argument: { name: 'resource_class', value: '' } });
    expect(await asked).toMatchObject({ completion: { values: ['baremetal.gpu', 'baremetal.large'] } });
    await session.close();
  });
});

describe.each(clientLines)('where only reading is allowed, a %s client', options, (line: ClientLine) => {
  it('sees no prompt that would change something', async () => {
    const session = await openSession(line, { IRONIC_MCP_READ_ONLY: 'true' });
    expect(await session.client.listPrompts()).toMatchObject({ prompts: [] });
    expect(session.instructions).toContain('READ-ONLY');
    expect(session.instructions).not.toContain('provision_server');
    await session.close();
  });
});
