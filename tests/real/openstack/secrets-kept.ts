import type { Cloud } from './cloud.js';

export function secretsKept(_cloud: () => Cloud): void {}
