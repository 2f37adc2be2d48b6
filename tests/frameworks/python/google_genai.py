"""The MCP SDK with the schemas that google-genai makes of the tools, as its models get them."""

from google.genai._mcp_utils import mcp_to_gemini_tools
from journey import ARGUMENTS, COMMAND, ENVIRONMENT, main, travel
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def client():
    server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        tools = mcp_to_gemini_tools((await session.list_tools()).tools)

        async def call(name, arguments):
            result = await session.call_tool(name, arguments)
            return result.content[0].text if result.is_error else result.structured_content

        await travel([made.name for tool in tools for made in tool.function_declarations], call)


main(client)
