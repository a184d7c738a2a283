import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeBackends } from '../../../src/trainer/backends/index.ts';
import { skipFor } from '../../skip.ts';
import { search } from '../numbers.ts';
import { largestDifference, trainingStep } from './reference.ts';

const folder = resolve(process.env['UDI_WEBGPU_FOLDER'] ?? join(search.folders[0]!, '.cache/webgpu'));
const where = { ...search, folders: [folder, ...search.folders] };

// Where there is no GPU, Chromium's software adapter checks the numbers as well. Dawn reads this when it starts.
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(swiftShader)) process.env['VK_DRIVER_FILES'] ??= swiftShader;

const report = (await describeBackends(where)).find(({ id }) => id === 'webgpu')!;

describe(
  report.usable ? `webgpu on ${report.device}` : 'webgpu',
  skipFor(report.usable ? undefined : `${report.reason}, looked in ${folder} (UDI_WEBGPU_FOLDER)`),
  () => {
    it('trains with the numbers of cpu', async () => {
      expect(await largestDifference(trainingStep, 'webgpu', where)).toBeLessThan(1e-4);
    });

    it('is taken by itself only if it is a real GPU', () => {
      expect(report.automatic).toBe(!/swiftshader|llvmpipe/i.test(report.device!));
    });
  },
);
