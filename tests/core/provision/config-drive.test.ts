import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/core/failures.js';
import { configDriveOf, mayLogIn, warningsAbout } from '../../../src/core/provision/config-drive.js';
import type { ProvisionRequest } from '../../../src/core/requests.js';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey one';
const otherKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey two';

function driveOf(request: Partial<ProvisionRequest>) {
  return configDriveOf({ image_id: 'ubuntu-24.04', ...request });
}

function reasonOf(request: Partial<ProvisionRequest>): string {
  try {
    driveOf(request);
  } catch (error) {
    if (error instanceof Failure && error.code === 'invalid_request') return error.reason ?? '';
    throw error;
  }
  throw new Error('The config drive was accepted.');
}

/** An object nested so many levels deep. */
function nested(levels: number): Record<string, unknown> {
  let object = {};
  for (let level = 1; level < levels; level += 1) object = { a: object };
  return object;
}

describe('a config drive', () => {
  it('does not exist when it has no content', () => {
    expect(driveOf({})).toBeUndefined();
    expect(driveOf({ config_drive: {} })).toBeUndefined();
    expect(driveOf({ ssh_public_keys: [] })).toBeUndefined();
  });

  it('treats an object without any of the four members as user data', () => {
    expect(driveOf({ config_drive: { packages: ['nginx'], runcmd: ['reboot'] } })).toEqual({
      user_data: '#cloud-config\n{"packages":["nginx"],"runcmd":["reboot"]}\n',
    });
  });

  it('passes the four members on', () => {
    const given = {
      meta_data: { role: 'web' },
      user_data: '#!/bin/sh\necho hello\n',
      network_data: { links: [], networks: [], services: [] },
      vendor_data: { 'cloud-init': '#cloud-config\n{}' },
    };
    expect(driveOf({ config_drive: given })).toEqual(given);
  });

  it('gives user data that is an object a first line, because cloud-init would ignore it otherwise', () => {
    expect(driveOf({ config_drive: { user_data: { packages: ['nginx'] } } })).toEqual({
      user_data: '#cloud-config\n{"packages":["nginx"]}\n',
    });
  });

  it('writes cloud-config that holds exactly what was given', () => {
    const userData = fc.dictionary(
      fc.string().filter((name) => !['meta_data', 'user_data', 'network_data', 'vendor_data'].includes(name)),
      fc.jsonValue({ maxDepth: 5 }),
      { minKeys: 1 },
    );
    fc.assert(
      fc.property(userData, (given) => {
        const text = driveOf({ config_drive: given })?.user_data ?? '';
        expect(text.startsWith('#cloud-config\n')).toBe(true);
        expect(JSON.stringify(JSON.parse(text.slice('#cloud-config\n'.length)))).toBe(JSON.stringify(given));
      }),
    );
  });

  it('refuses anything beside the four members, and names it', () => {
    expect(reasonOf({ config_drive: { meta_data: {}, userdata: 'x', packages: [] } })).toBe(
      'config_drive: "userdata", "packages" cannot be combined with meta_data, user_data, network_data, vendor_data; ' +
        'pass only these four members, or only cloud-init user data',
    );
  });

  it.each(['meta_data', 'network_data', 'vendor_data'])('requires an object as %s', (member) => {
    for (const value of ['text', 3, null, ['list'], true]) {
      expect(reasonOf({ config_drive: { [member]: value } })).toBe(`config_drive.${member}: must be an object`);
    }
  });

  it('requires text or an object as user_data', () => {
    for (const value of [3, null, ['list'], false]) {
      expect(reasonOf({ config_drive: { user_data: value } })).toBe(
        'config_drive.user_data: must be a string or an object',
      );
    }
  });

  it('may be at most 20 levels deep, because Ironic refuses more', () => {
    expect(driveOf({ config_drive: nested(20) })).toBeDefined();
    expect(reasonOf({ config_drive: nested(21) })).toBe('config_drive: is nested more than 20 levels deep');
    expect(reasonOf({ config_drive: { user_data: nested(20) } })).toContain('20 levels');
    expect(reasonOf({ config_drive: { list: [[nested(30)]] } })).toContain('20 levels');
    expect(reasonOf({ config_drive: nested(100_000) })).toContain('20 levels');
  });

  it('may be at most 64 MiB large, because Ironic refuses more', () => {
    const megabytes = (count: number) => ({ config_drive: { user_data: '#'.repeat(count * 1024 * 1024) } });
    expect(driveOf(megabytes(63))).toBeDefined();
    expect(reasonOf(megabytes(64))).toBe('config_drive: is larger than 64 MiB, the most that Ironic accepts');
  });

  it('never shows a value when it is refused', () => {
    const secret = 'hunter2-hunter2';
    const reasons = [
      reasonOf({ config_drive: { user_data: { password: secret }, passwd: secret } }),
      reasonOf({ config_drive: { meta_data: secret } }),
      reasonOf({ config_drive: { user_data: [secret] } }),
      reasonOf({ hostname: 'web-1', config_drive: { meta_data: { hostname: secret } } }),
      reasonOf({ ssh_public_keys: [key], config_drive: { meta_data: { public_keys: { a: secret } } } }),
      reasonOf({ config_drive: { a: nested(25), password: secret } }),
    ];
    for (const reason of reasons) expect(reason).not.toContain(secret);
  });

  it('shortens the names that it quotes', () => {
    expect(reasonOf({ config_drive: { meta_data: {}, ['x'.repeat(10_000)]: 1 } }).length).toBeLessThan(300);
  });

  it('keeps members with the names of object internals', () => {
    const given: Record<string, unknown> = JSON.parse('{"meta_data":{"__proto__":{"a":1},"constructor":"b"}}');
    expect(JSON.stringify(driveOf({ config_drive: given, hostname: 'web-1' }))).toBe(
      '{"meta_data":{"__proto__":{"a":1},"constructor":"b","hostname":"web-1"}}',
    );
  });

  it("does not change the caller's object", () => {
    const given = { meta_data: { role: 'web' } };
    driveOf({ config_drive: given, hostname: 'web-1', ssh_public_keys: [key] });
    expect(given).toEqual({ meta_data: { role: 'web' } });
  });
});

describe('the host name', () => {
  it('goes into the meta data, beside its other members', () => {
    expect(driveOf({ hostname: 'web-1' })).toEqual({ meta_data: { hostname: 'web-1' } });
    expect(driveOf({ hostname: 'web-1', config_drive: { meta_data: { role: 'web' } } })).toEqual({
      meta_data: { role: 'web', hostname: 'web-1' },
    });
    expect(driveOf({ hostname: 'web-1', config_drive: { packages: ['nginx'] } })).toEqual({
      meta_data: { hostname: 'web-1' },
      user_data: '#cloud-config\n{"packages":["nginx"]}\n',
    });
  });

  it.each(['hostname', 'local-hostname'])('may stand in the meta data as %s if it is the same', (member) => {
    expect(driveOf({ hostname: 'web-1', config_drive: { meta_data: { [member]: 'web-1' } } })).toEqual({
      meta_data: { [member]: 'web-1', hostname: 'web-1' },
    });
    expect(reasonOf({ hostname: 'web-1', config_drive: { meta_data: { [member]: 'web-2' } } })).toBe(
      `hostname: differs from config_drive.meta_data.${member}; pass it once`,
    );
  });
});

describe('public keys', () => {
  it('go into the meta data under names of their own', () => {
    expect(driveOf({ ssh_public_keys: [key, otherKey] })).toEqual({
      meta_data: { public_keys: { 'key-0': key, 'key-1': otherKey } },
    });
  });

  it('may stand in the meta data in any order if they are the same', () => {
    const metaData = { public_keys: { mine: otherKey, yours: key } };
    expect(driveOf({ ssh_public_keys: [key, otherKey], config_drive: { meta_data: metaData } })).toEqual({
      meta_data: metaData,
    });
  });

  it.each<[string, unknown, string[]]>([
    ['another one', { mine: otherKey }, [key]],
    ['fewer', { mine: key }, [key, otherKey]],
    ['one of them twice', { mine: key, again: key }, [key, otherKey]],
    ['more', { mine: key, again: otherKey }, [key]],
    ['no object', [key], [key]],
  ])('are refused when the meta data has %s', (_, given, keys) => {
    expect(reasonOf({ ssh_public_keys: keys, config_drive: { meta_data: { public_keys: given } } })).toBe(
      'ssh_public_keys: differ from config_drive.meta_data.public_keys; pass them once',
    );
  });

  it('stay as they are in the meta data if the request has none', () => {
    const given = { meta_data: { public_keys: { mine: key } } };
    expect(driveOf({ config_drive: given })).toEqual(given);
    expect(driveOf({ config_drive: given, ssh_public_keys: [] })).toEqual(given);
  });
});

describe('logging in', () => {
  it.each<[string, Partial<ProvisionRequest>]>([
    ['keys', { ssh_public_keys: [key] }],
    ['user data', { config_drive: { packages: ['nginx'] } }],
    ['keys in the meta data', { config_drive: { meta_data: { public_keys: { a: key } } } }],
    ['keys in the other form of the meta data', { config_drive: { meta_data: { keys: [{ name: 'a', data: key }] } } }],
    ['vendor data', { config_drive: { vendor_data: { 'cloud-init': '#cloud-config\n{}' } } }],
  ])('is possible with %s', (_, request) => {
    expect(mayLogIn(driveOf(request))).toBe(true);
  });

  it.each<[string, Partial<ProvisionRequest>]>([
    ['nothing', {}],
    ['a host name alone', { hostname: 'web-1' }],
    ['networks alone', { config_drive: { network_data: { links: [], networks: [], services: [] } } }],
    ['other meta data', { config_drive: { meta_data: { role: 'web' } } }],
    ['empty user data', { config_drive: { user_data: '' } }],
    ['empty vendor data', { config_drive: { vendor_data: {} } }],
    ['no keys in the meta data', { config_drive: { meta_data: { public_keys: {}, keys: [] } } }],
  ])('is doubtful with %s', (_, request) => {
    expect(mayLogIn(driveOf(request))).toBe(false);
  });
});

describe('the warnings about a config drive', () => {
  const login = 'Nobody may be able to log in, because the request has neither ssh_public_keys nor user data.';
  const ignored = 'cloud-init may ignore the user data, because it begins with neither "#cloud-config" nor "#!".';

  it('cover logging in and user data that cloud-init ignores', () => {
    expect(warningsAbout(driveOf({}))).toEqual([login]);
    expect(warningsAbout(driveOf({ ssh_public_keys: [key] }))).toEqual([]);
    expect(warningsAbout(driveOf({ config_drive: { user_data: 'packages: [nginx]' } }))).toEqual([ignored]);
  });

  it.each([
    '#cloud-config\npackages: []',
    '#!/bin/sh\n',
    '#include\nhttp://a.example/b',
    '## template: jinja\n#cloud-config',
    'Content-Type: multipart/mixed; boundary="a"',
    'MIME-Version: 1.0',
    '{"ignition": {"version": "3.4.0"}}',
  ])('are absent for user data that begins like %j', (userData) => {
    expect(warningsAbout(driveOf({ config_drive: { user_data: userData } }))).toEqual([]);
  });
});
