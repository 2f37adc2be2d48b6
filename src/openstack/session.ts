import { NoAnswer } from '../core/ports.js';
import type { AccountAuth } from './credentials.js';
import { failedCallIn } from './failed-call.js';

/** The address of a service, and the sign-in of a request to it. */
export interface Access {
  /** Without a version and without a slash at the end. */
  readonly endpoint: string;
  /** The settings to check if the endpoint is wrong. */
  readonly setBy: string;
  /** What to do if the service refuses the sign-in. */
  readonly ifRefused: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The project of the sign-in, if there is one. */
  readonly project: string | undefined;
  /** Whether the caller waited for a sign-in. */
  readonly waited: boolean;
  /** The cloud and the scope of the access, usually a project. Undefined without a scope. */
  readonly idempotencyScope: string | undefined;
}

/** A sign-in at a cloud, made when it is first needed. */
export interface Session {
  /**
   * Signs in if needed, once for all callers.
   * @throws NoAnswer, or the signal's reason when that is aborted first
   */
  access(service: Service, signal: AbortSignal): Promise<Access>;
  /**
   * Records that an access was refused (401). True if a new access may help.
   */
  renew(refused: Access): boolean;
}

/** The services that we use, by their type in Keystone's catalog. */
export type Service = 'baremetal' | 'image' | 'network';

/** Their names in messages. */
export const serviceNames: Readonly<Record<Service, string>> = {
  baremetal: 'Ironic',
  image: 'The image service',
  network: 'Neutron',
};

/** Endpoints that have settings of their own. */
export type Overrides = Readonly<Partial<Record<Service, string | undefined>>>;

/**
 * A session that needs no sign-in: without credentials, or with a name and a password in each request.
 * @param overrides The override of bare metal is already in `auth.endpoint`.
 */
export function createPlainSession(auth: Exclude<AccountAuth, { type: 'keystone' }>, overrides: Overrides): Session {
  const shown =
    auth.type === 'none'
      ? { headers: {}, ifRefused: 'set OS_AUTH_TYPE and the settings of that type' }
      : {
          headers: { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}` },
          ifRefused: 'OS_USERNAME or OS_PASSWORD is wrong',
        };
  const common = { idempotencyScope: auth.endpoint, project: undefined, waited: false, ...shown };
  return {
    async access(service) {
      const own = overrides[service];
      if (service !== 'baremetal' && own !== undefined) {
        return { endpoint: own, setBy: `OS_${service.toUpperCase()}_ENDPOINT_OVERRIDE`, ...common };
      }
      const setBy = overrides.baremetal === undefined ? 'OS_ENDPOINT' : 'OS_BAREMETAL_ENDPOINT_OVERRIDE';
      return { endpoint: auth.endpoint, setBy, ...common };
    },
    renew: () => false,
  };
}

/** Why a connection failed and what to do about it, by the codes of Node and OpenSSL. */
const obstacles: readonly (readonly [code: RegExp, advice: (setBy: string) => string])[] = [
  [
    /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT)$/,
    () => 'its certificate comes from an unknown CA: set OS_CACERT to the file of that CA',
  ],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, (setBy) => `its certificate is for another host name: check ${setBy}`],
  [
    /^ERR_SSL_WRONG_VERSION_NUMBER$/,
    (setBy) => `it does not speak TLS, so its URL must begin with http://: check ${setBy}`,
  ],
  [/^CERT_HAS_EXPIRED$/, () => 'its certificate has expired: its operator must renew it'],
  [
    /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$/,
    () => 'it requires a client certificate: set OS_CERT and OS_KEY to the files of a certificate and its key',
  ],
  [/^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA)/, () => 'it rejects our certificate: check OS_CERT and OS_KEY'],
];

/** The same error with advice, if we know any: then the request had no effect. */
export function advised(error: unknown, { endpoint, setBy }: Pick<Access, 'endpoint' | 'setBy'>): unknown {
  if (!(error instanceof NoAnswer)) return error;
  const call = failedCallIn(error);
  const [, known] = (call && obstacles.find(([code]) => code.test(call.code))) ?? [];
  const advice = call?.unsent ? `check ${setBy}` : known?.(setBy);
  const { words, mayHaveTakenEffect, cause } = error;
  if (advice !== undefined) return new NoAnswer(`${words}; ${advice}`, false, { cause });
  // A TLS server closes a plain connection. But so does a server that dies in the middle of a change.
  if (call?.code !== 'UND_ERR_SOCKET' || !endpoint.startsWith('http:')) return error;
  const guess = `if it speaks TLS, its URL must begin with https://: check ${setBy}`;
  return new NoAnswer(`${words}; ${guess}`, mayHaveTakenEffect, { cause });
}
