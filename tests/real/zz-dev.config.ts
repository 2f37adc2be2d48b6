import { defineConfig } from 'vitest/config';
import { readFileSync } from 'node:fs';
export default defineConfig({
  define: { __VERSION__: JSON.stringify('0.0.0-test') },
  test: { include: ['tests/real/recording.test.ts'], testTimeout: 120_000, hookTimeout: 300_000,
   provide: { ironics: (process.env.REL ?? 'debian').split(',').map((r) => JSON.parse(readFileSync(`/tmp/rec-${r}/lab.json`, 'utf8'))) } as never },
});
