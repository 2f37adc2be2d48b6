import { describe, expect, it } from 'vitest';
import { credentialIn, forwardedFor } from '../../../src/commands/sign-in/credential.js';
import { Failure } from '../../../src/core/failures.js';

const id = '0123456789abcdef0123456789abcdef';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const read = (authorization: string) => credentialIn(new Headers({ authorization }));

describe('the application credential in a request', () => {
  it.each([['secret'], ['with:colons:in:it'], ['Größe-☃-🔑'], [' spaces around '], ['x'.repeat(512)], ['\uFEFFmark']])(
    'has an id and the secret %j',
    (secret) => {
      expect(read(`Basic ${base64(`${id}:${secret}`)}`)).toEqual({ id, secret });
      expect(read(`bASIC  ${base64(`${id}:${secret}`)}`)).toEqual({ id, secret });
    },
  );

  it.each([
    ['an empty header', ''],
    ['a token', 'Bearer abc'],
    ['no text', 'Basic'],
    ['base64 with a space', `Basic ${base64(`${id}:s`)} x`],
    ['base64 without its padding', `Basic ${base64(`${id}:s`).replace(/=+$/, '')}`],
    ['base64 for URLs', `Basic ${base64(`${id}:ÿÿÿ`).replaceAll('/', '_')}`],
    ['base64 with bits left over', `Basic ${base64(`${id}:s`).replace(/w==$/, 'x==')}`],
    ['two credentials', `Basic ${base64(`${id}:s`)}, Basic ${base64(`${id}:t`)}`],
    ['no UTF-8', `Basic ${Buffer.from([...Buffer.from(`${id}:`), 0xff]).toString('base64')}`],
    ['no colon', `Basic ${base64(id)}`],
    ['no id', `Basic ${base64(':secret')}`],
    ['a name instead of the id', `Basic ${base64('laptop:secret')}`],
    ['an id in capital letters', `Basic ${base64(`${id.toUpperCase()}:secret`)}`],
    ['an id that is too long', `Basic ${base64(`${id}0:secret`)}`],
    ['no secret', `Basic ${base64(`${id}:`)}`],
    ['a line break in the secret', `Basic ${base64(`${id}:a\nb`)}`],
    ['a null byte in the secret', `Basic ${base64(`${id}:a\0`)}`],
    ['a secret that is too long', `Basic ${base64(`${id}:${'x'.repeat(513)}`)}`],
  ])('is refused with %s, and what was sent is not repeated', (_, header) => {
    const failure = (() => {
      try {
        return read(header);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'unauthorized' });
    const sent = header.split(/[ ,]+/).filter((part) => part.length > 6);
    for (const part of [...sent, 'secret"', id]) expect((failure as Failure).reason).not.toContain(part);
  });

  it('is missed if there is none', () => {
    expect(() => credentialIn(new Headers())).toThrow(
      expect.objectContaining({ code: 'unauthorized', reason: 'the request has no application credential' }),
    );
  });
});

describe('the address that a proxy names', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['10.0.0.1, 192.0.2.1', '192.0.2.1'],
    ['10.0.0.1,2001:db8::1 ', '2001:db8::1'],
    ['192.0.2.1, unknown', undefined],
    ['192.0.2.1,', undefined],
    ['', undefined],
  ])('in %j is %s', (header, address) => {
    expect(forwardedFor(new Headers({ 'x-forwarded-for': header }))).toBe(address);
  });

  it('is missing without its header', () => {
    expect(forwardedFor(new Headers())).toBeUndefined();
  });
});
