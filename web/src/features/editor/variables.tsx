// The variables of the pipeline, the names of the secrets and the profiles of connections, with what to write in a block to use them.
import { type SyntheticEvent, useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Copy, Trash2 } from 'lucide-react';
import { Link } from 'react-router';

import { ioProfiles, makeSecret, removeSecret, removeVariable, secretNames, setVariable } from '../../api/variables';
import { readValue, shownValue } from '../../core/values';
import { paths } from '../../lib/paths';
import { Button, IconButton } from '../../ui/button';
import { TextField } from '../../ui/field';
import { useSession, useStore } from './use-session';

function copyText(text: string) {
  void navigator.clipboard.writeText(text);
}

function Value({ name, value, onSave }: { name: string; value: unknown; onSave: (value: unknown) => void }) {
  const [written, setWritten] = useState(shownValue(value));
  const save = () => {
    if (written !== shownValue(value)) onSave(readValue(written));
  };
  return (
    <input
      className="input input-mono variable-value"
      aria-label={`Value of ${name}`}
      value={written}
      spellCheck={false}
      onChange={(event) => setWritten(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') save();
        if (event.key === 'Escape') setWritten(shownValue(value));
      }}
    />
  );
}

function NewPair({ what, isSecret, onAdd }: { what: string; isSecret: boolean; onAdd: (name: string, value: string) => Promise<void> }) {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const add = (event: SyntheticEvent) => {
    event.preventDefault();
    if (name.trim() === '') return;
    void onAdd(name.trim(), value).then(() => {
      setName('');
      setValue('');
    });
  };
  return (
    <form className="variable-new" onSubmit={add}>
      <TextField label={`Name of a new ${what}`} hideLabel mono placeholder="name" value={name} onChange={(event) => setName(event.target.value)} />
      <TextField label={`Value of a new ${what}`} hideLabel mono placeholder="value" type={isSecret ? 'password' : 'text'} value={value} onChange={(event) => setValue(event.target.value)} />
      <Button small type="submit" disabledReason={name.trim() === '' ? `Name the ${what}` : undefined} onClick={add}>
        Add
      </Button>
    </form>
  );
}

export function Variables() {
  const session = useSession();
  const client = useQueryClient();
  const facts = useStore(session.facts, (now) => now);
  const secrets = useQuery(secretNames());
  const connections = useQuery(ioProfiles());
  const variables = Object.entries(facts?.variables ?? {});
  const attempt = (work: Promise<void>) => work.catch(session.say).then(session.refresh);
  const attemptSecret = (work: Promise<void>) => work.catch(session.say).then(() => client.invalidateQueries({ queryKey: ['secrets'] }));
  return (
    <div className="facts">
      <section className="pane-part">
        <h3 className="pane-title">Variables</h3>
        {variables.length === 0 ? <p className="pane-note">None yet. A block reads one as kwargs['name'].</p> : null}
        <ul>
          {variables.map(([name, value]) => (
            <li key={`${name} ${shownValue(value)}`} className="variable">
              <div className="variable-head">
                <span className="mono cut">{name}</span>
                <IconButton small look="quiet" label={`Copy kwargs['${name}']`} onClick={() => copyText(`kwargs['${name}']`)}>
                  <Copy aria-hidden />
                </IconButton>
                <IconButton small look="quiet" label={`Remove ${name}`} onClick={() => void attempt(removeVariable(session.pipeline, name))}>
                  <Trash2 aria-hidden />
                </IconButton>
              </div>
              <Value name={name} value={value} onSave={(next) => void attempt(setVariable(session.pipeline, name, next, false))} />
            </li>
          ))}
        </ul>
        <NewPair what="variable" isSecret={false} onAdd={(name, value) => attempt(setVariable(session.pipeline, name, readValue(value), true))} />
      </section>
      <section className="pane-part">
        <h3 className="pane-title">Secrets of the project</h3>
        {(secrets.data ?? []).length === 0 ? <p className="pane-note">None yet. Values are stored encrypted and never shown again.</p> : null}
        <ul>
          {(secrets.data ?? []).map((secret) => (
            <li key={`${secret.scope} ${secret.name}`} className="variable-head">
              <span className="mono cut">{secret.name}</span>
              <IconButton small look="quiet" label={`Copy get_secret_value('${secret.name}')`} onClick={() => copyText(`get_secret_value('${secret.name}')`)}>
                <Copy aria-hidden />
              </IconButton>
              <IconButton small look="quiet" label={`Delete the secret ${secret.name}`} onClick={() => void attemptSecret(removeSecret(secret.name))}>
                <Trash2 aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
        <NewPair what="secret" isSecret onAdd={(name, value) => attemptSecret(makeSecret(name, value))} />
      </section>
      <section className="pane-part">
        <h3 className="pane-title">
          Connections <Link to={`${paths.files()}?path=io_config.yaml`}>io_config.yaml</Link>
        </h3>
        {connections.data?.problem == null ? null : <p className="pane-note">Something is wrong with it: {connections.data.problem}.</p>}
        {connections.data?.profiles.length === 0 && connections.data.problem === null ? <p className="pane-note">None yet. A profile names a connection and its settings.</p> : null}
        <ul>
          {(connections.data?.profiles ?? []).map((profile) => (
            <li key={profile.name} className="variable">
              <div className="variable-head">
                <span className="mono cut">{profile.name}</span>
                <IconButton small look="quiet" label={`Copy the loader of ${profile.name}`} onClick={() => copyText(`ConfigFileLoader('io_config.yaml', '${profile.name}')`)}>
                  <Copy aria-hidden />
                </IconButton>
              </div>
              <p className="text-3 text-table cut" title={profile.keys.join(', ')}>
                {profile.keys.length === 0 ? 'no settings' : profile.keys.join(', ')}
              </p>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
