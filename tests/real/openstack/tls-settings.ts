import type { Cloud } from './cloud.js';

export function tlsSettings(_cloud: () => Cloud): void {}
