import { createHash, timingSafeEqual } from 'node:crypto';
import { Failure } from '../../core/failures.js';
import type { Entry, SignIn } from '../../http/app.js';

/**
 * All callers share one core.
 * @param token What each request must carry; undefined to let every request in.
 */
export function createTokenSignIn(token: string | undefined, core: Entry): SignIn {
  const right = token === undefined ? undefined : hashOf(token);
  return {
    challenge: 'Bearer',
    async admit({ headers }) {
      if (right === undefined) return core;
      const sent = /^Bearer +([\x21-\x7e]+)$/i.exec(headers.get('authorization') ?? '')?.[1];
      if (sent === undefined) throw new Failure('unauthorized', { reason: 'the request has no bearer token' });
      // Hashes have one length, and do not show how much of a token was right.
      if (timingSafeEqual(hashOf(sent), right)) return core;
      throw new Failure('unauthorized', { reason: 'the bearer token is wrong' });
    },
  };
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
