import type { DeploymentFailure, RecordedError, Server } from './model.js';
import { plain } from './untrusted.js';

interface Diagnosis {
  readonly code: string;
  /** Ironic's words for such a failure, as far as they are always the same. */
  readonly pattern: RegExp;
  readonly summary: string;
  readonly hint: string;
}

/** The classes of failed deployments, the most telling first; a class may have several causes. */
const diagnoses: readonly Diagnosis[] = [
  {
    code: 'conductor_restarted',
    pattern: /can't be resumed by conductor|conductor .*(restart|went offline)/i,
    summary: "Ironic's conductor was restarted in the middle of the deployment",
    hint: 'Call provision_server again with the same arguments and retry_failed, or choose another server.',
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
    hint: 'Call provision_server again with the same arguments and retry_failed; if it persists, the operator should look at the network and the console of the server.',
  },
  {
    code: 'aborted',
    pattern: /by request, the deploy operation was aborted|deploy aborted as/i,
    summary: 'The deployment was aborted by an operator',
    hint: 'Ask the operator why before you provision this server again, or choose another server.',
  },
  {
    code: 'checksum_mismatch',
    pattern: /(?:verif|match).*checksum|(?:checksum|md5|sha\d+).*(?:match|verif)/i,
    summary: 'The image did not match its checksum',
    hint: 'Have the checksum of the image corrected, or choose another image.',
  },
  {
    code: 'config_drive',
    pattern: /config ?drive/i,
    summary: 'The config drive could not be made or written',
    hint: 'Correct config_drive and provision again.',
  },
  {
    code: 'no_space',
    pattern: /disk volume where .* is located doesn't have enough/i,
    summary: "Ironic's conductor has no space left for the image",
    hint: 'The operator should free the disk on which the conductor keeps its images; then call provision_server again with the same arguments and retry_failed.',
  },
  {
    code: 'no_space',
    pattern: /memory size is too small for requested image/i,
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
    hint: 'Check vifs and their networks, then provision again; if it persists, the operator should look at the network of the server.',
  },
  {
    code: 'power_or_bmc',
    pattern: /\bpower\b|\bipmi|redfish|\bbmc\b|baseboard|management controller/i,
    summary: "The server's power or management controller did not do as told",
    hint: 'Choose another server; the operator should look at the management controller of this one.',
  },
  {
    code: 'image_unreachable',
    // Whole words, or "write_image", the step itself, would count.
    pattern:
      /\b(?:download\w*|fetch\w*|get|reach|access|validation of|connection)\b.*(?:\bimage\b|https?:)|\bimage\b.*(?:not (?:be )?found|download|unavailable|unreachable|unacceptable)|image href/i,
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

/** Every class of a failed deployment, for the reference. */
export const failedDeployments: readonly Omit<Diagnosis, 'pattern'>[] = [...diagnoses, undeployment, other];

/** In which kinds of work the errors are recorded that end in these states. */
const works: Readonly<Record<string, readonly string[]>> = {
  'deploy failed': ['deploying', 'transition'],
  error: ['unprovision'],
};

/** What went wrong while Ironic tidied up comes after what it tidied up for. */
const aftermath = /Also failed to clean up due to|An unhandled exception was encountered while aborting/;

/**
 * Explains a server in `deploy failed` or `error` by Ironic's record of this deployment, else by its `last_error`: which
 * Ironic overwrites when the power fails later, and, in newer releases, wipes when all is well with the power.
 *
 * Ironic also wipes the deploy steps when one fails; the name of the failed one survives in these texts only ("Deploy
 * step deploy.write_image failed", `…aborted during or after the completion of step "deploy.write_image"`).
 */
export function diagnose(server: Server, errors: readonly RecordedError[] = []): DeploymentFailure {
  const begin = server.entry ? Date.parse(server.entry.started_at) : 0;
  const recorded = errors
    .filter(({ at }) => (at ?? 0) >= begin)
    .sort((one, other) => (other.at ?? 0) - (one.at ?? 0))
    .map(({ work, words }) => ({ work, words: plain(words) }));
  const told = recorded.find(({ work }) => work !== null && works[server.provisionState]?.includes(work));
  const words = told?.words ?? (server.lastError === null ? null : plain(server.lastError));
  const cause = words?.split(aftermath)[0] ?? '';
  const found = words === null ? undefined : diagnoses.find(({ pattern }) => pattern.test(cause));
  const { code, summary, hint } = found ?? (server.provisionState === 'error' ? undeployment : other);
  const [step = null] = [cause, ...recorded.map((each) => each.words)].flatMap((text) => stepIn(text) ?? []);
  return { code, step, summary, hint, ironic_error: words };
}

function stepIn(words: string): string | undefined {
  return words.match(/\bstep ["']?(?:\w+\.)?(\w+)(?:["']| failed\b)/i)?.[1];
}
