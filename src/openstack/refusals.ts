import { NoAnswer, type Refusal, Refused } from '../core/ports.js';
import { doubtOf, faultIn, isFromElsewhere, saidIn } from './fault.js';
import type { Answer } from './http.js';

/** The value read from an answer. @throws NoAnswer if there is none */
export function readable<Value>(value: Value | undefined, answer: Answer): Value {
  if (value === undefined) throw unreadable(answer);
  return value;
}

/** An answer that reports success, but not as Ironic does. */
export function unreadable(answer: Answer): NoAnswer {
  const doubt = doubtOf('Ironic', answer);
  return new NoAnswer(`Ironic's answer cannot be read (HTTP status ${answer.status})${doubt}`, true);
}

/**
 * Texts that distinguish Ironic's refusals of one status. The first match counts. Null is no refusal: Ironic failed to get
 * information, before it changed anything.
 */
const refusals: readonly (readonly [status: number, words: RegExp, refusal: Refusal | null])[] = [
  [409, /is locked by host/i, 'locked'],
  [409, /already associated with a node/i, 'elsewhere'],
  [409, /associated with/i, 'taken'],
  [409, /./, 'wrong_state'],
  [404, /no valid host/i, 'busy'],
  // For an unknown path Ironic says only "Not Found": then this is not Ironic, or not its endpoint.
  [404, /not be found|was not found/i, 'not_found'],
  [400, /no valid host/i, 'busy'],
  [400, /can not be performed on node|in maintenance mode/i, 'wrong_state'],
  // The patch replaces or removes an entry that is gone.
  [400, /couldn't apply patch/i, 'taken'],
  [400, /./, 'invalid'],
  [413, /./, 'invalid'],
  [403, /./, 'forbidden'],
  [406, /./, 'too_old'],
  // Ironic's answer to an image_source that is neither a UUID nor a URL.
  [500, /validation of image href/i, 'invalid'],
  [500, /inconsistent physical networks/i, 'invalid'],
  // Ironic says this whether Neutron refuses or is down. A look at the node's ports shows if Ironic recorded anything.
  [500, /can not update neutron port|could not seed network/i, null],
  [500, /(the|retrieve|profile for) neutron port .*(was not found|error:)/i, null],
  [500, /could not retrieve (neutron (port|subnet|segment)|network):/i, null],
  [503, /free conductor workers|temporarily unavailable/i, 'busy'],
];

const tooLarge =
  'something in front of Ironic, usually a proxy, rejects a request of this size (HTTP status 413): shorten the config drive, or ask the operator to raise that limit';

/** The meaning of an error answer from Ironic. */
export function errorFrom(answer: Answer): Refused | NoAnswer {
  const { words, genuine } = faultIn(answer);
  const [, , refusal] = (genuine && refusals.find(([code, text]) => code === answer.status && text.test(words))) || [];
  if (refusal) return new Refused(refusal, words);
  const { status } = answer;
  // A proxy that finds a request too large does not pass it on.
  if (status === 413) return new Refused('invalid', tooLarge, 'us');
  const doubt = isFromElsewhere(answer) ? doubtOf('Ironic', answer) : '';
  const mayHaveTakenEffect = refusal === undefined;
  return new NoAnswer(`Ironic answered with HTTP status ${status}: ${saidIn(answer)}${doubt}`, mayHaveTakenEffect);
}
