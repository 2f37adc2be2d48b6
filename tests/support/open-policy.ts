import { createPolicy } from '../../src/core/policy.js';

/** A policy that forbids only undeploying. */
export const openPolicy = createPolicy({ allowVifs: true });
