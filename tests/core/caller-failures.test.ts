import { describe, expect, it } from 'vitest';
import { withWords } from '../../src/core/attempt/attempt-failures.js';
import { failureOf } from '../../src/core/caller-failures.js';
import { Failure, type FailureCode, failures } from '../../src/core/failures.js';
import { portFailure } from '../../src/core/port-failures.js';
import { CredentialRefused, NoAnswer, Refused, SignInRefused } from '../../src/core/ports.js';

const account = { user: { id: 'u', name: 'ann' }, project: null, credential: null };
const denied = new Refused('forbidden', 'Access was denied to the following resource: baremetal:node:get');
const revoked = new CredentialRefused('Keystone refused the sign-in (HTTP status 401: "no"); OS_AUTH_URL is wrong');
const deployment = { operationId: 'o', deploymentId: 'd' };
const codes = Object.keys(failures) as FailureCode[];

describe('the failure of a caller with an own account', () => {
  it.each([
    ['a right is missing', portFailure(denied), 'forbidden', 'Ironic says: '],
    [
      'Neutron denies it',
      portFailure(new Refused('forbidden', 'rule:create_port', 'Neutron')),
      'forbidden',
      'Neutron says: ',
    ],
    ['its credential is refused', portFailure(revoked), 'unauthorized', 'Keystone refuses the application credential'],
    ['another sign-in is refused', portFailure(new SignInRefused('no catalog')), 'ironic_unavailable', 'no catalog'],
    ['Ironic does not answer', portFailure(new NoAnswer('late', false)), 'ironic_unavailable', 'late'],
    [
      'Ironic refuses something else',
      portFailure(new Refused('invalid', 'bad')),
      'ironic_unavailable',
      'Ironic says: ',
    ],
  ])('says it if %s', (_, error, code, reason) => {
    const failure = failureOf(error as Failure, account);
    expect(failure).toMatchObject({ code, reason: expect.stringContaining(reason) });
    expect(failure.reason).not.toContain('OS_');
  });

  it.each(['deploy_refused', 'deprovision_refused', 'reboot_refused'] as const)(
    'is forbidden if %s is for want of a right, and not if the server is protected',
    (code) => {
      const words = 'Node bm-7 is protected and cannot be undeployed, rebuilt or deleted.';
      expect(failureOf(new Failure(code, { reason: 'x', cause: denied }), account).code).toBe('forbidden');
      const kept = new Failure(code, { reason: 'x', cause: new Refused('forbidden', words) });
      expect(failureOf(kept, account)).toBe(kept);
    },
  );

  it('still tells what was left behind, however deep the cause is', () => {
    const left = { reason: 'r. Server a is still reserved', deployment, hint: 'Choose another server.' };
    const refused = new Failure('deploy_refused', { reason: 'r', cause: denied });
    expect(failureOf(new Failure('deploy_refused', { ...left, cause: refused }), account)).toMatchObject({
      ...left,
      code: 'forbidden',
    });
    const cause = portFailure(revoked);
    expect(failureOf(new Failure('ironic_unavailable', { ...left, cause }), account)).toMatchObject({
      code: 'unauthorized',
      reason: expect.stringContaining('still reserved'),
      deployment,
      hint: left.hint,
    });
    const port = failureOf(withWords(cause as Failure, ['Port p is left in Neutron.']), account);
    expect(port).toMatchObject({ code: 'unauthorized', reason: expect.stringMatching(/Port p is left in Neutron$/) });
  });

  it.each(codes.filter((code) => !/refused|ironic_unavailable/.test(code)))('stays %s in any other case', (code) => {
    for (const cause of [denied, revoked, undefined]) {
      const failure = new Failure(code, { reason: 'x', cause });
      expect(failureOf(failure, account)).toBe(failure);
    }
  });

  it('is what it was if all callers share one account', () => {
    for (const failure of [portFailure(denied), portFailure(revoked)] as Failure[]) {
      expect(failureOf(failure, undefined)).toBe(failure);
    }
  });
});
