// Measures a deployment on a real Ironic, until Ironic accepts it. It compares, in turns, this program, the same requests sent
// bare, and other people's clients. Ironic's own log counts the requests.
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createClient } from './subjects/bare-client.js';
import { initialize, neutral, start } from './support/child.js';
import { startIronic } from './support/real-ironic.js';
import { atMost, median, say, table, verdicts } from './support/report.js';

const rounds = Number(process.env.ROUNDS ?? 15);
const image = 'file:///images/ubuntu.raw';
const resourceClass = 'baremetal.small';
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM bench';

const install = "import runpy; print(runpy.run_path('tests/clients/run')['install']())";
const programs = execFileSync('python3', ['-c', install], { encoding: 'utf8' }).trim();
const ironic = await startIronic({ nodes: 40 });
const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.endpoint, IRONIC_MCP_IMAGES: 'file:///images/*' };
const client = createClient(ironic.endpoint);
const ours = start(process.execPath, ['bin/ironic-mcp.js'], env);
const peers = startPeers();
try {
  ours.send(initialize);
  await ours.answer(1);
  await peers.ready;

  const subjects = [
    { name: 'the same three requests, bare, on a connection kept alive', deploy: timed(bare) },
    { name: 'ironic-mcp', deploy: timed(byTool) },
    { name: 'openstacksdk, in a process that runs already', deploy: () => peers.by('openstacksdk') },
    { name: 'metalsmith, in a process that runs already', deploy: () => peers.by('metalsmith') },
    { name: '`metalsmith deploy`', deploy: () => peers.by('metalsmith deploy') },
    { name: '`openstack baremetal node list`, `set`, `deploy`', deploy: () => peers.by('openstack') },
  ].map((subject) => ({ ...subject, times: [], requests: [] }));
  for (let round = 0; round <= rounds; round += 1) {
    // The order alternates, so that no subject always follows the same one.
    for (const { deploy, times, requests } of round % 2 ? subjects : subjects.toReversed()) {
      ironic.requests();
      const time = await deploy();
      const sent = ironic.requests();
      await ironic.putBack();
      // The first round warms up: it reads versions and opens connections.
      if (round === 0) continue;
      times.push(time);
      requests.push(sent);
    }
  }

  const [base, we, , metalsmith] = subjects;
  const count = ({ requests }) => median(requests.map((sent) => sent.length));
  const ratio = (one, other) => median(one.times.map((time, round) => time / other.times[round]));
  const kinds = ({ requests }) => JSON.stringify(requests.at(-1).map(kindOf));
  if (kinds(base) !== kinds(we)) throw new Error(`not the same requests:\n${kinds(base)}\n${kinds(we)}`);
  say(
    `Ironic ${ironic.version}, Node ${process.version}, medians of ${rounds} rounds in turns; ` +
      `the bare requests took ${median(base.times).toFixed(0)} ms.`,
    table(
      [
        ['a deployment, until accepted', ({ name }) => name],
        ['requests to Ironic', count],
        ['time, × bare', (subject) => ratio(subject, base).toFixed(2)],
      ],
      subjects,
    ),
    verdicts([
      atMost('Requests', count(we), 3, '', 0),
      atMost('Time, against the same requests bare', ratio(we, base), 1.15),
      atMost('Time, against metalsmith in a process that runs already', ratio(we, metalsmith), 0.2),
    ]),
  );
} finally {
  client.close();
  ours.child.kill();
  peers.stop();
  ironic.stop();
}

function timed(deploy) {
  return async () => {
    const begin = performance.now();
    await deploy();
    return performance.now() - begin;
  };
}

async function byTool() {
  const input = { image_id: image, resource_class: resourceClass, ssh_public_keys: [key] };
  const answer = await ours.ask(2, 'tools/call', { name: 'provision_server', arguments: input });
  if (!answer.includes('"status":"accepted"')) throw new Error(answer);
}

async function bare() {
  const fields =
    'uuid,name,resource_class,provision_state,target_provision_state,provision_updated_at,instance_uuid,instance_info,maintenance,reservation,' +
    'power_state,properties,deploy_interface,network_interface,traits,conductor_group,retired,lessee';
  const query = new URLSearchParams({
    provision_state: 'available',
    associated: 'false',
    maintenance: 'false',
    resource_class: resourceClass,
    limit: '80',
    fields,
  });
  const { nodes } = await client.send('GET', `/v1/nodes?${query}`);
  const { uuid } = nodes[Math.floor(Math.random() * nodes.length)];
  await client.send('PATCH', `/v1/nodes/${uuid}`, [
    { op: 'add', path: '/instance_uuid', value: randomUUID() },
    { op: 'add', path: '/instance_info', value: { image_source: image } },
  ]);
  const configdrive = { meta_data: { public_keys: { 0: key } } };
  await client.send('PUT', `/v1/nodes/${uuid}/states/provision`, { target: 'active', configdrive });
}

/** A request without the parts that differ between two deployments. */
function kindOf(request) {
  return request.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'NODE');
}

function startPeers() {
  const child = spawn(`${programs}/python`, ['bench/subjects/other-clients.py', image, resourceClass, key], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...neutral, ...env, PATH: `${programs}:${process.env.PATH}` },
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error('bench/subjects/other-clients.py has ended');
    return JSON.parse(value);
  };
  return {
    ready: answer(),
    /** How many milliseconds this client took. */
    async by(name) {
      child.stdin.write(`${name}\n`);
      return answer();
    },
    stop: () => child.kill(),
  };
}
