import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { __VERSION__: JSON.stringify('0.0.0-test') },
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/real/**', 'tests/package/**', 'tests/load/**'],
    // Much of the time is spent in programs' pauses: all processors are free for that.
    maxWorkers: '100%',
    // Not UTC, in which Ironic writes its times, nor whole hours away from it: a mistaken zone shows.
    env: { TZ: 'America/St_Johns' },
    // For what hangs: a busy machine is no defect.
    testTimeout: 60_000,
    hookTimeout: 60_000,
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
