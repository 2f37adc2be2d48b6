// Measures how many requests Ironic gets when many callers wait for one deployment, and when one caller waits, in turns.
import { setTimeout as delay } from 'node:timers/promises';
import { initialize, request, start, usage } from './support/child.js';
import { startCloud } from './support/counted-cloud.js';
import { median, say, table, verdicts } from './support/report.js';

const rounds = Number(process.env.ROUNDS ?? 3);
const seconds = 8;
const subjects = [1, 100, 1_000].map((callers) => ({ callers, requests: [], cpu: [] }));

const cloud = await startCloud({ servers: 20, speed: 0.05 });
const server = start(process.execPath, ['bin/ironic-mcp.js'], {
  OS_AUTH_TYPE: 'none',
  OS_ENDPOINT: cloud.url,
  IRONIC_MCP_IMAGES: 'file:///images/*',
});
try {
  const greeted = server.answer(1);
  server.send(initialize);
  await greeted;
  const started = await server.ask(2, 'tools/call', {
    name: 'provision_server',
    arguments: { image_id: 'file:///images/debian-12.raw', resource_class: 'baremetal.small' },
  });
  const { operation_id } = JSON.parse(started).result.structuredContent;
  let id = 10;
  for (let round = 0; round <= rounds; round += 1) {
    for (const { callers, requests, cpu } of subjects) {
      const before = usage(server.child).cpu;
      cloud.seen();
      const answered = Array.from({ length: callers }, () => {
        id += 1;
        const answer = server.answer(id);
        const params = { name: 'check_provision_status', arguments: { operation_id, wait_seconds: seconds } };
        server.send(request(id, 'tools/call', params));
        return answer;
      });
      const late = delay(3 * seconds * 1_000, 'late', { ref: false });
      if ((await Promise.race([Promise.all(answered), late])) === 'late') throw new Error('not everybody was answered');
      const count = cloud.seen().length;
      // The first round warms up.
      if (round === 0) continue;
      requests.push(count);
      cpu.push(usage(server.child).cpu - before);
    }
  }
  const most = subjects.at(-1);
  const [one] = subjects;
  const ratio = median(most.requests) / median(one.requests);
  say(
    `Node ${process.version}, medians of ${rounds} rounds of ${seconds} seconds in turns.`,
    table(
      [
        ['callers who wait', ({ callers }) => callers.toLocaleString('en')],
        ['requests to Ironic', ({ requests }) => median(requests)],
        ['CPU for each caller, ms', ({ callers, cpu }) => (median(cpu) / callers).toFixed(2)],
      ],
      subjects,
    ),
    verdicts([
      {
        title: 'Requests for 1,000 waiting callers',
        value: `${ratio.toFixed(2)}× the requests for one`,
        limit: 'at most 1.5×',
        reached: ratio <= 1.5,
      },
    ]),
  );
} finally {
  server.child.kill();
  cloud.stop();
}
