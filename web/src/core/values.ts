// Values that people write in a field: JSON where it is JSON, else the text itself.

export function readValue(written: string): unknown {
  try {
    const value: unknown = JSON.parse(written);
    return value;
  } catch {
    return written;
  }
}

export function shownValue(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  // A text that reads as something else is written as JSON, so that it stays a text.
  return readValue(value) === value ? value : JSON.stringify(value);
}
