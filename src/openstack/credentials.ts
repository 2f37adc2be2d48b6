/** A name or an id. Keystone accepts both. */
export type Named = { readonly id: string } | { readonly name: string };

/** A user or project. Its name is unique only within a domain. */
export type InDomain = { readonly id: string } | { readonly name: string; readonly domain: Named };

/** The scope of a token. */
export type Scope =
  | { readonly project: InDomain }
  | { readonly domain: Named }
  | { readonly system: 'all' }
  /** The scope of the credential itself. */
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

/** Where Keystone is, and which entries of its catalog count. */
export interface KeystonePlace {
  readonly authUrl: string;
  readonly region: string | undefined;
  readonly interface: string;
  readonly baremetalInterface?: string | undefined;
  readonly imageInterface?: string | undefined;
  readonly networkInterface?: string | undefined;
}

/** How to sign in at Keystone, and where. */
export type KeystoneAuth = KeystonePlace & {
  readonly type: 'keystone';
  readonly identity: Identity;
  readonly scope: Scope;
};

/** Each caller brings a credential of its own. */
export type CallerAuth = KeystonePlace & { readonly type: 'caller' };

/** How this program signs in with one account, and the addresses of the services. */
export type AccountAuth =
  | { readonly type: 'none'; readonly endpoint: string }
  | { readonly type: 'http_basic'; readonly endpoint: string; readonly username: string; readonly password: string }
  | KeystoneAuth;

export type Auth = AccountAuth | CallerAuth;

/** An application credential, as its owner sends it. */
export interface Credential {
  readonly id: string;
  readonly secret: string;
}

/** How a caller's own credential signs in. An application credential has a scope of its own. */
export function authOf({ type, ...place }: CallerAuth, { id, secret }: Credential): KeystoneAuth {
  const identity = { method: 'application_credential', credential: { id }, secret } as const;
  return { ...place, type: 'keystone', identity, scope: 'own' };
}

/** TLS settings that replace Node's own. They hold the contents of the files, not their paths. */
export interface Tls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** False checks no certificate at all. */
  readonly verify: boolean;
}

/** An endpoint without its version and without slashes at the end. */
export function withoutVersion(endpoint: string): string {
  return endpoint.replace(/\/+$/, '').replace(/\/v[\d.]+$/, '');
}
