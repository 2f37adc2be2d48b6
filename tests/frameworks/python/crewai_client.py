from crewai_tools import MCPServerAdapter
from journey import ARGUMENTS, COMMAND, ENVIRONMENT, main, travel
from mcp import StdioServerParameters


async def client():
    server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
    with MCPServerAdapter(server, connect_timeout=300) as adapted:
        tools = {tool.name: tool for tool in adapted}

        async def call(name, arguments):
            return tools[name].run(**arguments)

        await travel(tools, call)


main(client)
