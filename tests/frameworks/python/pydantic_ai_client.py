from fastmcp.client.transports import StdioTransport
from journey import ARGUMENTS, COMMAND, ENVIRONMENT, main, travel
from pydantic_ai import Agent, RunContext, RunUsage
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.test import TestModel


async def client():
    toolset = MCPToolset(StdioTransport(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT))
    async with toolset:
        context = RunContext(deps=None, model=TestModel(), usage=RunUsage())
        tools = await toolset.get_tools(context)

        async def call(name, arguments):
            tool = tools[name]
            result = await toolset.call_tool(name, tool.args_validator.validate_python(arguments), context, tool)
            # A result with metadata comes in a wrapper, and the model gets the value in it.
            return getattr(result, 'return_value', result)

        await travel(tools, call)


main(client)
