/** A name or an id, as Keystone takes either. */
export type Named = { readonly id: string } | { readonly name: string };

/** A user or project: names are unique only within a domain. */
export type InDomain = { readonly id: string } | { readonly name: string; readonly domain: Named };

/** What a token shall be good for. */
export type Scope =
  | { readonly project: InDomain }
  | { readonly domain: Named }
  | { readonly system: 'all' }
  /** Whatever the credential itself is bound to. */
  | 'own';

/** How to sign in at Keystone (Identity API v3, "Authentication and token management"). */
export type Identity =
  | { readonly method: 'password'; readonly user: InDomain; readonly password: string }
  | { readonly method: 'token'; readonly token: string }
  | {
      readonly method: 'application_credential';
      /** By its id alone, or by its name and user. */
      readonly credential: { readonly id: string } | { readonly name: string; readonly user: InDomain };
      readonly secret: string;
    };

/** How to sign in, and where the services are. */
export type Auth =
  | { readonly type: 'none'; readonly endpoint: string }
  | { readonly type: 'http_basic'; readonly endpoint: string; readonly username: string; readonly password: string }
  | {
      readonly type: 'keystone';
      readonly authUrl: string;
      readonly identity: Identity;
      readonly scope: Scope;
      readonly region: string | undefined;
      readonly interface: string;
      readonly baremetalInterface?: string | undefined;
      readonly imageInterface?: string | undefined;
    };

/** TLS settings other than Node's own. The files' contents, not their paths. */
export interface Tls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** False: no certificate is checked at all. */
  readonly verify: boolean;
}

/** An endpoint without slashes and the version that some write behind it. */
export function withoutVersion(endpoint: string): string {
  return endpoint.replace(/\/+$/, '').replace(/\/v[\d.]+$/, '');
}
