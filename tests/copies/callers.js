// Plays the callers, and writes each answer as a line of JSON, for `judge.py`. Its argument: settings as JSON.
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { mcpCaller, restCaller } from './faces.js';

const { front, callers, seconds, settle, answers } = JSON.parse(process.argv[2]);
const log = createWriteStream(answers);
const begun = Date.now();
/** After `seconds` no caller begins a deployment, and after `settle` more seconds none goes on with one. */
const isOver = () => Date.now() - begun > seconds * 1_000;
const isLate = () => Date.now() - begun > (seconds + settle) * 1_000;
const oneIn = (many) => Math.random() < 1 / many;

/** An eighth of the callers speaks MCP of 2026-07-28, another eighth the MCP of before. */
const faceOf = (number) => ['mcp-v2', 'mcp-v1'][number % 8] ?? 'rest';

async function life(number) {
  const face = faceOf(number);
  const send = face === 'rest' ? restCaller(front) : mcpCaller(front, face.slice(-2));

  async function call(name, input) {
    const sent = Date.now();
    const { kind, code, retryable, reason, data } = await send(name, input);
    const line = { caller: number, face, name, input, sent, got: Date.now(), kind, code, retryable, reason, data };
    log.write(`${JSON.stringify(line)}\n`);
    return line;
  }

  /** Repeats a call until it has an answer, or a failure that a repeated call cannot help. */
  async function persist(name, input) {
    for (;;) {
      const line = await call(name, input);
      const again = line.kind === 'lost' || line.retryable || line.code === 'outcome_unknown';
      if (line.kind === 'answer') return line.data;
      const isFull = line.code === 'no_available_servers';
      if (!again || isLate() || (isFull && isOver())) return null;
      await pause(isFull ? 4_000 : 1_000 + Math.random() * 1_000);
    }
  }

  /** Follows a deployment to its end. */
  async function follow({ operation_id, deployment_id }) {
    for (;;) {
      const status = await persist('check_provision_status', { operation_id, deployment_id, wait_seconds: 20 });
      if (status === null || status.status !== 'in_progress' || isLate()) return status;
    }
  }

  async function deprovision({ operation_id, deployment_id, hostname }) {
    const input = { operation_id, deployment_id, confirm_server_name: hostname };
    for (;;) {
      const answer = await persist('deprovision_server', input);
      if (answer === null || answer.status === 'completed' || isLate()) return;
      await pause(1_500);
    }
  }

  await pause((number / callers) * 10_000);
  for (let turn = 1; !isOver(); turn += 1) {
    const request = {
      image_id: 'debian',
      resource_class: oneIn(3) ? 'baremetal.large' : 'baremetal.small',
      hostname: `host-${number}-${turn}`,
      idempotency_key: randomUUID(),
    };
    const begun = await persist('provision_server', request);
    if (begun === null) {
      await pause(1_000);
      continue;
    }
    if (oneIn(4)) await persist('provision_server', request);
    let end = await follow(begun);
    if (end?.status === 'failed' && oneIn(2)) {
      const again = await persist('provision_server', { ...request, retry_failed: true });
      if (again) end = await follow(again);
    }
    if (oneIn(4)) await call('list_servers', { limit: 20 });
    // At the end the deployments stay.
    if (end !== null && !isOver()) await deprovision(end);
  }
}

await Promise.all(Array.from({ length: callers }, (_, number) => life(number)));
log.end();
