import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createSimulator } from '../../../src/simulator/cloud.js';

/** A user of the cloud, with an application credential. */
export interface Person {
  readonly id: string;
  readonly secret: string;
  /** The header Authorization of this credential. */
  readonly header: string;
  readonly project: string;
  /** Ironic lets a reader change nothing. */
  readonly reads: boolean;
}

/** A Keystone whose users have application credentials, with an Ironic in which each project has servers of its own. */
export interface CallersCloud {
  readonly url: string;
  /** The settings of a program whose callers sign in here. */
  readonly env: Readonly<Record<string, string>>;
  person(name: string, project: string, options?: { readonly reads?: boolean }): Person;
  /** Keystone no longer knows the credential, and Ironic none of its tokens. */
  revoke(person: Person): void;
  /** The ids of the credentials with which somebody tried to sign in, in order. */
  readonly signIns: readonly string[];
  /** Answers sign-ins instead of Keystone, until it returns undefined. */
  instead: () => Promise<Response | undefined>;
  /** Called with each request to Ironic, before it is answered. */
  onRequest: (method: string, path: string) => void;
  close(): Promise<void>;
}

export async function startCallersCloud(): Promise<CallersCloud> {
  const people = new Map<string, Person & { readonly name: string }>();
  const tokens = new Map<string, Person>();
  const ironics = new Map<string, ReturnType<typeof createSimulator>>();
  const signIns: string[] = [];
  const begin = Date.now();
  let url = '';

  async function signIn(request: Request): Promise<Response> {
    const { auth } = (await request.json()) as SignIn;
    const { id, secret } = auth.identity.application_credential;
    signIns.push(id);
    const answer = await cloud.instead();
    if (answer) return answer;
    const person = people.get(id);
    if (!person) return refusal(404, `Could not find Application Credential: ${id}.`);
    if (person.secret !== secret) return refusal(401, 'The request you have made requires authentication.');
    const token = `token-${signIns.length}`;
    tokens.set(token, person);
    const endpoints = [{ interface: 'public', region_id: 'RegionOne', url: `${url}/cloud` }];
    const body = {
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      catalog: ['baremetal', 'image'].map((type) => ({ type, endpoints })),
      user: { id: `user-${person.name}`, name: person.name, domain: { id: 'default', name: 'Default' } },
      project: { id: `project-${person.project}`, name: person.project, domain: { id: 'default', name: 'Default' } },
      application_credential: { id, name: `${person.name}'s laptop`, restricted: true },
    };
    return Response.json({ token: body }, { status: 201, headers: { 'x-subject-token': token } });
  }

  /** Ironic or Glance. */
  async function service(request: Request): Promise<Response> {
    cloud.onRequest(request.method, new URL(request.url).pathname);
    const person = tokens.get(request.headers.get('x-auth-token') ?? '');
    if (!person) return refusal(401, 'The request you have made requires authentication.');
    if (person.reads && request.method !== 'GET') {
      return Response.json(
        { error_message: { faultstring: 'Access was denied to the following resource: baremetal:node:update' } },
        { status: 403 },
      );
    }
    const own = ironics.get(person.project) ?? createSimulator({ clock: { now: () => begin } });
    ironics.set(person.project, own);
    const { pathname, search } = new URL(request.url);
    return own.fetch(new Request(`${url}${pathname.slice('/cloud'.length)}${search}`, request));
  }

  const server = createAdaptorServer({
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/cloud/')) return service(request);
      if (pathname === '/v3') return Response.json({ version: { id: 'v3.14', status: 'stable' } });
      return signIn(request);
    },
  }) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const cloud: CallersCloud = {
    url,
    env: { OS_AUTH_URL: `${url}/v3`, IRONIC_MCP_HTTP_SIGN_IN: 'caller' },
    signIns,
    instead: async () => undefined,
    onRequest: () => undefined,
    person(name, project, { reads = false } = {}) {
      const id = (people.size + 1).toString(16).padStart(32, '0');
      const person = { ...credential(id, `${name}-secret`), project, reads, name };
      people.set(id, person);
      return person;
    },
    revoke({ id }) {
      people.delete(id);
      for (const [token, person] of tokens) if (person.id === id) tokens.delete(token);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return cloud;
}

/** An application credential, and the header that carries it. */
export function credential(id: string, secret: string) {
  return { id, secret, header: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}

interface SignIn {
  readonly auth: {
    readonly identity: { readonly application_credential: { readonly id: string; readonly secret: string } };
  };
}

/** As Keystone and its middleware word it. */
function refusal(code: number, message: string): Response {
  return Response.json({ error: { code, message } }, { status: code });
}
