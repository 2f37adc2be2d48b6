import { describe, expect, it } from 'vitest';
import { failedDeployments } from '../../src/core/status/diagnosis.js';
import { createRestApp, type RestApp } from '../http/rest-app.js';

/** The samples of a metric: labels and value, as Prometheus reads them. */
async function samples(app: RestApp, name: string): Promise<readonly string[]> {
  const { text } = await app.ask('GET', '/metrics');
  return text.split('\n').flatMap((line) => (line.startsWith(`${name}{`) ? line.slice(name.length) : []));
}

const nobody = '00000000-0000-0000-0000-000000000000';

describe('/metrics', () => {
  it('counts calls by operation, face and outcome', async () => {
    const app = await createRestApp();
    await app.ask('GET', '/images');
    await app.callTool('list_images', {});
    await app.callTool('check_provision_status', { operation_id: nobody });
    await app.ask('GET', '/provision/x');
    expect(await samples(app, 'ironic_mcp_operations_total')).toEqual([
      '{operation="list_images",face="rest",outcome="ok"} 1',
      '{operation="list_images",face="mcp",outcome="ok"} 1',
      '{operation="check_provision_status",face="mcp",outcome="server_not_found"} 1',
      '{operation="check_provision_status",face="rest",outcome="invalid_request"} 1',
    ]);
    expect(await samples(app, 'ironic_mcp_operations_running')).toEqual([
      '{operation="list_images"} 0',
      '{operation="check_provision_status"} 0',
    ]);
  });

  it('counts MCP requests by method, tool and error', async () => {
    const app = await createRestApp();
    const headers = { accept: 'application/json, text/event-stream' };
    await app.callTool('list_images', {});
    await app.callTool('check_provision_status', { operation_id: nobody });
    for (const [method, params] of [
      ['tools/list', {}],
      ['tools/call', { name: 'no_such_tool' }],
      ['no/such/method', {}],
    ] as const)
      await app.ask('POST', '/mcp', { jsonrpc: '2.0', id: 1, method, params }, headers);
    const counts = await samples(app, 'mcp_server_operation_duration_seconds_count');
    expect(counts).toEqual([
      '{mcp_method_name="tools/call",gen_ai_tool_name="list_images",error_type=""} 1',
      '{mcp_method_name="tools/call",gen_ai_tool_name="check_provision_status",error_type="tool_error"} 1',
      '{mcp_method_name="tools/list",gen_ai_tool_name="",error_type=""} 1',
      '{mcp_method_name="tools/call",gen_ai_tool_name="_OTHER",error_type="-32602"} 1',
      '{mcp_method_name="_OTHER",gen_ai_tool_name="",error_type="-32601"} 1',
    ]);
  });

  it('counts HTTP requests by method, route and status', async () => {
    const app = await createRestApp();
    await app.ask('GET', `/provision/${nobody}`);
    await app.ask('HEAD', '/healthz');
    await app.ask('GET', '/no/such/path');
    await app.ask('PUT', '/servers');
    await app.ask('BREW', '/servers');
    const counts = await samples(app, 'http_server_request_duration_seconds_count');
    expect(counts).toEqual([
      '{http_request_method="GET",http_route="/provision/{operation_id}",http_response_status_code="404"} 1',
      '{http_request_method="HEAD",http_route="/healthz",http_response_status_code="200"} 1',
      '{http_request_method="GET",http_route="",http_response_status_code="404"} 1',
      '{http_request_method="PUT",http_route="",http_response_status_code="405"} 1',
      '{http_request_method="_OTHER",http_route="",http_response_status_code="405"} 1',
    ]);
  });

  it('counts requests to the cloud by service, route and outcome', async () => {
    const env = {
      IRONIC_MCP_SIM_SPEED: '10000',
      IRONIC_MCP_ALLOW_DEPROVISION: 'true',
      IRONIC_MCP_ALLOW_REBOOT: 'true',
    };
    const app = await createRestApp({ env });
    const order = { image_id: 'ubuntu-24.04', hostname: 'web-1', networks: [{ network: 'tenant-a' }] };
    const { operation_id } = (await app.ask('POST', '/provision', order)).json;
    const path = `/provision/${operation_id}`;
    while ((await app.ask('GET', `${path}?wait_seconds=50`)).json.status === 'in_progress');
    await app.ask('GET', '/servers/web-1/diagnosis');
    await app.ask('POST', `${path}/reboot`, { confirm_server_name: 'web-1' });
    await app.ask('DELETE', `${path}?confirm_server_name=web-1`);
    await app.ask('GET', '/images');
    await app.ask('GET', `/provision/${nobody}`);
    const kinds = (await samples(app, 'ironic_mcp_cloud_request_duration_seconds_count')).map((sample) =>
      sample.replace(/^\{service="(.*)",method="(.*)",route="(.*)",outcome="(.*)"\} \d+$/, '$1 $2 $3 $4'),
    );
    expect(kinds.filter((kind) => kind.includes('other'))).toEqual([]);
    expect(kinds).toEqual(
      expect.arrayContaining([
        'glance GET /v2/images 2xx',
        'ironic GET /v1/nodes 2xx',
        'ironic GET /v1/nodes/{node} 2xx',
        'ironic GET /v1/nodes/{node} 4xx',
        'ironic PATCH /v1/nodes/{node} 2xx',
        'ironic POST /v1/nodes/{node}/vifs 2xx',
        'ironic PUT /v1/nodes/{node}/states/power 2xx',
        'ironic PUT /v1/nodes/{node}/states/provision 2xx',
        'neutron POST /v2.0/ports 2xx',
      ]),
    );
    expect(await samples(app, 'ironic_mcp_cloud_requests_waiting')).toEqual(['{service="ironic"} 0']);
  });

  it('counts a deployment that begins and ends', async () => {
    const app = await createRestApp();
    const { operation_id } = (await app.ask('POST', '/provision', { image_id: 'ubuntu-24.04' })).json;
    const status = async () => (await app.ask('GET', `/provision/${operation_id}?wait_seconds=50`)).json.status;
    while ((await status()) === 'in_progress');
    expect((await app.ask('GET', '/metrics')).text).toContain('\nironic_mcp_deployments_begun_total 1\n');
    expect(await samples(app, 'ironic_mcp_deployments_ended_total')).toContain('{outcome="completed"} 1');
  });

  it('has every outcome of a deployment from the start, so that an alert sees the first failure of a class', async () => {
    const { text } = await (await createRestApp()).ask('GET', '/metrics');
    const begins = [...text.matchAll(/^ironic_mcp_deployments_ended_total\{outcome="(\w+)"\} 0$/gm)].map(
      ([, code]) => code,
    );
    expect(begins).toEqual([...new Set(['completed', ...failedDeployments.map(({ code }) => code)])]);
  });
});
