// Reading JSON of unknown shape: what is missing or of another type becomes a value that stands for nothing.

export type Json = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function map(value: unknown): Json {
  return isMap(value) ? value : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown, missing = ''): string {
  return typeof value === 'string' ? value : missing;
}

export function someText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function someNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function texts(value: unknown): readonly string[] {
  return list(value).filter((one) => typeof one === 'string');
}
