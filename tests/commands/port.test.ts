import { describe, expect, it } from 'vitest';
import { whyNot } from '../../src/commands/port.js';

describe('why a port could not be opened', () => {
  it.each([
    ['EADDRINUSE', 'Port 80 on localhost is in use; choose another with --port.'],
    ['EACCES', 'Port 80 on localhost is for privileged processes; choose one from 1024 with --port.'],
    ['EADDRNOTAVAIL', 'localhost is no address of this machine; choose another with --host.'],
    ['ENOTFOUND', 'localhost is no address of this machine; choose another with --host.'],
    ['EMFILE', 'Port 80 on localhost cannot be opened (EMFILE).'],
  ])('is one sentence for %s', (code, sentence) => {
    expect(whyNot(Object.assign(new Error('listen'), { code }), 'localhost', 80)).toBe(sentence);
  });
});
