import { createPolicy } from '../../src/core/policy.js';

/** An operator who forbids nothing but to undeploy. */
export const openPolicy = createPolicy({ allowVifs: true });
