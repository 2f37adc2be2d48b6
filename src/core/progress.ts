import type { Server } from './model.js';
import { plain } from './untrusted.js';

/** What a deploy step means to the person who waits. */
interface StepMeaning {
  readonly words: string;
  /** How much of a usual deployment is over when the step begins, in percent. */
  readonly percent: number;
}

/**
 * The steps of Ironic's agent-based deploy interfaces in their order. Booting the ramdisk and writing the image take
 * nearly all of the time, hence the weights.
 */
const steps: Readonly<Record<string, StepMeaning>> = {
  deploy: { words: 'Booting the deployment agent', percent: 5 },
  write_image: { words: 'Writing the image to the disk', percent: 40 },
  prepare_instance_boot: { words: 'Installing the boot loader', percent: 80 },
  tear_down_agent: { words: 'Shutting the deployment agent down', percent: 85 },
  switch_to_tenant_network: { words: 'Switching to the network of the system', percent: 90 },
  boot_instance: { words: 'Booting the system', percent: 95 },
};

/** How far a deployment that is under way has come; null when nothing honest can be said. */
export function progressPercent(server: Server): number | null {
  if (server.provisionState === 'available') return 0;
  const { step } = server;
  if (step === null) return null;
  const known = Object.hasOwn(steps, step.name) ? steps[step.name] : undefined;
  // A list without a write_image is not of that kind: there the position is all that is known.
  if (known && step.total !== 1) return known.percent;
  if (step.number === null || step.total === null) return null;
  return Math.floor(((step.number - 1) / step.total) * 100);
}

/** The step under way in words, with its position if that is known; undefined outside of steps. */
export function stepWords(server: Server): string | undefined {
  const { step } = server;
  if (step === null) return undefined;
  const words = Object.hasOwn(steps, step.name) ? steps[step.name]?.words : undefined;
  const name = plain(step.name, 80);
  const position = step.number === null ? '' : ` ${step.number} of ${step.total}`;
  return words ? `${words} (step${position}: ${name})` : `Deploy step${position}: ${name}`;
}
