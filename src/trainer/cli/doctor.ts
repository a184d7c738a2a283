import { describeBackends, type BackendSearch } from '../backends/index.ts';

/** `udi doctor`: each backend, whether it can be used here, why not, and how to get it. */
export async function doctorCommand(search: BackendSearch, json: boolean): Promise<void> {
  const backends = await describeBackends(search);
  if (json) {
    process.stdout.write(`${JSON.stringify({ node: process.version, platform: `${process.platform}-${process.arch}`, backends }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`Node ${process.version} on ${process.platform}-${process.arch}\n`);
  for (const { id, label, usable, automatic, device, reason, howToGet } of backends) {
    process.stdout.write(`\n${usable ? '✓' : '✗'} ${id}: ${label}\n`);
    if (device) process.stdout.write(`  device: ${device}\n`);
    if (usable && !automatic) process.stdout.write(`  only when asked for: device: ${id}\n`);
    if (reason) process.stdout.write(`  ${usable ? 'note' : 'why not'}: ${reason}\n`);
    if (!usable && howToGet) process.stdout.write(`  how to get it: ${howToGet}\n`);
  }
}
