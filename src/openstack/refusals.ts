import { NoAnswer, type Refusal, Refused } from '../core/ports.js';
import { doubtOf, faultIn, isFromElsewhere, saidIn } from './fault.js';
import type { Answer } from './http.js';

/** What was read from an answer. @throws NoAnswer if that is nothing */
export function readable<Value>(value: Value | undefined, answer: Answer): Value {
  if (value === undefined) throw unreadable(answer);
  return value;
}

/** An answer that says yes, but not in Ironic's way. */
export function unreadable(answer: Answer): NoAnswer {
  const doubt = doubtOf('an Ironic', answer);
  return new NoAnswer(`Ironic's answer cannot be read (HTTP status ${answer.status})${doubt}`, true);
}

/**
 * Texts by which Ironic's refusals of one status are told apart; the first match counts. Null is no refusal: Ironic was
 * not told what it needs to know, before it had done anything.
 */
const refusals: readonly (readonly [status: number, words: RegExp, refusal: Refusal | null])[] = [
  [409, /is locked by host/i, 'locked'],
  [409, /already associated with a node/i, 'elsewhere'],
  [409, /associated with/i, 'taken'],
  [409, /./, 'wrong_state'],
  [404, /no valid host/i, 'busy'],
  // A path that Ironic does not have says only "Not Found": then this is no Ironic, or not its endpoint.
  [404, /not be found|was not found/i, 'not_found'],
  [400, /no valid host/i, 'busy'],
  [400, /can not be performed on node|in maintenance mode/i, 'wrong_state'],
  // It was to replace or remove an entry that is gone.
  [400, /couldn't apply patch/i, 'taken'],
  [400, /./, 'invalid'],
  [413, /./, 'invalid'],
  [403, /./, 'forbidden'],
  [406, /./, 'too_old'],
  // Ironic says so of an image_source that is neither a UUID nor a URL.
  [500, /validation of image href/i, 'invalid'],
  // What Neutron refuses, or is not set up for; and what it does not tell.
  [500, /can not update neutron port|inconsistent physical networks/i, 'invalid'],
  [500, /(the|retrieve|profile for) neutron port .*(was not found|error:)|could not seed network/i, 'invalid'],
  [500, /could not retrieve (neutron (port|subnet|segment)|network):/i, null],
  [503, /free conductor workers|temporarily unavailable/i, 'busy'],
];

const tooLarge =
  'something on the way to Ironic, as a rule a proxy, lets no request of this size through (HTTP status 413): shorten the config drive, or have the operator raise that limit';

/** What an error answer of Ironic means. */
export function errorFrom(answer: Answer): Refused | NoAnswer {
  const { words, genuine } = faultIn(answer);
  const [, , refusal] = (genuine && refusals.find(([code, text]) => code === answer.status && text.test(words))) || [];
  if (refusal) return new Refused(refusal, words);
  const { status } = answer;
  // Whoever finds a request too large has not passed it on.
  if (status === 413) return new Refused('invalid', tooLarge, 'us');
  const doubt = isFromElsewhere(answer) ? doubtOf('an Ironic', answer) : '';
  const mayHaveTakenEffect = refusal === undefined;
  return new NoAnswer(`Ironic answered with HTTP status ${status}: ${saidIn(answer)}${doubt}`, mayHaveTakenEffect);
}
