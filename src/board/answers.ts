import { clean } from './words.js';

// The page believes nothing that it is told: a host may send anything, and names are data written by others. An answer
// without a member, from an earlier version or a later one, is shown without it.

/** What a server is to somebody who looks for one. */
export const states = ['available', 'deploying', 'in_use', 'failed', 'unusable'] as const;
export type State = (typeof states)[number];

/** One server of the list. */
export interface Server {
  /** Null if it is no UUID: then nothing can be asked about it. */
  readonly id: string | null;
  readonly name: string;
  readonly resourceClass: string;
  readonly state: State;
  readonly cpus: number | null;
  readonly memoryGb: number | null;
  readonly diskGb: number | null;
  readonly traits: readonly string[];
  readonly note: string | null;
  readonly hostname: string | null;
  readonly image: string | null;
}

/** How many servers of a class there are in each state. */
export interface ClassCount {
  readonly resourceClass: string;
  readonly counts: Readonly<Record<State, number>>;
}

/** An answer of `list_servers`. */
export interface Listing {
  /** Null on later pages. */
  readonly counts: readonly ClassCount[] | null;
  readonly servers: readonly Server[];
  readonly nextCursor: string | null;
}

export interface Address {
  readonly address: string;
  readonly network: string | null;
  readonly source: string | null;
}

/** Why a deployment failed. */
export interface DeploymentFailure {
  readonly summary: string;
  readonly hint: string;
  readonly retry: string | null;
  readonly ironicError: string | null;
}

/** An answer of `check_provision_status`, or of `provision_server`. */
export interface Status {
  readonly id: string;
  readonly deploymentId: string | null;
  readonly server: string;
  readonly hostname: string | null;
  readonly image: string | null;
  readonly status: 'accepted' | 'in_progress' | 'completed' | 'failed';
  readonly state: string | null;
  readonly percent: number | null;
  readonly message: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly pollAfter: number | null;
  readonly failure: DeploymentFailure | null;
  readonly addresses: readonly Address[];
  readonly loginUser: string | null;
  /** Null if nobody awaits a report of the machine. */
  readonly boot: 'waiting' | 'reported' | null;
  readonly bootedAt: string | null;
  readonly hostKeys: readonly string[];
}

/** What only the page is told about a deployment. */
export interface Drawing {
  readonly steps: readonly { readonly name: string; readonly words: string | null; readonly percent: number }[];
  readonly current: number | null;
  readonly halfShareSeconds: number | null;
  readonly elapsedSeconds: number | null;
  readonly usualMinutes: number | null;
}

type Members = Readonly<Record<string, unknown>>;

export const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null ? (value as Members) : {};
const list = (value: unknown, most: number): readonly unknown[] => (Array.isArray(value) ? value.slice(0, most) : []);
const text = (value: unknown, most?: number): string | null =>
  typeof value === 'string' && value !== '' ? clean(value, most) : null;
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const time = (value: unknown): string | null =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : null;
const within = (value: unknown, most: number): number | null => {
  const found = number(value);
  return found === null ? null : Math.min(most, Math.max(0, found));
};

/** The id of a server or a deployment; null if it is no UUID. Nothing else is ever sent back. */
export function uuid(value: unknown): string | null {
  return typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value) ? value : null;
}

export function oneOf<Known extends string>(known: readonly Known[], value: unknown): Known | null {
  return known.find((each) => each === value) ?? null;
}

/** Reads an answer of `list_servers`; null if it is none. */
export function readListing(answer: unknown): Listing | null {
  const { servers, counts, next_cursor: cursor } = members(answer);
  if (!Array.isArray(servers)) return null;
  return {
    servers: list(servers, 200).map(readServer),
    counts: Array.isArray(counts) ? list(counts, 40).map(readCount) : null,
    nextCursor: typeof cursor === 'string' ? cursor : null,
  };
}

function readServer(row: unknown): Server {
  const { id, name, resource_class, state, cpus, memory_gb, disk_gb, traits, note, hostname, image_name } =
    members(row);
  return {
    id: uuid(id),
    name: text(name) ?? text(id) ?? '(no name)',
    resourceClass: text(resource_class, 80) ?? '(none)',
    state: oneOf(states, state) ?? 'unusable',
    cpus: number(cpus),
    memoryGb: number(memory_gb),
    diskGb: number(disk_gb),
    traits: list(traits, 12).flatMap((each) => text(each, 80) ?? []),
    note: text(note),
    hostname: text(hostname),
    image: text(image_name),
  };
}

function readCount(row: unknown): ClassCount {
  const counts = members(row);
  return {
    resourceClass: text(counts.resource_class, 80) ?? '(none)',
    counts: countsOf((state) => within(counts[state], 10_000_000) ?? 0),
  };
}

/** A number for each state. */
export function countsOf(numberOf: (state: State) => number): Readonly<Record<State, number>> {
  return Object.fromEntries(states.map((state) => [state, numberOf(state)])) as Record<State, number>;
}

/** Reads an answer about a deployment; null if it is none. */
export function readStatus(answer: unknown): Status | null {
  const from = members(answer);
  const [id, status] = [
    uuid(from.operation_id),
    oneOf(['accepted', 'in_progress', 'completed', 'failed'], from.status),
  ];
  if (id === null || status === null) return null;
  return {
    id,
    status,
    deploymentId: uuid(from.deployment_id),
    server: text(from.server_name) ?? id,
    hostname: text(from.hostname),
    image: text(from.image_name),
    state: text(from.provision_state, 80),
    percent: within(from.progress_percent, 100),
    message: withoutMark(text(from.message, 1_200) ?? ''),
    startedAt: time(from.started_at),
    completedAt: time(from.completed_at),
    pollAfter: within(from.poll_after_seconds, 3_600),
    failure: readFailure(from.failure),
    addresses: list(from.addresses, 32).flatMap((each) => readAddress(each) ?? []),
    loginUser: text(from.login_user, 64),
    boot: oneOf(['waiting', 'reported'], from.boot),
    bootedAt: time(from.booted_at),
    hostKeys: list(from.host_keys, 8).flatMap((each) => text(each, 120) ?? []),
  };
}

/** The page says in another way that the cloud is simulated. */
function withoutMark(message: string): string {
  return message.replace(/^Simulated: /, '');
}

function readFailure(value: unknown): DeploymentFailure | null {
  const { summary, hint, retry, ironic_error } = members(value);
  if (typeof summary !== 'string') return null;
  return {
    summary: text(summary) ?? '',
    hint: text(hint, 800) ?? '',
    retry: text(retry, 40),
    ironicError: text(ironic_error, 4_000),
  };
}

function readAddress(value: unknown): Address | null {
  const { address, network, source } = members(value);
  const shown = text(address, 64);
  return shown === null ? null : { address: shown, network: text(network, 80), source: text(source, 40) };
}

/** Reads what only the page is told; null if there is nothing. */
export function readDrawing(value: unknown): Drawing | null {
  const from = members(value);
  if (!Array.isArray(from.steps)) return null;
  return {
    steps: list(from.steps, 40).map((each) => {
      const { name, words, percent } = members(each);
      return { name: text(name, 80) ?? '?', words: text(words, 120), percent: within(percent, 100) ?? 0 };
    }),
    current: number(from.current),
    halfShareSeconds: number(from.half_share_seconds),
    elapsedSeconds: number(from.elapsed_seconds),
    usualMinutes: number(from.usual_minutes),
  };
}
