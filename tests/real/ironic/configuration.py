"""Ironic's settings: SQLite, fake hardware, only loopback. A release skips settings that it does not know."""

BASIC_USER = 'ironic'
BASIC_PASSWORD = 'loopback'
# bcrypt, the only kind that Ironic reads, with its lowest cost, because this password protects nothing.
BASIC_HTPASSWD = BASIC_USER + ':$2b$04$9UVm4kkgxSNj8iNipqo5gue1AmIsEiE4u/CTN5zbphEnKUEPncwXi\n'


def write(state, options, port):
    endpoint = f'http://127.0.0.1:{port}'
    # Ironic looks for overdue nodes once in this interval. A short deadline has no effect with a long interval.
    callback_check = min(60, max(1, options.callback_timeout // 2))
    text = f"""
[DEFAULT]
state_path = {state}
log_file = {state}/ironic.log
host = ironic-lab
my_ip = 127.0.0.1
auth_strategy = {options.auth}
http_basic_auth_user_file = {state}/htpasswd
rpc_transport = none
graceful_shutdown_timeout = 5
enabled_hardware_types = fake-hardware
enabled_bios_interfaces = fake, no-bios
enabled_boot_interfaces = fake
enabled_console_interfaces = fake, no-console
enabled_deploy_interfaces = fake, direct, staged
enabled_firmware_interfaces = fake, no-firmware
enabled_inspect_interfaces = fake, no-inspect
enabled_management_interfaces = fake, noop
enabled_network_interfaces = noop
enabled_power_interfaces = fake
enabled_raid_interfaces = fake, no-raid
enabled_rescue_interfaces = fake, no-rescue
enabled_storage_interfaces = fake, noop
enabled_vendor_interfaces = fake, no-vendor
default_deploy_interface = fake
default_network_interface = noop

[api]
host_ip = 127.0.0.1
port = {port}
api_workers = 1

[conductor]
automated_clean = {options.clean}
check_provision_state_interval = {callback_check}
deploy_callback_timeout = {options.callback_timeout}
file_url_allowed_paths = {state}/images
graceful_shutdown_timeout = 5

[database]
connection = sqlite:///{state}/ironic.sqlite?timeout=30
sqlite_synchronous = false

[deploy]
http_root = {state}/http
http_url = {endpoint}

[dhcp]
dhcp_provider = none

[fake]
deploy_delay = {options.deploy_delay}

[oslo_concurrency]
lock_path = {state}/locks

[oslo_messaging_notifications]
driver = noop

[pxe]
images_path = {state}/images
instance_master_path = {state}/images/master
tftp_root = {state}/tftp
tftp_master_path = {state}/tftp/master

[service_catalog]
endpoint_override = {endpoint}
"""
    if options.extra_config:
        text += '\n' + options.extra_config.read_text()
    for folder in ('images/master', 'http', 'locks', 'tftp/master'):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / 'htpasswd').write_text(BASIC_HTPASSWD)
    (state / 'ironic.conf').write_text(text.lstrip())
