/** The steps of Ironic's `direct` deploy interface, in their order. */
export const direct = [
  'deploy',
  'write_image',
  'prepare_instance_boot',
  'tear_down_agent',
  'switch_to_tenant_network',
  'boot_instance',
];
