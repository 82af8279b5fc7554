// Messages to people, and who changed what: two lists, the newest first.
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { type Audit, MOST, type Notice, settings } from '../../api/settings';
import { count, parseTime, plural, zone } from '../../lib/format';
import { paths } from '../../lib/paths';
import { useSearch } from '../../lib/search';
import type { Tone } from '../../lib/status';
import { Button } from '../../ui/button';
import { SearchField } from '../../ui/field';
import { type Column, ListTable } from '../../ui/list-table';
import { Empty, Failure } from '../../ui/states';
import { Status } from '../../ui/status';
import { Time } from '../../ui/time';
import { alertWords, channelWords } from './channels';

const noticeTones: Readonly<Record<string, { tone: Tone; word: string }>> = {
  due: { tone: 'queued', word: 'Waits' },
  sent: { tone: 'success', word: 'Sent' },
  failed: { tone: 'failed', word: 'Given up' },
};

function NoticeState({ notice }: { notice: Notice }) {
  const { tone, word } = noticeTones[notice.status] ?? { tone: 'queued', word: notice.status };
  return (
    <Status tone={tone} look="quiet">
      {notice.status === 'due' && notice.tries > 0 ? 'Tried again' : word}
    </Status>
  );
}

const messageColumns: Column<Notice>[] = [
  { id: 'at', header: 'When', width: '112px', cell: (notice) => <Time at={parseTime(notice.created_at)} /> },
  { id: 'status', header: 'State', width: '104px', cell: (notice) => <NoticeState notice={notice} /> },
  { id: 'alert', header: 'What', width: 'minmax(104px, .8fr)', cell: (notice) => <span title={alertWords(notice.alert)}>{alertWords(notice.alert)}</span> },
  {
    id: 'run',
    header: 'About',
    width: 'minmax(112px, 1fr)',
    cell: (notice) =>
      notice.pipeline_run_id === null ? (
        notice.pipeline_uuid
      ) : (
        <Link className="list-name" to={paths.run(notice.pipeline_uuid, notice.pipeline_run_id)}>
          {notice.pipeline_uuid}, run {notice.pipeline_run_id}
        </Link>
      ),
  },
  { id: 'channel', header: 'Where', width: '80px', cell: (notice) => channelWords(notice.channel) },
  { id: 'tries', header: 'Tries', width: '40px', align: 'right', cell: (notice) => notice.tries },
  { id: 'error', header: 'Why not', width: 'minmax(120px, 2fr)', cell: (notice) => <span title={notice.error ?? undefined}>{notice.error ?? ''}</span> },
];

export function MessageSettings() {
  const found = useQuery(settings.notices());
  const groups = useMemo(() => [{ key: 'all', rows: found.data ?? [] }], [found.data]);
  return (
    <div className="settings-page settings-page-list">
      <div className="page-head">
        <h1 className="page-title">Messages</h1>
        <span className="text-table text-2">
          Where they go stands under{' '}
          <Link className="link" style={{ textDecoration: 'underline' }} to={`${paths.settings()}/notifications`}>
            Notifications
          </Link>
          .
        </span>
      </div>
      {found.error === null ? null : <Failure title="The messages could not be listed" error={found.error} onRetry={() => void found.refetch()} />}
      <ListTable
        label="Messages"
        columns={messageColumns}
        groups={groups}
        keyOf={(notice) => String(notice.id)}
        nameOf={(notice) => `message ${notice.id}`}
        isLoading={found.isPending}
        empty={<Empty title="Nobody was told anything yet">People are told of runs that fail, complete or are late, once the project says where.</Empty>}
      />
      <div className="list-foot">
        <span>{(found.data ?? []).length >= MOST ? `The newest ${count(MOST)}` : plural((found.data ?? []).length, 'message')}</span>
        <span className="list-foot-end">Times in {zone}</span>
      </div>
    </div>
  );
}

/** `pipeline.create` as `create pipeline`. */
function actionWords(action: string): string {
  const [thing = '', does = ''] = action.split('.');
  return `${does} ${thing}`.replaceAll('_', ' ').trim();
}

function detail(audit: Audit): string {
  return audit.details === null || audit.details === undefined ? '' : JSON.stringify(audit.details);
}

/** A change has no number of its own. */
type Change = Audit & { place: number };

const changeColumns: Column<Change>[] = [
  { id: 'at', header: 'When', width: '140px', cell: (audit) => <Time at={parseTime(audit.at)} /> },
  { id: 'who', header: 'Who', width: '96px', cell: (audit) => audit.who },
  { id: 'action', header: 'What', width: 'minmax(160px, 1fr)', cell: (audit) => <span className="list-name">{actionWords(audit.action)}</span> },
  { id: 'object', header: 'To what', width: 'minmax(160px, 1.4fr)', cell: (audit) => <span className="mono">{audit.object}</span> },
  {
    id: 'details',
    header: 'Details',
    width: 'minmax(160px, 2fr)',
    cell: (audit) => (
      <span className="mono text-meta" title={detail(audit)}>
        {detail(audit)}
      </span>
    ),
  },
];

export function ChangeSettings() {
  const [search, change] = useSearch();
  const found = useQuery(settings.audits());
  const text = (search.get('search') ?? '').trim().toLowerCase();
  const rows = useMemo(
    () => (found.data ?? []).map((audit, at) => ({ ...audit, place: at })).filter((audit) => `${audit.who} ${audit.action} ${audit.object} ${detail(audit)}`.toLowerCase().includes(text)),
    [found.data, text],
  );
  const groups = useMemo(() => [{ key: 'all', rows }], [rows]);
  return (
    <div className="settings-page settings-page-list">
      <div className="page-head">
        <h1 className="page-title">Changes</h1>
        <SearchField label="Who, what, to what" value={search.get('search') ?? ''} onChange={(value) => change({ search: value })} />
      </div>
      {found.error === null ? null : <Failure title="The changes could not be listed" error={found.error} onRetry={() => void found.refetch()} />}
      <ListTable
        label="Changes"
        columns={changeColumns}
        groups={groups}
        keyOf={(audit) => String(audit.place)}
        nameOf={(audit) => `${actionWords(audit.action)} ${audit.object}`}
        isLoading={found.isPending}
        empty={
          text === '' ? (
            <Empty title="Nobody has changed anything through the server yet" />
          ) : (
            <Empty title="No change matches" action={<Button onClick={() => change({ search: undefined })}>Clear 1 filter</Button>} />
          )
        }
      />
      <div className="list-foot">
        <span>{(found.data ?? []).length >= MOST ? `The newest ${count(MOST)}` : plural(rows.length, 'change')}</span>
        <span className="list-foot-end">Times in {zone}</span>
      </div>
    </div>
  );
}
