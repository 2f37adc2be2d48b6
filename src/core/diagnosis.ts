import type { DeploymentFailure, Server } from './model.js';
import { plain } from './untrusted.js';

interface Diagnosis {
  readonly code: string;
  /** Ironic's `last_error` of such a failure, as far as it is always the same. */
  readonly pattern: RegExp;
  readonly summary: string;
  readonly hint: string;
}

/** The classes of failed deployments, the most telling first. */
const diagnoses: readonly Diagnosis[] = [
  {
    code: 'conductor_restarted',
    pattern: /can't be resumed by conductor|conductor .*(restart|went offline)/i,
    summary: "Ironic's conductor was restarted in the middle of the deployment",
    hint: 'Provision the same server again.',
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
    hint: 'Provision the same server again; if it persists, the operator should look at its network and console.',
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
    pattern: /no space left|not enough space|too (?:big|large|small)|insufficient (?:disk|space)/i,
    summary: 'The disk of the server is too small or full',
    hint: 'Choose a smaller image or a server with a larger disk.',
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
  summary: 'The undeployment failed, and the server is out of use',
  hint: 'The operator should look at the log of Ironic for this server; it can be undeployed again.',
};

const other = {
  code: 'other',
  summary: 'The deployment failed',
  hint: 'The operator should look at the log of Ironic for this server.',
};

/** Every class of a failed deployment, for the reference. */
export const failedDeployments: readonly Omit<Diagnosis, 'pattern'>[] = [...diagnoses, undeployment, other];

/**
 * Explains a server in `deploy failed` or `error` by its `last_error`. Ironic wipes the deploy steps when one
 * fails; the name of the failed one survives in that text only ("Deploy step deploy.write_image failed", or
 * `…aborted during or after the completion of step "deploy.write_image"`).
 */
export function diagnose(server: Server): DeploymentFailure {
  const words = server.lastError === null ? null : plain(server.lastError);
  const found = words === null ? undefined : diagnoses.find(({ pattern }) => pattern.test(words));
  const { code, summary, hint } = found ?? (server.provisionState === 'error' ? undeployment : other);
  const step = words?.match(/\bstep ["']?(?:\w+\.)?(\w+)(?:["']| failed\b)/i)?.[1] ?? null;
  return { code, step, summary, hint, ironic_error: words };
}
