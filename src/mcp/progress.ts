import type { ServerContext } from '@modelcontextprotocol/server';
import type { Call } from '../core/call.js';

/** The protocol requires more progress in each notification than in the one before: at least this much, in percent. */
const leastStep = 0.01;

/** Turns reports into progress notifications; undefined if the client has not asked for them. */
export function progressOf({ mcpReq }: ServerContext): Call['report'] {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = -leastStep;
  return ({ percent, words: message }) => {
    progress = Math.round(Math.max(progress + leastStep, percent ?? 0) * 100) / 100;
    const total = percent === null ? {} : { total: 100 };
    // If the client has left, the call ends by itself.
    void mcpReq
      .notify({ method: 'notifications/progress', params: { progressToken, progress, ...total, message } })
      .catch(() => undefined);
  };
}
