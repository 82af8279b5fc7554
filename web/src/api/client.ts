// The one place that talks to the server. Paths are those of the published description, so a route that goes away is a type error.
import { map, someText, text } from '../lib/json';
import type { paths } from './generated/schema';

export type Path = keyof paths;
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
type Scalar = string | number | boolean;

/** Why the server did not do it, in its words. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    message: string,
    /** A stable word for programs. */
    readonly kind: string,
    /** What can be done about it. */
    readonly hint: string | undefined,
    /** More for programs, where there is more: of code that failed, its exception and frames. */
    readonly details?: unknown,
  ) {
    super(message);
  }
}

interface Asked {
  /** What stands in for `{name}` in the path. */
  path?: Readonly<Record<string, Scalar>>;
  query?: Readonly<Record<string, Scalar | readonly Scalar[] | undefined>>;
  body?: unknown;
  /** A body that is not JSON; its type says what it is. */
  bytes?: Blob;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** The address of a route, with its values put in. */
export function address(path: Path, { path: values = {}, query = {} }: Pick<Asked, 'path' | 'query'> = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name] ?? '')));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === '' ? filled : `${filled}?${text}`;
}

function failure(status: number, body: unknown): ApiError {
  const inside = map(map(body).error);
  return new ApiError(
    status,
    text(inside.message, `the server answered with ${status}`),
    text(inside.type, 'unknown'),
    someText(inside.hint) ?? undefined,
    inside.errors,
  );
}

/** Asks and gives what the server answered. `Answer` is what the description promises, or, until it does, what the caller knows. */
export async function ask<Answer>(method: Method, path: Path, asked: Asked = {}): Promise<Answer> {
  const response = await fetch(address(path, asked), {
    method,
    credentials: 'same-origin',
    headers: {
      ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(asked.bytes === undefined ? {} : { 'content-type': asked.bytes.type }),
      ...asked.headers,
    },
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    ...(asked.bytes === undefined ? {} : { body: asked.bytes }),
    ...(asked.signal === undefined ? {} : { signal: asked.signal }),
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The server did not answer.', 'unreachable', 'Is `baton start` still running?');
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  const body: unknown = isJson && text !== '' ? JSON.parse(text) : text;
  if (!response.ok) throw failure(response.status, body);
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- JSON has no type; the callers, all in this folder, say which it has
  return body as Answer;
}
