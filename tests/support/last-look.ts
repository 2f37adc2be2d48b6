import type { LastLook, Start } from '../../src/core/ports.js';

/** A look at this very moment, so that the adapter does not read the server again before it sends the change. */
export const justSeen: LastLook = { at: Number.POSITIVE_INFINITY, permits: () => true };

/** A start without a config drive, after such a look. */
export const plainStart: Start = { configDrive: undefined, lastLook: justSeen };
