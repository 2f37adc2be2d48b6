import { expect, it } from 'vitest';
import { cloudRouteOf } from '../../src/metrics/cloud-routes.js';

it.each([
  ['v1/nodes/5f2a/vifs/77c0', '/v1/nodes/{node}/vifs/{vif}'],
  ['v1/nodes/rack1.small', '/v1/nodes/{node}'],
  ['v2.0/ports/77c0', '/v2.0/ports/{port}'],
  ['v2.0/networks?name=secret&fields=id', '/v2.0/networks'],
  ['v2.0/routers/77c0', 'other'],
  ['v2x0/ports', 'other'],
  ['v1/nodes/a/b/c/d', 'other'],
  ['', 'other'],
])('the route of %j is %j', (path, route) => {
  expect(cloudRouteOf(path)).toBe(route);
});
