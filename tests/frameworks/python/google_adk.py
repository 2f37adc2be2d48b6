from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from journey import ARGUMENTS, COMMAND, ENVIRONMENT, main, travel
from mcp import StdioServerParameters


async def client():
    server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
    toolset = McpToolset(connection_params=StdioConnectionParams(server_params=server, timeout=300))
    tools = {tool.name: tool for tool in await toolset.get_tools()}
    for tool in tools.values():
        # As the model gets it.
        assert tool._get_declaration()

    async def call(name, arguments):
        result = await tools[name].run_async(args=arguments, tool_context=None)
        return result.get('structuredContent') or str(result)

    await travel(tools, call)
    await toolset.close()


main(client)
