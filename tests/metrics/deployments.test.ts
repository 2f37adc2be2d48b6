import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/core/operation.js';
import { createDeploymentFollower } from '../../src/metrics/deployments.js';

/** A follower, and what it has reported. */
function following() {
  const reports: string[] = [];
  const follow = createDeploymentFollower({
    begun: () => reports.push('begun'),
    ended: (outcome) => reports.push(outcome),
  });
  const told = (operation: string, status: string, id: string | null = 'one', code?: string) =>
    follow(operation, {
      message: '',
      status,
      deployment_id: id,
      failure: code === undefined ? null : ({ hint: '', code } as Answer['failure']),
    } as Answer);
  return {
    reports,
    provision: (status: string, id?: string) => told('provision_server', status, id),
    check: (status: string, code?: string, id?: string | null) => told('check_provision_status', status, id, code),
    other: (operation: string) => told(operation, 'accepted'),
  };
}

describe('a deployment', () => {
  it('is begun when its start is accepted, and ends once, however often its end is told', () => {
    const { reports, provision, check } = following();
    provision('accepted');
    check('in_progress');
    check('completed');
    check('completed');
    expect(reports).toEqual(['begun', 'completed']);
  });

  it('ends once, even if an older answer is told after its end', () => {
    const { reports, provision, check } = following();
    provision('accepted');
    check('completed');
    check('in_progress');
    provision('in_progress');
    check('completed');
    expect(reports).toEqual(['begun', 'completed']);
  });

  it('ends with the class of its failure, and begins again when it is retried', () => {
    const { reports, provision, check } = following();
    provision('accepted');
    check('failed', 'image_unreachable');
    provision('accepted');
    check('completed');
    expect(reports).toEqual(['begun', 'image_unreachable', 'begun', 'completed']);
  });

  it('that another process has begun ends here if it was in progress here', () => {
    const { reports, check } = following();
    check('in_progress');
    check('failed', 'other');
    expect(reports).toEqual(['other']);
  });

  it('does not end again if it had ended before anybody asked', () => {
    const { reports, provision, check } = following();
    check('completed');
    provision('completed');
    check('failed', 'other', null);
    expect(reports).toEqual([]);
  });

  it('is not what a reboot or an undeployment answers', () => {
    const { reports, other } = following();
    for (const operation of ['reboot_server', 'deprovision_server']) other(operation);
    expect(reports).toEqual([]);
  });

  it('is forgotten after 10,000 others', () => {
    const { reports, provision, check } = following();
    provision('in_progress', 'oldest');
    for (let each = 0; each < 10_000; each += 1) provision('in_progress', `${each}`);
    check('completed', undefined, 'oldest');
    check('completed', undefined, '0');
    expect(reports).toEqual(['completed']);
  });
});
