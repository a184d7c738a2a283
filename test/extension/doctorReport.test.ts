import { describe, expect, it } from 'vitest';
import { reportText } from '../../src/extension/commands/doctorReport.ts';

describe('reportText', () => {
  it('says of each backend whether it works, and else why not and how to get it', () => {
    const text = reportText({
      node: 'v24.0.0', platform: 'linux-x64',
      backends: [
        { id: 'webgpu', label: 'WebGPU', usable: false, reason: 'not installed', howToGet: 'install it' },
        { id: 'wasm', label: 'WebAssembly', usable: true, automatic: true, device: '2 threads' },
        { id: 'cpu', label: 'JavaScript', usable: true, automatic: false, reason: 'slow', howToGet: 'unused' },
      ],
    });
    expect(text).toContain('Backends (Node v24.0.0, linux-x64)');
    expect(text).toContain('## ✗ webgpu: WebGPU\n\n- usable here: no\n- why not: not installed\n');
    expect(text).toContain('- how to get it: install it\n');
    expect(text).toContain('## ✓ wasm: WebAssembly\n\n- usable here: yes\n- device: 2 threads\n');
    expect(text).toContain('- taken only when asked for: `device: cpu`\n- note: slow\n');
    expect(text).not.toContain('unused');
  });
});
