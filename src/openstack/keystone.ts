import * as z from 'zod';
import { unlessAborted } from '../core/async/abort.js';
import { type Clock, NoAnswer, SignInRefused } from '../core/ports.js';
import { plain } from '../core/text/untrusted.js';
import { type Auth, type Identity, type Scope, withoutVersion } from './credentials.js';
import { faultIn, saidIn } from './fault.js';
import type { Answer, Ask, Http } from './http.js';
import { type Access, advised, type Overrides, type Service, type Session } from './session.js';

type KeystoneAuth = Extract<Auth, { type: 'keystone' }>;

const Scoped = z.looseObject({ id: z.string() }).nullish().catch(null);

const Token = z.looseObject({
  token: z.looseObject({
    expires_at: z.string(),
    catalog: z
      .array(
        z.looseObject({
          type: z.string(),
          endpoints: z.array(
            z.looseObject({
              interface: z.string(),
              region_id: z.string().nullish(),
              region: z.string().nullish(),
              url: z.string(),
            }),
          ),
        }),
      )
      .default([]),
    project: Scoped,
    domain: Scoped,
    system: z.looseObject({}).nullish().catch(null),
  }),
});
type Catalog = z.output<typeof Token>['token']['catalog'];

export interface KeystoneOptions {
  readonly auth: KeystoneAuth;
  readonly http: Http;
  readonly clock: Clock;
  /** Endpoints from the settings, which go before the catalog's. */
  readonly overrides: Overrides;
}

/** A token is renewed so long before it expires, in milliseconds, or after nine tenths of a shorter life. */
const margin = 60_000;

/**
 * A refused sign-in is not repeated for so long, in milliseconds: a call makes several requests, each of which would
 * try a wrong password a few times, and Keystone may lock the user out.
 */
const refusalLasts = 5_000;

/** A session by Keystone's Identity API v3: one token, shared by all requests, renewed when it is about to expire or is refused. */
export function createKeystoneSession({ auth, http, clock, overrides }: KeystoneOptions): Session {
  type SignedIn = Awaited<ReturnType<typeof signIn>>;
  let current: SignedIn | undefined;
  let signingIn: Promise<SignedIn> | undefined;
  let refusal: { readonly error: NoAnswer; readonly until: number } | undefined;

  /** Signs in once for everybody who waits; nobody's leaving ends it for the others. */
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
      // Whatever became of the sign-in: what it was for has not been sent.
      throw error instanceof NoAnswer ? error.withoutEffect() : error;
    });
    if (answer.status !== 201) {
      const error = refused(answer, auth);
      if (isDefinite(answer)) refusal = { error, until: clock.now() + refusalLasts };
      throw error;
    }
    const token = answer.headers.get('x-subject-token');
    const parsed = Token.safeParse(answer.body);
    if (!token || !parsed.success) throw new NoAnswer("Keystone's answer cannot be read", false);
    const { expires_at, catalog, project, domain, system } = parsed.data.token;
    // What the token is good for: as Keystone says, for the same may be named in several ways in the settings.
    const scope = project ? `project ${project.id}` : domain ? `domain ${domain.id}` : system ? 'system' : undefined;
    // Their clock and ours may differ; how long the token lives does not.
    const issued = Date.parse(answer.headers.get('date') ?? '') || clock.now();
    const life = Math.max(0, Date.parse(expires_at) - issued) || 0;
    /** When it is to be renewed, by our own clock: milliseconds since the epoch. */
    const renewAt = clock.now() + Math.max(life - margin, life * 0.9);
    return { token, catalog, scope, project: project?.id, renewAt };
  }

  return {
    async access(service, signal) {
      // For whoever has left already nothing is begun.
      signal.throwIfAborted();
      const waited = current === undefined || clock.now() >= current.renewAt;
      const { token, catalog, scope, project } = await unlessAborted(signedIn(), signal);
      const endpoint = overrides[service] ?? endpointIn(catalog, service, auth);
      const override = `OS_${service.toUpperCase()}_ENDPOINT_OVERRIDE`;
      const setBy = overrides[service] === undefined ? `OS_INTERFACE or ${override}` : override;
      const ifRefused = `it does not take a token of this Keystone: look at OS_AUTH_URL and ${override}`;
      const idempotencyScope = scope && `${auth.authUrl} ${scope}`;
      return { endpoint, setBy, ifRefused, headers: { 'x-auth-token': token }, project, waited, idempotencyScope };
    },
    renew(access: Access) {
      // Somebody else may have renewed it already.
      if (current?.token === access.headers['x-auth-token']) current = undefined;
      return true;
    },
  };
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
  throw new NoAnswer(
    `Keystone's catalog has no service of type ${service} for ${where}; ${
      offered.length > 0
        ? `it has ${plain([...new Set(offered)].join(', '))}: look at OS_REGION_NAME and OS_INTERFACE`
        : `it has none at all: set OS_${service.toUpperCase()}_ENDPOINT_OVERRIDE`
    }`,
    false,
  );
}

/** Whether Keystone would say the same again. */
function isDefinite({ status }: Answer): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function refused(answer: Answer, auth: KeystoneAuth): NoAnswer {
  const { genuine } = faultIn(answer);
  // Of tokens and credentials that it does not know Keystone says so too, of passwords never.
  const missing = answer.status === 404 && auth.identity.method === 'password';
  if (missing || (!genuine && answer.status < 500)) {
    return new NoAnswer(
      `There is no Keystone with its API v3 at ${auth.authUrl} (HTTP status ${answer.status}); look at OS_AUTH_URL`,
      false,
    );
  }
  const refusal = `Keystone refused the sign-in (HTTP status ${answer.status}: ${saidIn(answer)})`;
  return isDefinite(answer) ? new SignInRefused(`${refusal}; ${suspectsIn(auth)}`) : new NoAnswer(refusal, false);
}

/** Which settings may be wrong when Keystone refuses them; it does not say which of them it is. */
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
      return `OS_TOKEN has expired or was never good, ${setting} is wrong, or the user has no role ${place}`;
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
