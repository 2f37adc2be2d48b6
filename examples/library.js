// The same without MCP, in a program of your own. The settings have the same names as for the command. Without any OS_*
// setting, the cloud is simulated in this process.
//
//   node examples/library.js [image [resource class]]
import { connect, Failure } from 'ironic-mcp';

const [image_id = 'debian-12', resource_class = 'baremetal.small'] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const cloud = await connect(process.env);

try {
  const started = await cloud.provision({ image_id, resource_class });
  say(started.message);
  for (;;) {
    const { status, message, progress_percent } = await cloud.status({ ...operationOf(started), wait_seconds: 50 });
    say(`${progress_percent ?? '?'}% ${message}`);
    if (status !== 'in_progress') break;
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say(`${error.code}: ${error.message} (${error.reason})`);
  process.exitCode = 1;
}

/** The server, and this deployment on it: the next deployment on the same server is not ours. */
function operationOf({ operation_id, deployment_id }) {
  return { operation_id, deployment_id: deployment_id ?? undefined };
}
