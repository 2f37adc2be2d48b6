import { again, persisting } from '../async/retry.js';
import type { NetworkPort } from '../network-service.js';
import { claimEarlier, makePort, type PortMaking } from '../networks/make-ports.js';
import { hasEnded, ownPortsOf } from '../networks/own-ports.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import { displayName } from '../status/provision-status.js';
import { type Attempt, lookAgain, type Overtaken, overtakenBy, readBeforeChange } from './attempt.js';
import * as failures from './attempt-failures.js';
import { detachPorts } from './detach-ports.js';
import type { RefusedHolding, Reserved } from './holding.js';

/** How long (ms) a look at the server permits to attach a port of our own to it. */
const freshFor = 1_000;

/** What happened while the ports were made and attached. */
interface Course {
  /** Those that may be attached by now. */
  readonly ports: Set<string>;
  /** When the server was last seen as ours, by the clock. */
  seenAt: number | null;
  madePorts: boolean;
  /** Ironic's word for an attachment was not its first and only one, so its records are to be read. */
  inDoubt: boolean;
  /** The requests whose answer was lost: for new ports, to attach one of ours, to attach one of the caller. */
  newPorts: number;
  ownAttachment: boolean;
  foreign: string | null;
}

/** Connects a reserved server: makes the ports of its networks, and attaches them and the ports that the caller named. */
export async function attachPorts(attempt: Attempt, reserved: Reserved): Promise<Reserved | RefusedHolding> {
  const { plan, server } = attempt;
  if (plan.vifs.length + plan.networks.length === 0) return reserved;
  const course: Course = {
    ports: new Set(),
    seenAt: reserved.seenAt,
    madePorts: plan.networks.length > 0 && plan.mayHaveEarlier,
    inDoubt: plan.vifs.length > 0,
    newPorts: 0,
    ownAttachment: false,
    foreign: null,
  };
  const holding = () => ({
    ...reserved,
    ports: course.ports,
    madePorts: course.madePorts,
    mayArrive: {
      ...reserved.mayArrive,
      port: course.foreign,
      newPorts: course.newPorts,
      ownAttachment: course.ownAttachment,
    },
  });
  const refused = (why: Pick<RefusedHolding, 'failure' | 'isOtherwise' | 'blames'>): RefusedHolding => ({
    ...holding(),
    ...why,
    kind: 'refused',
  });

  const opened = await openPorts(attempt, reserved, course).catch((error: unknown) => {
    const failure = failures.unattached(server, plan, error);
    return { failure, isOtherwise: false, ...(isOfServer(error) ? {} : { blames: 'request' as const }) };
  });
  if ('failure' in opened) return refused(opened);
  try {
    const own = new Set(opened.ports.map(({ id }) => id));
    for (const port of [...own, ...plan.vifs]) {
      if (opened.recorded.has(port)) {
        // What was attached before the call by somebody else stays.
        if (own.has(port)) course.ports.add(port);
        continue;
      }
      const overtaken = await attach(attempt, reserved, { port, isOwn: own.has(port), course });
      if (overtaken !== null) return refused(overtaken);
    }
  } catch (error) {
    // Ironic's words do not tell an outage of Neutron from a trouble of this server.
    const blames = error instanceof NoAnswer ? ({ blames: 'server' } as const) : {};
    return refused({ failure: failures.unattached(server, plan, error), ...blames });
  }
  return { ...holding(), kind: 'reserved', seenAt: null, tenantPorts: opened.ports, inDoubt: course.inDoubt };
}

interface Attachment {
  readonly port: string;
  readonly isOwn: boolean;
  readonly course: Course;
}

/** Attaches one port. What has come in between is answered; null if nothing has. */
function attach(attempt: Attempt, reserved: Reserved, { port, isOwn, course }: Attachment): Promise<Overtaken | null> {
  const { deploying, server, plan, signal } = attempt;
  const { bareMetal, clock } = deploying;
  return persisting<Overtaken | null>({
    ...deploying,
    until: plan.until,
    async change(before) {
      // Ironic takes no condition here: the port would go to anyone who has the server by now.
      const isFresh = course.seenAt !== null && clock.now() - course.seenAt <= freshFor;
      // Another call with the same key may go on with the server at any moment.
      if (before !== null || !isOwn || !isFresh || plan.keyed || plan.resuming) {
        const seenAt = clock.now();
        const between = overtakenBy(attempt, reserved.server, await lookAgain(attempt));
        if (between !== null) return between;
        course.seenAt = seenAt;
      }
      course.ports.add(port);
      const word = await bareMetal.attach(server.id, port, signal);
      if (word !== 'accepted' || before !== null) course.inDoubt = true;
      return null;
    },
    async settle({ error, lost }) {
      course.seenAt = null;
      // A port of our own is deleted with the attempt, and nothing can attach it then.
      if (lost && isOwn) course.ownAttachment = true;
      if (lost && !isOwn) course.foreign = port;
      if (error instanceof Refused && !error.isBusy) throw error;
      return again;
    },
  });
}

interface Opened {
  /** The ports of the plan's networks, in their order. */
  readonly ports: readonly NetworkPort[];
  /** The ports of this request that are attached already. */
  readonly recorded: ReadonlySet<string>;
}

/**
 * The ports of the plan's networks: those that an earlier attempt has left, and new ones. Nothing is taken from the
 * server but what this program made for this deployment.
 */
async function openPorts(attempt: Attempt, reserved: Reserved, course: Course): Promise<Opened | Overtaken> {
  const { deploying, server, plan, signal } = attempt;
  const { networks, bareMetal } = deploying;
  const { deploymentId, attemptId } = plan.reservation;
  const isNamed = plan.networks.length > 0 && networks !== undefined;
  const listed =
    isNamed && plan.mayHaveEarlier ? await readBeforeChange(ownPortsOf(networks, deploymentId, signal)) : [];
  let recorded: readonly string[] = [];
  if (listed.length > 0 || plan.vifs.length > 0 || plan.resuming) {
    if (isNamed) {
      // After the list: the server names this attempt still, so what the list shows is of attempts that have ended.
      const seenAt = deploying.clock.now();
      const between = overtakenBy(attempt, reserved.server, await lookAgain(attempt));
      if (between !== null) return between;
      course.seenAt = seenAt;
    }
    const cards = await readBeforeChange(bareMetal.cards(server.id, signal));
    recorded = cards.flatMap(({ vif }) => vif ?? []);
    const known = new Set([...plan.vifs, ...listed.map(({ port }) => port.id)]);
    const strange = recorded.find((vif) => !known.has(vif));
    if (strange !== undefined) return { failure: failures.strangePort(server, plan, strange), isOtherwise: false };
  }
  if (!isNamed) return { ports: [], recorded: new Set(recorded) };

  const isRecorded = ({ id }: NetworkPort) => recorded.includes(id);
  course.madePorts = true;
  const making: PortMaking = {
    ...deploying,
    networks,
    mark: { deploymentId, attemptId, serverId: server.id },
    serverName: displayName(server),
    until: plan.until,
    signal,
    onLost() {
      course.newPorts += 1;
    },
    onFound() {
      course.newPorts -= 1;
    },
  };
  const ended = listed.filter(({ mark }) => hasEnded(mark, reserved.server, server.id));
  // What is attached keeps its address.
  const order = [...ended].sort((one, other) => Number(isRecorded(other.port)) - Number(isRecorded(one.port)));
  const { claimed, stale } = await readBeforeChange(claimEarlier(making, plan.networks, order));
  if (recorded.length > 0) course.inDoubt = true;
  const attached = stale.filter(isRecorded).map(({ id }) => id);
  const permits = (now: Server) => overtakenBy(attempt, reserved.server, now) === null;
  const [undetached] = await detachPorts(attempt, attached, permits);
  if (undetached !== undefined) {
    const between = overtakenBy(attempt, reserved.server, await lookAgain(attempt));
    return between ?? { failure: failures.undetached(server, plan, undetached), isOtherwise: false };
  }
  // What cannot be deleted now is deleted with the deployment.
  for (const port of stale) await networks.remove(port, signal).catch(unlessService);
  const kept = [...claimed.values()].map(({ id }) => id);
  const ports: NetworkPort[] = [];
  for (const [index, network] of plan.networks.entries()) {
    const taken = new Set([...kept, ...ports.map(({ id }) => id)]);
    ports.push(claimed.get(index) ?? (await makePort(making, network, index, taken)));
  }
  return { ports, recorded: new Set(recorded) };
}

/** Whether Ironic has refused something about this server, so that another one may do. */
function isOfServer(error: unknown): boolean {
  return error instanceof Refused && error.by === 'Ironic';
}

function unlessService(error: unknown): void {
  if (!(error instanceof NoAnswer || error instanceof Refused)) throw error;
}
