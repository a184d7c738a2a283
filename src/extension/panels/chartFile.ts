import { Buffer } from 'node:buffer';
import { UserError } from '../../core/errors.ts';

const PNG_URL = 'data:image/png;base64,';
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * The bytes of a chart that a page wants stored: of a PNG as a data URL, or of an SVG as text.
 * @throws UserError if `data` is not what `format` says
 */
export function chartBytes(format: 'png' | 'svg', data: string): Uint8Array {
  const bytes = format === 'png' ? pngBytes(data) : svgBytes(data);
  if (!bytes) throw new UserError(`The chart could not be saved: the page sent no valid ${format.toUpperCase()}.`);
  return bytes;
}

function pngBytes(data: string): Uint8Array | undefined {
  if (!data.startsWith(PNG_URL)) return undefined;
  const bytes = Buffer.from(data.slice(PNG_URL.length), 'base64');
  return bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE) ? bytes : undefined;
}

/** An SVG is opened by browsers, where it could run scripts; a chart has no use for them. */
function svgBytes(data: string): Uint8Array | undefined {
  const isSvg = /^\s*(<\?xml[^>]*>\s*)?<svg[\s>]/.test(data) && /<\/svg>\s*$/.test(data);
  const isActive = /<script|<foreignObject|<[^>]*\s(on\w+|href)\s*=/i.test(data);
  return isSvg && !isActive ? Buffer.from(data, 'utf8') : undefined;
}

/** A name from a study as the name of a file, without anything that a file system refuses. */
export function fileName(text: string): string {
  return text.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '').slice(0, 80) || 'study';
}
