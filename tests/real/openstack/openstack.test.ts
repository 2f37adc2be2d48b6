import { afterAll, beforeAll, describe } from 'vitest';
import { checkOfSettings } from './check-of-settings.js';
import { type Cloud, startCloud } from './cloud.js';
import { faultsOfACloud } from './faults.js';
import { imagesOfGlance } from './images.js';
import { lifeOfAToken } from './life-of-a-token.js';
import { secretsKept } from './secrets-kept.js';
import { callersOfTwoTeams } from './teams.js';
import { tlsSettings } from './tls-settings.js';
import { waysToSignIn } from './ways-to-sign-in.js';
import { wrongSettings } from './wrong-settings.js';

/** All tests that need a whole cloud are in one file, because starting a cloud takes half a minute. */
describe('on OpenStack: Keystone, Glance and Ironic', () => {
  let started: Cloud | undefined;
  beforeAll(async () => {
    started = await startCloud();
  });
  afterAll(() => started?.stop());
  const cloud = () => {
    if (!started) throw new Error('there is no cloud');
    return started;
  };

  waysToSignIn(cloud);
  imagesOfGlance(cloud);
  lifeOfAToken(cloud);
  wrongSettings(cloud);
  tlsSettings(cloud);
  checkOfSettings(cloud);
  faultsOfACloud(cloud);
  callersOfTwoTeams(cloud);
  // The last one, because it checks what the program wrote in all other tests.
  secretsKept(cloud);
});
