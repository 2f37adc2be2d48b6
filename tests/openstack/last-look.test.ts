import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failures.js';
import type { LastLook } from '../../src/core/ports.js';
import type { Server } from '../../src/core/server.js';
import { createAuthenticatedHttp } from '../../src/openstack/authenticated-http.js';
import type { Http } from '../../src/openstack/http.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import type { Session } from '../../src/openstack/session.js';
import { createFakeClock, start } from '../core/fake-clock.js';
import { createService, fault, forever, httpTo, json, type Reply } from './lab.js';

const service = createService('http://ironic.test');

const id = '1be26c0b-03f2-4d2e-ae87-c02d7f33c781';
const node = {
  uuid: id,
  name: 'bm-0001',
  provision_state: 'available',
  instance_uuid: null,
  instance_info: {},
  maintenance: false,
};
const accepted: Reply = () => new Response(null, { status: 202 });

interface Lab {
  readonly http?: Http;
  readonly replies?: readonly Reply[];
}

function setup({ http = httpTo(service.endpoint), replies = [accepted] }: Lab = {}) {
  service.replies(...replies);
  const clock = createFakeClock();
  return { clock, ironic: createIronic({ http, clock, random: () => 0 }) };
}

/** A last look that records the servers that it judges. */
function lastLook(at: number | null, permits = true): LastLook & { readonly asked: (Server | null)[] } {
  const asked: (Server | null)[] = [];
  return {
    at,
    asked,
    permits(server) {
      asked.push(server);
      return permits;
    },
  };
}

const methods = () => service.seen.map(({ method }) => method);

describe('a start or an undeployment', () => {
  it('is sent at once while the last look is fresh', async () => {
    const { ironic } = setup();
    const look = lastLook(start);
    expect(await ironic.undeploy(id, look, forever)).toEqual({ kind: 'accepted' });
    expect(await ironic.deploy(id, { configDrive: undefined, lastLook: look }, forever)).toEqual({ kind: 'accepted' });
    expect(methods()).toEqual(['PUT', 'PUT']);
    expect(look.asked).toEqual([]);
  });

  it.each([
    ['more than a second ago', start - 1_001],
    ['before something came in between', null],
  ])('is sent after another look if the last one was %s', async (_, at) => {
    const { ironic } = setup({ replies: [json(node), accepted] });
    const look = lastLook(at);
    expect(await ironic.undeploy(id, look, forever)).toEqual({ kind: 'accepted' });
    expect(methods()).toEqual(['GET', 'PUT']);
    expect(look.asked).toMatchObject([{ id, provisionState: 'available' }]);
  });

  it('is not sent if that look forbids it', async () => {
    const { ironic } = setup({ replies: [json(node)] });
    expect(await ironic.undeploy(id, lastLook(null, false), forever)).toMatchObject({
      kind: 'overtaken',
      server: { id },
    });
    expect(methods()).toEqual(['GET']);
  });

  it('is not sent if the node is gone', async () => {
    const { ironic } = setup({ replies: [fault(404, `Node ${id} could not be found.`)] });
    const sent = await ironic.undeploy(id, lastLook(null, false), forever);
    expect(sent).toEqual({ kind: 'overtaken', server: null });
    expect(methods()).toEqual(['GET']);
  });

  it.each<[string, Reply]>([
    ['no answer', () => Response.error()],
    ['an error', fault(503, 'Service Unavailable')],
    ['an answer that cannot be read', json({ uuid: 7 })],
  ])('has had no effect if that look gets %s', async (_, reply) => {
    const { ironic } = setup({ replies: [reply] });
    const error = await ironic.undeploy(id, lastLook(null), forever).catch((reason: unknown) => reason);
    expect([(error as { name: string }).name, (error as { mayHaveTakenEffect?: boolean }).mayHaveTakenEffect]).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(NoAnswer|Refused)$/)]),
    );
    expect((error as { mayHaveTakenEffect?: boolean }).mayHaveTakenEffect ?? false).toBe(false);
    expect(methods()).toEqual(['GET']);
  });

  it('ends with the error of the look, and is not sent', async () => {
    const { ironic } = setup({ replies: [json(node)] });
    const reason = new Failure('deprovision_refused', { id });
    const look: LastLook = {
      at: null,
      permits() {
        throw reason;
      },
    };
    await expect(ironic.undeploy(id, look, forever)).rejects.toBe(reason);
    expect(methods()).toEqual(['GET']);
  });

  it('that waited in the queue is sent after another look', async () => {
    const queue = createRequestQueue(1);
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const other = queue.run(forever, () => left);
    const { ironic } = setup({ http: httpTo(service.endpoint, { queue }), replies: [json(node), accepted] });
    const look = lastLook(start);
    const sending = ironic.undeploy(id, look, forever);
    leave();
    await other;
    expect(await sending).toEqual({ kind: 'accepted' });
    expect(methods()).toEqual(['GET', 'PUT']);
  });
});

describe('a start or an undeployment that needs a sign-in', () => {
  /** Signs in with a token that is refused this many times. */
  function signedIn(waited: boolean) {
    let token = 1;
    const session: Session = {
      access: async () => ({
        endpoint: service.endpoint,
        setBy: 'OS_ENDPOINT',
        ifRefused: 'no',
        headers: { 'x-auth-token': `token-${token}` },
        project: 'project-1',
        waited,
        idempotencyScope: 'here',
      }),
      renew() {
        token += 1;
        return true;
      },
    };
    return createAuthenticatedHttp({ session, service: 'baremetal', at: httpTo, timeout: 5_000 });
  }

  const wanting =
    (token: string, reply: Reply): Reply =>
    (request) =>
      request.headers.get('x-auth-token') === token ? reply(request) : new Response(null, { status: 401 });

  it('is sent after another look, with the new token', async () => {
    const { ironic } = setup({
      http: signedIn(true),
      replies: [wanting('token-1', json(node)), wanting('token-1', accepted)],
    });
    const look = lastLook(start);
    expect(await ironic.undeploy(id, look, forever)).toEqual({ kind: 'accepted' });
    expect(methods()).toEqual(['GET', 'PUT']);
  });

  it('is sent after another look if its token was refused', async () => {
    const { ironic } = setup({
      http: signedIn(false),
      replies: [
        () => new Response(null, { status: 401 }),
        wanting('token-2', json({ ...node, owner: 'project-1' })),
        wanting('token-2', accepted),
      ],
    });
    const look = lastLook(start);
    expect(await ironic.undeploy(id, look, forever)).toEqual({ kind: 'accepted' });
    expect(methods()).toEqual(['PUT', 'GET', 'PUT']);
    expect(look.asked).toMatchObject([{ tenancy: 'ours' }]);
  });

  it('signs in again if the look itself is refused', async () => {
    const { ironic } = setup({
      http: signedIn(false),
      replies: [
        () => new Response(null, { status: 401 }),
        wanting('token-2', json(node)),
        wanting('token-2', accepted),
      ],
    });
    expect(await ironic.undeploy(id, lastLook(null), forever)).toEqual({ kind: 'accepted' });
    expect(methods()).toEqual(['GET', 'GET', 'PUT']);
  });
});
