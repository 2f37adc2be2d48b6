#!/usr/bin/env node
import module from 'node:module';

// Node 22 and later keep the compiled code, which makes starting about 8 % faster.
module.enableCompileCache?.();
await import('../dist/cli.js');
