import { defineConfig } from 'vitest/config';

/** The lane that keeps the built program busy for a minute. */
export default defineConfig({
  define: { __VERSION__: JSON.stringify('0.0.0-test') },
  test: {
    include: ['tests/load/**/*.test.ts'],
    testTimeout: 300_000,
  },
});
