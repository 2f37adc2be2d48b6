import type { CallerCloud, Cloud } from '../config/config.js';
import type { Io } from './io.js';

/** Writes to stderr what the user should know about the settings. */
export function showNotices({ stderr }: Io, cloud: Cloud | CallerCloud): void {
  const notices =
    cloud.kind === 'simulator'
      ? ['No OS_* variable is set, so the cloud is simulated. No real server is touched.']
      : cloud.warnings;
  for (const notice of notices) stderr.write(`ironic-mcp: ${notice}\n`);
}
