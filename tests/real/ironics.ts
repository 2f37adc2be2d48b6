import { inject } from 'vitest';
import type { RealIronic } from './setup.js';

const worker = Number(process.env.VITEST_POOL_ID);
const own = inject('ironics')[worker - 1];
if (!own) throw new Error(`no Ironics run for worker ${worker}`);

/** One real Ironic of each release. Every worker has its own, so that test files do not disturb each other. */
export const ironics: readonly RealIronic[] = own;
