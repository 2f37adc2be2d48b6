import { defineConfig } from 'vitest/config';

/** The lane that packs the package, installs it elsewhere, and uses it as others would. */
export default defineConfig({
  test: {
    include: ['tests/package/**/*.test.ts'],
    globalSetup: ['tests/package/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
