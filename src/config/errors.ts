/** The settings are wrong, and no amount of trying again will mend them. The message is one sentence. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The command line is wrong. The message is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
