// Right and wrong uses of the library. A compiler must report the lines that end in "// wrong", and no other.
import { type Connection, connect, type ProvisionInput, type StatusInput, type StatusService } from 'ironic-mcp';

export const cloud: Connection = await connect({ OS_CLOUD: 'mycloud' });
export const wrongCloud = await connect('mycloud'); // wrong

export const result = await cloud.provision({ image_id: 'debian-12', ssh_public_keys: ['ssh-ed25519 AAAA ada'] });
export const accepted: boolean = result.status === 'accepted';
export const begun: string = result.started_at;
export const nothing = result.no.such; // wrong
export const serverName: string = result.server_name; // wrong
export const unknownStatus: boolean = result.status === 'done'; // wrong

export const input: ProvisionInput = { image_id: 'debian-12', config_drive: { packages: ['nginx'] } };
export const again = await cloud.provision(input, { signal: AbortSignal.timeout(1_000) });
await cloud.provision({ imge_id: 42 }); // wrong
await cloud.provision({ image_id: 42 }); // wrong
await cloud.provision({ image_id: 'debian-12', hostnam: 'web-1' }); // wrong
await cloud.provision({}); // wrong
await cloud.provision(); // wrong
await cloud.provision(input, { timeout: 1_000 }); // wrong

export const request: StatusInput = { operation_id: result.operation_id };
export const status = await cloud.status(request);
export const percent: number | null = status.progress_percent;
export const cause: string | undefined = status.failure?.summary;
export const late = await cloud.status({ operation_id: result.operation_id, wait_seconds: '50' }); // wrong
export const noPercent: number = status.progress_percent; // wrong
export const noCause: string = status.failure.summary; // wrong
export const noDetail = status.failure?.detail; // wrong

export const listing = await cloud.servers({ state: 'available' });
export const free: number | undefined = listing.counts?.[0]?.available;
export const names = (await cloud.servers()).servers.map(({ name }) => name?.toUpperCase());
await cloud.servers({ state: 'broken' }); // wrong
export const sizes = listing.servers.map(({ size }) => size); // wrong

export const sizesOfImages = (await cloud.images({ limit: 3 })).images.map(({ size_mb = 0 }) => size_mb + 1);
await cloud.images({ limit: '3' }); // wrong

export const answer = await cloud.call('list_images', { limit: 1 });
export const count: number = answer.images.length; // wrong

// The services take parsed requests, with every default filled in.
export const now = (service: StatusService, signal: AbortSignal) =>
  service.status({ operation_id: result.operation_id, wait_seconds: 0 }, signal);
export const never = (service: StatusService, signal: AbortSignal) =>
  service.status({ operation_id: result.operation_id }, signal); // wrong
