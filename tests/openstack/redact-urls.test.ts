import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactUrls } from '../../src/openstack/redact-urls.js';

/** An unencoded password may hold anything but white space. */
const passwordPart = fc.string({
  unit: fc.constantFrom(...'/#?@:\'"<>()[]{}\\|^`%&=;,.~!$*+-_aZ09é🖥'),
  maxLength: 12,
});

describe('a text that quotes a URL', () => {
  it.each([
    ["https://user:pa'ss@images.example/x.img", 'https://***@images.example/x.img'],
    ['https://user:pa/ss@images.example/x.img', 'https://***@images.example/x.img'],
    ['https://user:pa#s?s@images.example/x.img', 'https://***@images.example/x.img'],
    ['https://user:p@ss/w@images.example/x.img', 'https://***@images.example/x.img'],
    ['https://user:12/34@images.example/x.img', 'https://***@images.example/x.img'],
    ['"https://user:pass@images.example/x.img?a=b",', '"https://***@images.example/x.img?***",'],
    ["https://images.example/x.img?sig=a'b", 'https://images.example/x.img?***'],
    ['["https://a.example/x?s=1","https://u:p@b.example/y"]', '["https://a.example/x?***"]'],
    ['url: /x.img?X-Amz-Signature=abc (Caused by', 'url: /x.img?*** (Caused by'],
    ['https://images.example/a@1.img', 'https://images.example/a@1.img'],
    ['oci://registry.example:5000/a@sha256:00ff,', 'oci://registry.example:5000/a@sha256:00ff,'],
    ['joe@example.org: why? (a/b)', 'joe@example.org: why? (a/b)'],
  ])('%s is shown as %s', (said, shown) => {
    expect(redactUrls(said)).toBe(shown);
    expect(redactUrls(shown)).toBe(shown);
  });

  it('never shows a password, whatever the password and wherever the URL', () => {
    const around = fc.constantFrom(
      ['', ''],
      ["'", "',"],
      ['"', '"'],
      ['(href=', ')'],
      ['["http://a/b","', '"]'],
      ['<', '>'],
    );
    fc.assert(
      fc.property(passwordPart, passwordPart, around, (before, after, [left, right]) => {
        const url = `https://user:${before}hunter2${after}@images.example/x.img`;
        const shown = redactUrls(`Failed to download ${left}${url}${right} (403)`);
        expect(shown).not.toContain('hunter2');
        expect(shown).toMatch(/^Failed to download .*@images\.example\/x\.img.* \(403\)$/);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of ten megabytes is cut, whatever its words', () => {
    expect(redactUrls('/x?a:b@c '.repeat(1_000_000)).length).toBeLessThan(40_000);
  });

  it.each(['a', 'a://', 'a:b://', 'a://b:', '@', '://@', '?"', "'", '@sha1:a', '/?'])(
    'may repeat %j for megabytes',
    (part) => {
      expect(redactUrls(`https://${part.repeat(1_000_000)}`)).toContain('https://');
    },
  );
});
