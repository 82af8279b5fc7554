// The command palette: go to a place, open a pipeline or a block.
import { useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { Box, FileCode2, Moon, Sun, Workflow } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { useNavigate } from 'react-router';

import { pipelines } from '../api/pipelines';
import { search } from '../api/search';
import { paths } from '../lib/paths';
import { setTheme } from '../lib/theme';
import { allPlaces } from './places';
import './palette.css';

function Results({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const list = useQuery(pipelines.list());
  const found = useQuery({ ...search.of(text), enabled: text.length > 1, placeholderData: keepPreviousData });
  const go = (to: string) => () => {
    onDone();
    void navigate(to);
  };
  return (
    <Command label="Search or run" loop>
      <Command.Input placeholder="Search or run…" value={text} onValueChange={setText} />
      <Command.List>
        <Command.Empty>Nothing is called that.</Command.Empty>
        <Command.Group heading="Go to">
          {allPlaces.map(({ to, label, icon: Icon }) => (
            <Command.Item key={to} value={`go to ${label}`} onSelect={go(to)}>
              <Icon aria-hidden /> {label}
            </Command.Item>
          ))}
        </Command.Group>
        <Command.Group heading="Pipelines">
          {(list.data ?? []).map((pipeline) => (
            <Command.Item
              key={pipeline.uuid}
              value={`pipeline ${pipeline.uuid}`}
              keywords={[pipeline.name, ...pipeline.tags]}
              onSelect={go(paths.editor(pipeline.uuid))}
            >
              <Workflow aria-hidden /> {pipeline.uuid}
            </Command.Item>
          ))}
        </Command.Group>
        {text.length > 1 ? (
          <Command.Group heading="Blocks and files">
            {(found.data ?? [])
              .filter((one) => one.type !== 'pipeline' && one.pipeline_uuid !== null)
              .slice(0, 20)
              .map((one) => (
                <Command.Item
                  key={`${one.type} ${one.pipeline_uuid ?? ''} ${one.uuid}`}
                  value={`${one.type} ${one.uuid} ${one.pipeline_uuid ?? ''}`}
                  onSelect={go(paths.editor(one.pipeline_uuid ?? '', one.uuid))}
                >
                  {one.type === 'block' ? <Box aria-hidden /> : <FileCode2 aria-hidden />} {one.title}
                  <span className="text-3">{one.pipeline_uuid}</span>
                </Command.Item>
              ))}
          </Command.Group>
        ) : null}
        <Command.Group heading="Theme">
          <Command.Item value="theme light" onSelect={() => setTheme('light')}>
            <Sun aria-hidden /> Light theme
          </Command.Item>
          <Command.Item value="theme dark" onSelect={() => setTheme('dark')}>
            <Moon aria-hidden /> Dark theme
          </Command.Item>
        </Command.Group>
      </Command.List>
    </Command>
  );
}

export function Palette({ isOpen, onOpenChange }: { isOpen: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="palette" aria-describedby={undefined}>
          <Dialog.Title className="visually-hidden">Search or run</Dialog.Title>
          <Results onDone={() => onOpenChange(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
