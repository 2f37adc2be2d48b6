// The limit that no MCP server gets under: a loop of JSON-RPC that knows its answers by heart, without any dependency.
// What it answers to a tool call is its argument.
const answers = { 'tools/list': { tools: [] }, 'tools/call': JSON.parse(process.argv[2] ?? '{}') };
let rest = '';
process.stdin.on('data', (chunk) => {
  rest += chunk;
  for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
    const { id, method } = JSON.parse(rest.slice(0, end));
    rest = rest.slice(end + 1);
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: answers[method] ?? {} })}\n`);
  }
});
