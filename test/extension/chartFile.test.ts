import { describe, expect, it } from 'vitest';
import { chartBytes, fileName } from '../../src/extension/panels/chartFile.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('chartBytes', () => {
  it('gives the bytes of a PNG', () => {
    const bytes = chartBytes('png', `data:image/png;base64,${PIXEL}`);
    expect([...bytes.slice(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    expect(bytes.length).toBe(Buffer.from(PIXEL, 'base64').length);
  });

  it('gives the text of an SVG', () => {
    const svg = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><text>only = α on x</text></svg>\n';
    expect(new TextDecoder().decode(chartBytes('svg', svg))).toBe(svg);
  });

  it('refuses everything else', () => {
    const wrong = ['', PIXEL, 'data:image/png;base64,', 'data:image/png;base64,PHN2Zz4=', `data:text/html;base64,${PIXEL}`];
    for (const data of wrong) expect(() => chartBytes('png', data), data).toThrow('no valid PNG');
    const active = ['<script>alert(1)</script>', '<rect onload="alert(1)"/>', '<a href="javascript:x">y</a>', '<foreignObject/>'];
    const texts = ['', 'text', '<html></html>', ...active.map((part) => `<svg>${part}</svg>`)];
    for (const data of texts) expect(() => chartBytes('svg', data), data).toThrow('no valid SVG');
  });
});

describe('fileName', () => {
  it('keeps letters and digits and nothing that leads elsewhere', () => {
    expect(fileName('cgmnist-study-Accuracy (α)')).toBe('cgmnist-study-Accuracy-α');
    expect(fileName('../../etc/passwd')).toBe('etc-passwd');
    expect(fileName('///')).toBe('study');
  });
});
