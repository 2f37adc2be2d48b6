from uuid import uuid4

from google.adk.agents import LlmAgent
from google.adk.agents.invocation_context import InvocationContext
from google.adk.sessions import InMemorySessionService
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from google.adk.tools.tool_context import ToolContext
from journey import ARGUMENTS, COMMAND, ENVIRONMENT, main, travel
from mcp import StdioServerParameters


async def client():
    server = StdioServerParameters(command=COMMAND, args=ARGUMENTS, env=ENVIRONMENT)
    toolset = McpToolset(connection_params=StdioConnectionParams(server_params=server, timeout=300))
    tools = {tool.name: tool for tool in await toolset.get_tools()}
    for tool in tools.values():
        # As the model gets it.
        assert tool._get_declaration()

    sessions = InMemorySessionService()
    invocation = InvocationContext(
        session_service=sessions,
        session=await sessions.create_session(app_name='lane', user_id='lane'),
        agent=LlmAgent(name='lane'),
        invocation_id='lane',
    )

    async def call(name, arguments):
        # A tool with a page adds it to the context of the call.
        context = ToolContext(invocation, function_call_id=str(uuid4()))
        result = await tools[name].run_async(args=arguments, tool_context=context)
        return result.get('structuredContent') or str(result)

    await travel(tools, call)
    await toolset.close()


main(client)
