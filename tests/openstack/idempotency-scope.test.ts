import { describe, expect, it } from 'vitest';
import type { Auth, Identity, Scope } from '../../src/openstack/credentials.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIdempotencyScope } from '../../src/openstack/idempotency-scope.js';
import { createKeystoneSession } from '../../src/openstack/keystone.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { createPlainSession, type Session } from '../../src/openstack/session.js';
import { createFakeClock } from '../core/fake-clock.js';
import { forever } from './lab.js';

const password: Identity = { method: 'password', user: { id: 'ann' }, password: 'secret' };
const credential: Identity = { method: 'application_credential', credential: { id: 'c' }, secret: 's' };

const clock = createFakeClock();
const scopeOf = (session: Session) => createIdempotencyScope({ session, timeout: 5_000, clock, random: () => 0 });

/** Where keys count with this token of Keystone, and how many sign-ins that took. */
function keystone(
  said: object,
  settings: { readonly authUrl?: string; readonly identity?: Identity; readonly scope?: Scope } = {},
  mishap: (signIn: number) => Response | undefined = () => undefined,
) {
  let signIns = 0;
  const endpoints = [{ interface: 'public', region_id: 'one', url: 'http://ironic' }];
  const token = { expires_at: '2099-01-01T00:00:00Z', catalog: [{ type: 'baremetal', endpoints }], ...said };
  const fetch = async () => {
    signIns += 1;
    return mishap(signIns) ?? Response.json({ token }, { status: 201, headers: { 'x-subject-token': 'a-token' } });
  };
  const auth: Extract<Auth, { type: 'keystone' }> = {
    type: 'keystone',
    authUrl: 'http://keystone',
    identity: password,
    scope: { project: { id: 'p1' } },
    region: undefined,
    interface: 'public',
    ...settings,
  };
  const http = createHttp({
    service: 'Keystone',
    endpoint: auth.authUrl,
    timeout: 5_000,
    queue: createRequestQueue(8),
    fetch,
  });
  const session = createKeystoneSession({ auth, http, clock, overrides: {} });
  return { session, scope: scopeOf(session), signIns: () => signIns };
}

const inProject = (id: string) => ({ project: { id, name: 'machines', domain: { id: 'default' } } });
const own = { identity: credential, scope: 'own' } as const;

describe('where an idempotency key counts', () => {
  it('is the same project, however the settings name it', async () => {
    const named = { scope: { project: { name: 'machines', domain: { name: 'Default' } } } };
    const byId = await keystone(inProject('p1')).scope(forever);
    expect(await keystone(inProject('p1'), named).scope(forever)).toBe(byId);
    expect(await keystone(inProject('p1'), own).scope(forever)).toBe(byId);
  });

  it('differs for each project of application credentials, each domain, the system, and each Keystone', async () => {
    const scopes = await Promise.all(
      [
        keystone(inProject('p1'), own),
        keystone(inProject('p2'), own),
        keystone({ domain: { id: 'p1' } }, { scope: { domain: { id: 'p1' } } }),
        keystone({ domain: { id: 'd2' } }, { scope: { domain: { id: 'd2' } } }),
        keystone({ system: { all: true } }, { scope: { system: 'all' } }),
        keystone(inProject('p1'), { ...own, authUrl: 'http://elsewhere' }),
      ].map(({ scope }) => scope(forever)),
    );
    expect(new Set(scopes).size).toBe(6);
  });

  it('is the Ironic if there is no Keystone', async () => {
    const plain = createPlainSession({ type: 'none', endpoint: 'http://ironic' }, { image: 'http://glance' });
    await expect(scopeOf(plain)(forever)).resolves.toBe('http://ironic');
  });

  it('is nowhere with a token without a scope', async () => {
    await expect(keystone({}).scope(forever)).rejects.toMatchObject({
      name: 'NoAnswer',
      words: "Keystone's token is for no project, so an idempotency_key cannot be used",
    });
  });

  it('needs only the sign-in that all requests share', async () => {
    const { session, scope, signIns } = keystone(inProject('p1'));
    expect(signIns()).toBe(0);
    await Promise.all([scope(forever), scope(forever)]);
    await session.access('baremetal', forever);
    expect(signIns()).toBe(1);
  });

  it('tries again if a sign-in gets no answer, but not if it is refused', async () => {
    const sick = keystone(inProject('p1'), {}, (signIn) =>
      signIn === 1 ? new Response('', { status: 503 }) : undefined,
    );
    await expect(sick.scope(forever)).resolves.toContain('p1');
    expect(sick.signIns()).toBe(2);
    const no = () => Response.json({ error: { code: 401, message: 'No.' } }, { status: 401 });
    const strict = keystone(inProject('p1'), {}, no);
    await expect(strict.scope(forever)).rejects.toMatchObject({ name: 'SignInRefused' });
    expect(strict.signIns()).toBe(1);
  });

  it('does not hold up a caller who has left', async () => {
    const { scope, signIns } = keystone(inProject('p1'));
    await expect(scope(AbortSignal.abort(new Error('the caller left')))).rejects.toThrow('the caller left');
    expect(signIns()).toBe(0);
  });
});
