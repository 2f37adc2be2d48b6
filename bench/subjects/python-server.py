"""The server from the README of the MCP SDK for Python, with one tool."""

from mcp.server.mcpserver import MCPServer

server = MCPServer('peer')


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers"""
    return a + b


server.run()
