import { expect, test } from 'vitest';
import type { Cloud } from './cloud.js';

export function secretsKept(cloud: () => Cloud): void {
  test('no answer and no line on stderr has shown a secret in these tests', () => {
    const { transcript, secrets } = cloud();
    const shown = transcript.join('\n');
    // If the other tests were left out, there is nothing to check.
    expect(shown).toContain('Keystone refused the sign-in');
    for (const secret of secrets) expect(shown).not.toContain(secret);
    // Every other token begins so: with the version of a Fernet token and the first bytes of its time.
    expect(shown).not.toMatch(/gAAAAA[\w-]{20}/);
  });
}
