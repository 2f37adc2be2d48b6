import json

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStdio, MCPUtil
from agents.tool_context import ToolContext
from journey import ARGUMENTS, COMMAND, ENVIRONMENT, main, travel


async def client():
    parameters = {'command': COMMAND, 'args': ARGUMENTS, 'env': ENVIRONMENT}
    async with MCPServerStdio(parameters, client_session_timeout_seconds=300) as server:
        tools = {tool.name: tool for tool in await MCPUtil.get_function_tools(
            server, convert_schemas_to_strict=False, run_context=RunContextWrapper(None), agent=Agent(name='agent'))}

        async def call(name, arguments):
            # As the model calls it.
            text = json.dumps(arguments)
            context = ToolContext(context=None, tool_name=name, tool_call_id='1', tool_arguments=text)
            answer = await tools[name].on_invoke_tool(context, text)
            return answer if isinstance(answer, str) else answer['text']

        await travel(tools, call)


main(client)
