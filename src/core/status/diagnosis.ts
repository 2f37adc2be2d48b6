import { op } from '../names.js';
import type { DeploymentFailure } from '../requests.js';
import type { RecordedError, Server } from '../server.js';
import { meaningOf } from '../states.js';
import { isoTime } from '../text/iso-time.js';
import { plain } from '../text/untrusted.js';

/** A class of what can be wrong with a server. */
export interface Cause {
  readonly code: string;
  /** What happened, as a clause. */
  readonly summary: string;
  readonly hint: string;
}

/** A class of failed deployments. */
export interface FailedDeployment extends Cause {
  /** What is worth trying next. The hint agrees with it. */
  readonly retry: DeploymentFailure['retry'];
  /** Why, as a clause. */
  readonly because: string;
}

interface Diagnosis extends FailedDeployment {
  /** The constant part of Ironic's error text. */
  readonly pattern: RegExp;
  /** The row applies only if the agent was heard in this attempt (true), was not (false), or nobody knows (null). */
  readonly heard?: boolean | null;
}

const inPlace = `Call ${op('provision')} again with the same arguments and retry_failed. Without an idempotency_key, add the server_id`;

const elsewhere = `Call ${op('provision')} for another server, with a new idempotency_key`;

const otherImage = `Call ${op('provision')} with another image and a new idempotency_key`;

/** The same hint for a deployment that somebody else started: this program does not have its arguments. */
const inPlaceByOthers = 'Only the caller who deployed this server can deploy it again in place';

/** Ironic 39 can overwrite the first text with the second one. */
const timeout = /timeout reached while waiting for callback|cleanup_after_timeout/i;

/** An error about a server's power or its management controller. */
export const powerWords = /\bpower\b|\bipmi|redfish|\bdrac\b|\bsnmp\b|\bbmc\b|baseboard|management controller/i;

/** The classes of failed deployments. The first row that matches wins; a class may have several rows. */
const diagnoses: readonly Diagnosis[] = [
  {
    code: 'conductor_restarted',
    pattern: /can't be resumed by conductor|due to conductor take over/i,
    summary: "Ironic's conductor was restarted, or died, in the middle of the deployment",
    retry: 'same_server',
    because: 'nothing is wrong with the server or the request',
    hint: `${inPlace}.`,
  },
  {
    code: 'no_call_back',
    pattern: timeout,
    heard: false,
    summary: 'The deployment agent on the server never called back',
    retry: 'other_server',
    because: 'this server may never boot the agent',
    hint: `${elsewhere}. The operator should look at the console of this one: does it boot the deployment ramdisk from the network?`,
  },
  {
    code: 'no_call_back',
    pattern: timeout,
    heard: null,
    summary: 'The deployment agent on the server never called, or stopped calling',
    retry: 'other_server',
    because: 'this server may never boot the agent',
    hint: `${elsewhere}. The operator should look at the console of this one: did the deployment ramdisk boot, and did it keep running?`,
  },
  {
    code: 'agent_lost',
    pattern: new RegExp(`${timeout.source}|connection to agent failed|timeout executing command`, 'i'),
    summary: 'The deployment agent on the server stopped answering',
    retry: 'same_server',
    because: 'the agent had booted on this server, so it can boot again',
    hint: `${inPlace}. If it fails again, the operator should look at the network and the console of the server.`,
  },
  {
    code: 'aborted',
    pattern: /by request, the deploy operation was aborted|deploy aborted as/i,
    summary: 'The deployment was aborted by an operator',
    retry: 'no',
    because: 'somebody stopped it on purpose',
    hint: 'Ask the operator why it was stopped before you provision again.',
  },
  {
    code: 'checksum_mismatch',
    // A URL can contain "checksum", and "verify failed" can be about a certificate.
    pattern: /verif\w* .*\bchecksum|\bchecksum\b.* match|corrupt image download/i,
    summary: 'The image did not match its checksum',
    retry: 'no',
    because: 'the image does not match on any server',
    hint: `${otherImage}, or ask the operator to correct the checksum of this one.`,
  },
  {
    code: 'config_drive',
    pattern: /config ?drive/i,
    summary: 'Ironic could not build or write the config drive',
    retry: 'no',
    because: 'the same config drive fails on every server',
    hint: `Correct config_drive. Then: ${elsewhere}.`,
  },
  {
    code: 'no_space',
    pattern: /disk volume where .* is located doesn't have enough/i,
    summary: "Ironic's conductor has no space left for the image",
    retry: 'no',
    because: 'the conductor fails with every server until its disk has space',
    hint: `The operator should free the disk on which the conductor keeps its images. Then: ${inPlace}.`,
  },
  {
    code: 'no_space',
    // The agent keeps an image in memory, as a file, unless it streams it to the disk.
    pattern: /memory size is too small for requested image|write image to \/.*no space left/i,
    summary: 'The server has too little memory for the image',
    retry: 'other_server',
    because: 'a server with more memory can take the image',
    hint: `Choose a server with more memory, or a smaller image. ${elsewhere}.`,
  },
  {
    code: 'no_space',
    pattern:
      /no space left|not enough space|too (?:big|large|small)|insufficient (?:disk|space)|cannot grow device files|no suitable device was found.* smaller than/i,
    summary: 'The disk of the server is too small or full',
    retry: 'other_server',
    because: 'a server with a larger disk can take the image',
    hint: `Choose a server with a larger disk, or a smaller image. ${elsewhere}.`,
  },
  {
    code: 'network',
    pattern: /tenant networks|\bneutron\b|network operation failure/i,
    summary: "Ironic could not connect the server's ports to their networks",
    retry: 'same_server',
    because: 'the ports of the request belong to this server, and the network may recover',
    hint: `Check networks and vifs. ${inPlace}. To use others, choose another server. If it persists, the operator should look at the network of this one.`,
  },
  {
    code: 'power_or_bmc',
    pattern: powerWords,
    summary: "The server's management controller (BMC) or its power control failed",
    retry: 'other_server',
    because: 'this server is out of control until somebody repairs it',
    hint: `${elsewhere}. The operator should look at the management controller of this one.`,
  },
  {
    code: 'image_unreachable',
    // Whole words only: "write_image" is the name of a step.
    pattern:
      /\b(?:download\w*|fetch\w*|get|reach|access|validation of|connection)\b.*(?:\bimage\b|https?:)|\bimage\b.*(?:not (?:be )?found|download|unavailable|unreachable|unacceptable)|image href|not authorized for image/i,
    summary: 'Ironic or the agent could not fetch the image',
    retry: 'no',
    because: 'no server can fetch the image',
    hint: `${otherImage}, or check that this one exists and can be reached from Ironic.`,
  },
];

const undeployment: FailedDeployment = {
  code: 'undeployment_failed',
  summary: 'Nobody can deploy the server until it has been undeployed',
  retry: 'no',
  because: 'only the operator can remove the cause',
  hint: 'The operator should look at the log of Ironic for this server.',
};

export const other: FailedDeployment = {
  code: 'other',
  summary: 'The deployment failed',
  retry: 'other_server',
  because: 'the cause is not known, and may lie in this server',
  hint: `${elsewhere}, but only once: if that fails as well, ask the operator first. The operator should look at the log of Ironic for this server.`,
};

const again = 'Provision again with the same idempotency_key. Without one, choose another server.';

const never: FailedDeployment = {
  code: 'never_deployed',
  summary: 'The server was reserved, but its deployment was never started',
  retry: 'same_server',
  because: 'nothing was deployed, and the same call goes on from there',
  hint: `${again} The operator can release this one; "ironic-mcp check" says how.`,
};

/** How a failed deployment is undeployed, as a clause. The line has the UUID, because names are text from others. */
function undeployedBy(mayUndeploy: boolean, { id }: Server, again = ''): string {
  return mayUndeploy
    ? `call ${op('deprovision')}${again} if the user wants that`
    : `the operator runs "openstack baremetal node undeploy ${id}"`;
}

/**
 * The class of an error in Ironic's words; undefined if none is known.
 * @param heard Whether the agent was heard in the attempt that failed; null if nobody knows.
 */
export function classOf(words: string, heard: boolean | null): FailedDeployment | undefined {
  return diagnoses.find((row) => (row.heard === undefined || row.heard === heard) && row.pattern.test(words));
}

/** Every class of a failed deployment, for the documents. */
export const failedDeployments: readonly FailedDeployment[] = [...diagnoses, undeployment, never, other];

/**
 * Explains a server that a call reserved and never deployed.
 * @param mayUndeploy Whether the caller may use `deprovision_server` to release it.
 */
export function neverDeployed(mayUndeploy: boolean): DeploymentFailure {
  const release = { hint: `${again} ${op('deprovision')} releases this one, if the user wants that.` };
  return failureOf({ ...never, ...(mayUndeploy ? release : {}) });
}

/** The event types under which Ironic records why a deployment or an undeployment failed. */
const works = { deployment: ['deploying', 'transition', 'takeover'], undeployment: ['unprovision'] } as const;

/** Ironic appends the errors of its clean-up to the error that made it clean up. */
const aftermath = /Also failed to clean up due to|An unhandled exception was encountered while aborting/;

/** Ironic may clean up for this long (ms) after it has recorded an error and before it changes the state. */
export const cleanUpTime = 600_000;

/** When the attempt began that failed; null if that is unknown. A retry that Ironic refused has overwritten it. */
function attemptStart({ entry, provisionedAt }: Server): number | null {
  const started = entry ? Date.parse(entry.started_at) : null;
  return started !== null && provisionedAt !== null && started > provisionedAt ? null : started;
}

/** Ironic's records from this moment on are about the deployment that the server carries. */
function recordsBegin(server: Server): number {
  return attemptStart(server) ?? (server.entry ? (server.provisionedAt ?? 0) - cleanUpTime : 0);
}

/** Whether the agent was heard in this attempt; null if nobody knows. */
export function wasHeard(server: Server): boolean | null {
  const started = attemptStart(server);
  return started === null || server.heardAt === null ? null : server.heardAt > started;
}

/**
 * Explains a failed server: from Ironic's record of this deployment, otherwise from `last_error`. Ironic overwrites
 * `last_error` when the power fails later, and newer releases clear it when they switch the server off.
 *
 * Ironic also clears the deploy steps soon after a failure. Then only these texts name the step ("Deploy step
 * deploy.write_image failed", `…aborted during or after the completion of step "deploy.write_image"`).
 *
 * @param mayUndeploy Whether the caller may use `deprovision_server` to undeploy a failed deployment.
 */
export function diagnose(
  server: Server,
  errors: readonly RecordedError[] = [],
  mayUndeploy = false,
): DeploymentFailure {
  const begin = recordsBegin(server);
  const recorded = errors
    .filter(({ at }) => (at ?? 0) >= begin)
    .sort((one, other) => (other.at ?? 0) - (one.at ?? 0))
    .map(({ work, words }) => ({ work, words: plain(words) }));
  const { failed } = meaningOf(server);
  const told = recorded.find(({ work }) => failed !== null && works[failed].some((kind) => kind === work));
  const words = told?.words ?? (server.lastError === null ? null : plain(server.lastError));
  // Only the operator can remove the cause. The usual hints would lead to a second deployment.
  if (failed === 'undeployment') {
    const hint = `${undeployment.hint} Then ${undeployedBy(mayUndeploy, server, ' again with retry_failed')}.`;
    return failureOf({ ...undeployment, hint }, null, words);
  }
  const cause = words?.split(aftermath)[0] ?? '';
  const heard = wasHeard(server);
  const found = (words === null ? undefined : classOf(cause, heard)) ?? other;
  const { code, summary, hint } = found;
  const named = [cause, ...recorded.map((each) => each.words)].flatMap((text) => stepIn(text) ?? []);
  const [step = null] = [...named, ...(server.step?.name.match(/^\w{1,80}$/) ?? [])];
  const ours = `${hint} This server stays reserved. To give it back, ${undeployedBy(mayUndeploy, server)}.`;
  const theirs = hint.replace(inPlace, inPlaceByOthers);
  const explained: FailedDeployment = {
    ...found,
    summary: code === 'agent_lost' && heard ? `${summary}${lastHeard(server, step)}` : summary,
    hint: server.entry === null ? theirs : ours,
    // Only the caller who deployed a server can deploy it again in place.
    retry: server.entry === null && found.retry === 'same_server' ? 'other_server' : found.retry,
  };
  return failureOf(explained, step, words);
}

function failureOf(
  { code, summary, retry, hint }: FailedDeployment,
  step: string | null = null,
  words: string | null = null,
): DeploymentFailure {
  return { code, step, summary, retry, hint, ironic_error: words };
}

function lastHeard({ heardAt }: Server, step: string | null): string {
  return heardAt === null ? '' : `; it was last heard at ${isoTime(heardAt)}${step ? `, in step ${step}` : ''}`;
}

function stepIn(words: string): string | undefined {
  return words.match(/\bstep ["']?(?:\w+\.)?(\w+)(?:["']| failed\b)/i)?.[1];
}
