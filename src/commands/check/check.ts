import { composeCallers, composeCloud } from '../../compose.js';
import { type CallerCloud, type HttpConfig, readServerConfig, type ServerConfig } from '../../config/config.js';
import { ConfigError } from '../../config/errors.js';
import { systemCodeOf } from '../../core/text/system-code.js';
import { plain } from '../../core/text/untrusted.js';
import { tryAuditLog } from '../../local/audit-log.js';
import { readArguments } from '../arguments.js';
import { type Command, exitCodes } from '../io.js';
import { bootReportsAt } from './boot-reports.js';
import { envBlock } from './env-block.js';
import { findingFrom, inspect, type Run } from './inspect.js';
import { type Finding, reportFor, type Step } from './report.js';

/** `ironic-mcp check` tries the settings step by step. It says what works, and what to do about the rest. */
export const check: Command = async (io, args) => {
  const flags = readArguments(args, { json: { type: 'boolean' } });
  const steps: Step[] = [];
  const add = (step: string, findings: readonly Finding[], seconds = 0) =>
    steps.push(...findings.map((finding) => ({ step, seconds, ...finding })));
  // The report comes at the end, so a terminal shows which step is still running.
  const showRunning = (text: string) => {
    if (io.stdout.isTTY && !flags.json) io.stdout.write(`\r\u001B[2K${text}`);
  };
  const run: Run = async (step, look, remedy) => {
    showRunning(`Checking ${step} …`);
    const begin = performance.now();
    const found = [await look().catch((error) => findingFrom(error, remedy))].flat();
    add(step, found, Math.round(performance.now() - begin) / 1000);
    return found.every(({ outcome }) => outcome !== 'failed');
  };
  let misread = false;
  const read = <Value>(step: string, reading: Promise<Value>) =>
    reading.catch((error: unknown) => {
      if (!(error instanceof ConfigError)) throw error;
      misread = true;
      // Both parts need some of the settings.
      if (steps.some(({ detail }) => detail === error.message)) return undefined;
      const next = 'Correct this setting and check again. The help lists all settings.';
      const command = `ironic-mcp help${step === 'http' ? ' http' : ''}`;
      add(step, [{ outcome: 'failed', detail: error.message, next, command }]);
      return undefined;
    });
  const settings = await read('settings', readServerConfig(io.env, flags));
  const config = settings && (await read('settings', settings.config()));
  const callers = config?.cloud.kind === 'callers';
  try {
    if (config) {
      const { cloud, ...rules } = config;
      const { policy, auditLog, bootReportUrl } = rules;
      const source = cloud.kind === 'simulator' ? 'no OS_* variable is set: a simulated cloud' : cloud.source;
      add('settings', [{ outcome: 'ok', detail: source }]);
      const warnings = cloud.kind === 'simulator' ? [] : cloud.warnings;
      add(
        'settings',
        warnings.map((detail) => ({ outcome: 'warning', detail })),
      );
      add('rules', [{ outcome: 'ok', detail: policy.rules.join('; ') }]);
      if (cloud.kind === 'callers') {
        const { keystoneAnswers } = await composeCallers({ cloud, ...rules });
        await run('Keystone', () => keystoneFor(cloud, keystoneAnswers(io.stop)), { place: 'OS_AUTH_URL' });
      } else await inspect(await composeCloud({ cloud, ...rules }), { cloud, ...rules }, run, io.stop);
      if (auditLog !== undefined) await run('audit log', () => auditLogAt(auditLog));
      if (bootReportUrl !== undefined) await run('boot reports', () => bootReportsAt(bootReportUrl));
    }
  } finally {
    showRunning('');
  }
  const httpConfig = settings && (await read('http', settings.http()));
  if (config && httpConfig) add('http', httpIn(httpConfig, callers));
  const ready = steps.every(({ outcome }) => outcome !== 'failed');
  // A client that starts the program itself talks over stdio, where callers cannot sign in.
  const env = callers
    ? undefined
    : envBlock(io.env, flags, config && config.cloud.kind !== 'simulator' ? config.cloud.files : {});
  io.stdout.write(
    flags.json
      ? `${JSON.stringify({ ready, steps, env }, null, 2)}\n`
      : reportFor(io, steps, verdictOn(steps, config), config && env),
  );
  return ready ? exitCodes.ok : misread ? exitCodes.config : exitCodes.failure;
};

function verdictOn(steps: readonly Step[], config: ServerConfig | undefined): string {
  const stepsThat = (wanted: Step['outcome']) =>
    [...new Set(steps.filter(({ outcome }) => outcome === wanted).map(({ step }) => step))].join(', ');
  const [failed, warned] = [stepsThat('failed'), stepsThat('warning')];
  if (failed) return `Not ready: no deployment can be made. Failed: ${failed}.`;
  const [able, works] =
    config?.cloud.kind === 'callers'
      ? ['Keystone answers. Whether a deployment can be made depends on each caller.', 'Keystone answers.']
      : ['Ready: a deployment can be made.', 'Ready: everything works.'];
  const verdict = config?.policy.allows('write') ? able : `${works} The rules allow no deployment.`;
  return `${verdict}${warned ? ` Warnings: ${warned}.` : ''}`;
}

/** All that can be tried without an account. */
async function keystoneFor({ settings }: CallerCloud, answers: Promise<void>): Promise<readonly Finding[]> {
  await answers;
  const { authUrl } = settings.auth;
  return [
    { outcome: 'ok', detail: `answers at ${authUrl}` },
    {
      outcome: 'warning',
      detail:
        'each caller signs in, so nothing behind the sign-in was checked: catalog, Ironic, servers, rights, images',
      next: 'Check again without IRONIC_MCP_HTTP_SIGN_IN, with an application credential (ID, SECRET) of one caller.',
      command:
        '(unset IRONIC_MCP_HTTP_SIGN_IN IRONIC_MCP_HTTP_BEHIND_TLS; OS_AUTH_TYPE=v3applicationcredential OS_APPLICATION_CREDENTIAL_ID=ID OS_APPLICATION_CREDENTIAL_SECRET=SECRET ironic-mcp check)',
    },
  ];
}

/** The settings that only the command `http` has, if any is set. */
function httpIn({ token, hosts }: HttpConfig, ownAccounts: boolean): readonly Finding[] {
  if (token === undefined && hosts.length === 0 && !ownAccounts) return [];
  const callers = ownAccounts
    ? 'each caller signs in with a credential of its own'
    : token === undefined
      ? 'everybody on this machine may call'
      : 'clients must send the token';
  const names = hosts.length > 0 ? `; also answers to the names ${plain(hosts.join(', '), 200)}` : '';
  return [{ outcome: 'ok', detail: `${callers}${names}` }];
}

/** What to do if the audit log cannot be written, by error code. Every other code is about permissions. */
const remedies: Readonly<Record<string, string>> = {
  EISDIR: 'It is a folder. Name a file in IRONIC_MCP_AUDIT_LOG',
  ENOENT: 'Its folder does not exist. Make the folder, or name another file in IRONIC_MCP_AUDIT_LOG',
  ENOTDIR: 'Its path leads through a file. Name another file in IRONIC_MCP_AUDIT_LOG',
  ELOOP: 'It is a symbolic link, which somebody else may have made. Name the file itself in IRONIC_MCP_AUDIT_LOG',
  NOT_OURS: 'Another user made it in a folder that everybody can write. Name another file in IRONIC_MCP_AUDIT_LOG',
  WORLD_WRITABLE:
    'Every user of this machine can change or replace it. Make it and its folders writable for their owner only',
  ESPIPE: 'It is a named pipe, which keeps nothing. Name a file in IRONIC_MCP_AUDIT_LOG',
};

async function auditLogAt(file: string): Promise<Finding> {
  try {
    await tryAuditLog(file);
    return { outcome: 'ok', detail: `${file} can be written` };
  } catch (error) {
    const code = systemCodeOf(error);
    const remedy = remedies[code] ?? 'Make the file that IRONIC_MCP_AUDIT_LOG names writable for this user';
    return {
      outcome: 'failed',
      detail: `${file} cannot be written (${code}), so every change is refused`,
      next: `${remedy}.`,
      command: `ls -ld ${JSON.stringify(file)}`,
    };
  }
}
