import { defineConfig } from 'vitest/config';

/** The lane against a real Ironic, which its global set-up brings up and takes down. */
export default defineConfig({
  define: { __VERSION__: JSON.stringify('0.0.0-test') },
  test: {
    include: ['tests/real/**/*.test.ts'],
    globalSetup: ['tests/real/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
