import { describe, expect, it, vi } from 'vitest';
import { faults } from '../../support/faults/fault-proxy.js';
import { sharedFaultyCloud } from '../../support/faults/faulty-cloud.js';
import { type ClientLine, clientLines } from '../../support/mcp-session.js';

// Mostly waiting for pauses between attempts.
vi.setConfig({ maxConcurrency: 20 });

const password = 'correct-horse-battery-staple';
const key = 'AAAAC3NzaC1lZDI1NTE5AAAAISecretSecretSecret';
const secrets = {
  config_drive: { user_data: { chpasswd: { list: `root:${password}` } }, meta_data: { admin_pass: password } },
  ssh_public_keys: [`ssh-ed25519 ${key} ada`],
};
const image = { image_id: 'file:///images/debian.qcow2' };
const page = `<html>${password}</html>`;

describe.each(clientLines)('what a %s client puts into a config drive', { concurrent: true }, (line: ClientLine) => {
  const cloud = sharedFaultyCloud(line);

  const expectSecrecy = (text: string) => {
    expect(text).not.toContain(password);
    expect(text).not.toContain(key);
    expect(cloud.session.stderr()).toBe('');
  };

  it.each([
    ['in the wrong place', { ...image, config_drive: password }],
    ['in the wrong shape', { ...image, config_drive: { user_data: [password], meta_data: password } }],
    ['beside what does not belong there', { ...image, config_drive: { meta_data: { a: password }, b: password } }],
    ['too deep', { ...image, config_drive: deep(password) }],
    ['as an unknown argument', { ...image, password }],
    ['instead of a host name', { ...image, hostname: `${password}!` }],
    ['instead of a public key', { ...image, ssh_public_keys: [`ssh-ed25519 ${key}\n${password}`] }],
    ['twice, with different keys', { ...image, ...secrets, config_drive: { meta_data: { public_keys: { a: key } } } }],
  ])('is not repeated when it is %s', async (_, input) => {
    const { isError, text } = await cloud.session.callTool('provision_server', input);
    expect([isError, text.split('\n')[0]]).toEqual([true, 'Invalid request']);
    expectSecrecy(text);
  });

  it('reaches Ironic, but appears in no answer about the deployment', async () => {
    const input = { ...image, ...secrets, server_id: 'rack1-small-01' };
    const accepted = await cloud.session.callTool('provision_server', input);
    expect(accepted.isError).toBe(false);
    expectSecrecy(accepted.text);
    expect(cloud.ironic.configDrive('rack1-small-01')).toEqual({
      user_data: `#cloud-config\n${JSON.stringify(secrets.config_drive.user_data)}\n`,
      meta_data: { admin_pass: password, public_keys: { 'key-0': secrets.ssh_public_keys[0] } },
    });
    expectSecrecy((await cloud.session.callTool('provision_server', input)).text);
    const { operation_id } = accepted.data ?? {};
    expectSecrecy((await cloud.session.callTool('check_provision_status', { operation_id })).text);
  });

  it.each([
    ['refuses it', 'PUT', faults.answerBefore(400, { error_message: '{"faultstring": "No."}' })],
    ['sends a page', 'PATCH', faults.answerBefore(500, page)],
    ['sends a page that claims to be its answer', 'PATCH', faults.answerBefore(200, page)],
    ['cuts the connection', 'PUT', faults.resetBefore],
  ])('appears in no failure when Ironic %s', async (what, method, fault) => {
    const name = what.replaceAll(' ', '-');
    const { uuid } = await cloud.ironic.addNode(name);
    cloud.proxy.on({ method, path: uuid }, fault);
    const { isError, text } = await cloud.session.callTool('provision_server', {
      ...image,
      ...secrets,
      server_id: name,
    });
    expect(isError).toBe(true);
    expectSecrecy(text);
  });
});

function deep(secret: string): object {
  return Array.from({ length: 30 }).reduce<object>((inner) => ({ [secret]: inner }), {});
}
