// Counts the tokens that a model reads: the instructions, the tool list, and the longest usual answers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

const simulator = spawn(process.execPath, ['bin/ironic-mcp.js', 'simulator', '--port', '0', '--nodes', '60'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [address] = await once(simulator.stdout, 'data');
const endpoint = String(address).trim();
const server = spawn(process.execPath, ['bin/ironic-mcp.js'], {
  stdio: ['pipe', 'pipe', 'ignore'],
  env: { ...process.env, OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint, OS_IMAGE_ENDPOINT_OVERRIDE: endpoint },
});

const waiting = new Map();
let buffer = '';
server.stdout.on('data', (chunk) => {
  buffer += chunk;
  const lines = buffer.split('\n');
  buffer = lines.pop() ?? '';
  for (const line of lines) {
    const { id, result } = JSON.parse(line);
    waiting.get(id)?.(result);
  }
});
let calls = 0;
function ask(method, params = {}) {
  calls += 1;
  const id = calls;
  server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  return new Promise((resolve) => waiting.set(id, resolve));
}
const answerOf = async (name, input) => (await ask('tools/call', { name, arguments: input })).content[0].text;

const { instructions } = await ask('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1' },
});
const { tools } = await ask('tools/list');
const texts = {
  instructions,
  'tool list': JSON.stringify(tools),
  'list_servers, 50 of 60': await answerOf('list_servers', {}),
  list_images: await answerOf('list_images', {}),
};
process.stdout.write('\n| What a model reads | Tokens (o200k_base) |\n|---|---|\n');
for (const [what, text] of Object.entries(texts)) process.stdout.write(`| ${what} | ${countTokens(text)} |\n`);
server.stdin.end();
simulator.kill();
