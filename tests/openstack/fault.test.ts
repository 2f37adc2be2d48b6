import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultIn } from '../../src/openstack/fault.js';
import faults from '../golden/ironic-faults.json' with { type: 'json' };

/** The words in an error answer with this body. */
function faultOf(body: unknown, status = 500) {
  return faultIn({ status, headers: new Headers(), body });
}

describe('the words of an error', () => {
  it.each(faults)('are found in $file: $status to $request', ({ status, body, words }) => {
    expect(faultOf(JSON.parse(body), status)).toEqual({ words, genuine: true });
  });

  it.each<[string, unknown, string]>([
    ['an object instead of a string', { error_message: { faultstring: 'no' } }, 'no'],
    ['a plain string', { error_message: 'no luck' }, 'no luck'],
    ['a flat one, as newest Ironic writes it', { faultcode: 'Client', faultstring: 'no', debuginfo: null }, 'no'],
    ['a title alone', { error_message: '{"code": 404, "title": "Not Found", "description": ""}' }, 'Not Found'],
    ['basic authentication', { error: { message: 'Authorization required', code: 401 } }, 'Authorization required'],
    ['line breaks as HTML writes them', { message: 'No image<br /><br/><br>found' }, 'No image found'],
    ['a broken inner JSON', { error_message: '{"faultstring": "no' }, '{"faultstring": "no'],
  ])('are found in %s', (_, body, words) => {
    expect(faultOf(body)).toEqual({ words, genuine: true });
  });

  it.each<[string, unknown]>([
    ['an empty body or a page', undefined],
    ['null', null],
    ['a text', 'Service Unavailable'],
    ['a number', 503],
    ['a list', [{ message: 'no' }]],
    ['an empty object', {}],
    ['members of the wrong type', { error_message: 7, error: 'no', message: ['no'], faultstring: null }],
    ['an inner JSON without an object', { error_message: '"no"' }],
    ['an inner JSON that is empty', { error_message: '{}' }],
    ['empty words', { error_message: '{"faultstring": "", "title": ""}', error: {}, message: '' }],
  ])('are missing in %s, which is not from the service', (_, body) => {
    expect(faultOf(body, 503)).toEqual({ words: 'no explanation given', genuine: false });
  });

  it('leave out the credentials of a quoted URL', () => {
    const url = 'https://robot:hunter2@img.example.org/u.qcow2?X-Amz-Signature=hunter2';
    const shown = 'https://***@img.example.org/u.qcow2?***';
    const said = (where: string) => `Validation of image href ${where} failed, as "${where}" is forbidden`;
    expect(faultOf({ faultstring: said(url) }).words).toBe(said(shown));
  });

  it('do not run into a URL before an HTML line break', () => {
    const faultstring = 'See http://h/a?b=c<br />Then call.';
    expect(faultOf({ faultstring }).words).toBe('See http://h/a?*** Then call.');
  });

  it('are one bounded line', () => {
    const { words } = faultOf({ faultstring: `a\u202e\r\n"b"${'x'.repeat(5_000_000)}` });
    expect(words).toMatch(/^a "b"x+…$/);
    expect(words).toHaveLength(300);
  });

  it('take one pass over the text, whatever it holds', () => {
    for (const part of ['\n', '\nFailed', '<br ', ' ', '?', '@sha1:a']) {
      const faultstring = part.repeat(20_000);
      for (let count = 0; count < 500; count += 1) expect(faultOf({ faultstring }).words.length).toBeLessThan(301);
    }
  }, 60_000);

  it('never cause an error, whatever the JSON', () => {
    const value = fc.oneof(fc.string(), fc.jsonValue(), fc.json());
    const body = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom('error_message', 'error', 'message', 'faultstring', 'title'), value),
    );
    fc.assert(
      fc.property(body, (any) => {
        const { words, genuine } = faultOf(any);
        expect(words.length).toBeLessThanOrEqual(300);
        if (!genuine) expect(words).toBe('no explanation given');
      }),
    );
  });
});
