import type { Core } from '../../src/core/operation.js';
import { createPolicy } from '../../src/core/policy.js';

/** A core that gives everybody the same answer at once, so that the bench measures only the face in front of it. */
export function instantCore(): Core {
  const answer = {
    operation_id: '1a049bf3-8234-4c54-abc6-eeccc75cd2f7',
    server_id: '1a049bf3-8234-4c54-abc6-eeccc75cd2f7',
    server_name: 'rack1-small-01',
    message:
      'Deployment of image ubuntu-24.04 on server rack1-small-01 has started. Follow it with check_provision_status.',
    started_at: '2026-11-22T16:55:26Z',
    deployment_id: 'be108688-20f8-4317-9886-4b3812724c4d',
  };
  const progress = { provision_state: 'deploying', progress_percent: 40, completed_at: null, poll_after_seconds: 5 };
  const accepted = { ...answer, status: 'accepted' };
  const deploying = { ...answer, ...progress, status: 'in_progress', failure: null };
  const provision = { provision: async () => accepted };
  const status = { status: async () => deploying };
  return { say: (message: string) => message, provision, status, policy: createPolicy({}) } as unknown as Core;
}
