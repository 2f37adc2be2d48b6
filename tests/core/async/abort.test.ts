import { describe, expect, it } from 'vitest';
import { unlessAborted, withFirstAbort } from '../../../src/core/async/abort.js';
import { whileCollectingGarbage } from '../../support/garbage.js';

const never = new Promise<never>(() => undefined);

describe('a promise that nobody waits for any more', () => {
  it('may fail without ending the process', async () => {
    const outcome = unlessAborted(Promise.reject(new Error('too late')), AbortSignal.abort(new Error('gone')));
    await expect(outcome).rejects.toThrow('gone');
  });
});

describe('with several abort signals', () => {
  it('an action gets the reason of the first abort', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const outcome = withFirstAbort([one.signal, other.signal], (first) => unlessAborted(never, first));
    other.abort(new Error('the other'));
    one.abort(new Error('the one'));
    await expect(outcome).rejects.toThrow('the other');
  });

  it('an action that begins after an abort gets the reason at once', async () => {
    const signals = [new AbortController().signal, AbortSignal.abort(new Error('too late'))];
    await expect(withFirstAbort(signals, async (first) => first.throwIfAborted())).rejects.toThrow('too late');
  });

  it('an action that ends before any abort is left alone', async () => {
    const controller = new AbortController();
    let seen: AbortSignal | undefined;
    const outcome = await withFirstAbort([controller.signal], async (first) => {
      seen = first;
      return 'done';
    });
    controller.abort();
    expect(outcome).toBe('done');
    expect(seen?.aborted).toBe(false);
  });

  it('an action ends when its time is over, even after a garbage collection', async () => {
    const outcome = withFirstAbort([new AbortController().signal, AbortSignal.timeout(100)], (first) =>
      unlessAborted(never, first),
    );
    await expect(whileCollectingGarbage(outcome)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
