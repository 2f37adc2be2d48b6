import { describe, expect, it } from 'vitest';
import { whyNot } from '../../src/commands/port.js';

describe('the reason why a port could not be opened', () => {
  it.each([
    ['EADDRINUSE', 'Port 80 on localhost is in use. Choose another port with --port.'],
    ['EACCES', 'Port 80 on localhost needs privileges. Choose a port from 1024 up with --port.'],
    ['EADDRNOTAVAIL', 'localhost is not an address of this machine. Choose another with --host.'],
    ['ENOTFOUND', 'localhost is not an address of this machine. Choose another with --host.'],
    ['EMFILE', 'Port 80 on localhost cannot be opened (EMFILE).'],
  ])('is in plain words for %s', (code, sentence) => {
    expect(whyNot(Object.assign(new Error('listen'), { code }), 'localhost', 80)).toBe(sentence);
  });
});
