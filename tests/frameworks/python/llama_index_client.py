from journey import ADDRESS, main, travel
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec


async def client():
    # Over stdio this client starts the program again for each call, and with it another simulated cloud.
    connected = BasicMCPClient(ADDRESS, timeout=300)
    tools = {tool.metadata.name: tool for tool in await McpToolSpec(connected).to_tool_list_async()}

    async def call(name, arguments):
        result = (await tools[name].acall(**arguments)).raw_output
        return result.content[0].text if result.is_error else result.structured_content

    await travel(tools, call)


main(client)
