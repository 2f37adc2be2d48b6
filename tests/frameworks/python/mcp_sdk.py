from journey import ARGUMENTS, COMMAND, ENVIRONMENT, main, travel
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def client():
    server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()

        async def call(name, arguments):
            result = await session.call_tool(name, arguments)
            return result.content[0].text if result.is_error else result.structured_content

        await travel([tool.name for tool in (await session.list_tools()).tools], call)


main(client)
