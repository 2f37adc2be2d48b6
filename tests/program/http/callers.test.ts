import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallersCloud, credential, type Person, startCallersCloud } from '../../support/callers/callers-cloud.js';
import { type HttpServer, startHttpServer } from '../../support/http-server.js';
import { connectOverHttp } from '../../support/mcp-over-http.js';
import { run } from '../../support/program.js';

describe('the built program, where each caller signs in', () => {
  let cloud: CallersCloud;
  let server: HttpServer;
  let people: readonly Person[];

  beforeAll(async () => {
    cloud = await startCallersCloud();
    server = await startHttpServer([], cloud.env);
    people = [cloud.person('ann', 'red'), cloud.person('bob', 'blue')];
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
    await cloud.close();
  });

  const ask = (path: string, authorization = '', body?: object) =>
    fetch(`${server.url}${path}`, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: { authorization, 'content-type': 'application/json' },
    });

  it('serves REST and MCP to two callers, and neither sees what the other has', async () => {
    const clients = await Promise.all(people.map(({ header }) => connectOverHttp('v2', server.url, header)));
    const deployment = { image_id: 'debian-12', server_id: 'rack1-small-01' };
    const started = await ask('/provision', people[0]?.header, deployment);
    const { operation_id, deployment_id } = (await started.json()) as Record<string, string>;
    const question = { name: 'check_provision_status', arguments: { operation_id, deployment_id } };
    const answers = await Promise.all(clients.map((client) => client.callTool(question)));
    expect(answers.map(({ isError }) => isError ?? false)).toEqual([false, true]);
    const paths = people.map(({ header }) => ask(`/provision/${operation_id}?deployment_id=${deployment_id}`, header));
    expect((await Promise.all(paths)).map(({ status }) => status)).toEqual([200, 404]);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('lets nobody in with a wrong secret, over MCP neither, and goes on when a caller leaves early', async () => {
    const wrong = credential(people[0]?.id ?? '', 'wrong').header;
    expect((await ask('/servers', wrong)).status).toBe(401);
    await expect(connectOverHttp('v1', server.url, wrong)).rejects.toThrow(/401|unauthorized/i);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      cloud.instead = async () => {
        resolve();
        await held;
        return undefined;
      };
    });
    const cid = cloud.person('cid', 'green');
    const leaving = new AbortController();
    const left = fetch(`${server.url}/servers`, { headers: { authorization: cid.header }, signal: leaving.signal });
    await asked;
    leaving.abort();
    await expect(left).rejects.toThrow();
    const stays = ask('/servers', cid.header);
    release();
    expect((await stays).status).toBe(200);
    expect(cloud.signIns.filter((id) => id === cid.id)).toHaveLength(1);
  });

  it('writes no secret, and starts with no account', async () => {
    expect(server.program.stderr()).not.toMatch(/-secret|token-\d|Basic /);
    const { code, stderr } = await run(['http'], { ...cloud.env, OS_USERNAME: 'ann' });
    expect(code).toBe(78);
    expect(stderr).toContain('OS_USERNAME must not be set with IRONIC_MCP_HTTP_SIGN_IN=caller');
  });
});
