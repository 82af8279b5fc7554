// The ways to make a pipeline.
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Copy, FileArchive, FilePlus2, LayoutTemplate, Plus } from 'lucide-react';
import { useNavigate } from 'react-router';

import { type NewPipeline as Wanted, pipelines, useCreatePipeline } from '../../api/pipelines';
import { templates } from '../../api/templates';
import { paths } from '../../lib/paths';
import { SplitButton } from '../../ui/button';
import { FormDialog } from '../../ui/dialog';
import { SelectField, TextField } from '../../ui/field';
import { MenuItem } from '../../ui/menu';

export type Way = { way: 'blank' } | { way: 'template' } | { way: 'clone'; from?: string } | { way: 'import' };

const titles = { blank: 'New pipeline', template: 'New pipeline from a template', clone: 'Clone a pipeline' };

/** Asks for a name and, where needed, for what to start from. */
export function NewPipelineDialog({ way, onClose }: { way: Exclude<Way, { way: 'import' }>; onClose: () => void }) {
  const list = useQuery(pipelines.list());
  const models = useQuery(templates.custom('pipelines'));
  const create = useCreatePipeline();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [from, setFrom] = useState(way.way === 'clone' ? (way.from ?? '') : '');
  const sources =
    way.way === 'clone'
      ? (list.data ?? []).map(({ uuid }) => ({ value: uuid, label: uuid }))
      : (models.data ?? []).map((one) => ({ value: one.template_uuid, label: one.name ?? one.template_uuid }));
  const source = from === '' ? (sources[0]?.value ?? '') : from;
  const wanted: Wanted = {
    name: name.trim(),
    ...(way.way === 'clone' ? { clone_pipeline_uuid: source } : {}),
    ...(way.way === 'template' ? { custom_template_uuid: source } : {}),
    ...(way.way === 'blank' ? { type: 'python' } : {}),
  };
  const reason = name.trim() === '' ? 'Give it a name first' : create.isPending ? 'It is being made' : undefined;
  return (
    <FormDialog
      title={titles[way.way]}
      action={way.way === 'clone' ? 'Clone' : 'Create'}
      disabledReason={reason}
      onSubmit={() =>
        void create.mutateAsync(wanted).then(
          (made) => {
            onClose();
            void navigate(paths.editor(made.uuid));
          },
          () => undefined,
        )
      }
      onClose={onClose}
    >
      {way.way === 'blank' ? null : (
        <SelectField label={way.way === 'clone' ? 'Pipeline to clone' : 'Template'} value={source} options={sources} onChange={setFrom} />
      )}
      <TextField
        label="Name"
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={create.error === null ? undefined : create.error.message}
        hint={way.way === 'clone' ? 'Blocks, variables and settings come along; triggers do not.' : 'Letters, digits and spaces; the id is made from it.'}
        // eslint-disable-next-line jsx-a11y/no-autofocus -- the dialog asks for this one thing
        autoFocus
      />
    </FormDialog>
  );
}

export function NewPipeline({ onChoose }: { onChoose: (way: Way) => void }) {
  const models = useQuery(templates.custom('pipelines'));
  const list = useQuery(pipelines.list());
  const count = models.data?.length ?? 0;
  return (
    <SplitButton
      look="primary"
      icon={<Plus aria-hidden />}
      menuLabel="Other ways to make a pipeline"
      onClick={() => onChoose({ way: 'blank' })}
      menu={
        <>
          <MenuItem icon={<FilePlus2 aria-hidden />} keys="N" about="Opens its empty notebook" onSelect={() => onChoose({ way: 'blank' })}>
            Blank pipeline
          </MenuItem>
          <MenuItem
            icon={<LayoutTemplate aria-hidden />}
            about={`${count} in this project`}
            disabledReason={count === 0 ? 'This project has no templates of pipelines yet' : undefined}
            onSelect={() => onChoose({ way: 'template' })}
          >
            From a template…
          </MenuItem>
          <MenuItem
            icon={<Copy aria-hidden />}
            about="Blocks, variables and settings, without triggers"
            disabledReason={list.data?.length === 0 ? 'There is no pipeline to clone yet' : undefined}
            onSelect={() => onChoose({ way: 'clone' })}
          >
            Clone a pipeline…
          </MenuItem>
          <MenuItem icon={<FileArchive aria-hidden />} about="A zip archive; what it would write is shown first" onSelect={() => onChoose({ way: 'import' })}>
            Import a pipeline…
          </MenuItem>
        </>
      }
    >
      New pipeline
    </SplitButton>
  );
}
