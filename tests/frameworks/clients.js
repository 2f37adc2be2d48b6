const inPython = (name, version, script, more = {}) => ({ name, version, language: 'Python', script, ...more });
const inNode = (name, version, script, more = {}) => ({ name, version, language: 'Node', script, ...more });

/**
 * The clients. `extra` is a part of the package that is not installed by default, `needs` are other packages. A note says
 * what a user of the client must know.
 */
export const clients = [
  inPython('mcp', '2.3.0', 'mcp_sdk.py'),
  inPython('fastmcp', '4.2.3', 'fastmcp_client.py'),
  inPython('langchain-mcp-adapters', '0.3.2', 'langchain_client.py'),
  inPython('openai-agents', '0.24.0', 'openai_agents.py'),
  inPython('pydantic-ai-slim', '2.68.0', 'pydantic_ai_client.py', { extra: '[mcp]' }),
  inPython('google-adk', '2.13.0', 'google_adk.py', { extra: '[mcp]' }),
  inPython('google-genai', '3.6.1', 'google_genai.py', {
    needs: ['mcp==2.3.0'],
    note: 'converts the tools; the session of `mcp` calls them',
  }),
  inPython('llama-index-tools-mcp', '0.6.0', 'llama_index_client.py', {
    note: 'over HTTP, because over stdio it starts the program for each call, and each start has a simulated cloud of its own',
  }),
  inPython('crewai-tools', '1.15.30', 'crewai_client.py', {
    extra: '[mcp]',
    note: 'passes null for each argument that is left out',
  }),
  inNode('@ai-sdk/mcp', '2.0.99', 'ai-sdk.mjs', { needs: ['zod@4.6.7'] }),
  inNode('@langchain/mcp-adapters', '1.1.4', 'langchain.mjs', {
    needs: ['@langchain/core@1', '@langchain/langgraph@1'],
    note: 'compares arguments with the schema, which has no null, and refuses such a call itself',
  }),
  inNode('@mastra/mcp', '2.0.0', 'mastra.mjs', {
    needs: ['@mastra/core@1.71.0', 'zod@4.6.7'],
    note: 'leaves out arguments that are null',
  }),
];
