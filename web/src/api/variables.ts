// Variables of a pipeline, and the names of secrets.
import { queryOptions } from '@tanstack/react-query';

import { list, map, someText, text } from '../lib/json';
import { ask } from './client';
import type { components } from './generated/schema';

export async function setVariable(pipeline: string, name: string, value: unknown, isNew: boolean): Promise<void> {
  if (isNew) {
    await ask<unknown>('POST', '/api/pipelines/{pipeline}/variables', { path: { pipeline }, body: { variable: { name, value } } });
  } else {
    await ask<unknown>('PUT', '/api/pipelines/{pipeline}/variables/{name}', { path: { pipeline, name }, body: { variable: { value } } });
  }
}

export async function removeVariable(pipeline: string, name: string): Promise<void> {
  await ask<unknown>('DELETE', '/api/pipelines/{pipeline}/variables/{name}', { path: { pipeline, name } });
}

export interface SecretName {
  name: string;
  scope: string;
  pipeline: string | null;
}

export function secretNames() {
  return queryOptions({
    queryKey: ['secrets', 'names'],
    queryFn: async ({ signal }): Promise<readonly SecretName[]> => {
      const answer = map(await ask<unknown>('GET', '/api/secrets', { signal }));
      return list(answer.secrets).map((one) => {
        const secret = map(one);
        return { name: text(secret.name), scope: text(secret.scope), pipeline: someText(secret.pipeline_uuid) };
      });
    },
  });
}

export interface IoProfile {
  name: string;
  keys: readonly string[];
}

/** The profiles of io_config.yaml, and what is wrong with the file. */
export function ioProfiles() {
  return queryOptions({
    queryKey: ['files', 'io-profiles'],
    queryFn: async ({ signal }): Promise<{ profiles: readonly IoProfile[]; problem: string | null }> => {
      const answer = await ask<components['schemas']['IoProfileList']>('GET', '/api/io_profiles', { signal });
      return { profiles: answer.io_profiles, problem: answer.problem };
    },
  });
}

export async function makeSecret(name: string, value: string): Promise<void> {
  await ask<unknown>('POST', '/api/secrets', { body: { secret: { name, value } } });
}

export async function removeSecret(name: string): Promise<void> {
  await ask<unknown>('DELETE', '/api/secrets/{name}', { path: { name } });
}
