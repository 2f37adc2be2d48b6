import { describe, expect, it } from 'vitest';
import { readConfig, readServerConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/errors.js';

const readHttpConfig = async (env: Readonly<Record<string, string>>) => (await readServerConfig(env, {})).http();
const url = 'IRONIC_MCP_BOOT_REPORT_URL';
const listen = 'IRONIC_MCP_BOOT_REPORT_LISTEN';

describe('the settings for boot reports', () => {
  it('say where machines report, and where this program listens', async () => {
    const env = { [url]: 'http://10.0.0.1:7386/', [listen]: '0.0.0.0:7386' };
    expect(await readConfig(env, {})).toMatchObject({ bootReportUrl: 'http://10.0.0.1:7386' });
    const { bootReports } = await readHttpConfig(env);
    expect(bootReports).toEqual({ host: '0.0.0.0', port: 7386, seesMachines: true });
  });

  it('take an IPv6 address, and a proxy that hides the machines', async () => {
    const { bootReports } = await readHttpConfig({ [url]: 'https://boot.example.org/x', [listen]: '[::]:80' });
    expect(bootReports).toEqual({ host: '::', port: 80, seesMachines: false });
  });

  it('may be left out', async () => {
    expect((await readConfig({}, {})).bootReportUrl).toBeUndefined();
    expect((await readHttpConfig({ [url]: 'http://10.0.0.1' })).bootReports).toBeUndefined();
  });

  it.each(['10.0.0.1:7386', 'ftp://10.0.0.1', 'http://user:pw@10.0.0.1', 'http://10.0.0.1/?a=b', 'http://10.0.0.1/#a'])(
    'refuse the URL %s',
    async (value) => {
      const refusal = new ConfigError(`${url} must be an http or https URL without login and query.`);
      await expect(readConfig({ [url]: value }, {})).rejects.toEqual(refusal);
    },
  );

  it.each(['7386', '10.0.0.1', '10.0.0.1:70000', ':::80', 'a b:1'])('refuse to listen on %s', async (value) => {
    const refusal = new ConfigError(`${listen} must be an address and a port, e.g. 0.0.0.0:7386.`);
    await expect(readHttpConfig({ [url]: 'http://10.0.0.1', [listen]: value })).rejects.toEqual(refusal);
  });

  it('refuse to listen where nothing may be changed', async () => {
    const env = { [url]: 'http://10.0.0.1', [listen]: '0.0.0.0:7386', IRONIC_MCP_READ_ONLY: 'true' };
    await expect(readHttpConfig(env)).rejects.toThrow('remove it, or IRONIC_MCP_READ_ONLY.');
  });

  it('refuse to listen for reports that nobody is asked for', async () => {
    const refusal = new ConfigError(`${listen} needs ${url}.`);
    await expect(readHttpConfig({ [listen]: '0.0.0.0:7386' })).rejects.toEqual(refusal);
  });
});
