import { describe, expect, test } from 'vitest';
import { createAuthenticatedHttp } from '../../src/openstack/authenticated-http.js';
import type { Auth } from '../../src/openstack/credentials.js';
import { createHttp } from '../../src/openstack/http.js';
import { createKeystoneSession } from '../../src/openstack/keystone.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';

type KeystoneAuth = Extract<Auth, { type: 'keystone' }>;

const auth: KeystoneAuth = {
  type: 'keystone',
  authUrl: 'http://keystone',
  identity: { method: 'password', user: { name: 'ann', domain: { id: 'default' } }, password: 'secret' },
  scope: { project: { id: 'p1' } },
  region: 'North',
  interface: 'public',
};

const start = Date.parse('2026-01-01T00:00:00Z');
const never = new AbortController().signal;

/** A cloud of one Keystone and one service, which accepts only the newest token. */
function cloud(
  options: {
    auth?: Partial<KeystoneAuth>;
    life?: number;
    refuse?: () => Response | undefined;
    /** The service refuses every token. */
    stubborn?: boolean;
    overrides?: object;
    /** The account is a caller's. */
    onRefused?: () => void;
  } = {},
) {
  const { life = 3_600_000, refuse = () => undefined, overrides = {} } = options;
  const signIns: unknown[] = [];
  const asked: string[] = [];
  let now = start;
  let valid = '';
  const catalog = [
    {
      type: 'baremetal',
      endpoints: [
        { interface: 'public', region_id: 'South', url: 'http://south' },
        { interface: 'internal', region_id: 'North', url: 'http://north-internal/v1/' },
        { interface: 'public', region_id: 'North', url: 'http://north/v1' },
      ],
    },
  ];
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname, origin } = new URL(request.url);
    if (origin === 'http://keystone') {
      signIns.push(await request.json());
      const refusal = refuse();
      if (refusal) return refusal;
      valid = `token-${signIns.length}`;
      const expires_at = new Date(now + life).toISOString();
      return Response.json(
        { token: { expires_at, catalog } },
        { status: 201, headers: { 'x-subject-token': valid, date: new Date(now).toUTCString() } },
      );
    }
    asked.push(`${origin}${pathname}`);
    const token = request.headers.get('x-auth-token');
    return token === valid && !options.stubborn
      ? Response.json({ token })
      : Response.json({ error: { message: 'expired' } }, { status: 401 });
  };
  const queue = createRequestQueue(8);
  const at = (endpoint: string) => createHttp({ service: 'Service', endpoint, timeout: 5_000, queue, fetch });
  const clock = { now: () => now, sleep: async () => undefined };
  const session = createKeystoneSession({
    auth: { ...auth, ...options.auth },
    http: at('http://keystone'),
    clock,
    overrides,
    onRefused: options.onRefused,
  });
  return {
    http: createAuthenticatedHttp({ session, service: 'baremetal', at, timeout: 5_000 }),
    images: createAuthenticatedHttp({ session, service: 'image', at, timeout: 5_000 }),
    signIns,
    asked,
    advance: (milliseconds: number) => {
      now += milliseconds;
    },
    revoke: () => {
      valid = 'none';
    },
  };
}

const get = { method: 'GET', path: 'v1/nodes' } as const;

describe('a session at Keystone', () => {
  test('signs in when the first request is made, and not again', async () => {
    const { http, signIns, asked } = cloud();
    expect(signIns).toHaveLength(0);
    await http.ask(get, never);
    expect((await http.ask(get, never)).body).toEqual({ token: 'token-1' });
    expect(signIns).toHaveLength(1);
    expect(asked).toEqual(['http://north/v1/nodes', 'http://north/v1/nodes']);
  });

  test.each([
    [
      'a password',
      auth.identity,
      auth.scope,
      {
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: 'ann', domain: { id: 'default' }, password: 'secret' } },
          },
          scope: { project: { id: 'p1' } },
        },
      },
    ],
    [
      'a token for the system',
      { method: 'token', token: 't' } as const,
      { system: 'all' } as const,
      { auth: { identity: { methods: ['token'], token: { id: 't' } }, scope: { system: { all: true } } } },
    ],
    [
      'an application credential',
      { method: 'application_credential', credential: { id: 'c' }, secret: 's' } as const,
      'own' as const,
      { auth: { identity: { methods: ['application_credential'], application_credential: { id: 'c', secret: 's' } } } },
    ],
    [
      'the name of one',
      { method: 'application_credential', credential: { name: 'c', user: { id: 'u' } }, secret: 's' } as const,
      'own' as const,
      {
        auth: {
          identity: {
            methods: ['application_credential'],
            application_credential: { name: 'c', user: { id: 'u' }, secret: 's' },
          },
        },
      },
    ],
  ])('signs in with %s', async (_, identity, scope, body) => {
    const { http, signIns } = cloud({ auth: { identity, scope } });
    await http.ask(get, never);
    expect(signIns).toEqual([body]);
  });

  test.each([
    [{ region: undefined, interface: 'public' }, 'http://south/v1/nodes'],
    [{ region: 'North', interface: 'internal' }, 'http://north-internal/v1/nodes'],
  ])('finds the service of %j in the catalog, with or without a version', async (where, url) => {
    const { http, asked } = cloud({ auth: where });
    await http.ask(get, never);
    expect(asked).toEqual([url]);
  });

  test('prefers the settings to the catalog', async () => {
    const { http, asked } = cloud({ overrides: { baremetal: 'http://mine' } });
    await http.ask(get, never);
    expect(asked).toEqual(['http://mine/v1/nodes']);
  });

  test('names the endpoints of the catalog if the right one is missing', async () => {
    await expect(cloud({ auth: { region: 'West' } }).http.ask(get, never)).rejects.toThrow(
      "Keystone's catalog has no service of type baremetal for interface public and region West; it has South/public, North/internal, North/public: check OS_REGION_NAME and OS_INTERFACE",
    );
    await expect(cloud().images.ask(get, never)).rejects.toThrow(/it has none: set OS_IMAGE_ENDPOINT_OVERRIDE$/);
  });

  test.each([
    ['an hour', 3_600_000, 3_539_000, 3_541_000],
    ['ten seconds', 10_000, 8_900, 9_100],
  ])('renews a token of %s before it expires', async (_, life, still, late) => {
    const { http, signIns, advance } = cloud({ life });
    await http.ask(get, never);
    advance(still);
    await http.ask(get, never);
    expect(signIns).toHaveLength(1);
    advance(late - still);
    expect((await http.ask(get, never)).body).toEqual({ token: 'token-2' });
  });

  test('renews a refused token once for 200 simultaneous calls, and all of them succeed', async () => {
    const { http, signIns, revoke } = cloud();
    await http.ask(get, never);
    revoke();
    const answers = await Promise.all(Array.from({ length: 200 }, () => http.ask(get, never)));
    expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
    expect(signIns).toHaveLength(2);
  });

  test('does not try a third time if the new token is refused as well', async () => {
    const { http, signIns } = cloud({ stubborn: true });
    await expect(http.ask(get, never)).rejects.toMatchObject({
      name: 'SignInRefused',
      words:
        'Ironic refused the sign-in: "expired"; it does not accept tokens of this Keystone: check OS_AUTH_URL and OS_BAREMETAL_ENDPOINT_OVERRIDE',
      mayHaveTakenEffect: false,
    });
    expect(signIns).toHaveLength(2);
  });

  test.each([
    [
      401,
      'Keystone refused the sign-in (HTTP status 401: "The request you have made requires authentication."); one of OS_USERNAME, OS_USER_DOMAIN_NAME, OS_PASSWORD and OS_PROJECT_NAME is wrong, or the user has no role in that project',
    ],
    [500, 'Keystone refused the sign-in (HTTP status 500: "The request you have made requires authentication.")'],
  ])('that is refused with %i says so without a secret', async (status, sentence) => {
    const refuse = () =>
      Response.json(
        { error: { code: status, message: 'The request you have made requires authentication.' } },
        { status },
      );
    const failed = cloud({ refuse }).http.ask(get, never);
    await expect(failed).rejects.toThrow(sentence);
    await expect(failed).rejects.toMatchObject({ mayHaveTakenEffect: false });
  });

  test.each([
    ['at the first request', async () => undefined],
    [
      'at the renewal of a refused token',
      async ({ http, revoke }: ReturnType<typeof cloud>) => {
        await http.ask(get, never);
        revoke();
      },
    ],
  ])('that breaks off %s leaves a change unsent and without effect', async (_, before) => {
    let breaks = false;
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
    const refuse = () => {
      if (breaks) throw new TypeError('fetch failed', { cause: reset });
      return undefined;
    };
    const lab = cloud({ refuse });
    await before(lab);
    breaks = true;
    await expect(lab.http.ask({ method: 'PUT', path: 'v1/nodes/a/states/provision' }, never)).rejects.toMatchObject({
      words: 'Service at http://keystone cannot be reached (ECONNRESET)',
      mayHaveTakenEffect: false,
    });
  });

  test('is not repeated for a while after a refusal, however many callers need it', async () => {
    const refuse = () => Response.json({ error: { code: 401, message: 'No.' } }, { status: 401 });
    const { http, images, signIns, advance } = cloud({ refuse });
    await expect(Promise.all([http.ask(get, never), images.ask(get, never)])).rejects.toThrow(/status 401: "No\."/);
    await expect(http.ask(get, never)).rejects.toThrow(/status 401: "No\."/);
    expect(signIns).toHaveLength(1);
    advance(5_001);
    await expect(http.ask(get, never)).rejects.toThrow(/status 401: "No\."/);
    expect(signIns).toHaveLength(2);
  });

  test.each([
    [
      { system: 'all' } as const,
      auth.identity,
      'OS_PASSWORD and OS_SYSTEM_SCOPE is wrong, or the user has no role on the system',
    ],
    [
      { domain: { id: 'd' } },
      auth.identity,
      'OS_PASSWORD and OS_DOMAIN_NAME is wrong, or the user has no role in that domain',
    ],
    [
      auth.scope,
      { method: 'token', token: 't' } as const,
      'OS_TOKEN has expired or is wrong, OS_PROJECT_NAME is wrong',
    ],
    [
      'own' as const,
      { method: 'application_credential', credential: { id: 'c' }, secret: 's' } as const,
      'OS_APPLICATION_CREDENTIAL_ID or OS_APPLICATION_CREDENTIAL_SECRET is wrong, or the credential has expired',
    ],
    [
      'own' as const,
      { method: 'application_credential', credential: { name: 'c', user: { id: 'u' } }, secret: 's' } as const,
      'OS_APPLICATION_CREDENTIAL_NAME, OS_USERNAME, OS_USER_DOMAIN_NAME or OS_APPLICATION_CREDENTIAL_SECRET is wrong',
    ],
  ])('for %j that is refused names the settings to check', async (scope, identity, suspects) => {
    const refuse = () => Response.json({ error: { code: 401, message: 'No.' } }, { status: 401 });
    const { http } = cloud({ refuse, auth: { scope, identity } });
    await expect(http.ask(get, never)).rejects.toThrow(suspects);
  });

  test('of a caller that is refused names no setting, because the caller has none', async () => {
    const refuse = () => Response.json({ error: { code: 403, message: 'Locked.' } }, { status: 403 });
    const { http } = cloud({ refuse, onRefused: () => undefined });
    await expect(http.ask(get, never)).rejects.toThrow(
      /^Keystone refused the sign-in \(HTTP status 403: "Locked\."\)$/,
    );
  });

  test('with a token that Keystone does not know blames the token', async () => {
    const refuse = () => Response.json({ error: { code: 404, message: 'Could not find token.' } }, { status: 404 });
    const { http } = cloud({ refuse, auth: { identity: { method: 'token', token: 't' } } });
    await expect(http.ask(get, never)).rejects.toThrow('OS_TOKEN has expired or is wrong');
  });

  test.each([
    ['a page', () => new Response('<h1>It works!</h1>', { status: 404 })],
    ['the versions of another service', () => Response.json({ versions: [] }, { status: 300 })],
    [
      'words of a Keystone that has no such path',
      () => Response.json({ error: { code: 404, message: 'The resource could not be found.' } }, { status: 404 }),
    ],
  ])('that gets %s has found no Keystone', async (_, refuse) => {
    await expect(cloud({ refuse }).http.ask(get, never)).rejects.toThrow(
      /^No Keystone with API v3 runs at http:\/\/keystone \(HTTP status \d+\); check OS_AUTH_URL$/,
    );
  });

  test('does not accept an answer without a token', async () => {
    const refuse = () => Response.json({ token: {} }, { status: 201 });
    await expect(cloud({ refuse }).http.ask(get, never)).rejects.toThrow("Keystone's answer cannot be read");
  });

  test('signs in again after a failed sign-in', async () => {
    let down = true;
    const { http, signIns } = cloud({ refuse: () => (down ? new Response('', { status: 503 }) : undefined) });
    await expect(http.ask(get, never)).rejects.toThrow(/status 503/);
    down = false;
    expect((await http.ask(get, never)).status).toBe(200);
    expect(signIns).toHaveLength(2);
  });

  test('lets a caller leave while it signs in, and goes on for the others', async () => {
    const { http } = cloud();
    const leaving = new AbortController();
    const left = http.ask(get, leaving.signal);
    const stays = http.ask(get, never);
    leaving.abort(new Error('the caller left'));
    await expect(left).rejects.toThrow('the caller left');
    expect((await stays).status).toBe(200);
  });

  test('does not begin for a caller who has already left', async () => {
    const { http, signIns } = cloud();
    const left = http.ask(get, AbortSignal.abort(new Error('the caller left')));
    await expect(left).rejects.toThrow('the caller left');
    expect(signIns).toHaveLength(0);
  });

  test('that is refused ends only the calls of callers who are still there', async () => {
    const refuse = () => Response.json({ error: { code: 401, message: 'No.' } }, { status: 401 });
    const { http } = cloud({ refuse });
    await expect(http.ask(get, never)).rejects.toThrow(/status 401/);
    const left = http.ask(get, AbortSignal.abort(new Error('the caller left')));
    await expect(left).rejects.toThrow('the caller left');
  });
});
