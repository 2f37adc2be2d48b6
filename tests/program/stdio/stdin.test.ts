import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { type Lines, openLines } from '../../support/json-rpc-lines.js';
import { localImages } from '../../support/local-images.js';
import { type SimulatedIronic, startSimulatedIronic } from '../../support/simulated-ironic.js';

const call = (id: unknown, image: string) =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":"tools/call","params":{"name":"provision_server","arguments":{"image_id":"${image}"}}}`;

const parseError = { code: -32700, message: 'Parse error: not JSON in UTF-8' };
const noMessage = { code: -32600, message: 'Invalid Request: not a JSON-RPC 2.0 message' };
const tooLong = { code: -32600, message: 'Invalid Request: more than 10 MiB' };

const [before, after] = call(1, 'file:///|').split('|') as [string, string];

describe('a line on stdin', () => {
  let ironic: SimulatedIronic;
  let proxy: FaultProxy;
  let lines: Lines;
  beforeAll(async () => {
    ironic = await startSimulatedIronic();
    proxy = await startFaultProxy(ironic.url);
    lines = await openLines({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages });
  });
  afterAll(async () => {
    expect(await lines.leave()).toEqual({ code: 0, signal: null });
    await proxy.close();
    await ironic.close();
  });

  /** The server is as well as before. */
  const expectLife = async () => {
    expect(await lines.request('ping')).toMatchObject({ result: {} });
    expect(proxy.log, 'nothing of it reached Ironic').toEqual([]);
  };

  it.each([
    ['that is broken JSON', call(1, 'file:///secret-image').slice(0, -1)],
    ['that is no JSON at all', 'GET / HTTP/1.1'],
    ['that is invalid UTF-8', Buffer.from([0xff, 0xfe, 0x7b, 0x7d])],
    [
      'whose text is invalid UTF-8',
      Buffer.concat([Buffer.from(before), Buffer.from([0xc3, 0x28]), Buffer.from(after)]),
    ],
    ['that is UTF-16', Buffer.from(call(1, 'file:///x'), 'utf16le')],
  ])('%s gets a parse error', async (_, line) => {
    lines.send(line);
    expect(await lines.next()).toEqual({ jsonrpc: '2.0', id: null, error: parseError });
    await lines.until('stderr', /ignored a line on stdin: Parse error: not JSON in UTF-8\n$/);
    await expectLife();
  });

  it.each([
    ['that is a batch', `[${call(1, 'file:///x')}]`, null],
    ['that is a number', '42', null],
    ['that is null', 'null', null],
    ['that is an empty object', '{}', null],
    ['without a version', '{"id":7,"method":"ping"}', 7],
    ['of another version', '{"jsonrpc":"1.0","id":"seven","method":"ping"}', 'seven'],
    ['without a method', '{"jsonrpc":"2.0","id":8}', 8],
    ['whose id is null', call(null, 'file:///x'), null],
    ['whose id is an object', call({}, 'file:///x'), null],
    ['whose params are a text', '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":"x"}', 9],
  ])('%s gets an invalid request', async (_, line, id) => {
    lines.send(line);
    expect(await lines.next()).toEqual({ jsonrpc: '2.0', id, error: noMessage });
    await lines.until('stderr', /ignored a line on stdin: Invalid Request: not a JSON-RPC 2\.0 message\n$/);
    await expectLife();
  });

  it.each(['"__proto__":{}', '"__\\u0070roto__":1'])(
    'with the argument %s gets an error, because it is never dropped silently',
    async (argument) => {
      lines.send(call('p', 'file:///x').replace('"image_id"', `${argument},"image_id"`));
      const text = expect.stringMatching(/^Invalid request\nReason: unknown argument "__proto__"\n/);
      expect(await lines.next()).toMatchObject({ id: 'p', result: { isError: true, content: [{ text }] } });
      await expectLife();
    },
  );

  it('that is not a request gets no answer, whatever it contains', async () => {
    lines.send('{"jsonrpc":"2.0","method":"tools/call","params":{"name":"list_images","arguments":{"__proto__":1}}}');
    // Whatever came before it would be taken for its answer.
    lines.send('{"jsonrpc":"2.0","id":"after","method":"ping"}');
    expect(await lines.next()).toMatchObject({ id: 'after' });
  });

  it('with 100,000 wrong members of a list gets one short answer', async () => {
    const icons = Array(100_000).fill(0);
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1', icons } };
    lines.send(JSON.stringify({ jsonrpc: '2.0', id: 'wide', method: 'initialize', params }));
    const error = { code: -32600, message: 'Invalid Request: more than 1000 values' };
    expect(await lines.next()).toEqual({ jsonrpc: '2.0', id: 'wide', error });
    await expectLife();
  });

  it('of 12 MB gets an invalid request without its id, and the next line is read', async () => {
    lines.send(call('long', `file:///${'x'.repeat(12e6)}`));
    expect(await lines.next()).toEqual({ jsonrpc: '2.0', id: null, error: tooLong });
    await expectLife();
  });

  it('of 9 MB is read', async () => {
    lines.send(call('large', `file:///${'x'.repeat(9e6)}`));
    expect(await lines.next()).toMatchObject({ id: 'large', result: { isError: true } });
    await expectLife();
  });

  it('that is empty is ignored', async () => {
    lines.send('');
    lines.send('\r');
    lines.send('  ');
    await expectLife();
  });

  it('may end with carriage return and line feed', async () => {
    lines.send('{"jsonrpc":"2.0","id":"windows","method":"ping"}\r');
    expect(await lines.next()).toEqual({ jsonrpc: '2.0', id: 'windows', result: {} });
  });

  it('with an unknown method gets the error "method not found"', async () => {
    expect(await lines.request('servers/explode')).toMatchObject({ error: { code: -32601 } });
    await expectLife();
  });

  it.each([
    ['resources/list', 'resources'],
    ['prompts/list', 'prompts'],
  ])('with %s gets a list', async (method, member) => {
    expect(await lines.request(method)).toMatchObject({ result: { [member]: expect.any(Array) } });
    await expectLife();
  });

  it('with an unknown notification is ignored', async () => {
    lines.send('{"jsonrpc":"2.0","method":"notifications/unheard-of"}');
    await expectLife();
  });

  it('with an answer to no request is ignored', async () => {
    lines.send('{"jsonrpc":"2.0","id":99,"result":{}}');
    await expectLife();
  });

  it('that is valid works after all of these', async () => {
    lines.send(call('good', 'file:///images/debian.qcow2'));
    expect(await lines.next()).toMatchObject({ id: 'good', result: { structuredContent: { status: 'accepted' } } });
  });

  it('never appears on stderr', () => {
    expect(lines.stderr()).not.toMatch(/file:|image|jsonrpc"|HTTP/);
  });
});
