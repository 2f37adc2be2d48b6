import type { Drawing } from '../call.js';
import type { Server, Step } from '../server.js';
import { plain } from '../text/untrusted.js';
import { deploySteps, halfShare, marksOf, stepMeaning, usualTimes } from './progress.js';

/** The most steps that are drawn one by one. */
const mostSteps = 40;

/** The steps of a deployment in progress, or of one that failed, and how long it has taken. */
export function drawingOf(
  server: Server,
  { elapsed, moves, failedStep }: { elapsed: number | null; moves: boolean; failedStep: string | null },
): Drawing {
  const { step } = server;
  const names = step?.names.length ? step.names : hasUsualSteps(server) ? Object.keys(deploySteps) : [];
  const current = failedStep === null ? positionOf(step, names) : names.indexOf(failedStep);
  return {
    steps: names.slice(0, mostSteps).map((name, index) => ({
      name: plain(name, 80),
      words: stepMeaning(name)?.words ?? null,
      percent: Math.round(marksOf({ name, number: index + 1, names })?.[0] ?? 0),
    })),
    current: current < 0 ? null : current,
    half_share_seconds: moves ? halfShare / 1_000 : null,
    elapsed_seconds: elapsed === null ? null : Math.max(0, Math.round(elapsed / 1_000)),
    usual_minutes: usualTimes(step)?.by ?? null,
  };
}

/** Whether the steps are known without Ironic's list, which it does not show before the first step. */
function hasUsualSteps({ step, deployInterface }: Server): boolean {
  return step ? stepMeaning(step.name) !== undefined : deployInterface === 'direct';
}

function positionOf(step: Step | null, names: readonly string[]): number {
  return step === null ? -1 : step.number === null ? names.indexOf(step.name) : step.number - 1;
}
