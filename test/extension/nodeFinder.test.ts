import { describe, expect, it } from 'vitest';
import { findNode } from '../../src/extension/launch/nodeFinder.ts';

const electron = { path: '/code', version: 'v24.0.0', electron: true };
const version = (known: Record<string, string>) => (path: string) =>
  path in known ? Promise.resolve(`${known[path]}\n`) : Promise.reject(new Error(`spawn ${path} ENOENT`));

describe('findNode', () => {
  it('takes the one of the setting first, and says so', async () => {
    const both = version({ '/opt/node': 'v22.1.0', node: 'v24.0.0' });
    const node = await findNode({ setting: '/opt/node', own: electron, version: both });
    expect(node).toEqual({ path: '/opt/node', env: {}, reason: 'Node v22.1.0 from the setting udi.trainer.node' });
  });

  it('refuses a setting that names no Node or one that is too old', async () => {
    const find = (known: Record<string, string>) => findNode({ setting: '/x', own: electron, version: version(known) });
    await expect(find({})).rejects.toThrow('cannot be run');
    await expect(find({ '/x': 'v18.9.0' })).rejects.toThrow('v18.9.0');
    await expect(find({ '/x': 'Python 3.9' })).rejects.toThrow('Python');
  });

  it('takes the one on the PATH if it is new enough', async () => {
    expect((await findNode({ setting: '', own: electron, version: version({ node: 'v20.0.0' }) })).path).toBe('node');
  });

  it("falls back to VS Code's own, in Electron with the embedded backend only", async () => {
    const node = await findNode({ setting: '', own: electron, version: version({ node: 'v18.0.0' }) });
    expect(node).toMatchObject({ path: '/code', env: { ELECTRON_RUN_AS_NODE: '1' }, device: 'wasm' });
    expect(node.reason).toContain('v18.0.0');
    const server = { path: '/server/node', version: 'v24.0.0', electron: false };
    expect((await findNode({ setting: '', own: server, version: version({}) })).device).toBeUndefined();
  });

  it('asks a real program', async () => {
    const node = await findNode({ setting: process.execPath, own: electron });
    expect(node.reason).toContain(process.version);
  });
});
