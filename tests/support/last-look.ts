import type { LastLook, Start } from '../../src/core/ports.js';

/** A server that was seen this very moment: nothing is read again before the change is sent. */
export const justSeen: LastLook = { at: Number.POSITIVE_INFINITY, permits: () => true };

/** A start without a config drive, on such a server. */
export const plainStart: Start = { configDrive: undefined, lastLook: justSeen };
