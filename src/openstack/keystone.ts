import * as z from 'zod';
import { unlessAborted } from '../core/async/abort.js';
import type { Account } from '../core/call.js';
import { type Clock, CredentialRefused, NoAnswer, SignInRefused } from '../core/ports.js';
import { plain } from '../core/text/untrusted.js';
import { type Identity, type KeystoneAuth, type Scope, withoutVersion } from './credentials.js';
import { faultIn, saidIn } from './fault.js';
import type { Answer, Ask, Http } from './http.js';
import { type Access, advised, type Overrides, type Service, type Session, serviceNames } from './session.js';

const Scoped = z
  .looseObject({ id: z.string(), name: z.string().catch('') })
  .nullish()
  .catch(null);

const Token = z.looseObject({
  token: z.looseObject({
    expires_at: z.string(),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z.array(
            z.object({
              interface: z.string(),
              region_id: z.string().nullish(),
              region: z.string().nullish(),
              url: z.string(),
            }),
          ),
        }),
      )
      // Each caller keeps one as long as its token, and a cloud has many services.
      .transform((services) => services.filter(({ type }) => Object.hasOwn(serviceNames, type)))
      .default([]),
    user: Scoped,
    project: Scoped,
    domain: Scoped,
    application_credential: Scoped,
    system: z.looseObject({}).nullish().catch(null),
  }),
});
type Catalog = z.output<typeof Token>['token']['catalog'];

export interface KeystoneOptions {
  readonly auth: KeystoneAuth;
  readonly http: Http;
  readonly clock: Clock;
  /** Endpoints from the settings. They override the catalog. */
  readonly overrides: Overrides;
  /** Called when Keystone no longer accepts the credential. */
  readonly onRefused?: (() => void) | undefined;
}

export interface KeystoneSession extends Session {
  /**
   * Signs in if needed, and tells as whom.
   * @throws NoAnswer, or the signal's reason when that is aborted first
   */
  account(signal: AbortSignal): Promise<Account>;
}

/** We renew a token this long before it expires, in milliseconds, or after 90 % of a shorter life. */
const margin = 60_000;

/**
 * How long, in milliseconds, we do not repeat a refused sign-in. A call makes several requests, and each would try a wrong
 * password: Keystone might lock the user out.
 */
const refusalLasts = 5_000;

/** A session by Keystone's Identity API v3. All requests share one token; we renew it before it expires or when it is refused. */
export function createKeystoneSession(options: KeystoneOptions): KeystoneSession {
  const { auth, http, clock, overrides, onRefused } = options;
  type SignedIn = Awaited<ReturnType<typeof signIn>>;
  let current: SignedIn | undefined;
  let signingIn: Promise<SignedIn> | undefined;
  let refusal: { readonly error: NoAnswer; readonly until: number } | undefined;

  /** Signs in once for all waiting requests. If one is cancelled, the sign-in goes on for the others. */
  function signedIn(): Promise<SignedIn> {
    if (current && clock.now() < current.renewAt) return Promise.resolve(current);
    if (refusal && clock.now() < refusal.until) return Promise.reject(refusal.error);
    signingIn ??= signIn()
      .then((fresh) => {
        current = fresh;
        return fresh;
      })
      .finally(() => {
        signingIn = undefined;
      });
    return signingIn;
  }

  async function signIn() {
    const json = { auth: { identity: identityOf(auth.identity), ...scopeOf(auth.scope) } };
    const request: Ask = { method: 'POST', path: 'v3/auth/tokens', json };
    const answer = await http.ask(request, new AbortController().signal).catch((reason) => {
      const error = advised(reason, { endpoint: auth.authUrl, setBy: 'OS_AUTH_URL' });
      // The request that needs the sign-in has not been sent.
      throw error instanceof NoAnswer ? error.withoutEffect() : error;
    });
    if (answer.status !== 201) {
      const error = refused(answer, auth, onRefused === undefined);
      if (isDefinite(answer)) refusal = { error, until: clock.now() + refusalLasts };
      if (error instanceof CredentialRefused) onRefused?.();
      throw error;
    }
    const token = answer.headers.get('x-subject-token');
    const parsed = Token.safeParse(answer.body);
    if (!token || !parsed.success) throw new NoAnswer("Keystone's answer cannot be read", false);
    const { expires_at, catalog, user, project, domain, system, application_credential } = parsed.data.token;
    // Use Keystone's ids, because the settings may name the same scope in several ways.
    const scope = project ? `project ${project.id}` : domain ? `domain ${domain.id}` : system ? 'system' : undefined;
    // Keystone's clock may differ from ours, so we use only the life of the token.
    const issued = Date.parse(answer.headers.get('date') ?? '') || clock.now();
    const life = Math.max(0, Date.parse(expires_at) - issued) || 0;
    /** When to renew it, by our own clock, in milliseconds since the epoch. */
    const renewAt = clock.now() + Math.max(life - margin, life * 0.9);
    const account = { user: named(user), project: named(project), credential: named(application_credential) };
    return { token, catalog, scope, project: project?.id, account, renewAt };
  }

  return {
    async account(signal) {
      return (await unlessAborted(signedIn(), signal)).account;
    },
    async access(service, signal) {
      // Start nothing for a cancelled request.
      signal.throwIfAborted();
      const waited = current === undefined || clock.now() >= current.renewAt;
      const { token, catalog, scope, project } = await unlessAborted(signedIn(), signal);
      const endpoint = overrides[service] ?? endpointIn(catalog, service, auth);
      const override = `OS_${service.toUpperCase()}_ENDPOINT_OVERRIDE`;
      const setBy = overrides[service] === undefined ? `OS_INTERFACE or ${override}` : override;
      const ifRefused = `it does not accept tokens of this Keystone: check OS_AUTH_URL and ${override}`;
      const idempotencyScope = scope && `${auth.authUrl} ${scope}`;
      return { endpoint, setBy, ifRefused, headers: { 'x-auth-token': token }, project, waited, idempotencyScope };
    },
    renew(access: Access) {
      // Another request may have renewed it already.
      if (current?.token === access.headers['x-auth-token']) current = undefined;
      return true;
    },
  };
}

/** Names come from Keystone, so they are untrusted. */
function named(thing: z.output<typeof Scoped>): Account['user'] {
  return thing ? { id: plain(thing.id, 64), name: plain(thing.name, 200) } : null;
}

function endpointIn(catalog: Catalog, service: Service, auth: KeystoneAuth): string {
  const { region } = auth;
  const kind = auth[`${service}Interface`] ?? auth.interface;
  const endpoints = catalog.filter(({ type }) => type === service).flatMap((entry) => entry.endpoints);
  const found = endpoints.find(
    (endpoint) =>
      endpoint.interface === kind && (region === undefined || (endpoint.region_id ?? endpoint.region) === region),
  );
  if (found) return withoutVersion(found.url);
  const offered = endpoints.map((endpoint) => `${endpoint.region_id ?? endpoint.region}/${endpoint.interface}`);
  const where = `interface ${kind}${region === undefined ? '' : ` and region ${plain(region, 60)}`}`;
  // The same sign-in would show the same catalog.
  throw new SignInRefused(
    `Keystone's catalog has no service of type ${service} for ${where}; ${
      offered.length > 0
        ? `it has ${plain([...new Set(offered)].join(', '))}: check OS_REGION_NAME and OS_INTERFACE`
        : `it has none: set OS_${service.toUpperCase()}_ENDPOINT_OVERRIDE`
    }`,
  );
}

/** Whether Keystone would give the same answer again. */
function isDefinite({ status }: Answer): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** @param isOfSettings Whether the settings, and not a caller, name the account. */
function refused(answer: Answer, auth: KeystoneAuth, isOfSettings: boolean): NoAnswer {
  const { genuine } = faultIn(answer);
  // Keystone answers 404 for unknown tokens and credentials, but never for passwords.
  const missing = answer.status === 404 && auth.identity.method === 'password';
  if (missing || (!genuine && answer.status < 500)) {
    return new NoAnswer(
      `No Keystone with API v3 runs at ${auth.authUrl} (HTTP status ${answer.status}); check OS_AUTH_URL`,
      false,
    );
  }
  const refusal = `Keystone refused the sign-in (HTTP status ${answer.status}: ${saidIn(answer)})`;
  const suspects = isOfSettings ? `; ${suspectsIn(auth)}` : '';
  if (isOfCredential(answer, auth)) return new CredentialRefused(`${refusal}${suspects}`);
  return isDefinite(answer) ? new SignInRefused(`${refusal}${suspects}`) : new NoAnswer(refusal, false);
}

/** Whether Keystone refused an application credential, and not the request or its address. */
function isOfCredential(answer: Answer, { identity }: KeystoneAuth): boolean {
  if (identity.method !== 'application_credential') return false;
  return answer.status === 401 || (answer.status === 404 && /application credential/i.test(saidIn(answer)));
}

/** The settings that may be wrong when Keystone refuses the sign-in. It does not say which. */
function suspectsIn({ identity, scope }: KeystoneAuth): string {
  const [setting, place] =
    scope === 'own' || 'project' in scope
      ? ['OS_PROJECT_NAME', 'in that project']
      : 'system' in scope
        ? ['OS_SYSTEM_SCOPE', 'on the system']
        : ['OS_DOMAIN_NAME', 'in that domain'];
  switch (identity.method) {
    case 'password':
      return `one of OS_USERNAME, OS_USER_DOMAIN_NAME, OS_PASSWORD and ${setting} is wrong, or the user has no role ${place}`;
    case 'token':
      return `OS_TOKEN has expired or is wrong, ${setting} is wrong, or the user has no role ${place}`;
    case 'application_credential': {
      const which = 'id' in identity.credential ? 'ID' : 'NAME, OS_USERNAME, OS_USER_DOMAIN_NAME';
      return `OS_APPLICATION_CREDENTIAL_${which} or OS_APPLICATION_CREDENTIAL_SECRET is wrong, or the credential has expired`;
    }
  }
}

function identityOf(identity: Identity): object {
  switch (identity.method) {
    case 'password':
      return { methods: ['password'], password: { user: { ...identity.user, password: identity.password } } };
    case 'token':
      return { methods: ['token'], token: { id: identity.token } };
    case 'application_credential': {
      const { credential, secret } = identity;
      const who = 'id' in credential ? credential : { name: credential.name, user: credential.user };
      return { methods: ['application_credential'], application_credential: { ...who, secret } };
    }
  }
}

function scopeOf(scope: Scope): object {
  if (scope === 'own') return {};
  if ('system' in scope) return { scope: { system: { all: true } } };
  return { scope };
}
