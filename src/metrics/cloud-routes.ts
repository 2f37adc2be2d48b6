/** The routes of the cloud that this program uses. */
const templates = [
  'v1/nodes',
  'v1/nodes/{node}',
  'v1/nodes/{node}/history',
  'v1/nodes/{node}/states/power',
  'v1/nodes/{node}/states/provision',
  'v1/nodes/{node}/vifs',
  'v1/nodes/{node}/vifs/{vif}',
  'v1/ports',
  'v1/portgroups',
  'v2/images',
  'v2/images/{image}',
  'v2.0/networks',
  'v2.0/subnets',
  'v2.0/ports',
  'v2.0/ports/{port}',
  'v3',
  'v3/auth/tokens',
] as const;

const routes = templates.map((template) => ({
  template: `/${template}`,
  pattern: new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
}));

/** The route of a request to the cloud, without ids and names. `other` if the table above lacks it. */
export function cloudRouteOf(path: string): string {
  const [bare = ''] = path.split('?', 1);
  return routes.find(({ pattern }) => pattern.test(bare))?.template ?? 'other';
}
