/** A setting is wrong. The message says which, in a sentence or two. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The command line is wrong. The message is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
