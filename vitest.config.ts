import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const testsIn = (folder: string) => `tests/${folder}/**/*.test.ts`;

/** Every lane but `fast` and `long` has its folder. */
const otherLanes = ['program', 'browser', 'package', 'load', 'real', 'machines'].map(testsIn);

/** Each project is a lane: CONTRIBUTING.md says what each is for, and how to see which lane a test is in. */
export default defineConfig({
  define: { __VERSION__: JSON.stringify('0.0.0-test') },
  test: {
    projects: [
      { extends: true, test: { name: 'fast', include: ['tests/**/*.test.ts'], exclude: otherLanes } },
      { extends: true, test: { name: 'program', include: [testsIn('program')] } },
      {
        extends: true,
        // One Chromium at a time: it has processes of its own for every processor.
        test: { name: 'browser', include: [testsIn('browser')], fileParallelism: false, testTimeout: 120_000 },
      },
      // The same files as in the lane of their folder, at full length: see tests/support/length.ts.
      { extends: true, test: { name: 'long', include: ['tests/**/*.long.test.ts'], provide: { atLength: true } } },
      {
        extends: true,
        test: { name: 'package', include: [testsIn('package')], globalSetup: ['tests/package/setup.ts'] },
      },
      { extends: true, test: { name: 'load', include: [testsIn('load')], testTimeout: 300_000 } },
      {
        extends: true,
        test: {
          name: 'real',
          include: [testsIn('real')],
          globalSetup: ['tests/real/setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          // The files mostly wait. Each worker has Ironics of its own.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'machines',
          include: [testsIn('machines')],
          // An emulated machine takes minutes to boot, to write its disk and to boot again.
          testTimeout: 1_500_000,
          hookTimeout: 600_000,
          // There is one machine.
          fileParallelism: false,
        },
      },
    ],
    // Some tests wait for a program or for the machine's clock. One more worker keeps all processors busy meanwhile.
    maxWorkers: availableParallelism() + 1,
    // Not UTC, in which Ironic writes its times, nor whole hours away from it: a mistaken zone shows.
    env: { TZ: 'America/St_Johns' },
    // For what hangs: a busy machine is no defect.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Touches nothing but the process; the tests of the built binary run it.
      // The browser lane runs what draws the board.
      exclude: ['src/cli.ts', 'src/board/*-view.ts', 'src/board/*-link.ts', 'src/board/{board,dom,filter-bar,main}.ts'],
      thresholds: { lines: 90, branches: 90 },
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
});
