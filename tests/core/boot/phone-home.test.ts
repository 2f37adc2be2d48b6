import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bootDigestOf, bootPathFrom, phoneHomeWarnings, withPhoneHome } from '../../../src/core/boot/phone-home.js';
import type { ConfigDrive } from '../../../src/core/image.js';
import { uuid } from '../fake-bare-metal.js';

const base = 'http://10.0.0.1:7386';
const home = { base, serverId: uuid(1), key: 'key', seed: uuid(2) };

/** The order to cloud-init, as the machine gets it. */
function orderIn(drive: ConfigDrive | undefined) {
  const text = String(drive?.vendor_data?.['cloud-init']);
  expect(text).toMatch(/^#cloud-config\n/);
  return JSON.parse(text.slice(text.indexOf('\n')));
}

function tokenIn(drive: ConfigDrive | undefined): string {
  return String(bootPathFrom(new URL(orderIn(drive).phone_home.url).pathname)?.token);
}

describe('the order to report', () => {
  it('is cloud-config text in the vendor data, beside what the caller has put there', () => {
    const drive = { user_data: '#!/bin/sh', vendor_data: { site: { rack: 7 } } };
    const reporting = withPhoneHome(drive, home);
    expect(reporting?.configDrive).toMatchObject(drive);
    expect(orderIn(reporting?.configDrive)).toEqual({
      phone_home: {
        url: expect.stringMatching(new RegExp(`^${base}/${uuid(1)}/[\\w-]{43}$`)),
        post: ['pub_key_rsa', 'pub_key_ecdsa', 'pub_key_ed25519'],
        tries: 5,
      },
    });
  });

  it("is added to the caller's own text for cloud-init as a second part", () => {
    const theirs = '#cloud-config\npackages: [nginx] # naïve\n';
    const drive = withPhoneHome({ vendor_data: { 'cloud-init': theirs } }, home)?.configDrive;
    const text = String(drive?.vendor_data?.['cloud-init']);
    expect(text).toMatch(/^Content-Type: multipart\/mixed; boundary="part"\nMIME-Version: 1\.0\n\n--part\n/);
    const parts = text.split(/^--part(?:--)?\n/m).slice(1, -1);
    const texts = parts.map((part) => Buffer.from(part.split('\n\n')[1] ?? '', 'base64').toString());
    expect(texts).toEqual([theirs, expect.stringContaining('"phone_home"')]);
  });

  it.each([
    ['MIME parts', 'Content-Type: multipart/mixed; boundary="x"\n\n--x--\n'],
    ['an object', { phone_home: {} }],
  ])("is left out if the caller's vendor data for cloud-init is %s", (_, theirs) => {
    const drive = { vendor_data: { 'cloud-init': theirs } };
    expect(withPhoneHome(drive, home)).toBeNull();
    expect(phoneHomeWarnings(drive)).toEqual([
      'The machine may send no boot report, because vendor_data has a cloud-init part that cannot be extended.',
    ]);
  });

  it('holds a token of which the entry has only the digest', () => {
    const { configDrive, expected } = withPhoneHome(undefined, home) ?? {};
    const token = tokenIn(configDrive);
    expect(expected).toEqual({ digest: createHash('sha256').update(token).digest('hex'), seed: uuid(2) });
    expect(expected?.digest).toBe(bootDigestOf(token));
  });

  it('holds the same token for the same key and seed only', () => {
    const tokens = [
      home,
      home,
      { ...home, key: 'other' },
      { ...home, seed: uuid(3) },
      { ...home, key: undefined },
      { ...home, key: undefined },
    ].map((each) => tokenIn(withPhoneHome(undefined, each)?.configDrive));
    expect(tokens[0]).toBe(tokens[1]);
    expect(new Set(tokens).size).toBe(5);
  });
});

describe('the warnings', () => {
  it.each([
    ['a phone_home of its own', { user_data: '#cloud-config\nphone_home: {url: http://me}\n' }],
    ['settings for vendor_data2', { user_data: '#cloud-config\nvendor_data2: {enabled: false}\n' }],
  ])('name %s', (what, drive) => {
    expect(phoneHomeWarnings(drive)).toEqual([expect.stringContaining(what)]);
  });

  it('are none for other data', () => {
    const quiet = { user_data: '#cloud-config\npackages: [curl]\n', vendor_data: { 'cloud-init': '#!/bin/sh' } };
    expect(phoneHomeWarnings(quiet)).toEqual([]);
    expect(phoneHomeWarnings(undefined)).toEqual([]);
  });
});

describe('the path of a report', () => {
  const token = 'A'.repeat(43);

  it('names server and token, at the root or below a path of a proxy', () => {
    expect(bootPathFrom(`/${uuid(1)}/${token}`)).toEqual({ serverId: uuid(1), token });
    expect(bootPathFrom(`/boot/${uuid(1).toUpperCase()}/${token}`)).toEqual({ serverId: uuid(1), token });
  });

  it.each(['/', `/${uuid(1)}`, `/${uuid(1)}/${token}/`, `/${uuid(1)}/${token}A`, `/${'a'.repeat(36)}/${token}`])(
    'is not %s',
    (path) => {
      expect(bootPathFrom(path)).toBeNull();
    },
  );
});
