// A JSON-RPC loop that sends fixed answers and has no dependency: no MCP server can be faster. Its argument is the answer to
// a tool call.
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
