import { systemCodeOf } from '../../core/text/system-code.js';
import type { Finding } from './report.js';

/** Milliseconds. */
const patience = 5_000;

/** Whether an ironic-mcp receives boot reports at a URL. It gets one for a server that does not exist. */
export async function bootReportsAt(url: string): Promise<Finding> {
  const report = `${url}/00000000-0000-0000-0000-000000000000/${'A'.repeat(43)}`;
  const answer = await fetch(report, { method: 'POST', redirect: 'manual', signal: AbortSignal.timeout(patience) })
    .then(({ status }) => (status === 204 ? null : `it answers with HTTP status ${status}`))
    .catch((error: unknown) => `it cannot be reached (${systemCodeOf(error instanceof Error ? error.cause : error)})`);
  if (answer === null) {
    return { outcome: 'ok', detail: `received at ${url}; only a deployment shows whether machines reach it` };
  }
  return {
    outcome: 'warning',
    detail: `nobody receives them at ${url}: ${answer}. Deployments work, but boot stays waiting`,
    next: 'Run ironic-mcp http with IRONIC_MCP_BOOT_REPORT_LISTEN, and check IRONIC_MCP_BOOT_REPORT_URL.',
    command: `curl -i -X POST ${report}`,
  };
}
