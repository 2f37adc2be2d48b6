from journey import ARGUMENTS, COMMAND, ENVIRONMENT, main, travel
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools


async def client():
    server = {'transport': 'stdio', 'command': COMMAND, 'args': ARGUMENTS, 'env': ENVIRONMENT}
    async with MultiServerMCPClient({'ironic': server}).session('ironic') as session:
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}

        async def call(name, arguments):
            # As an agent calls it.
            message = await tools[name].ainvoke({'type': 'tool_call', 'id': '1', 'name': name, 'args': arguments})
            return message.artifact['structured_content'] if message.status == 'success' else str(message.content)

        await travel(tools, call)


main(client)
