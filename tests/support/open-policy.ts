import { createPolicy } from '../../src/core/policy.js';

/** An operator who forbids nothing but what is forbidden by default. */
export const openPolicy = createPolicy({});
