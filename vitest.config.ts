import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { __VERSION__: JSON.stringify('0.0.0-test') },
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/real/**', 'tests/package/**', 'tests/load/**'],
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      // Touches nothing but the process; the tests of the built binary run it.
      exclude: ['src/cli.ts'],
      thresholds: { lines: 90, branches: 90 },
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
});
