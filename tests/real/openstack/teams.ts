import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectDocumented } from '../../http/documented.js';
import { type Answer, createRestClient } from '../../http/rest-client.js';
import { type HttpServer, startHttpServer } from '../../support/http-server.js';
import { connectOverHttp } from '../../support/mcp-over-http.js';
import { type Cloud, given } from './cloud.js';
import { basic, type Credential, foundTwoTeams, type Member } from './two-teams.js';

const image_id = 'ubuntu-22.04';
const challenge = 'Basic realm="ironic-mcp", charset="UTF-8"';
type Send = typeof fetch;

export function callersOfTwoTeams(cloud: () => Cloud): void {
  describe('callers who sign in with credentials of their own', () => {
    let teams: Awaited<ReturnType<typeof foundTwoTeams>>;
    let server: HttpServer;
    let auditLog: string;
    const closers: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      teams = await foundTwoTeams(cloud());
      auditLog = join(cloud().home, 'audit-of-teams.jsonl');
      server = await startHttpServer([], {
        HOME: cloud().home,
        OS_AUTH_URL: cloud().auth_url,
        OS_REGION_NAME: cloud().region,
        IRONIC_MCP_HTTP_SIGN_IN: 'caller',
        IRONIC_MCP_ALLOW_DEPROVISION: 'true',
        IRONIC_MCP_AUDIT_LOG: auditLog,
      });
    });
    afterAll(async () => {
      for (const close of closers) await close();
      expect(await server.stop()).toBe(0);
      cloud().transcript.push(server.program.stderr(), await readFile(auditLog, 'utf8'));
    });

    async function ask(
      { authorization }: { authorization?: string },
      method: string,
      target: string,
      body?: object,
    ): Promise<Answer> {
      const client = createRestClient(server.url, (request) => fetch(request));
      const answer = await client.ask(method, target, body, authorization ? { authorization } : {});
      expectDocumented(answer);
      cloud().transcript.push(answer.text);
      return answer;
    }
    const failure = async (...call: Parameters<typeof ask>) => (await ask(...call)).json.code;

    /** What a real MCP client of this caller is told by a tool. It closes after the tests. */
    async function connected({ credential }: Member, send?: Send) {
      const { authorization } = credential;
      const user = () => ({ action: 'accept', content: { confirm: true } }) as const;
      const client = await connectOverHttp('v2', server.url, authorization, user, send);
      closers.push(() => client.close());
      const call = async (name: string, input: object) => {
        const { content, structuredContent } = await client.callTool({ name, arguments: { ...input } });
        const [{ text = '' } = {}] = content as { text?: string }[];
        cloud().transcript.push(text);
        return { text, data: structuredContent as Answer['json'] | undefined };
      };
      return { call, read: (uri: string) => client.readResource({ uri }) };
    }

    async function deploy(credential: Credential, input: object) {
      const answer = await ask(credential, 'POST', '/provision', { image_id, ...input });
      expect(answer.status, answer.text).toBe(202);
      return answer.json as { operation_id: string; deployment_id: string };
    }

    test('see the servers of their own project only, in 200 lists of two callers in turn', async () => {
      const { ana, ben } = teams;
      const clients = new Map([ana, ben].map((member) => [member, connected(member)]));
      const list = async (member: Member, byTool: boolean) => {
        const { call } = await given(clients.get(member));
        const answer = byTool
          ? (await call('list_servers', {})).data
          : (await ask(member.credential, 'GET', '/servers')).json;
        return idsIn(answer);
      };
      const turns = Array.from({ length: 200 }, (_, turn) => turn);
      const takeTurns = async () => {
        for (let turn = turns.pop(); turn !== undefined; turn = turns.pop()) {
          const member = turn % 2 ? ana : ben;
          expect(await list(member, turn % 4 < 2)).toEqual(new Set(member.servers));
        }
      };
      await Promise.all(Array.from({ length: 8 }, takeTurns));
    });

    test('cannot see, stop or repeat a deployment of another project while its caller waits for it', async () => {
      const { admin, ana, abe, ben } = teams;
      const [server_id = ''] = ana.servers;
      // The agent never answers, so the deployment lasts until Ana gives it up.
      await admin.patch(
        server_id,
        { op: 'replace', path: '/deploy_interface', value: 'staged' },
        { op: 'add', path: '/extra/staged', value: { hang: 'write_image' } },
      );
      const idempotency_key = crypto.randomUUID();
      const { deployment_id } = await deploy(ana.credential, { server_id, idempotency_key });
      const target = `/provision/${server_id}`;
      const waiting = (async () => {
        for (;;) {
          const { status, json } = await ask(ana.credential, 'GET', `${target}?wait_seconds=50`);
          if (json.status !== 'in_progress') return { status, code: json.code };
        }
      })();

      const { name } = await admin.until(server_id, 'wait call-back');
      const input = { operation_id: server_id, confirm_server_name: name };
      const [asBen, asAbe] = [await connected(ben), await connected(abe)];
      expect(await failure(ben.credential, 'GET', target)).toBe('server_not_found');
      expect(await failure(ben.credential, 'DELETE', target, { confirm_server_name: name })).toBe('server_not_found');
      const calls = {
        check_provision_status: { operation_id: server_id },
        diagnose_server: { server_id },
        deprovision_server: input,
      };
      for (const [tool, given] of Object.entries(calls)) {
        expect((await asBen.call(tool, given)).text).toContain('Code: server_not_found');
      }
      for (const kind of ['servers', 'operations']) {
        await expect(asBen.read(`ironic://${kind}/${server_id}`)).rejects.toThrow(/not found/);
      }
      // In another project the same key means another request. In the same project it finds the deployment.
      const others = await deploy(ben.credential, { resource_class: 'baremetal.small', idempotency_key });
      expect(ben.servers).toContain(others.operation_id);
      expect(others.deployment_id).not.toBe(deployment_id);
      const again = await asAbe.call('provision_server', { image_id, server_id, idempotency_key });
      expect(again.data).toMatchObject({ status: 'in_progress', operation_id: server_id, deployment_id });

      // What Ana's client sends when she has agreed, sent by Ben before it arrives.
      const replies: string[] = [];
      const asAna = await connected(ana, async (url, init) => {
        if (String(init?.body).includes('"requestState"')) {
          const headers = new Headers(init?.headers);
          headers.set('authorization', ben.credential.authorization);
          replies.push(await (await fetch(url, { ...init, headers })).text());
        }
        return fetch(url, init);
      });
      const gone = await asAna.call('deprovision_server', input);
      expect(replies).toEqual([expect.stringContaining('Code: server_not_found')]);
      expect(gone.data).toMatchObject({ status: 'accepted', deployment_id });
      expect(await waiting).toEqual({ status: 404, code: 'operation_not_found' });
      await admin.until(server_id, 'available');
    });

    test('are refused without their right secret, also while they are signed in', async () => {
      const { id, authorization } = teams.ana.credential;
      const wrong = [undefined, basic(id, 'wrong'), basic('0'.repeat(32), 'wrong'), 'Bearer a-token-of-the-operator'];
      for (const sent of wrong) {
        expect((await ask({ authorization }, 'GET', '/servers')).status).toBe(200);
        const headers = sent === undefined ? {} : { authorization: sent };
        const answer = await ask(headers, 'GET', '/servers');
        expect(answer).toMatchObject({ status: 401, json: { code: 'unauthorized' } });
        expect(answer.headers.get('www-authenticate')).toBe(challenge);
        expect(await fetch(`${server.url}/mcp`, { method: 'POST', headers })).toMatchObject({ status: 401 });
      }
    });

    test('may only do what the roles of their credential allow', async () => {
      const reader = await teams.abe.another('reader', 'reader');
      const { servers } = teams.abe;
      const server_id = given(servers.at(-1));
      expect(idsIn((await ask(reader, 'GET', '/servers')).json)).toEqual(new Set(servers));
      const refused = await ask(reader, 'POST', '/provision', { image_id, server_id });
      expect(refused).toMatchObject({ status: 403, json: { code: 'forbidden', retryable: false } });
      expect(await cloud().node(server_id)).toMatchObject({ instance_uuid: null });
    });

    test('are signed out when their credential is revoked, and a deployment of theirs goes on', async () => {
      const { admin, ana, abe } = teams;
      const [, server_id = ''] = ana.servers;
      await admin.patch(
        server_id,
        { op: 'replace', path: '/deploy_interface', value: 'staged' },
        { op: 'add', path: '/extra/staged', value: { delay: 2 } },
      );
      const lost = await ana.another('lost laptop');
      const { deployment_id } = await deploy(lost, { server_id });
      await lost.revoke();
      let answer: Answer;
      do {
        answer = await ask(lost, 'GET', `/provision/${server_id}?wait_seconds=1`);
      } while (answer.status === 200);
      expect(answer).toMatchObject({ status: 401, json: { code: 'unauthorized' } });
      await admin.until(server_id, 'active');
      const seen = await ask(abe.credential, 'GET', `/provision/${server_id}`);
      expect(seen.json).toMatchObject({ status: 'completed', deployment_id });
    });

    test('are named in the audit log', async () => {
      const lines = (await readFile(auditLog, 'utf8')).trim().split('\n');
      const records = lines.map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
      const named = records.map(({ user, project, credential, operation, outcome = 'begin' }) =>
        [user?.name, project?.name, credential?.name, operation, outcome].join(' '),
      );
      expect(named).toEqual(
        expect.arrayContaining([
          'ana team-red laptop provision_server begin',
          'ben team-blue laptop deprovision_server server_not_found',
          'ana team-red laptop deprovision_server ok',
          'abe team-red reader provision_server forbidden',
          'ana team-red lost laptop provision_server ok',
        ]),
      );
    });
  });
}

function idsIn(list: Answer['json'] | undefined): Set<string> {
  const { servers } = given(list) as { servers: { id: string }[] };
  return new Set(servers.map(({ id }) => id));
}
