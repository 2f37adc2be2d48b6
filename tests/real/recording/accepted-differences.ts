/** A difference between an answer of the simulator and of a real Ironic, and its reason. */
export interface Accepted {
  /** The names of the requests. Absent for all requests. */
  readonly of?: readonly string[];
  /** The release that differs. Absent for both. */
  readonly on?: 'debian' | 'newest';
  /** The parts that are not compared: `status`, `headers.allow`, `body.instance_info.image_url`, … */
  readonly members: readonly string[];
  readonly why: string;
}

const words = ['body.error_message.faultstring'];
const validations = ['validation', 'validation without an image', 'validation with an unknown image type'];
const badSteps = ['cleaning with a step that is none', 'deploy steps that are none'];
const versionHeaders = ['version', 'minimum-version', 'maximum-version'].map(
  (name) => `headers.x-openstack-ironic-api-${name}`,
);

export const accepted: readonly Accepted[] = [
  {
    of: [
      'a deployed node',
      'our look at a deployed node',
      'protection',
      'the end of protection',
      'a node whose deployment failed',
      'our look at a node whose deployment failed',
      'a node that waits',
    ],
    members: ['body.instance_info.image_url'],
    why: 'the simulator deploys by `direct`, which notes the address; the real nodes by a stand-in for it, which does not',
  },
  {
    of: ['a node whose deployment failed', 'our look at a node whose deployment failed', 'its states'],
    members: ['body.last_error'],
    why: 'the failure of a simulated agent clears it, as the power-off after a real one does; the stand-in keeps it',
  },
  {
    of: validations,
    members: ['bios', 'console', 'raid', 'rescue'].map((kind) => `body.${kind}.reason`),
    why: 'fake hardware can do everything, and simulated hardware says what it cannot do',
  },
  {
    of: badSteps,
    members: words,
    why: "Ironic appends Python's print of its whole schema; the simulator says the first line",
  },

  {
    of: ['chassis: a field that cannot be changed', 'deploy_templates: a field that cannot be changed'],
    members: words,
    why: 'the uuid of a chassis is refused later, and templates name a description, which 21.4.4 cannot keep',
  },
  {
    of: ['portgroups: in a version without'],
    members: ['body', 'headers.openstack-request-id', ...versionHeaders],
    why: 'a controller refuses it in 21.4.4, and the web framework here and for a single one',
  },

  // The simulator behaves like 21.4.4. The following differences came with later releases.
  {
    on: 'newest',
    members: ['headers.openstack-request-id'],
    why: 'every answer has one, including the answers of the web framework',
  },
  {
    on: 'newest',
    of: ['the service', 'the service without a version'],
    members: versionHeaders,
    why: 'the service itself also has the headers of versions',
  },
  {
    on: 'newest',
    of: ['an unknown version of the service'],
    members: ['status', 'body', ...versionHeaders],
    why: 'the service itself also refuses a version',
  },
  {
    on: 'newest',
    of: ['an unknown version of the API itself'],
    members: ['body'],
    why: 'refused by the web framework, in the other of the two shapes',
  },
  {
    on: 'newest',
    of: ['an allocation in a version without', 'allocations in a version without'],
    members: ['body', ...versionHeaders],
    why: 'refused by a controller, in the other of the two shapes',
  },
  {
    on: 'newest',
    of: badSteps,
    members: ['status', 'body.error_message.faultcode'],
    why: 'it crashes on such steps: 500',
  },
  {
    on: 'newest',
    of: ['aborting a node that waits'],
    members: ['status', ...words],
    why: '`wait call-back` can be aborted since 1.110, so that 1.82 is refused with 406 instead of 400',
  },
  { on: 'newest', of: validations, members: ['body.firmware'], why: 'there is a firmware interface' },
  {
    on: 'newest',
    of: ['a node that waits', 'an undeployed node that waited'],
    members: ['body.deploy_step.abortable'],
    why: 'steps say whether they can be aborted',
  },
  {
    on: 'newest',
    of: [
      'an unknown fault',
      'conductors in a version without',
      'a field that cannot be patched',
      'an unknown field to patch',
      'an unknown driver, patched',
      'a node with a driver that nobody serves',
      'a config drive with an unknown member',
      'an allocation with an unknown member',
      'an allocation with a trait that is none',
      'an unknown field of an allocation',
      'another class for a deployed node',
      'volumes of a node in a version without',
      'volumes in a version without',
      'a port that is moved to an unknown node',
      'portgroups: a field that cannot be changed',
      ...['chassis', 'portgroups', 'volume/connectors', 'volume/targets', 'deploy_templates'].map(
        (path) => `${path}: an unknown field`,
      ),
    ],
    members: words,
    why: 'the same refusal in other words, or with more fields and faults to choose from',
  },
  {
    on: 'newest',
    of: ['portgroups: listed in detail'],
    members: ['category', 'dynamic_portgroup', 'physical_network'].map(
      (name) => `body.portgroups.each of them.${name}`,
    ),
    why: 'port groups have more fields',
  },
  {
    on: 'newest',
    of: ['portgroups: one, removed in a version without'],
    members: ['body', ...versionHeaders],
    why: 'refused by a controller, in the other of the two shapes',
  },
];
