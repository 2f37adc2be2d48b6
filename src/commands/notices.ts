import type { Config } from '../config/config.js';
import type { Io } from './io.js';

/** Writes to stderr what the user should know about the settings. */
export function showNotices({ stderr }: Io, { cloud }: Config): void {
  const notices =
    cloud.kind === 'simulator'
      ? ['No OS_* variable is set, so the cloud is simulated. No real server is touched.']
      : cloud.warnings;
  for (const notice of notices) stderr.write(`ironic-mcp: ${notice}\n`);
}
