import type { Config } from '../config/config.js';
import type { Io } from './io.js';

/** What whoever starts the program should know about its settings, on stderr. */
export function showNotices({ stderr }: Io, { cloud }: Config): void {
  const notices =
    cloud.kind === 'simulator'
      ? ['simulating a cloud, for no OS_* variable is set. No real server will be touched.']
      : cloud.warnings;
  for (const notice of notices) stderr.write(`ironic-mcp: ${notice}\n`);
}
