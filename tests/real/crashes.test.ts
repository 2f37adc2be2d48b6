import { describe, inject } from 'vitest';
import { crashes } from '../contract/crashes.js';

describe.each(inject('ironics'))('on Ironic $version ($release)', ({ endpoint }) => {
  crashes(async () => ({ endpoint, image: 'file:///images/debian.qcow2' }));
});
