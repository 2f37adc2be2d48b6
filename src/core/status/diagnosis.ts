import { op } from '../names.js';
import type { DeploymentFailure } from '../requests.js';
import type { RecordedError, Server } from '../server.js';
import { meaningOf } from '../states.js';
import { plain } from '../text/untrusted.js';

interface Diagnosis {
  readonly code: string;
  /** Ironic's words for such a failure, as far as they are always the same. */
  readonly pattern: RegExp;
  readonly summary: string;
  readonly hint: string;
}

const inPlace = `Call ${op('provision')} again with the same arguments and retry_failed, and with the server_id unless there was an idempotency_key`;

/** The same where it was not deployed through this program: nobody here has its arguments. */
const inPlaceByOthers = 'Only whoever deployed this server can do so again in place';

/** The classes of failed deployments, the most telling first; a class may have several causes. */
const diagnoses: readonly Diagnosis[] = [
  {
    code: 'conductor_restarted',
    pattern: /can't be resumed by conductor|due to conductor take over/i,
    summary: "Ironic's conductor was restarted, or died, in the middle of the deployment",
    hint: `${inPlace}; or choose another server.`,
  },
  {
    code: 'no_call_back',
    pattern: /timeout reached while waiting for callback/i,
    summary: 'The deployment agent on the server never called back',
    hint: 'The operator should look at the console of the server: does it boot the deployment ramdisk from the network?',
  },
  {
    code: 'agent_lost',
    pattern: /connection to agent failed|timeout executing command/i,
    summary: 'The deployment agent on the server stopped answering',
    hint: `${inPlace}. If it persists, the operator should look at the network and the console of the server.`,
  },
  {
    code: 'aborted',
    pattern: /by request, the deploy operation was aborted|deploy aborted as/i,
    summary: 'The deployment was aborted by an operator',
    hint: 'Ask the operator why before you provision this server again, or choose another server.',
  },
  {
    code: 'checksum_mismatch',
    // Checksums stand in URLs too: "verify failed" may be about a certificate.
    pattern: /verif\w* .*\bchecksum|\bchecksum\b.* match|corrupt image download/i,
    summary: 'The image did not match its checksum',
    hint: 'Have the checksum of the image corrected, or choose another image.',
  },
  {
    code: 'config_drive',
    pattern: /config ?drive/i,
    summary: 'The config drive could not be made or written',
    hint: 'Correct config_drive and provision another server.',
  },
  {
    code: 'no_space',
    pattern: /disk volume where .* is located doesn't have enough/i,
    summary: "Ironic's conductor has no space left for the image",
    hint: `The operator should free the disk on which the conductor keeps its images. ${inPlace}.`,
  },
  {
    code: 'no_space',
    // An image that is not streamed to the disk is first kept in memory, as a file of the agent.
    pattern: /memory size is too small for requested image|write image to \/.*no space left/i,
    summary: 'The server has too little memory to take the image',
    hint: 'Choose a smaller image or a server with more memory.',
  },
  {
    code: 'no_space',
    pattern: /no space left|not enough space|too (?:big|large|small)|insufficient (?:disk|space)/i,
    summary: 'The disk of the server is too small or full',
    hint: 'Choose a smaller image or a server with a larger disk.',
  },
  {
    code: 'network',
    pattern: /tenant networks|\bneutron\b|network operation failure/i,
    summary: "The server's ports could not be connected to its networks",
    hint: `Check vifs and their networks. ${inPlace}; with other vifs provision another server. If it persists, the operator should look at the network of this one.`,
  },
  {
    code: 'power_or_bmc',
    pattern: /\bpower\b|\bipmi|redfish|\bdrac\b|\bsnmp\b|\bbmc\b|baseboard|management controller/i,
    summary: "The server's power or management controller did not do as told",
    hint: 'Choose another server; the operator should look at the management controller of this one.',
  },
  {
    code: 'image_unreachable',
    // Whole words, or "write_image", the step itself, would count.
    pattern:
      /\b(?:download\w*|fetch\w*|get|reach|access|validation of|connection)\b.*(?:\bimage\b|https?:)|\bimage\b.*(?:not (?:be )?found|download|unavailable|unreachable|unacceptable)|image href|not authorized for image/i,
    summary: 'The image could not be fetched',
    hint: 'Check that the image exists and can be reached from Ironic, or choose another image.',
  },
];

const undeployment = {
  code: 'undeployment_failed',
  summary: 'The server is out of use until it has been undeployed',
  hint: 'The operator should look at the log of Ironic for this server; it can be undeployed again.',
};

const other = {
  code: 'other',
  summary: 'The deployment failed',
  hint: 'The operator should look at the log of Ironic for this server.',
};

const again = 'Provision again: with the same idempotency_key if there was one, else on another server.';

const never = {
  code: 'never_deployed',
  summary: 'The server was reserved, but its deployment was never started',
  hint: `${again} The operator can release this one; "ironic-mcp check" says how.`,
};

/** What becomes of a server whose deployment has failed: its request keeps it. */
const kept = 'This server stays taken until the same request succeeds on it with retry_failed, or';
const untilUndeployed = `${kept} its operator undeploys it.`;
const untilDeprovisioned = `${kept} ${op('deprovision')} takes the deployment off, if the user wants that.`;

/** Every class of a failed deployment, for the reference. */
export const failedDeployments: readonly Omit<Diagnosis, 'pattern'>[] = [...diagnoses, undeployment, never, other];

/**
 * Explains a server that was reserved and then left.
 * @param mayUndeploy Whether `deprovision_server` is there to give it back.
 */
export function neverDeployed(mayUndeploy: boolean): DeploymentFailure {
  const release = { hint: `${again} ${op('deprovision')} gives this one back, if the user wants that.` };
  return { ...never, ...(mayUndeploy ? release : {}), step: null, ironic_error: null };
}

/** In which kinds of work Ironic records the errors by which these fail. */
const works = { deployment: ['deploying', 'transition', 'takeover'], undeployment: ['unprovision'] } as const;

/** What went wrong while Ironic tidied up comes after what it tidied up for. */
const aftermath = /Also failed to clean up due to|An unhandled exception was encountered while aborting/;

/** So long, in milliseconds, Ironic may tidy up between the record of an error and the state that it ends in. */
const tidying = 600_000;

/** Since when Ironic's record is about the deployment that a server carries. */
function beginOf({ entry, provisionedAt }: Server): number {
  const started = entry ? Date.parse(entry.started_at) : 0;
  // A retry that was refused has written a later beginning; what failed is still the same.
  return provisionedAt !== null && started > provisionedAt ? provisionedAt - tidying : started;
}

/**
 * Explains a server that has failed by Ironic's record of this deployment, else by its `last_error`: which
 * Ironic overwrites when the power fails later, and, in newer releases, wipes when all is well with the power.
 *
 * Ironic also wipes the deploy steps when one fails; the name of the failed one survives in these texts only ("Deploy
 * step deploy.write_image failed", `…aborted during or after the completion of step "deploy.write_image"`).
 *
 * @param mayUndeploy Whether `deprovision_server` is there to take a failed deployment off.
 */
export function diagnose(
  server: Server,
  errors: readonly RecordedError[] = [],
  mayUndeploy = false,
): DeploymentFailure {
  const begin = beginOf(server);
  const recorded = errors
    .filter(({ at }) => (at ?? 0) >= begin)
    .sort((one, other) => (other.at ?? 0) - (one.at ?? 0))
    .map(({ work, words }) => ({ work, words: plain(words) }));
  const { failed } = meaningOf(server);
  const told = recorded.find(({ work }) => failed !== null && works[failed].some((kind) => kind === work));
  const words = told?.words ?? (server.lastError === null ? null : plain(server.lastError));
  // Only the operator can do something about the cause, and what helps after a deployment would here end in a second one.
  if (failed === 'undeployment') return { ...undeployment, step: null, ironic_error: words };
  const cause = words?.split(aftermath)[0] ?? '';
  const found = words === null ? undefined : diagnoses.find(({ pattern }) => pattern.test(cause));
  const { code, summary, hint } = found ?? other;
  const [step = null] = [cause, ...recorded.map((each) => each.words)].flatMap((text) => stepIn(text) ?? []);
  const ours = `${hint} ${mayUndeploy ? untilDeprovisioned : untilUndeployed}`;
  const theirs = hint.replace(inPlace, inPlaceByOthers);
  return { code, step, summary, hint: server.entry === null ? theirs : ours, ironic_error: words };
}

function stepIn(words: string): string | undefined {
  return words.match(/\bstep ["']?(?:\w+\.)?(\w+)(?:["']| failed\b)/i)?.[1];
}
