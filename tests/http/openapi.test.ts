import { readFile, writeFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { allOperations, operations } from '../../src/core/operations.js';
import { openApi } from '../../src/http/documents.js';
import { Problem, problemOf } from '../../src/http/problem.js';
import { exampleFailure, failuresOf } from '../../src/http/reference.js';
import { document, expectSchema } from './documented.js';

const golden = new URL('../golden/openapi.json', import.meta.url);

describe('the OpenAPI document', () => {
  it('equals tests/golden/openapi.json, which changes only on purpose', async () => {
    // UPDATE_GOLDEN=1 npx vitest run tests/http/openapi.test.ts
    if (process.env.UPDATE_GOLDEN) await writeFile(golden, JSON.stringify(document, null, 2));
    expect(document).toEqual(JSON.parse(await readFile(golden, 'utf8')));
  });

  it('is valid OpenAPI 3.1 for an independent validator', async () => {
    const validator = new Validator();
    expect(await validator.validate(JSON.parse(openApi))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has every operation by its name, with every way to fail', () => {
    for (const operation of allOperations) {
      const { route, name } = operation;
      const described = document.paths[route.path]?.[route.method.toLowerCase()];
      expect(described).toMatchObject({ operationId: name, summary: operation.title });
      const text = JSON.stringify(described?.responses);
      for (const code of failuresOf(operation)) expect(text).toContain(`"${code}":{"value"`);
    }
  });

  it('describes every argument and shows a valid input', () => {
    for (const { name, input, example } of allOperations) {
      expect(input.safeParse(example).success, name).toBe(true);
    }
    for (const paths of Object.values(document.paths)) {
      for (const described of Object.values(paths) as {
        parameters?: { description?: string }[];
        requestBody?: { content: { 'application/json': { schema: object; example: unknown } } };
      }[]) {
        for (const parameter of described.parameters ?? []) expect(parameter.description).toBeTruthy();
        const body = described.requestBody?.content['application/json'];
        if (body) expectSchema(body.schema, body.example);
      }
    }
  });

  it('accepts a host name and an id in capitals, as the routes do', () => {
    const capitals = {
      server_id: 'A',
      image_id: 'x',
      hostname: 'WEB-1',
      vifs: ['1A049BF3-8234-4C54-ABC6-EECCC75CD2F7'],
    };
    expect(operations.provision_server.input.safeParse(capitals).success).toBe(true);
    expectSchema({ $ref: '#/components/schemas/ProvisionServerInput' }, capitals);
  });

  it('shows valid problems', () => {
    for (const operation of allOperations) {
      for (const code of failuresOf(operation)) Problem.parse(problemOf(exampleFailure(code)));
    }
  });
});
