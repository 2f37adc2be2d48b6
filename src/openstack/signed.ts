import { NoAnswer } from '../core/ports.js';
import type { Http } from './http.js';
import type { Service, Session } from './session.js';

export interface SignedOptions {
  readonly session: Session;
  readonly service: Service;
  /** Opens a way to the service where the session says that it is. */
  readonly at: (endpoint: string) => Http;
  /** Milliseconds for a request with all that it needs, the sign-in included. */
  readonly timeout: number;
}

/** Speaks HTTP with a service that wants to know who asks. A refused token is renewed once: nothing was done yet. */
export function createSignedHttp({ session, service, at, timeout }: SignedOptions): Http {
  const ways = new Map<string, Http>();
  const wayTo = (endpoint: string) => {
    const way = ways.get(endpoint) ?? at(endpoint);
    ways.set(endpoint, way);
    return way;
  };
  const within = () => AbortSignal.timeout(timeout);

  return {
    async ask(ask, signal, deadline = within()) {
      for (let again = false; ; again = true) {
        const access = await session.access(service, AbortSignal.any([signal, deadline])).catch((error) => {
          signal.throwIfAborted();
          throw deadline.aborted
            ? new NoAnswer(`Keystone did not answer within ${timeout / 1000} s`, false)
            : advised(error, 'OS_AUTH_URL');
        });
        const headers = { ...ask.headers, ...access.headers };
        const answer = await wayTo(access.endpoint)
          .ask({ ...ask, headers }, signal, deadline)
          .catch((error) => {
            throw advised(error, access.setBy);
          });
        if (answer.status !== 401 || again || !session.renew(access)) return answer;
      }
    },
    deadline: within,
  };
}

/** Why there is no connection, by the codes of Node and of OpenSSL, and what to do about it. */
const obstacles: readonly (readonly [code: RegExp, advice: (setBy: string) => string])[] = [
  [
    /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT)$/,
    () => 'its certificate is not by a CA that is known here: name the file of its CA in OS_CACERT',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    (setBy) => `its certificate is for another host, whose name does not match: look at ${setBy}`,
  ],
  [/^CERT_HAS_EXPIRED$/, () => 'its certificate has expired: its operator must renew it'],
  [
    /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$/,
    () => "it wants a client's certificate: name the files of one and its key in OS_CERT and OS_KEY",
  ],
  [/^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA)/, () => 'it does not take our certificate: look at OS_CERT and OS_KEY'],
  [/^(ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH)$/, (setBy) => `look at ${setBy}`],
];

/** The same error, with what to do about it where that is known: then the request cannot have had an effect. */
function advised(error: unknown, setBy: string): unknown {
  const code = error instanceof NoAnswer ? codeOf(error) : undefined;
  const [, advice] = (code !== undefined && obstacles.find(([pattern]) => pattern.test(code))) || [];
  if (!(error instanceof NoAnswer) || !advice) return error;
  return new NoAnswer(`${error.words}; ${advice(setBy)}`, false, { cause: error.cause });
}

function codeOf(error: Error): string | undefined {
  for (let { cause } = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
  }
  return undefined;
}
