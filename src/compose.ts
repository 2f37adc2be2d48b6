import type { CallerCloud, Config, RealCloud, Rules } from './config/config.js';
import { type Changes, createChanges } from './core/async/changes.js';
import { createBootReports } from './core/boot/boot-reports.js';
import type { Account } from './core/call.js';
import { createDeprovisionService } from './core/deprovision/deprovision.js';
import { createDiagnoseService } from './core/diagnose/diagnose.js';
import { createImageService } from './core/inventory/image-list.js';
import { createServerService } from './core/inventory/server-service.js';
import type { NetworkService } from './core/network-service.js';
import type { Core } from './core/operation.js';
import { type Images, NoAnswer } from './core/ports.js';
import { createProvisionService } from './core/provision/provision.js';
import { createRebootService } from './core/reboot/reboot.js';
import { createStatusService } from './core/status/wait-for-change.js';
import { createCatalogueImages } from './local/catalogue.js';
import { steadyClock, systemClock } from './local/clock.js';
import { createAuthenticatedHttp } from './openstack/authenticated-http.js';
import { authOf, type Credential, type KeystoneAuth } from './openstack/credentials.js';
import { createGlance } from './openstack/glance.js';
import { createHttp, type EndedCloudRequest } from './openstack/http.js';
import { createIdempotencyScope } from './openstack/idempotency-scope.js';
import { createIronic, type Ironic } from './openstack/ironic.js';
import { createKeystoneSession } from './openstack/keystone.js';
import { createNeutron } from './openstack/network/neutron.js';
import { createRequestQueue, type RequestQueue } from './openstack/request-queue.js';
import { createPlainSession, type Service, type Session, serviceNames } from './openstack/session.js';

/** More would only queue inside Ironic, whose API has ten threads. */
const connections = 8;

/** The services in the metrics. */
const observedAs: Readonly<Record<Service, ObservedService>> = {
  baremetal: 'ironic',
  image: 'glance',
  network: 'neutron',
};

const clock = systemClock;
const { random } = Math;

export interface ComposeOptions {
  /** Tells the operator what the caller is not told. */
  readonly warn?: (message: string) => void;
  readonly observer?: CloudObserver;
}

/** Is told about the requests to the cloud, for metrics. */
export interface CloudObserver {
  onCloudRequest(service: ObservedService, ended: EndedCloudRequest): void;
  /** @param load Tells at any time how many requests run and wait. */
  watchQueue(service: ObservedService, load: RequestQueue['load']): void;
}

type ObservedService = 'ironic' | 'glance' | 'keystone' | 'neutron';

/** Composes the core for the account in the settings. It sends no request yet. */
export async function composeCore(config: Config, options?: ComposeOptions): Promise<Core> {
  const [{ coreOn }, cloud] = await Promise.all([openCores(config, options), composeCloud(config, options)]);
  return coreOn(cloud);
}

/** Cores for callers who sign in with credentials of their own. */
export interface CallerCores {
  /** The changes of all cores. */
  readonly changes: Changes;
  /**
   * Signs in, and composes a core for this credential.
   * @param onRefused Called when Keystone no longer accepts the credential.
   * @throws NoAnswer
   */
  signIn(credential: Credential, onRefused: () => void): Promise<Core>;
  /** Resolves if Keystone answers; nobody signs in. @throws NoAnswer */
  keystoneAnswers(signal: AbortSignal): Promise<void>;
}

/** Composes what the cores of callers share. It sends no request yet. */
export async function composeCallers(
  { cloud, ...rules }: Rules & { readonly cloud: CallerCloud },
  options?: ComposeOptions,
): Promise<CallerCores> {
  const { auth } = cloud.settings;
  const [{ coreOn, changes }, { keystoneSession, keystone, cloudOf }] = await Promise.all([
    openCores(rules, options),
    openOpenStack(rules, cloud, options),
  ]);
  return {
    changes,
    async signIn(credential, onRefused) {
      const session = keystoneSession(authOf(auth, credential), onRefused);
      const account = await session.account(new AbortController().signal);
      return coreOn(cloudOf(session, true), account);
    },
    async keystoneAnswers(signal) {
      const { status } = await keystone(auth.authUrl).ask({ method: 'GET', path: 'v3' }, signal);
      if (status !== 200) throw new NoAnswer(`Keystone answered with HTTP status ${status}`, false);
    },
  };
}

/** Opens what the cores of this process share: the set of changes and the audit log. */
async function openCores(rules: Rules, { warn = () => undefined }: ComposeOptions = {}) {
  const { policy, auditLog: file, bootReportUrl } = rules;
  const all = createChanges();
  const audit =
    file === undefined ? undefined : (await import('./local/audit-log.js')).createAuditLog({ file, clock, warn });

  /** @param account The caller's own, if the cloud is seen with it. */
  function coreOn({ bareMetal, images, networks, say, idempotencyScope }: ComposedCloud, account?: Account): Core {
    const common = { bareMetal, networks, clock, policy, random };
    const status = createStatusService({ ...common, clock: steadyClock });
    const servers = createServerService(common);
    const changes = createChanges(all);
    const changing = { ...common, changes, onChange: status.forget };
    const provision = createProvisionService({ ...changing, images, servers, idempotencyScope, bootReportUrl });
    const deprovision = createDeprovisionService(changing);
    const reboot = createRebootService(changing);
    const diagnose = createDiagnoseService({ ...common, servers });
    const bootReports = createBootReports({ ...changing, audit, warn });
    const imageService = createImageService(images, policy);
    const own = { provision, status, deprovision, diagnose, reboot, servers, images: imageService, bootReports };
    return { ...own, changes, policy, audit, account, say };
  }

  return { changes: all, coreOn };
}

/** The ports of one cloud as one account sees it, and what the operator wants to know about it. */
export interface ComposedCloud {
  readonly bareMetal: Ironic;
  readonly images: Images;
  /** Undefined where there is no Neutron. */
  readonly networks: NetworkService | undefined;
  /** Undefined for the simulator, which needs neither sign-in nor an address. */
  readonly session: Session | undefined;
  readonly say: (message: string) => string;
  /** Where an idempotency key is valid. */
  readonly idempotencyScope: (signal: AbortSignal) => Promise<string>;
}

/** Composes what the core needs from a cloud, for the account in the settings. It sends no request yet. */
export async function composeCloud({ cloud, ...rules }: Config, options?: ComposeOptions): Promise<ComposedCloud> {
  if (cloud.kind === 'simulator') return composeSimulator(rules, options);
  const { auth } = cloud.settings;
  const { keystoneSession, plainSession, cloudOf } = await openOpenStack(rules, cloud, options);
  return auth.type === 'keystone' ? cloudOf(keystoneSession(auth), true) : cloudOf(plainSession(auth), false);
}

async function composeSimulator(
  { simulationSpeed, bootReportUrl, requestTimeout: timeout }: Rules,
  { observer }: ComposeOptions = {},
): Promise<ComposedCloud> {
  const { createSimulator } = await import('./simulator/cloud.js');
  const { fetch } = createSimulator({ clock, speed: simulationSpeed, reportsTo: bootReportUrl });
  // It is one service.
  const queue = createRequestQueue(connections);
  observer?.watchQueue('ironic', queue.load);
  const http = (service: Service) =>
    createHttp({
      service: serviceNames[service],
      endpoint: 'http://simulator',
      timeout,
      queue,
      fetch,
      onEnded: (ended) => observer?.onCloudRequest(observedAs[service], ended),
    });
  return {
    bareMetal: createIronic({ http: http('baremetal'), clock, random }),
    images: createGlance({ http: http('image'), clock, random }),
    networks: createNeutron({ http: http('network'), scoped: false, clock, random }),
    session: undefined,
    say: simulated(),
    idempotencyScope: async () => 'simulator',
  };
}

/** Opens the way to a cloud. All accounts share its connections and queues. */
async function openOpenStack(
  { requestTimeout: timeout, catalogue }: Rules,
  { settings }: RealCloud | CallerCloud,
  { observer }: ComposeOptions = {},
) {
  const { baremetalEndpoint, imageEndpoint, networkEndpoint, tls, proxyFor } = settings;
  const fetch =
    tls || proxyFor
      ? (await import('./openstack/transport.js')).createTransport({ tls, proxyFor, connections })
      : undefined;
  const open = (service: string, known: ObservedService) => {
    const queue = createRequestQueue(connections);
    observer?.watchQueue(known, queue.load);
    const onEnded = (ended: EndedCloudRequest) => observer?.onCloudRequest(known, ended);
    return (endpoint: string) => createHttp({ service, endpoint, timeout, queue, fetch, onEnded });
  };
  const overrides = { baremetal: baremetalEndpoint, image: imageEndpoint, network: networkEndpoint };
  const keystone = open('Keystone', 'keystone');
  const at = {
    baremetal: open(serviceNames.baremetal, observedAs.baremetal),
    image: open(serviceNames.image, observedAs.image),
    network: open(serviceNames.network, observedAs.network),
  };
  return {
    keystone,
    keystoneSession: (auth: KeystoneAuth, onRefused?: () => void) =>
      createKeystoneSession({ auth, http: keystone(auth.authUrl), clock, overrides, onRefused }),
    plainSession: (auth: Parameters<typeof createPlainSession>[0]) => createPlainSession(auth, overrides),
    /** @param scoped Whether the session has a catalog and a project. */
    cloudOf(session: Session, scoped: boolean): ComposedCloud {
      const authenticated = (service: Service) =>
        createAuthenticatedHttp({ session, service, at: at[service], timeout });
      const glance = createGlance({ http: authenticated('image'), clock, random });
      const hasNeutron = scoped || networkEndpoint !== undefined;
      const hasGlance = scoped || imageEndpoint !== undefined;
      return {
        bareMetal: createIronic({ http: authenticated('baremetal'), clock, random }),
        images: createCatalogueImages(catalogue, hasGlance ? glance : undefined),
        networks: hasNeutron ? createNeutron({ http: authenticated('network'), scoped, clock, random }) : undefined,
        session,
        say: (message) => message,
        idempotencyScope: createIdempotencyScope({ session, timeout, clock, random }),
      };
    },
  };
}

/** Nobody must mistake the simulator for a real cloud. The first message says how to use a real one. */
function simulated(): (message: string) => string {
  let first = true;
  return (message) => {
    const leave = first
      ? ' (To use a real Ironic, set OS_AUTH_TYPE=none and OS_ENDPOINT, or your OpenStack settings.)'
      : '';
    first = false;
    return `Simulated: ${message}${leave}`;
  };
}
