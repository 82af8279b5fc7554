// What the project says about itself, its secrets, what is too old in it, its messages to people, and who changed what.
import { queryOptions, useMutation } from '@tanstack/react-query';

import { ask } from './client';
import type { components } from './generated/schema';
import { queryClient } from './query-client';

type Schemas = components['schemas'];
export type Project = Schemas['Project'];
export type ProjectChange = Schemas['ProjectChange'];
export type Secret = Schemas['Secret'];
export type SecretChange = Schemas['SecretChange'];
export type TooOld = Schemas['TooOld'];
export type Notice = Schemas['Notice'];
export type Audit = Schemas['Audit'];

/** So many messages and changes are shown, the newest ones. */
export const MOST = 500;

export const settings = {
  project: () =>
    queryOptions({
      queryKey: ['project'],
      queryFn: async ({ signal }): Promise<Project | undefined> => (await ask<{ projects: Project[] }>('GET', '/api/projects', { signal })).projects[0],
    }),
  secrets: () =>
    queryOptions({
      queryKey: ['secrets', 'list'],
      queryFn: async ({ signal }) => (await ask<{ secrets: Secret[] }>('GET', '/api/secrets', { query: { _limit: 5_000 }, signal })).secrets,
    }),
  tooOld: () =>
    queryOptions({
      queryKey: ['retention'],
      queryFn: async ({ signal }) => (await ask<{ retention: TooOld }>('GET', '/api/retention', { signal })).retention,
      staleTime: 0,
    }),
  notices: () =>
    queryOptions({
      queryKey: ['notices'],
      queryFn: async ({ signal }) => (await ask<{ notices: Notice[] }>('GET', '/api/notices', { query: { _limit: MOST }, signal })).notices,
    }),
  audits: () =>
    queryOptions({
      queryKey: ['audits'],
      queryFn: async ({ signal }) => (await ask<{ audits: Audit[] }>('GET', '/api/audits', { query: { _limit: MOST }, signal })).audits,
      staleTime: 0,
    }),
};

const refresh = (...keys: string[]) => Promise.all(keys.map((key) => queryClient.invalidateQueries({ queryKey: [key] })));

export function useChangeProject() {
  return useMutation({
    mutationFn: async ({ name, change }: { name: string; change: ProjectChange }) => ask('PUT', '/api/projects/{name}', { path: { name }, body: { project: change } }),
    onSettled: () => refresh('project', 'retention'),
  });
}

export function useSaveSecret() {
  return useMutation({
    mutationFn: async ({ secret, isNew }: { secret: SecretChange & { name: string }; isNew: boolean }) => {
      if (isNew) await ask('POST', '/api/secrets', { body: { secret } });
      else await ask('PUT', '/api/secrets/{name}', { path: { name: secret.name }, body: { secret } });
    },
    onSettled: () => refresh('secrets'),
  });
}

export function useDeleteSecret() {
  return useMutation({
    mutationFn: async ({ name, scope, pipeline_uuid }: Secret) =>
      ask('DELETE', '/api/secrets/{name}', { path: { name }, query: { scope, pipeline_uuid: pipeline_uuid ?? undefined } }),
    onSettled: () => refresh('secrets'),
  });
}

export function useDeleteTooOld() {
  return useMutation({
    mutationFn: async () => (await ask<{ retention: Schemas['Deleted'] }>('POST', '/api/retention')).retention,
    onSettled: () => refresh('retention', 'runs', 'products', 'log-tail'),
  });
}
