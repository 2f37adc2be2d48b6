import { describe } from 'vitest';
import { crashes } from '../contract/crashes.js';
import { ironics } from './ironics.js';

describe.each(ironics)('on Ironic $version ($release)', ({ endpoint }) => {
  crashes(async () => ({ endpoint, image: 'file:///images/debian.qcow2' }));
});
