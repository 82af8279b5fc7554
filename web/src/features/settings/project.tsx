// What the project says about itself, and how often a block that fails is tried again.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { type Project, settings, useChangeProject } from '../../api/settings';
import { map, someNumber } from '../../lib/json';
import { paths } from '../../lib/paths';
import { Button } from '../../ui/button';
import { Switch, TextField } from '../../ui/field';
import { Failure, Skeleton } from '../../ui/states';

const numbers = [
  { key: 'retries', label: 'Tries after the first', about: 'times' },
  { key: 'delay', label: 'Pause before the next', about: 'seconds' },
  { key: 'max_delay', label: 'Longest pause', about: 'seconds' },
] as const;

type Written = Record<(typeof numbers)[number]['key'], string> & { doubling: boolean };

function writtenOf(project: Project): Written {
  const retry = map(project.retry_config);
  const number = (key: string, missing: number) => String(someNumber(retry[key]) ?? missing);
  return { retries: number('retries', 0), delay: number('delay', 5), max_delay: number('max_delay', 60), doubling: retry.exponential_backoff !== false };
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text.trim());
}

function Retries({ project }: { project: Project }) {
  const known = writtenOf(project);
  const [written, setWritten] = useState(known);
  const save = useChangeProject();
  const wrong = numbers.find(({ key }) => !isNumber(written[key]));
  const isSame = JSON.stringify(written) === JSON.stringify(known);
  const reason = wrong !== undefined ? `“${wrong.label}” must be a whole number` : isSame ? 'Nothing was changed' : save.isPending ? 'It is being saved' : undefined;
  return (
    <section className="settings-part" aria-label="Tries of a block">
      <h3 className="section-title">Tries of a block</h3>
      <form
        className="settings-body"
        onSubmit={(event) => {
          event.preventDefault();
          if (reason !== undefined) return;
          save.mutate({
            name: project.name,
            change: {
              revision: project.revision,
              retry_config: { ...map(project.retry_config), retries: Number(written.retries), delay: Number(written.delay), max_delay: Number(written.max_delay), exponential_backoff: written.doubling },
            },
          });
        }}
      >
        <p className="text-table text-2">For every block of the project whose pipeline, or which itself, says nothing else.</p>
        <div className="settings-fields">
          {numbers.map(({ key, label, about }) => (
            <TextField
              key={key}
              label={`${label}, ${about}`}
              inputMode="numeric"
              value={written[key]}
              error={isNumber(written[key]) ? undefined : 'A whole number'}
              onChange={(event) => setWritten({ ...written, [key]: event.target.value })}
            />
          ))}
        </div>
        <div className="settings-fields" style={{ alignItems: 'center' }}>
          <Switch label="The pause doubles with every try" checked={written.doubling} onChange={(doubling) => setWritten({ ...written, doubling })} />
          <span className="text-table" style={{ flex: 1 }}>
            The pause doubles with every try
          </span>
          <Button look="quiet" disabledReason={isSame ? 'Nothing was changed' : undefined} onClick={() => setWritten(known)}>
            Discard
          </Button>
          <Button look="primary" type="submit" disabledReason={reason}>
            Save tries
          </Button>
        </div>
        {save.error === null ? null : <Failure title="The project was not changed" error={save.error} />}
      </form>
    </section>
  );
}

export function ProjectSettings() {
  const found = useQuery(settings.project());
  const project = found.data;
  return (
    <div className="settings-page">
      <h1 className="page-title">Project</h1>
      {found.error !== null && project === undefined ? <Failure title="The project could not be read" error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton width="60%" height={120} /> : null}
      {project === undefined ? null : (
        <>
          <section className="settings-part" aria-label="About the project">
            <div className="settings-body">
              <dl className="settings-facts">
                <dt>Name</dt>
                <dd>{project.name}</dd>
                <dt>Folder</dt>
                <dd className="mono">{project.repo_path}</dd>
                <dt>Pipelines</dt>
                <dd>{project.pipelines_count}</dd>
                <dt>Version of Baton</dt>
                <dd>{project.version}</dd>
                <dt>All it says</dt>
                <dd>
                  <Link className="link mono" to={`${paths.files()}?path=metadata.yaml`}>
                    metadata.yaml
                  </Link>
                </dd>
              </dl>
            </div>
          </section>
          <Retries key={project.revision} project={project} />
        </>
      )}
    </div>
  );
}
