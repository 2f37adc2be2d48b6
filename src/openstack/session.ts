import { NoAnswer } from '../core/ports.js';
import type { Auth } from './credentials.js';
import { failedCallIn } from './failed-call.js';

/** Where a service is, and how a request to it shows who we are. */
export interface Access {
  /** Without a version and a slash at its end. */
  readonly endpoint: string;
  /** The settings to look at if it is the wrong one. */
  readonly setBy: string;
  /** What to do if the service refuses the sign-in. */
  readonly ifRefused: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The project of the sign-in, if it is for one. */
  readonly project: string | undefined;
  /** Whether a sign-in had to be waited for. */
  readonly waited: boolean;
  /** The cloud and what the access is for there: the project, as a rule. Undefined if that is nothing. */
  readonly idempotencyScope: string | undefined;
}

/** Signed in at a cloud, or about to be. */
export interface Session {
  /**
   * Signs in if that is needed, for everybody who waits.
   * @throws NoAnswer, or the signal's reason when that is aborted first
   */
  access(service: Service, signal: AbortSignal): Promise<Access>;
  /**
   * Takes note that an access was refused (401). True if it is worth trying with a new one.
   */
  renew(refused: Access): boolean;
}

/** The services that we know, by their type in Keystone's catalog. */
export type Service = 'baremetal' | 'image';

/** How they are called in messages. */
export const serviceNames: Readonly<Record<Service, string>> = { baremetal: 'Ironic', image: 'The image service' };

/** Endpoints that stand in settings of their own. */
export type Overrides = Readonly<Partial<Record<Service, string | undefined>>>;

/**
 * A session for those who need not sign in: without credentials, or with a name and a password in each request.
 * @param overrides That of bare metal is the endpoint already.
 */
export function createPlainSession(auth: Exclude<Auth, { type: 'keystone' }>, overrides: Overrides): Session {
  const shown =
    auth.type === 'none'
      ? { headers: {}, ifRefused: 'it wants to know who asks: set OS_AUTH_TYPE and what belongs to it' }
      : {
          headers: { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}` },
          ifRefused: 'OS_USERNAME or OS_PASSWORD is wrong',
        };
  const common = { idempotencyScope: auth.endpoint, project: undefined, waited: false, ...shown };
  return {
    async access(service) {
      const { baremetal, image } = overrides;
      if (service === 'image' && image !== undefined) {
        return { endpoint: image, setBy: 'OS_IMAGE_ENDPOINT_OVERRIDE', ...common };
      }
      const setBy = baremetal === undefined ? 'OS_ENDPOINT' : 'OS_BAREMETAL_ENDPOINT_OVERRIDE';
      return { endpoint: auth.endpoint, setBy, ...common };
    },
    renew: () => false,
  };
}

/** Why a connection is of no use, by the codes of Node and of OpenSSL, and what to do about it. */
const obstacles: readonly (readonly [code: RegExp, advice: (setBy: string) => string])[] = [
  [
    /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT)$/,
    () => 'its certificate is not by a CA that is known here: name the file of its CA in OS_CACERT',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    (setBy) => `its certificate is for another host, whose name does not match: look at ${setBy}`,
  ],
  [
    /^ERR_SSL_WRONG_VERSION_NUMBER$/,
    (setBy) => `it does not speak TLS, so its URL must begin with http://: look at ${setBy}`,
  ],
  [/^CERT_HAS_EXPIRED$/, () => 'its certificate has expired: its operator must renew it'],
  [
    /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$/,
    () => "it wants a client's certificate: name the files of one and its key in OS_CERT and OS_KEY",
  ],
  [/^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA)/, () => 'it does not take our certificate: look at OS_CERT and OS_KEY'],
];

/** The same error, with what to do about it where that is known: then the request cannot have had an effect. */
export function advised(error: unknown, { endpoint, setBy }: Pick<Access, 'endpoint' | 'setBy'>): unknown {
  if (!(error instanceof NoAnswer)) return error;
  const call = failedCallIn(error);
  const [, known] = (call && obstacles.find(([code]) => code.test(call.code))) ?? [];
  const advice = call?.unsent ? `look at ${setBy}` : known?.(setBy);
  const { words, mayHaveTakenEffect, cause } = error;
  if (advice !== undefined) return new NoAnswer(`${words}; ${advice}`, false, { cause });
  // Who wants TLS closes the connection; but so does whoever dies in the middle of a change.
  if (call?.code !== 'UND_ERR_SOCKET' || !endpoint.startsWith('http:')) return error;
  const guess = `if it speaks TLS, its URL must begin with https://: look at ${setBy}`;
  return new NoAnswer(`${words}; ${guess}`, mayHaveTakenEffect, { cause });
}
