// The words for how it went. What the server calls a status is turned into one of them here and nowhere else.

export type Tone =
  | 'success'
  | 'running'
  | 'failed'
  | 'stale'
  | 'queued'
  | 'skipped'
  | 'cancelled'
  | 'not-run'
  | 'never-run';

export const toneWords: Record<Tone, string> = {
  success: 'Completed',
  running: 'Running',
  failed: 'Failed',
  stale: 'Stale',
  queued: 'Queued',
  skipped: 'Skipped',
  cancelled: 'Cancelled',
  'not-run': 'Not run',
  'never-run': 'Never run',
};

/** The tone of a run's or block run's status, as the server names it. */
export function toneOf(status: string): Tone {
  switch (status) {
    case 'completed':
      return 'success';
    case 'running':
      return 'running';
    case 'failed':
      return 'failed';
    case 'cancelled':
      return 'cancelled';
    case 'upstream_failed':
      return 'not-run';
    case 'condition_failed':
    case 'skipped':
      return 'skipped';
    default:
      return 'queued';
  }
}

/** What let a run begin, as the server names it. */
const causes: Readonly<Record<string, string>> = {
  hand: 'by hand',
  schedule: 'schedule',
  call: 'API call',
  event: 'event',
  completion: 'another run',
  backfill: 'backfill',
  code: 'code of a run',
  again: 'repeated',
};

export const causeWords = (cause: string) => causes[cause] ?? cause;

/** Whether nothing more happens to it. */
export function isOver(status: string): boolean {
  const tone = toneOf(status);
  return tone !== 'running' && tone !== 'queued';
}

/** The tone of a block run: one that was called off before it started was not run. */
export function blockTone(block: { status: string; started_at: string | null }): Tone {
  const tone = toneOf(block.status);
  return tone === 'cancelled' && block.started_at === null ? 'not-run' : tone;
}
