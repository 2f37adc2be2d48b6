import { describe, expect, it } from 'vitest';
import { NoAnswer } from '../../src/core/ports.js';
import { advised, createPlainSession } from '../../src/openstack/session.js';
import { forever } from './lab.js';

const endpoint = 'http://ironic.test';

describe('a session without Keystone', () => {
  it('sends nothing if the service needs no sign-in', async () => {
    const session = createPlainSession({ type: 'none', endpoint }, {});
    await expect(session.access('baremetal', forever)).resolves.toMatchObject({
      endpoint,
      setBy: 'OS_ENDPOINT',
      headers: {},
    });
    await expect(session.access('image', forever)).resolves.toMatchObject({ endpoint });
  });

  it('names the setting of the address of Ironic', async () => {
    const session = createPlainSession({ type: 'none', endpoint }, { baremetal: endpoint });
    await expect(session.access('baremetal', forever)).resolves.toMatchObject({
      endpoint,
      setBy: 'OS_BAREMETAL_ENDPOINT_OVERRIDE',
    });
  });

  it('knows the image service, if that is set', async () => {
    const session = createPlainSession({ type: 'none', endpoint }, { image: 'http://glance.test' });
    await expect(session.access('image', forever)).resolves.toMatchObject({
      endpoint: 'http://glance.test',
      setBy: 'OS_IMAGE_ENDPOINT_OVERRIDE',
    });
    await expect(session.access('baremetal', forever)).resolves.toMatchObject({ endpoint });
  });

  it('sends a name and a password in any script', async () => {
    const session = createPlainSession({ type: 'http_basic', endpoint, username: 'zoë', password: 'a:b 密' }, {});
    const access = await session.access('baremetal', forever);
    const credentials = Buffer.from('zoë:a:b 密').toString('base64');
    expect(access.headers).toEqual({ authorization: `Basic ${credentials}` });
  });

  it('has nothing to renew if it is refused', async () => {
    const session = createPlainSession({ type: 'http_basic', endpoint, username: 'a', password: 'b' }, {});
    expect(session.renew(await session.access('baremetal', forever))).toBe(false);
  });
});

describe('the advice about a failed connection', () => {
  const failure = (code: string, syscall?: string) => {
    const deep = Object.assign(new Error('deep down'), { code, syscall });
    return new NoAnswer(`Ironic cannot be reached (${code})`, true, {
      cause: new TypeError('fetch failed', { cause: deep }),
    });
  };

  it.each<[code: string, advice: string, syscall?: string]>([
    ['ECONNREFUSED', 'check OS_ENDPOINT', 'connect'],
    ['EHOSTUNREACH', 'check OS_ENDPOINT', 'connect'],
    ['ENOTFOUND', 'check OS_ENDPOINT', 'getaddrinfo'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'set OS_CACERT to the file of that CA'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'set OS_CACERT to the file of that CA'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'another host name: check OS_ENDPOINT'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS, so its URL must begin with http://: check OS_ENDPOINT'],
    ['CERT_HAS_EXPIRED', 'its operator must renew it'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'set OS_CERT and OS_KEY to the files of a certificate and its key'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'check OS_CERT and OS_KEY'],
  ])('after %s is "%s", and it had no effect', (code, advice, syscall) => {
    const error = advised(failure(code, syscall), { endpoint, setBy: 'OS_ENDPOINT' });
    expect(error).toBeInstanceOf(NoAnswer);
    expect(error).toMatchObject({ mayHaveTakenEffect: false });
    expect((error as NoAnswer).words.startsWith(`Ironic cannot be reached (${code}); `)).toBe(true);
    expect((error as NoAnswer).words.endsWith(advice)).toBe(true);
  });

  it.each([
    ['ECONNRESET', 'read'],
    ['EHOSTUNREACH', 'read'],
    ['ENETUNREACH', 'write'],
  ])('after %s (%s) is missing, because the request may have had an effect', (code, syscall) => {
    const error = failure(code, syscall);
    expect(advised(error, { endpoint, setBy: 'OS_ENDPOINT' })).toBe(error);
  });

  it('after a closed connection only guesses at TLS, because the request may have had an effect', () => {
    const error = failure('UND_ERR_SOCKET');
    expect(advised(error, { endpoint, setBy: 'OS_ENDPOINT' })).toMatchObject({
      words:
        'Ironic cannot be reached (UND_ERR_SOCKET); if it speaks TLS, its URL must begin with https://: check OS_ENDPOINT',
      mayHaveTakenEffect: true,
    });
    expect(advised(error, { endpoint: 'https://ironic.test', setBy: 'OS_ENDPOINT' })).toBe(error);
  });

  it('is missing for all other errors', () => {
    const left = new Error('the caller left');
    const silent = new NoAnswer('Ironic did not answer within 30 s', true);
    expect(advised(left, { endpoint, setBy: 'OS_ENDPOINT' })).toBe(left);
    expect(advised(silent, { endpoint, setBy: 'OS_ENDPOINT' })).toBe(silent);
  });
});
