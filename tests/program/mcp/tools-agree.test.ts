import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allOperations } from '../../../src/core/operations.js';
import { type McpSession, openSession } from '../../support/mcp-session.js';

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

type Json = Readonly<Record<string, unknown>>;

/** Names in a description: of tools, arguments and members of answers. */
const namesIn = (description: string) => description.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? [];

/** The names of all members of a schema, at any depth. */
function membersOf(schema: Json): readonly string[] {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Json>);
  const choices = [...((schema.anyOf ?? []) as Json[]), ...(schema.items ? [schema.items as Json] : [])];
  const enumerated = ((schema.enum ?? []) as unknown[]).map(String);
  return [
    ...enumerated,
    ...properties.flatMap(([name, inner]) => [name, ...membersOf(inner)]),
    ...choices.flatMap(membersOf),
  ];
}

describe('each tool', () => {
  let session: McpSession;
  let tools: Awaited<ReturnType<McpSession['listTools']>>;
  beforeAll(async () => {
    // Every tool is allowed, and a deployment takes no time.
    session = await openSession('v2', {
      IRONIC_MCP_SIM_SPEED: '10000',
      IRONIC_MCP_ALLOW_REBOOT: 'true',
      IRONIC_MCP_ALLOW_DEPROVISION: 'true',
    });
    tools = await session.listTools();
  });
  afterAll(() => session.close());
  const toolOf = (name: string) => tools.find((tool) => tool.name === name);

  it('is an operation of the table, and each operation a tool, in its order', () => {
    expect(tools.map(({ name }) => name)).toEqual(allOperations.map(({ name }) => name));
  });

  it.each(allOperations)('$name is described and marked as the table says', ({ name, title, description, ...rest }) => {
    const { effect, idempotent } = rest;
    expect(toolOf(name)).toMatchObject({
      description,
      annotations: {
        title,
        readOnlyHint: effect === 'read',
        destructiveHint: effect !== 'read',
        idempotentHint: idempotent,
      },
    });
  });

  it.each(allOperations)('$name lists what the operation takes, and refuses the rest', async ({ name, input }) => {
    const { properties, required = [] } = (toolOf(name)?.inputSchema ?? {}) as Json & { required?: string[] };
    const { shape } = input as unknown as {
      shape: Record<string, { safeParse(value: unknown): { success: boolean } }>;
    };
    expect(Object.keys(properties as object)).toEqual(Object.keys(shape));
    expect(await session.callTool(name, { unknown: null })).toMatchObject({
      isError: true,
      text: expect.stringContaining('unknown argument "unknown"'),
    });
    const needed = Object.keys(shape).filter((argument) => !shape[argument]?.safeParse(undefined).success);
    expect([...required].sort()).toEqual(needed.sort());
  });

  it.each(allOperations)('$name mentions only existing names in its description', ({ name, description }) => {
    const { inputSchema, outputSchema } = toolOf(name) ?? { inputSchema: {} };
    const known = new Set([
      ...tools.map((tool) => tool.name),
      ...tools.flatMap((tool) => membersOf(tool.inputSchema as Json)),
      ...membersOf(inputSchema as Json),
      ...membersOf((outputSchema ?? {}) as Json),
    ]);
    for (const word of namesIn(description)) expect(known, `${name}: ${word}`).toContain(word);
  });

  it('answers its example according to its schema', async () => {
    for (const { name, example } of allOperations) {
      const { inputSchema, outputSchema } = toolOf(name) ?? {};
      expect(ajv.validate(inputSchema ?? false, example), `${name}: ${ajv.errorsText()}`).toBe(true);
      const { isError, data, text } = await session.callTool(name, example);
      expect(isError, text).toBe(false);
      expect(JSON.parse(text)).toEqual(data);
      expect(ajv.validate(outputSchema ?? false, data), `${name}: ${ajv.errorsText()}`).toBe(true);
    }
  });

  it('that returns or takes an operation_id says how long it is valid', () => {
    const handed = tools.filter(({ description = '' }) => description.includes('operation_id'));
    expect(handed.length).toBeGreaterThan(0);
    expect(toolOf('provision_server')?.description).toMatch(/operation_id, valid until the server is undeployed/);
    expect(toolOf('check_provision_status')?.description).toMatch(/call again after poll_after_seconds/);
  });
});
