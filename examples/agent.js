// An agent's loop over MCP on stdio: list the tools, let the model choose a call, give it the answer, and repeat until it is
// done. Pass the command of any MCP server; the default is this checkout's server on the simulated cloud.
//
//   node examples/agent.js [command [argument...]]
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const ours = [process.execPath, fileURLToPath(new URL('../bin/ironic-mcp.js', import.meta.url))];
const [command, ...args] = process.argv.length > 2 ? process.argv.slice(2) : ours;

const client = new Client({ name: 'example-agent', version: '1' });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' }));
const { tools } = await client.listTools();
const say = (line) => process.stdout.write(`${line}\n`);
say(`tools: ${tools.map(({ name }) => name).join(', ')}`);

let answer;
for (let call = model(undefined); call !== undefined; call = model(answer)) {
  say(`> ${call.name} ${JSON.stringify(call.arguments)}`);
  answer = await client.callTool(call);
  // Structured content is for programs. A model reads the text, and a failed call has only text.
  say(`< ${answer.structuredContent?.message ?? answer.content[0].text}`);
}
await client.close();
process.exitCode = answer.structuredContent?.status === 'completed' ? 0 : 1;

/** Stands in for the language model: reads the last answer and chooses the next call, or none when it is done. */
function model(last) {
  if (last === undefined) {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM ada';
    const input = { image_id: 'debian-12', resource_class: 'baremetal.small', ssh_public_keys: [key] };
    return { name: 'provision_server', arguments: input };
  }
  const { operation_id, status } = last.structuredContent ?? {};
  if (last.isError || status === 'completed' || status === 'failed') return undefined;
  return { name: 'check_provision_status', arguments: { operation_id, wait_seconds: 50 } };
}
