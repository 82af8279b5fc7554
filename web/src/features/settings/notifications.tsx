// Who is told of the runs of the project: of what, and where. Pipelines may say otherwise.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { type Project, settings, useChangeProject } from '../../api/settings';
import { map } from '../../lib/json';
import { paths } from '../../lib/paths';
import { plural } from '../../lib/format';
import { Button } from '../../ui/button';
import { Switch, TextArea, TextField } from '../../ui/field';
import { Failure, Skeleton } from '../../ui/states';
import { alerts, type Channel, type ChannelField, chats, configOf, email, onCall, ownTexts, placeOf, writtenOf, wrongIn } from './channels';

interface Fields {
  written: Readonly<Record<string, string | boolean>>;
  wrong: ReadonlyMap<string, string>;
  set: (place: string, value: string | boolean) => void;
}

function Field({ channel, field, label, written, wrong, set }: Fields & { channel: Channel; field: ChannelField; label: string }) {
  const place = placeOf(channel, field);
  const value = written[place];
  if (field.kind === 'switch') {
    return (
      <div className="settings-switch">
        <Switch label={label} checked={value === true} onChange={(isOn) => set(place, isOn)} />
        <span className="text-table">{label}</span>
      </div>
    );
  }
  const text = typeof value === 'string' ? value : '';
  const error = wrong.get(place);
  return field.kind === 'lines' ? (
    <TextArea label={label} mono rows={2} value={text} error={error} onChange={(event) => set(place, event.target.value)} />
  ) : (
    <TextField label={label} mono placeholder={field.missing} value={text} error={error} onChange={(event) => set(place, event.target.value)} />
  );
}

function ChannelFields({ channel, ...fields }: Fields & { channel: Channel }) {
  return (
    <>
      {channel.fields.map((field) => (
        <Field key={field.key} channel={channel} field={field} label={channel.fields.length === 1 ? `${channel.label}: ${field.label.toLowerCase()}` : field.label} {...fields} />
      ))}
    </>
  );
}

function Edit({ project }: { project: Project }) {
  const config = map(project.notification_config);
  const known = writtenOf(config);
  const [written, setWritten] = useState(known);
  const [isTried, setTried] = useState(false);
  const save = useChangeProject();
  const isSame = JSON.stringify(written) === JSON.stringify(known);
  const wrong = wrongIn(written);
  const reason = isSame ? 'Nothing was changed' : save.isPending ? 'It is being saved' : isTried && wrong.size > 0 ? 'Not everything is right yet' : undefined;
  const fields: Fields = {
    written: written.fields,
    wrong: isTried ? wrong : new Map(),
    set: (place, value) => setWritten({ ...written, fields: { ...written.fields, [place]: value } }),
  };
  const texts = ownTexts(config);
  return (
    <form
      className="settings-parts"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (reason !== undefined || wrong.size > 0) return;
        save.mutate({ name: project.name, change: { revision: project.revision, notification_config: configOf(config, written) } });
      }}
    >
      <section className="settings-part" aria-label="Of what">
        <h3 className="section-title">Of what</h3>
        <div className="settings-body">
          {alerts.map(({ key, label }) => (
            <div key={key} className="settings-switch">
              <Switch label={label} checked={written.alerts[key] === true} onChange={(isOn) => setWritten({ ...written, alerts: { ...written.alerts, [key]: isOn } })} />
              <span className="text-table">{label}</span>
            </div>
          ))}
          {texts === 0 ? null : <p className="text-table text-2">{plural(texts, 'text')} of your own, in message_templates of metadata.yaml, stay as they are.</p>}
        </div>
      </section>
      <section className="settings-part" aria-label="Chats and programs">
        <h3 className="section-title">Chats and programs</h3>
        <div className="settings-body settings-columns">
          {chats.map((channel) => (
            <ChannelFields key={channel.key} channel={channel} {...fields} />
          ))}
        </div>
      </section>
      <section className="settings-part" aria-label={email.label}>
        <h3 className="section-title">{email.label}</h3>
        <div className="settings-body settings-columns">
          <ChannelFields channel={email} {...fields} />
        </div>
      </section>
      {onCall.map((channel) => (
        <section key={channel.key} className="settings-part" aria-label={channel.label}>
          <h3 className="section-title">{channel.label}</h3>
          <div className="settings-body settings-columns">
            <ChannelFields channel={channel} {...fields} />
          </div>
        </section>
      ))}
      {save.error === null ? null : <Failure title="The project was not changed" error={save.error} />}
      <div className="settings-fields">
        <Button look="primary" type="submit" disabledReason={reason}>
          Save who is told
        </Button>
        <Button look="quiet" disabledReason={isSame ? 'Nothing was changed' : undefined} onClick={() => setWritten(known)}>
          Discard
        </Button>
      </div>
    </form>
  );
}

export function NotificationSettings() {
  const found = useQuery(settings.project());
  const project = found.data;
  return (
    <div className="settings-page">
      <h1 className="page-title">Notifications</h1>
      <p className="text-table text-2">
        Who hears of the runs of this project; a pipeline may say otherwise. It is written into{' '}
        <Link className="link" style={{ textDecoration: 'underline' }} to={`${paths.files()}?path=metadata.yaml`}>
          metadata.yaml
        </Link>
        : keep passwords and addresses that are secret under Secrets, and write <code className="mono">{"{{ mage_secret_var('name') }}"}</code> here. What was sent is listed under{' '}
        <Link className="link" style={{ textDecoration: 'underline' }} to={`${paths.settings()}/messages`}>
          Messages
        </Link>
        .
      </p>
      {found.error !== null && project === undefined ? <Failure title="The project could not be read" error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton width="60%" height={120} /> : null}
      {project === undefined ? null : <Edit key={project.revision} project={project} />}
    </div>
  );
}
