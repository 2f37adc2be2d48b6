// Measures the choice of a server by class in small and large fleets, in turns: requests, and time until Ironic accepts the
// deployment. Each fleet is a simulator of its own, over HTTP.
import { setTimeout as delay } from 'node:timers/promises';
import { initialize, start } from './support/child.js';
import { startCloud } from './support/counted-cloud.js';
import { atMost, median, say, table, verdicts } from './support/report.js';

const rounds = Number(process.env.ROUNDS ?? 40);
const sizes = [100, 1_000, 10_000, 100_000];

const subjects = [];
try {
  for (const servers of sizes) {
    const cloud = await startCloud({ servers, speed: 10_000 });
    const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: cloud.url, IRONIC_MCP_IMAGES: 'file:///images/*' };
    const server = start(process.execPath, ['bin/ironic-mcp.js'], env);
    subjects.push({ servers, cloud, server, times: [], requests: [] });
    const greeted = server.answer(1);
    server.send(initialize);
    await greeted;
  }
  for (let round = 0; round <= rounds; round += 1) {
    for (const { cloud, server, times, requests } of subjects) {
      cloud.seen();
      const begin = performance.now();
      const answer = await server.ask(round + 10, 'tools/call', {
        name: 'provision_server',
        arguments: { image_id: 'file:///images/debian-12.raw', resource_class: 'baremetal.small' },
      });
      const time = performance.now() - begin;
      if (!answer.includes('accepted')) throw new Error(answer.slice(0, 400));
      const operation = JSON.parse(answer).result.structuredContent.operation_id;
      const count = cloud.seen().length;
      await putBack(cloud.direct, operation);
      // The first round also reads the versions.
      if (round === 0) continue;
      times.push(time);
      requests.push(count);
    }
  }
  const [few] = subjects;
  const ratio = ({ times }) => median(times.map((time, round) => time / few.times[round]));
  const largest = subjects.at(-1);
  const same = subjects.every(({ requests }) => median(requests) === median(few.requests));
  say(
    `Node ${process.version}, medians of ${rounds} rounds in turns; with ${few.servers} servers it took ` +
      `${median(few.times).toFixed(1)} ms.`,
    table(
      [
        ['servers', ({ servers }) => servers.toLocaleString('en')],
        ['requests to Ironic', ({ requests }) => median(requests)],
        ['time until accepted, × 100 servers', (subject) => ratio(subject).toFixed(2)],
      ],
      subjects,
    ),
    verdicts([
      {
        title: 'The same requests at 100 and at 100,000 servers',
        value: same ? 'yes' : 'no',
        limit: 'yes',
        reached: same,
      },
      atMost('Time at 100,000 servers', ratio(largest), 1.2),
    ]),
  );
} finally {
  for (const { cloud, server } of subjects) {
    server.child.kill();
    cloud.stop();
  }
}

/** Undeploys a server, so that each round finds the same fleet. */
async function putBack(url, id) {
  const headers = { 'content-type': 'application/json', 'x-openstack-ironic-api-version': '1.82' };
  const body = JSON.stringify({ target: 'deleted' });
  for (;;) {
    const response = await fetch(`${url}/v1/nodes/${id}/states/provision`, { method: 'PUT', headers, body });
    if (response.ok) return;
    // Ironic keeps the server locked until its deployment has ended.
    if (response.status !== 409) throw new Error(`${response.status} ${await response.text()}`);
    await delay(10);
  }
}
