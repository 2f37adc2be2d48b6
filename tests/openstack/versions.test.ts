import { describe, expect, it } from 'vitest';
import { Refused } from '../../src/core/ports.js';
import { createVersion } from '../../src/openstack/versions.js';

function refusal(oldest?: string, newest?: string, status = 406) {
  const headers = new Headers();
  if (oldest) headers.set('x-openstack-ironic-api-minimum-version', oldest);
  if (newest) headers.set('x-openstack-ironic-api-maximum-version', newest);
  return { status, headers, body: undefined, text: '' };
}

const spoken = (version: ReturnType<typeof createVersion>) => version.headers()['x-openstack-ironic-api-version'];

describe('the version of the API', () => {
  it('starts as the newest that any feature needs', () => {
    const version = createVersion();
    expect(spoken(version)).toBe('1.78');
    expect(['retired', 'lessee', 'history', 'deployment'].every((each) => version.has(each as 'history'))).toBe(true);
  });

  it.each([
    ['1.64', true, false],
    ['1.61', true, false],
    ['1.60', false, false],
    ['1.59', false, false],
  ])('falls back to %s if Ironic has no newer one', (newest, retired, lessee) => {
    const version = createVersion();
    expect(version.learn(refusal('1.1', newest), '1.78')).toBe(true);
    expect(spoken(version)).toBe(newest);
    expect(version.has('retired')).toBe(retired);
    expect(version.has('lessee')).toBe(lessee);
    expect(version.has('deployment')).toBe(true);
  });

  it('is worth another try after each refusal of another version, however many come at once', () => {
    const version = createVersion();
    expect(version.learn(refusal('1.1', '1.60'), '1.78')).toBe(true);
    expect(version.learn(refusal('1.1', '1.60'), '1.78')).toBe(true);
    expect(version.learn(refusal('1.1', '1.60'), '1.60')).toBe(false);
    expect(spoken(version)).toBe('1.60');
  });

  it('rises to the oldest that Ironic still supports', () => {
    const version = createVersion();
    expect(version.learn(refusal('1.90', '1.120'), '1.78')).toBe(true);
    expect(spoken(version)).toBe('1.90');
  });

  it.each([
    ['the version is spoken after all', refusal('1.1', '1.82')],
    ['the answer names no version', refusal()],
    ['the answer names only one end', refusal(undefined, '1.60')],
    ['the answer names nonsense', refusal('one', 'latest')],
    ['the answer names another API', refusal('2.1', '2.60')],
    ['the answer names a number without end', refusal('1.1', `1.${'9'.repeat(30)}`)],
    ['the answer is about something else', refusal('1.1', '1.60', 404)],
  ])('stays if %s', (_, answer) => {
    const version = createVersion();
    expect(version.learn(answer, '1.78')).toBe(false);
    expect(spoken(version)).toBe('1.78');
  });

  it('is too old below 1.59', () => {
    const learn = () => createVersion().learn(refusal('1.1', '1.58'), '1.78');
    expect(learn).toThrow(Refused);
    expect(learn).toThrow('too_old: Ironic speaks API 1.58; 1.59 is needed');
  });
});
