import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { failureIn } from '../../support/tool-answers.js';
import { type Cloud, type Env, given } from './cloud.js';
import { deployed } from './ways-to-sign-in.js';

type Front = 'https' | 'client_certificate_required' | 'self_signed' | 'wrong_name';

/** The settings of the user `provisioner`, with every service behind the same kind of TLS. */
function through({ tls, openrc }: Cloud, front: Front, more: Env = {}): Env {
  return {
    ...openrc('provisioner'),
    OS_AUTH_URL: tls[front].auth_url,
    OS_BAREMETAL_ENDPOINT_OVERRIDE: tls[front].baremetal_endpoint,
    OS_IMAGE_ENDPOINT_OVERRIDE: tls[front].image_endpoint,
    ...more,
  };
}

const ca = ({ tls }: Cloud) => ({ OS_CACERT: tls.ca_file });
const certificate = ({ tls }: Cloud) => ({ OS_CERT: tls.client_certificate, OS_KEY: tls.client_key });

const working: readonly (readonly [what: string, env: (cloud: Cloud) => Env])[] = [
  ['the CA of its certificates', (cloud) => through(cloud, 'https', ca(cloud))],
  [
    'the certificate that it wants of its clients',
    (cloud) => through(cloud, 'client_certificate_required', { ...ca(cloud), ...certificate(cloud) }),
  ],
  ['no check of certificates', (cloud) => through(cloud, 'self_signed', { OS_INSECURE: 'true' })],
];

const unknownCa = 'its certificate comes from an unknown CA: set OS_CACERT to the file of that CA';
const otherHost = 'its certificate is for another host name: check';
const wantsCertificate =
  'it requires a client certificate: set OS_CERT and OS_KEY to the files of a certificate and its key';

const refused: readonly (readonly [what: string, env: (cloud: Cloud) => Env, sentence: string])[] = [
  [
    'no CA is named',
    (cloud) => through(cloud, 'https'),
    `Keystone at AUTH_URL cannot be reached (UNABLE_TO_VERIFY_LEAF_SIGNATURE); ${unknownCa}`,
  ],
  [
    'the CA did not sign the certificate',
    (cloud) => through(cloud, 'self_signed', ca(cloud)),
    `Keystone at AUTH_URL cannot be reached (DEPTH_ZERO_SELF_SIGNED_CERT); ${unknownCa}`,
  ],
  [
    'the certificate is for another host',
    (cloud) => through(cloud, 'wrong_name', ca(cloud)),
    `Keystone at AUTH_URL cannot be reached (ERR_TLS_CERT_ALTNAME_INVALID); ${otherHost} OS_AUTH_URL`,
  ],
  [
    'the certificate of Ironic is for another host',
    (cloud) => ({
      ...through(cloud, 'https', ca(cloud)),
      OS_BAREMETAL_ENDPOINT_OVERRIDE: cloud.tls.wrong_name.baremetal_endpoint,
    }),
    `Ironic at BAREMETAL cannot be reached (ERR_TLS_CERT_ALTNAME_INVALID); ${otherHost} OS_BAREMETAL_ENDPOINT_OVERRIDE`,
  ],
  [
    'only Glance has a certificate by a CA that is not named',
    (cloud) => ({ ...cloud.openrc('provisioner'), OS_IMAGE_ENDPOINT_OVERRIDE: cloud.tls.https.image_endpoint }),
    `The image service at IMAGE cannot be reached (UNABLE_TO_VERIFY_LEAF_SIGNATURE); ${unknownCa}`,
  ],
  [
    'there is no certificate of the client',
    (cloud) => through(cloud, 'client_certificate_required', ca(cloud)),
    `Keystone at AUTH_URL cannot be reached (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED); ${wantsCertificate}`,
  ],
];

export function tlsSettings(cloud: () => Cloud): void {
  describe('a cloud behind TLS', () => {
    test.each(working)('works with %s', async (_, env) => {
      const { session, node, images } = cloud();
      await session(env(cloud()), async (mcp) => {
        const status = await deployed(mcp, { image_id: 'debian-12', resource_class: 'baremetal.small' });
        expect((await node(status.server_id)).instance_info).toMatchObject({ image_source: images['debian-12'] });
      });
    });

    test.each(refused)('is refused when %s, and the failure names the settings', async (_, env, sentence) => {
      const settings = env(cloud());
      await cloud().session(settings, async (mcp) => {
        const answer = await mcp.callTool('provision_server', {
          image_id: 'debian-12',
          resource_class: 'baremetal.small',
        });
        const origin = (name: string) => new URL(given(settings[name] ?? cloud().auth_url)).origin;
        expect(failureIn(answer)[1]).toBe(
          `Reason: ${sentence
            .replace('at AUTH_URL', `at ${origin('OS_AUTH_URL')}`)
            .replace('at BAREMETAL', `at ${origin('OS_BAREMETAL_ENDPOINT_OVERRIDE')}`)
            .replace('at IMAGE', `at ${origin('OS_IMAGE_ENDPOINT_OVERRIDE')}`)}`,
        );
      });
    });

    test('causes a warning if its certificates are not checked', async () => {
      const unchecked = await readConfig(through(cloud(), 'https', { OS_INSECURE: 'true' }), {});
      expect(unchecked.cloud).toMatchObject({
        warnings: [
          'TLS certificates are not checked (OS_INSECURE), so anybody between this machine and the cloud can read and change the traffic.',
        ],
      });
      expect((await readConfig(through(cloud(), 'https', ca(cloud())), {})).cloud).toMatchObject({ warnings: [] });
    });

    test('does not get the key of the client', async () => {
      const key = await readFile(cloud().tls.client_key, 'utf8');
      for (const line of key.split('\n').slice(1, -2)) cloud().secrets.add(line);
      expect(cloud().secrets.size).toBeGreaterThan(3);
    });
  });
}
