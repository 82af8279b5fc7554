// What is too old: how long runs and logs are kept, what would go now, and deleting it.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { type Project, settings, type TooOld, useChangeProject, useDeleteTooOld } from '../../api/settings';
import { someText } from '../../lib/json';
import { duration, plural, size } from '../../lib/format';
import { paths } from '../../lib/paths';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { Failure, Skeleton } from '../../ui/states';

const kept = (seconds: number | null | undefined) => (seconds == null ? 'for ever' : `for ${duration(seconds * 1000).replace(/ 0 h$/, '')}`);

function Period({ project }: { project: Project }) {
  const known = someText(project.variables_retention_period) ?? '';
  const [written, setWritten] = useState(known);
  const save = useChangeProject();
  const text = written.trim();
  const isWrong = text !== '' && !/^(\d+\s*[smhdw]|forever)$/i.test(text);
  const reason = isWrong ? 'Write a period such as 90d' : text === known ? 'Nothing was changed' : undefined;
  return (
    <form
      className="settings-fields settings-period"
      onSubmit={(event) => {
        event.preventDefault();
        if (reason === undefined) save.mutate({ name: project.name, change: { revision: project.revision, variables_retention_period: text === '' ? null : text } });
      }}
    >
      <TextField
        label="Runs and what they made are kept"
        mono
        placeholder="90d"
        value={written}
        error={isWrong ? 'Write 12h, 90d, 4w or forever' : undefined}
        hint="12h, 90d, 4w or forever; 90d when it is empty"
        onChange={(event) => setWritten(event.target.value)}
      />
      <Button type="submit" look="primary" disabledReason={reason}>
        Save the period
      </Button>
      {save.error === null ? null : <Failure title="The period was not saved" error={save.error} />}
    </form>
  );
}

function words(old: TooOld): string {
  const parts = [old.runs.count > 0 ? `${plural(old.runs.count, 'run')} with what they made` : '', old.logs.count > 0 ? `the logs of ${plural(old.logs.count, 'run')}` : ''].filter(Boolean);
  return parts.join(' and ');
}

export function RetentionSettings() {
  const project = useQuery(settings.project());
  const found = useQuery(settings.tooOld());
  const remove = useDeleteTooOld();
  const [isAsked, setAsked] = useState(false);
  const deleteNow = () => {
    const answered = () => setAsked(false);
    void remove.mutateAsync().then(answered, answered);
  };
  const old = found.data;
  const isNothing = old !== undefined && old.runs.count === 0 && old.logs.count === 0;
  return (
    <div className="settings-page">
      <h1 className="page-title">Retention</h1>
      <section className="settings-part" aria-label="How long">
        <h3 className="section-title">How long</h3>
        <div className="settings-body">
          {project.error === null ? null : <Failure title="The project could not be read" error={project.error} onRetry={() => void project.refetch()} />}
          {project.data === undefined ? <Skeleton width="40%" height={28} /> : <Period key={project.data.revision} project={project.data} />}
          <p className="text-table text-2">
            Logs are kept {kept(old?.logs.kept_seconds)}, which{' '}
            <Link className="link" style={{ textDecoration: 'underline' }} to={`${paths.files()}?path=metadata.yaml`}>
              metadata.yaml
            </Link>{' '}
            says as logging_config.retention_period.
          </p>
        </div>
      </section>
      <section className="settings-part" aria-label="What is too old now">
        <h3 className="section-title">What is too old now</h3>
        <div className="settings-body">
          {found.error !== null ? (
            <Failure title="It could not be found out" error={found.error} onRetry={() => void found.refetch()} />
          ) : old === undefined ? (
            <Skeleton width="50%" />
          ) : (
            <p role="status">{isNothing ? `Nothing: runs are kept ${kept(old.runs.kept_seconds)}.` : `${words(old)}.`}</p>
          )}
          <p className="text-table text-2">
            The server deletes what is too old every day. Whatever their age these stay: runs that go on, the newest good products of every block, and what a run that can be resumed reads.
          </p>
          {remove.data === undefined ? null : (
            <p role="status">
              Deleted {plural(remove.data.runs, 'run')} and the logs of {plural(remove.data.logs, 'run')}; {size(remove.data.bytes)} are free again.
            </p>
          )}
          {remove.error === null ? null : <Failure title="Not all of it was deleted" error={remove.error} />}
          <div className="settings-fields">
            {isAsked && old !== undefined && !isNothing ? (
              <>
                <Button look="danger" disabledReason={remove.isPending ? 'It is being deleted' : undefined} onClick={deleteNow}>
                  Delete {words(old)}
                </Button>
                <Button look="quiet" onClick={() => setAsked(false)}>
                  Keep
                </Button>
              </>
            ) : (
              <Button disabledReason={isNothing ? 'Nothing is too old' : old === undefined ? 'It is not known yet what is too old' : undefined} onClick={() => setAsked(true)}>
                Delete it now…
              </Button>
            )}
          </div>
        </div>
      </section>
    </div>
  );
}
