import { expect, test } from 'vitest';
import type { Cloud } from './cloud.js';

export function secretsKept(cloud: () => Cloud): void {
  test('in all of this no secret was shown in an answer or on stderr', () => {
    const { transcript, secrets } = cloud();
    const shown = transcript.join('\n');
    // Else the other tests were left out, and there is nothing to see.
    expect(shown).toContain('Keystone refused the sign-in');
    for (const secret of secrets) expect(shown).not.toContain(secret);
    // Whatever else Keystone gave out begins so: the version of a Fernet token and the first bytes of its time.
    expect(shown).not.toMatch(/gAAAAA[\w-]{20}/);
  });
}
