// When each block of a run was at work. Only the rows in sight are drawn: a run may have thousands of blocks.
import { Fragment, memo, useEffect, useMemo, useRef } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';

import { duration } from '../../lib/format';
import { toneWords } from '../../lib/status';
import { KindTile } from '../../ui/kind';
import { Sentence } from '../../ui/sentence';
import { Status } from '../../ui/status';
import { type RunBlock, type Segment, segmentsOf, ticks } from './run-model';
import './timeline.css';

/** Whole seconds need no fraction. */
const tick = (at: number) => (at % 1000 === 0 && at < 60_000 ? `${at / 1000} s` : duration(at));

const percent = (share: number) => `${share * 100}%`;

const ROW = 36;

const Lane = memo(LaneView);

/** Attempts with what lies between them; the one that decided is solid. */
function Segments({ block, segments, from, length, ended, isCritical }: { block: RunBlock; segments: readonly Segment[]; from: number; length: number; ended: number; isCritical: boolean }) {
  const left = ((block.started ?? from) - from) / length;
  const width = (ended - (block.started ?? from)) / length;
  const isMany = segments.length > 8;
  return (
    <>
      <span className="timeline-wait" style={{ left: percent(left), width: percent(width) }} />
      {segments.map((one, index) => {
        const share = Math.max(0, one.to - one.from) / length;
        const at = (one.from - from) / length;
        const next = segments[index + 1];
        const pause = next === undefined ? 0 : next.from - one.to;
        const look =
          one.tone === 'failed' ? (one.isLast ? 'timeline-bar-failed' : 'timeline-bar-tried') : one.tone === 'running' ? 'timeline-bar-running' : '';
        const took = duration(Math.max(0, one.to - one.from));
        return (
          <Fragment key={one.number}>
            <span
              className={`timeline-bar timeline-attempt ${isMany ? 'timeline-attempt-thin' : ''} ${look}`}
              style={{ left: percent(at), width: percent(share) }}
              title={`Attempt ${one.number} of ${block.name}: ${toneWords[one.tone]} after ${took}${one.error === null ? '' : `: ${one.error}`}`}
            >
              {isMany ? null : <b>{one.number}</b>}
              {share > 0.12 ? ` ${took}` : ''}
            </span>
            {pause / length > 0.1 ? (
              <span className="timeline-pause" style={{ left: percent((one.to - from) / length), width: percent(pause / length) }}>
                <span>wait {duration(pause)}</span>
              </span>
            ) : null}
          </Fragment>
        );
      })}
      {isCritical ? <span className="timeline-critical" style={{ left: percent(left), width: percent(width) }} /> : null}
    </>
  );
}

function LaneView({ block, from, length, now, isCritical }: { block: RunBlock; from: number; length: number; now: number; isCritical: boolean }) {
  const { started } = block;
  if (started === undefined) {
    const text = block.reason ?? (block.tone === 'queued' ? 'waits' : '');
    return (
      <span className="timeline-words cut">
        <Sentence text={text} />
      </span>
    );
  }
  const ended = block.ended ?? now;
  const segments = segmentsOf(block, now);
  if (segments.length > 0) return <Segments block={block} segments={segments} from={from} length={length} ended={ended} isCritical={isCritical} />;
  const left = (started - from) / length;
  const width = (ended - started) / length;
  const took = duration(ended - started);
  const more = block.runs.length > 1 ? `, ${block.runs.length - 1} child runs` : block.attempts > 1 ? `, ${block.attempts} attempts` : '';
  const fits = width > 0.16;
  const look = block.tone === 'failed' ? 'timeline-bar-failed' : block.tone === 'running' ? 'timeline-bar-running' : '';
  const out = fits ? '' : left + width > 0.75 ? 'timeline-bar-out timeline-bar-left' : 'timeline-bar-out';
  return (
    <>
      <span
        className={`timeline-bar ${look} ${out}`}
        style={{ left: percent(left), width: percent(width) }}
        title={`${block.name}: ${toneWords[block.tone]} after ${took}${more}`}
      >
        <span>
          {took}
          {more}
        </span>
      </span>
      {isCritical ? <span className="timeline-critical" style={{ left: percent(left), width: percent(width) }} /> : null}
    </>
  );
}

export const Timeline = memo(function Timeline({
  blocks,
  path,
  from,
  to,
  isOver,
  isFailed,
  now,
  selected,
  onSelect,
}: {
  blocks: readonly RunBlock[];
  path: readonly string[];
  from: number;
  to: number;
  isOver: boolean;
  isFailed: boolean;
  now: number;
  selected: string | undefined;
  onSelect: (name: string) => void;
}) {
  const length = Math.max(1, to - from);
  const steps = ticks(length, 8).filter((at) => at < length * 0.9);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: blocks.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 8 });
  const critical = useMemo(() => new Set(path), [path]);
  const at = blocks.findIndex((block) => block.name === selected);
  useEffect(() => {
    // Whatever chose it, its row comes into sight.
    if (at >= 0) virtual.scrollToIndex(at);
  }, [at, virtual]);
  const color = !isOver ? 'var(--accent-fg)' : isFailed ? 'var(--status-failed-fg)' : 'var(--text-secondary)';
  return (
    <div className="timeline">
      <div className="timeline-axis" aria-hidden>
        <div className="timeline-ticks">
          {steps.map((at) => (
            <span key={at} className="timeline-tick" style={{ left: percent(at / length) }}>
              {tick(at)}
            </span>
          ))}
          <span className="timeline-tick timeline-end" style={{ left: percent(1), transform: 'translateX(-100%)', color }}>
            {duration(length)}
          </span>
        </div>
      </div>
      <div className="timeline-rows" ref={box}>
        <div style={{ position: 'relative', height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const block = blocks[item.index];
            if (block === undefined) return null;
            return (
              <button
                key={block.name}
                type="button"
                className={`timeline-row kind-${block.kind}`}
                style={{ transform: `translateY(${item.start}px)` }}
                aria-pressed={block.name === selected}
                onClick={() => onSelect(block.name)}
              >
                <span className="timeline-name">
                  <KindTile kind={block.kind} />
                  <span className="mono cut">{block.name}</span>
                  <Status tone={block.tone} look="quiet">
                    {block.tone === 'failed' && block.attempts > 1 ? `Failed, ${block.attempts} attempts` : toneWords[block.tone]}
                  </Status>
                </span>
                <span className="timeline-lane">
                  {steps.map((tickAt) => (
                    <span key={tickAt} className="timeline-grid" style={{ left: percent(tickAt / length) }} />
                  ))}
                  <Lane block={block} from={from} length={length} now={now} isCritical={critical.has(block.name)} />
                  <span className="timeline-stop" style={{ left: '100%', background: color }} />
                </span>
              </button>
            );
          })}
        </div>
      </div>
    </div>
  );
});
