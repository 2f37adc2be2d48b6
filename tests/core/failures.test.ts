import { describe, expect, it } from 'vitest';
import { Failure, type FailureCode, failures } from '../../src/core/failures.js';
import { writtenFor } from '../../src/core/names.js';

/** What the outside sees: code, HTTP status, message. */
const promised: readonly (readonly [FailureCode, number, string])[] = [
  ['server_not_found', 404, 'Server bm-1 not found'],
  ['server_not_available', 409, 'Server bm-1 is not available for provisioning'],
  ['no_available_servers', 404, 'No available servers matching criteria'],
  ['image_not_found', 400, 'Image bm-1 not found'],
  ['image_not_deployable', 400, 'Image bm-1 cannot be deployed'],
  ['ironic_unavailable', 502, 'Failed to communicate with Ironic'],
  ['outcome_unknown', 502, 'Failed to communicate with Ironic'],
  ['ironic_too_old', 502, 'This Ironic is too old for the request'],
  ['deploy_refused', 409, 'Ironic refused to deploy server bm-1'],
  ['deprovision_refused', 409, 'Server bm-1 cannot be deprovisioned now'],
  ['reboot_refused', 409, 'Server bm-1 cannot be rebooted now'],
  ['operation_not_found', 404, 'Server bm-1 has no provisioning operation'],
  ['invalid_request', 422, 'Invalid request'],
  ['idempotency_conflict', 409, 'Idempotency key was already used for a different request'],
  ['not_confirmed', 409, 'Not confirmed'],
  ['not_permitted', 403, "Not permitted by this server's policy"],
  ['overloaded', 503, 'Too many requests in progress'],
  ['audit_unavailable', 503, 'The audit log cannot be written'],
  ['unauthorized', 401, 'Unauthorized'],
  ['forbidden', 403, 'Forbidden'],
  ['malformed', 400, 'Malformed request'],
  ['not_found', 404, 'Not found'],
  ['method_not_allowed', 405, 'Method not allowed'],
  ['too_large', 413, 'Request too large'],
  ['unsupported_media', 415, 'Unsupported media type'],
  ['internal', 500, 'Internal error'],
];

describe('a failure', () => {
  it.each(promised)('%s is HTTP %i, "%s"', (code, http, message) => {
    const failure = new Failure(code, { id: 'bm-1' });
    expect(failure.http).toBe(http);
    expect(failure.message).toBe(message);
    expect(failure.code).toBe(code);
  });

  it.each(promised.map(([code]) => code))('%s shows no placeholder when there is no id', (code) => {
    const { message, hint, id } = new Failure(code);
    expect(message + hint).not.toContain('{');
    expect(id).toBe('');
  });

  it.each(['$&', '$1', '$$', "$'", '{id}', '$`'])('shows the id %s unchanged', (id) => {
    expect(new Failure('image_not_found', { id }).message).toBe(`Image ${id} not found`);
  });

  it('takes its hint, and whether to try again, from its row', () => {
    for (const [code, row] of Object.entries(failures)) {
      const failure = new Failure(code as FailureCode);
      expect(failure.hint).toBe(writtenFor('mcp', row.hint));
      expect(failure.hint, code).toMatch(/\.$/);
      expect(failure.retryable).toBe(row.retryable);
      expect(failure.reason).toBeNull();
    }
  });

  it('can replace what its row says', () => {
    const cause = new Error('the wire');
    const failure = new Failure('server_not_available', {
      id: 'bm-1',
      reason: 'it is locked',
      hint: 'Wait.',
      retryable: true,
      cause,
    });
    expect(failure).toMatchObject({
      reason: 'it is locked',
      hint: 'Wait.',
      retryable: true,
      id: 'bm-1',
      cause,
      fields: [],
    });
  });

  it('is an Error with a name of its own', () => {
    const failure = new Failure('internal');
    expect(failure).toBeInstanceOf(Error);
    expect(String(failure)).toBe('Failure: Internal error');
  });

  it('never promises that a deployment of unknown outcome may be repeated', () => {
    expect(failures.outcome_unknown.retryable).toBe(false);
    expect(failures.ironic_unavailable.retryable).toBe(true);
  });
});

describe('the table of failures', () => {
  it('has only the promised rows', () => {
    expect(Object.keys(failures).sort()).toEqual(promised.map(([code]) => code).sort());
  });
});
