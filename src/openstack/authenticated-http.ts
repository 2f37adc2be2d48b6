import { withFirstAbort } from '../core/async/abort.js';
import { NoAnswer, SignInRefused } from '../core/ports.js';
import { saidIn } from './fault.js';
import type { Ask, Http } from './http.js';
import { type Access, advised, type Service, type Session, serviceNames } from './session.js';

export interface AuthenticatedHttpOptions {
  readonly session: Session;
  readonly service: Service;
  /** Creates an HTTP client for the address that the session gives. */
  readonly at: (endpoint: string) => Http;
  /** Milliseconds for a request, including its sign-in. */
  readonly timeout: number;
}

/**
 * An access to the service.
 * @throws NoAnswer at the deadline; the signal's reason when that is aborted first
 */
export async function accessInTime(
  { session, service, timeout }: Omit<AuthenticatedHttpOptions, 'at'>,
  signal: AbortSignal,
  deadline: AbortSignal,
): Promise<Access> {
  try {
    return await withFirstAbort([signal, deadline], (first) => session.access(service, first));
  } catch (error) {
    signal.throwIfAborted();
    throw deadline.aborted ? new NoAnswer(`Keystone did not answer within ${timeout / 1000} s`, false) : error;
  }
}

/** Signs each request in. It renews a refused token once, because a refused request has changed nothing. */
export function createAuthenticatedHttp({ session, service, at, timeout }: AuthenticatedHttpOptions): Http {
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
        const access = await accessInTime({ session, service, timeout }, signal, deadline);
        const signed = (other: Ask): Ask => ({ ...other, headers: { ...other.headers, ...access.headers } });
        const { before } = ask;
        const delayed = again || access.waited;
        const answer = await wayTo(access.endpoint)
          .ask(
            {
              ...signed(ask),
              before:
                before &&
                ((waited, send) =>
                  before(delayed || waited, async (other) => ({
                    ...(await send(signed(other))),
                    project: access.project,
                  }))),
            },
            signal,
            deadline,
          )
          .catch((error) => {
            throw advised(error, access);
          });
        if (answer.status !== 401) return { ...answer, setBy: access.setBy, project: access.project };
        if (again || !session.renew(access)) {
          const words = `${serviceNames[service]} refused the sign-in: ${saidIn(answer)}`;
          throw new SignInRefused(`${words}; ${access.ifRefused}`);
        }
      }
    },
    deadline: within,
  };
}
