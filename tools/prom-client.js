// The bundler replaces prom-client's index with this. The index also loads what this program does not use (summaries, a push
// gateway, clusters), which with its packages is more than half of the code.
export { default as Counter } from '../node_modules/prom-client/lib/counter.js';
export { default as collectDefaultMetrics } from '../node_modules/prom-client/lib/defaultMetrics.js';
export { default as Gauge } from '../node_modules/prom-client/lib/gauge.js';
export { default as Histogram } from '../node_modules/prom-client/lib/histogram.js';
export { default as Registry } from '../node_modules/prom-client/lib/registry.js';
