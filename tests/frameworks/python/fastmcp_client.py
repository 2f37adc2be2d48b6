from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from journey import ARGUMENTS, COMMAND, ENVIRONMENT, main, travel


async def client():
    async with Client(StdioTransport(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)) as connected:

        async def call(name, arguments):
            return (await connected.call_tool(name, arguments)).structured_content

        await travel([tool.name for tool in await connected.list_tools()], call)


main(client)
