/** Characters that turn the direction of the text around them: a name with one can make a line read as another. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A name from a file on one line, without control characters, cut to `limit` characters. */
export function oneLine(text: string, limit = 120): string {
  const line = text.replace(directions, '').replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : line;
}

/** Text of several lines for a terminal: line ends and tabs are all that is left of its control characters. */
export function printable(text: string): string {
  return text.replace(directions, '').replace(/\r\n?/g, '\n').replace(/(?![\n\t])\p{Cc}/gu, ' ');
}
