/** What an attempt, or a deployment that has ended, has left behind in Neutron and at its server. */
export interface Remains {
  readonly serverId: string;
  /** The ports that Ironic still records at the server, although they could not be detached. */
  readonly recorded: readonly string[];
  /** The ports of ours that could not be deleted; null if nobody can tell whether there are any. */
  readonly ports: readonly string[] | null;
  /** A request for a port may still arrive, because its answer was lost. */
  readonly mayCome: boolean;
}

/** What is left, as sentences with the commands that remove it. */
export function remainsWords({ serverId, recorded, ports, mayCome }: Remains): readonly string[] {
  const detaching = recorded.map((port) => `openstack baremetal node vif detach ${serverId} ${port}`);
  return [
    ...(recorded.length > 0
      ? [`Ironic still records Neutron port ${recorded.join(', ')} at server ${serverId}: ${detaching.join(' && ')}.`]
      : []),
    ...(ports === null
      ? [`Neutron gave no answer, so ports of this deployment may be left there: "ironic-mcp check" lists them.`]
      : []),
    ...(ports?.length ? [`Neutron port ${ports.join(', ')} is left: openstack port delete ${ports.join(' ')}.`] : []),
    ...(mayCome && ports?.length === 0
      ? [
          'A request for a Neutron port may still arrive, because its answer was lost: "ironic-mcp check" lists such a port.',
        ]
      : []),
  ];
}
