import type { Config } from './config/config.js';
import { createChanges } from './core/async/changes.js';
import { createBootReports } from './core/boot/boot-reports.js';
import { createDeprovisionService } from './core/deprovision/deprovision.js';
import { createDiagnoseService } from './core/diagnose/diagnose.js';
import { createImageService } from './core/inventory/image-list.js';
import { createServerService } from './core/inventory/server-service.js';
import type { NetworkService } from './core/network-service.js';
import type { Core } from './core/operation.js';
import type { Images } from './core/ports.js';
import { createProvisionService } from './core/provision/provision.js';
import { createRebootService } from './core/reboot/reboot.js';
import { createStatusService } from './core/status/wait-for-change.js';
import { createCatalogueImages } from './local/catalogue.js';
import { systemClock } from './local/clock.js';
import { createAuthenticatedHttp } from './openstack/authenticated-http.js';
import { createGlance } from './openstack/glance.js';
import { createHttp } from './openstack/http.js';
import { createIdempotencyScope } from './openstack/idempotency-scope.js';
import { createIronic, type Ironic } from './openstack/ironic.js';
import { createKeystoneSession } from './openstack/keystone.js';
import { createNeutron } from './openstack/network/neutron.js';
import { createRequestQueue } from './openstack/request-queue.js';
import { createPlainSession, type Service, type Session, serviceNames } from './openstack/session.js';

/** More would only queue inside Ironic, whose API has ten threads. */
const connections = 8;

const clock = systemClock;
const { random } = Math;

export interface ComposeOptions {
  /** Tells the operator what the caller is not told. */
  readonly warn?: (message: string) => void;
}

/** Composes the core for the settings. It sends no request yet. */
export async function composeCore(config: Config, { warn = () => undefined }: ComposeOptions = {}): Promise<Core> {
  const { policy, auditLog: file, bootReportUrl } = config;
  const { bareMetal, images, networks, say, idempotencyScope } = await composeCloud(config);
  const common = { bareMetal, networks, clock, policy, random };
  const status = createStatusService(common);
  const servers = createServerService(common);
  const changes = createChanges();
  const changing = { ...common, changes, onChange: status.forget };
  const provision = createProvisionService({ ...changing, images, servers, idempotencyScope, bootReportUrl });
  const deprovision = createDeprovisionService(changing);
  const reboot = createRebootService(changing);
  const diagnose = createDiagnoseService({ ...common, servers });
  const audit =
    file === undefined ? undefined : (await import('./local/audit-log.js')).createAuditLog({ file, clock, warn });
  const bootReports = createBootReports({ ...changing, audit, warn });
  const imageService = createImageService(images, policy);
  const own = { provision, status, deprovision, diagnose, reboot, servers, images: imageService, bootReports };
  return { ...own, changes, policy, audit, say };
}

/** The ports of one cloud, and what the operator wants to know about it. */
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

/** Composes what the core needs from a cloud. It sends no request yet. */
export async function composeCloud(config: Config): Promise<ComposedCloud> {
  const { cloud, requestTimeout: timeout } = config;
  if (cloud.kind === 'simulator') {
    const { createSimulator } = await import('./simulator/cloud.js');
    const { fetch } = createSimulator({ clock, speed: config.simulationSpeed, reportsTo: config.bootReportUrl });
    const queue = createRequestQueue(connections);
    const http = (service: Service) =>
      createHttp({ service: serviceNames[service], endpoint: 'http://simulator', timeout, queue, fetch });
    return {
      bareMetal: createIronic({ http: http('baremetal'), clock, random }),
      images: createGlance({ http: http('image'), clock, random }),
      networks: createNeutron({ http: http('network'), scoped: false, clock, random }),
      session: undefined,
      say: simulated(),
      idempotencyScope: async () => 'simulator',
    };
  }
  const { auth, baremetalEndpoint, imageEndpoint, networkEndpoint, tls, proxyFor } = cloud.settings;
  const fetch =
    tls || proxyFor
      ? (await import('./openstack/transport.js')).createTransport({ tls, proxyFor, connections })
      : undefined;
  const open = (service: string) => {
    const queue = createRequestQueue(connections);
    return (endpoint: string) => createHttp({ service, endpoint, timeout, queue, fetch });
  };
  const overrides = { baremetal: baremetalEndpoint, image: imageEndpoint, network: networkEndpoint };
  const session =
    auth.type === 'keystone'
      ? createKeystoneSession({ auth, http: open('Keystone')(auth.authUrl), clock, overrides })
      : createPlainSession(auth, overrides);
  const authenticated = (service: Service) =>
    createAuthenticatedHttp({ session, service, at: open(serviceNames[service]), timeout });
  const glance = createGlance({ http: authenticated('image'), clock, random });
  const scoped = auth.type === 'keystone';
  const hasNeutron = scoped || networkEndpoint !== undefined;
  const hasGlance = auth.type === 'keystone' || imageEndpoint !== undefined;
  return {
    bareMetal: createIronic({ http: authenticated('baremetal'), clock, random }),
    images: createCatalogueImages(config.catalogue, hasGlance ? glance : undefined),
    networks: hasNeutron ? createNeutron({ http: authenticated('network'), scoped, clock, random }) : undefined,
    session,
    say: (message) => message,
    idempotencyScope: createIdempotencyScope({ session, timeout, clock, random }),
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
