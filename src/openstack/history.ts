import * as z from 'zod';
import type { RecordedError } from '../core/server.js';
import { momentFrom } from './moment.js';
import { redactUrls } from './redact-urls.js';

const Text = z.string().nullish().catch(null);

const History = z.looseObject({
  history: z.array(z.looseObject({ created_at: Text, event_type: Text, severity: Text, event: Text })),
});

/** Reads the errors from a node's history; undefined if this is not a history. */
export function errorsFrom(body: unknown): readonly RecordedError[] | undefined {
  return History.safeParse(body)
    .data?.history.filter(({ severity, event }) => severity === 'ERROR' && event)
    .map(({ created_at, event_type, event }) => ({
      at: momentFrom(created_at),
      work: event_type ?? null,
      words: redactUrls(event ?? ''),
    }));
}
