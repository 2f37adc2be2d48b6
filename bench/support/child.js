// A server on stdin and stdout, watched from outside.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export const request = (id, method, params = {}) => `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;

export const initialize = request(1, 'initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1' },
});

/**
 * Our own environment without the settings of a cloud, and without NODE_EXTRA_CA_CERTS. Node 20 reads that file at each start. If
 * it is large, that takes longer than the raw loop and hides the differences between the servers.
 */
export const neutral = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^((OS|IRONIC_MCP)_|NODE_EXTRA_CA_CERTS$)/.test(name)),
);

/** Starts a server. `answer(id)` resolves with the text of an answer. */
export function start(command, args, env = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...neutral, ...env } });
  const waiting = new Map();
  let rest = '';
  child.stdout.on('data', (chunk) => {
    rest += chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      const { id } = JSON.parse(line);
      waiting.get(id)?.resolve(line);
      waiting.delete(id);
    }
  });
  const gone = new Promise((resolve) => child.on('exit', resolve));
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${command} ${args} ended with ${code}`));
  });
  const answer = (id) => new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  return {
    child,
    gone,
    answer,
    send: (text) => child.stdin.write(text),
    ask(id, method, params) {
      child.stdin.write(request(id, method, params));
      return answer(id);
    },
  };
}

/** The CPU time of all threads in milliseconds, and the peak memory in MB (Linux only). */
export function usage({ pid }) {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread has ended since its name was listed.
      return 0;
    }
  });
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { cpu: threads.reduce((sum, each) => sum + each, 0) / 1e6, memory: Number(peak?.[1]) / 1024 };
}
