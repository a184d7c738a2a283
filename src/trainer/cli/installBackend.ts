import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };

const { peerDependencies } = manifest;

/** Packages of each optional backend; their versions are pinned in package.json. */
const packagesOf: Readonly<Record<string, readonly (keyof typeof peerDependencies)[]>> = {
  'tfjs-node-gpu': ['@tensorflow/tfjs-node-gpu'],
  'tfjs-node': ['@tensorflow/tfjs-node'],
  webgpu: ['webgpu', '@tensorflow/tfjs-backend-webgpu'],
};

/** Ids of the backends that can be installed. */
export const installable: readonly string[] = Object.keys(packagesOf);

/** `udi install-backend <id>`: npm's own output and error, as they are. Returns npm's exit code. */
export async function installBackendCommand(id: string, into: string): Promise<number> {
  mkdirSync(into, { recursive: true });
  const manifest = join(into, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
  const packages = packagesOf[id]!.map((name) => `${name}@${peerDependencies[name]}`);
  const npm = spawn('npm', ['install', '--no-audit', '--no-fund', '--prefix', into, ...packages], { stdio: 'inherit', shell: process.platform === 'win32' });
  const code = await new Promise<number>((resolve) => {
    npm.on('error', (error) => {
      process.stderr.write(`npm could not be started: ${error.message}. Install Node.js with npm, then try again.\n`);
      resolve(1);
    });
    npm.on('close', (exit) => resolve(exit ?? 1));
  });
  if (code === 0) process.stdout.write(`Installed ${packages.join(', ')} into ${into}. Check with: udi doctor\n`);
  return code;
}
