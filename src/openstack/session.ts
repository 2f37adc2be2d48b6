import type { Auth } from './credentials.js';

/** Where a service is, and how a request to it shows who we are. */
export interface Access {
  /** Without a version and a slash at its end. */
  readonly endpoint: string;
  /** The settings to look at if it is the wrong one. */
  readonly setBy: string;
  readonly headers: Readonly<Record<string, string>>;
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

/** A session for those who need not sign in: without credentials, or with a name and a password in each request. */
export function createPlainSession(
  auth: Exclude<Auth, { type: 'keystone' }>,
  imageEndpoint: string | undefined,
): Session {
  const headers: Record<string, string> =
    auth.type === 'none' ? {} : { authorization: `Basic ${base64(`${auth.username}:${auth.password}`)}` };
  return {
    async access(service) {
      return service === 'image' && imageEndpoint !== undefined
        ? { endpoint: imageEndpoint, setBy: 'OS_IMAGE_ENDPOINT_OVERRIDE', headers }
        : { endpoint: auth.endpoint, setBy: 'OS_ENDPOINT', headers };
    },
    renew: () => false,
  };
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
